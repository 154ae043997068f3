//! Types taken apart and put together: merging two declarations' types, sub-options, other submodules.

use std::rc::Rc;

use super::show::fail;
use super::table::{
    Bounds, Kind, ModuleList, Part, Plain, Submodule, Types, add, attrs_of, either, kind, list_of, native_role,
    null_or, part, part_value, plain, resolve, type_number, type_of_value,
};
use super::value::{inner_of, number, own_name, type_field, type_value};
use super::{TypeId, submodule};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::with_strict("internal.types.getSubOptions", 2, 1, get_sub_options),
    NativeDef::with_strict("internal.types.substSubModules", 2, 1, subst_sub_modules),
    NativeDef::strict("internal.types.typeMerge", 2, type_merge),
    NativeDef::strict("internal.types.binOp", 3, merge_payloads),
    NativeDef::strict("internal.types.fromPayload", 2, from_payload_field),
    NativeDef::strict("internal.types.mergedTag", 2, merged_tag),
    NativeDef::strict("internal.types.joinedField", 2, joined_field),
    NativeDef::strict("lib.types.defaultTypeMerge", 2, default_type_merge),
];

/// The type that decides how a type merges with another one: checks added to it do not matter.
fn root(ev: &mut Evaluator, ty: TypeId) -> TypeId {
    let mut ty = ty;
    for _ in 0..64 {
        ty = match &*kind(ev, ty) {
            Kind::Checked { base, .. } => *base,
            Kind::Bounded(Bounds { allows_floats: false, .. }) => plain(ev, Plain::Int),
            Kind::Bounded(_) => {
                let (int, float) = (plain(ev, Plain::Int), plain(ev, Plain::Float));
                either(ev, Part::Known(int), Part::Known(float))
            }
            _ => return ty,
        };
    }
    ty
}

/// The native type that stands behind a type's `typeMerge`; `None` if a user wrote that.
fn merging_root(ev: &mut Evaluator, ty: TypeId) -> Result<Option<TypeId>, Stop> {
    let ty = root(ev, ty);
    let Kind::Written { .. } = &*kind(ev, ty) else { return Ok(Some(ty)) };
    let Some(function) = type_field(ev, ty, "typeMerge")? else { return Ok(None) };
    Ok(native_role(ev, function, "internal.types.typeMerge").map(|id| root(ev, id)))
}

/// The type of an option declared with both types, if there is one.
///
/// Types that contain themselves, as `types.json` does, cannot be merged: that ends at the limit of nesting, in nixpkgs too.
pub fn merge_types(ev: &mut Evaluator, a: TypeId, b: TypeId) -> Result<Option<TypeId>, Stop> {
    ev.one_deeper(|ev| merge_types_inside(ev, a, b))
}

fn merge_types_inside(ev: &mut Evaluator, a: TypeId, b: TypeId) -> Result<Option<TypeId>, Stop> {
    match merging_root(ev, a)? {
        Some(left) => {
            let functor = type_field(ev, b, "functor")?.unwrap_or(Value::NULL);
            merge_with_functor(ev, left, functor)
        }
        None => {
            let Some(merge) = type_field(ev, a, "typeMerge")? else { return Ok(None) };
            let functor = type_field(ev, b, "functor")?.unwrap_or(Value::NULL);
            let merged = ev.call(merge, &[functor])?;
            let merged = ev.want(merged)?;
            if merged.view() == View::Null { Ok(None) } else { type_of_value(ev, merged).map(Some) }
        }
    }
}

fn merge_with_functor(ev: &mut Evaluator, left: TypeId, functor: Value) -> Result<Option<TypeId>, Stop> {
    let functor = ev.want(functor)?;
    let View::Attrs(set) = functor.view() else { return Ok(None) };
    if let Some(right) = ev.extension::<Types>().functors.get(&set).copied() {
        return merge_native(ev, left, right);
    }
    let own = functor_value(ev, left)?;
    let merged = merge_functors(ev, own, functor)?;
    if merged.view() == View::Null { Ok(None) } else { type_of_value(ev, merged).map(Some) }
}

/// Both parts merged, if they can be.
fn merge_parts(ev: &mut Evaluator, a: Part, b: Part) -> Result<Option<Part>, Stop> {
    let (a, b) = (resolve(ev, a)?, resolve(ev, b)?);
    Ok(merge_types(ev, a, b)?.map(Part::Known))
}

