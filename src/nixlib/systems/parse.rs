//! `lib.systems.parse`: system strings and their components.

use super::super::common::{field, field_or, has_name, is_text, single, throw, update};
use super::tables::{Kind, all, is_member, wanted};
use super::{name_of, namespace};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};
use crate::syntax::ExprId;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.systems.parse.gnuNetBSDDefaultExecFormat", 1, netbsd_exec_format),
    NativeDef::strict("lib.systems.parse.isCompatible", 2, is_compatible_value),
    NativeDef::strict("lib.systems.parse.isSystem", 1, is_system_value),
    NativeDef::strict("lib.systems.parse.mkSystem", 1, mk_system),
    NativeDef::strict("lib.systems.parse.mkSkeletonFromList", 1, mk_skeleton_from_list),
    NativeDef::strict("lib.systems.parse.mkSystemFromSkeleton", 1, mk_system_from_skeleton).taking(&[
        ("cpu", false),
        ("vendor", true),
        ("kernel", false),
        ("abi", true),
    ]),
    NativeDef::strict("lib.systems.parse.mkSystemFromString", 1, mk_system_from_string),
    NativeDef::strict("lib.systems.parse.kernelName", 1, kernel_name_value),
    NativeDef::strict("lib.systems.parse.darwinArch", 1, darwin_arch_value),
    NativeDef::strict("lib.systems.parse.doubleFromSystem", 1, double_from_system).taking(&[
        ("cpu", false),
        ("kernel", false),
        ("abi", false),
    ]),
    NativeDef::strict("lib.systems.parse.tripleFromSystem", 1, triple_from_system).taking(&[
        ("cpu", false),
        ("vendor", false),
        ("kernel", false),
        ("abi", false),
    ]),
    NativeDef::strict("lib.systems.parse.mkMuslSystem", 1, mk_musl_system),
    NativeDef::lazy("internal.systems.types", 1, types),
];

/// The set `lib.systems.parse`.
pub(super) fn set(ev: &mut Evaluator) -> Outcome {
    let types = ev.delay_native("internal.systems.types", &[Value::NULL]);
    let more = [
        ("significantBytes", all(ev, Kind::SignificantByte)),
        ("cpuTypes", all(ev, Kind::Cpu)),
        ("vendors", all(ev, Kind::Vendor)),
        ("execFormats", all(ev, Kind::ExecFormat)),
        ("kernelFamilies", all(ev, Kind::KernelFamily)),
        ("kernels", all(ev, Kind::Kernel)),
        ("abis", all(ev, Kind::Abi)),
        ("types", types),
    ];
    Ok(namespace(ev, "lib.systems.parse.", FUNCTIONS, &more))
}

/// The option types of components: closed ones, which know the tables, and open ones, which go by the tag.
fn types(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    let enumeration = ev.native("lib.types.enum");
    let values = ev.native("builtins.attrValues");
    let mut members = Vec::new();
    for (name, kind) in [
        ("significantByte", Kind::SignificantByte),
        ("cpuType", Kind::Cpu),
        ("vendor", Kind::Vendor),
        ("execFormat", Kind::ExecFormat),
        ("kernelFamily", Kind::KernelFamily),
        ("kernel", Kind::Kernel),
        ("abi", Kind::Abi),
    ] {
        let table = all(ev, kind);
        let list = ev.heap.delay_call(values, &[table]);
        members.push((name, ev.heap.delay_call(enumeration, &[list])));
    }
    let widths: Vec<Value> = [8, 16, 32, 64, 128].map(Value::int).to_vec();
    let widths = ev.list(&widths);
    members.push(("bitWidth", ev.heap.delay_call(enumeration, &[widths])));
    let make = ev.native("lib.types.mkOptionType");
    for (name, tag) in [
        ("openSignificantByte", "significant-byte"),
        ("openCpuType", "cpu-type"),
        ("openVendor", "vendor"),
        ("openExecFormat", "exec-format"),
        ("openKernelFamily", "exec-format"),
        ("openKernel", "kernel"),
        ("openAbi", "abi"),
        ("parsedPlatform", "system"),
    ] {
        let tag = ev.str(tag);
        let merge = ev.native("lib.options.mergeOneOption");
        let options = ev.set(&[("name", tag), ("description", tag), ("merge", merge)]);
        members.push((name, ev.heap.delay_call(make, &[options])));
    }
    Ok(ev.set(&members))
}

fn netbsd_exec_format(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [cpu] = arguments else { return Ok(Value::NULL) };
    let name = netbsd_default_format(ev, *cpu)?;
    wanted(ev, Kind::ExecFormat, name)
}

