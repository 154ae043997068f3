//! What `lib.options` offers for documents: lists of options and text that stands for values.

use super::options::{attribute_of, literal, required};
use super::table::is_tagged;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Value, View, sym};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.options.literalExpression", 1, literal_expression),
    NativeDef::strict("lib.options.literalMD", 1, literal_md),
    NativeDef::strict("lib.options.literalCode", 2, literal_code),
    NativeDef::strict("lib.options.optionAttrSetToDocList", 1, document_list),
    NativeDef::with_strict("lib.options.optionAttrSetToDocList'", 2, 2, document_list_below),
    NativeDef::strict("lib.options.scrubOptionValue", 1, scrub),
    NativeDef::strict("lib.options.renderOptionValue", 1, render),
];

/// Deepest nesting of options that are listed.
const DEEPEST: u32 = 200;

fn tagged_text(ev: &mut Evaluator, tag: &str, text: Value) -> Outcome {
    if !matches!(text.view(), View::Str(_)) {
        return Err(ev.error(ErrorKind::Throw, format!("{tag} expects a string.")));
    }
    let tag = ev.str(tag);
    Ok(ev.set(&[("_type", tag), ("text", text)]))
}

fn literal_expression(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [text] = arguments else { return Ok(Value::NULL) };
    tagged_text(ev, "literalExpression", *text)
}

fn literal_md(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [text] = arguments else { return Ok(Value::NULL) };
    tagged_text(ev, "literalMD", *text)
}

fn literal_code(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [language, text] = arguments else { return Ok(Value::NULL) };
    let (language, text) = (ev.want_text(*language)?, ev.want_text(*text)?);
    let text = ev.str(&format!("```{language}\n{text}\n```\n"));
    tagged_text(ev, "literalMD", text)
}

fn scrub(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let again = ev.native("lib.options.scrubOptionValue");
    match value.view() {
        View::List(seq) => {
            let mut values = Vec::with_capacity(seq.count());
            for element in ev.heap.elements(seq) {
                values.push(ev.heap.deferred(again, &[element]));
            }
            Ok(ev.list(&values))
        }
        View::Attrs(set) if ev.is_derivation(set) => {
            let name = ev.attribute_or_stop(set, sym::NAME)?;
            let tag = ev.str("derivation");
            Ok(ev.set(&[("type", tag), ("drvPath", name), ("outPath", name), ("name", name)]))
        }
        View::Attrs(set) => {
            let mut attributes = Vec::new();
            for (name, slot, origin) in ev.heap.entries(set) {
                if ev.heap.name(name) == "_args" {
                    continue;
                }
                let content = ev.heap.share(slot);
                attributes.push((name, ev.heap.deferred(again, &[content]), origin));
            }
            Ok(ev.heap.new_set(&attributes))
        }
        _ => Ok(*value),
    }
}

fn render(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    if let View::Attrs(set) = value.view()
        && attribute_of(ev, set, "_type")?.is_some()
        && attribute_of(ev, set, "text")?.is_some()
    {
        return Ok(*value);
    }
    let settings = ev.set(&[("multiline", Value::TRUE), ("allowPrettyValues", Value::TRUE)]);
    let pretty = ev.native("lib.generators.toPretty");
    let text = ev.call(pretty, &[settings, *value])?;
    let text = ev.want_text(text)?;
    Ok(literal(ev, &text))
}

fn document_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let mut documents = Vec::new();
    document_all(ev, *options, 0, &mut documents)?;
    Ok(ev.list(&documents))
}

fn document_list_below(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [_, options] = arguments else { return Ok(Value::NULL) };
    document_list(ev, &[*options])
}

/// Documents of the options in a tree of sets and of those below them. All options of a tree are found before the first one is looked into.
fn document_all(ev: &mut Evaluator, tree: Value, depth: u32, documents: &mut Vec<Value>) -> Result<(), Stop> {
    let mut options = Vec::new();
    collect(ev, tree, depth, &mut options)?;
    options.into_iter().try_for_each(|(option, set)| document(ev, option, set, depth, documents))
}

