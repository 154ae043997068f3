//! Derivations: `derivationStrict`, and `derivation` around it.
//!
//! The paths of a derivation and its outputs follow from its attributes alone, as long as no attribute is a path of the file system (whose
//! content would have to be hashed) and every derivation that it refers to was made in the same evaluation.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::encoding::base16;
use super::hashing::{Algorithm, parse_hash};
use super::store::{check_name, fixed_path, sha256, store_path, text_path};
use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{ContextElement, Set, StrId, Symbol, Value, View, sym};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.derivation", 1, derivation).taking(&[("outputs", true)]),
    NativeDef::strict("builtins.derivationStrict", 1, derivation_strict),
];

/// Hashes of the derivations made so far, by path: what stands for them in the hashes of those that need them.
#[derive(Default)]
struct Made {
    hashes: FxHashMap<String, String>,
}

/// An output: path, hash algorithm (with `r:` if recursive) and hash; the last two are empty unless the content is fixed.
#[derive(Clone, Debug, Default)]
struct Output {
    path: String,
    algorithm: String,
    hash: String,
}

#[derive(Debug, Default)]
struct Derivation {
    name: String,
    outputs: BTreeMap<String, Output>,
    sources: BTreeSet<String>,
    inputs: BTreeMap<String, BTreeSet<String>>,
    system: String,
    builder: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// `derivation`: the attributes again, with one set for each output that refers lazily to the computed paths.
fn derivation(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let attributes = ev.want_attrs(*value)?;
    let outputs_name = ev.heap.intern("outputs");
    let names = match ev.optional_attribute(attributes, outputs_name)? {
        Some(outputs) => {
            let outputs = ev.want_whole_list(outputs)?;
            let names: Result<Vec<StrId>, Stop> =
                outputs.slots().map(|slot| ev.want_string(Value::reference(slot))).collect();
            names?
        }
        None => vec![ev.heap.new_string(b"out")],
    };
    if names.is_empty() {
        return Err(ev.error(ErrorKind::Type, "derivation: the list of outputs is empty"));
    }
    let strict = ev.delay_native("builtins.derivationStrict", &[*value]);
    // Every output's set contains all of them, so their slots exist before they do.
    let slots: Vec<_> = names.iter().map(|_| ev.heap.new_slot(Value::NULL)).collect();
    let references: Vec<Value> = slots.iter().map(|slot| Value::reference(*slot)).collect();
    let by_name: Vec<(Symbol, Value, ExprId)> = names
        .iter()
        .zip(&references)
        .map(|(name, reference)| (ev.heap.intern_string(*name), *reference, ExprId::NONE))
        .collect();
    let by_name = ev.heap.new_set(&by_name);
    let all = ev.heap.new_list(&references);
    let extra = ev.set(&[("all", all), ("drvAttrs", *value)]);
    let common = ev.update(*value, by_name)?;
    let common = ev.update(common, extra)?;
    for (name, slot) in names.iter().zip(&slots) {
        let name = Value::string(*name);
        let out_path = ev.delay_native("builtins.getAttr", &[name, strict]);
        let drv_name = ev.str("drvPath");
        let drv_path = ev.delay_native("builtins.getAttr", &[drv_name, strict]);
        let kind = ev.str("derivation");
        let own = ev.heap.new_set(&[
            (sym::OUT_PATH, out_path, ExprId::NONE),
            (sym::DRV_PATH, drv_path, ExprId::NONE),
            (sym::TYPE, kind, ExprId::NONE),
            (sym::OUTPUT_NAME, name, ExprId::NONE),
        ]);
        let set = ev.update(common, own)?;
        ev.heap.set(*slot, set);
    }
    references.first().map_or(Ok(Value::NULL), |first| ev.want(*first))
}

/// The text of an attribute as a derivation's environment holds it.
fn environment_text(ev: &mut Evaluator, value: Value, context: &mut Vec<ContextElement>) -> Result<String, Stop> {
    let id = ev.coerce(value, Coercion::Environment)?;
    context.extend(ev.heap.context(id).iter().cloned());
    Ok(ev.heap.text(id).into_owned())
}

/// How the content of a fixed output may be hashed; two more ways are experiments of Nix.
const MODES: &[&str] = &["flat", "recursive", "nar"];

/// The names of the outputs, which stand in one text.
fn output_names(text: &str) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split_ascii_whitespace() {
        if names.iter().any(|other| other == name) {
            return Err(format!("duplicate derivation output '{name}'"));
        }
        // The set that is made has an attribute of this name already.
        if name == "drvPath" {
            return Err("invalid derivation output name 'drvPath'".to_owned());
        }
        names.push(name.to_owned());
    }
    if names.is_empty() { Err("derivation cannot have an empty set of outputs".to_owned()) } else { Ok(names) }
}

