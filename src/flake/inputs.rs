//! The inputs of a flake, and the flake's value.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::lock::{Lock, Locked, store_path};
use super::shims::Known;
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
    ev.update(result, *about)
}

struct Resolver<'a> {
    lock: Rc<Lock>,
    options: &'a FlakeOptions,
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
    let resolver = Resolver { lock: Rc::new(lock), options };
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
        let unknown = ev.unknown(UnknownReason::Impure("the revision of the flake".to_owned())).0;
        let path = ev.path_value(&folder.to_string_lossy());
        let kind = ev.str("flake");
        let revision = ["rev", "shortRev", "dirtyRev", "dirtyShortRev", "lastModified", "lastModifiedDate", "narHash"];
        let mut about = revision.map(|name| (name, unknown)).to_vec();
        about.extend([("outPath", path), ("inputs", inputs), ("_type", kind)]);
        ev.set(&about)
    }

    /// The value of one input: lazy for flakes on the disk.
    fn input(&self, ev: &mut Evaluator, node: &Node<'_>, name: Symbol, declared: Value) -> Value {
        let text = ev.heap.name(name).to_owned();
        if node.is_root
            && let Some((_, folder)) = self.options.inputs.iter().find(|(given, _)| *given == text)
        {
            return self.on_disk(ev, folder, None, node.depth, true);
        }
        let locked_name = node.name.as_deref().and_then(|node| self.lock.resolve(node, &text)).map(str::to_owned);
        let locked = locked_name.as_ref().and_then(|name| self.lock.nodes.get(name));
        let url = self.declared_url(ev, declared);
        let is_flake = locked.is_none_or(|node| node.flake);
        if let Some(source) = locked.and_then(|node| node.locked.as_ref().or(node.original.as_ref())) {
            if source.kind == "path" && !source.path.starts_with('/') {
                let folder = node.folder.join(&source.path);
                return self.on_disk(ev, &folder, locked_name, node.depth, is_flake);
            }
            if let Some(path) = source.nar_hash.as_deref().and_then(store_path)
                && ev.sources.is_present(Path::new(&path))
                && !is_described(source)
            {
                ev.sources.allow(Path::new(&path));
                let folder = Path::new(&path).join(source.dir.as_deref().unwrap_or(""));
                return self.on_disk(ev, &folder, locked_name, node.depth, is_flake);
            }
            if let Some(known) = Known::of(&source.owner, &source.repo).or_else(|| Known::of_url(&source.url)) {
                return self.described(ev, known, Some(source));
            }
            return unavailable(ev, &text, Some(source));
        }
        if let Some(url) = url {
            if let Some(relative) =
                url.strip_prefix("path:").or(Some(&url).filter(|url| url.starts_with("./")).map(|url| &**url))
                && !relative.starts_with('/')
            {
                let folder = node.folder.join(relative.split('?').next().unwrap_or_default());
                return self.on_disk(ev, &folder, None, node.depth, is_flake);
            }
            if let Some(known) = Known::of_url(&url) {
                return self.described(ev, known, None);
            }
        } else if let Some(known) = Known::of("", &text) {
            return self.described(ev, known, None);
        }
        unavailable(ev, &text, None)
    }

    fn declared_url(&self, ev: &mut Evaluator, declared: Value) -> Option<String> {
        let View::Attrs(set) = ev.force(declared).view() else { return None };
        let name = ev.heap.intern("url");
        let url = ev.attribute(set, name)?;
        ev.want_text(url).ok()
    }

    fn on_disk(&self, ev: &mut Evaluator, folder: &Path, node: Option<String>, depth: u32, is_flake: bool) -> Value {
        let folder = ev.sources.canonical(folder);
        if depth >= DEEPEST {
            return ev.unsupported("a chain of that many flakes").0;
        }
        if !is_flake {
            let path = ev.path_value(&folder.to_string_lossy());
            return ev.set(&[("outPath", path)]);
        }
        let inner = Node { name: node, folder: &folder, is_root: false, depth: depth + 1 };
        match self.flake(ev, &inner) {
            Ok(value) => value,
            Err(stop) => stop.0,
        }
    }

    fn described(&self, ev: &mut Evaluator, known: Known, source: Option<&Locked>) -> Value {
        let outputs = match known.outputs(ev) {
            Ok(outputs) => outputs,
            Err(stop) => return stop.0,
        };
        let metadata = metadata(ev, source);
        ev.update(metadata, outputs).unwrap_or_else(|stop| stop.0)
    }
}

/// Whether a source is one that routelint describes itself, which is better than the real one: it need not be evaluated.
fn is_described(source: &Locked) -> bool {
    Known::of(&source.owner, &source.repo).is_some()
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
    ev.update(unknown, metadata).unwrap_or_else(|stop| stop.0)
}
