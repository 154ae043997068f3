//! The state of an evaluation.

use std::any::{Any, TypeId};
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::limits::{LimitKind, Limits};
use super::native::NativeDef;
use super::problem::{Cycle, ErrorInfo, ErrorKind, Piece, Stop, UnknownInfo, UnknownReason};
use super::program::Program;
use crate::heap::{ErrorId, Heap, NativeId, SlotId, StrId, Symbol, UnknownId, Value, View};
use crate::source::Sources;
use crate::syntax::{ExprId, ParsedFiles};

/// Gives the store path of a copy of a path.
pub type StoreCopy = fn(&mut Evaluator, StrId) -> Result<StrId, Stop>;

/// One evaluator: heap, linked program, built-in functions, errors and unknowns found so far. Used by one thread.
pub struct Evaluator {
    /// Values.
    pub heap: Heap,
    /// Linked code.
    pub program: Program,
    /// Files.
    pub sources: Arc<Sources>,
    /// Limits.
    pub limits: Limits,
    /// Messages of `builtins.trace` and `builtins.warn`, in order.
    pub messages: Vec<String>,
    pub(super) natives: Vec<&'static NativeDef>,
    native_numbers: FxHashMap<&'static str, NativeId>,
    pub(super) globals: Vec<Value>,
    global_numbers: FxHashMap<Symbol, u32>,
    pub(super) global_names: Vec<&'static str>,
    errors: Vec<ErrorInfo>,
    unknowns: Vec<UnknownInfo>,
    pub(super) steps: u64,
    pub(super) depth: u32,
    pub(super) exhausted: Option<ErrorId>,
    /// The call that is being carried out, for messages.
    pub(super) site: ExprId,
    /// The files that were asked for by `import` or as a module.
    pub(super) imports: super::import::Imports,
    /// The unknowns for single options that nobody declares, by the one for all beside them.
    pub(super) undeclared: FxHashMap<(UnknownId, Symbol), UnknownId>,
    /// The absolute path of each path literal that was evaluated: it is one string however often that happens.
    pub(super) path_literals: FxHashMap<ExprId, StrId>,
    /// Parsed files, which other evaluators may share.
    pub parsed: ParsedFiles,
    /// Whether a file with syntax errors is evaluated as far as it was recovered; else it is an error.
    pub is_tolerant: bool,
    /// Slots of `lib` and `builtins`, and what `<name>` means, by name.
    pub search_path: FxHashMap<String, Value>,
    /// What explains numbers and Booleans, if somebody will ask for that.
    pub(super) recorder: Option<Box<super::explain::Recorder>>,
    /// What nobody would be told of otherwise, if somebody asks for it.
    pub(super) notes: Option<Box<super::notes::Notes>>,
    /// What stands for the source that a URL names, if a room above knows it.
    pub known_source: Option<fn(&mut Evaluator, &str) -> Option<Value>>,
    /// What is bound around a file wherever it is imported, if a room above knows the loader that is meant to read it.
    pub loader_scope: Option<LoaderScope>,
    /// Folders that stand on no disk, and why what is below them is unknown unless it is provided.
    pub(super) stand_ins: Vec<(PathBuf, UnknownReason)>,
    /// Whether the text is evaluated for its own sake, as `nix-instantiate --eval` would do it here with an empty search path, and not as a part of
    /// a fleet: then `<name>` is not found where nothing provides it, and the store paths of sources are computed from their content.
    pub stands_alone: bool,
    /// Gives the store path of a copy of a path.
    pub store_copy: Option<StoreCopy>,
    /// What was copied to the store, or would have been: where the copy comes from, unless parts were left out.
    pub copies: FxHashMap<String, Option<String>>,
    /// State of rooms above; there are so few that looking through them beats hashing.
    extensions: Vec<(TypeId, Box<dyn Any>)>,
}

