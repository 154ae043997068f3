//! What a machine says that NixOS' options do not take: keys that nobody knows, values of a wrong type, old wrappers.
//!
//! They are noted while the facts are read. A sound key costs one lookup.

use super::binding::Binding;
use super::facts::Origin;
use super::reader::Reader;
use crate::heap::{Set, Symbol, Value, View, sym};
use crate::modules::OptionReport;
use crate::schema::networkd::{self, Key, Section, Takes};
use crate::source::{Place, Span};
use crate::syntax::ExprId;
use crate::syntax::ir::Expr;

/// Something that NixOS or networkd does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// Where it stands.
    pub section: Section,
    /// The file (`30-vm5`) or the virtual machine that it belongs to; empty where there is only one.
    pub within: String,
    /// The key, as written.
    pub key: String,
    /// Where it is written: `definition` is the name, `value` the value.
    pub origin: Origin,
    /// The value, if it is a known string, number or boolean.
    pub found: Option<Found>,
    /// What is odd.
    pub what: Odd,
    /// Whether it certainly counts; not so below a condition that is not known.
    pub is_certain: bool,
    /// Of a name in `microvm.vms.<name>`: what else stands there for the guest's configuration.
    pub beside: BesideConfig,
}

/// What stands in `microvm.vms.<name>` for the guest's configuration, beside a name that belongs into that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BesideConfig {
    /// Something that takes no more names from here: `flake`, an inherited `config`; or it is not known.
    #[default]
    Closed,
    /// Nothing, or a set that is written out: Nix joins `config.a` to it.
    Open,
    /// Any other expression.
    Other {
        /// The whole binding.
        binding: Place,
        /// The expression.
        value: Place,
    },
}

/// In what way something is odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Odd {
    /// There is no such key.
    Key,
    /// The key does not take the value.
    Value,
    /// The key is an old wrapper around a section.
    Wrapper {
        /// Keys of the section that stand beside the wrapper.
        beside: Vec<(String, Option<Place>)>,
        /// What to delete to be rid of the wrapper, if it is simple.
        unwrapping: Vec<Place>,
    },
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A string.
    Text(String),
    /// An integer.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A list.
    List,
}

/// States of a link (networkctl(1)).
const STATES: &[&str] =
    &["missing", "off", "no-carrier", "dormant", "degraded-carrier", "carrier", "degraded", "enslaved", "routable"];

/// Names that mean something to the module system in any set.
const STRUCTURE: &[&str] = &["_module", "imports", "options", "config", "_file", "key", "disabledModules"];

/// Deepest nesting of `mkIf` and the like that is looked through.
const DEEPEST: u32 = 8;

