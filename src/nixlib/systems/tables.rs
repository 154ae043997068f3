//! The components of systems: CPU types, vendors, kernels, binary interfaces.

use rustc_hash::FxHashMap;

use super::{column, rows};
use crate::eval::{Evaluator, Outcome, Stop};
use crate::heap::{Value, View};

/// What a component of a system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    SignificantByte,
    Cpu,
    Vendor,
    ExecFormat,
    KernelFamily,
    Kernel,
    Abi,
}

impl Kind {
    /// What messages call it.
    fn words(self) -> &'static str {
        match self {
            Self::SignificantByte => "byte order",
            Self::Cpu => "CPU type",
            Self::Vendor => "vendor",
            Self::ExecFormat => "exec format",
            Self::KernelFamily => "kernel family",
            Self::Kernel => "kernel",
            Self::Abi => "ABI",
        }
    }
}

const CPUS: &str = include_str!("data/cpus.tsv");

const VENDORS: [&str; 6] = ["apple", "pc", "knuth", "w64", "none", "unknown"];

const EXEC_FORMATS: [&str; 6] = ["aout", "elf", "macho", "pe", "wasm", "unknown"];

/// Kernels: name in the table, own name, executable format, family.
const KERNELS: [(&str, &str, &str, &str); 20] = [
    ("macos", "darwin", "macho", "darwin"),
    ("ios", "ios", "macho", "darwin"),
    ("freebsd", "freebsd", "elf", "bsd"),
    ("linux", "linux", "elf", ""),
    ("netbsd", "netbsd", "elf", "bsd"),
    ("none", "none", "unknown", ""),
    ("openbsd", "openbsd", "elf", "bsd"),
    ("solaris", "solaris", "elf", ""),
    ("wasi", "wasi", "wasm", ""),
    ("redox", "redox", "elf", ""),
    ("windows", "windows", "pe", ""),
    ("cygwin", "cygwin", "pe", ""),
    ("ghcjs", "ghcjs", "unknown", ""),
    ("genode", "genode", "elf", ""),
    ("mmixware", "mmixware", "unknown", ""),
    ("uefi", "uefi", "pe", ""),
    ("darwin", "darwin", "macho", "darwin"),
    ("watchos", "ios", "macho", "darwin"),
    ("tvos", "ios", "macho", "darwin"),
    ("win32", "windows", "pe", ""),
];

/// Binary interfaces: name, floating point, whether it is an ARM EABI, variant.
const ABIS: [(&str, &str, bool, &str); 22] = [
    ("msvc", "", false, ""),
    ("eabi", "soft", true, ""),
    ("eabihf", "hard", true, ""),
    ("elf", "", false, ""),
    ("androideabi", "", true, ""),
    ("android", "", false, ""),
    ("gnueabi", "soft", true, ""),
    ("gnueabihf", "hard", true, ""),
    ("gnu", "", false, ""),
    ("gnuabi64", "", false, "64"),
    ("muslabi64", "", false, "64"),
    ("gnuabin32", "", false, "n32"),
    ("muslabin32", "", false, "n32"),
    ("gnuabielfv2", "", false, "elfv2"),
    ("gnuabielfv1", "", false, "elfv1"),
    ("musleabi", "soft", true, ""),
    ("musleabihf", "hard", true, ""),
    ("musl", "", false, ""),
    ("uclibceabi", "soft", true, ""),
    ("uclibceabihf", "hard", true, ""),
    ("uclibc", "", false, ""),
    ("unknown", "", false, ""),
];

/// What the ABIs named plainly do not go with: ABI, predicates that must not all hold, what to write instead.
pub(super) const ABI_ASSERTIONS: [(&str, &[&str], &str); 3] = [
    ("android", &["isAarch32"], "The \"android\" ABI is not for 32-bit ARM. Use \"androideabi\" instead.\n"),
    ("gnu", &["isAarch32"], "The \"gnu\" ABI is ambiguous on 32-bit ARM. Use \"gnueabi\" or \"gnueabihf\" instead.\n"),
    (
        "gnu",
        &["isPower64", "isBigEndian"],
        "The \"gnu\" ABI is ambiguous on big-endian 64-bit PowerPC. Use \"gnuabielfv2\" or \"gnuabielfv1\" instead.\n",
    ),
];

#[derive(Default)]
struct Built(FxHashMap<Kind, Value>);

/// All components of a kind as a set, made once.
pub(super) fn all(ev: &mut Evaluator, kind: Kind) -> Value {
    if let Some(value) = ev.extension::<Built>().0.get(&kind) {
        return *value;
    }
    let value = build(ev, kind);
    ev.extension::<Built>().0.insert(kind, value);
    value
}

/// The component with a name, if there is one.
pub(super) fn find(ev: &mut Evaluator, kind: Kind, name: &str) -> Option<Value> {
    let table = all(ev, kind);
    let name = ev.heap.intern(name);
    match table.view() {
        View::Attrs(set) => ev.attribute(set, name),
        _ => None,
    }
}

