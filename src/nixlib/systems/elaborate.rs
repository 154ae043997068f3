//! `lib.systems.elaborate`: a platform with everything that follows from its name and what its owner says.

use super::super::common::{
    attributes, deferred_native, field, field_or, has_name, is_attrs, needs_packages, throw, whole_elements,
};
use super::super::fixed_points::fixed_point;
use super::{architectures, inspect, languages, name_of, parse, platforms};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value, View};
use crate::syntax::ExprId;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.systems.elaborate", 1, elaborate),
    NativeDef::lazy("internal.systems.elaborated", 2, elaborated),
    NativeDef::lazy("internal.systems.attribute", 3, attribute),
    NativeDef::lazy("internal.systems.predicate", 2, predicate),
    NativeDef::lazy("internal.systems.support", 2, support),
    NativeDef::lazy("internal.systems.language", 4, languages::attribute),
    NativeDef::with_strict("internal.systems.canExecute", 2, 0b10, can_execute),
    NativeDef::lazy("internal.systems.emulator", 1, emulator),
    NativeDef::strict("internal.systems.abiAssertion", 2, abi_assertion),
];

/// The attributes of a platform that are functions.
pub(super) const FUNCTION_NAMES: [&str; 4] = ["canExecute", "emulator", "emulatorAvailable", "staticEmulatorAvailable"];

/// Values that depend on predicates: the first line whose predicates hold decides (`!` before one that must not hold);
/// no value is `null`.
pub(super) type Choices = &'static [(&'static str, Option<&'static str>)];

const LIBC: Choices = &[
    ("isDarwin", Some("libSystem")),
    ("isMsvc", Some("ucrt")),
    ("isMinGW", Some("msvcrt")),
    ("isCygwin", Some("cygwin")),
    ("isWasi", Some("wasilibc")),
    ("isWasm !isWasi", None),
    ("isRedox", Some("relibc")),
    ("isMusl", Some("musl")),
    ("isUClibc", Some("uclibc")),
    ("isAndroid", Some("bionic")),
    ("isLinux", Some("glibc")),
    ("isFreeBSD", Some("fblibc")),
    ("isOpenBSD", Some("oblibc")),
    ("isNetBSD", Some("nblibc")),
    ("isAvr", Some("avrlibc")),
    ("isGhcjs", None),
    ("isNone", Some("newlib")),
    ("", Some("native/impure")),
];

const LINKER: Choices = &[("useLLVM", Some("lld")), ("isDarwin", Some("cctools")), ("", Some("bfd"))];

const LIB_DIR: Choices = &[
    ("!isLinux", None),
    ("isx86_64", Some("lib64")),
    ("isMips64", Some("lib64")),
    ("isPower64", Some("lib64")),
    ("", Some("lib")),
];

const EXECUTABLE: Choices = &[("isWindows", Some(".exe")), ("isCygwin", Some(".exe")), ("", Some(""))];

const SHARED_LIBRARY: Choices =
    &[("isDarwin", Some(".dylib")), ("isWindows", Some(".dll")), ("isCygwin", Some(".dll")), ("", Some(".so"))];

const STATIC_LIBRARY: Choices = &[("isWindows", Some(".lib")), ("", Some(".a"))];

/// In these tables `=cpu` stands for the name of the CPU type, and `=NAME` for another attribute of the platform.
const PROCESSOR: Choices = &[
    ("isPower64 isLittleEndian", Some("ppc64le")),
    ("isPower64", Some("ppc64")),
    ("isPower isLittleEndian", Some("ppcle")),
    ("isPower", Some("ppc")),
    ("isMips64", Some("mips64")),
    ("isDarwin", Some("=darwinArch")),
    ("", Some("=cpu")),
];

const LINUX_ARCH: Choices = &[
    ("isAarch32", Some("arm")),
    ("isAarch64", Some("arm64")),
    ("isx86_32", Some("i386")),
    ("isx86_64", Some("x86_64")),
    ("isMicroBlaze", Some("microblaze")),
    ("isMips32", Some("mips")),
    ("isMips64", Some("mips")),
    ("isPower", Some("powerpc")),
    ("isRiscV", Some("riscv")),
    ("isSh4", Some("sh")),
    ("isS390", Some("s390")),
    ("isLoongArch64", Some("loongarch")),
    ("", Some("=cpu")),
];

