//! Paths of sources in the store: what a path becomes in a string, `builtins.path`, `builtins.filterSource`.
//!
//! Nothing is copied. The path follows from the content, which is hashed where the evaluation stands alone ([`Evaluator::stands_alone`]);
//! in a fleet a copy of everything stands for its source, and one of a part is unknown.

use std::path::Path;

use rustc_hash::FxHashMap;

use super::archive::{Filter, archive_hash, unread};
use super::context::STORE;
use super::encoding::base16;
use super::hashing::{Algorithm, parse_hash};
use super::store::{check_name, fixed_path, is_store_name};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{ContextElement, StrId, Value};
use crate::source::Node;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::lazy("builtins.filterSource", 2, filter_source),
    NativeDef::strict("builtins.path", 1, path),
    NativeDef::strict("builtins.storePath", 1, stored_path),
];

/// Store paths of whole sources, by the path that is copied.
#[derive(Default)]
struct Known {
    paths: FxHashMap<String, String>,
}

/// The last part of a path, which is what its copy is called.
fn last_part(path: &str) -> String {
    match path.rsplit('/').next().unwrap_or_default() {
        "" => "source".to_owned(),
        last => last.to_owned(),
    }
}

/// The store path of a path in a string.
pub(super) fn copy(ev: &mut Evaluator, path: StrId) -> Result<StrId, Stop> {
    let path = ev.heap.text(path).into_owned();
    if path.ends_with(".drv") {
        return Err(ev.error(ErrorKind::Type, format!("file names are not allowed to end in '.drv': '{path}'")));
    }
    if let Some(known) = ev.extension::<Known>().paths.get(&path).cloned() {
        return Ok(stored(ev, &known));
    }
    let copy = Copy { name: last_part(&path), source: path.clone(), is_whole: true, is_archive: true };
    let resolved = ev.sources.without_links(Path::new(&path), false).to_string_lossy().into_owned();
    let made = copy.make(ev, &resolved, None)?;
    ev.extension::<Known>().paths.insert(path, made.clone());
    Ok(stored(ev, &made))
}

/// A string that refers to a path in the store.
fn stored(ev: &mut Evaluator, path: &str) -> StrId {
    let id = ev.heap.new_string(path.as_bytes());
    ev.heap.set_context(id, vec![ContextElement::Opaque(path.into())]);
    id
}

/// A copy that is to be made.
struct Copy {
    name: String,
    source: String,
    /// Whether nothing is left out.
    is_whole: bool,
    /// Whether the archive is hashed, and not the content of the one file.
    is_archive: bool,
}

impl Copy {
    /// The store path of a copy of what lies at `resolved`.
    fn make(self, ev: &mut Evaluator, resolved: &str, filter: Option<Filter<'_>>) -> Result<String, Stop> {
        let hash = if self.is_archive {
            archive_hash(ev, resolved, filter)?
        } else {
            match ev.sources.node(Path::new(resolved)) {
                Ok(Node::File { bytes, .. }) => Algorithm::Sha256.hash(&bytes),
                Ok(_) => {
                    let message = format!("path '{}' is not a regular file", self.source);
                    return Err(ev.error(ErrorKind::File, message));
                }
                Err(error) => return Err(unread(ev, &self.source, resolved, &error)),
            }
        };
        check_name(ev, &self.name)?;
        let path = fixed_path(self.is_archive, Algorithm::Sha256, &base16(&hash), &self.name);
        let source = self.is_whole.then_some(self.source);
        ev.copies.insert(path.clone(), source);
        Ok(path)
    }
}

/// Makes a copy with a filter, if there is one, that gets the path and the word for the kind of everything in the folder.
fn filtered(ev: &mut Evaluator, copy: Copy, function: Option<Value>, expected: Option<String>) -> Outcome {
    if !ev.stands_alone {
        // As for a path in a string, what lies below can be read.
        if ev.is_tolerant && function.is_none_or(|function| leaves_out_leavings(ev, function)) {
            return Ok(ev.str(&copy.source));
        }
        return Err(ev.unknown(UnknownReason::StorePath(copy.source)));
    }
    let source = copy.source.clone();
    let resolved = ev.sources.without_links(Path::new(&source), true).to_string_lossy().into_owned();
    let made = match function {
        None => copy.make(ev, &resolved, None)?,
        Some(function) => {
            let mut wanted = |ev: &mut Evaluator, path: &str, kind: &'static str| {
                let arguments = [ev.str(path), ev.str(kind)];
                ev.call_bool(function, &arguments)
            };
            copy.make(ev, &resolved, Some(&mut wanted))?
        }
    };
    if expected.is_some_and(|expected| expected != made) {
        let message = format!("store path mismatch in (possibly filtered) path added from '{source}'");
        return Err(ev.error(ErrorKind::File, message));
    }
    Ok(Value::string(stored(ev, &made)))
}

/// Whether a filter is that of `lib.cleanSource`, which leaves out only what no configuration reads: repositories, and what editors and compilers leave.
fn leaves_out_leavings(ev: &mut Evaluator, filter: Value) -> bool {
    ev.force(filter).view() == ev.native("lib.sources.cleanSourceFilter").view()
}

fn filter_source(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, path] = args else { return Ok(Value::NULL) };
    let source = ev.want_path(*path)?;
    let function = ev.want_function(*function)?;
    let copy = Copy { name: last_part(&source), source, is_whole: false, is_archive: true };
    filtered(ev, copy, Some(function), None)
}