/// The component with a name, or the error that nixpkgs throws.
pub(super) fn wanted(ev: &mut Evaluator, kind: Kind, name: &str) -> Outcome {
    match find(ev, kind, name) {
        Some(value) => Ok(value),
        None => {
            let message = format!("Unknown {}: {name}", kind.words());
            Err(super::super::common::throw(ev, message))
        }
    }
}

/// Whether a value is one of the components of a kind.
pub(super) fn is_member(ev: &mut Evaluator, kind: Kind, value: Value) -> Result<bool, Stop> {
    let table = all(ev, kind);
    let set = ev.want_attrs(table)?;
    for (_, component, _) in super::super::common::attributes(ev, set) {
        if ev.equal(value, component)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn plain(ev: &mut Evaluator, tag: &str, names: &[&str]) -> Value {
    let mut members = Vec::with_capacity(names.len());
    for name in names {
        let (tag, own) = (ev.str(tag), ev.str(name));
        members.push((*name, ev.set(&[("_type", tag), ("name", own)])));
    }
    ev.set(&members)
}

fn build(ev: &mut Evaluator, kind: Kind) -> Value {
    match kind {
        Kind::SignificantByte => plain(ev, "significant-byte", &["bigEndian", "littleEndian"]),
        Kind::Vendor => plain(ev, "vendor", &VENDORS),
        Kind::ExecFormat => plain(ev, "exec-format", &EXEC_FORMATS),
        Kind::KernelFamily => plain(ev, "exec-format", &["bsd", "darwin"]),
        Kind::Cpu => cpus(ev),
        Kind::Kernel => kernels(ev),
        Kind::Abi => abis(ev),
    }
}

fn part(ev: &mut Evaluator, kind: Kind, name: &str) -> Value {
    find(ev, kind, name).unwrap_or(Value::NULL)
}

fn cpus(ev: &mut Evaluator) -> Value {
    let mut members = Vec::new();
    for row in rows(CPUS) {
        let (tag, name) = (ev.str("cpu-type"), ev.str(column(&row, 0)));
        let bits = column(&row, 1).parse().unwrap_or_default();
        let mut fields = vec![("_type", tag), ("name", name), ("bits", Value::int(bits))];
        match column(&row, 2) {
            "little" => fields.push(("significantByte", part(ev, Kind::SignificantByte, "littleEndian"))),
            "big" => fields.push(("significantByte", part(ev, Kind::SignificantByte, "bigEndian"))),
            _ => {}
        }
        for (field, index) in [("family", 3), ("version", 4), ("arch", 5)] {
            if !column(&row, index).is_empty() {
                fields.push((field, ev.str(column(&row, index))));
            }
        }
        let cpu = ev.set(&fields);
        members.push((column(&row, 0), cpu));
        if column(&row, 0) == "aarch64" {
            members.push(("arm64", cpu));
        }
    }
    ev.set(&members)
}

fn kernels(ev: &mut Evaluator) -> Value {
    let mut members: Vec<(&str, Value)> = Vec::new();
    let mut known: FxHashMap<&str, Value> = FxHashMap::default();
    for (key, name, format, family) in KERNELS {
        let kernel = match known.get(name) {
            Some(kernel) => *kernel,
            None => {
                let (tag, own) = (ev.str("kernel"), ev.str(name));
                let format = part(ev, Kind::ExecFormat, format);
                let families = if family.is_empty() {
                    Value::EMPTY_SET
                } else {
                    let family_value = part(ev, Kind::KernelFamily, family);
                    ev.set(&[(family, family_value)])
                };
                let kernel = ev.set(&[("_type", tag), ("name", own), ("execFormat", format), ("families", families)]);
                known.insert(name, kernel);
                kernel
            }
        };
        members.push((key, kernel));
    }
    ev.set(&members)
}

fn abis(ev: &mut Evaluator) -> Value {
    let mut members = Vec::new();
    for (name, float, is_eabi, variant) in ABIS {
        let (tag, own) = (ev.str("abi"), ev.str(name));
        let mut fields = vec![("_type", tag), ("name", own)];
        if !float.is_empty() {
            fields.push(("float", ev.str(float)));
        }
        if is_eabi {
            fields.push(("eabi", Value::TRUE));
        }
        if !variant.is_empty() {
            fields.push(("abi", ev.str(variant)));
        }
        let mut assertions = Vec::new();
        for ((abi, _, message), index) in ABI_ASSERTIONS.into_iter().zip(0i64..) {
            if abi == name {
                let message = ev.str(message);
                let assertion = ev.native_with("internal.systems.abiAssertion", &[Value::int(index)]);
                assertions.push(ev.set(&[("assertion", assertion), ("message", message)]));
            }
        }
        if !assertions.is_empty() {
            fields.push(("assertions", ev.list(&assertions)));
        }
        members.push((name, ev.set(&fields)));
    }
    ev.set(&members)
}
