//! Loading files and other texts into the program.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::evaluator::Evaluator;
use super::native::Outcome;
use super::problem::{ErrorKind, Stop, UnknownReason};
use crate::heap::{Env, Heap, SlotId, StrId, Symbol, Value};
use crate::source::{EntryKind, ReadError, SourceFile};
use crate::syntax::ir::{ExprId, FileIr};
use crate::syntax::{LowerOptions, parse};

/// The files that an evaluator was asked for, each evaluated once.
#[derive(Debug, Default)]
pub(super) struct Imports {
    files: Vec<Imported>,
    by_path: FxHashMap<PathBuf, usize>,
    /// The file that a path value means, by its text.
    by_text: FxHashMap<StrId, (Rc<str>, usize)>,
}

/// One of them.
#[derive(Debug, Default)]
struct Imported {
    /// Its value, once it was parsed.
    slot: Option<SlotId>,
    /// How often it was asked for.
    count: u32,
}

impl Imports {
    /// The number of a file, which is now known.
    fn number(&mut self, path: &Path) -> usize {
        if let Some(number) = self.by_path.get(path) {
            return *number;
        }
        let number = self.files.len();
        self.files.push(Imported::default());
        self.by_path.insert(path.to_path_buf(), number);
        number
    }

    fn provide(&mut self, path: &Path, slot: SlotId) {
        let number = self.number(path);
        if let Some(file) = self.files.get_mut(number) {
            file.slot = Some(slot);
        }
    }

    /// Counts a file as asked for once more; gives its value if there is one.
    fn ask(&mut self, number: usize) -> Option<SlotId> {
        let file = self.files.get_mut(number)?;
        file.count += 1;
        file.slot
    }

    /// Takes back that a file was asked for.
    pub(super) fn forget(&mut self, path: &Path) {
        if let Some(file) = self.by_path.get(path).and_then(|number| self.files.get_mut(*number)) {
            file.count = file.count.saturating_sub(1);
        }
    }

    /// How often a file was asked for.
    pub(super) fn count(&self, path: &Path) -> u32 {
        self.by_path.get(path).and_then(|number| self.files.get(*number)).map_or(0, |file| file.count)
    }
}

impl Evaluator {
    /// Links a parsed text; gives the expression of the whole.
    pub fn link(&mut self, ir: &FileIr, file: &SourceFile, folder: &Path) -> ExprId {
        let numbers: FxHashMap<Symbol, u32> = ir
            .symbols
            .iter()
            .filter_map(|name| {
                let symbol = self.heap.intern(name);
                self.global_number(symbol).map(|number| (symbol, number))
            })
            .collect();
        self.program.link(ir, file.id, folder.to_path_buf(), &mut self.heap, |symbol| numbers.get(&symbol).copied())
    }

    /// Parses with this evaluator's global names; `frame` are names bound by one outermost frame.
    pub fn parse(&self, text: &str, frame: &[&str]) -> FileIr {
        parse(text, &LowerOptions { globals: &self.global_names, frame })
    }

    /// Evaluates a text that stands in no file, relative to `folder`. Syntax errors are errors.
    pub fn eval_text(&mut self, name: &str, text: &str, folder: &Path) -> Outcome {
        self.eval_text_with(name, text, folder, &[])
    }

    /// Evaluates a text that stands in no file with these names bound around it. Syntax errors are errors.
    pub fn eval_text_with(&mut self, name: &str, text: &str, folder: &Path, scope: &[(&str, Value)]) -> Outcome {
        let file = self.sources.add_text(name, text);
        let frame: Vec<&str> = scope.iter().map(|(name, _)| *name).collect();
        let ir = self.parse(text, &frame);
        if let Some(stop) = self.syntax_stop(&ir, &file) {
            return Err(stop);
        }
        let root = self.link(&ir, &file, folder);
        let env = self.outermost_frame(scope.iter().map(|(_, value)| *value));
        let value = self.eval(root, env);
        self.want(value)
    }

