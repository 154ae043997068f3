//! Reading files and folders below the allowed roots.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::place::{FileId, LineColumn, LineIndex, Place, Span};

/// What may be read, and how much.
#[derive(Clone, Debug)]
pub struct Access {
    /// Folders (or single files) below which everything may be read. Links are resolved before the comparison.
    pub roots: Vec<PathBuf>,
    /// Texts that stand in for files, by absolute path: an editor's buffer or standard input.
    pub overlay: BTreeMap<PathBuf, String>,
    /// Largest file that is read, in bytes.
    pub max_file_bytes: u64,
    /// Most entries of one folder that are listed.
    pub max_folder_entries: usize,
}

impl Access {
    /// Everything below `roots`, with the default limits (4 MiB a file, 100,000 entries a folder).
    pub fn below(roots: Vec<PathBuf>) -> Self {
        Self { roots, overlay: BTreeMap::new(), max_file_bytes: 4 << 20, max_folder_entries: 100_000 }
    }
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// No such file or folder.
    Missing,
    /// It lies outside the allowed roots (after resolving links).
    Outside,
    /// Larger than the limit, in bytes.
    TooLarge(u64),
    /// Not valid UTF-8; the offset of the first bad byte.
    NotUtf8(usize),
    /// Encrypted in this checkout, with the tool of this name: what it says is known elsewhere.
    Encrypted(&'static str),
    /// Neither a regular file nor a folder, or the other one of the two.
    WrongKind,
    /// The operating system refused.
    Io(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "does not exist"),
            Self::Outside => write!(f, "lies outside the project and the given inputs, so it is not read"),
            Self::TooLarge(bytes) => write!(f, "is too large to be a Nix file ({bytes} bytes)"),
            Self::NotUtf8(offset) => write!(f, "is not valid UTF-8 (byte {offset})"),
            Self::Encrypted(tool) => write!(f, "is encrypted with {tool}"),
            Self::WrongKind => write!(f, "is not a regular file"),
            Self::Io(message) => write!(f, "cannot be read: {message}"),
        }
    }
}

/// Kind of a directory entry, as `builtins.readDir` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    Regular,
    /// A folder.
    Directory,
    /// A symbolic link (not followed).
    Symlink,
    /// Anything else.
    Unknown,
}

impl EntryKind {
    /// The word that `builtins.readDir` gives.
    pub fn nix_name(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Unknown => "unknown",
        }
    }

    fn of(kind: std::fs::FileType) -> Self {
        if kind.is_file() {
            Self::Regular
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Symlink
        } else {
            Self::Unknown
        }
    }
}

/// One file's text, or a text that has no file.
#[derive(Debug)]
pub struct SourceFile {
    /// Its number.
    pub id: FileId,
    /// Absolute path, or a name in angle brackets for text without a file.
    pub path: PathBuf,
    /// The text.
    pub text: Arc<str>,
    /// Whether it is a file of the user's, as opposed to text built into routelint or given on the command line.
    pub on_disk: bool,
    lines: OnceLock<LineIndex>,
}

/// Files by path: their numbers depend on which thread was first.
#[derive(Debug, Default)]
pub struct FileOrder {
    ranks: Vec<u32>,
}

impl FileOrder {
    /// What a place is sorted by.
    pub fn of(&self, place: Place) -> (u32, Span) {
        (self.of_file(place.file), place.span)
    }

    /// What a file is sorted by.
    pub fn of_file(&self, file: FileId) -> u32 {
        self.ranks.get(file.0 as usize).copied().unwrap_or(u32::MAX)
    }
}

impl SourceFile {
    /// Line and column of a byte offset.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        self.lines.get_or_init(|| LineIndex::new(&self.text)).line_column(&self.text, offset)
    }

    /// Line and column of a byte offset, the column counted in bytes, as programs count.
    pub fn line_byte_column(&self, offset: u32) -> LineColumn {
        self.lines.get_or_init(|| LineIndex::new(&self.text)).line_byte_column(offset)
    }
}

#[derive(Debug, Default)]
struct Files {
    list: Vec<Arc<SourceFile>>,
    by_path: FxHashMap<PathBuf, Result<FileId, ReadError>>,
}

