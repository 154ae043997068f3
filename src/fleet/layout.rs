//! Which files of a folder are modules that stand for themselves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::session::parse_all;
use crate::eval::Evaluator;
use crate::flake::is_of_atom;
use crate::source::SourceFile;
use crate::syntax::ir::{Expr, FileIr, Step, SyntaxErrorKind};

/// A module that no other file imports by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) path: PathBuf,
    /// Its file name without `.nix`; of a `default.nix` the folder's.
    pub(super) name: String,
}

impl Root {
    fn new(path: &Path) -> Self {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let name = if stem == "default" { folder.unwrap_or(stem) } else { stem };
        Self { path: path.to_path_buf(), name }
    }
}

/// Arguments that NixOS passes to every module, and those that flakes usually pass.
const USUAL_ARGUMENTS: &[&str] =
    &["config", "lib", "pkgs", "options", "modulesPath", "inputs", "self", "utils", "specialArgs", "name", "system"];

/// The modules to look at: the files given, or those below a folder that no other file there names and that have to do with the network of machines.
/// Hosts that name guests come first, so that what they import is known when its own turn comes.
pub(super) fn module_roots(
    ev: &mut Evaluator,
    given: &[PathBuf],
    folder: Option<&Path>,
    is_excluded: &dyn Fn(&Path) -> bool,
) -> Vec<Root> {
    let Some(folder) = folder else { return given.iter().map(|path| Root::new(path)).collect() };
    let paths = ev.sources.nix_files(folder, is_excluded);
    let globals = ev.global_names();
    let parsed = parse_all(&ev.sources, &paths, &globals);
    let mut files: FxHashMap<PathBuf, Entry> = FxHashMap::default();
    for (file, ir) in &parsed {
        ev.parsed.add(file.id, Arc::clone(ir));
        let has_loader = is_of_atom(ev, &file.path);
        files.insert(file.path.clone(), Entry::new(file, ir, has_loader));
    }
    // What only a flake or another file that is no module names is imported by nobody who is looked at.
    let named: FxHashSet<&PathBuf> = files
        .iter()
        .filter(|(_, entry)| entry.is_module)
        .flat_map(|(path, entry)| entry.names.iter().filter(move |other| *other != path))
        .collect();
    let mut roots: Vec<(u8, Root)> = parsed
        .iter()
        .filter(|(file, _)| !named.contains(&file.path) && files.get(&file.path).is_some_and(|entry| entry.is_module))
        .filter_map(|(file, _)| Some((rank(&files, &file.path)?, Root::new(&file.path))))
        .collect();
    roots.sort_by(|a, b| (a.0, &a.1.path).cmp(&(b.0, &b.1.path)));
    roots.into_iter().map(|(_, root)| root).collect()
}

/// Names that a module forgets to ask for now and then, so that they say nothing about who loads the file.
const OFTEN_FORGOTTEN: &[&str] = &["lib", "pkgs", "config", "options", "inputs", "self", "modulesPath"];
/// In how many files a name must be free before it is no slip.
const FREE_IN: usize = 3;

/// Whether files below a folder use names that none of them binds, the same one in several files: names that another program than Nix gives them.
pub(super) fn needs_a_loader(ev: &Evaluator) -> bool {
    let parsed = ev.parsed.all();
    let mut free: FxHashMap<&str, usize> = FxHashMap::default();
    for (_, ir) in &parsed {
        let undefined = ir.errors.iter().filter(|error| error.kind == SyntaxErrorKind::UndefinedVariable);
        let names: FxHashSet<&str> = undefined.filter_map(|error| error.message.split('`').nth(1)).collect();
        for name in names.into_iter().filter(|name| !OFTEN_FORGOTTEN.contains(name)) {
            *free.entry(name).or_default() += 1;
        }
    }
    free.into_values().any(|files| files >= FREE_IN)
}

fn is_flake(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "flake.nix")
}

struct Entry {
    /// Files that the text names as paths.
    names: Vec<PathBuf>,
    /// Whether it may be a module.
    is_module: bool,
    has_vms: bool,
    has_network: bool,
    lists_folders: bool,
}

