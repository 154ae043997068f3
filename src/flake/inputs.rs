//! The inputs of a flake, and the flake's value.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::known::Known;
use super::lock::{self, Lock, Locked, store_path};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{Symbol, Value, View, sym};
use crate::source::ReadError;
use crate::syntax::ExprId;

/// What is given from outside.
#[derive(Clone, Debug, Default)]
pub struct FlakeOptions {
    /// Inputs of the root flake that are in a folder: name and absolute path.
    pub inputs: Vec<(String, PathBuf)>,
}

const DEEPEST: u32 = 16;

/// The built-in functions of this file.
pub(super) static FUNCTIONS: &[NativeDef] = &[NativeDef::lazy("internal.flakeResult", 3, flake_result)];

/// `outputs inputs // about`.
fn flake_result(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [outputs, inputs, about] = args else { return Ok(Value::NULL) };
    let result = match ev.call(*outputs, &[*inputs]) {
        Ok(value) => ev.force(value),
        Err(stop) => stop.0,
    };
    if result.is_error() {
        return Err(Stop(result));
    }
    let whole = ev.update(result, *about)?;
    let outputs = ev.set(&[("outputs", result)]);
    ev.update(whole, outputs)
}

struct Resolver<'a> {
    lock: Rc<Lock>,
    options: &'a FlakeOptions,
    /// The folder of the root flake.
    root: &'a Path,
    /// `inputs` of the root flake as declared.
    inputs: Value,
}

/// Where a flake's own inputs are found in the lock file.
struct Node<'a> {
    name: Option<String>,
    folder: &'a Path,
    is_root: bool,
    depth: u32,
}

/// The value of the flake in `folder` (absolute): its outputs with `inputs`, `outPath`, `_type` and so on.
pub fn flake_value(ev: &mut Evaluator, folder: &Path, options: &FlakeOptions) -> Outcome {
    let lock = read_lock(ev, folder)?;
    let root = lock.root.clone();
    let flake = ev.import(&folder.join("flake.nix"))?;
    let set = ev.want_attrs(flake)?;
    let inputs = ev.attribute(set, sym::INPUTS).unwrap_or(Value::EMPTY_SET);
    let resolver = Resolver { lock: Rc::new(lock), options, root: folder, inputs };
    resolver.flake(ev, &Node { name: Some(root), folder, is_root: true, depth: 0 })
}

/// The NixOS release that the lock file (or the URL in `flake.nix`) of a flake names for nixpkgs: year and month, as in `nixos-25.05`.
pub fn release_of(ev: &Evaluator, folder: &Path) -> Option<(u16, u16)> {
    let lock = ev.sources.read(&folder.join("flake.lock")).ok().and_then(|file| Lock::parse(&file.text).ok());
    let from_lock = lock.and_then(|lock| {
        let node = lock.nodes.get(lock.resolve(&lock.root, "nixpkgs")?)?;
        node.original.as_ref().or(node.locked.as_ref()).and_then(|source| source.reference.clone())
    });
    let text = match from_lock {
        Some(reference) => reference,
        None => ev.sources.read(&folder.join("flake.nix")).ok()?.text.to_string(),
    };
    let rest = text.split("nixos-").skip(1).find(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))?;
    let (year, month) = rest.split_once('.')?;
    let month: String = month.chars().take_while(char::is_ascii_digit).collect();
    Some((year.parse().ok()?, month.parse().ok()?))
}

fn read_lock(ev: &mut Evaluator, folder: &Path) -> Result<Lock, Stop> {
    let path = folder.join("flake.lock");
    match ev.sources.read(&path) {
        Ok(file) => Lock::parse(&file.text).map_err(|error| {
            ev.error(ErrorKind::Syntax, format!("{}: the lock file cannot be read: {error}", path.display()))
        }),
        Err(ReadError::Missing) => Ok(Lock::default()),
        Err(error) => Err(ev.read_stop(&path, &error)),
    }
}