fn merge_native(ev: &mut Evaluator, a: TypeId, b: TypeId) -> Result<Option<TypeId>, Stop> {
    let (a, b) = (root(ev, a), root(ev, b));
    let (left, right) = (kind(ev, a), kind(ev, b));
    Ok(match (&*left, &*right) {
        (Kind::CoercedTo { .. } | Kind::AttrListOf { .. }, _) => None,
        (Kind::Plain(x), Kind::Plain(y)) => (x == y).then_some(a),
        (Kind::StrMatching(x), Kind::StrMatching(y)) | (Kind::Separated(x), Kind::Separated(y)) => {
            ev.equal(*x, *y)?.then_some(a)
        }
        (Kind::Path { in_store: s, absolute: x }, Kind::Path { in_store: t, absolute: y }) => {
            (ev.equal(*s, *t)? && ev.equal(*x, *y)?).then_some(a)
        }
        (Kind::Enum(x), Kind::Enum(y)) => {
            let (x, y) = (ev.want(*x)?, ev.want(*y)?);
            let both = ev.concat_lists(x, y)?;
            let unique = ev.native("lib.lists.unique");
            let values = ev.heap.delay_call(unique, &[both]);
            Some(add(ev, Kind::Enum(values)))
        }
        (Kind::ListOf(x), Kind::ListOf(y)) => merge_parts(ev, *x, *y)?.map(|part| list_of(ev, part)),
        (Kind::NullOr(x), Kind::NullOr(y)) => merge_parts(ev, *x, *y)?.map(|part| null_or(ev, part)),
        (Kind::FunctionTo(x), Kind::FunctionTo(y)) => {
            merge_parts(ev, *x, *y)?.map(|part| add(ev, Kind::FunctionTo(part)))
        }
        (Kind::Unique { message, inner: x }, Kind::Unique { inner: y, .. }) => {
            let message = *message;
            merge_parts(ev, *x, *y)?.map(|inner| add(ev, Kind::Unique { message, inner }))
        }
        (
            Kind::AttrsOf { element: x, is_lazy, placeholder: p },
            Kind::AttrsOf { element: y, is_lazy: other_lazy, placeholder: q },
        ) => {
            let (first, second) = (ev.want_text(*p)?, ev.want_text(*q)?);
            let placeholder = match (first.as_str(), second.as_str()) {
                (x, y) if x == y || y == "name" => *p,
                ("name", _) => *q,
                _ => return Ok(None),
            };
            let is_lazy = *is_lazy;
            match merge_parts(ev, *x, *y)? {
                Some(element) if is_lazy == *other_lazy => {
                    Some(add(ev, Kind::AttrsOf { element, is_lazy, placeholder }))
                }
                _ => None,
            }
        }
        (Kind::Either(l, r), Kind::Either(m, s)) => match (merge_parts(ev, *l, *m)?, merge_parts(ev, *r, *s)?) {
            (Some(left), Some(right)) => Some(either(ev, left, right)),
            _ => None,
        },
        (Kind::Submodule(x), Kind::Submodule(y)) => Some(merge_submodules(ev, x, y)?),
        (Kind::DeferredModule(x), Kind::DeferredModule(y)) => {
            let (x, y) = (ev.want(*x)?, ev.want(*y)?);
            let both = ev.concat_lists(x, y)?;
            Some(add(ev, Kind::DeferredModule(both)))
        }
        (Kind::AttrTag(x), Kind::AttrTag(y)) => {
            let (x, y) = (ev.want(*x)?, ev.want(*y)?);
            let tags = merge_tags(ev, x, y)?;
            Some(add(ev, Kind::AttrTag(tags)))
        }
        _ => None,
    })
}

/// The tags of both unions; a tag of both becomes an option declared twice.
fn merge_tags(ev: &mut Evaluator, x: Value, y: Value) -> Outcome {
    let (left, right) = (ev.want_attrs(x)?, ev.want_attrs(y)?);
    let mut shared = Vec::new();
    for (name, slot, origin) in ev.heap.entries(right) {
        let Some(first) = ev.attribute(left, name) else { continue };
        let second = ev.heap.share(slot);
        let text = ev.heap.name(name).to_owned();
        let text = ev.str(&text);
        let loc = ev.list(&[text]);
        let mut declarations = Vec::with_capacity(2);
        for option in [first, second] {
            let file = ev.str("<attrTag {...}>");
            declarations.push(ev.set(&[("options", option), ("_file", file), ("pos", Value::NULL)]));
        }
        let declarations = ev.list(&declarations);
        shared.push((name, ev.delay_native("internal.types.mergedTag", &[loc, declarations]), origin));
    }
    let both = ev.update(x, y)?;
    let shared = ev.heap.new_set(&shared);
    ev.update(both, shared)
}