    /// The frame that holds the names bound around a text; the root if there are none.
    fn outermost_frame(&mut self, values: impl ExactSizeIterator<Item = Value>) -> Env {
        if values.len() == 0 {
            return Heap::ROOT;
        }
        let env = self.heap.new_frame(Heap::ROOT, values.len());
        for (value, offset) in values.zip(1u32..) {
            self.heap.set(SlotId(env.0 + offset), value);
        }
        env
    }

    /// The error of a file that does not parse.
    fn syntax_stop(&mut self, ir: &FileIr, file: &SourceFile) -> Option<Stop> {
        let error = ir.first_error.as_ref()?;
        let at = file.line_column(error.span.start);
        let message = format!("{}:{}:{}: {}", file.path.display(), at.line, at.column, error.message);
        Some(self.error(ErrorKind::Syntax, message))
    }

    /// The file that `import` means by a path: the file, or `default.nix` in the folder.
    pub fn import_target(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let seems_a_file = path.extension().is_some_and(|extension| extension == "nix");
        if seems_a_file && self.sources.read(path).is_ok() {
            return Ok(path.to_path_buf());
        }
        match self.sources.kind(path)? {
            EntryKind::Directory => Ok(path.join("default.nix")),
            _ => Ok(path.to_path_buf()),
        }
    }

    /// Lets `<name>` mean a path that stands on no disk and whose import is `value`.
    pub fn provide(&mut self, name: &str, value: Value) {
        let path = format!("/routelint/{name}");
        let slot = self.heap.new_slot(value);
        self.imports.provide(Path::new(&path), slot);
        let path = self.path_value(&path);
        self.search_path.insert(name.to_owned(), path);
    }

    /// Lets `import` of a path below a folder that stands on no disk give `value`.
    pub fn provide_file(&mut self, path: &Path, value: Value) {
        let slot = self.heap.new_slot(value);
        self.imports.provide(path, slot);
    }

    /// Lets everything below a folder that stands on no disk be unknown for a reason, but for what is provided. Of two folders the longer counts.
    pub fn stand_in(&mut self, folder: &Path, reason: UnknownReason) {
        self.stand_ins.push((folder.to_path_buf(), reason));
    }

    /// `import path`: evaluated once for each file. What cannot be read because it lies outside the allowed roots is unknown.
    pub fn import(&mut self, path: &Path) -> Outcome {
        let (_, slot) = self.imported(path)?;
        self.want(Value::reference(slot))
    }

    /// [`Self::import`] of a path value, with its text. A value that comes from the same literal again is known by that.
    pub fn import_path_value(&mut self, path: StrId) -> Result<(Rc<str>, Value), Stop> {
        if let Some((text, number)) = self.imports.by_text.get(&path) {
            let (text, number) = (Rc::clone(text), *number);
            if let Some(slot) = self.imports.ask(number) {
                return Ok((text, self.want(Value::reference(slot))?));
            }
        }
        let target = self.want_path(Value::path(path))?;
        let (number, slot) = self.imported(Path::new(&target))?;
        let text: Rc<str> = self.heap.text(path).into();
        self.imports.by_text.insert(path, (Rc::clone(&text), number));
        Ok((text, self.want(Value::reference(slot))?))
    }

    /// The file that a path means, by number, and its value.
    fn imported(&mut self, path: &Path) -> Result<(usize, SlotId), Stop> {
        let known = self.imports.by_path.get(path).copied();
        let known = known.filter(|number| self.imports.files.get(*number).is_some_and(|file| file.slot.is_some()));
        let target = match known {
            Some(_) => path.to_path_buf(),
            None => match self.import_target(path) {
                Ok(target) => target,
                Err(error) => return Err(self.read_stop(path, &error)),
            },
        };
        let number = known.unwrap_or_else(|| self.imports.number(&target));
        if let Some(slot) = self.imports.ask(number) {
            return Ok((number, slot));
        }
        let scope = self.loader_scope.map(|scope_of| scope_of(self, &target)).unwrap_or_default();
        let (root, env) = self.load_within(&target, &scope)?;
        let slot = self.heap.new_slot(Value::thunk(root, env));
        self.imports.provide(&target, slot);
        Ok((number, slot))
    }