impl Resolver<'_> {
    fn flake(&self, ev: &mut Evaluator, node: &Node<'_>) -> Outcome {
        let flake = ev.import(&node.folder.join("flake.nix"))?;
        let set = ev.want_attrs(flake)?;
        let declared = match ev.attribute(set, sym::INPUTS) {
            Some(inputs) => inputs,
            None => Value::EMPTY_SET,
        };
        let outputs = ev.attribute_or_stop(set, sym::OUTPUTS)?;
        let outputs = ev.want_function(outputs)?;
        let mut names: Vec<(Symbol, Value, ExprId)> = Vec::new();
        if let View::Attrs(declared) = ev.force(declared).view() {
            for (name, slot, origin) in ev.heap.entries(declared) {
                let value = self.input(ev, node, name, Value::reference(slot));
                names.push((name, value, origin));
            }
        }
        for (name, _, origin) in ev.formals_of(outputs).unwrap_or_default() {
            if name != sym::SELF && !names.iter().any(|(known, ..)| *known == name) {
                let value = self.input(ev, node, name, Value::EMPTY_SET);
                names.push((name, value, origin));
            }
        }
        let itself = ev.heap.new_slot(Value::NULL);
        names.push((sym::SELF, Value::reference(itself), ExprId::NONE));
        let inputs = ev.heap.new_set(&names);
        let about = self.about(ev, node.folder, inputs);
        let result = ev.native("internal.flakeResult");
        let value = ev.heap.deferred(result, &[outputs, inputs, about]);
        ev.heap.set(itself, value);
        ev.want(Value::reference(itself))
    }

    /// What a flake's value holds beside its outputs. Revision and time of a folder that is being edited are unknown.
    fn about(&self, ev: &mut Evaluator, folder: &Path, inputs: Value) -> Value {
        let source = source_info(ev, folder);
        let kind = ev.str("flake");
        let more = ev.set(&[("inputs", inputs), ("_type", kind), ("sourceInfo", source)]);
        ev.update(source, more).unwrap_or_else(|stop| stop.0)
    }

    /// The value of one input: lazy for flakes on the disk.
    fn input(&self, ev: &mut Evaluator, node: &Node<'_>, name: Symbol, declared: Value) -> Value {
        let text = ev.heap.name(name).to_owned();
        let locked_name = node.name.as_deref().and_then(|node| self.lock.resolve(node, &text)).map(str::to_owned);
        let locked = locked_name.as_ref().and_then(|name| self.lock.nodes.get(name));
        let url = self.declared_text(ev, declared, "url");
        let known = match locked {
            Some(locked) => [&locked.locked, &locked.original].into_iter().flatten().find_map(Known::of_source),
            None => match &url {
                Some(url) => Known::of_url(url),
                None => self.followed(ev, declared).unwrap_or_else(|| Known::of("", &text)),
            },
        };
        let given = self.options.inputs.iter().find(|(given, _)| node.is_root && *given == text);
        if let Some((_, folder)) = given
            && !known.is_some_and(Known::is_native)
        {
            ev.sources.allow(folder);
            return self.on_disk(ev, folder, None, node.depth, true);
        }
        let source = locked.and_then(|node| node.locked.as_ref().or(node.original.as_ref()));
        if let Some(known) = known {
            return described(ev, known, source);
        }
        let is_flake = match locked {
            Some(locked) => locked.flake,
            None => !self.is_declared_plain(ev, declared),
        };
        match source {
            Some(source) => match self.folder_of(ev, node, locked, source) {
                Some(folder) => self.on_disk(ev, &folder, locked_name, node.depth, is_flake),
                None => missing(ev, &text, Some(source)),
            },
            None => match url.as_deref().and_then(relative_path) {
                Some(relative) => self.on_disk(ev, &node.folder.join(relative), None, node.depth, is_flake),
                None => missing(ev, &text, None),
            },
        }
    }

    /// The folder of a locked source, if it is there.
    fn folder_of(
        &self,
        ev: &mut Evaluator,
        node: &Node<'_>,
        locked: Option<&lock::Node>,
        source: &Locked,
    ) -> Option<PathBuf> {
        let inside = source.dir.as_deref().unwrap_or("");
        if source.kind == "path" && !source.path.starts_with('/') {
            // Nix 2.26 and later tell which flake the path is relative to; an empty list is the root.
            let is_of_root = locked.and_then(|node| node.parent.as_ref()).is_some_and(Vec::is_empty);
            let base = if is_of_root { self.root } else { node.folder };
            return Some(base.join(&source.path).join(inside));
        }
        let path = source.nar_hash.as_deref().and_then(store_path)?;
        if !ev.sources.is_present(Path::new(&path)) {
            return None;
        }
        ev.sources.allow(Path::new(&path));
        Some(Path::new(&path).join(inside))
    }

    fn declared(&self, ev: &mut Evaluator, declared: Value, name: &str) -> Option<Value> {
        let View::Attrs(set) = ev.force(declared).view() else { return None };
        let name = ev.heap.intern(name);
        let value = ev.attribute(set, name)?;
        Some(ev.force(value))
    }

    fn declared_text(&self, ev: &mut Evaluator, declared: Value, name: &str) -> Option<String> {
        let value = self.declared(ev, declared, name)?;
        ev.want_text(value).ok()
    }

    /// Whether an input is declared with `flake = false`.
    fn is_declared_plain(&self, ev: &mut Evaluator, declared: Value) -> bool {
        self.declared(ev, declared, "flake").is_some_and(|value| value.view() == View::Bool(false))
    }

    /// Without a lock file: the known flake that a declared `follows` leads to. Of inputs of inputs only their name in the registry is known.
    fn followed(&self, ev: &mut Evaluator, declared: Value) -> Option<Option<Known>> {
        let path = self.declared_text(ev, declared, "follows")?;
        match path.split_once('/') {
            Some((_, rest)) => Some(Known::of("", rest.rsplit('/').next().unwrap_or(rest))),
            None => {
                let target = self.declared(ev, self.inputs, &path)?;
                let url = self.declared_text(ev, target, "url");
                Some(url.map_or_else(|| Known::of("", &path), |url| Known::of_url(&url)))
            }
        }
    }

    fn on_disk(&self, ev: &mut Evaluator, folder: &Path, node: Option<String>, depth: u32, is_flake: bool) -> Value {
        let folder = ev.sources.canonical(folder);
        if depth >= DEEPEST {
            return ev.unsupported("a chain of that many flakes").0;
        }
        if !is_flake {
            let source = source_info(ev, &folder);
            let more = ev.set(&[("sourceInfo", source)]);
            return ev.update(source, more).unwrap_or_else(|stop| stop.0);
        }
        let inner = Node { name: node, folder: &folder, is_root: false, depth: depth + 1 };
        match self.flake(ev, &inner) {
            Ok(value) => value,
            Err(stop) => stop.0,
        }
    }
}

