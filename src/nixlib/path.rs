//! `lib.path`: paths as sequences of components, and relative paths as strings ("subpaths").

use super::support::{list_of, list_parts, throw};
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View};

/// `lib.path`
pub(super) static FAMILY: Family =
    Family { name: "path", functions: &[FUNCTIONS], members: &[Member::Made("subpath", subpath)], top: &[] };

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.path.append", 2, append),
    NativeDef::strict("lib.path.hasPrefix", 2, has_prefix),
    NativeDef::strict("lib.path.removePrefix", 2, remove_prefix),
    NativeDef::strict("lib.path.splitRoot", 1, split_root),
    NativeDef::strict("lib.path.hasStorePathPrefix", 1, has_store_path_prefix),
    NativeDef::strict("lib.path.subpath.isValid", 1, is_valid),
    NativeDef::strict("lib.path.subpath.join", 1, join),
    NativeDef::strict("lib.path.subpath.components", 1, components_of_subpath),
    NativeDef::strict("lib.path.subpath.normalise", 1, normalise),
];

fn subpath(ev: &mut Evaluator) -> Outcome {
    let mut members = Vec::new();
    for name in ["isValid", "join", "components", "normalise"] {
        members.push((name, ev.native(&format!("lib.path.subpath.{name}"))));
    }
    Ok(ev.set(&members))
}

/// The components of a path or of a valid subpath.
fn components(text: &str) -> Vec<&str> {
    text.split('/').filter(|part| !part.is_empty() && *part != ".").collect()
}

/// A subpath in its normal form: `./` and the components.
fn relative(components: &[&str]) -> String {
    if components.is_empty() { "./.".to_owned() } else { format!("./{}", components.join("/")) }
}

/// The text of a path value.
fn path_text(ev: &mut Evaluator, function: &str, which: &str, value: Value) -> Result<String, Stop> {
    match value.view() {
        View::Path(id) => Ok(ev.heap.text(id).into_owned()),
        _ => {
            let message =
                format!("lib.path.{function}: {which} is of type {}, but a path was expected", ev.type_name(value));
            Err(throw(ev, message))
        }
    }
}

/// The text of a subpath, or why it is none.
fn checked_subpath(ev: &mut Evaluator, value: Value) -> Result<String, String> {
    let View::Str(id) = value.view() else {
        return Err(format!("The given value is of type {}, but a string was expected", ev.type_name(value)));
    };
    let text = ev.heap.text(id).into_owned();
    if text.is_empty() {
        Err("The given string is empty".to_owned())
    } else if text.starts_with('/') {
        Err(format!("The given string \"{text}\" starts with a `/`, representing an absolute path"))
    } else if text.split('/').any(|part| part == "..") {
        Err(format!("The given string \"{text}\" contains a `..` component, which is not allowed in subpaths"))
    } else {
        Ok(text)
    }
}

fn subpath_text(ev: &mut Evaluator, what: &str, value: Value) -> Result<String, Stop> {
    checked_subpath(ev, value)
        .map_err(|reason| throw(ev, format!("lib.path.{what} is not a valid subpath string:\n    {reason}")))
}

fn append(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, subpath] = arguments else { return Ok(Value::NULL) };
    let path = path_text(ev, "append", "The first argument", *path)?;
    let subpath = subpath_text(ev, "append: Second argument", *subpath)?;
    let all = [components(&path), components(&subpath)].concat();
    Ok(ev.path_value(&format!("/{}", all.join("/"))))
}

fn has_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, path] = arguments else { return Ok(Value::NULL) };
    let prefix = path_text(ev, "hasPrefix", "First argument", *prefix)?;
    let path = path_text(ev, "hasPrefix", "Second argument", *path)?;
    Ok(Value::bool(components(&path).starts_with(&components(&prefix))))
}

fn remove_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, path] = arguments else { return Ok(Value::NULL) };
    let prefix = path_text(ev, "removePrefix", "First argument", *prefix)?;
    let path = path_text(ev, "removePrefix", "Second argument", *path)?;
    match components(&path).strip_prefix(components(&prefix).as_slice()) {
        Some(rest) => Ok(ev.str(&relative(rest))),
        None => {
            let message = format!(
                "lib.path.removePrefix: The first path argument \"{prefix}\" is not a component-wise prefix of the second path argument \"{path}\""
            );
            Err(throw(ev, message))
        }
    }
}

fn split_root(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let path = path_text(ev, "splitRoot", "Argument", *path)?;
    let root = ev.path_value("/");
    let subpath = ev.str(&relative(&components(&path)));
    Ok(ev.set(&[("root", root), ("subpath", subpath)]))
}

fn has_store_path_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let path = path_text(ev, "hasStorePathPrefix", "Argument", *path)?;
    let is_hash = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    Ok(Value::bool(match components(&path).as_slice() {
        ["nix", "store", name, ..] => {
            name.split_at_checked(32).is_some_and(|(_, rest)| rest.len() > 1 && rest.starts_with('-'))
        }
        [hash, ..] => hash.len() == 52 && is_hash(hash),
        [] => false,
    }))
}

fn is_valid(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    Ok(Value::bool(checked_subpath(ev, *value).is_ok()))
}

fn join(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [subpaths] = arguments else { return Ok(Value::NULL) };
    let (subpaths, open) = list_parts(ev, *subpaths)?;
    let mut texts = Vec::with_capacity(subpaths.len());
    for (number, subpath) in subpaths.into_iter().enumerate() {
        let subpath = ev.want(subpath)?;
        texts.push(subpath_text(ev, &format!("subpath.join: Element at index {number}"), subpath)?);
    }
    open.map_or(Ok(()), Err)?;
    let all: Vec<&str> = texts.iter().flat_map(|text| components(text)).collect();
    Ok(ev.str(&relative(&all)))
}

fn components_of_subpath(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [subpath] = arguments else { return Ok(Value::NULL) };
    let text = subpath_text(ev, "subpath.components: Argument", *subpath)?;
    let parts: Vec<Value> = components(&text).into_iter().map(|part| ev.str(part)).collect();
    list_of(ev, &parts)
}

fn normalise(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [subpath] = arguments else { return Ok(Value::NULL) };
    let text = subpath_text(ev, "subpath.normalise: Argument", *subpath)?;
    Ok(ev.str(&relative(&components(&text))))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn paths_and_subpaths() {
        check(&[
            ("lib.path.append /etc \"./net//x/.\"", "/etc/net/x"),
            ("lib.path.append /etc \"../x\"", "error: …"),
            ("lib.path.removePrefix /a/b /a/b/c", r#""./c""#),
            ("lib.path.hasPrefix /a/b /a/bc", "false"),
            ("lib.path.subpath.join [ \"a\" \"./b/\" ]", r#""./a/b""#),
            ("lib.path.subpath.isValid \"a/../b\"", "false"),
        ]);
    }
}