/// The name of the store path of an output.
fn output_name(name: &str, output: &str) -> String {
    if output == "out" { name.to_owned() } else { format!("{name}-{output}") }
}

fn flag(ev: &mut Evaluator, set: Set, name: &str) -> Result<bool, Stop> {
    let name = ev.heap.intern(name);
    match ev.optional_attribute(set, name)? {
        Some(value) => ev.want_bool(value),
        None => Ok(false),
    }
}

fn derivation_strict(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let set = ev.want_whole_attrs(*value)?;
    let Some(name) = ev.attribute(set, sym::NAME) else {
        return Err(ev.error(ErrorKind::MissingAttribute, "required attribute 'name' missing"));
    };
    let name = ev.want_plain_text(name)?;
    check_name(ev, &name)?;
    if flag(ev, set, "__structuredAttrs")? {
        return Err(ev.unsupported("a derivation with `__structuredAttrs`"));
    }
    let drops_null = flag(ev, set, "__ignoreNulls")?;
    let mut context = Vec::new();
    let mut made = Derivation { name, ..Derivation::default() };
    let mut outputs = vec!["out".to_owned()];
    for (symbol, slot, _) in ev.heap.entries(set) {
        let key = ev.heap.name(symbol).to_owned();
        let value = ev.want(Value::reference(slot))?;
        if key == "__ignoreNulls" || drops_null && value.view() == View::Null {
            continue;
        }
        if matches!(key.as_str(), "__contentAddressed" | "__impure") && ev.want_bool(value)? {
            return Err(ev.unsupported(&format!("a derivation with `{key}`")));
        }
        if key == "args" {
            let list = ev.want_whole_list(value)?;
            for slot in list.slots() {
                made.arguments.push(environment_text(ev, Value::reference(slot), &mut context)?);
            }
            continue;
        }
        let text = environment_text(ev, value, &mut context)?;
        match key.as_str() {
            "builder" => made.builder.clone_from(&text),
            "system" => made.system.clone_from(&text),
            "outputs" => outputs = output_names(&text).map_err(|message| ev.error(ErrorKind::Type, message))?,
            "outputHashMode" if !MODES.contains(&text.as_str()) => {
                let message = format!("invalid value '{text}' for 'outputHashMode' attribute");
                return Err(ev.error(ErrorKind::Type, message));
            }
            _ => {}
        }
        made.environment.insert(key, text);
    }
    for required in ["builder", "system"] {
        if made.environment.get(required).is_none_or(String::is_empty) {
            return Err(ev.error(ErrorKind::MissingAttribute, format!("required attribute '{required}' missing")));
        }
    }
    if made.name.ends_with(".drv") {
        let message = "derivation names are allowed to end in '.drv' only if they produce a single derivation file";
        return Err(ev.error(ErrorKind::Type, message));
    }
    let inputs = made.take_inputs(ev, context)?;
    if made.environment.contains_key("outputHash") {
        if let Err(message) = made.fix_output(&outputs) {
            return Err(ev.error(ErrorKind::Type, format!("derivation '{}': {message}", made.name)));
        }
    } else {
        made.compute_outputs(&outputs, &inputs);
    }
    for output in &outputs {
        check_name(ev, &output_name(&made.name, output))?;
    }
    check_name(ev, &format!("{}.drv", made.name))?;
    let text = made.text(None, false);
    let references: Vec<String> = {
        let all: BTreeSet<&String> = made.sources.iter().chain(made.inputs.keys()).collect();
        all.into_iter().cloned().collect()
    };
    let path = text_path(&format!("{}.drv", made.name), text.as_bytes(), &references);
    let hash = made.modulo(&inputs);
    ev.extension::<Made>().hashes.insert(path.clone(), hash);

    let shared: std::rc::Rc<str> = path.as_str().into();
    let drv = ev.heap.new_string(path.as_bytes());
    ev.heap.set_context(drv, vec![ContextElement::DrvDeep(shared.clone())]);
    let mut result = vec![(sym::DRV_PATH, Value::string(drv), ExprId::NONE)];
    for (name, output) in &made.outputs {
        let id = ev.heap.new_string(output.path.as_bytes());
        ev.heap.set_context(id, vec![ContextElement::Built(shared.clone(), name.as_str().into())]);
        result.push((ev.heap.intern(name), Value::string(id), ExprId::NONE));
    }
    Ok(ev.heap.new_set(&result))
}

