//! Hashes: `hashString`, `hashFile`, `convertHash`.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use super::encoding::{base16, base32, base64, from_base16, from_base32, from_base64};
use super::paths::file_bytes;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::with_strict("builtins.hashString", 2, 0b01, hash_string),
    NativeDef::with_strict("builtins.hashFile", 2, 0b01, hash_file),
    NativeDef::strict("builtins.convertHash", 1, convert_hash),
];

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of a hash in bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn hash(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(bytes).to_vec(),
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

fn algorithm(ev: &mut Evaluator, value: Value) -> Result<Algorithm, Stop> {
    let name = ev.want_plain_text(value)?;
    match Algorithm::named(&name) {
        Some(algorithm) => Ok(algorithm),
        None if name == "blake3" => Err(ev.unsupported("the hash algorithm 'blake3'")),
        None => {
            let message = format!("unknown hash algorithm '{name}', expected 'md5', 'sha1', 'sha256' or 'sha512'");
            Err(ev.error(ErrorKind::Type, message))
        }
    }
}

fn hash_string(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name, text] = args else { return Ok(Value::NULL) };
    let algorithm = algorithm(ev, *name)?;
    let id = ev.want_string(*text)?;
    let length = ev.heap.bytes(id).len();
    ev.tick_many(u64::try_from(length / 64).unwrap_or(0))?;
    let hash = algorithm.hash(ev.heap.bytes(id));
    Ok(ev.str(&base16(&hash)))
}

fn hash_file(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name, path] = args else { return Ok(Value::NULL) };
    let algorithm = algorithm(ev, *name)?;
    let bytes = file_bytes(ev, *path)?;
    Ok(ev.str(&base16(&algorithm.hash(&bytes))))
}

/// A hash in any of the forms `algorithm-base64`, `algorithm:text` and `text`; the length tells the base.
pub(super) fn parse_hash(text: &str, given: Option<Algorithm>) -> Result<(Algorithm, Vec<u8>), String> {
    let prefixed = text.split_once('-').map(|(name, rest)| (name, rest, true));
    let prefixed = prefixed.or_else(|| text.split_once(':').map(|(name, rest)| (name, rest, false)));
    let (algorithm, rest, is_sri) = match prefixed {
        Some((name, rest, is_sri)) => {
            let named = Algorithm::named(name).ok_or_else(|| format!("hash '{text}' has an unknown algorithm"))?;
            if given.is_some_and(|given| given != named) {
                return Err(format!("hash '{text}' should be of another algorithm"));
            }
            (named, rest, is_sri)
        }
        None => (given.ok_or_else(|| format!("hash '{text}' does not say its algorithm"))?, text, false),
    };
    let size = algorithm.size();
    let bytes = if is_sri {
        from_base64(rest).filter(|bytes| bytes.len() == size)
    } else {
        from_base16(rest)
            .filter(|bytes| bytes.len() == size)
            .or_else(|| from_base32(rest, size))
            .or_else(|| from_base64(rest).filter(|bytes| bytes.len() == size))
    };
    bytes
        .map(|bytes| (algorithm, bytes))
        .ok_or_else(|| format!("hash '{text}' does not have the length of a hash of algorithm '{}'", algorithm.name()))
}

fn convert_hash(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [set] = args else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let (hash, format) = (ev.heap.intern("hash"), ev.heap.intern("toHashFormat"));
    let name = ev.heap.intern("hashAlgo");
    let hash = ev.attribute_or_stop(set, hash)?;
    let hash = ev.want_plain_text(hash)?;
    let given = match ev.optional_attribute(set, name)? {
        Some(value) => Some(algorithm(ev, value)?),
        None => None,
    };
    let format = ev.attribute_or_stop(set, format)?;
    let format = ev.want_plain_text(format)?;
    let write = match format.as_str() {
        "base16" => base16,
        "nix32" | "base32" => base32,
        "base64" | "sri" => base64,
        _ => {
            let message = format!(
                "builtins.convertHash: unknown hash format '{format}', expected 'base16', 'base64', 'nix32' or 'sri'"
            );
            return Err(ev.error(ErrorKind::Type, message));
        }
    };
    let (algorithm, bytes) = match parse_hash(&hash, given) {
        Ok(parsed) => parsed,
        Err(message) => return Err(ev.error(ErrorKind::Type, format!("builtins.convertHash: {message}"))),
    };
    let name = if format == "sri" { format!("{}-", algorithm.name()) } else { String::new() };
    Ok(ev.str(&format!("{name}{}", write(&bytes))))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn hashes() {
        check(&[
            ("builtins.hashString \"md5\" \"\"", "\"d41d8cd98f00b204e9800998ecf8427e\""),
            ("builtins.hashString \"sha1\" \"gateway\"", "\"8a6b3c5e6ba4da6ebfdf08b068ca74f7d99ed161\""),
            (
                "builtins.hashString \"crc32\" \"x\"",
                "error: unknown hash algorithm 'crc32', expected 'md5', 'sha1', 'sha256' or 'sha512'",
            ),
            ("builtins.convertHash { hash = \"x\"; toHashFormat = throw \"format\"; }", "error: format"),
            (
                "builtins.convertHash { hash = builtins.hashString \"sha1\" \"tap0\"; hashAlgo = \"sha1\"; toHashFormat = \"sri\"; }",
                "\"sha1-RNpqCRgv+K25+7iVBF6widuhKEE=\"",
            ),
            (
                "builtins.convertHash { hash = builtins.hashString \"md5\" \"tap0\"; hashAlgo = \"md5\"; toHashFormat = \"nix32\"; }",
                "\"2mshl2ggcz3rzngrb29d8qk9w2\"",
            ),
        ]);
    }
}