const UBOOT_ARCH: Choices = &[("isx86_32", Some("x86")), ("isMips64", Some("mips64")), ("", Some("=linuxArch"))];

const QEMU_ARCH: Choices = &[
    ("isAarch32", Some("arm")),
    ("isAarch64 isBigEndian", Some("aarch64_be")),
    ("isAarch64", Some("aarch64")),
    ("isS390 !isS390x", None),
    ("isx86_64", Some("x86_64")),
    ("isx86", Some("i386")),
    ("isMips64n32 isLittleEndian", Some("mipsn32el")),
    ("isMips64n32", Some("mipsn32")),
    ("isMips64 isLittleEndian", Some("mips64el")),
    ("isMips64", Some("mips64")),
    ("", Some("=uname.processor")),
];

const EFI_ARCH: Choices = &[
    ("isx86_32", Some("ia32")),
    ("isx86_64", Some("x64")),
    ("isAarch32", Some("arm")),
    ("isAarch64", Some("aa64")),
    ("", Some("=cpu")),
];

const DARWIN_PLATFORM: Choices = &[("isMacOS", Some("macos")), ("isiOS", Some("ios")), ("", None)];

const DARWIN_MIN_VERSION_VARIABLE: Choices =
    &[("isMacOS", Some("MACOSX_DEPLOYMENT_TARGET")), ("isiOS", Some("IPHONEOS_DEPLOYMENT_TARGET")), ("", None)];

/// What `uname -s` says, by kernel.
const UNAME: [(&str, &str); 10] = [
    ("linux", "Linux"),
    ("windows", "Windows"),
    ("cygwin", "CYGWIN_NT"),
    ("darwin", "Darwin"),
    ("netbsd", "NetBSD"),
    ("freebsd", "FreeBSD"),
    ("openbsd", "OpenBSD"),
    ("wasi", "Wasi"),
    ("redox", "Redox"),
    ("genode", "Genode"),
];

/// One of these makes shared libraries, unless everything is static.
const SHARING: [&str; 12] = [
    "isAndroid",
    "isGnu",
    "isMusl",
    "isDarwin",
    "isSunOS",
    "isOpenBSD",
    "isFreeBSD",
    "isNetBSD",
    "isCygwin",
    "isMinGW",
    "isWindows",
    "isWasm",
];

/// The attributes that [`attribute`] computes.
const ATTRIBUTES: [&str; 31] = [
    "_withoutFunctions",
    "parsed",
    "system",
    "config",
    "canExecute",
    "useLLVM",
    "libc",
    "linker",
    "libDir",
    "extensions",
    "useAndroidPrebuilt",
    "useiOSPrebuilt",
    "uname",
    "hasSharedLibraries",
    "isStatic",
    "gcc",
    "rustc",
    "linuxArch",
    "ubootArch",
    "qemuArch",
    "efiArch",
    "darwinArch",
    "darwinPlatform",
    "darwinSdkVersion",
    "darwinMinVersion",
    "darwinMinVersionVariable",
    "androidSdkVersion",
    "androidNdkVersion",
    "emulatorAvailable",
    "staticEmulatorAvailable",
    "emulator",
];

fn elaborate(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given] = arguments else { return Ok(Value::NULL) };
    let given = if is_attrs(ev, *given)? { *given } else { ev.set(&[("system", *given)]) };
    let body = ev.native("internal.systems.elaborated");
    let platform = fixed_point(ev, body, &[given]);
    if has_name(ev, given, "linux-kernel")? {
        let message = "lib.systems.elaborate: linux-kernel has been removed; see the 26.11 release notes";
        return Err(throw(ev, message));
    }
    if flag(ev, platform, "useAndroidPrebuilt")? && !flag(ev, platform, "isAndroid")? {
        let message = "assertion 'final.useAndroidPrebuilt -> final.isAndroid' failed";
        return Err(ev.error(crate::eval::ErrorKind::Assert, message));
    }
    let parsed = field(ev, platform, "parsed")?;
    let abi = field(ev, parsed, "abi")?;
    if let Some(assertions) = field_or(ev, abi, "assertions")? {
        for entry in whole_elements(ev, assertions)? {
            let assertion = field(ev, entry, "assertion")?;
            if !ev.call_bool(assertion, &[platform])? {
                let message = field(ev, entry, "message")?;
                let message = ev.want_text(message)?;
                return Err(throw(ev, message));
            }
        }
    }
    Ok(platform)
}