/// Gives the names that a loader binds around a file, with their values.
pub type LoaderScope = fn(&mut Evaluator, &std::path::Path) -> Vec<(Symbol, Value)>;

/// Most messages that are kept.
const MOST_MESSAGES: usize = 10_000;

/// Most pieces of a string of which not all is known.
const MOST_PIECES: usize = 1_000;
/// Most names of a cycle that an error tells.
const LONGEST_CYCLE: usize = 50;

impl Evaluator {
    /// An evaluator without any built-in function.
    pub fn new(sources: Arc<Sources>, limits: Limits) -> Self {
        Self::on(Heap::new(), sources, limits)
    }

    /// An evaluator with an empty heap that is there already.
    pub fn on(heap: Heap, sources: Arc<Sources>, limits: Limits) -> Self {
        Self {
            heap,
            program: Program::default(),
            sources,
            limits,
            messages: Vec::new(),
            natives: Vec::new(),
            native_numbers: FxHashMap::default(),
            globals: Vec::new(),
            global_numbers: FxHashMap::default(),
            global_names: Vec::new(),
            errors: Vec::new(),
            unknowns: Vec::new(),
            steps: 0,
            depth: 0,
            exhausted: None,
            site: ExprId::NONE,
            imports: super::import::Imports::default(),
            undeclared: FxHashMap::default(),
            path_literals: FxHashMap::default(),
            parsed: ParsedFiles::default(),
            is_tolerant: false,
            search_path: FxHashMap::default(),
            recorder: None,
            notes: None,
            known_source: None,
            loader_scope: None,
            stand_ins: Vec::new(),
            stands_alone: false,
            store_copy: None,
            copies: FxHashMap::default(),
            extensions: Vec::new(),
        }
    }

    /// Makes built-in functions known. Of two with the same name the first counts.
    pub fn install(&mut self, family: &'static [NativeDef]) {
        for definition in family {
            let id = NativeId(u32::try_from(self.natives.len()).unwrap_or(u32::MAX));
            self.natives.push(definition);
            self.native_numbers.entry(definition.name).or_insert(id);
        }
    }

    /// A built-in function as a value; an error value if there is none of that name.
    pub fn native(&mut self, name: &str) -> Value {
        match self.native_numbers.get(name) {
            Some(id) => Value::native(*id),
            None => self.error(ErrorKind::Type, format!("there is no built-in function `{name}`")).0,
        }
    }

