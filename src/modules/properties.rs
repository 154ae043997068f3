//! `mkIf`, `mkMerge`, `mkOverride`, `mkOrder`: recognising them, building them, pushing them towards the options.

use smallvec::SmallVec;

use super::definition::Definition;
use super::state::State;
use crate::eval::{ErrorKind, Evaluator, Stop};
use crate::heap::{Heap, Set, ShapeId, StrId, Symbol, Value, View, sym};
use crate::syntax::ExprId;

/// A value of a definition, seen as a property. The parts are not forced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Property {
    /// `mkIf condition content`
    If { condition: Value, content: Value },
    /// `mkMerge contents`
    Merge { contents: Value },
    /// `mkOverride priority content`
    Override { priority: Value, content: Value },
    /// `mkOrder priority content`
    Order { priority: Value, content: Value },
    /// `mkDefinition { file, value }`
    Definition { set: Set },
    /// Anything else.
    Plain,
}

/// Shapes of the sets that [`wrap_if`] and [`wrap_override`] build, with the value of `_type`.
#[derive(Debug, Default)]
pub(super) struct PropertyShapes {
    condition: Option<(ShapeId, Value)>,
    priority: Option<(ShapeId, Value)>,
    order: Option<(ShapeId, Value)>,
    merge: Option<(ShapeId, Value)>,
}

/// What `_type` of a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeTag {
    /// There is none.
    None,
    /// An option, as `mkOption` makes it.
    Option,
    /// This text; the empty one for what is no text.
    Other(StrId),
}

impl TypeTag {
    /// The text itself.
    pub(super) fn text(self, heap: &Heap) -> Option<String> {
        match self {
            Self::None => None,
            Self::Option => Some("option".to_owned()),
            Self::Other(id) => Some(heap.text(id).into_owned()),
        }
    }
}

/// What `_type` of an evaluated value says, if it is a set that has one.
pub(super) fn type_tag(ev: &mut Evaluator, value: Value) -> Result<TypeTag, Stop> {
    let View::Attrs(set) = value.view() else { return Ok(TypeTag::None) };
    let Some(tag) = ev.attribute(set, sym::TYPE_TAG) else { return Ok(TypeTag::None) };
    let tag = ev.want(tag)?;
    Ok(match tag.view() {
        View::Str(id) if ev.heap.bytes(id) == b"option" => TypeTag::Option,
        View::Str(id) => TypeTag::Other(id),
        _ => TypeTag::Other(StrId::EMPTY),
    })
}

/// What property an evaluated value is.
pub(super) fn property(ev: &mut Evaluator, value: Value) -> Result<Property, Stop> {
    let View::Attrs(set) = value.view() else { return Ok(Property::Plain) };
    let Some(tag) = ev.attribute(set, sym::TYPE_TAG) else { return Ok(Property::Plain) };
    let tag = ev.want(tag)?;
    let View::Str(id) = tag.view() else { return Ok(Property::Plain) };
    let kind = match ev.heap.bytes(id) {
        b"if" => 0,
        b"merge" => 1,
        b"override" => 2,
        b"order" => 3,
        b"definition" => 4,
        _ => return Ok(Property::Plain),
    };
    Ok(match kind {
        0 => Property::If {
            condition: ev.attribute_or_stop(set, sym::CONDITION)?,
            content: ev.attribute_or_stop(set, sym::CONTENT)?,
        },
        1 => Property::Merge { contents: ev.attribute_or_stop(set, sym::CONTENTS)? },
        2 => Property::Override {
            priority: ev.attribute_or_stop(set, sym::PRIORITY)?,
            content: ev.attribute_or_stop(set, sym::CONTENT)?,
        },
        3 => Property::Order {
            priority: ev.attribute_or_stop(set, sym::PRIORITY)?,
            content: ev.attribute_or_stop(set, sym::CONTENT)?,
        },
        _ => Property::Definition { set },
    })
}