    /// `scopedImport`: the names in `scope` are bound around the file. Not remembered.
    pub fn scoped_import(&mut self, path: &Path, scope: &[(Symbol, Value)]) -> Outcome {
        let target = match self.import_target(path) {
            Ok(target) => target,
            Err(error) => return Err(self.read_stop(path, &error)),
        };
        let (root, env) = self.load_within(&target, scope)?;
        let value = self.eval(root, env);
        self.want(value)
    }

    /// A file with the names in `scope` bound around it.
    fn load_within(&mut self, target: &Path, scope: &[(Symbol, Value)]) -> Result<(ExprId, Env), Stop> {
        let names: Vec<String> = scope.iter().map(|(name, _)| self.heap.name(*name).to_owned()).collect();
        let frame: Vec<&str> = names.iter().map(String::as_str).collect();
        let root = self.load(target, &frame)?;
        Ok((root, self.outermost_frame(scope.iter().map(|(_, value)| *value))))
    }

    /// Reads, parses and links a file.
    fn load(&mut self, target: &Path, frame: &[&str]) -> Result<ExprId, Stop> {
        let file = match self.sources.read(target) {
            Ok(file) => file,
            Err(error) => return Err(self.read_stop(target, &error)),
        };
        let parse = || self.parse(&file.text, frame);
        let ir = if frame.is_empty() { self.parsed.get_or_parse(file.id, parse) } else { Arc::new(parse()) };
        if let Some(stop) = self.syntax_stop(&ir, &file)
            && !self.is_tolerant
        {
            return Err(stop);
        }
        let folder = target.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
        Ok(self.link(&ir, &file, &folder))
    }

    /// The error or unknown for something that cannot be read.
    pub fn read_stop(&mut self, path: &Path, error: &ReadError) -> Stop {
        match error {
            ReadError::Outside => {
                let reason = self.reason_outside(path);
                self.unknown(reason)
            }
            ReadError::Encrypted(tool) => self.unknown(UnknownReason::Encrypted(path.display().to_string(), tool)),
            _ => {
                let is_missing = self.is_tolerant && *error == ReadError::Missing;
                let absence = if is_missing { self.sources.absence(path) } else { None };
                if let Some(absence) = absence {
                    return self.unknown(UnknownReason::Absent(path.display().to_string(), absence.to_string()));
                }
                let message = format!("path '{}' {error}", path.display());
                self.error(ErrorKind::File, message)
            }
        }
    }

    /// Why something outside the allowed roots is unknown.
    pub fn reason_outside(&self, path: &Path) -> UnknownReason {
        let above = self.stand_ins.iter().filter(|(folder, _)| path.starts_with(folder));
        let nearest = above.max_by_key(|(folder, _)| folder.as_os_str().len());
        nearest.map_or_else(|| UnknownReason::Outside(path.display().to_string()), |(_, reason)| reason.clone())
    }

    /// `<name>` or `<name/rest>`.
    pub(super) fn eval_search_path(&mut self, name: &str, at: ExprId) -> Value {
        if let Some(value) = self.search_path.get(name).copied() {
            return self.force(value);
        }
        let (first, rest) = name.split_once('/').unwrap_or((name, ""));
        let Some(base) = self.search_path.get(first).copied() else {
            // `<nix/…>` are files that Nix brings itself.
            if self.stands_alone && first != "nix" {
                let message = format!("file '{name}' was not found in the Nix search path");
                return self.error_at(ErrorKind::Throw, message, at).0;
            }
            return self.unknown_at(UnknownReason::MissingInput(format!("<{name}>")), at).0;
        };
        let base = self.force(base);
        match base.view() {
            crate::heap::View::Path(id) => {
                let text = format!("{}/{rest}", self.heap.text(id));
                let path = super::operators::canonical_path(&text);
                self.path_value(&path).with_origin(at)
            }
            _ => self.unknown_at(UnknownReason::MissingInput(format!("<{name}>")), at).0,
        }
    }
}