    /// The definition of a built-in function.
    pub fn native_def(&self, id: NativeId) -> Option<&'static NativeDef> {
        self.natives.get(id.0 as usize).copied()
    }

    /// A built-in function applied to its first arguments.
    pub fn native_with(&mut self, name: &str, arguments: &[Value]) -> Value {
        let function = self.native(name);
        let mut run = Vec::with_capacity(arguments.len() + 1);
        run.push(function);
        run.extend_from_slice(arguments);
        Value::partial(self.heap.new_seq(&run))
    }

    /// A deferred call of a built-in function (as [`Evaluator::native`] gives it) with one or two numbers, as many as it takes: to be written
    /// into a slot.
    pub fn ask(function: Value, a: u32, b: u32) -> Value {
        match function.view() {
            View::Native(id) => Value::ask(id, a, b),
            _ => function,
        }
    }

    /// A deferred call of a built-in function: a reference that is forced when needed.
    pub fn delay_native(&mut self, name: &str, arguments: &[Value]) -> Value {
        let function = self.native(name);
        self.heap.delay_call(function, arguments)
    }

    /// Binds a name for all texts that are linked from now on.
    pub fn set_global(&mut self, name: &'static str, value: Value) {
        let symbol = self.heap.intern(name);
        let next = u32::try_from(self.globals.len()).unwrap_or(u32::MAX);
        match self.global_numbers.get(&symbol) {
            Some(number) => {
                if let Some(place) = self.globals.get_mut(*number as usize) {
                    *place = value;
                }
            }
            None => {
                self.global_numbers.insert(symbol, next);
                self.global_names.push(name);
                self.globals.push(value);
            }
        }
    }

    /// The value of a global name.
    pub fn global(&self, name: &str) -> Option<Value> {
        let symbol = self.heap.symbols.find(name)?;
        self.globals.get(*self.global_numbers.get(&symbol)? as usize).copied()
    }

    /// The names that every text may use without binding them.
    pub fn global_names(&self) -> Vec<&'static str> {
        self.global_names.clone()
    }

    /// Takes back that a file was asked for.
    pub fn forget_import(&mut self, path: &std::path::Path) {
        self.imports.forget(path);
    }

    /// How often a file was asked for by `import` or as a module.
    pub fn import_count(&self, path: &std::path::Path) -> u32 {
        self.imports.count(path)
    }

    pub(super) fn global_number(&self, symbol: Symbol) -> Option<u32> {
        self.global_numbers.get(&symbol).copied()
    }

    /// State that a room above keeps with the evaluator, made when first asked for.
    pub fn extension<T: Default + 'static>(&mut self) -> &mut T {
        let index = match self.extensions.iter().position(|(id, _)| *id == TypeId::of::<T>()) {
            // What is asked for often comes to stand among the first two.
            Some(index @ 2..) => {
                self.extensions.swap(index, index - 1);
                index - 1
            }
            Some(index) => index,
            None => {
                self.extensions.push((TypeId::of::<T>(), Box::new(T::default())));
                self.extensions.len() - 1
            }
        };
        match self.extensions.get_mut(index).and_then(|(_, state)| state.downcast_mut::<T>()) {
            Some(state) => state,
            None => unreachable!("the state was put there under its own type"),
        }
    }

    /// An error that arises at the current call.
    pub fn error(&mut self, kind: ErrorKind, message: impl Into<String>) -> Stop {
        let origin = self.site;
        self.error_at(kind, message, origin)
    }

    /// An error that arises at a given expression.
    pub fn error_at(&mut self, kind: ErrorKind, message: impl Into<String>, origin: ExprId) -> Stop {
        let id = ErrorId(u32::try_from(self.errors.len()).unwrap_or(u32::MAX));
        let message = message.into();
        self.heap.count_outside(size_of::<ErrorInfo>() + message.len());
        self.errors.push(ErrorInfo { kind, message, origin, trace: Vec::new(), is_fatal: false, cycle: None });
        Stop(Value::error(id).with_origin(origin))
    }

    /// The error of a value that depends on itself, the value of a slot that is being evaluated.
    pub(super) fn recursion_at(&mut self, slot: SlotId, origin: ExprId) -> Stop {
        let stop = self.error_at(ErrorKind::Recursion, "infinite recursion encountered", origin);
        if let Some(info) = self.errors.last_mut() {
            info.cycle = Some(Cycle { slot, names: Vec::new() });
        }
        stop
    }

    /// Tells that an error passes something with a name, such as an option: if that depends on itself, the message will say so.
    pub fn name_step(&mut self, stop: Stop, name: &str) {
        if let crate::heap::View::Error(id) = stop.0.view()
            && let Some(cycle) = self.errors.get_mut(id.0 as usize).and_then(|info| info.cycle.as_mut())
            && cycle.names.len() < LONGEST_CYCLE
            && cycle.names.last().is_none_or(|last| last != name)
        {
            cycle.names.push(name.to_owned());
        }
    }

    /// Tells that an error has reached a slot; if it is the one that depends on itself, the message names the way round.
    pub(super) fn reached(&mut self, error: Value, slot: SlotId) {
        let crate::heap::View::Error(id) = error.view() else { return };
        let Some(info) = self.errors.get_mut(id.0 as usize) else { return };
        let Some(cycle) = info.cycle.take_if(|cycle| cycle.slot == slot) else { return };
        if let Some(start) = cycle.names.last() {
            let way: Vec<&str> = cycle.names.iter().rev().chain([start]).map(String::as_str).collect();
            let way = format!(": {}", way.join(" → "));
            self.heap.count_outside(way.len());
            info.message.push_str(&way);
        }
    }

    /// Keeps a message that the evaluation itself gives, such as that of `builtins.trace`; of very many only the first.
    pub fn tell(&mut self, message: String) {
        if self.messages.len() < MOST_MESSAGES {
            self.heap.count_outside(message.len());
            self.messages.push(message);
        }
    }

    /// What an error says.
    pub fn error_info(&self, id: ErrorId) -> Option<&ErrorInfo> {
        self.errors.get(id.0 as usize)
    }

    /// The same error with one more line about what was being done.
    pub fn add_trace(&mut self, stop: Stop, origin: ExprId, text: impl Into<String>) -> Stop {
        if let crate::heap::View::Error(id) = stop.0.view()
            && let Some(info) = self.errors.get_mut(id.0 as usize)
            && info.trace.len() < 20
        {
            let text = text.into();
            self.heap.count_outside(text.len());
            info.trace.push((origin, text));
        }
        stop
    }

    /// The same error, which `tryEval` does not catch.
    pub fn not_caught(&mut self, stop: Stop) -> Stop {
        if let crate::heap::View::Error(id) = stop.0.view()
            && let Some(info) = self.errors.get_mut(id.0 as usize)
        {
            info.is_fatal = true;
        }
        stop
    }

    /// An unknown that arises at the current call.
    pub fn unknown(&mut self, reason: UnknownReason) -> Stop {
        let origin = self.site;
        self.unknown_at(reason, origin)
    }

    /// An unknown that arises at a given expression.
    pub fn unknown_at(&mut self, reason: UnknownReason, origin: ExprId) -> Stop {
        let info = UnknownInfo { reason, origin, type_name: None, pieces: None };
        Stop(Value::unknown(self.new_unknown(info)).with_origin(origin))
    }

    /// An unknown whose type (as `builtins.typeOf` names it) is known.
    pub fn unknown_of_type(&mut self, reason: UnknownReason, type_name: &'static str) -> Value {
        let info = UnknownInfo { reason, origin: self.site, type_name: Some(type_name), pieces: None };
        Value::unknown(self.new_unknown(info))
    }

    /// A string of which only pieces are known; of very many pieces only the first reason is kept.
    pub fn partial_string(&mut self, pieces: Vec<Piece>, origin: ExprId) -> Value {
        let first = pieces.iter().find_map(|piece| match piece {
            Piece::Hole(id) => Some(*id),
            Piece::Known(_) => None,
        });
        let reason = first
            .and_then(|id| self.unknown_info(id))
            .map_or(UnknownReason::Unsupported("part of a string".to_owned()), |info| info.reason.clone());
        let pieces = (pieces.len() <= MOST_PIECES).then_some(pieces);
        let cause = first.and_then(|id| self.unknown_info(id)).map_or(origin, |info| info.origin);
        let info = UnknownInfo { reason, origin: cause, type_name: Some("string"), pieces };
        Value::unknown(self.new_unknown(info)).with_origin(origin)
    }

    fn new_unknown(&mut self, info: UnknownInfo) -> UnknownId {
        let id = UnknownId(u32::try_from(self.unknowns.len()).unwrap_or(u32::MAX));
        self.heap.count_outside(
            size_of::<UnknownInfo>() + info.pieces.as_ref().map_or(0, |all| size_of_val(all.as_slice())),
        );
        self.unknowns.push(info);
        id
    }

    /// What is known about an unknown.
    pub fn unknown_info(&self, id: UnknownId) -> Option<&UnknownInfo> {
        self.unknowns.get(id.0 as usize)
    }

    /// Counts one step; an error once a limit is reached.
    #[inline]
    pub fn tick(&mut self) -> Result<(), Stop> {
        self.tick_many(1)
    }

    /// Counts `count` steps at once, before doing that much work.
    #[inline]
    pub fn tick_many(&mut self, count: u64) -> Result<(), Stop> {
        let before = self.steps;
        self.steps += count;
        if before >> 10 == self.steps >> 10 && self.steps < self.limits.steps && !self.heap.wants_a_look() {
            return Ok(());
        }
        self.check_limits()
    }

    #[cold]
    fn check_limits(&mut self) -> Result<(), Stop> {
        if let Some(id) = self.exhausted {
            return Err(Stop(Value::error(id)));
        }
        self.heap.looked();
        let kind = if self.steps >= self.limits.steps {
            LimitKind::Steps
        } else if self.heap.bytes_used() >= self.limits.heap_bytes {
            LimitKind::Heap
        } else {
            return Ok(());
        };
        let stop = self.limit_error(kind);
        if let crate::heap::View::Error(id) = stop.0.view() {
            self.exhausted = Some(id);
        }
        Err(stop)
    }

    /// The error for a limit.
    pub fn limit_error(&mut self, kind: LimitKind) -> Stop {
        let detail = match kind {
            LimitKind::Depth => "stack overflow; max-call-depth exceeded: ",
            LimitKind::Steps | LimitKind::Heap | LimitKind::String | LimitKind::List => "",
        };
        self.error(ErrorKind::Limit(kind), format!("{detail}the limit of {} was reached", kind.words()))
    }

    /// The call that is being carried out: the origin of what a built-in function makes.
    pub fn site(&self) -> ExprId {
        self.site
    }

    /// Does something for an expression: an error that has no place of its own has that one.
    pub fn at_site<T>(&mut self, site: ExprId, work: impl FnOnce(&mut Self) -> T) -> T {
        let site = if site.is_some() { site } else { self.site };
        let outer = std::mem::replace(&mut self.site, site);
        let done = work(self);
        self.site = outer;
        done
    }

    /// Runs one more level of a recursion over what users wrote; an error once the limit of nested evaluations is reached.
    pub fn one_deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.depth >= self.limits.depth {
            return Err(self.limit_error(LimitKind::Depth));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// Whether `builtins.tryEval` turns the stop into `false`.
    pub fn is_caught(&self, stop: Stop) -> bool {
        match stop.0.view() {
            View::Error(id) => self.error_info(id).is_some_and(|info| info.kind.is_catchable() && !info.is_fatal),
            _ => false,
        }
    }

    /// Steps taken so far.
    pub fn steps_taken(&self) -> u64 {
        self.steps
    }

    /// Whether the limit of steps or of memory was reached since steps were last granted.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.is_some()
    }

    /// Allows `steps` more steps from now on, and forgets that a limit was reached.
    pub fn grant_steps(&mut self, steps: u64) {
        self.limits.steps = self.steps.saturating_add(steps);
        self.exhausted = None;
    }

    /// Whether an answer must not be remembered in a slot because a later one may differ: the error of a limit, and the unknown for
    /// `config` asked for while the modules are still being collected.
    pub(super) fn is_passing(&self, value: Value) -> bool {
        match value.view() {
            crate::heap::View::Error(id) => {
                // A string or list that is too large is so whenever it is made; the other limits depend on what was done before.
                let kind = self.error_info(id).map(|info| info.kind);
                matches!(kind, Some(ErrorKind::Limit(LimitKind::Steps | LimitKind::Depth | LimitKind::Heap)))
            }
            crate::heap::View::Unknown(id) => {
                matches!(self.unknown_info(id).map(|info| &info.reason), Some(UnknownReason::ConfigInImports))
            }
            _ => false,
        }
    }

    /// A native cannot go on: a message for a value of a wrong type.
    pub fn type_error(&mut self, expected: &str, got: Value) -> Stop {
        let message = format!("expected {expected} but found {}", self.describe(got));
        self.error(ErrorKind::Type, message)
    }
}