/// A tag that two unions declare. Where it is declared tell the two options themselves.
fn merged_tag(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [loc, declarations] = arguments else { return Ok(Value::NULL) };
    let merge = ev.native("lib.modules.mergeOptionDecls");
    let merged = ev.call(merge, &[*loc, *declarations])?;
    let [files, positions] = ["declarations", "declarationPositions"]
        .map(|name| (name, ev.str(name)))
        .map(|(name, field)| (name, ev.delay_native("internal.types.joinedField", &[*declarations, field])));
    let places = ev.set(&[files, positions]);
    ev.update(merged, places)
}

/// A list that each of the options has, one after the other.
fn joined_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [declarations, field] = arguments else { return Ok(Value::NULL) };
    let field = ev.want_text(*field)?;
    let field = ev.heap.intern(&field);
    let options = ev.heap.intern("options");
    let mut joined = Value::EMPTY_LIST;
    for declaration in ev.want_list(*declarations)?.slots() {
        let declaration = ev.want_attrs(Value::reference(declaration))?;
        let option = ev.attribute_or_stop(declaration, options)?;
        let option = ev.want_attrs(option)?;
        let list = ev.attribute_or_stop(option, field)?;
        let list = ev.want(list)?;
        joined = ev.concat_lists(joined, list)?;
    }
    Ok(joined)
}

fn merge_submodules(ev: &mut Evaluator, x: &Submodule, y: &Submodule) -> Result<TypeId, Stop> {
    let mut modules = submodule::modules(ev, x)?.to_vec();
    modules.extend_from_slice(&submodule::modules(ev, y)?);
    // Where the two contradict each other, that shows when somebody uses what they do not agree on.
    let special_args = joined(ev, x.special_args, y.special_args).unwrap_or_else(|stop| stop.0);
    let mut agreed = |a, b, what| agreed(ev, a, b, what).unwrap_or_else(|stop| stop.0);
    let shorthand = agreed(x.shorthand, y.shorthand, "shorthandOnlyDefinesConfig values");
    let description = agreed(x.description, y.description, "descriptions");
    let class = agreed(x.class, y.class, "class values");
    let merged = Submodule {
        modules: ModuleList::Known(Rc::from(modules)),
        special_args,
        shorthand,
        description,
        class,
        schema: x.schema.clone().or_else(|| y.schema.clone()),
        is_open: x.is_open || y.is_open,
    };
    Ok(add(ev, Kind::Submodule(merged)))
}

/// `specialArgs` of two declarations, which must not give the same names.
fn joined(ev: &mut Evaluator, a: Value, b: Value) -> Outcome {
    let (special, other) = (ev.want(a)?, ev.want(b)?);
    if let (View::Attrs(left), View::Attrs(right)) = (special.view(), other.view())
        && let Some((name, ..)) =
            ev.heap.entries(left).into_iter().find(|(name, ..)| ev.heap.attribute(right, *name).is_some())
    {
        let message = format!(
            "A submoduleWith option is declared multiple times with the same specialArgs \"{}\"",
            ev.heap.name(name)
        );
        return Err(fail(ev, "redeclared", message));
    }
    ev.update(special, other)
}

/// Of two values of which one may be null, the one to take.
fn agreed(ev: &mut Evaluator, a: Value, b: Value, what: &str) -> Outcome {
    let (a, b) = (ev.want(a)?, ev.want(b)?);
    if a.view() == View::Null {
        return Ok(b);
    }
    if b.view() == View::Null || ev.equal(a, b)? {
        return Ok(a);
    }
    let message = format!("A submoduleWith option is declared multiple times with conflicting {what}");
    Err(fail(ev, "redeclared", message))
}

