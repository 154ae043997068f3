//! Parsed files that several evaluators share.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::ir::FileIr;
use crate::source::FileId;

/// Files by number, each parsed once for all who hold the store, on whatever thread; they must agree on the global names.
#[derive(Clone, Debug, Default)]
pub struct ParsedFiles(Arc<Mutex<FxHashMap<FileId, Slot>>>);

/// A file that is parsed or about to be.
type Slot = Arc<OnceLock<Arc<FileIr>>>;

impl ParsedFiles {
    /// The file, if it is parsed already.
    pub fn get(&self, id: FileId) -> Option<Arc<FileIr>> {
        self.with(|files| files.get(&id).and_then(|slot| slot.get().cloned()))
    }

    /// The file; whoever asks first parses it, and others wait for that.
    pub fn get_or_parse(&self, id: FileId, parse: impl FnOnce() -> FileIr) -> Arc<FileIr> {
        let slot = self.with(|files| Arc::clone(files.entry(id).or_default()));
        Arc::clone(slot.get_or_init(|| Arc::new(parse())))
    }

    /// Adds a file that was parsed elsewhere.
    pub fn add(&self, id: FileId, ir: Arc<FileIr>) {
        self.with(|files| files.entry(id).or_default().set(ir)).unwrap_or(());
    }

    /// All files that are parsed, by number.
    pub fn all(&self) -> Vec<(FileId, Arc<FileIr>)> {
        let known = |(id, slot): (&FileId, &Slot)| Some((*id, Arc::clone(slot.get()?)));
        let mut all: Vec<_> = self.with(|files| files.iter().filter_map(known).collect());
        all.sort_by_key(|(id, _)| *id);
        all
    }

    fn with<T>(&self, work: impl FnOnce(&mut FxHashMap<FileId, Slot>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
