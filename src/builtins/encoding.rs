//! Bytes as text: base 16, base 64, and the base 32 of Nix.

/// Digits of Nix's base 32: without `e`, `o`, `u` and `t`, so that no words appear.
pub(super) const BASE32: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(alphabet: &[u8], index: u8) -> char {
    alphabet.get(usize::from(index)).map_or('?', |byte| char::from(*byte))
}

fn value(alphabet: &[u8], character: u8) -> Option<u8> {
    alphabet.iter().position(|byte| *byte == character).and_then(|index| u8::try_from(index).ok())
}

/// Lower-case hexadecimal.
pub(crate) fn base16(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [digit(b"0123456789abcdef", byte >> 4), digit(b"0123456789abcdef", byte & 15)])
        .collect()
}

/// The bytes of a hexadecimal text.
pub(crate) fn from_base16(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.bytes().map(|byte| value(b"0123456789abcdef", byte.to_ascii_lowercase())).collect();
    let digits = digits?;
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((high << 4) | low),
            _ => None,
        })
        .collect()
}

/// How many characters of base 32 hold `count` bytes.
fn base32_length(count: usize) -> usize {
    (count * 8).div_ceil(5)
}

/// Nix's base 32: five bits a character, the last bits first.
pub(crate) fn base32(bytes: &[u8]) -> String {
    (0..base32_length(bytes.len()))
        .rev()
        .map(|index| {
            let (byte, shift) = (index * 5 / 8, index * 5 % 8);
            let low = u16::from(bytes.get(byte).copied().unwrap_or(0));
            let high = u16::from(bytes.get(byte + 1).copied().unwrap_or(0));
            let bits = ((low | (high << 8)) >> shift) & 31;
            digit(BASE32, u8::try_from(bits).unwrap_or(0))
        })
        .collect()
}

/// The `count` bytes of a text in Nix's base 32.
pub(crate) fn from_base32(text: &str, count: usize) -> Option<Vec<u8>> {
    if text.len() != base32_length(count) {
        return None;
    }
    let mut bytes = vec![0u8; count + 1];
    for (index, character) in text.bytes().rev().enumerate() {
        let bits = u16::from(value(BASE32, character)?) << (index * 5 % 8);
        let [low, high] = bits.to_le_bytes();
        *bytes.get_mut(index * 5 / 8)? |= low;
        if high != 0 {
            *bytes.get_mut(index * 5 / 8 + 1)? |= high;
        }
    }
    // Bits beyond the last byte must be zero.
    (bytes.pop()? == 0).then_some(bytes)
}

/// Base 64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().chain(std::iter::repeat(&0)).take(3).fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
        for index in 0..4 {
            if index <= chunk.len() {
                let bits = (word >> (18 - 6 * index)) & 63;
                text.push(digit(BASE64, u8::try_from(bits).unwrap_or(0)));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// The bytes of a text in base 64, with or without padding.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut bits) = (0u32, 0u32);
    for character in text.trim_end_matches('=').bytes() {
        word = ((word << 6) | u32::from(value(BASE64, character)?)) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((word >> bits) & 255).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_can_be_undone() {
        for length in 0..40u8 {
            let bytes: Vec<u8> = (0..length).map(|index| index.wrapping_mul(73).wrapping_add(5)).collect();
            assert_eq!(from_base16(&base16(&bytes)).as_deref(), Some(bytes.as_slice()));
            assert_eq!(from_base32(&base32(&bytes), bytes.len()).as_deref(), Some(bytes.as_slice()));
            assert_eq!(from_base64(&base64(&bytes)).as_deref(), Some(bytes.as_slice()));
        }
        assert_eq!(base64(b"gateway"), "Z2F0ZXdheQ==");
    }
}