/// The field `functor` of a native type.
pub(super) fn functor_value(ev: &mut Evaluator, ty: TypeId) -> Outcome {
    let ty = root(ev, ty);
    let kind = kind(ev, ty);
    let id = number(ty);
    let name = match &*kind {
        Kind::AttrsOf { .. } => "attrsWith".to_owned(),
        Kind::DeferredModule(_) => "deferredModuleWith".to_owned(),
        Kind::StrMatching(_) => "strMatching".to_owned(),
        other => own_name(ev, other)?,
    };
    let name = ev.str(&name);
    let payload = payload(ev, &kind)?;
    let make = if payload.view() == View::Null {
        match &*kind {
            Kind::Plain(_) => type_value(ev, ty),
            _ => Value::NULL,
        }
    } else {
        match &*kind {
            Kind::AttrsOf { .. } => ev.native("lib.types.attrsWith"),
            Kind::Path { .. } => ev.native("lib.types.pathWith"),
            Kind::DeferredModule(_) => ev.native("lib.types.deferredModuleWith"),
            Kind::Submodule(spec) if spec.schema.is_none() && !spec.is_open => ev.native("lib.types.submoduleWith"),
            _ => ev.native_with("internal.types.fromPayload", &[id]),
        }
    };
    let merge = ev.native_with("internal.types.binOp", &[id]);
    let functor = ev.set(&[("name", name), ("type", make), ("payload", payload), ("binOp", merge)]);
    if let View::Attrs(set) = functor.view() {
        ev.extension::<Types>().functors.insert(set, ty);
    }
    Ok(functor)
}

/// What a type is made of, as its functor shows it.
fn payload(ev: &mut Evaluator, kind: &Kind) -> Outcome {
    Ok(match kind {
        Kind::StrMatching(pattern) => ev.set(&[("pattern", *pattern)]),
        Kind::Separated(separator) => ev.set(&[("sep", *separator)]),
        Kind::Path { in_store, absolute } => ev.set(&[("inStore", *in_store), ("absolute", *absolute)]),
        Kind::Enum(values) => ev.set(&[("values", *values)]),
        Kind::AttrTag(tags) => ev.set(&[("tags", *tags)]),
        Kind::DeferredModule(modules) => ev.set(&[("staticModules", *modules)]),
        Kind::Either(left, right) => {
            let (left, right) = (part_value(ev, *left), part_value(ev, *right));
            let both = ev.list(&[left, right]);
            ev.set(&[("elemType", both)])
        }
        Kind::AttrsOf { element, is_lazy, placeholder } => {
            let element = part_value(ev, *element);
            ev.set(&[("elemType", element), ("lazy", Value::bool(*is_lazy)), ("placeholder", *placeholder)])
        }
        Kind::Submodule(spec) => {
            let modules = submodule::modules(ev, spec)?;
            let modules = ev.list(&modules);
            ev.set(&[
                ("modules", modules),
                ("class", spec.class),
                ("specialArgs", spec.special_args),
                ("shorthandOnlyDefinesConfig", spec.shorthand),
                ("description", spec.description),
            ])
        }
        Kind::ListOf(inner) | Kind::NullOr(inner) | Kind::FunctionTo(inner) | Kind::Unique { inner, .. } => {
            let inner = part_value(ev, *inner);
            ev.set(&[("elemType", inner)])
        }
        _ => Value::NULL,
    })
}