/// The attributes of a platform, given what its owner says and the platform itself.
fn elaborated(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given, itself] = arguments else { return Ok(Value::NULL) };
    let given_set = ev.want_attrs(*given)?;
    let mut all: Vec<(Symbol, Value, ExprId)> = Vec::with_capacity(160);
    for name in languages::NAMES {
        let language = ev.str(name);
        let value = deferred_native(ev, "internal.systems.language", &[language, Value::NULL, *given, *itself]);
        all.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    for entry in attributes(ev, given_set) {
        if !matches!(ev.heap.name(entry.0), "parsed" | "system" | "_withoutFunctions") {
            all.push(entry);
        }
    }
    for (name, feature) in architectures::PREDICATES {
        let feature = ev.str(feature);
        let value = deferred_native(ev, "internal.systems.support", &[feature, *itself]);
        all.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    for name in inspect::predicate_names() {
        let text = ev.str(name);
        let value = deferred_native(ev, "internal.systems.predicate", &[text, *itself]);
        all.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    for name in ATTRIBUTES {
        let text = ev.str(name);
        let value = deferred_native(ev, "internal.systems.attribute", &[text, *given, *itself]);
        all.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    let open = ev.heap.open_set_reason(given_set);
    Ok(ev.heap.new_open_set(&all, open))
}

fn predicate(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, itself] = arguments else { return Ok(Value::NULL) };
    let name = ev.want_text(*name)?;
    let patterns = inspect::patterns(ev);
    let pattern = field(ev, patterns, &name)?;
    let parsed = field(ev, *itself, "parsed")?;
    inspect::matches(ev, pattern, parsed).map(Value::bool)
}

fn support(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [feature, itself] = arguments else { return Ok(Value::NULL) };
    let feature = ev.want_text(*feature)?;
    let gcc = field(ev, *itself, "gcc")?;
    let architecture = match field_or(ev, gcc, "arch")? {
        Some(architecture) => ev.want_text(architecture)?,
        None => "default".to_owned(),
    };
    Ok(Value::bool(architectures::has_feature(&architecture, &feature)))
}

/// Whether an attribute of a platform is true.
pub(super) fn flag(ev: &mut Evaluator, platform: Value, name: &str) -> Result<bool, Stop> {
    let value = field(ev, platform, name)?;
    ev.want_bool(value)
}

/// Whether all predicates between spaces hold; one after `!` must not.
pub(super) fn holds(ev: &mut Evaluator, platform: Value, predicates: &str) -> Result<bool, Stop> {
    for predicate in predicates.split_whitespace() {
        let (name, wanted) = predicate.strip_prefix('!').map_or((predicate, true), |name| (name, false));
        if flag(ev, platform, name)? != wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The value that a table gives for a platform.
pub(super) fn choose(ev: &mut Evaluator, platform: Value, choices: Choices) -> Outcome {
    for (predicates, value) in choices {
        if holds(ev, platform, predicates)? {
            return match value {
                None => Ok(Value::NULL),
                Some("=cpu") => {
                    let parsed = field(ev, platform, "parsed")?;
                    let cpu = field(ev, parsed, "cpu")?;
                    field(ev, cpu, "name")
                }
                Some(text) => match text.strip_prefix('=') {
                    None => Ok(ev.str(text)),
                    Some(path) => {
                        let mut here = platform;
                        for name in path.split('.') {
                            here = field(ev, here, name)?;
                        }
                        Ok(here)
                    }
                },
            };
        }
    }
    Ok(Value::NULL)
}

/// What the owner says under a name, or else `default`.
fn given_or(ev: &mut Evaluator, given: Value, name: &str, default: Value) -> Outcome {
    Ok(field_or(ev, given, name)?.unwrap_or(default))
}

fn attribute(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, given, itself] = arguments else { return Ok(Value::NULL) };
    let platform = *itself;
    let name = ev.want_text(*name)?;
    match name.as_str() {
        "_withoutFunctions" => without_functions(ev, platform),
        "parsed" => {
            let text = match field_or(ev, *given, "config")? {
                Some(config) => config,
                None => field(ev, *given, "system")?,
            };
            let parse = ev.native("lib.systems.parse.mkSystemFromString");
            ev.call(parse, &[text])
        }
        "system" => {
            let parsed = field(ev, platform, "parsed")?;
            let text = parse::double(ev, parsed)?;
            Ok(ev.str(&text))
        }
        "config" => {
            let parsed = field(ev, platform, "parsed")?;
            let text = parse::triple(ev, parsed)?;
            Ok(ev.str(&text))
        }
        "canExecute" => Ok(ev.native_with("internal.systems.canExecute", &[platform])),
        "emulator" | "emulatorAvailable" | "staticEmulatorAvailable" => Ok(ev.native("internal.systems.emulator")),
        "useLLVM" => Ok(Value::bool(flag(ev, platform, "isFreeBSD")? || flag(ev, platform, "isOpenBSD")?)),
        "isStatic" => Ok(Value::bool(flag(ev, platform, "isWasi")? || flag(ev, platform, "isRedox")?)),
        "useAndroidPrebuilt" | "useiOSPrebuilt" => Ok(Value::FALSE),
        "hasSharedLibraries" => has_shared_libraries(ev, platform),
        "extensions" => extensions(ev, platform),
        "uname" => uname(ev, platform),
        "gcc" => {
            let selected = platforms::selected(ev, platform)?;
            match field_or(ev, selected, "gcc")? {
                Some(gcc) => Ok(gcc),
                None => given_or(ev, *given, "gcc", Value::EMPTY_SET),
            }
        }
        "rustc" => given_or(ev, *given, "rustc", Value::EMPTY_SET),
        "darwinArch" => {
            let parsed = field(ev, platform, "parsed")?;
            let cpu = field(ev, parsed, "cpu")?;
            let text = parse::darwin_arch(ev, cpu)?;
            Ok(ev.str(&text))
        }
        "darwinSdkVersion" => {
            let default = ev.str("14.4");
            given_or(ev, platform, "sdkVer", default)
        }
        "darwinMinVersion" => Ok(ev.str("14.0")),
        "androidSdkVersion" | "androidNdkVersion" => given_or(ev, *given, &name, Value::NULL),
        "libc" => choose(ev, platform, LIBC),
        "linker" => choose(ev, platform, LINKER),
        "libDir" => choose(ev, platform, LIB_DIR),
        "linuxArch" => choose(ev, platform, LINUX_ARCH),
        "ubootArch" => choose(ev, platform, UBOOT_ARCH),
        "qemuArch" => choose(ev, platform, QEMU_ARCH),
        "efiArch" => choose(ev, platform, EFI_ARCH),
        "darwinPlatform" => choose(ev, platform, DARWIN_PLATFORM),
        "darwinMinVersionVariable" => choose(ev, platform, DARWIN_MIN_VERSION_VARIABLE),
        _ => Ok(Value::NULL),
    }
}

fn without_functions(ev: &mut Evaluator, platform: Value) -> Outcome {
    let set = ev.want_attrs(platform)?;
    let kept: Vec<_> = attributes(ev, set)
        .into_iter()
        .filter(|(name, ..)| {
            let name = ev.heap.name(*name);
            name != "_withoutFunctions" && !FUNCTION_NAMES.contains(&name)
        })
        .collect();
    let open = ev.heap.open_set_reason(set);
    Ok(ev.heap.new_open_set(&kept, open))
}

fn has_shared_libraries(ev: &mut Evaluator, platform: Value) -> Outcome {
    for name in SHARING {
        if flag(ev, platform, name)? {
            return Ok(Value::bool(!flag(ev, platform, "isStatic")?));
        }
    }
    Ok(Value::FALSE)
}

fn extensions(ev: &mut Evaluator, platform: Value) -> Outcome {
    let static_library = choose(ev, platform, STATIC_LIBRARY)?;
    let executable = choose(ev, platform, EXECUTABLE)?;
    let mut members = vec![("staticLibrary", static_library), ("executable", executable)];
    let shared = if flag(ev, platform, "hasSharedLibraries")? {
        let shared = choose(ev, platform, SHARED_LIBRARY)?;
        members.push(("sharedLibrary", shared));
        Some(shared)
    } else {
        None
    };
    let library = if flag(ev, platform, "isStatic")? { Some(static_library) } else { shared };
    let library = match library {
        Some(library) => library,
        None => ev.error(crate::eval::ErrorKind::MissingAttribute, "attribute 'sharedLibrary' missing").0,
    };
    members.push(("library", library));
    Ok(ev.set(&members))
}

fn uname(ev: &mut Evaluator, platform: Value) -> Outcome {
    let parsed = field(ev, platform, "parsed")?;
    let kernel = field(ev, parsed, "kernel")?;
    let kernel = name_of(ev, kernel)?;
    let system = UNAME.iter().find(|(name, _)| *name == kernel).map_or(Value::NULL, |(_, text)| ev.str(text));
    let processor = choose(ev, platform, PROCESSOR)?;
    Ok(ev.set(&[("system", system), ("processor", processor), ("release", Value::NULL)]))
}

fn can_execute(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [machine, other] = arguments else { return Ok(Value::NULL) };
    if flag(ev, *machine, "isAndroid")? != flag(ev, *other, "isAndroid")? {
        return Ok(Value::FALSE);
    }
    let (ours, theirs) = (field(ev, *machine, "parsed")?, field(ev, *other, "parsed")?);
    let (our_cpu, their_cpu) = (field(ev, ours, "cpu")?, field(ev, theirs, "cpu")?);
    let (our_kernel, their_kernel) = (field(ev, ours, "kernel")?, field(ev, theirs, "kernel")?);
    if !parse::is_compatible(ev, our_cpu, their_cpu)? || !ev.equal(our_kernel, their_kernel)? {
        return Ok(Value::FALSE);
    }
    if !ev.equal(our_cpu, their_cpu)? {
        return Ok(Value::TRUE);
    }
    let (our_arch, their_arch) = (gcc_arch(ev, *machine)?, gcc_arch(ev, *other)?);
    Ok(Value::bool(match (our_arch, their_arch) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(ours), Some(theirs)) => architectures::can_execute(&ours, &theirs),
    }))
}

fn gcc_arch(ev: &mut Evaluator, platform: Value) -> Result<Option<String>, Stop> {
    match super::super::attrset_trees::at_path(ev, platform, &["gcc", "arch"])? {
        Some(architecture) => ev.want_text(architecture).map(Some),
        None => Ok(None),
    }
}

fn emulator(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    Err(needs_packages(ev, "the emulator of a platform"))
}

/// Whether a platform goes with its ABI (see [`super::tables::ABI_ASSERTIONS`]).
fn abi_assertion(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [index, platform] = arguments else { return Ok(Value::NULL) };
    let View::Int(index) = index.view() else { return Ok(Value::TRUE) };
    let assertion = usize::try_from(index).ok().and_then(|index| super::tables::ABI_ASSERTIONS.get(index));
    let Some((_, predicates, _)) = assertion else { return Ok(Value::TRUE) };
    for name in *predicates {
        if !flag(ev, *platform, name)? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn platforms_follow_from_their_names() {
        check(&[
            (
                r#"let p = lib.systems.elaborate "x86_64-linux"; in [ p.libc p.config p.isLinux p.avx2Support p.go.GOARCH ]"#,
                r#"[ "glibc" "x86_64-unknown-linux-gnu" true false "amd64" ]"#,
            ),
            (
                r#"(lib.systems.elaborate { config = "aarch64-unknown-linux-musl"; isStatic = true; }).hasSharedLibraries"#,
                "false",
            ),
            (
                r#"(lib.systems.elaborate { config = "arm-unknown-linux-gnu"; }).libc"#,
                r#"error: The "gnu" ABI is ambiguous…"#,
            ),
            (r#"(lib.systems.elaborate "x86_64-linux").canExecute (lib.systems.elaborate "i686-linux")"#, "true"),
            (
                r#"lib.systems.equals (lib.systems.elaborate "x86_64-linux") (lib.systems.elaborate "x86_64-linux")"#,
                "true",
            ),
            (r#"(lib.systems.elaborate "riscv64-linux").rust.rustcTarget"#, r#""riscv64gc-unknown-linux-gnu""#),
        ]);
    }
}
