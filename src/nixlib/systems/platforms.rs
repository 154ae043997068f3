//! `lib.systems.doubles`, `examples`, `platforms` and `flakeExposed`.

use super::super::common::{field, field_or, is_text};
use super::{column, inspect, rows, text_list};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("internal.systems.doubles", 1, doubles_like),
    NativeDef::strict("lib.systems.platforms.select", 1, select_value),
];

const DOUBLES: &str = include_str!("data/doubles.txt");
const PLATFORMS: &str = include_str!("data/platforms.tsv");
const EXAMPLES: &str = include_str!("data/examples.tsv");

/// Lists of `lib.systems.doubles` and the predicate that each is made with.
const FAMILIES: [(&str, &str); 41] = [
    ("arm", "isAarch32"),
    ("armv7", "isArmv7"),
    ("aarch", "isAarch"),
    ("aarch64", "isAarch64"),
    ("x86", "isx86"),
    ("i686", "isi686"),
    ("x86_64", "isx86_64"),
    ("microblaze", "isMicroBlaze"),
    ("mips", "isMips"),
    ("mmix", "isMmix"),
    ("power", "isPower"),
    ("riscv", "isRiscV"),
    ("riscv32", "isRiscV32"),
    ("riscv64", "isRiscV64"),
    ("rx", "isRx"),
    ("vc4", "isVc4"),
    ("or1k", "isOr1k"),
    ("m68k", "isM68k"),
    ("arc", "isArc"),
    ("sh4", "isSh4"),
    ("s390", "isS390"),
    ("s390x", "isS390x"),
    ("loongarch64", "isLoongArch64"),
    ("js", "isJavaScript"),
    ("bigEndian", "isBigEndian"),
    ("littleEndian", "isLittleEndian"),
    ("cygwin", "isCygwin"),
    ("darwin", "isDarwin"),
    ("freebsd", "isFreeBSD"),
    ("illumos", "isSunOS"),
    ("linux", "isLinux"),
    ("netbsd", "isNetBSD"),
    ("openbsd", "isOpenBSD"),
    ("unix", "isUnix"),
    ("wasi", "isWasi"),
    ("redox", "isRedox"),
    ("windows", "isWindows"),
    ("genode", "isGenode"),
    ("uefi", "isUefi"),
    ("embedded", "isNone"),
    ("gnu", "isGnu"),
];

/// The ABIs in whose order `doubles.gnu` lists Linux systems.
const GNU: [&str; 7] = ["gnu", "gnueabi", "gnueabihf", "gnuabin32", "gnuabi64", "gnuabielfv1", "gnuabielfv2"];

/// The set `lib.systems.doubles`.
pub(in super::super) fn doubles(ev: &mut Evaluator) -> Outcome {
    let all: Vec<&str> = DOUBLES.lines().collect();
    let mut members = vec![("all", text_list(ev, &all)), ("none", Value::EMPTY_LIST)];
    for (name, predicate) in FAMILIES {
        let predicate = ev.str(predicate);
        members.push((name, ev.delay_native("internal.systems.doubles", &[predicate])));
    }
    Ok(ev.set(&members))
}

/// The doubles whose systems satisfy a predicate.
fn doubles_like(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate] = arguments else { return Ok(Value::NULL) };
    let predicate = ev.want_text(*predicate)?;
    let patterns = inspect::patterns(ev);
    let pattern = field(ev, patterns, &predicate)?;
    let parse = ev.native("lib.systems.parse.mkSystemFromString");
    let mut found: Vec<(usize, Value)> = Vec::new();
    for text in DOUBLES.lines() {
        ev.tick()?;
        let value = ev.str(text);
        let system = ev.call(parse, &[value])?;
        if !inspect::matches(ev, pattern, system)? {
            continue;
        }
        let mut rank = 0;
        if predicate == "isGnu" {
            let (kernel, abi) = (field(ev, system, "kernel")?, field(ev, system, "abi")?);
            if super::name_of(ev, kernel)? != "linux" {
                continue;
            }
            let abi = super::name_of(ev, abi)?;
            rank = GNU.iter().position(|name| *name == abi).unwrap_or(GNU.len());
        }
        found.push((rank, value));
    }
    found.sort_by_key(|(rank, _)| *rank);
    let values: Vec<Value> = found.into_iter().map(|(_, value)| value).collect();
    Ok(ev.list(&values))
}

