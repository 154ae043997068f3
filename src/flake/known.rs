//! Well-known flakes: which they are, and what stands for them.

use std::path::PathBuf;

use super::lock::Locked;
use super::machine::package_set;
use crate::eval::{Evaluator, NativeDef, Outcome, UnknownReason};
use crate::heap::{Value, View};

/// The built-in functions of this file.
pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("internal.knownOutputs", 1, outputs),
    NativeDef::strict("internal.knownFile", 2, file),
    NativeDef::lazy("internal.packageSet", 1, |ev, args| Ok(package_set(ev, args.first().copied()))),
];

/// A flake that routelint describes in Nix instead of reading it: what of it decides a configuration.
struct Described {
    /// How messages call it.
    name: &'static str,
    /// Repositories that hold it, under whatever owner.
    repositories: &'static [&'static str],
    /// The function that gives `outputs` and `files`.
    text: &'static str,
    /// Files of it that are imported by their path: their places below it, which name the attributes of `files`.
    files: &'static [&'static str],
}

macro_rules! described {
    ($name:literal, $repositories:expr, $files:expr) => {
        Described {
            name: $name,
            repositories: &$repositories,
            text: include_str!(concat!("shims/", $name, ".nix")),
            files: &$files,
        }
    };
}

static DESCRIBED: &[Described] = &[
    described!(
        "nixpkgs",
        ["nixpkgs", "nixpkgs.lib", "nixpkgs-lib", "nixpkgs-unfree", "nixpkgs-weekly", "nuschtpkgs"],
        ["", "lib", "lib/default.nix", "nixos", "nixos/default.nix", "nixos/lib/eval-config.nix"]
    ),
    described!(
        "microvm",
        ["microvm.nix", "microvm"],
        [
            "nixos-modules/host",
            "nixos-modules/host/default.nix",
            "nixos-modules/microvm",
            "nixos-modules/microvm/default.nix"
        ]
    ),
    described!("flake-parts", ["flake-parts"], [""]),
    described!("import-tree", ["import-tree"], [""]),
    described!("flake-utils", ["flake-utils"], [""]),
    described!("flake-utils-plus", ["flake-utils-plus"], [""]),
    described!("haumea", ["haumea"], [""]),
    described!("colmena", ["colmena"], [""]),
    described!("snowfall-lib", ["snowfall-lib"], [""]),
    described!("digga", ["digga"], [""]),
    described!("flake-file", ["flake-file"], [""]),
    described!("flake-aspects", ["flake-aspects"], [""]),
    described!("den", ["den"], [""]),
    described!("clan-core", ["clan-core"], [""]),
    described!("systems", ["default", "default-linux", "x86_64-linux", "aarch64-linux"], [""]),
];

/// Where described flakes seem to lie; no such folder exists.
const FOLDER: &str = "/routelint";

/// Folders of nixpkgs whose modules say nothing of the network of taps.
const UNRELATED_MODULES: &[&str] = &["profiles", "installer/scan", "installer/sd-card", "misc", "config", "programs"];

/// Names of repositories whose modules have nothing to do with the network of machines, one a line.
const UNRELATED: &str = include_str!("unrelated.txt");

/// Names that other people's repositories have as well, with the owners of those that are meant. In the registry, which knows no owners, they are meant.
const COMMON_NAMES: &[(&str, &[&str])] = &[
    ("attic", &["zhaofengli"]),
    ("comin", &["nlewo"]),
    ("den", &["vic", "denful"]),
    ("lix", &["lix-project"]),
    ("microvm", &["microvm-nix", "astro"]),
    ("nur", &["nix-community"]),
    ("vscode-server", &["nix-community", "msteen"]),
];

/// A well-known flake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The number of a description.
    Described(usize),
    /// A repository of this name, whose modules count as empty.
    Unrelated(&'static str),
}

/// What this room remembers of them.
#[derive(Default)]
struct State {
    /// The value of each description that was used.
    values: Vec<(usize, Value)>,
    /// Unrelated flakes that were used.
    unrelated: Vec<&'static str>,
}