impl Derivation {
    /// Sorts what the attributes refer to into sources and derivations; gives the derivations by what stands for them in hashes.
    fn take_inputs(
        &mut self,
        ev: &mut Evaluator,
        context: Vec<ContextElement>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, Stop> {
        for element in context {
            match element {
                ContextElement::Opaque(path) => {
                    self.sources.insert(path.to_string());
                }
                ContextElement::Built(path, output) => {
                    self.inputs.entry(path.to_string()).or_default().insert(output.to_string());
                }
                ContextElement::DrvDeep(path) => {
                    return Err(ev.unknown(UnknownReason::StorePath(format!("everything that {path} needs"))));
                }
            }
        }
        let mut hashed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, outputs) in &self.inputs {
            let Some(hash) = ev.extension::<Made>().hashes.get(path).cloned() else {
                return Err(ev.unknown(UnknownReason::StorePath(path.clone())));
            };
            hashed.entry(hash).or_default().extend(outputs.iter().cloned());
        }
        Ok(hashed)
    }

    /// The one output of a derivation whose content is known beforehand.
    fn fix_output(&mut self, outputs: &[String]) -> Result<(), String> {
        if outputs != ["out"] {
            return Err("multiple outputs are not supported in fixed-output derivations".to_owned());
        }
        let text = |name: &str| self.environment.get(name).map_or("", String::as_str);
        // An algorithm of another name is taken for none, as long as the hash names one.
        let given = Algorithm::named(text("outputHashAlgo"));
        let (algorithm, bytes) = match text("outputHash") {
            "" => {
                let algorithm = given.ok_or_else(|| "empty hash requires explicit hash algorithm".to_owned())?;
                (algorithm, vec![0; algorithm.size()])
            }
            hash => parse_hash(hash, given)?,
        };
        let is_recursive = matches!(text("outputHashMode"), "recursive" | "nar");
        let hash = base16(&bytes);
        let method = if is_recursive { "r:" } else { "" };
        let path = fixed_path(is_recursive, algorithm, &hash, &self.name);
        self.environment.insert("out".to_owned(), path.clone());
        let output = Output { path, algorithm: format!("{method}{}", algorithm.name()), hash };
        self.outputs.insert("out".to_owned(), output);
        Ok(())
    }

    /// The paths of outputs that follow from the derivation itself.
    fn compute_outputs(&mut self, outputs: &[String], inputs: &BTreeMap<String, BTreeSet<String>>) {
        for name in outputs {
            self.outputs.insert(name.clone(), Output::default());
            self.environment.insert(name.clone(), String::new());
        }
        let hash = sha256(self.text(Some(inputs), true).as_bytes());
        for (name, output) in &mut self.outputs {
            output.path = store_path(&format!("output:{name}"), &hash, &output_name(&self.name, name));
            self.environment.insert(name.clone(), output.path.clone());
        }
    }

    /// What stands for this derivation in the hashes of those that need it: for a fixed output its content, else its own text.
    fn modulo(&self, inputs: &BTreeMap<String, BTreeSet<String>>) -> String {
        match self.outputs.get("out").filter(|output| !output.hash.is_empty()) {
            Some(fixed) => sha256(format!("fixed:out:{}:{}:{}", fixed.algorithm, fixed.hash, fixed.path).as_bytes()),
            None => sha256(self.text(Some(inputs), false).as_bytes()),
        }
    }