fn tagged(
    ev: &mut Evaluator,
    known: fn(&mut PropertyShapes) -> &mut Option<(ShapeId, Value)>,
    tag: &str,
    parts: &[(Symbol, Value)],
) -> Value {
    if let Some((shape, tag)) = *known(&mut State::of(ev).shapes) {
        let mut values: SmallVec<[Value; 3]> = SmallVec::new();
        values.push(tag);
        values.extend(parts.iter().map(|(_, value)| *value));
        return ev.heap.new_set_of_shape(shape, &values);
    }
    let tag = ev.str(tag);
    let mut attributes = vec![(sym::TYPE_TAG, tag, ExprId::NONE)];
    attributes.extend(parts.iter().map(|(name, value)| (*name, *value, ExprId::NONE)));
    let made = ev.heap.new_set(&attributes);
    if let View::Attrs(set) = made.view() {
        *known(&mut State::of(ev).shapes) = Some((set.shape, tag));
    }
    made
}

/// `mkIf condition content`
pub(super) fn wrap_if(ev: &mut Evaluator, condition: Value, content: Value) -> Value {
    tagged(ev, |shapes| &mut shapes.condition, "if", &[(sym::CONDITION, condition), (sym::CONTENT, content)])
}

/// `mkOverride priority content`
pub(super) fn wrap_override(ev: &mut Evaluator, priority: Value, content: Value) -> Value {
    tagged(ev, |shapes| &mut shapes.priority, "override", &[(sym::PRIORITY, priority), (sym::CONTENT, content)])
}

/// `mkOrder priority content`
pub(super) fn wrap_order(ev: &mut Evaluator, priority: Value, content: Value) -> Value {
    tagged(ev, |shapes| &mut shapes.order, "order", &[(sym::PRIORITY, priority), (sym::CONTENT, content)])
}

/// `mkMerge contents`
pub(super) fn wrap_merge(ev: &mut Evaluator, contents: Value) -> Value {
    tagged(ev, |shapes| &mut shapes.merge, "merge", &[(sym::CONTENTS, contents)])
}

#[derive(Clone, Copy, Debug)]
enum Wrapper {
    If(Value),
    Override(Value),
}

/// A value of a definition from which the properties have been taken, to be put around each of its attributes.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// The content: evaluated; a set if all is well.
    pub(super) value: Value,
    wrappers: Vec<Wrapper>,
}

impl Layer {
    /// A value without properties around it.
    pub(super) fn bare(value: Value) -> Self {
        Self { value, wrappers: Vec::new() }
    }

    /// The properties of the layer around one attribute's value.
    pub(super) fn wrap(&self, ev: &mut Evaluator, value: Value) -> Value {
        self.wrap_where(ev, value, |_, _| true)
    }

    /// The same without conditions that are known to hold already.
    pub(super) fn wrap_open(&self, ev: &mut Evaluator, value: Value) -> Value {
        self.wrap_where(ev, value, |ev, condition| !ev.heap.is_known_true(condition))
    }

    fn wrap_where(&self, ev: &mut Evaluator, value: Value, counts: impl Fn(&Evaluator, Value) -> bool) -> Value {
        self.wrappers.iter().rev().fold(value, |inner, wrapper| match wrapper {
            Wrapper::If(condition) if !counts(ev, *condition) => inner,
            Wrapper::If(condition) => wrap_if(ev, *condition, inner),
            Wrapper::Override(priority) => wrap_override(ev, *priority, inner),
        })
    }
}

/// The layers of a value; most have one.
pub(super) type Layers = SmallVec<[Layer; 1]>;

const DEEPEST: usize = 200;

/// Takes `mkMerge`, `mkIf` and `mkOverride` from around a value without evaluating a condition. An unknown value is a layer too.
pub(super) fn push_down(ev: &mut Evaluator, value: Value) -> Result<Layers, Stop> {
    let mut layers = Layers::new();
    push_down_into(ev, value, 0, &mut Vec::new(), &mut layers)?;
    Ok(layers)
}