impl Reader<'_> {
    /// Notes a key if it is unknown or does not take the value.
    pub(super) fn judge(&mut self, section: Section, name: &str, value: Value, binding: ExprId) {
        let key = networkd::key(section, name);
        let is_any = key.is_some_and(|key| key.takes == [Takes::Any]);
        if is_any {
            return;
        }
        let value = self.ev.force(value);
        let found = self.found(value);
        let what = match (key, &found) {
            (None, _) => Odd::Key,
            (Some(key), Some(found)) if !takes(section, key, found) => Odd::Value,
            (Some(_), _) => return,
        };
        let is_certain = !matches!(value.view(), View::Unknown(_) | View::Error(_));
        self.note(section, name, value, binding, what, is_certain);
    }

    fn note(&mut self, section: Section, name: &str, value: Value, binding: ExprId, what: Odd, is_certain: bool) {
        let origin = self.origin(value, binding);
        let found = self.found(value);
        let key = name.to_owned();
        let beside = BesideConfig::default();
        self.oddities.push(Oddity { section, within: String::new(), key, origin, found, what, is_certain, beside });
    }

    fn found(&self, value: Value) -> Option<Found> {
        Some(match value.view() {
            View::Str(id) => Found::Text(self.ev.heap.text(id).into_owned()),
            View::Int(number) => Found::Int(number),
            View::Bool(truth) => Found::Bool(truth),
            View::List(_) => Found::List,
            _ => return None,
        })
    }

    /// An element of a list of sections, without the old wrapper; tells whether it was wrapped. Nothing if it is no section, or one that
    /// NixOS refuses because of what stands beside the wrapper.
    pub(super) fn element(&mut self, element: Value, section: Section) -> Option<(Set, bool)> {
        let value = self.settled(element, &["systemd.network.networks"]);
        let View::Attrs(set) = value.view() else { return None };
        let wrapper = section.wrapper()?;
        let symbol = self.ev.heap.intern(wrapper);
        let Some(key) = self.ev.heap.key(set, symbol) else {
            self.judge_all(set, section);
            return Some((set, false));
        };
        let inner = self.ev.attribute(set, symbol)?;
        let inner = self.ev.force(inner);
        let View::Attrs(wrapped) = inner.view() else { return None };
        let mut beside = Vec::new();
        let mut repeats = false;
        for (name, _, origin) in self.ev.heap.entries(set) {
            if name != symbol {
                repeats |= self.ev.heap.attribute(wrapped, name).is_some();
                beside.push((self.ev.heap.name(name).to_owned(), self.place(origin)));
            }
        }
        let is_mixed = !beside.is_empty();
        let unwrapping = if repeats { Vec::new() } else { self.unwrapping(wrapper, wrapped, inner, key.origin) };
        self.note(section, wrapper, inner, key.origin, Odd::Wrapper { beside, unwrapping }, true);
        if is_mixed {
            return None;
        }
        self.judge_all(wrapped, section);
        Some((wrapped, true))
    }

    fn judge_all(&mut self, set: Set, section: Section) {
        for (name, slot, binding) in self.ev.heap.entries(set) {
            let name = self.ev.heap.name(name).to_owned();
            let value = self.ev.force_slot(slot);
            self.judge(section, &name, value, binding);
        }
    }

    /// What to delete so that the keys in a wrapper stand beside it: `wrapper = {` and `};`, or `wrapper.` before each key.
    fn unwrapping(&mut self, wrapper: &str, wrapped: Set, inner: Value, binding: ExprId) -> Vec<Place> {
        if let (Some(name), Some(inner)) = (self.place(binding), self.place(inner.origin()))
            && let Some(places) = self.braces(wrapper, name, inner)
        {
            return places;
        }
        let mut places = Vec::new();
        for (_, _, origin) in self.ev.heap.entries(wrapped) {
            let Some(place) = self.place(origin).and_then(|key| self.prefix(wrapper, key)) else { return Vec::new() };
            places.push(place);
        }
        places
    }

    fn braces(&self, wrapper: &str, name: Place, inner: Place) -> Option<Vec<Place>> {
        let text = &self.ev.sources.file(name.file)?.text;
        let part = |start: u32, end: u32| text.get(start as usize..end as usize);
        let between = part(name.span.end, inner.span.start)?.trim();
        let set = part(inner.span.start, inner.span.end)?;
        let rest = text.get(inner.span.end as usize..)?;
        let spaces = rest.len() - rest.trim_start().len();
        let is_plain = name.file == inner.file
            && part(name.span.start, name.span.end)? == wrapper
            && between == "="
            && set.starts_with('{')
            && set.ends_with('}')
            && rest.trim_start().starts_with(';');
        let end = inner.span.end + u32::try_from(spaces).ok()? + 1;
        let place = |start, end| Place { file: name.file, span: Span::new(start, end) };
        is_plain.then(|| vec![place(name.span.start, inner.span.start + 1), place(inner.span.end - 1, end)])
    }

    fn prefix(&self, wrapper: &str, key: Place) -> Option<Place> {
        let text = &self.ev.sources.file(key.file)?.text;
        let before = text.get(..key.span.start as usize)?;
        let length = u32::try_from(wrapper.len() + 1).ok()?;
        let is_prefix = before.strip_suffix('.').is_some_and(|before| before.ends_with(wrapper));
        is_prefix.then(|| Place { file: key.file, span: Span::new(key.span.start - length, key.span.start) })
    }

    /// Notes options of a file that do not exist, and errors of merging that come from a value of a wrong type: they are no further problem.
    pub(super) fn judge_unit(&mut self, networks: &OptionReport, name: Symbol, config: Set) {
        if !networks.is_static {
            return;
        }
        for definition in self.certain_sets_below(networks, name) {
            for (option, slot, binding) in self.ev.heap.entries(definition) {
                let text = self.ev.heap.name(option).to_owned();
                let merged = self.ev.attribute(config, option).map(|value| self.ev.force(value));
                let error = match merged.map(Value::view) {
                    Some(View::Error(id)) => Some(id),
                    _ if networkd::key(Section::Unit, &text).is_some() => continue,
                    _ if STRUCTURE.contains(&text.as_str()) => continue,
                    _ => None,
                };
                let before = self.oddities.len();
                let value = self.ev.force_slot(slot);
                for value in self.certain_values(value) {
                    self.judge(Section::Unit, &text, value, binding);
                }
                if let Some(id) = error
                    && self.oddities.len() > before
                {
                    self.is_told(id);
                }
            }
        }
    }

    /// Notes options of an option's sets (`microvm.vms.<name>`) or elements (`microvm.interfaces`) that do not exist.
    pub(super) fn judge_names(&mut self, section: Section, set: Set) {
        for (name, slot, binding) in self.ev.heap.entries(set) {
            let name = self.ev.heap.name(name).to_owned();
            if networkd::key(section, &name).is_none() && !STRUCTURE.contains(&name.as_str()) {
                let value = self.ev.heap.share(slot);
                self.note(section, &name, value, binding, Odd::Key, true);
            }
        }
    }

    /// Notes options that no virtual machine has.
    pub(super) fn judge_machines(&mut self, machines: &OptionReport) {
        if !machines.is_static {
            return;
        }
        let View::Attrs(all) = self.ev.force(machines.value).view() else { return };
        for (name, _, _) in self.ev.heap.entries(all) {
            let before = self.oddities.len();
            for set in self.certain_sets_below(machines, name) {
                let in_set = self.oddities.len();
                self.judge_names(Section::Machine, set);
                if self.oddities.len() > in_set {
                    let beside = self.beside_config(set);
                    self.oddities.iter_mut().skip(in_set).for_each(|oddity| oddity.beside = beside);
                }
            }
            self.name_oddities(before, name);
        }
    }

    /// What a set of `microvm.vms.<name>` says about the guest's configuration.
    fn beside_config(&mut self, set: Set) -> BesideConfig {
        let has = |reader: &mut Self, name: &str| {
            let name = reader.ev.heap.intern(name);
            reader.ev.heap.key(set, name)
        };
        if ["flake", "evaluatedConfig"].into_iter().any(|name| has(self, name).is_some()) {
            return BesideConfig::Closed;
        }
        let Some(key) = has(self, "config") else { return BesideConfig::Open };
        let Some(expression) = self.ev.program.bound(key.origin) else { return BesideConfig::Closed };
        if matches!(self.ev.program.expr(expression), Expr::Attrs(_)) {
            return BesideConfig::Open;
        }
        let (Some(name), Some(value)) = (self.place(key.origin), self.place(expression)) else {
            return BesideConfig::Closed;
        };
        match self.binding_at(name, Some(value)) {
            Binding::Whole(end) => {
                let binding = Place { file: name.file, span: Span::new(name.span.start, end) };
                BesideConfig::Other { binding, value }
            }
            _ => BesideConfig::Closed,
        }
    }

    /// Gives the oddities from a position on the name that they belong to.
    pub(super) fn name_oddities(&mut self, from: usize, name: Symbol) {
        let name = self.ev.heap.name(name);
        for oddity in self.oddities.iter_mut().skip(from) {
            name.clone_into(&mut oddity.within);
        }
    }

    /// The sets below a name in the definitions that certainly count.
    fn certain_sets_below(&mut self, report: &OptionReport, name: Symbol) -> Vec<Set> {
        let mut sets = Vec::new();
        for definition in report.definitions.iter().filter(|definition| definition.is_certain) {
            for whole in self.certain_values(definition.value) {
                let View::Attrs(whole) = whole.view() else { continue };
                let Some(value) = self.ev.attribute(whole, name) else { continue };
                for value in self.certain_values(value) {
                    if let View::Attrs(set) = value.view() {
                        sets.push(set);
                    }
                }
            }
        }
        sets
    }

    /// A value with `mkIf` and the like taken off, as far as it certainly counts.
    pub(super) fn certain_values(&mut self, value: Value) -> Vec<Value> {
        let mut values = Vec::new();
        self.push_certain(value, 0, &mut values);
        values
    }

    fn push_certain(&mut self, value: Value, depth: u32, values: &mut Vec<Value>) {
        let value = self.ev.force(value);
        let tagged = match value.view() {
            View::Attrs(set) if self.ev.heap.attribute(set, sym::TYPE_TAG).is_some() => set,
            View::Unknown(_) | View::Error(_) => return,
            _ => return values.push(value),
        };
        if depth > DEEPEST {
            return;
        }
        if let Some(condition) = self.ev.attribute(tagged, sym::CONDITION)
            && !matches!(self.ev.force(condition).view(), View::Bool(true))
        {
            return;
        }
        if let Some(content) = self.ev.attribute(tagged, sym::CONTENT) {
            self.push_certain(content, depth + 1, values);
        }
        if let Some(contents) = self.ev.attribute(tagged, sym::CONTENTS)
            && let View::List(seq) = self.ev.force(contents).view()
        {
            for element in self.ev.heap.elements(seq) {
                self.push_certain(element, depth + 1, values);
            }
        }
    }
}

fn takes(section: Section, key: &Key, found: &Found) -> bool {
    key.takes.iter().any(|taken| match (taken, found) {
        (Takes::Any, _)
        | (Takes::Bool, Found::Bool(_))
        | (Takes::Int | Takes::Bytes, Found::Int(_))
        | (Takes::Text, Found::Text(_))
        | (Takes::Texts, Found::List) => true,
        (Takes::Bool, Found::Text(text)) => section != Section::Unit && matches!(text.as_str(), "yes" | "no"),
        (Takes::Bytes, Found::Text(text)) => is_size(text),
        (Takes::Mac, Found::Text(text)) => super::facts::MacAddress::parse_strict(text).is_some(),
        (Takes::State, Found::Text(text)) => text.split(':').all(|state| STATES.contains(&state)),
        (Takes::Word(word), Found::Text(text)) => text == word,
        (Takes::Word(word), Found::Int(number)) => number.to_string() == *word,
        _ => false,
    })
}

fn is_size(text: &str) -> bool {
    let digits = text.strip_suffix(['K', 'M', 'G', 'T']).unwrap_or(text);
    !text.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