    /// The text of the `.drv` file; with other names for its inputs, and without the paths of its outputs, if asked.
    fn text(&self, inputs: Option<&BTreeMap<String, BTreeSet<String>>>, hides_outputs: bool) -> String {
        let outputs = self.outputs.iter().map(|(name, output)| {
            let path = if hides_outputs { "" } else { &output.path };
            tuple(&[quote(name), quote(path), quote(&output.algorithm), quote(&output.hash)])
        });
        let inputs = inputs
            .unwrap_or(&self.inputs)
            .iter()
            .map(|(path, outputs)| tuple(&[quote(path), list(outputs.iter().map(|output| quote(output)))]));
        let environment = self.environment.iter().map(|(name, value)| {
            let is_hidden = hides_outputs && self.outputs.contains_key(name);
            tuple(&[quote(name), quote(if is_hidden { "" } else { value })])
        });
        let parts = [
            list(outputs),
            list(inputs),
            list(self.sources.iter().map(|path| quote(path))),
            // The only text of a user that Nix writes as it is.
            format!("\"{}\"", self.system),
            quote(&self.builder),
            list(self.arguments.iter().map(|argument| quote(argument))),
            list(environment),
        ];
        format!("Derive{}", tuple(&parts))
    }
}

fn tuple(parts: &[String]) -> String {
    format!("({})", parts.join(","))
}

fn list(parts: impl Iterator<Item = String>) -> String {
    format!("[{}]", parts.collect::<Vec<_>>().join(","))
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::{check, eval_to_text};

    #[test]
    fn paths_follow_from_the_attributes() {
        check(&[
            (
                "(derivation { name = \"d\"; system = \"x86_64-linux\"; builder = \"/bin/sh\"; args = [ \"-c\" \"echo > $out\" ]; FLAG = true; N = 5; }).outPath",
                "\"/nix/store/bdy8wzhmyl494djwh44dm0af977ykm0q-d\"",
            ),
            ("(derivation { name = \"d\"; }).drvPath", "error: required attribute 'builder' missing"),
            ("(derivation { name = \"d\"; }).name", "\"d\""),
            (
                "(derivation { name = \"d\"; system = \"s\"; builder = null; }).outPath",
                "error: required attribute 'builder' missing",
            ),
            (
                "(derivation { name = \"d\"; system = \"s\"; builder = \"b\"; outputs = [ \"a\" \"a\" ]; }).outPath",
                "error: duplicate derivation output 'a'",
            ),
            (
                "(derivation { name = \"d\"; system = \"s\"; builder = \"b\"; outputs = [ \"a/b\" ]; }).outPath",
                "error: 'd-a/b' cannot be the name of a store path: it contains a character that is not allowed",
            ),
            (
                "builtins.derivationStrict { name = \"d\"; __ignoreNulls = throw \"nulls\"; __contentAddressed = throw \"addressed\"; }",
                "error: nulls",
            ),
            (
                "(derivation { name = \"d\"; system = \"s\"; builder = \"b\"; outputHash = \"\"; }).outPath",
                "error: derivation 'd': empty hash requires explicit hash algorithm",
            ),
            ("builtins.functionArgs derivation", "{ outputs = true; }"),
            ("derivation", "<LAMBDA>"),
            (
                "let d = derivation { name = \"d\"; outputs = [ \"out\" \"dev\" ]; }; in d.dev.outputName + d.type",
                "\"devderivation\"",
            ),
            (
                "builtins.attrNames (builtins.getContext (toString (derivation { name = \"d\"; system = \"s\"; builder = \"b\"; }))) != [ ]",
                "true",
            ),
        ]);
    }

    #[test]
    fn a_path_in_an_attribute_makes_the_store_path_unknown() {
        let answer = eval_to_text("(derivation { name = \"d\"; system = \"s\"; builder = ./b; }).outPath");
        assert!(answer.starts_with("unknown: "), "{answer}");
    }
}