fn push_down_into(
    ev: &mut Evaluator,
    value: Value,
    depth: usize,
    around: &mut Vec<Wrapper>,
    layers: &mut Layers,
) -> Result<(), Stop> {
    ev.tick()?;
    if depth > DEEPEST {
        return Err(ev.error(ErrorKind::Type, "properties of the module system are nested too deeply"));
    }
    let value = ev.force(value);
    if value.is_error() {
        return Err(Stop(value));
    }
    match property(ev, value)? {
        Property::Merge { contents } => {
            let contents = ev.force(contents);
            if contents.is_unknown() {
                layers.push(Layer { value: contents, wrappers: around.clone() });
                return Ok(());
            }
            let seq = ev.want_list(contents)?;
            for slot in seq.slots() {
                push_down_into(ev, Value::reference(slot), depth + 1, around, layers)?;
            }
            if let Some(reason) = ev.heap.open_reason(seq) {
                layers.push(Layer { value: Value::unknown(reason), wrappers: around.clone() });
            }
        }
        Property::If { condition, content } => {
            around.push(Wrapper::If(condition));
            push_down_into(ev, content, depth + 1, around, layers)?;
            around.pop();
        }
        Property::Override { priority, content } => {
            around.push(Wrapper::Override(priority));
            push_down_into(ev, content, depth + 1, around, layers)?;
            around.pop();
        }
        Property::Order { .. } | Property::Definition { .. } | Property::Plain => {
            layers.push(Layer { value, wrappers: around.clone() });
        }
    }
    Ok(())
}

/// What a definition may say of names that cannot be listed.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// The unknown, as a definition.
    pub(super) definition: Definition,
    /// The set that it is the rest of: of the names there nothing more is said.
    beside: Option<Set>,
}

impl Rest {
    /// Whether it may say something of a name.
    pub(super) fn may_define(&self, ev: &Evaluator, name: Symbol) -> bool {
        self.beside.is_none_or(|set| ev.heap.attribute(set, name).is_none())
    }
}

/// The attributes of a definition's layers, each with its properties: name and definition, in the order of Nix.
///
/// Unknown layers give `unknown`; a layer that is no set is handed to `wrong`, which decides whether that is an error.
pub(super) fn attributes_of(
    ev: &mut Evaluator,
    definition: &Definition,
    mut found: impl FnMut(Symbol, Definition),
    unknown: impl FnMut(Rest),
    wrong: impl FnMut(&mut Evaluator, Value) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let of_set = |ev: &mut Evaluator, set: Set, layer: Layer| {
        for (name, slot, origin) in ev.heap.entries(set) {
            let value = ev.heap.share(slot);
            let value = layer.wrap_open(ev, value);
            found(name, definition.with_value(value, origin));
        }
    };
    sets_of(ev, definition, of_set, unknown, wrong)
}

/// Like [`attributes_of`], with whole sets and the layers that they are.
pub(super) fn sets_of(
    ev: &mut Evaluator,
    definition: &Definition,
    mut found: impl FnMut(&mut Evaluator, Set, Layer),
    mut unknown: impl FnMut(Rest),
    mut wrong: impl FnMut(&mut Evaluator, Value) -> Result<(), Stop>,
) -> Result<(), Stop> {
    for layer in push_down(ev, definition.value)? {
        match layer.value.view() {
            View::Attrs(set) => {
                found(ev, set, layer);
                if let Some(reason) = ev.heap.open_set_reason(set) {
                    let mut rest = definition.with_value(Value::unknown(reason), definition.origin);
                    rest.is_certain = false;
                    unknown(Rest { definition: rest, beside: Some(set) });
                }
            }
            View::Unknown(_) => {
                let value = layer.wrap(ev, layer.value);
                let mut rest = definition.with_value(value, definition.origin);
                rest.is_certain = false;
                unknown(Rest { definition: rest, beside: None });
            }
            _ => wrong(ev, layer.value)?,
        }
    }
    Ok(())
}