impl Known {
    /// The flake of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        DESCRIBED.iter().position(|one| one.name == name).map(Self::Described)
    }

    /// The flake in a repository of this owner and name. Forks and mirrors keep the name, so the owner counts only where the name says little.
    pub(super) fn of(owner: &str, repository: &str) -> Option<Self> {
        let name = repository.strip_suffix(".git").unwrap_or(repository).to_ascii_lowercase();
        let owners = COMMON_NAMES.iter().find(|(common, _)| *common == name).map(|(_, owners)| *owners);
        if owners.is_some_and(|owners| !owner.is_empty() && !owners.contains(&owner.to_ascii_lowercase().as_str())) {
            return None;
        }
        let is_it = |one: &Described| match one.name {
            "systems" => owner == "nix-systems" && one.repositories.contains(&name.as_str()),
            "snowfall-lib" => owner == "snowfallorg" && name == "lib" || owner.is_empty() && name == one.name,
            _ => one.repositories.contains(&name.as_str()),
        };
        let described = DESCRIBED.iter().position(is_it).map(Self::Described);
        described.or_else(|| UNRELATED.lines().find(|line| *line == name).map(Self::Unrelated))
    }

    /// The flake that a URL names: `github:owner/repo/ref`, `git+https://host/owner/repo`, the registry's `nixpkgs/nixos-25.05`.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        let rest = url.split_once(':').map_or(url, |(_, rest)| rest);
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        if rest.contains("channels.nixos.org") || rest.contains("releases.nixos.org") || rest.contains("/nixexprs.tar")
        {
            return Self::named("nixpkgs");
        }
        let parts: Vec<&str> = rest.split('/').collect();
        let owners = std::iter::once("").chain(parts.iter().copied());
        owners.zip(parts.iter().copied()).find_map(|(owner, name)| Self::of(owner, name))
    }

    /// The flake that a source of a lock file is.
    pub(super) fn of_source(source: &Locked) -> Option<Self> {
        match source.kind.as_str() {
            "path" => None,
            "indirect" => Self::of("", &source.id),
            _ => Self::of(&source.owner, &source.repo).or_else(|| Self::of_url(&source.url)),
        }
    }

    /// Whether routelint's description is the only one that it can work with.
    pub(super) fn is_native(self) -> bool {
        matches!(self, Self::Described(number) if DESCRIBED.get(number).is_some_and(|one| matches!(one.name, "nixpkgs" | "microvm")))
    }

    pub(super) fn is_nixpkgs(self) -> bool {
        self.name() == "nixpkgs"
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Described(number) => DESCRIBED.get(number).map_or("", |one| one.name),
            Self::Unrelated(name) => name,
        }
    }

    /// The folder where it seems to lie.
    pub(super) fn folder(self) -> PathBuf {
        PathBuf::from(format!("{FOLDER}/{}", self.name()))
    }

    fn reason(self) -> UnknownReason {
        match self {
            Self::Described(_) => UnknownReason::MissingInput(self.name().to_owned()),
            Self::Unrelated(name) => UnknownReason::UnrelatedInput(name.to_owned()),
        }
    }

    /// The outputs: what the description says, and unknown beyond it.
    pub(super) fn outputs(self, ev: &mut Evaluator) -> Outcome {
        let Self::Described(number) = self else {
            self.stand_in(ev);
            let unknown = ev.unknown(self.reason()).0;
            return Ok(super::inputs::with_systems(ev, unknown));
        };
        let description = describe(ev, number)?;
        let View::Attrs(set) = description.view() else { return Ok(description) };
        let name = ev.heap.intern("outputs");
        let outputs = ev.attribute_or_stop(set, name)?;
        let outputs = ev.want(outputs)?;
        if self.name() == "import-tree" {
            // A function, which is known whole.
            return Ok(outputs);
        }
        let unknown = ev.unknown(self.reason()).0;
        ev.update(unknown, outputs)
    }

    /// Lets paths below an unrelated flake count as its modules.
    fn stand_in(self, ev: &mut Evaluator) {
        let known = &mut ev.extension::<State>().unrelated;
        if !known.contains(&self.name()) {
            known.push(self.name());
            ev.stand_in(&self.folder(), self.reason());
        }
    }
}

/// The machines of a colmena hive, given as written or as `colmena.lib.makeHive` made it: a set.
pub fn hive_nodes(ev: &mut Evaluator, hive: Value) -> Outcome {
    let Some(colmena) = Known::named("colmena") else { return Ok(Value::EMPTY_SET) };
    let mut at = colmena.outputs(ev)?;
    for name in ["lib", "makeHive"] {
        let set = ev.want_attrs(at)?;
        let name = ev.heap.intern(name);
        at = ev.attribute_or_stop(set, name)?;
    }
    let made = ev.call(at, &[hive])?;
    let made = ev.want_attrs(made)?;
    let name = ev.heap.intern("nodes");
    let nodes = ev.attribute_or_stop(made, name)?;
    ev.want(nodes)
}

/// The value of the well-known flake that a fetched URL names: it can be used as a flake and as the path of its files.
fn known_source(ev: &mut Evaluator, url: &str) -> Option<Value> {
    let known = Known::of_url(url)?;
    Some(super::inputs::described(ev, known, None))
}

