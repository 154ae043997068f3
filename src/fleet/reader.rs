//! From values to facts: each with its origin, and with what could not be known counted.

use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::binding::Binding;
use super::facts::{Fact, Leaf, Listed, Origin, Part, Sourced};
use super::oddities::Oddity;
use super::parts::{Asker, Parts};
use super::trouble::{Gap, Problem, ProblemKind};
use crate::eval::explain::Form;
use crate::eval::{Coercion, ErrorKind, Evaluator};
use crate::heap::{ErrorId, Replay, Seq, Set, Symbol, UnknownId, Value, View, sym};
use crate::modules::{self, Definition, EvalId, OptionReport, OutlinedName};
use crate::source::{FileId, Place, SourceFile};
use crate::syntax::ExprId;

/// Most problems that are kept: more do not help a reader, and each is compared with all before it.
const MOST_PROBLEMS: usize = 500;

/// Reads facts through one evaluator.
pub(super) struct Reader<'a> {
    pub(super) ev: &'a mut Evaluator,
    pub(super) problems: Vec<Problem>,
    pub(super) gaps: Vec<Gap>,
    /// What the machine that is being read says and NixOS does not take.
    pub(super) oddities: Vec<Oddity>,
    /// The machine that is being read, in words: `guest web`.
    pub(super) machine: String,
    /// Whether the files of networkd are read too.
    pub(super) wants_files: bool,
    project: PathBuf,
    own_files: FxHashMap<FileId, bool>,
    /// The file that was asked about last, and whether it is the user's.
    last_asked: (FileId, bool),
    seen_errors: FxHashSet<ErrorId>,
    /// Whether errors are not told: see [`Reader::quietly`].
    is_quiet: bool,
    /// Whom facts may ask what they consist of; without anybody, all are taken apart at once.
    asker: Option<Asker>,
    /// The file that was looked into last.
    last_file: Option<Arc<SourceFile>>,
}

impl<'a> Reader<'a> {
    /// A reader for a project: places outside its folder are not shown.
    pub(super) fn new(ev: &'a mut Evaluator, project: PathBuf, asker: Option<Asker>) -> Self {
        Self {
            ev,
            problems: Vec::new(),
            gaps: Vec::new(),
            oddities: Vec::new(),
            machine: String::new(),
            wants_files: false,
            project,
            own_files: FxHashMap::default(),
            last_asked: (FileId(u32::MAX), false),
            seen_errors: FxHashSet::default(),
            is_quiet: false,
            asker,
            last_file: None,
        }
    }

    /// The place of an expression, if it stands in a file of the user's.
    pub(super) fn place(&mut self, origin: ExprId) -> Option<Place> {
        let place = self.ev.program.place(origin)?;
        // Values come in runs from one file.
        if self.last_asked.0 != place.file {
            self.last_asked = (place.file, self.is_own(place.file));
        }
        self.last_asked.1.then_some(place)
    }

    /// Whether a file is the user's.
    fn is_own(&mut self, id: FileId) -> bool {
        if let Some(known) = self.own_files.get(&id) {
            return *known;
        }
        let is_own = self.ev.sources.file(id).is_some_and(|file| file.on_disk && file.path.starts_with(&self.project));
        self.own_files.insert(id, is_own);
        is_own
    }

    /// The place of an expression in a file, be it of the user's or of an input.
    fn place_on_disk(&self, origin: ExprId) -> Option<Place> {
        let place = self.ev.program.place(origin)?;
        self.ev.sources.file(place.file).filter(|file| file.on_disk).map(|_| place)
    }

    /// One option of a machine.
    pub(super) fn option(&mut self, machine: EvalId, path: &[&str]) -> OptionReport {
        modules::option_report(self.ev, machine, path)
    }

    /// Whether somebody sets an option, as opposed to its default.
    pub(super) fn is_given(&mut self, machine: EvalId, path: &[&str]) -> bool {
        modules::is_given(self.ev, machine, path)
    }