/// The options in a tree of sets, in the order of their names.
fn collect(ev: &mut Evaluator, tree: Value, depth: u32, options: &mut Vec<(Value, Set)>) -> Result<(), Stop> {
    ev.tick()?;
    if depth > DEEPEST {
        return Err(ev.limit_error(crate::eval::LimitKind::Depth));
    }
    let tree = ev.want(tree)?;
    let View::Attrs(set) = tree.view() else { return Ok(()) };
    if is_tagged(ev, set, b"option")? {
        options.push((tree, set));
        return Ok(());
    }
    for (_, slot, _) in ev.heap.entries(set) {
        let below = ev.heap.share(slot);
        collect(ev, below, depth + 1, options)?;
    }
    Ok(())
}

fn or_else(ev: &mut Evaluator, set: Set, name: &str, otherwise: Value) -> Result<Value, Stop> {
    Ok(attribute_of(ev, set, name)?.unwrap_or(otherwise))
}

fn document(ev: &mut Evaluator, option: Value, set: Set, depth: u32, documents: &mut Vec<Value>) -> Result<(), Stop> {
    let loc = required(ev, option, "loc")?;
    let name = super::merge::loc_of(ev, loc)?.show(&ev.heap);
    let visible = or_else(ev, set, "visible", Value::TRUE)?;
    let visible = ev.want(visible)?;
    let (is_shown, shows_below) = match visible.view() {
        View::Bool(truth) => (truth, truth),
        View::Str(id) => (ev.heap.bytes(id) == b"shallow", ev.heap.bytes(id) == b"transparent"),
        _ => (false, false),
    };
    let mut files = Vec::new();
    let declarations = required(ev, option, "declarations")?;
    let declarations = ev.want_list(declarations)?;
    for file in ev.heap.elements(declarations) {
        let is_unknown = match ev.want(file)?.view() {
            View::Str(id) => ev.heap.bytes(id) == b"<unknown-file>",
            _ => false,
        };
        if !is_unknown {
            files.push(file);
        }
    }
    let ty = attribute_of(ev, set, "type")?;
    let type_set = match ty {
        Some(ty) => Some(ev.want_attrs(ty)?),
        None => None,
    };
    let words = match type_set {
        Some(ty) => attribute_of(ev, ty, "description")?,
        None => None,
    };
    let unspecified = ev.str("unspecified");
    let mut fields = vec![
        ("loc", loc),
        ("name", ev.str(&name)),
        ("description", or_else(ev, set, "description", Value::NULL)?),
        ("declarations", ev.list(&files)),
        ("internal", or_else(ev, set, "internal", Value::FALSE)?),
        ("visible", Value::bool(is_shown)),
        ("readOnly", or_else(ev, set, "readOnly", Value::FALSE)?),
        ("type", words.unwrap_or(unspecified)),
    ];
    if let Some(example) = attribute_of(ev, set, "example")? {
        fields.push(("example", ev.delay_native("lib.options.renderOptionValue", &[example])));
    }
    if let Some(default) = shown_default(ev, set, type_set)? {
        fields.push(("default", ev.delay_native("lib.options.renderOptionValue", &[default])));
    }
    if let Some(packages) = attribute_of(ev, set, "relatedPackages")?
        && ev.want(packages)?.view() != View::Null
    {
        fields.push(("relatedPackages", packages));
    }
    documents.push(ev.set(&fields));
    if let (true, Some(ty)) = (shows_below, type_set)
        && let Some(get) = attribute_of(ev, ty, "getSubOptions")?
    {
        let below = ev.call(get, &[loc])?;
        document_all(ev, below, depth + 1, documents)?;
    }
    Ok(())
}

/// What a document shows as default: the text for it, the default itself, or the value of the type without definitions.
fn shown_default(ev: &mut Evaluator, option: Set, ty: Option<Set>) -> Result<Option<Value>, Stop> {
    for name in ["defaultText", "default"] {
        if let Some(value) = attribute_of(ev, option, name)? {
            return Ok(Some(value));
        }
    }
    let Some(ty) = ty else { return Ok(None) };
    let modules = or_else(ev, ty, "getSubModules", Value::NULL)?;
    if ev.want(modules)?.view() != View::Null {
        return Ok(None);
    }
    let empty = or_else(ev, ty, "emptyValue", Value::EMPTY_SET)?;
    let empty = ev.want_attrs(empty)?;
    attribute_of(ev, empty, "value")
}