impl Files {
    /// What reading a path gave, if somebody did that.
    fn known(&self, path: &Path) -> Option<Result<Arc<SourceFile>, ReadError>> {
        let known = self.by_path.get(path)?.clone();
        Some(known.and_then(|id| self.list.get(id.0 as usize).cloned().ok_or(ReadError::Missing)))
    }
}

/// All files that were read, shared between threads.
#[derive(Debug)]
pub struct Sources {
    access: Access,
    roots: RwLock<Vec<PathBuf>>,
    /// Folders with all links resolved, as far as they were asked for and are allowed.
    folders: RwLock<FxHashMap<PathBuf, PathBuf>>,
    files: Mutex<Files>,
}

impl Sources {
    /// A store that reads what `access` allows. Roots that do not exist allow nothing.
    #[allow(clippy::disallowed_methods, reason = "this is the room that resolves paths")]
    pub fn new(access: Access) -> Self {
        let roots = access.roots.iter().filter_map(|root| std::fs::canonicalize(root).ok()).collect();
        Self { access, roots: RwLock::new(roots), folders: RwLock::default(), files: Mutex::default() }
    }

    /// Allows everything below one more root, such as an input of a flake that is on the disk.
    #[allow(clippy::disallowed_methods, reason = "this is the room that resolves paths")]
    pub fn allow(&self, root: &Path) {
        if let Ok(root) = std::fs::canonicalize(root) {
            let mut roots = self.roots.write().unwrap_or_else(PoisonError::into_inner);
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
    }

    /// Whether anything is at `path`, without regard to the roots: used for the store path of a locked input, before it is allowed.
    pub fn is_present(&self, path: &Path) -> bool {
        path.exists()
    }

    /// An absolute path without links, `.` and `..`; the path itself if it does not exist.
    #[allow(clippy::disallowed_methods, reason = "this is the room that resolves paths")]
    pub fn canonical(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    }

    /// All `.nix` files below a folder, sorted; hidden folders, links, folders of build tools and what is excluded are left out. At most 100,000.
    pub fn nix_files(&self, folder: &Path, is_excluded: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
        let is_wanted = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_string_lossy();
            let is_foreign = name.starts_with('.') || matches!(&*name, "node_modules" | "target" | "result");
            entry.depth() == 0 || !(is_foreign || is_excluded(entry.path()))
        };
        let files = walkdir::WalkDir::new(folder).sort_by_file_name().max_depth(64).into_iter().filter_entry(is_wanted);
        files
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(walkdir::DirEntry::into_path)
            .filter(|path| path.extension().is_some_and(|extension| extension == "nix"))
            .take(100_000)
            .collect()
    }