/// An input that is not there. One called `nixpkgs` is nixpkgs, wherever its sources are kept.
fn missing(ev: &mut Evaluator, name: &str, source: Option<&Locked>) -> Value {
    match Known::named(name).filter(|known| known.is_nixpkgs()) {
        Some(known) => described(ev, known, source),
        None => unavailable(ev, name, source),
    }
}

/// The part of a URL that is a path below the flake that names it.
fn relative_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("path:").or_else(|| url.strip_prefix("git+file:")).unwrap_or(url);
    let is_relative = path.starts_with("./") || path.starts_with("../") || (path != url && !path.starts_with('/'));
    is_relative.then(|| path.split('?').next().unwrap_or(path))
}

/// `sourceInfo` of a folder: its path is a string, as the store path that it stands for.
fn source_info(ev: &mut Evaluator, folder: &Path) -> Value {
    let unknown = ev.unknown(UnknownReason::Impure("the revision of the flake".to_owned())).0;
    let path = ev.str(&folder.to_string_lossy());
    let revision = ["rev", "shortRev", "dirtyRev", "dirtyShortRev", "lastModified", "lastModifiedDate", "narHash"];
    let mut about = revision.map(|name| (name, unknown)).to_vec();
    about.push(("outPath", path));
    ev.set(&about)
}

/// The value of a well-known flake, with what the lock file tells of it.
pub(super) fn described(ev: &mut Evaluator, known: Known, source: Option<&Locked>) -> Value {
    let outputs = match known.outputs(ev) {
        Ok(outputs) => outputs,
        Err(stop) => return stop.0,
    };
    let folder = ev.str(&known.folder().to_string_lossy());
    let place = ev.set(&[("outPath", folder)]);
    let metadata = metadata(ev, source);
    let whole = ev.update(outputs, metadata).and_then(|value| ev.update(value, place));
    whole.unwrap_or_else(|stop| stop.0)
}

/// What the lock file tells about a source that is not there.
fn metadata(ev: &mut Evaluator, source: Option<&Locked>) -> Value {
    let mut known = Vec::new();
    if let Some(source) = source {
        if let Some(rev) = &source.rev {
            let short: String = rev.chars().take(7).collect();
            let (rev, short) = (ev.str(rev), ev.str(&short));
            known.push(("rev", rev));
            known.push(("shortRev", short));
        }
        if let Some(hash) = &source.nar_hash {
            let hash = ev.str(hash);
            known.push(("narHash", hash));
        }
        if let Some(time) = source.last_modified {
            known.push(("lastModified", Value::int(time)));
        }
    }
    let kind = ev.str("flake");
    known.push(("_type", kind));
    ev.set(&known)
}

fn unavailable(ev: &mut Evaluator, name: &str, source: Option<&Locked>) -> Value {
    let unknown = ev.unknown(UnknownReason::MissingInput(name.to_owned())).0;
    let metadata = metadata(ev, source);
    let outputs = with_systems(ev, unknown);
    ev.update(outputs, metadata).unwrap_or_else(|stop| stop.0)
}

/// Outputs that are not known, but for `lib.nixosSystem` and the like: what a flake calls so makes machines as nixpkgs does, with modules of its own added.
pub(super) fn with_systems(ev: &mut Evaluator, unknown: Value) -> Value {
    let system = ev.native_with("internal.foreignSystem", &[unknown]);
    let systems = ev.set(&[("nixosSystem", system), ("nixosSystemFull", system)]);
    let lib = ev.update(unknown, systems).unwrap_or_else(|stop| stop.0);
    let outputs = ev.set(&[("lib", lib)]);
    ev.update(unknown, outputs).unwrap_or_else(|stop| stop.0)
}