/// The systems for which the flake of nixpkgs has packages.
pub(super) fn flake_exposed(ev: &mut Evaluator) -> Outcome {
    Ok(text_list(
        ev,
        &[
            "x86_64-linux",
            "aarch64-linux",
            "x86_64-darwin",
            "armv6l-linux",
            "armv7l-linux",
            "i686-linux",
            "aarch64-darwin",
            "powerpc64le-linux",
            "riscv64-linux",
            "x86_64-freebsd",
        ],
    ))
}

/// A set from `path=value` pairs between spaces, with paths of one or two names. What follows `==` is not a string.
fn described(ev: &mut Evaluator, text: &str) -> Value {
    let mut whole: Vec<(&str, Value)> = Vec::new();
    for pair in text.split_whitespace() {
        let (path, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = match value {
            "=true" => Value::TRUE,
            "=false" => Value::FALSE,
            "=null" => Value::NULL,
            "={}" => Value::EMPTY_SET,
            text => ev.str(text),
        };
        let Some((outer, inner)) = path.split_once('.') else {
            whole.push((path, value));
            continue;
        };
        let more = ev.set(&[(inner, value)]);
        match whole.iter_mut().find(|(name, _)| *name == outer) {
            Some((_, known)) => *known = ev.update(*known, more).unwrap_or(more),
            None => whole.push((outer, more)),
        }
    }
    ev.set(&whole)
}

fn table(ev: &mut Evaluator, text: &'static str) -> Vec<(&'static str, Value)> {
    rows(text).map(|row| (column(&row, 0), described(ev, column(&row, 1)))).collect()
}

/// The set `lib.systems.examples`.
pub(super) fn examples(ev: &mut Evaluator) -> Outcome {
    let members = table(ev, EXAMPLES);
    Ok(ev.set(&members))
}

/// The set `lib.systems.platforms`.
pub(super) fn platforms(ev: &mut Evaluator) -> Outcome {
    let mut members = table(ev, PLATFORMS);
    members.push(("select", ev.native("lib.systems.platforms.select")));
    Ok(ev.set(&members))
}

fn flag(ev: &mut Evaluator, platform: Value, name: &str) -> Result<bool, Stop> {
    let value = field(ev, platform, name)?;
    ev.want_bool(value)
}

/// What compilers should know of an elaborated platform unless its owner says otherwise.
pub(super) fn selected(ev: &mut Evaluator, platform: Value) -> Outcome {
    let parsed = field(ev, platform, "parsed")?;
    let cpu = field(ev, parsed, "cpu")?;
    let name = if flag(ev, platform, "isAarch32")? {
        let version = match field_or(ev, cpu, "version")? {
            Some(version) => ev.want_text(version)?,
            None => return Ok(Value::EMPTY_SET),
        };
        match version.parse::<u32>().unwrap_or(0) {
            0..=5 => "armv5tel-multiplatform",
            6 => "raspberrypi",
            _ => "armv7l-hf-multiplatform",
        }
    } else if flag(ev, platform, "isAarch64")? {
        if flag(ev, platform, "isDarwin")? { "apple-m1" } else { "aarch64-multiplatform" }
    } else if flag(ev, platform, "isLoongArch64")? {
        "loongarch64-multiplatform"
    } else {
        let name = field(ev, cpu, "name")?;
        if !is_text(ev, name, b"mipsel")? {
            return Ok(Value::EMPTY_SET);
        }
        let examples = examples(ev)?;
        return field(ev, examples, "mipsel-linux-gnu");
    };
    let row = rows(PLATFORMS).find(|row| column(row, 0) == name).unwrap_or_default();
    Ok(described(ev, column(&row, 1)))
}

fn select_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [platform] = arguments else { return Ok(Value::NULL) };
    selected(ev, *platform)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn lists_of_systems() {
        check(&[
            ("lib.platforms.s390x", r#"[ "s390x-linux" "s390x-none" ]"#),
            ("lib.head lib.systems.doubles.gnu", r#""aarch64-linux""#),
            ("lib.systems.examples.armv7a-android-prebuilt.useAndroidPrebuilt", "true"),
            ("lib.systems.platforms.raspberrypi", r#"{ gcc = { arch = "armv6kz"; fpu = "vfpv2"; }; }"#),
        ]);
    }
}
