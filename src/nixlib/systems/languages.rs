//! How compilers of other languages name a platform: the attributes `rust`, `go`, `node` and `nim` of an elaborated platform.

use super::super::attrset_trees::at_path;
use super::super::common::{deferred_native, field, field_or, update};
use super::elaborate::{Choices, choose, flag};
use super::name_of;
use crate::eval::{Evaluator, Outcome, Stop, UnknownReason};
use crate::heap::{Value, View};
use crate::syntax::ExprId;

/// The attributes.
pub(super) const NAMES: [&str; 4] = ["rust", "go", "node", "nim"];

const RUST_ARCH: Choices =
    &[("isAarch32", Some("arm")), ("isMips64", Some("mips64")), ("isPower64", Some("powerpc64")), ("", Some("=cpu"))];

const NODE_ARCH: Choices = &[
    ("isAarch is64bit", Some("arm64")),
    ("isAarch", Some("arm")),
    ("isMips32 isLittleEndian", Some("mipsel")),
    ("isMips32", Some("mips")),
    ("isMips64 isLittleEndian", Some("mips64el")),
    ("isPower is64bit", Some("ppc64")),
    ("isPower", Some("ppc")),
    ("isx86_64", Some("x64")),
    ("isx86_32", Some("ia32")),
    ("isS390x", Some("s390x")),
    ("isRiscV64", Some("riscv64")),
    ("isLoongArch64", Some("loong64")),
    ("", None),
];

const NODE_PLATFORM: Choices = &[
    ("isAndroid", Some("android")),
    ("isDarwin", Some("darwin")),
    ("isFreeBSD", Some("freebsd")),
    ("isLinux", Some("linux")),
    ("isOpenBSD", Some("openbsd")),
    ("isSunOS", Some("sunos")),
    ("isWindows", Some("win32")),
    ("isCygwin", Some("win32")),
    ("", None),
];

const NIM_CPU: Choices = &[
    ("isAarch32", Some("arm")),
    ("isAarch64", Some("arm64")),
    ("isAlpha", Some("alpha")),
    ("isAvr", Some("avr")),
    ("isMips is32bit", Some("mips")),
    ("isMips is64bit", Some("mips64")),
    ("isMsp430", Some("msp430")),
    ("isPower is32bit", Some("powerpc")),
    ("isPower is64bit", Some("powerpc64")),
    ("isRiscV is64bit", Some("riscv64")),
    ("isSparc", Some("sparc")),
    ("isx86_32", Some("i386")),
    ("isx86_64", Some("amd64")),
    ("", None),
];

const NIM_OS: Choices = &[
    ("isAndroid", Some("Android")),
    ("isDarwin", Some("MacOSX")),
    ("isFreeBSD", Some("FreeBSD")),
    ("isGenode", Some("Genode")),
    ("isLinux", Some("Linux")),
    ("isNetBSD", Some("NetBSD")),
    ("isNone", Some("Standalone")),
    ("isOpenBSD", Some("OpenBSD")),
    ("isWindows", Some("Windows")),
    ("isiOS", Some("iOS")),
    ("", None),
];

/// Go's names of CPU types (go.dev, "Installing Go from source", `$GOARCH`).
const GO_ARCH: [(&str, &str); 16] = [
    ("aarch64", "arm64"),
    ("arm", "arm"),
    ("armv5tel", "arm"),
    ("armv6l", "arm"),
    ("armv7l", "arm"),
    ("i686", "386"),
    ("loongarch64", "loong64"),
    ("mips", "mips"),
    ("mips64el", "mips64le"),
    ("mipsel", "mipsle"),
    ("powerpc64", "ppc64"),
    ("powerpc64le", "ppc64le"),
    ("riscv64", "riscv64"),
    ("s390x", "s390x"),
    ("x86_64", "amd64"),
    ("wasm32", "wasm"),
];

/// Rust's names of CPU types in target triples, where they differ.
const RUST_CPU: [(&str, &str); 6] = [
    ("armv7a", "armv7"),
    ("armv7l", "armv7"),
    ("armv6l", "arm"),
    ("armv5tel", "armv5te"),
    ("riscv32", "riscv32gc"),
    ("riscv64", "riscv64gc"),
];