    /// The text of the file at the absolute path `path`.
    pub fn read(&self, path: &Path) -> Result<Arc<SourceFile>, ReadError> {
        if let Some(known) = self.lock().known(path) {
            return known;
        }
        let text = match self.access.overlay.get(path) {
            Some(text) => Ok(text.clone()),
            None => self.read_bytes(path).and_then(|bytes| {
                if let Some(tool) = encrypted_with(&bytes) {
                    return Err(ReadError::Encrypted(tool));
                }
                String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8(error.utf8_error().valid_up_to()))
            }),
        };
        let mut files = self.lock();
        // Another thread may have read it meanwhile: a path has one number.
        if let Some(known) = files.known(path) {
            return known;
        }
        match text {
            Ok(text) => {
                let file = add(&mut files, path.to_path_buf(), text.into(), true);
                files.by_path.insert(path.to_path_buf(), Ok(file.id));
                Ok(file)
            }
            Err(error) => {
                files.by_path.insert(path.to_path_buf(), Err(error.clone()));
                Err(error)
            }
        }
    }

    /// The bytes of the file at `path`, not remembered.
    #[allow(clippy::disallowed_methods, reason = "this is the room that reads files")]
    pub fn read_bytes(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        if let Some(text) = self.access.overlay.get(path) {
            return Ok(text.clone().into_bytes());
        }
        let resolved = self.resolve(path)?;
        let metadata = std::fs::metadata(&resolved).map_err(|error| io_error(&error))?;
        if !metadata.is_file() {
            return Err(ReadError::WrongKind);
        }
        if metadata.len() > self.access.max_file_bytes {
            return Err(ReadError::TooLarge(metadata.len()));
        }
        let file = std::fs::File::open(&resolved).map_err(|error| io_error(&error))?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        file.take(self.access.max_file_bytes + 1).read_to_end(&mut bytes).map_err(|error| io_error(&error))?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > self.access.max_file_bytes {
            return Err(ReadError::TooLarge(length));
        }
        Ok(bytes)
    }

    /// Adds a text that has no file: an expression of the command line, or one of routelint's own modules.
    pub fn add_text(&self, name: &str, text: impl Into<Arc<str>>) -> Arc<SourceFile> {
        add(&mut self.lock(), PathBuf::from(format!("<{name}>")), text.into(), false)
    }

    /// The entries of a folder, sorted by name.
    #[allow(clippy::disallowed_methods, reason = "this is the room that lists folders")]
    pub fn read_dir(&self, path: &Path) -> Result<Vec<(String, EntryKind)>, ReadError> {
        let resolved = self.resolve(path)?;
        let mut entries = Vec::new();
        // What was resolved exists, so it is no folder if it cannot be listed as one.
        let listed = std::fs::read_dir(&resolved).map_err(|error| match io_error(&error) {
            ReadError::Missing => ReadError::Io("it is not a folder".to_owned()),
            other => other,
        });
        for entry in listed? {
            let entry = entry.map_err(|error| io_error(&error))?;
            if entries.len() >= self.access.max_folder_entries {
                return Err(ReadError::Io(format!("has more than {} entries", self.access.max_folder_entries)));
            }
            let kind = entry.file_type().map(EntryKind::of).unwrap_or(EntryKind::Unknown);
            entries.push((entry.file_name().to_string_lossy().into_owned(), kind));
        }
        entries.sort();
        Ok(entries)
    }

    /// What `path` is, following links; an error when it is missing or outside the roots.
    #[allow(clippy::disallowed_methods, reason = "this is the room that asks about files")]
    pub fn kind(&self, path: &Path) -> Result<EntryKind, ReadError> {
        if self.access.overlay.contains_key(path) {
            return Ok(EntryKind::Regular);
        }
        let resolved = self.resolve(path)?;
        std::fs::metadata(&resolved).map(|data| EntryKind::of(data.file_type())).map_err(|error| io_error(&error))
    }

    /// What `path` is, not following a link in its last component.
    pub fn link_kind(&self, path: &Path) -> Result<EntryKind, ReadError> {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            let parent = match self.resolve(parent) {
                // The folder above a root is not allowed, the root itself is.
                Err(ReadError::Outside) => return self.kind(path),
                parent => parent?,
            };
            let data = parent.join(name).symlink_metadata().map_err(|error| io_error(&error))?;
            return Ok(EntryKind::of(data.file_type()));
        }
        self.kind(path)
    }

    /// The file with the number `id`; `None` only for a number of another store.
    pub fn file(&self, id: FileId) -> Option<Arc<SourceFile>> {
        self.lock().list.get(id.0 as usize).cloned()
    }

    /// All texts that were handed out, in the order of their numbers.
    pub fn files(&self) -> Vec<Arc<SourceFile>> {
        self.lock().list.clone()
    }

    /// The files that were handed out so far, in the order in which output names them.
    pub fn order(&self) -> FileOrder {
        let files = self.files();
        let mut sorted: Vec<&SourceFile> = files.iter().map(|file| &**file).collect();
        sorted.sort_by_key(|file| &file.path);
        let mut ranks = vec![u32::MAX; sorted.len()];
        for (rank, file) in (0u32..).zip(sorted) {
            if let Some(place) = ranks.get_mut(file.id.0 as usize) {
                *place = rank;
            }
        }
        FileOrder { ranks }
    }

    /// How many files of the user's were read.
    pub fn files_read(&self) -> usize {
        self.lock().list.iter().filter(|file| file.on_disk).count()
    }

    /// Line and column of the first and one past the last character of a place.
    pub fn line_columns(&self, place: Place) -> (LineColumn, LineColumn) {
        match self.file(place.file) {
            Some(file) => (file.line_column(place.span.start), file.line_column(place.span.end)),
            None => (LineColumn { line: 1, column: 1 }, LineColumn { line: 1, column: 1 }),
        }
    }

    /// The text of a place.
    pub fn text(&self, place: Place) -> String {
        self.file(place.file)
            .and_then(|file| file.text.get(place.span.start as usize..place.span.end as usize).map(str::to_owned))
            .unwrap_or_default()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the room that resolves paths")]
    fn resolve(&self, path: &Path) -> Result<PathBuf, ReadError> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(ReadError::Missing);
        }
        if let Some(resolved) = self.resolve_in_known_folder(path) {
            return Ok(resolved);
        }
        let resolved = match std::fs::canonicalize(path) {
            Ok(resolved) => resolved,
            Err(error) if is_missing(&error) => {
                return if self.is_inside_lexically(path) { Err(ReadError::Missing) } else { Err(ReadError::Outside) };
            }
            Err(error) => return Err(io_error(&error)),
        };
        if !self.allowed().iter().any(|root| resolved.starts_with(root)) {
            return Err(ReadError::Outside);
        }
        self.remember_folder(path, &resolved);
        Ok(resolved)
    }

    /// The path of something in a folder that was resolved before, or in one below it, unless there is a link on the way.
    fn resolve_in_known_folder(&self, path: &Path) -> Option<PathBuf> {
        let (parent, name) = (path.parent()?, path.file_name()?);
        let resolved = self.known_folder(parent)?.join(name);
        let data = resolved.symlink_metadata().ok()?;
        (!data.is_symlink()).then_some(resolved)
    }

    /// What a folder resolves to that is known, or that lies below such a one and can be reached without links.
    fn known_folder(&self, folder: &Path) -> Option<PathBuf> {
        let mut below = Vec::new();
        let mut at = folder;
        let mut resolved = loop {
            if let Some(known) = self.folders.read().unwrap_or_else(PoisonError::into_inner).get(at) {
                break known.clone();
            }
            below.push(at.file_name()?);
            at = at.parent()?;
        };
        if below.is_empty() {
            return Some(resolved);
        }
        for name in below.into_iter().rev() {
            resolved.push(name);
            if !resolved.symlink_metadata().ok()?.is_dir() {
                return None;
            }
        }
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        folders.insert(folder.to_path_buf(), resolved.clone());
        Some(resolved)
    }

    /// Remembers the folder of a path that was resolved and is allowed: what is in an allowed folder and no link is allowed too.
    fn remember_folder(&self, path: &Path, resolved: &Path) {
        let is_plain = !path.components().any(|part| matches!(part, std::path::Component::ParentDir));
        if let (Some(parent), Some(folder)) = (path.parent(), resolved.parent())
            && path.file_name() == resolved.file_name()
            && is_plain
            && self.allowed().iter().any(|root| folder.starts_with(root))
        {
            let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
            folders.insert(parent.to_path_buf(), folder.to_path_buf());
        }
    }

    fn is_inside_lexically(&self, path: &Path) -> bool {
        self.allowed().iter().chain(&self.access.roots).any(|root| path.starts_with(root))
    }

    fn allowed(&self) -> std::sync::RwLockReadGuard<'_, Vec<PathBuf>> {
        self.roots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(files: &mut Files, path: PathBuf, text: Arc<str>, on_disk: bool) -> Arc<SourceFile> {
    let id = FileId(u32::try_from(files.list.len()).unwrap_or(u32::MAX));
    let file = Arc::new(SourceFile { id, path, text, on_disk, lines: OnceLock::new() });
    files.list.push(Arc::clone(&file));
    file
}

