//! `lib.network`: IPv6 addresses and interface identifiers.

use super::support::{bytes, throw};
use super::trivial::hex_number;
use super::{Family, Member};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;

/// `lib.network`
pub(super) static FAMILY: Family =
    Family { name: "network", functions: &[FUNCTIONS], members: &[Member::Made("ipv6", ipv6)], top: &[] };

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.network.ipv6.fromString", 1, from_string),
    NativeDef::strict("internal.network.address", 1, address),
    NativeDef::strict("internal.network.prefixLength", 2, prefix_length),
    NativeDef::strict("lib.network.ipv6.mkEUI64Suffix", 1, make_eui64_suffix),
];

/// Number of 16-bit pieces of an address.
const PIECES: usize = 8;

fn ipv6(ev: &mut Evaluator) -> Outcome {
    let from_string = ev.native("lib.network.ipv6.fromString");
    let suffix = ev.native("lib.network.ipv6.mkEUI64Suffix");
    Ok(ev.set(&[("fromString", from_string), ("mkEUI64Suffix", suffix)]))
}

/// The pieces of an address as they are written, with those that `::` leaves out as `0`.
fn expanded(address: &str) -> Option<Vec<&str>> {
    let pieces: Vec<&str> = address.split(':').collect();
    let written: Vec<&str> = pieces.iter().copied().filter(|piece| !piece.is_empty()).collect();
    let zeros = vec!["0"; PIECES.saturating_sub(written.len())];
    if address == "::" {
        return Some(zeros);
    }
    let (starts, ends, holds) = (address.starts_with("::"), address.ends_with("::"), address.contains("::"));
    let empty = if starts || ends { 2 } else { usize::from(holds) };
    let is_right_length = if holds { written.len() < PIECES } else { written.len() == PIECES };
    if pieces.len() - written.len() != empty || !is_right_length {
        return None;
    }
    Some(if starts {
        [zeros, written].concat()
    } else if ends {
        [written, zeros].concat()
    } else {
        pieces.into_iter().flat_map(|piece| if piece.is_empty() { zeros.clone() } else { vec![piece] }).collect()
    })
}

/// The address with every piece written out in lower case and without leading zeros.
fn normal_form(ev: &mut Evaluator, address: &str) -> Result<String, Stop> {
    if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
        return Err(throw(ev, format!("{address} contains malformed characters for IPv6 address")));
    }
    let Some(pieces) = expanded(address) else {
        return Err(throw(ev, format!("{address} is not a valid IPv6 address")));
    };
    let mut texts = Vec::with_capacity(PIECES);
    for piece in pieces {
        match hex_number(piece) {
            Some(number) if number <= 0xFFFF => texts.push(format!("{number:x}")),
            Some(_) => return Err(throw(ev, format!("0x{piece} is not a valid u16 integer"))),
            None => {
                let message = format!("{piece:?} is not a number in base 16 of at most 63 bits");
                return Err(ev.error(ErrorKind::Type, message));
            }
        }
    }
    Ok(texts.join(":"))
}

fn from_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let text = ev.want_text(*value)?;
    let (address, length) = match text.split('/').collect::<Vec<_>>().as_slice() {
        [address] => ((*address).to_owned(), None),
        [address, length] => ((*address).to_owned(), Some((*length).to_owned())),
        _ => return Err(throw(ev, format!("{text} is not a valid IPv6 address in CIDR notation"))),
    };
    let prefix_length = match length {
        None => Value::int(128),
        Some(length) => {
            let length = ev.str(&length);
            ev.delay_native("internal.network.prefixLength", &[*value, length])
        }
    };
    let address = ev.str(&address);
    let address = ev.delay_native("internal.network.address", &[address]);
    Ok(ev.set(&[("address", address), ("prefixLength", prefix_length)]))
}

/// The address of [`from_string`], checked when it is needed.
fn address(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [text] = arguments else { return Ok(Value::NULL) };
    let text = ev.want_text(*text)?;
    let address = normal_form(ev, &text)?;
    Ok(ev.str(&address))
}

/// The prefix length of [`from_string`], checked when it is needed.
fn prefix_length(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [whole, length] = arguments else { return Ok(Value::NULL) };
    let length = super::support::call_native(ev, "lib.strings.toInt", &[*length])?;
    let number = ev.want_int(length)?;
    if (1..=128).contains(&number) {
        return Ok(length);
    }
    let whole = ev.want_text(*whole)?;
    Err(throw(ev, format!("{whole} IPv6 subnet should be in range [1;128], got {number}")))
}

/// The octets of a MAC address, with one separator or none between any two.
fn octets(text: &[u8]) -> Option<[u8; 6]> {
    let mut octets = [0; 6];
    let mut rest = text;
    for (number, octet) in octets.iter_mut().enumerate() {
        if number > 0 {
            rest = match rest.split_first() {
                Some((b'-' | b':' | b'.', behind)) => behind,
                _ => rest,
            };
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        *octet = u8::from_str_radix(digits, 16).ok()?;
        rest = behind;
    }
    rest.is_empty().then_some(octets)
}

/// The interface identifier of a MAC address (RFC 4291, appendix A), with the first piece shortened as a number.
fn make_eui64_suffix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [mac] = arguments else { return Ok(Value::NULL) };
    let id = ev.want_string(*mac)?;
    let text = bytes(ev, id);
    let Some([a, b, c, d, e, f]) = octets(&text) else {
        let shown = String::from_utf8_lossy(&text).into_owned();
        let message = format!("\"{shown}\" is not a valid MAC address (expected 6 octets of hex digits)");
        return Err(throw(ev, message));
    };
    let first = u16::from_be_bytes([a ^ 0x02, b]);
    Ok(ev.str(&format!("{first:x}:{c:02x}ff:fe{d:02x}:{e:02x}{f:02x}")))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn addresses() {
        check(&[
            ("(lib.network.ipv6.fromString \"fd00::5/128\").address", r#""fd00:0:0:0:0:0:0:5""#),
            ("(lib.network.ipv6.fromString \"::\").prefixLength", "128"),
            ("lib.network.ipv6.fromString \"1::2::3\"", "error: …"),
            ("(lib.network.ipv6.fromString \"::1/129\").prefixLength", "error: …"),
            ("lib.network.ipv6.mkEUI64Suffix \"02:00:00:00:00:05\"", r#""0:00ff:fe00:0005""#),
            ("lib.mkEUI64Suffix \"02:00\"", "error: …"),
        ]);
    }
}