/// The type of the same kind as `model` made of a payload.
fn from_payload(ev: &mut Evaluator, model: TypeId, payload: Value) -> Result<TypeId, Stop> {
    let set = ev.want_attrs(payload)?;
    let field = |ev: &mut Evaluator, name: &str| {
        let name = ev.heap.intern(name);
        ev.attribute_or_stop(set, name)
    };
    let model = kind(ev, model);
    Ok(match &*model {
        Kind::StrMatching(_) => {
            let pattern = field(ev, "pattern")?;
            add(ev, Kind::StrMatching(pattern))
        }
        Kind::Separated(_) => {
            let separator = field(ev, "sep")?;
            add(ev, Kind::Separated(separator))
        }
        Kind::Path { .. } => {
            let (in_store, absolute) = (field(ev, "inStore")?, field(ev, "absolute")?);
            add(ev, Kind::Path { in_store, absolute })
        }
        Kind::Enum(_) => {
            let values = field(ev, "values")?;
            add(ev, Kind::Enum(values))
        }
        Kind::AttrTag(_) => {
            let tags = field(ev, "tags")?;
            add(ev, Kind::AttrTag(tags))
        }
        Kind::DeferredModule(_) => {
            let modules = field(ev, "staticModules")?;
            add(ev, Kind::DeferredModule(modules))
        }
        Kind::Submodule(spec) => {
            let spec = Submodule {
                modules: ModuleList::Many(field(ev, "modules")?),
                special_args: field(ev, "specialArgs")?,
                shorthand: field(ev, "shorthandOnlyDefinesConfig")?,
                description: field(ev, "description")?,
                class: field(ev, "class")?,
                ..spec.clone()
            };
            add(ev, Kind::Submodule(spec))
        }
        other => {
            let element = field(ev, "elemType")?;
            if let Kind::Either(..) = other {
                let both = ev.want_list(element)?;
                let sides = ev.heap.elements(both);
                let [left, right] = sides.as_slice() else { return Err(ev.type_error("two types", element)) };
                let (left, right) = (part(ev, *left), part(ev, *right));
                return Ok(either(ev, left, right));
            }
            let inner = part(ev, element);
            match other {
                Kind::ListOf(_) => list_of(ev, inner),
                Kind::NullOr(_) => null_or(ev, inner),
                Kind::FunctionTo(_) => add(ev, Kind::FunctionTo(inner)),
                Kind::Unique { message, .. } => add(ev, Kind::Unique { message: *message, inner }),
                Kind::AttrsOf { .. } => {
                    let is_lazy = field(ev, "lazy")?;
                    let is_lazy = ev.want_bool(is_lazy)?;
                    let placeholder = field(ev, "placeholder")?;
                    add(ev, Kind::AttrsOf { element: inner, is_lazy, placeholder })
                }
                _ => attrs_of(ev, inner),
            }
        }
    })
}

fn from_payload_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, payload] = arguments else { return Ok(Value::NULL) };
    let Some(model) = type_number(*id) else { return Ok(Value::NULL) };
    let made = from_payload(ev, model, *payload)?;
    Ok(type_value(ev, made))
}

/// `binOp` of a functor: the payload of the merged type, or null.
fn merge_payloads(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, a, b] = arguments else { return Ok(Value::NULL) };
    let Some(model) = type_number(*id) else { return Ok(Value::NULL) };
    if a.view() == View::Null || b.view() == View::Null {
        return Ok(Value::NULL);
    }
    let (left, right) = (from_payload(ev, model, *a)?, from_payload(ev, model, *b)?);
    match merge_native(ev, left, right)? {
        Some(merged) => {
            let kind = kind(ev, merged);
            payload(ev, &kind)
        }
        None => Ok(Value::NULL),
    }
}

fn type_merge(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, functor] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    let ty = root(ev, ty);
    match merge_with_functor(ev, ty, *functor)? {
        Some(merged) => Ok(type_value(ev, merged)),
        None => Ok(Value::NULL),
    }
}

fn default_type_merge(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    merge_functors(ev, *a, *b)
}

/// What `typeMerge` does unless a type says otherwise: the type that two functors merge into, or null.
fn merge_functors(ev: &mut Evaluator, a: Value, b: Value) -> Outcome {
    let (left, right) = (ev.want_attrs(a)?, ev.want_attrs(b)?);
    let (x, y) = (ev.attribute_or_stop(left, sym::NAME)?, ev.attribute_or_stop(right, sym::NAME)?);
    if !ev.equal(x, y)? {
        return Ok(Value::NULL);
    }
    let name = ev.heap.intern("payload");
    let (x, y) = (ev.attribute_or_stop(left, name)?, ev.attribute_or_stop(right, name)?);
    let (x, y) = (ev.want(x)?, ev.want(y)?);
    let make = ev.attribute_or_stop(left, sym::TYPE)?;
    if x.view() == View::Null {
        return ev.want(make);
    }
    let name = ev.heap.intern("binOp");
    let merge = ev.attribute_or_stop(left, name)?;
    let merged = ev.call(merge, &[x, y])?;
    let merged = ev.want(merged)?;
    if merged.view() == View::Null { Ok(Value::NULL) } else { ev.call(make, &[merged]) }
}

