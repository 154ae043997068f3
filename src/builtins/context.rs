//! String contexts: what has to be in the store for a string to mean something.

use rustc_hash::FxHashMap;

use super::store::is_store_name;
use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Wanted};
use crate::heap::{ContextElement, StrId, Symbol, Value, View};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.hasContext", 1, has_context),
    NativeDef::strict("builtins.getContext", 1, get_context),
    NativeDef::strict("builtins.appendContext", 2, append_context).looking(&[(0, Wanted::Str)]),
    NativeDef::strict("builtins.unsafeDiscardStringContext", 1, discard_context),
    NativeDef::strict("builtins.unsafeDiscardOutputDependency", 1, discard_output_dependency),
    NativeDef::strict("builtins.addDrvOutputDependencies", 1, add_output_dependencies),
];

/// The beginning of every path in the store.
pub(super) const STORE: &str = "/nix/store/";

fn has_context(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let id = ev.want_string(*text)?;
    Ok(Value::bool(ev.heap.has_context(id)))
}

#[derive(Default)]
struct Needed {
    path: bool,
    all_outputs: bool,
    outputs: Vec<String>,
}

fn get_context(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let id = ev.want_string(*text)?;
    let mut by_path: FxHashMap<String, Needed> = FxHashMap::default();
    for element in ev.heap.context(id).iter() {
        match element {
            ContextElement::Opaque(path) => by_path.entry(path.to_string()).or_default().path = true,
            ContextElement::DrvDeep(path) => by_path.entry(path.to_string()).or_default().all_outputs = true,
            ContextElement::Built(path, output) => {
                by_path.entry(path.to_string()).or_default().outputs.push(output.to_string());
            }
        }
    }
    let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::with_capacity(by_path.len());
    for (path, wanted) in by_path {
        let mut members = Vec::new();
        if wanted.path {
            members.push(("path", Value::TRUE));
        }
        if wanted.all_outputs {
            members.push(("allOutputs", Value::TRUE));
        }
        if !wanted.outputs.is_empty() {
            let outputs: Vec<Value> = wanted.outputs.iter().map(|output| ev.str(output)).collect();
            members.push(("outputs", ev.list(&outputs)));
        }
        let members = ev.set(&members);
        attributes.push((ev.heap.intern(&path), members, ExprId::NONE));
    }
    Ok(ev.heap.new_set(&attributes))
}

fn append_context(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text, context] = args else { return Ok(Value::NULL) };
    let (id, set) = (ev.want_string(*text)?, ev.want_whole_attrs(*context)?);
    let mut elements = ev.heap.context(id).to_vec();
    let (path_name, all_name, outputs_name) =
        (ev.heap.intern("path"), ev.heap.intern("allOutputs"), ev.heap.intern("outputs"));
    for (name, slot, _) in ev.heap.entries(set) {
        ev.tick()?;
        let path: std::rc::Rc<str> = ev.heap.symbols.shared_name(name);
        if !path.strip_prefix(STORE).is_some_and(is_store_name) {
            let message = format!("builtins.appendContext: context key '{path}' is not a store path");
            return Err(ev.error(ErrorKind::Type, message));
        }
        let wanted = ev.want_attrs(Value::reference(slot))?;
        if let Some(value) = ev.optional_attribute(wanted, path_name)?
            && ev.want_bool(value)?
        {
            elements.push(ContextElement::Opaque(path.clone()));
        }
        if let Some(value) = ev.optional_attribute(wanted, all_name)?
            && ev.want_bool(value)?
        {
            if !path.ends_with(".drv") {
                return Err(not_a_derivation(ev, &path));
            }
            elements.push(ContextElement::DrvDeep(path.clone()));
        }
        if let Some(value) = ev.optional_attribute(wanted, outputs_name)? {
            let outputs = ev.want_whole_list(value)?;
            if outputs.len > 0 && !path.ends_with(".drv") {
                return Err(not_a_derivation(ev, &path));
            }
            for output in outputs.slots() {
                let output = ev.want_plain_text(Value::reference(output))?;
                elements.push(ContextElement::Built(path.clone(), output.into()));
            }
        }
    }
    Ok(with_context(ev, id, elements))
}

fn not_a_derivation(ev: &mut Evaluator, path: &str) -> crate::eval::Stop {
    let message = format!("builtins.appendContext: '{path}' is not a derivation, so it has no outputs");
    ev.error(ErrorKind::Type, message)
}

/// The same text with another context.
fn with_context(ev: &mut Evaluator, id: StrId, elements: Vec<ContextElement>) -> Value {
    let copy = ev.heap.substring(id, 0, usize::MAX);
    ev.heap.set_context(copy, elements);
    Value::string(copy)
}

fn discard_context(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let id = ev.coerce(*text, Coercion::Strict)?;
    if !ev.heap.has_context(id) && matches!(text.view(), View::Str(_)) {
        return Ok(*text);
    }
    Ok(with_context(ev, id, Vec::new()))
}

fn discard_output_dependency(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let id = ev.coerce(*text, Coercion::Strict)?;
    let context = ev.heap.context(id);
    let elements = context.iter().map(|element| match element {
        ContextElement::DrvDeep(path) => ContextElement::Opaque(path.clone()),
        other => other.clone(),
    });
    Ok(with_context(ev, id, elements.collect()))
}

fn add_output_dependencies(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let id = ev.coerce(*text, Coercion::Strict)?;
    let context = ev.heap.context(id);
    let element = match &*context {
        [ContextElement::Opaque(path) | ContextElement::DrvDeep(path)] if path.ends_with(".drv") => {
            ContextElement::DrvDeep(path.clone())
        }
        _ => {
            let message = "builtins.addDrvOutputDependencies: the string must refer to exactly one derivation";
            return Err(ev.error(ErrorKind::Type, message));
        }
    };
    Ok(with_context(ev, id, vec![element]))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn contexts() {
        let with =
            "builtins.appendContext \"abc\" { \"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x\" = { path = true; }; }";
        let cases = [
            (format!("builtins.hasContext ({with})"), "true"),
            (format!("builtins.hasContext (builtins.substring 0 0 ({with}))"), "true"),
            (format!("builtins.hasContext (builtins.unsafeDiscardStringContext ({with}))"), "false"),
            (
                format!("builtins.getContext (\"x\" + {with})"),
                "{ \"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x\" = { path = true; }; }",
            ),
            (format!("builtins.hasContext (builtins.concatStringsSep ({with}) [ ])"), "true"),
            (format!("builtins.hasContext (dirOf ({with}))"), "true"),
            (
                "builtins.getContext (builtins.storePath /nix/store/0123456789abcdfghijklmnpqrsvwxyz-x/y)".to_owned(),
                "{ \"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x\" = { path = true; }; }",
            ),
            (format!("map builtins.hasContext (builtins.match \"(.)..\" ({with}))"), "[ false ]"),
        ];
        for (expression, expected) in &cases {
            check(&[(expression.as_str(), expected)]);
        }
    }
}