/// One of [`NAMES`], or (with `part`) an attribute of `rust`.
pub(super) fn attribute(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [language, part, given, platform] = arguments else { return Ok(Value::NULL) };
    let language = ev.want_text(*language)?;
    if !matches!(part.view(), View::Null) {
        let part = ev.want_text(*part)?;
        return rust_attribute(ev, &part, *given, *platform);
    }
    match language.as_str() {
        "rust" => rust(ev, *given, *platform),
        "go" => go(ev, *platform),
        "node" => {
            let (arch, system) = (choose(ev, *platform, NODE_ARCH)?, choose(ev, *platform, NODE_PLATFORM)?);
            Ok(ev.set(&[("arch", arch), ("platform", system)]))
        }
        _ => {
            let (cpu, os) = (choose(ev, *platform, NIM_CPU)?, choose(ev, *platform, NIM_OS)?);
            Ok(ev.set(&[("cpu", cpu), ("os", os)]))
        }
    }
}

fn component(ev: &mut Evaluator, platform: Value, name: &str) -> Result<String, Stop> {
    let parsed = field(ev, platform, "parsed")?;
    let component = field(ev, parsed, name)?;
    name_of(ev, component)
}

fn go(ev: &mut Evaluator, platform: Value) -> Outcome {
    let cpu = component(ev, platform, "cpu")?;
    let arch = GO_ARCH.iter().find(|(name, _)| *name == cpu).map_or(Value::NULL, |(_, arch)| ev.str(arch));
    let os = if flag(ev, platform, "isWasi")? { "wasip1".to_owned() } else { component(ev, platform, "kernel")? };
    let version = match at_path(ev, platform, &["parsed", "cpu", "version"])? {
        Some(version) => ev.want_text(version)?,
        None => String::new(),
    };
    let arm = if matches!(version.as_str(), "5" | "6" | "7") { version.as_str() } else { "" };
    let (os, arm) = (ev.str(&os), ev.str(arm));
    Ok(ev.set(&[("GOARCH", arch), ("GOOS", os), ("GOARM", arm)]))
}

/// What the owner says of Rust, under its present or its former name.
fn given_rust(ev: &mut Evaluator, given: Value) -> Outcome {
    match field_or(ev, given, "rust")? {
        Some(rust) => Ok(rust),
        None => Ok(field_or(ev, given, "rustc")?.unwrap_or(Value::EMPTY_SET)),
    }
}