fn netbsd_default_format(ev: &mut Evaluator, cpu: Value) -> Result<&'static str, Stop> {
    let (bits, family) = (field(ev, cpu, "bits")?, field(ev, cpu, "family")?);
    let (bits, family) = (ev.want_int(bits)?, ev.want_text(family)?);
    let is_old = bits == 32 && matches!(family.as_str(), "arm" | "sparc" | "m68k" | "x86");
    Ok(if is_old { "aout" } else { "elf" })
}

/// Which CPU types run the code of which: the code's type, and the next better one.
const RUNS: [(&str, &str); 18] = [
    ("i386", "i486"),
    ("i486", "i586"),
    ("i586", "i686"),
    ("i686", "x86_64"),
    ("arm", "armv5tel"),
    ("armv5tel", "armv6l"),
    ("armv6m", "armv6l"),
    ("armv6l", "armv7l"),
    ("armv7l", "armv7a"),
    ("armv7l", "armv7r"),
    ("armv7m", "armv7a"),
    ("armv7m", "armv7r"),
    ("armv8a", "aarch64"),
    ("powerpc", "powerpc64"),
    ("powerpcle", "powerpc64le"),
    ("mips", "mips64"),
    ("mipsel", "mips64el"),
    ("sparc", "sparc64"),
];

fn runs(machine: &str, code: &str) -> bool {
    machine == code || RUNS.iter().any(|(from, better)| *from == code && runs(machine, better))
}

/// Whether a machine with one CPU type runs the code of another.
pub(super) fn is_compatible(ev: &mut Evaluator, machine: Value, code: Value) -> Result<bool, Stop> {
    let (machine, code) = (name_of(ev, machine)?, name_of(ev, code)?);
    Ok(runs(&machine, &code))
}

fn is_compatible_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [machine, code] = arguments else { return Ok(Value::NULL) };
    let (machine_set, code_set) = (ev.want(*machine)?, ev.want(*code)?);
    if !matches!((machine_set.view(), code_set.view()), (View::Attrs(_), View::Attrs(_))) {
        return ev.equal(machine_set, code_set).map(Value::bool);
    }
    is_compatible(ev, *machine, *code).map(Value::bool)
}

fn is_system(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    match field_or(ev, value, "_type")? {
        Some(tag) => is_text(ev, tag, b"system"),
        None => Ok(false),
    }
}

fn is_system_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    is_system(ev, *value).map(Value::bool)
}

fn mk_system(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [components] = arguments else { return Ok(Value::NULL) };
    for (name, kind) in [("cpu", Kind::Cpu), ("vendor", Kind::Vendor), ("kernel", Kind::Kernel), ("abi", Kind::Abi)] {
        let component = field(ev, *components, name)?;
        if !is_member(ev, kind, component)? {
            let message = "assertion 'types.parsedPlatform.check components' failed";
            return Err(ev.error(ErrorKind::Assert, message));
        }
    }
    let tag = ev.str("system");
    let tag = single(ev, sym::TYPE_TAG, tag, ExprId::NONE);
    update(ev, *components, tag)
}

/// The named parts of a system string, not yet looked up.
struct Skeleton {
    cpu: String,
    vendor: Option<String>,
    kernel: String,
    abi: Option<String>,
}

impl Skeleton {
    fn new(cpu: &str, vendor: Option<&str>, kernel: &str, abi: Option<&str>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self { cpu: cpu.to_owned(), vendor: owned(vendor), kernel: kernel.to_owned(), abi: owned(abi) }
    }

    /// What the parts of a system string mean (GNU `config.sub`, as far as nixpkgs follows it).
    fn of(parts: &[&str]) -> Result<Self, String> {
        let whole = parts.join("-");
        match parts {
            ["avr"] => Ok(Self::new("avr", None, "none", Some("unknown"))),
            [_] => Err(format!("system string '{whole}' with 1 component is ambiguous")),
            [cpu, "cygwin"] => Ok(Self::new(cpu, Some("pc"), "cygwin", None)),
            [cpu, "windows"] => Ok(Self::new(cpu, None, "windows", Some("msvc"))),
            [cpu, "elf"] => Ok(Self::new(cpu, Some("unknown"), "none", Some("elf"))),
            [cpu, kernel] => Ok(Self::new(cpu, None, kernel, None)),
            [cpu, kernel, abi] if *kernel == "linux" || matches!(*abi, "eabi" | "eabihf" | "elf" | "gnu") => {
                Ok(Self::new(cpu, Some("unknown"), kernel, Some(abi)))
            }
            [cpu, vendor, kernel] => {
                let is_known = *vendor == "apple"
                    || matches!(*kernel, "redox" | "mmixware" | "ghcjs" | "mingw32" | "uefi" | "cygwin")
                    || ["freebsd", "netbsd", "openbsd", "genode"].iter().any(|name| kernel.starts_with(name))
                    || cpu.starts_with("wasm32");
                if !is_known {
                    return Err(format!("system string '{whole}' with 3 components is ambiguous"));
                }
                let kernel = if *kernel == "mingw32" { "windows" } else { kernel };
                Ok(Self::new(cpu, Some(vendor), kernel, None))
            }
            [cpu, vendor, kernel, abi] => Ok(Self::new(cpu, Some(vendor), kernel, Some(abi))),
            _ => Err(format!("system string '{whole}' has invalid number of hyphen-separated components")),
        }
    }