/// Lets `<nixpkgs>` and paths of described flakes mean something.
pub(super) fn install(ev: &mut Evaluator) {
    ev.known_source = Some(known_source);
    for (number, known) in (0..).zip(DESCRIBED) {
        let described = Known::Described(number);
        let folder = described.folder();
        ev.stand_in(&folder, described.reason());
        for file in known.files {
            let name = ev.str(file);
            let number = Value::int(i64::try_from(number).unwrap_or(0));
            let value = ev.delay_native("internal.knownFile", &[number, name]);
            let path = if file.is_empty() { folder.clone() } else { folder.join(file) };
            ev.provide_file(&path, value);
        }
        if known.name == "nixpkgs" {
            let modules = folder.join("nixos/modules");
            for below in UNRELATED_MODULES {
                ev.stand_in(&modules.join(below), UnknownReason::UnrelatedInput(known.name.to_owned()));
            }
            let path = ev.path_value(&folder.to_string_lossy());
            ev.search_path.insert(known.name.to_owned(), path);
        }
    }
}

/// The modules of NixOS, as `modulesPath` names them.
pub(super) fn modules_path(ev: &mut Evaluator) -> Value {
    ev.str(&format!("{FOLDER}/nixpkgs/nixos/modules"))
}

/// `pkgs.path`.
pub(super) fn nixpkgs_path(ev: &mut Evaluator) -> Value {
    ev.str(&format!("{FOLDER}/nixpkgs"))
}

/// `{ outputs, files }` of a description, evaluated once.
fn describe(ev: &mut Evaluator, number: usize) -> Outcome {
    let known = ev.extension::<State>().values.iter().find(|(known, _)| *known == number).map(|(_, value)| *value);
    if let Some(value) = known {
        return Ok(value);
    }
    let Some(known) = DESCRIBED.get(number) else { return Ok(Value::NULL) };
    let described = Known::Described(number);
    let function =
        ev.eval_text(&format!("routelint/flakes/{}.nix", known.name), known.text, std::path::Path::new("/"))?;
    let unknown = ev.unknown(described.reason()).0;
    let unrelated = ev.unknown(UnknownReason::UnrelatedInput(known.name.to_owned())).0;
    let (nixos_system, described_outputs) = (ev.native("lib.nixosSystem"), ev.native("internal.knownOutputs"));
    let host = crate::schema::host_module(ev)?;
    let guest = crate::schema::guest_module(ev)?;
    let package_set = ev.native("internal.packageSet");
    let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
    let folder = ev.str(&described.folder().to_string_lossy());
    let native = ev.set(&[
        ("lib", lib),
        ("nixosSystem", nixos_system),
        ("hostModule", host),
        ("guestModule", guest),
        ("packageSet", package_set),
        ("knownFlake", described_outputs),
        ("outPath", folder),
        ("unknown", unknown),
        ("unrelated", unrelated),
    ]);
    let value = ev.call(function, &[native])?;
    let value = ev.want(value)?;
    ev.extension::<State>().values.push((number, value));
    Ok(value)
}

/// The outputs of the described flake of a name.
fn outputs(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name] = args else { return Ok(Value::NULL) };
    let name = ev.want_text(*name)?;
    match Known::named(&name) {
        Some(known) => known.outputs(ev),
        None => Err(ev.unknown(UnknownReason::MissingInput(name))),
    }
}

/// What a file of a described flake evaluates to.
fn file(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [number, name] = args else { return Ok(Value::NULL) };
    let View::Int(number) = number.view() else { return Ok(Value::NULL) };
    let name = ev.want_text(*name)?;
    let description = describe(ev, usize::try_from(number).unwrap_or(usize::MAX))?;
    let set = ev.want_attrs(description)?;
    let files = ev.heap.intern("files");
    let files = ev.attribute_or_stop(set, files)?;
    let files = ev.want_attrs(files)?;
    let name = ev.heap.intern(&name);
    let value = ev.attribute_or_stop(files, name)?;
    ev.want(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flake_is_known_by_where_it_lies() {
        let name = |url: &str| Known::of_url(url).map(Known::name);
        assert_eq!(name("github:NixOS/nixpkgs/nixos-25.05"), Some("nixpkgs"));
        assert_eq!(name("nixpkgs/nixos-25.05"), Some("nixpkgs"));
        assert_eq!(name("https://channels.nixos.org/nixos-25.05/nixexprs.tar.xz"), Some("nixpkgs"));
        assert_eq!(name("git+https://git.example.org/forks/microvm.nix.git?ref=main"), Some("microvm"));
        assert_eq!(name("github:nix-systems/default"), Some("systems"));
        assert_eq!(name("github:someone/default"), None);
        assert_eq!(name("github:vic/den"), Some("den"));
        assert_eq!(name("github:someone/den"), None);
        assert_eq!(name("github:someone/nur"), None);
        assert_eq!(name("github:someone/flake-parts"), Some("flake-parts"));
        assert_eq!(name("github:nix-community/home-manager/release-25.05"), Some("home-manager"));
        assert_eq!(name("github:someone/fleet"), None);
    }
}
