//! What source alone does not decide: fetching, copying to the store, the machine.

use crate::eval::{Evaluator, NativeDef, Outcome, UnknownReason};
use crate::heap::{Value, View, sym};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::lazy("builtins.fetchClosure", 1, |ev, _| fetched(ev, "builtins.fetchClosure")),
    NativeDef::lazy("builtins.fetchGit", 1, |ev, _| fetched(ev, "builtins.fetchGit")),
    NativeDef::lazy("builtins.fetchMercurial", 1, |ev, _| fetched(ev, "builtins.fetchMercurial")),
    NativeDef::lazy("builtins.fetchTarball", 1, |ev, _| fetched(ev, "builtins.fetchTarball")),
    NativeDef::lazy("builtins.fetchTree", 1, |ev, _| fetched(ev, "builtins.fetchTree")),
    NativeDef::lazy("builtins.fetchurl", 1, |ev, _| fetched(ev, "builtins.fetchurl")),
    NativeDef::lazy("builtins.getFlake", 1, |ev, _| fetched(ev, "builtins.getFlake")),
    NativeDef::strict("builtins.filterSource", 2, |ev, args| copied(ev, args.last().copied())),
    NativeDef::strict("builtins.path", 1, path),
    NativeDef::strict("builtins.storePath", 1, |ev, args| copied(ev, args.first().copied())),
    NativeDef::lazy("builtins.outputOf", 2, |ev, _| Err(ev.unsupported("builtins.outputOf"))),
    NativeDef::strict("builtins.getEnv", 1, get_env),
];

fn fetched(ev: &mut Evaluator, name: &str) -> Outcome {
    Err(ev.unknown(UnknownReason::Impure(format!("what `{name}` fetches"))))
}

fn copied(ev: &mut Evaluator, path: Option<Value>) -> Outcome {
    let name = match path.map(Value::view) {
        Some(View::Path(id) | View::Str(id)) => ev.heap.text(id).into_owned(),
        _ => "a copied path".to_owned(),
    };
    Err(ev.unknown(UnknownReason::StorePath(name)))
}

fn path(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [set] = args else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let path = ev.attribute_or_stop(set, sym::PATH)?;
    let path = ev.want(path)?;
    copied(ev, Some(path))
}

/// As in a pure evaluation, no variable is set.
fn get_env(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name] = args else { return Ok(Value::NULL) };
    ev.want_string(*name)?;
    Ok(ev.str(""))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn what_source_does_not_decide_is_unknown() {
        check(&[
            (
                "(builtins.fetchTarball \"https://example.org/x.tar.gz\").a",
                "unknown: value is unknown because what `builtins.fetchTarball` fetches cannot be known from source",
            ),
            (
                "builtins.path { path = /a/b; }",
                "unknown: value is unknown because the store path of /a/b depends on its content",
            ),
            ("builtins.getEnv \"HOME\"", "\"\""),
            ("builtins ? currentSystem", "true"),
        ]);
    }
}