fn path(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [set] = args else { return Ok(Value::NULL) };
    let set = ev.want_whole_attrs(*set)?;
    let (mut source, mut name, mut filter, mut is_archive, mut hash) = (None, None, None, true, None);
    let mut entries = ev.heap.entries(set);
    // Nix goes through them in the order in which it came to know the names, and these it knows before it reads anything.
    let known = ["name", "path", "filter"];
    entries.sort_by_key(|(symbol, ..)| {
        known.iter().position(|name| *name == ev.heap.name(*symbol)).unwrap_or(known.len())
    });
    for (symbol, slot, _) in entries {
        let value = Value::reference(slot);
        match ev.heap.name(symbol) {
            "path" => source = Some(ev.want_path(value)?),
            "name" => name = Some(ev.want_plain_text(value)?),
            "filter" => filter = Some(ev.want_function(value)?),
            "recursive" => is_archive = ev.want_bool(value)?,
            "sha256" => {
                let text = ev.want_plain_text(value)?;
                // No hash yet stands for one of zeros, so that Nix can tell what it should be.
                hash = Some(match text.as_str() {
                    "" => vec![0; Algorithm::Sha256.size()],
                    text => match parse_hash(text, Some(Algorithm::Sha256)) {
                        Ok((_, hash)) => hash,
                        Err(message) => return Err(ev.error(ErrorKind::Type, message)),
                    },
                });
            }
            other => {
                let message = format!("unsupported argument '{other}' to 'builtins.path'");
                return Err(ev.error(ErrorKind::Type, message));
            }
        }
    }
    let Some(source) = source else {
        let message = "missing required 'path' attribute in the first argument to builtins.path";
        return Err(ev.error(ErrorKind::Type, message));
    };
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| last_part(&source));
    let expected = match hash {
        Some(hash) => {
            check_name(ev, &name)?;
            Some(fixed_path(is_archive, Algorithm::Sha256, &base16(&hash), &name))
        }
        None => None,
    };
    let copy = Copy { name, source, is_whole: filter.is_none(), is_archive };
    filtered(ev, copy, filter, expected)
}

/// `storePath`: the path again, as a reference to what lies in the store. Whether it lies there on this machine is not looked at.
fn stored_path(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    let (text, id) = ev.want_plain_path(*path)?;
    let Some(within) = text.strip_prefix(STORE) else {
        return Err(ev.error(ErrorKind::Type, format!("path '{text}' is not in the Nix store")));
    };
    let base = within.split('/').next().unwrap_or_default();
    if !is_store_name(base) {
        return Err(ev.error(ErrorKind::Type, format!("'{text}' is not a valid store path")));
    }
    let mut context = ev.heap.context(id).to_vec();
    context.push(ContextElement::Opaque(format!("{STORE}{base}").into()));
    let result = ev.heap.new_string(text.as_bytes());
    ev.heap.set_context(result, context);
    Ok(Value::string(result))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make files")]

    use std::path::Path;

    use crate::builtins::testing::evaluator;

    #[test]
    fn store_paths_follow_from_content() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("d");
        std::fs::create_dir_all(root.join("e")).unwrap();
        std::fs::write(root.join("t.txt"), "hello\n").unwrap();
        std::fs::write(root.join("e/default.nix"), "1\n").unwrap();
        std::os::unix::fs::symlink("../t.txt", root.join("l")).unwrap();
        for (expression, expected) in [
            ("\"${./t.txt}\"", "\"/nix/store/zif4m6vrlqrc0il0lk25xchdavs6icmj-t.txt\""),
            ("builtins.hasContext \"${./t.txt}\"", "true"),
            ("builtins.readFile \"${./t.txt}\"", "\"hello\\n\""),
            ("import \"${./e}\"", "1"),
            (
                "builtins.path { path = ./e; name = \"n\"; } == \"${builtins.filterSource (path: kind: true) ./e}\"",
                "false",
            ),
            (
                "builtins.path { path = ./.; name = \"n\"; filter = path: kind: kind != \"symlink\"; }",
                "\"/nix/store/1g705v5c1nqg9vrv2n6k9isfj3n94r2k-n\"",
            ),
            ("builtins.path { path = ./.; name = \"n\"; }", "\"/nix/store/gqppyiw210a2mz33k279h41d5xik6rsn-n\""),
            ("{ outPath = ./t.txt; } + \"\" == toString ./t.txt", "true"),
            ("\"\" + ./t.txt == \"${./t.txt}\"", "true"),
            ("./e + { outPath = /t; } == ./e/t", "true"),
            ("builtins.path { path = ./t.txt; name = \"\"; } == \"${./t.txt}\"", "true"),
            (
                "builtins.path { path = ./t.txt; recursive = false; }",
                "\"/nix/store/739asxd2b61zkjiz54dxx2dkwai8d7hm-t.txt\"",
            ),
        ] {
            let mut ev = evaluator();
            ev.stands_alone = true;
            let value = ev.eval_text("test", expression, Path::new(&root)).unwrap();
            assert_eq!(ev.print(value), expected, "{expression}");
        }
    }

    #[test]
    fn arguments_are_looked_at_in_the_order_of_nix() {
        crate::builtins::testing::check(&[
            (
                "builtins.path { filter = throw \"filter\"; path = throw \"path\"; name = throw \"name\"; }",
                "error: name",
            ),
            ("builtins.path { filter = throw \"filter\"; path = throw \"path\"; }", "error: path"),
        ]);
    }

    #[test]
    fn in_a_fleet_they_are_unknown() {
        crate::builtins::testing::check(&[(
            "builtins.path { path = /a/b; }",
            "unknown: value is unknown because the store path of /a/b depends on its content",
        )]);
    }
}