    fn system(&self, ev: &mut Evaluator) -> Outcome {
        let cpu = wanted(ev, Kind::Cpu, &self.cpu)?;
        let kernel = if self.kernel.starts_with("darwin") {
            "darwin"
        } else if self.kernel.starts_with("netbsd") {
            "netbsd"
        } else {
            self.kernel.rfind("abi").and_then(|end| self.kernel.get(..end)).unwrap_or(&self.kernel)
        };
        let kernel = wanted(ev, Kind::Kernel, kernel)?;
        let kernel_name = name_of(ev, kernel)?;
        let vendor = match (&self.vendor, kernel_name.as_str()) {
            (Some(vendor), _) => vendor.as_str(),
            (None, "darwin" | "ios") => "apple",
            (None, "windows" | "cygwin") => "pc",
            (None, _) => "unknown",
        };
        let vendor = wanted(ev, Kind::Vendor, vendor)?;
        let abi = match &self.abi {
            Some(abi) => abi.clone(),
            None if matches!(kernel_name.as_str(), "linux" | "windows") => default_abi(ev, cpu)?.to_owned(),
            None => "unknown".to_owned(),
        };
        let abi = wanted(ev, Kind::Abi, &abi)?;
        let tag = ev.str("system");
        Ok(ev.set(&[("_type", tag), ("cpu", cpu), ("vendor", vendor), ("kernel", kernel), ("abi", abi)]))
    }
}

/// The ABI of Linux and Windows on a CPU type where the string names none.
fn default_abi(ev: &mut Evaluator, cpu: Value) -> Result<&'static str, Stop> {
    let (bits, family) = (field(ev, cpu, "bits")?, field(ev, cpu, "family")?);
    let (bits, family) = (ev.want_int(bits)?, ev.want_text(family)?);
    Ok(match (family.as_str(), bits) {
        ("arm", 32) => {
            let version = match field_or(ev, cpu, "version")? {
                Some(version) => ev.want_text(version)?,
                None => "0".to_owned(),
            };
            if version.parse::<u32>().is_ok_and(|version| version >= 6) { "gnueabihf" } else { "gnueabi" }
        }
        ("power", 64) => {
            let order = field(ev, cpu, "significantByte")?;
            if name_of(ev, order)? == "bigEndian" { "gnuabielfv1" } else { "gnu" }
        }
        _ => "gnu",
    })
}

fn skeleton_of(ev: &mut Evaluator, parts: &[&str]) -> Result<Skeleton, Stop> {
    Skeleton::of(parts).map_err(|message| throw(ev, message))
}

fn mk_skeleton_from_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let parts = super::super::attrset_trees::texts(ev, *list)?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let skeleton = skeleton_of(ev, &parts)?;
    let mut fields = vec![("cpu", ev.str(&skeleton.cpu)), ("kernel", ev.str(&skeleton.kernel))];
    for (name, value) in [("vendor", &skeleton.vendor), ("abi", &skeleton.abi)] {
        if let Some(value) = value {
            fields.push((name, ev.str(value)));
        }
    }
    Ok(ev.set(&fields))
}

fn mk_system_from_skeleton(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [skeleton] = arguments else { return Ok(Value::NULL) };
    let mut texts = [None, None, None, None];
    for (place, name) in texts.iter_mut().zip(["cpu", "vendor", "kernel", "abi"]) {
        if let Some(value) = field_or(ev, *skeleton, name)? {
            *place = Some(ev.want_text(value)?);
        }
    }
    let [cpu, vendor, kernel, abi] = texts;
    let (Some(cpu), Some(kernel)) = (cpu, kernel) else {
        let message = "lib.systems.parse.mkSystemFromSkeleton: `cpu` and `kernel` are required";
        return Err(ev.error(ErrorKind::Arguments, message));
    };
    Skeleton { cpu, vendor, kernel, abi }.system(ev)
}

fn mk_system_from_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [text] = arguments else { return Ok(Value::NULL) };
    let text = ev.want_text(*text)?;
    let parts: Vec<&str> = text.split('-').collect();
    skeleton_of(ev, &parts)?.system(ev)
}