impl Entry {
    /// Of a file that `import` reads, or another loader.
    fn new(file: &SourceFile, ir: &FileIr, has_loader: bool) -> Self {
        let folder = file.path.parent().unwrap_or(Path::new("/"));
        let mut names = Vec::new();
        for expr in &ir.exprs {
            if let Expr::Path(text) = expr
                && let Some(text) = ir.strings.get(*text as usize)
            {
                let path = normal(&folder.join(&**text));
                names.push(path.join("default.nix"));
                names.push(path);
            }
            if has_loader {
                names.extend(named_members(expr, ir, folder));
            }
        }
        let has = |wanted: &[&str]| ir.symbols.iter().any(|name| wanted.contains(&&**name));
        Self {
            names,
            is_module: is_module_like(ir) && !is_flake(&file.path) && !(has_loader && file.path.ends_with("mod.nix")),
            has_vms: has(&["vms"]),
            has_network: has(&["microvm", "nat", "networks"]),
            lists_folders: has(&["readDir", "listFilesRecursive"]),
        }
    }
}

/// The files that `name.a.b` means by a name that a loader binds to what lies beside the file.
fn named_members(expr: &Expr, ir: &FileIr, folder: &Path) -> Vec<PathBuf> {
    let Expr::Select { base, path, .. } = expr else { return Vec::new() };
    if !matches!(ir.exprs.get(base.0 as usize), Some(Expr::Undefined(_))) {
        return Vec::new();
    }
    let range = ir.paths.get(*path as usize).copied().unwrap_or_default();
    let steps = ir.steps.iter().skip(range.start as usize).take(range.len as usize);
    let names = steps.map_while(|step| match step {
        Step::Static { name, .. } => ir.symbols.get(name.0 as usize),
        Step::Dynamic(_) => None,
    });
    let mut below = folder.to_path_buf();
    let mut files = Vec::new();
    for name in names {
        files.push(below.join(format!("{name}.nix")));
        below.push(&**name);
    }
    files
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                result.pop();
            }
            part => result.push(part),
        }
    }
    result
}

/// 0 for a module that names guests, 1 for another one about networks, nothing for one that has to do with neither, files that it
/// names included.
fn rank(files: &FxHashMap<PathBuf, Entry>, root: &Path) -> Option<u8> {
    let mut seen = FxHashSet::default();
    let mut open = vec![root.to_path_buf()];
    let mut best = None;
    while let Some(path) = open.pop() {
        let Some(entry) = files.get(&path) else { continue };
        if !seen.insert(path) {
            continue;
        }
        if entry.has_vms {
            return Some(0);
        }
        if entry.has_network || entry.lists_folders {
            best = Some(1);
        }
        open.extend(entry.names.iter().cloned());
    }
    best
}

/// Whether a file may be a module: a set, or a function of a set that asks for nothing unusual.
fn is_module_like(ir: &FileIr) -> bool {
    let mut at = ir.root;
    for _ in 0..64 {
        let Some(id) = at else { return false };
        at = match ir.exprs.get(id.0 as usize) {
            Some(Expr::Lambda(number)) => {
                let Some(lambda) = ir.lambdas.get(*number as usize) else { return false };
                if !lambda.has_formals {
                    return false;
                }
                let formals = ir.formals.get(lambda.formals.start as usize..).unwrap_or_default();
                return lambda.ellipsis
                    || formals.iter().take(lambda.formals.len as usize).all(|formal| {
                        let name = ir.symbols.get(formal.name.0 as usize).map_or("", |name| &**name);
                        formal.default.is_some() || USUAL_ARGUMENTS.contains(&name)
                    });
            }
            Some(Expr::Let { body, .. } | Expr::With { body, .. } | Expr::Assert { body, .. }) => Some(*body),
            Some(Expr::If { yes, .. }) => Some(*yes),
            Some(Expr::Attrs(_) | Expr::Binary { .. } | Expr::Apply { .. }) => return true,
            _ => return false,
        };
    }
    false
}