fn rust(ev: &mut Evaluator, given: Value, platform: Value) -> Outcome {
    let own = given_rust(ev, given)?;
    let mut members = Vec::new();
    for name in ["platform", "rustcTargetSpec", "rustcTarget", "cargoShortTarget", "cargoEnvVarTarget", "isNoStdTarget"]
    {
        let (language, part) = (ev.str("rust"), ev.str(name));
        let value = deferred_native(ev, "internal.systems.language", &[language, part, given, platform]);
        members.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    let members = ev.heap.new_set(&members);
    update(ev, own, members)
}

fn rust_text(ev: &mut Evaluator, platform: Value, name: &str) -> Result<String, Stop> {
    let rust = field(ev, platform, "rust")?;
    let text = field(ev, rust, name)?;
    ev.want_text(text)
}

fn rust_attribute(ev: &mut Evaluator, part: &str, given: Value, platform: Value) -> Outcome {
    let own = given_rust(ev, given)?;
    match part {
        "platform" => rust_platform(ev, own, given, platform),
        "rustcTargetSpec" => {
            for path in [&["rust", "rustcTargetSpec"], &["rustc", "config"]] {
                if let Some(value) = at_path(ev, given, path)? {
                    return Ok(value);
                }
            }
            if field_or(ev, own, "platform")?.is_some() {
                let what = "the specification of a Rust target".to_owned();
                return Err(ev.unknown(UnknownReason::StorePath(what)));
            }
            match at_path(ev, given, &["rust", "rustcTarget"])? {
                Some(target) => Ok(target),
                None => {
                    let text = inferred_target(ev, own, platform)?;
                    Ok(ev.str(&text))
                }
            }
        }
        "rustcTarget" => match field_or(ev, own, "rustcTarget")? {
            Some(target) => Ok(target),
            None => {
                let text = rust_text(ev, platform, "cargoShortTarget")?;
                Ok(ev.str(&text))
            }
        },
        "cargoShortTarget" => {
            let text = rust_text(ev, platform, "rustcTargetSpec")?;
            let base = text.rsplit('/').next().unwrap_or_default();
            let base = base.strip_suffix(".json").unwrap_or(base).to_owned();
            Ok(ev.str(&base))
        }
        "cargoEnvVarTarget" => {
            let text = rust_text(ev, platform, "cargoShortTarget")?;
            Ok(ev.str(&text.to_ascii_uppercase().replace('-', "_")))
        }
        _ => {
            let text = rust_text(ev, platform, "rustcTarget")?;
            let is_bare = ["-none", "nvptx", "switch", "-uefi"].iter().any(|piece| text.contains(piece));
            Ok(Value::bool(is_bare))
        }
    }
}

fn rust_platform(ev: &mut Evaluator, own: Value, given: Value, platform: Value) -> Outcome {
    let custom = field_or(ev, own, "platform")?;
    if custom.is_none()
        && let Some(spec) = field_or(ev, own, "rustcTargetSpec")?
        && ev.want_text(spec)?.ends_with(".json")
    {
        return Err(ev.unsupported("the specification of a Rust target"));
    }
    let arch = match custom {
        Some(custom) => field(ev, custom, "arch")?,
        None => choose(ev, platform, RUST_ARCH)?,
    };
    let os = match custom {
        Some(custom) => match field_or(ev, custom, "os")? {
            Some(os) => os,
            None => ev.str("none"),
        },
        None if flag(ev, platform, "isDarwin")? => ev.str("macos"),
        None if flag(ev, platform, "isWasm")? && !flag(ev, platform, "isWasi")? => ev.str("unknown"),
        None => {
            let kernel = component(ev, platform, "kernel")?;
            ev.str(&kernel)
        }
    };
    let family = target_family(ev, given, platform)?;
    let vendor = match custom {
        Some(custom) => field_or(ev, custom, "vendor")?,
        None => None,
    };
    let vendor = match vendor {
        Some(vendor) => vendor,
        None => {
            let name = component(ev, platform, "vendor")?;
            ev.str(if name == "w64" { "pc" } else { &name })
        }
    };
    let derived = ev.set(&[("arch", arch), ("os", os), ("target-family", family), ("vendor", vendor)]);
    update(ev, custom.unwrap_or(Value::EMPTY_SET), derived)
}

fn target_family(ev: &mut Evaluator, given: Value, platform: Value) -> Outcome {
    if let Some(family) = at_path(ev, given, &["rust", "platform", "target-family"])? {
        return Ok(family);
    }
    if let Some(family) = at_path(ev, given, &["rustc", "platform", "target-family"])? {
        let family = ev.want(family)?;
        return Ok(if matches!(family.view(), View::List(_)) { family } else { ev.list(&[family]) });
    }
    let mut families = Vec::new();
    for (predicate, name) in [("isUnix", "unix"), ("isWindows", "windows"), ("isWasm", "wasm")] {
        if flag(ev, platform, predicate)? {
            families.push(ev.str(name));
        }
    }
    Ok(ev.list(&families))
}

fn inferred_target(ev: &mut Evaluator, own: Value, platform: Value) -> Result<String, Stop> {
    let cpu = component(ev, platform, "cpu")?;
    let rust_cpu = match at_path(ev, own, &["platform", "arch"])? {
        Some(arch) => ev.want_text(arch)?,
        None => RUST_CPU.iter().find(|(name, _)| *name == cpu).map_or(cpu.clone(), |(_, rust)| (*rust).to_owned()),
    };
    if flag(ev, platform, "isWasi")? {
        return Ok(format!("{rust_cpu}-wasip1"));
    }
    let rust = field(ev, platform, "rust")?;
    let vendor = match at_path(ev, rust, &["platform", "vendor"])? {
        Some(vendor) => ev.want_text(vendor)?,
        None => "unknown".to_owned(),
    };
    let (kernel, abi) = (component(ev, platform, "kernel")?, component(ev, platform, "abi")?);
    let abi = if cpu.starts_with("powerpc") && abi.starts_with("gnuabielfv") { "gnu".to_owned() } else { abi };
    let suffix = if abi == "unknown" { String::new() } else { format!("-{abi}") };
    Ok(format!("{rust_cpu}-{vendor}-{kernel}{suffix}"))
}
