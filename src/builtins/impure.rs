//! What source alone does not decide: fetching, the machine.

use crate::eval::{Evaluator, NativeDef, Outcome, UnknownReason};
use crate::heap::{Value, View};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::lazy("builtins.fetchClosure", 1, |ev, _| fetched(ev, "builtins.fetchClosure")),
    NativeDef::lazy("builtins.fetchGit", 1, |ev, args| fetched_source(ev, "builtins.fetchGit", args)),
    NativeDef::lazy("builtins.fetchMercurial", 1, |ev, _| fetched(ev, "builtins.fetchMercurial")),
    NativeDef::lazy("builtins.fetchTarball", 1, |ev, args| fetched_source(ev, "builtins.fetchTarball", args)),
    NativeDef::lazy("builtins.fetchTree", 1, |ev, args| fetched_source(ev, "builtins.fetchTree", args)),
    NativeDef::lazy("builtins.fetchurl", 1, |ev, _| fetched(ev, "builtins.fetchurl")),
    NativeDef::lazy("builtins.getFlake", 1, |ev, args| fetched_source(ev, "builtins.getFlake", args)),
    NativeDef::lazy("builtins.outputOf", 2, |ev, _| Err(ev.unsupported("builtins.outputOf"))),
    NativeDef::strict("builtins.getEnv", 1, get_env),
];

fn fetched(ev: &mut Evaluator, name: &str) -> Outcome {
    Err(ev.unknown(UnknownReason::Impure(format!("what `{name}` fetches"))))
}

/// A source tree: unknown unless a room above knows what the URL names.
fn fetched_source(ev: &mut Evaluator, name: &str, args: &[Value]) -> Outcome {
    let known = ev.known_source.and_then(|known| {
        let url = url_of(ev, *args.first()?)?;
        known(ev, &url)
    });
    match known {
        Some(value) => Ok(value),
        None => fetched(ev, name),
    }
}

/// The URL that is to be fetched: the argument, its `url`, or `type:owner/repo`.
fn url_of(ev: &mut Evaluator, argument: Value) -> Option<String> {
    let View::Attrs(set) = ev.force(argument).view() else { return ev.want_text(argument).ok() };
    let mut text = |name: &str| {
        let name = ev.heap.intern(name);
        let value = ev.attribute(set, name)?;
        ev.want_text(value).ok()
    };
    text("url").or_else(|| Some(format!("{}:{}/{}", text("type")?, text("owner")?, text("repo")?)))
}

/// As in a pure evaluation, no variable is set.
fn get_env(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name] = args else { return Ok(Value::NULL) };
    ev.want_plain(*name)?;
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
            ("builtins.getEnv \"HOME\"", "\"\""),
            ("builtins ? currentSystem", "true"),
        ]);
    }
}