fn get_sub_options(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, prefix] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    let kind = kind(ev, ty);
    let step = match &*kind {
        Kind::Submodule(spec) => return submodule::sub_options(ev, spec, *prefix),
        Kind::DeferredModule(modules) => {
            let spec = Submodule {
                modules: ModuleList::Many(*modules),
                special_args: Value::EMPTY_SET,
                shorthand: Value::NULL,
                description: Value::NULL,
                class: Value::NULL,
                schema: None,
                is_open: false,
            };
            return submodule::sub_options(ev, &spec, *prefix);
        }
        Kind::AttrTag(tags) => return tag_options(ev, *tags, *prefix),
        Kind::ListOf(_) | Kind::AttrListOf { .. } => Some("*".to_owned()),
        Kind::AttrsOf { placeholder, .. } => Some(format!("<{}>", ev.want_text(*placeholder)?)),
        Kind::FunctionTo(_) => Some("<function body>".to_owned()),
        _ => None,
    };
    let Some(inner) = inner_of(&kind) else { return Ok(Value::EMPTY_SET) };
    let prefix = match step {
        Some(step) => {
            let step = ev.str(&step);
            let more = ev.list(&[step]);
            let prefix = ev.want(*prefix)?;
            ev.concat_lists(prefix, more)?
        }
        None => *prefix,
    };
    let get = super::value::inner_field(ev, inner, "getSubOptions")?;
    ev.call(get, &[prefix])
}

fn tag_options(ev: &mut Evaluator, tags: Value, prefix: Value) -> Outcome {
    let set = ev.want_attrs(tags)?;
    let prefix = ev.want(prefix)?;
    let mut options = Vec::new();
    for (name, slot, origin) in ev.heap.entries(set) {
        let text = ev.heap.name(name).to_owned();
        let text = ev.str(&text);
        let step = ev.list(&[text]);
        let loc = ev.concat_lists(prefix, step)?;
        let more = ev.set(&[("loc", loc)]);
        let option = ev.heap.share(slot);
        let option = ev.want(option)?;
        options.push((name, ev.update(option, more)?, origin));
    }
    Ok(ev.heap.new_set(&options))
}

fn subst_sub_modules(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, modules] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    Ok(match with_modules(ev, ty, ModuleList::Many(*modules))? {
        Some(ty) => type_value(ev, ty),
        None => Value::NULL,
    })
}

/// The same type with other modules in its submodules; `None` for types that have none.
pub(super) fn with_modules(ev: &mut Evaluator, ty: TypeId, modules: ModuleList) -> Result<Option<TypeId>, Stop> {
    let kind = kind(ev, ty);
    if let Kind::Submodule(spec) = &*kind {
        return Ok(Some(add(ev, Kind::Submodule(Submodule { modules, ..spec.clone() }))));
    }
    if let Kind::DeferredModule(_) = &*kind {
        let list = module_list(ev, modules);
        return Ok(Some(add(ev, Kind::DeferredModule(list))));
    }
    if let Kind::Written { .. } = &*kind {
        let Some(function) = type_field(ev, ty, "substSubModules")? else { return Ok(None) };
        let list = module_list(ev, modules);
        let changed = ev.call(function, &[list])?;
        let changed = ev.want(changed)?;
        return if changed.view() == View::Null { Ok(None) } else { type_of_value(ev, changed).map(Some) };
    }
    if let Kind::Checked { base, .. } = &*kind {
        return with_modules(ev, *base, modules);
    }
    let Some(inner) = inner_of(&kind) else { return Ok(None) };
    let inner = resolve(ev, inner)?;
    let Some(inner) = with_modules(ev, inner, modules)?.map(Part::Known) else { return Ok(None) };
    Ok(Some(match &*kind {
        Kind::ListOf(_) => list_of(ev, inner),
        Kind::NullOr(_) => null_or(ev, inner),
        Kind::FunctionTo(_) => add(ev, Kind::FunctionTo(inner)),
        Kind::AttrsOf { is_lazy, placeholder, .. } => {
            add(ev, Kind::AttrsOf { element: inner, is_lazy: *is_lazy, placeholder: *placeholder })
        }
        Kind::AttrListOf { as_attrs, merge_values, .. } => {
            add(ev, Kind::AttrListOf { element: inner, as_attrs: *as_attrs, merge_values: *merge_values })
        }
        Kind::Unique { message, .. } => add(ev, Kind::Unique { message: *message, inner }),
        Kind::CoercedTo { from, function, .. } => {
            add(ev, Kind::CoercedTo { from: *from, function: *function, to: inner })
        }
        _ => return Ok(None),
    }))
}

fn module_list(ev: &mut Evaluator, modules: ModuleList) -> Value {
    match modules {
        ModuleList::Known(modules) => ev.list(&modules),
        ModuleList::Many(list) | ModuleList::OneOrMany(list) => list,
    }
}