fn kernel_name(ev: &mut Evaluator, kernel: Value) -> Result<String, Stop> {
    let mut name = name_of(ev, kernel)?;
    if let Some(version) = field_or(ev, kernel, "version")? {
        let id = ev.coerce(version, crate::eval::Coercion::More)?;
        name.push_str(&ev.heap.text(id));
    }
    Ok(name)
}

fn kernel_name_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kernel] = arguments else { return Ok(Value::NULL) };
    let name = kernel_name(ev, *kernel)?;
    Ok(ev.str(&name))
}

/// A CPU type's name as Apple writes it.
pub(super) fn darwin_arch(ev: &mut Evaluator, cpu: Value) -> Result<String, Stop> {
    let name = name_of(ev, cpu)?;
    Ok(if name == "aarch64" { "arm64".to_owned() } else { name })
}

fn darwin_arch_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [cpu] = arguments else { return Ok(Value::NULL) };
    let name = darwin_arch(ev, *cpu)?;
    Ok(ev.str(&name))
}

fn is_darwin(ev: &mut Evaluator, kernel: Value) -> Result<bool, Stop> {
    let families = field(ev, kernel, "families")?;
    has_name(ev, families, "darwin")
}

fn double_from_system(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [system] = arguments else { return Ok(Value::NULL) };
    let text = double(ev, *system)?;
    Ok(ev.str(&text))
}

/// A parsed system as Nix names it: CPU type and kernel.
pub(super) fn double(ev: &mut Evaluator, system: Value) -> Result<String, Stop> {
    let (cpu, kernel) = (field(ev, system, "cpu")?, field(ev, system, "kernel")?);
    let kernel_text = if is_darwin(ev, kernel)? { "darwin".to_owned() } else { kernel_name(ev, kernel)? };
    Ok(format!("{}-{kernel_text}", name_of(ev, cpu)?))
}

fn triple_from_system(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [system] = arguments else { return Ok(Value::NULL) };
    ev.want_attrs(*system)?;
    let text = triple(ev, *system)?;
    Ok(ev.str(&text))
}

/// A parsed system as compilers name it.
pub(super) fn triple(ev: &mut Evaluator, system: Value) -> Result<String, Stop> {
    if !is_system(ev, system)? {
        return Err(ev.error(ErrorKind::Assert, "assertion 'isSystem sys' failed"));
    }
    let (cpu, vendor) = (field(ev, system, "cpu")?, field(ev, system, "vendor")?);
    let (kernel, abi) = (field(ev, system, "kernel")?, field(ev, system, "abi")?);
    let mut text = if is_darwin(ev, kernel)? { darwin_arch(ev, cpu)? } else { name_of(ev, cpu)? };
    text.push('-');
    text.push_str(&name_of(ev, vendor)?);
    text.push('-');
    text.push_str(&kernel_name(ev, kernel)?);
    if name_of(ev, kernel)? == "netbsd" {
        let format = field(ev, kernel, "execFormat")?;
        let format = name_of(ev, format)?;
        if netbsd_default_format(ev, cpu)? != format {
            text.push_str(&format);
        }
    }
    let abi = name_of(ev, abi)?;
    if abi != "unknown" {
        text.push('-');
        text.push_str(&abi);
    }
    Ok(text)
}

fn mk_musl_system(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [system] = arguments else { return Ok(Value::NULL) };
    let abi = field(ev, *system, "abi")?;
    let musl = match name_of(ev, abi)?.as_str() {
        "gnueabi" | "musleabi" => "musleabi",
        "gnueabihf" | "musleabihf" => "musleabihf",
        "gnuabin32" | "muslabin32" => "muslabin32",
        "gnuabi64" | "muslabi64" => "muslabi64",
        _ => "musl",
    };
    let abi = wanted(ev, Kind::Abi, musl)?;
    let View::Attrs(_) = system.view() else { return Err(ev.type_error("a set", *system)) };
    let name = ev.heap.intern("abi");
    let change = single(ev, name, abi, ExprId::NONE);
    update(ev, *system, change)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn system_strings() {
        check(&[
            (
                r#"lib.systems.parse.doubleFromSystem (lib.systems.parse.mkSystemFromString "aarch64-apple-darwin")"#,
                r#""aarch64-darwin""#,
            ),
            (
                r#"lib.systems.parse.tripleFromSystem (lib.systems.parse.mkSystemFromString "i686-netbsd")"#,
                r#""i686-unknown-netbsdelf""#,
            ),
            (
                r#"lib.systems.parse.mkSystemFromString "x86_64""#,
                "error: system string 'x86_64' with 1 component is ambiguous",
            ),
            ("lib.systems.parse.isCompatible lib.systems.parse.cpuTypes.armv7a lib.systems.parse.cpuTypes.arm", "true"),
        ]);
    }
}
