//! Flake references as text and as attributes (Nix manual, `nix flake`, "Flake references").

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome};
use crate::heap::{Symbol, Value, View};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.parseFlakeRef", 1, parse_flake_ref),
    NativeDef::strict("builtins.flakeRefToString", 1, flake_ref_to_string),
];

/// An attribute of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Field {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => if *truth { "1" } else { "0" }.to_owned(),
        }
    }
}

type Fields = BTreeMap<String, Field>;

/// Services whose references are `service:owner/repository`.
const SERVICES: &[&str] = &["github", "gitlab", "sourcehut"];
/// Query parameters that are attributes of a Git reference; all others stay in its address.
const GIT_PARAMETERS: &[&str] = &[
    "ref",
    "rev",
    "dir",
    "narHash",
    "shallow",
    "submodules",
    "lfs",
    "exportIgnore",
    "allRefs",
    "name",
    "revCount",
    "lastModified",
    "dirtyRev",
    "dirtyShortRev",
    "verifyCommit",
    "keytype",
    "publicKey",
    "publicKeys",
];

fn parse_flake_ref(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let text = ev.want_plain_text(*text)?;
    match parse(&text) {
        Ok(fields) => {
            let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::with_capacity(fields.len());
            for (name, field) in fields {
                let value = match field {
                    Field::Text(text) => ev.str(&text),
                    Field::Number(number) => Value::int(number),
                    Field::Truth(truth) => Value::bool(truth),
                };
                attributes.push((ev.heap.intern(&name), value, ExprId::NONE));
            }
            Ok(ev.heap.new_set(&attributes))
        }
        Err(why) => Err(ev.error(ErrorKind::Type, format!("'{text}' is not a valid flake reference: {why}"))),
    }
}

fn flake_ref_to_string(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [set] = args else { return Ok(Value::NULL) };
    let set = ev.want_whole_attrs(*set)?;
    let mut fields = Fields::new();
    for (name, slot, _) in ev.heap.entries(set) {
        ev.tick()?;
        let value = ev.want(Value::reference(slot))?;
        let field = match value.view() {
            View::Str(id) => Field::Text(ev.heap.text(id).into_owned()),
            View::Int(number) if number >= 0 => Field::Number(number),
            View::Bool(truth) => Field::Truth(truth),
            _ => return Err(ev.type_error("a string, a Boolean or a non-negative integer", value)),
        };
        fields.insert(ev.heap.name(name).to_owned(), field);
    }
    match unparse(fields) {
        Ok(text) => Ok(ev.str(&text)),
        Err(why) => Err(ev.error(ErrorKind::Type, format!("builtins.flakeRefToString: {why}"))),
    }
}

/// Decodes `%41`; `None` if a percent sign has no two hexadecimal digits after it.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = rest.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

