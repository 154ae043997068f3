//! Paths in the store that follow from content: texts and outputs of derivations
//! (Nix manual, "Store path", and `libstore/path-references` of Nix; nothing is read or written).

use super::encoding::{BASE32, base16, base32};
use super::hashing::Algorithm;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, Wanted};
use crate::heap::{ContextElement, Value};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.placeholder", 1, placeholder),
    NativeDef::strict("builtins.toFile", 2, to_file).looking(&[(0, Wanted::Plain)]),
];

/// Longest name of a store path, in bytes.
const LONGEST_NAME: usize = 211;

/// The SHA-256 hash of a text, in base 16.
pub(super) fn sha256(text: &[u8]) -> String {
    base16(&Algorithm::Sha256.hash(text))
}

/// The store path of something of kind `kind` whose content has the SHA-256 hash `hash` (in base 16).
pub(super) fn store_path(kind: &str, hash: &str, name: &str) -> String {
    let digest = Algorithm::Sha256.hash(format!("{kind}:sha256:{hash}:/nix/store:{name}").as_bytes());
    // 32 bytes are folded to 20.
    let mut folded = [0u8; 20];
    for (index, byte) in digest.iter().enumerate() {
        if let Some(place) = folded.get_mut(index % 20) {
            *place ^= byte;
        }
    }
    format!("/nix/store/{}-{name}", base32(&folded))
}

/// The store path of a text that refers to the paths in `references`, which are sorted.
pub(super) fn text_path(name: &str, content: &[u8], references: &[String]) -> String {
    let mut kind = "text".to_owned();
    for reference in references {
        kind.push(':');
        kind.push_str(reference);
    }
    store_path(&kind, &sha256(content), name)
}

/// The store path of a file or tree with a known hash (in base 16): of its archive, or of the content of the one file.
pub(super) fn fixed_path(is_archive: bool, algorithm: Algorithm, hash: &str, name: &str) -> String {
    if is_archive && algorithm == Algorithm::Sha256 {
        return store_path("source", hash, name);
    }
    let method = if is_archive { "r:" } else { "" };
    store_path("output:out", &sha256(format!("fixed:out:{method}{}:{hash}:", algorithm.name()).as_bytes()), name)
}

/// Checks that a name may be part of a store path.
pub(super) fn check_name(ev: &mut Evaluator, name: &str) -> Result<(), Stop> {
    match wrong_with_name(name) {
        None => Ok(()),
        Some(why) => Err(ev.error(ErrorKind::Type, format!("'{name}' cannot be the name of a store path: {why}"))),
    }
}

/// Whether this is the last part of a store path: a hash of 32 characters, a dash and a name.
pub(super) fn is_store_name(text: &str) -> bool {
    let Some((hash, name)) = text.split_once('-') else { return false };
    hash.len() == 32 && hash.bytes().all(|byte| BASE32.contains(&byte)) && wrong_with_name(name).is_none()
}

fn wrong_with_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > LONGEST_NAME {
        Some("it is longer than 211 characters")
    } else if name.starts_with('.')
        && (name.len() == 1 || name == ".." || name.starts_with(".-") || name.starts_with("..-"))
    {
        Some("it begins with a dot")
    } else if name.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"+-._?=".contains(&byte)) {
        Some("it contains a character that is not allowed")
    } else {
        None
    }
}

fn placeholder(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [output] = args else { return Ok(Value::NULL) };
    let output = ev.want_plain_text(*output)?;
    let hash = Algorithm::Sha256.hash(format!("nix-output:{output}").as_bytes());
    Ok(ev.str(&format!("/{}", base32(&hash))))
}

fn to_file(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name, content] = args else { return Ok(Value::NULL) };
    let (name, content) = (ev.want_plain_text(*name)?, ev.want_string(*content)?);
    let mut references = Vec::new();
    for element in ev.heap.context(content).iter() {
        match element {
            ContextElement::Opaque(path) => references.push(path.to_string()),
            ContextElement::DrvDeep(_) | ContextElement::Built(..) => {
                let message = format!("builtins.toFile: the file '{name}' must not refer to a derivation");
                return Err(ev.error(ErrorKind::Type, message));
            }
        }
    }
    check_name(ev, &name)?;
    references.sort();
    let path = text_path(&name, ev.heap.bytes(content), &references);
    let id = ev.heap.new_string(path.as_bytes());
    ev.heap.set_context(id, vec![ContextElement::Opaque(path.into())]);
    Ok(Value::string(id))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn paths() {
        check(&[
            ("placeholder \"lib\"", "\"/0sra2y18lr3h6j58qjm0w46yv36h1wjmilb09n8aimdpivdymscx\""),
            ("builtins.toFile \"note.txt\" \"hello\\n\"", "\"/nix/store/ha42hgz88l4lab3af6k2fgbhxbcgxm2n-note.txt\""),
            (
                "builtins.toFile \"bad/name\" \"x\"",
                "error: 'bad/name' cannot be the name of a store path: it contains a character that is not allowed",
            ),
            (
                "builtins.toFile \"bad/name\" (derivation { name = \"n\"; system = \"s\"; builder = \"b\"; }).drvPath",
                "error: builtins.toFile: the file 'bad/name' must not refer to a derivation",
            ),
        ]);
    }
}