/// How files begin that a tool has encrypted whole: git-crypt and age by their magic bytes, PGP by its armour (RFC 9580 6.2), sops by the envelope of
/// its binary format, Ansible Vault by its header.
const ENVELOPES: [(&[u8], &str); 5] = [
    (b"\0GITCRYPT\0", "git-crypt"),
    (b"age-encryption.org/", "age"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "age"),
    (b"-----BEGIN PGP MESSAGE-----", "PGP"),
    (b"$ANSIBLE_VAULT;", "Ansible Vault"),
];

/// The tool that a file is encrypted with, if it is.
fn encrypted_with(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, tool)) = ENVELOPES.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Some(tool);
    }
    // { "data": "ENC[AES256_GCM,…", with blanks as the writer likes.
    let mut rest = bytes;
    for word in [b"{".as_slice(), b"\"data\"", b":", b"\"ENC["] {
        rest = rest.trim_ascii_start().strip_prefix(word)?;
    }
    Some("sops")
}

fn io_error(error: &std::io::Error) -> ReadError {
    if is_missing(error) { ReadError::Missing } else { ReadError::Io(error.to_string()) }
}

/// Whether there is nothing at a path; what would lie in a file as if that were a folder does not exist either.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

impl PartialOrd for EntryKind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EntryKind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nix_name().cmp(other.nix_name())
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests prepare their own folders")]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_out_of_the_root_is_refused() {
        let inside = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.nix"), "1").unwrap();
        std::fs::write(inside.path().join("own.nix"), "2").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.nix"), inside.path().join("link.nix")).unwrap();
        let sources = Sources::new(Access::below(vec![inside.path().to_path_buf()]));
        assert_eq!(sources.read(&inside.path().join("own.nix")).unwrap().text.as_ref(), "2");
        assert_eq!(sources.read(&inside.path().join("link.nix")).unwrap_err(), ReadError::Outside);
        assert_eq!(sources.read(&outside.path().join("secret.nix")).unwrap_err(), ReadError::Outside);
        assert_eq!(sources.read(&inside.path().join("none.nix")).unwrap_err(), ReadError::Missing);
    }

    #[test]
    fn a_path_that_many_threads_read_at_once_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..50).map(|number| folder.path().join(format!("{number}.nix"))).collect();
        for path in &paths {
            std::fs::write(path, "x".repeat(10_000)).unwrap();
        }
        let sources = Sources::new(Access::below(vec![folder.path().to_path_buf()]));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| paths.iter().for_each(|path| assert!(sources.read(path).is_ok())));
            }
        });
        assert_eq!(sources.files_read(), paths.len());
    }

    #[test]
    fn places_are_sorted_by_path_whatever_was_read_first() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::new(Access::below(vec![folder.path().to_path_buf()]));
        let [late, early] = ["b.nix", "a.nix"].map(|name| {
            std::fs::write(folder.path().join(name), "1").unwrap();
            sources.read(&folder.path().join(name)).unwrap().id
        });
        let place = |file, start| Place { file, span: Span::new(start, start) };
        let order = sources.order();
        let mut places = [place(late, 1), place(early, 5), place(late, 0)];
        places.sort_by_key(|place| order.of(*place));
        assert_eq!(places, [place(early, 5), place(late, 0), place(late, 1)]);
    }

    #[test]
    fn an_encrypted_file_is_told_from_one_that_is_broken() {
        for (bytes, tool) in [
            (b"\0GITCRYPT\0\x9c\xff".as_slice(), Some("git-crypt")),
            (b"age-encryption.org/v1\n-> X25519 x\n", Some("age")),
            (b"{\n\t\"data\": \"ENC[AES256_GCM,data:Vi4=\",\n", Some("sops")),
            (b"{ data = \"ENC[\"; }", None),
            (b"{ }", None),
            (b"", None),
        ] {
            assert_eq!(encrypted_with(bytes), tool);
        }
    }

    #[test]
    fn a_file_over_the_limit_and_one_that_is_not_utf8_are_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("big.nix"), "x".repeat(100)).unwrap();
        std::fs::write(folder.path().join("latin.nix"), b"a\xE4").unwrap();
        let mut access = Access::below(vec![folder.path().to_path_buf()]);
        access.max_file_bytes = 50;
        let sources = Sources::new(access);
        assert_eq!(sources.read(&folder.path().join("big.nix")).unwrap_err(), ReadError::TooLarge(100));
        assert_eq!(sources.read(&folder.path().join("latin.nix")).unwrap_err(), ReadError::NotUtf8(1));
        assert_eq!(sources.read(folder.path()).unwrap_err(), ReadError::WrongKind);
    }
}