fn encode(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn is_revision(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn parse(text: &str) -> Result<Fields, &'static str> {
    let (main, query) = text.split_once('?').unwrap_or((text, ""));
    let mut parameters: Vec<(String, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a query parameter has no value")?;
        parameters.push((name.to_owned(), decode(value).ok_or("a `%` is not followed by two digits")?));
    }
    if main.contains('#') {
        return Err("it has a fragment");
    }
    let (scheme, rest) = match main.split_once(':') {
        Some((scheme, rest)) if is_id(scheme.split('+').next().unwrap_or_default()) => (scheme, rest),
        _ if main.starts_with('/') => ("path", main),
        _ if main.starts_with('.') => return Err("the path is not absolute"),
        _ => ("flake", main),
    };
    let mut fields = Fields::new();
    let mut put = |name: &str, value: &str| fields.insert(name.to_owned(), field(name, value));
    if SERVICES.contains(&scheme) {
        put("type", scheme);
        // Decoded as a whole first: an encoded slash separates like any other.
        let rest = decode(rest).ok_or("a `%` is not followed by two digits")?;
        let parts: Vec<&str> = rest.split('/').collect();
        let (owner, repository, version) = match parts.as_slice() {
            [owner, repository] => (owner, repository, None),
            [owner, repository, version @ ..] => (owner, repository, Some(version.join("/"))),
            _ => return Err("it needs an owner and a repository"),
        };
        put("owner", owner);
        put("repo", repository);
        if let Some(version) = version {
            put(if is_revision(&version) { "rev" } else { "ref" }, &version);
        }
        parameters.iter().for_each(|(name, value)| {
            put(name, value);
        });
    } else if scheme == "flake" {
        put("type", "indirect");
        let parts: Vec<&str> = rest.split('/').collect();
        let (id, versions) = parts.split_first().ok_or("it is empty")?;
        if !is_id(id) || versions.len() > 2 || versions.iter().any(|version| version.is_empty()) {
            return Err("it is neither a known kind of reference nor the name of a flake");
        }
        put("id", id);
        for version in versions {
            put(if is_revision(version) { "rev" } else { "ref" }, version);
        }
        parameters.iter().for_each(|(name, value)| {
            put(name, value);
        });
    } else if scheme == "path" {
        put("type", "path");
        put("path", &decode(rest.strip_prefix("//").unwrap_or(rest)).ok_or("a `%` is not followed by two digits")?);
        parameters.iter().for_each(|(name, value)| {
            put(name, value);
        });
    } else {
        let (kind, transport) = match scheme.split_once('+') {
            Some((kind @ ("git" | "hg" | "tarball" | "file"), transport)) => (kind, transport),
            None if scheme == "git" => ("git", "git"),
            None if matches!(scheme, "http" | "https" | "file") => ("tarball", scheme),
            _ => return Err("its scheme is not known"),
        };
        if !rest.starts_with("//") && transport != "file" {
            return Err("its address is not complete");
        }
        put("type", kind);
        let mut left = String::new();
        for (name, value) in &parameters {
            let is_attribute = if matches!(kind, "git" | "hg") {
                GIT_PARAMETERS.contains(&name.as_str())
            } else {
                matches!(name.as_str(), "narHash" | "rev" | "revCount" | "lastModified" | "dir")
            };
            if is_attribute {
                put(name, value);
            } else {
                let separator = if left.is_empty() { '?' } else { '&' };
                let _ = write!(left, "{separator}{name}={}", encode(value, "!$'()*+,;=:@/"));
            }
        }
        put("url", &format!("{transport}:{rest}{left}"));
    }
    Ok(fields)
}

/// The attribute of a query parameter: some are numbers or Booleans.
fn field(name: &str, value: &str) -> Field {
    match name {
        "revCount" | "lastModified" => value.parse().map_or_else(|_| Field::Text(value.to_owned()), Field::Number),
        "shallow" | "submodules" | "lfs" | "exportIgnore" | "allRefs" | "verifyCommit" => Field::Truth(value == "1"),
        _ => Field::Text(value.to_owned()),
    }
}

fn unparse(mut fields: Fields) -> Result<String, String> {
    let mut take = |name: &str| fields.remove(name).map(|field| field.text());
    let missing = |name: &str| format!("attribute '{name}' is missing");
    let kind = take("type").ok_or_else(|| missing("type"))?;
    let mut text = match kind.as_str() {
        service if SERVICES.contains(&service) => {
            let owner = take("owner").ok_or_else(|| missing("owner"))?;
            let repository = take("repo").ok_or_else(|| missing("repo"))?;
            let mut text = format!("{kind}:{}/{}", encode(&owner, ""), encode(&repository, ""));
            for version in [take("ref"), take("rev")].into_iter().flatten() {
                text.push('/');
                text.push_str(&encode(&version, "/"));
            }
            text
        }
        "indirect" => {
            let mut text = format!("flake:{}", take("id").ok_or_else(|| missing("id"))?);
            for version in [take("ref"), take("rev")].into_iter().flatten() {
                text.push('/');
                text.push_str(&version);
            }
            text
        }
        "path" => format!("path:{}", encode(&take("path").ok_or_else(|| missing("path"))?, "/!$&'()*+,;=:@")),
        "git" | "hg" | "tarball" | "file" => {
            let url = take("url").ok_or_else(|| missing("url"))?;
            let is_plain = kind == "git" && url.starts_with("git:") || kind == "tarball" && looks_like_archive(&url);
            if is_plain { url } else { format!("{kind}+{url}") }
        }
        _ => return Err(format!("type '{kind}' is not known")),
    };
    for (name, field) in fields {
        if field == Field::Truth(false) {
            continue;
        }
        text.push(if text.contains('?') { '&' } else { '?' });
        let _ = write!(text, "{name}={}", encode(&field.text(), "!$'()*+,;:@/"));
    }
    Ok(text)
}

fn looks_like_archive(url: &str) -> bool {
    const ENDINGS: &[&str] = &[".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"];
    let path = url.split('?').next().unwrap_or_default();
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn references() {
        check(&[
            (
                "builtins.parseFlakeRef \"github:o/r/main?dir=x\"",
                "{ dir = \"x\"; owner = \"o\"; ref = \"main\"; repo = \"r\"; type = \"github\"; }",
            ),
            (
                "builtins.parseFlakeRef \"gitlab:group%2Fsub/r?host=git.example.com\"",
                "{ host = \"git.example.com\"; owner = \"group\"; ref = \"r\"; repo = \"sub\"; type = \"gitlab\"; }",
            ),
            (
                "builtins.parseFlakeRef \"nixpkgs/nixos-25.05\"",
                "{ id = \"nixpkgs\"; ref = \"nixos-25.05\"; type = \"indirect\"; }",
            ),
            (
                "builtins.parseFlakeRef \"git+https://e.com/x.git?ref=main&shallow=1\"",
                "{ ref = \"main\"; shallow = true; type = \"git\"; url = \"https://e.com/x.git\"; }",
            ),
            (
                "builtins.parseFlakeRef \"github:only\"",
                "error: 'github:only' is not a valid flake reference: it needs an owner and a repository",
            ),
            (
                "builtins.flakeRefToString { type = \"git\"; url = \"https://e.com/x.git\"; ref = \"main\"; }",
                "\"git+https://e.com/x.git?ref=main\"",
            ),
            (
                "builtins.flakeRefToString (builtins.parseFlakeRef \"github:o/r/main?dir=x\")",
                "\"github:o/r/main?dir=x\"",
            ),
        ]);
    }
}