    /// Whether a module may write a file below `/etc` whose path `is_wanted`.
    pub(super) fn may_write(&mut self, machine: EvalId, is_wanted: impl Fn(OutlinedName<'_>) -> bool) -> bool {
        modules::may_name(self.ev, machine, &["environment", "etc"], &is_wanted)
    }

    /// An option's value and the binding of its first definition.
    pub(super) fn option_value(&mut self, machine: EvalId, path: &[&str]) -> (Value, ExprId) {
        let report = self.option(machine, path);
        let origin = report.definitions.first().map_or(ExprId::NONE, |definition| definition.origin);
        let value = self.settled(report.value, path);
        (value, origin)
    }

    /// The value; an error is reported once and then counts as unknown like any other unknown.
    pub(super) fn settled(&mut self, value: Value, path: &[&str]) -> Value {
        let value = self.ev.force(value);
        match value.view() {
            View::Error(id) => self.report_error(id),
            View::Unknown(id) => self.report_gap(id, path),
            _ => {}
        }
        value
    }

    /// Reads what the network of guests does not hang on. Such options are given by modules of all kinds, of which not all are described, so an
    /// error there may come from what is missing here: it makes the fact unknown and nothing more. Neither is what is not known told of.
    pub(super) fn quietly<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.is_quiet, true);
        let result = read(self);
        self.is_quiet = before;
        result
    }

    /// Reports an error of evaluation, once.
    pub(super) fn report_error(&mut self, id: ErrorId) {
        self.report_error_at(id, None);
    }

    /// Reports an error of evaluation, once, with the place to show if it has none itself.
    pub(super) fn report_error_at(&mut self, id: ErrorId, at: Option<Place>) {
        if self.is_quiet || !self.seen_errors.insert(id) {
            return;
        }
        let Some(info) = self.ev.error_info(id).cloned() else { return };
        if matches!(info.kind, ErrorKind::Syntax | ErrorKind::UndefinedVariable) {
            return;
        }
        let own = self.place(info.origin).or_else(|| info.trace.iter().find_map(|(origin, _)| self.place(*origin)));
        let place = own.or(at);
        let related = info
            .trace
            .iter()
            .filter_map(|(origin, text)| self.place(*origin).map(|place| (place, text.clone())))
            .collect();
        let machine = (!self.machine.is_empty()).then(|| self.machine.clone());
        let folder = format!("{}/", self.project.display());
        let is_conflict = info.kind == ErrorKind::Module("conflict");
        // The last line of a conflict is advice for those who see nothing but the message.
        let lines = info.message.lines().map(str::trim).filter(|line| !is_conflict || !line.starts_with("Use `lib.mk"));
        let message = lines.collect::<Vec<_>>().join(" ").replace(&folder, "");
        let kind = if is_conflict { ProblemKind::Conflict } else { ProblemKind::Evaluation };
        // An error that no expression of the project is known to make may come from what routelint describes itself.
        let is_certain = place.is_some() && !self.is_doubtful(info.kind);
        if !is_certain && kind == ProblemKind::Evaluation {
            // Nix tells it if it is one; here it is a thing that is not known.
            let what = if self.machine.is_empty() { "the configuration" } else { "a part of the configuration" };
            return self.gap(place, what, message);
        }
        let problem = Problem { kind, message, place, related, machine, is_certain };
        let is_known = |known: &Problem| known.message == problem.message && known.place == problem.place;
        if self.problems.len() < MOST_PROBLEMS && !self.problems.iter().any(is_known) {
            self.problems.push(problem);
        }
    }

    /// Notes that an error of evaluation is told in another way.
    pub(super) fn is_told(&mut self, id: ErrorId) {
        self.seen_errors.insert(id);
    }

    fn report_gap(&mut self, id: UnknownId, path: &[&str]) {
        if self.is_quiet {
            return;
        }
        let Some(info) = self.ev.unknown_info(id).cloned() else { return };
        let place = self.place(info.origin);
        self.gap(place, &path.join("."), info.reason.words());
    }

    /// Notes something that cannot be known about the machine that is being read.
    pub(super) fn gap(&mut self, place: Option<Place>, what: &str, why: String) {
        let machines = if self.machine.is_empty() { Vec::new() } else { vec![self.machine.clone()] };
        let gap = Gap { place, what: what.to_owned(), why, machines };
        // Doubles that are not neighbours go when all gaps are sorted.
        if self.gaps.last() != Some(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Whether an error of this kind may be none in truth, because a module of this machine or another is unknown that could set what the value depends on. Definitions
    /// that contradict each other, files that are missing and the like are wrong whatever that module says.
    fn is_doubtful(&mut self, kind: ErrorKind) -> bool {
        let depends_on_values = match kind {
            ErrorKind::Throw
            | ErrorKind::Assert
            | ErrorKind::Abort
            | ErrorKind::Type
            | ErrorKind::MissingAttribute
            | ErrorKind::Arithmetic => true,
            ErrorKind::Arguments
            | ErrorKind::UndefinedVariable
            | ErrorKind::Recursion
            | ErrorKind::Syntax
            | ErrorKind::File
            | ErrorKind::Limit(_)
            | ErrorKind::Module(_) => false,
        };
        depends_on_values && modules::is_any_incomplete(self.ev)
    }

    /// The problems and gaps that were met. Where machines were guessed from loose files, an error of evaluation may come from the guess.
    pub(super) fn troubles(self, is_guessed: bool) -> (Vec<Problem>, Vec<Gap>) {
        let (mut problems, mut gaps) = (self.problems, self.gaps);
        if is_guessed {
            let doubtful = problems.extract_if(.., |problem| !matches!(problem.kind, ProblemKind::Syntax));
            gaps.extend(doubtful.map(|problem| Gap {
                place: problem.place,
                what: "a value".to_owned(),
                why: problem.message,
                machines: problem.machine.into_iter().collect(),
            }));
        }
        (problems, gaps)
    }

    /// Where a value comes from. What a computed string consists of is left to be asked, if somebody will be there to answer.
    pub(super) fn origin(&mut self, value: Value, binding: ExprId) -> Origin {
        let parts = match (value.view(), &self.asker) {
            (View::Str(id), Some(asker)) if self.ev.heap.replay(id) != Replay::None => Parts::of(value, asker.clone()),
            (View::Str(_), _) => Parts::known(self.take_apart(value)),
            _ => Parts::default(),
        };
        let (expression, definition) = (self.place(value.origin()), self.place(binding));
        let elsewhere = match expression.or(definition) {
            Some(_) => None,
            None => self.place_on_disk(value.origin()).or_else(|| self.place_on_disk(binding)),
        };
        let binding = definition.map_or(Binding::Unknown, |name| self.binding_at(name, expression));
        Origin { value: expression, definition, binding, elsewhere, parts }
    }

    /// How the binding of a name is written, seen from the value that came by it.
    pub(super) fn binding_at(&mut self, name: Place, value: Option<Place>) -> Binding {
        if self.last_file.as_ref().is_none_or(|file| file.id != name.file) {
            self.last_file = self.ev.sources.file(name.file);
        }
        self.last_file.as_ref().map_or(Binding::Unknown, |file| Binding::read(&file.text, name, value))
    }

    /// Numbers that lists were counted up to so far.
    pub(super) fn counts(&mut self) -> Vec<Sourced<i64>> {
        let counts = self.ev.counts().into_iter();
        let counts = counts.filter_map(|(literal, value)| {
            let place = self.place(literal)?;
            Some(Sourced { value, origin: Origin { value: Some(place), ..Origin::default() } })
        });
        counts.collect()
    }

    /// The scalars that a value is made of.
    pub(super) fn take_apart(&mut self, value: Value) -> Vec<Part> {
        let parts = self.ev.parts(value).into_iter();
        let facts = parts.filter_map(|part| {
            let leaf = match part.value.view() {
                View::Int(number) => Leaf::Int(number),
                View::Str(id) => Leaf::Text(self.ev.heap.text(id).into()),
                _ => return None,
            };
            let place = self.place(part.origin);
            let Form { is_verbatim, is_hexadecimal, divisor } = part.form;
            let divisor = divisor.or_else(|| self.ev.program.divisor(part.origin));
            Some(Part { start: part.start, end: part.end, leaf, place, is_verbatim, is_hexadecimal, divisor })
        });
        facts.collect()
    }

    /// A scalar as text: booleans as `true` and `false`, numbers in decimal; null is absent.
    pub(super) fn text(&mut self, value: Value, binding: ExprId) -> Fact<String> {
        let value = self.ev.force(value);
        let text = match value.view() {
            View::Null => return Fact::Absent,
            View::Str(id) => self.ev.heap.text(id).into_owned(),
            View::Int(number) => number.to_string(),
            View::Bool(truth) => truth.to_string(),
            View::Path(id) => self.ev.heap.text(id).into_owned(),
            View::List(seq) => return self.joined(seq, value, binding),
            View::Error(id) => {
                self.report_error(id);
                return Fact::Unknown;
            }
            View::Attrs(_) => match self.ev.coerce(value, Coercion::Path) {
                Ok(id) => self.ev.heap.text(id).into_owned(),
                Err(_) => return Fact::Unknown,
            },
            _ => return Fact::Unknown,
        };
        let origin = self.origin(value, binding);
        Fact::Known(Sourced { value: text, origin })
    }

    /// A list of scalars as one text, separated by spaces, as systemd reads repeated keys.
    fn joined(&mut self, seq: Seq, value: Value, binding: ExprId) -> Fact<String> {
        if self.ev.heap.open_reason(seq).is_some() {
            return Fact::Unknown;
        }
        let mut texts = Vec::new();
        let mut first = None;
        for element in self.ev.heap.elements(seq) {
            match self.text(element, binding) {
                Fact::Known(text) => {
                    first = first.or(Some(text.origin));
                    texts.push(text.value);
                }
                Fact::Absent => {}
                Fact::Unknown => return Fact::Unknown,
            }
        }
        if texts.is_empty() {
            return Fact::Absent;
        }
        let origin = match first {
            Some(origin) => origin,
            None => self.origin(value, binding),
        };
        Fact::Known(Sourced { value: texts.join(" "), origin })
    }

    /// A boolean option.
    pub(super) fn truth(&mut self, value: Value, binding: ExprId) -> Fact<bool> {
        let value = self.ev.force(value);
        match value.view() {
            View::Null => Fact::Absent,
            View::Bool(truth) => {
                let origin = self.origin(value, binding);
                Fact::Known(Sourced { value: truth, origin })
            }
            View::Error(id) => {
                self.report_error(id);
                Fact::Unknown
            }
            _ => Fact::Unknown,
        }
    }

    /// A boolean as systemd takes it: also the words `yes`, `on` and so on.
    pub(super) fn unit_truth(&mut self, value: Value, binding: ExprId) -> Fact<bool> {
        match self.text(value, binding) {
            Fact::Known(text) => match super::facts::parse_boolean(&text.value) {
                Some(truth) => Fact::Known(text.map(|_| truth)),
                None => Fact::Unknown,
            },
            Fact::Absent => Fact::Absent,
            Fact::Unknown => Fact::Unknown,
        }
    }

    /// A boolean option of a machine.
    pub(super) fn option_truth(&mut self, machine: EvalId, path: &[&str]) -> Fact<bool> {
        let (value, origin) = self.option_value(machine, path);
        self.truth(value, origin)
    }

    /// A scalar option of a machine.
    pub(super) fn option_text(&mut self, machine: EvalId, path: &[&str]) -> Fact<String> {
        let (value, origin) = self.option_value(machine, path);
        self.text(value, origin)
    }

    /// A list option of a machine.
    pub(super) fn option_texts(&mut self, machine: EvalId, path: &[&str]) -> Listed<Sourced<String>> {
        let (value, origin) = self.option_value(machine, path);
        self.texts(value, origin, false)
    }

    /// A list of texts, or one text; with `split`, each text is split at white space, as systemd does.
    pub(super) fn texts(&mut self, value: Value, binding: ExprId, split: bool) -> Listed<Sourced<String>> {
        let mut listed = Listed::default();
        let value = self.ev.force(value);
        match value.view() {
            View::Null => {}
            View::List(seq) => {
                listed.is_complete = self.ev.heap.open_reason(seq).is_none();
                for element in self.ev.heap.elements(seq) {
                    self.push_text(element, binding, split, &mut listed);
                }
            }
            _ => self.push_text(value, binding, split, &mut listed),
        }
        listed
    }

    fn push_text(&mut self, value: Value, binding: ExprId, split: bool, listed: &mut Listed<Sourced<String>>) {
        match self.text(value, binding) {
            Fact::Known(text) if split => {
                let words: Vec<&str> = text.value.split_whitespace().collect();
                match words.as_slice() {
                    [_] => listed.items.push(text),
                    _ => listed.items.extend(words.iter().map(|word| Sourced {
                        value: (*word).to_owned(),
                        origin: Origin { parts: Parts::default(), ..text.origin.clone() },
                    })),
                }
            }
            Fact::Known(text) => listed.items.push(text),
            Fact::Absent => {}
            Fact::Unknown => listed.is_complete = false,
        }
    }

    /// The sets that definitions of a set-valued option are, with `mkIf` and the like taken off: only to look up where names were written.
    pub(super) fn raw_sets(&mut self, definitions: &[Definition]) -> Vec<Set> {
        let mut sets = Vec::new();
        for definition in definitions {
            self.push_raw(definition.value, 0, &mut sets);
        }
        sets
    }

    fn push_raw(&mut self, value: Value, depth: u32, sets: &mut Vec<Set>) {
        let View::Attrs(set) = self.ev.force(value).view() else { return };
        if depth > 8 {
            return;
        }
        if self.ev.heap.attribute(set, sym::TYPE_TAG).is_none() {
            sets.push(set);
            return;
        }
        if let Some(content) = self.ev.attribute(set, sym::CONTENT) {
            self.push_raw(content, depth + 1, sets);
        }
        if let Some(contents) = self.ev.attribute(set, sym::CONTENTS)
            && let View::List(seq) = self.ev.force(contents).view()
        {
            for element in self.ev.heap.elements(seq) {
                self.push_raw(element, depth + 1, sets);
            }
        }
    }

    /// Where a name was written in one of the sets, or else the expression of its value; the last set counts first, as later definitions are nearer.
    pub(super) fn binding(&mut self, sets: &[Set], name: Symbol) -> ExprId {
        for set in sets {
            if let Some(key) = self.ev.heap.key(*set, name) {
                if self.place(key.origin).is_some() {
                    return key.origin;
                }
                let value = self.ev.heap.share(set.slot(&key));
                if value.is_evaluated() && self.place(value.origin()).is_some() {
                    return value.origin();
                }
            }
        }
        ExprId::NONE
    }

    /// The sets below a name in each of the sets.
    pub(super) fn raw_below(&mut self, sets: &[Set], name: Symbol) -> Vec<Set> {
        let mut below = Vec::new();
        for set in sets {
            if let Some(value) = self.ev.attribute(*set, name) {
                self.push_raw(value, 0, &mut below);
            }
        }
        below
    }
}
