//! `lib.fetchers`: the names under which fetchers take hashes.

use super::support::{flag, has, list_of, list_parts, named_arguments, optional, throw};
use super::trivial::function_args;
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Symbol, Value, View};
use crate::syntax::ExprId;

/// `lib.fetchers`
pub(super) static FAMILY: Family = Family {
    name: "fetchers",
    functions: &[FUNCTIONS],
    members: &[Member::Made("proxyImpureEnvVars", proxy_variables)],
    top: &[],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.fetchers.normalizeHash", 2, normalize_hash)
        .taking(&[("hashTypes", true), ("required", true)]),
    NativeDef::strict("lib.fetchers.withNormalizedHash", 2, with_normalized_hash).taking(&[("hashTypes", true)]),
    NativeDef::with_strict("internal.fetchers.normalized", 4, 0b1011, normalized),
];

fn proxy_variables(ev: &mut Evaluator) -> Outcome {
    let mut names = Vec::new();
    for kind in ["http", "https", "ftp", "all", "no"] {
        names.push(format!("{kind}_proxy"));
    }
    for kind in ["HTTP", "HTTPS", "FTP", "ALL", "NO"] {
        names.push(format!("{kind}_PROXY"));
    }
    names.push("NIX_SSL_CERT_FILE".to_owned());
    let names: Vec<Value> = names.iter().map(|name| ev.str(name)).collect();
    list_of(ev, &names)
}

/// The names of the attributes that may hold a hash: `hash` and the given kinds, by default `sha256`.
fn hash_names(ev: &mut Evaluator, kinds: Option<Value>) -> Result<Vec<String>, Stop> {
    let mut names = vec!["hash".to_owned()];
    match kinds {
        Some(kinds) => {
            let (kinds, open) = list_parts(ev, kinds)?;
            for kind in kinds {
                names.push(ev.want_text(kind)?);
            }
            open.map_or(Ok(()), Err)?;
        }
        None => names.push("sha256".to_owned()),
    }
    Ok(names)
}

fn normalize_hash(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, given] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "normalizeHash", *options, &["hashTypes", "required"])?;
    let kinds = optional(ev, set, "hashTypes")?;
    let names = hash_names(ev, kinds)?;
    let is_required = flag(ev, set, "required", true)?;
    normal_form(ev, &names, is_required, *given)
}

/// The arguments of a fetcher with its hash as `outputHash` and `outputHashAlgo`.
fn normal_form(ev: &mut Evaluator, names: &[String], is_required: bool, given: Value) -> Outcome {
    let set = ev.want_whole_attrs(given)?;
    let output_hash = ev.heap.intern("outputHash");
    if has(ev, given, output_hash)? {
        return Ok(given);
    }
    let mut found: Vec<(&str, Value)> = Vec::new();
    for name in names {
        if let Some(value) = optional(ev, set, name)? {
            found.push((name, value));
        }
    }
    found.sort_by_key(|(name, _)| *name);
    let hash = match found.as_slice() {
        [] if is_required => return Err(throw(ev, "fetcher called without `hash`")),
        [] => None,
        [hash] => Some(*hash),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            let message = format!("fetcher called with mutually-incompatible arguments: {}", names.join(", "));
            return Err(throw(ev, message));
        }
    };
    let mut attributes = without(ev, set, names);
    if let Some((kind, value)) = hash {
        let algorithm = if kind == "hash" { Value::NULL } else { ev.str(kind) };
        let value = match ev.want(value)? {
            empty if matches!(empty.view(), View::Str(id) if ev.heap.bytes(id).is_empty()) => fake_hash(ev, kind)?,
            value => value,
        };
        attributes.push((ev.heap.intern("outputHashAlgo"), algorithm, ExprId::NONE));
        attributes.push((output_hash, value, ExprId::NONE));
    }
    Ok(ev.heap.new_set(&attributes))
}

/// The attributes of a set but those with certain names.
fn without(ev: &mut Evaluator, set: Set, names: &[String]) -> Vec<(Symbol, Value, ExprId)> {
    let mut kept = Vec::with_capacity(ev.heap.set_len(set));
    for (name, slot, origin) in ev.heap.entries(set) {
        let text = ev.heap.name(name);
        if !names.iter().any(|other| other == text) {
            kept.push((name, ev.heap.share(slot), origin));
        }
    }
    kept
}

/// A hash that no content has, of the right length.
fn fake_hash(ev: &mut Evaluator, kind: &str) -> Outcome {
    let text = match kind {
        "hash" => format!("sha256-{}=", "A".repeat(43)),
        "sha256" => "0".repeat(64),
        "sha512" => "0".repeat(128),
        _ => return Err(throw(ev, format!("no “fake hash” defined for {kind}"))),
    };
    Ok(ev.str(&text))
}

fn with_normalized_hash(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, fetcher] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "withNormalizedHash", *options, &["hashTypes"])?;
    let kinds = optional(ev, set, "hashTypes")?;
    let names = hash_names(ev, kinds)?;
    let taken = function_args(ev, &[*fetcher])?;
    let taken = ev.want_whole_attrs(taken)?;
    let is_optional = optional(ev, taken, "outputHash")?;
    let algorithm = optional(ev, taken, "outputHashAlgo")?;
    let (Some(is_optional), Some(_)) = (is_optional, algorithm) else {
        return Err(super::support::assertion(
            ev,
            "withNormalizedHash: the fetcher does not take outputHash and outputHashAlgo",
        ));
    };
    for name in &names {
        if optional(ev, taken, name)?.is_some() {
            let message = format!("withNormalizedHash: the fetcher takes {name} itself");
            return Err(super::support::assertion(ev, message));
        }
    }
    let removed = ["outputHash".to_owned(), "outputHashAlgo".to_owned(), "hash".to_owned()];
    let mut attributes = without(ev, taken, &removed);
    attributes.push((ev.heap.intern("hash"), is_optional, ExprId::NONE));
    let described = ev.heap.new_set(&attributes);
    let is_required = Value::bool(!ev.want_bool(is_optional)?);
    let names: Vec<Value> = names.iter().map(|name| ev.str(name)).collect();
    let names = ev.list(&names);
    let function = ev.native_with("internal.fetchers.normalized", &[names, is_required, *fetcher]);
    call_set_function_args(ev, function, described)
}

fn call_set_function_args(ev: &mut Evaluator, function: Value, names: Value) -> Outcome {
    super::support::call_native(ev, "lib.trivial.setFunctionArgs", &[function, names])
}

/// Calls a fetcher with normalised arguments.
fn normalized(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [names, is_required, fetcher, given] = arguments else { return Ok(Value::NULL) };
    let (elements, _) = list_parts(ev, *names)?;
    let names = elements.into_iter().map(|name| ev.want_text(name)).collect::<Result<Vec<_>, _>>()?;
    let is_required = ev.want_bool(*is_required)?;
    let given = normal_form(ev, &names, is_required, *given)?;
    ev.call(*fetcher, &[given])
}
