//! `flake.lock` (Nix manual, "nix flake", section "Lock files").

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// A lock file: nodes by name, and the name of the root node.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Lock {
    /// Nodes by name.
    #[serde(default)]
    pub nodes: BTreeMap<String, Node>,
    /// Name of the root node.
    #[serde(default)]
    pub root: String,
}

/// One locked flake.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Node {
    /// Its own inputs: the name of a node, or a path of input names from the root.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputRef>,
    /// Where exactly it was found.
    pub locked: Option<Locked>,
    /// What was asked for.
    pub original: Option<Locked>,
    /// For a relative path: the inputs that lead to the flake that it is relative to.
    pub parent: Option<Vec<String>>,
    /// Whether it has a `flake.nix` that counts.
    #[serde(default = "yes")]
    pub flake: bool,
}

fn yes() -> bool {
    true
}

/// A reference to a node.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum InputRef {
    /// By name.
    Node(String),
    /// By following inputs from the root.
    Follows(Vec<String>),
}

/// A source, locked or not.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Locked {
    /// `github`, `git`, `path`, `tarball` …
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Name in the registry, for `indirect`.
    #[serde(default)]
    pub id: String,
    /// Owner, for forges.
    #[serde(default)]
    pub owner: String,
    /// Repository, for forges.
    #[serde(default)]
    pub repo: String,
    /// Folder, for `path`.
    #[serde(default)]
    pub path: String,
    /// Address, for `git` and archives.
    #[serde(default)]
    pub url: String,
    /// Branch or tag.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Commit.
    pub rev: Option<String>,
    /// Hash of the content, as `sha256-…`.
    pub nar_hash: Option<String>,
    /// Folder inside the source that holds `flake.nix`.
    pub dir: Option<String>,
    /// Seconds since 1970.
    pub last_modified: Option<i64>,
}

impl Lock {
    /// Reads a lock file; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The name of the node that an input of a node stands for.
    pub fn resolve(&self, node: &str, input: &str) -> Option<&str> {
        self.follow(self.nodes.get(node)?.inputs.get(input)?, 0)
    }

    fn follow<'a>(&'a self, reference: &'a InputRef, depth: u32) -> Option<&'a str> {
        if depth > 32 {
            return None;
        }
        match reference {
            InputRef::Node(name) => Some(name),
            InputRef::Follows(path) => {
                let mut at = self.root.as_str();
                for name in path {
                    at = self.follow(self.nodes.get(at)?.inputs.get(name)?, depth + 1)?;
                }
                Some(at)
            }
        }
    }
}

/// The folder in the store that a source with this hash has (Nix manual, "Store path specification": a fixed-output path of a
/// recursive SHA-256 with the name `source`). `None` if the hash is not an SRI SHA-256.
pub(super) fn store_path(nar_hash: &str) -> Option<String> {
    let bytes = base64(nar_hash.strip_prefix("sha256-")?)?;
    let mut hex = String::new();
    for byte in &bytes {
        write!(hex, "{byte:02x}").ok()?;
    }
    let digest = Sha256::digest(format!("source:sha256:{hex}:/nix/store:source"));
    let mut folded = [0u8; 20];
    for (index, byte) in digest.iter().enumerate() {
        if let Some(place) = folded.get_mut(index % 20) {
            *place ^= byte;
        }
    }
    Some(format!("/nix/store/{}-source", nix_base32(&folded)))
}

fn nix_base32(bytes: &[u8; 20]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";
    (0..32usize)
        .rev()
        .filter_map(|group| {
            let bit = group * 5;
            let low = u16::from(bytes.get(bit / 8).copied().unwrap_or(0));
            let high = u16::from(bytes.get(bit / 8 + 1).copied().unwrap_or(0));
            let value = ((low | (high << 8)) >> (bit % 8)) & 0x1F;
            ALPHABET.get(usize::from(value)).map(|letter| char::from(*letter))
        })
        .collect()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(33);
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_may_follow_the_inputs_of_another() {
        let lock = Lock::parse(
            r#"{"nodes":{"root":{"inputs":{"a":"a","pkgs":"pkgs"}},"a":{"inputs":{"pkgs":["pkgs"]}},"pkgs":{"locked":{"type":"github","owner":"NixOS","repo":"nixpkgs"}}},"root":"root","version":7}"#,
        )
        .unwrap();
        assert_eq!(lock.resolve("a", "pkgs"), Some("pkgs"));
        assert_eq!(lock.resolve("a", "none"), None);
    }

    #[test]
    fn a_lock_file_that_follows_itself_ends() {
        let lock = Lock::parse(r#"{"nodes":{"root":{"inputs":{"a":["a"]}}},"root":"root"}"#).unwrap();
        assert_eq!(lock.resolve("root", "a"), None);
    }

    #[test]
    fn the_store_path_follows_from_the_hash() {
        let empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let path = store_path(empty).unwrap();
        assert_eq!(path.len(), "/nix/store/".len() + 32 + "-source".len());
        assert_eq!(store_path("md5-abc"), None);
    }
}
