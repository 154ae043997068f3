//! `lib.cli`: sets of options as command lines.

use super::generators::value_text;
use super::support::{
    coerced, joined, list_of, list_parts, named_arguments, optional, pairs, piece, required, throw, warn,
};
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, StrId, Value, View};

/// `lib.cli`
pub(super) static FAMILY: Family = Family {
    name: "cli",
    functions: &[FUNCTIONS],
    members: &[
        Member::Made("toGNUCommandLine", |ev| deprecated(ev, "toGNUCommandLine", "toCommandLine")),
        Member::Made("toGNUCommandLineShell", |ev| deprecated(ev, "toGNUCommandLineShell", "toCommandLineShell")),
    ],
    top: &[],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.cli.toCommandLine", 2, 0b10, to_command_line),
    NativeDef::with_strict("lib.cli.toCommandLineShell", 2, 0b10, |ev, given| {
        let words = to_command_line(ev, given)?;
        shell_line(ev, words)
    }),
    NativeDef::strict("lib.cli.toCommandLineGNU", 2, to_command_line_gnu).taking(&[
        ("isLong", true),
        ("explicitBool", true),
        ("formatArg", true),
    ]),
    NativeDef::strict("lib.cli.toCommandLineShellGNU", 2, |ev, given| {
        let words = to_command_line_gnu(ev, given)?;
        shell_line(ev, words)
    }),
    NativeDef::lazy("internal.cli.gnuOption", 2, gnu_option),
    NativeDef::lazy("internal.cli.gnuSeparator", 2, gnu_separator),
    NativeDef::strict("internal.cli.toGNUCommandLine", 2, to_gnu_command_line).taking(&[
        ("mkOptionName", true),
        ("mkBool", true),
        ("mkList", true),
        ("mkOption", true),
        ("optionValueSeparator", true),
    ]),
    NativeDef::strict("internal.cli.toGNUCommandLineShell", 2, |ev, given| {
        let words = to_gnu_command_line(ev, given)?;
        shell_line(ev, words)
    }),
];

fn deprecated(ev: &mut Evaluator, name: &str, instead: &str) -> Outcome {
    warn(ev, &format!("lib.cli.{name} is deprecated, please use lib.cli.{instead} or lib.cli.{instead}GNU instead"));
    Ok(ev.native(&format!("internal.cli.{name}")))
}

fn shell_line(ev: &mut Evaluator, words: Value) -> Outcome {
    super::support::call_native(ev, "lib.strings.escapeShellArgs", &[words])
}

/// What an option looks like.
///
/// Nothing of it is looked at before a value needs it: an option without a value needs nothing.
struct Form {
    option: Value,
    /// Between option and argument; null makes two words of them.
    separator: Value,
    writes_booleans: Value,
    format: Option<Value>,
}

fn form_of(ev: &mut Evaluator, described: Value) -> Result<Form, Stop> {
    let name = "renderOption";
    let set = named_arguments(ev, name, described, &["option", "sep", "explicitBool", "formatArg"])?;
    Ok(Form {
        option: required(ev, name, set, "option")?,
        separator: required(ev, name, set, "sep")?,
        writes_booleans: required(ev, name, set, "explicitBool")?,
        format: optional(ev, set, "formatArg")?,
    })
}

fn word(ev: &mut Evaluator, parts: &[Value]) -> Outcome {
    let mut pieces: Vec<Result<StrId, Stop>> = Vec::with_capacity(parts.len());
    for part in parts {
        pieces.push(piece(coerced(ev, *part))?);
    }
    joined(ev, pieces)
}

/// The value's text by the user's function, else as generators write scalars.
fn formatted(ev: &mut Evaluator, format: Option<Value>, value: Value) -> Outcome {
    match format {
        Some(function) => ev.call(function, &[value]),
        None => value_text(ev, value).map(Value::string),
    }
}

fn push_option(ev: &mut Evaluator, form: &Form, value: Value, words: &mut Vec<Value>) -> Result<(), Stop> {
    let value = ev.want(value)?;
    if matches!(value.view(), View::Null) {
        return Ok(());
    }
    let writes_booleans = ev.want_bool(form.writes_booleans)?;
    if let View::Bool(is_on) = value.view()
        && !writes_booleans
    {
        words.extend(is_on.then_some(form.option));
        return Ok(());
    }
    let argument = formatted(ev, form.format, value)?;
    let separator = ev.want(form.separator)?;
    match separator.view() {
        View::Null => words.extend([form.option, argument]),
        _ => words.push(word(ev, &[form.option, separator, argument])?),
    }
    Ok(())
}

/// The words for all options of a set; `form` describes the option of a name.
fn words_of(ev: &mut Evaluator, options: Value, form: impl Fn(&mut Evaluator, Value) -> Result<Form, Stop>) -> Outcome {
    let mut words = Vec::new();
    for (name, value) in pairs(ev, options)? {
        let id = ev.want_string(name)?;
        if ev.heap.bytes(id).is_empty() {
            return Err(throw(ev, "lib.cli.toCommandLine accepts non-empty option names only"));
        }
        let value = ev.want(value)?;
        let (values, open) = match value.view() {
            View::List(_) => list_parts(ev, value)?,
            _ => (vec![value], None),
        };
        for value in values {
            let form = form(ev, name)?;
            push_option(ev, &form, value, &mut words)?;
        }
        open.map_or(Ok(()), Err)?;
    }
    list_of(ev, &words)
}

fn to_command_line(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [format, options] = arguments else { return Ok(Value::NULL) };
    words_of(ev, *options, |ev, name| {
        let described = ev.call(*format, &[name])?;
        form_of(ev, described)
    })
}

/// The option with one dash or two.
fn dashed(ev: &mut Evaluator, name: Value, is_long: bool) -> Outcome {
    let dashes = ev.str(if is_long { "--" } else { "-" });
    word(ev, &[dashes, name])
}

fn is_long_name(ev: &mut Evaluator, name: Value) -> Result<bool, Stop> {
    let id = coerced(ev, name)?;
    Ok(ev.heap.bytes(id).len() > 1)
}

fn to_command_line_gnu(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [style, options] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "toCommandLineGNU", *style, &["isLong", "explicitBool", "formatArg"])?;
    let is_long = optional(ev, set, "isLong")?.unwrap_or(Value::NULL);
    let format = optional(ev, set, "formatArg")?;
    let writes_booleans = optional(ev, set, "explicitBool")?.unwrap_or(Value::FALSE);
    words_of(ev, *options, |ev, name| {
        let option = ev.delay_native("internal.cli.gnuOption", &[is_long, name]);
        let separator = ev.delay_native("internal.cli.gnuSeparator", &[is_long, name]);
        Ok(Form { option, separator, writes_booleans, format })
    })
}

/// Whether an option has two dashes: by its length, unless a function says.
fn is_long_option(ev: &mut Evaluator, function: Value, name: Value) -> Result<bool, Stop> {
    match function.view() {
        View::Null => is_long_name(ev, name),
        _ => ev.call_bool(function, &[name]),
    }
}

fn gnu_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, name] = arguments else { return Ok(Value::NULL) };
    let is_long = is_long_option(ev, *function, *name)?;
    dashed(ev, *name, is_long)
}

fn gnu_separator(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, name] = arguments else { return Ok(Value::NULL) };
    let is_long = is_long_option(ev, *function, *name)?;
    Ok(ev.str(if is_long { "=" } else { "" }))
}

/// The functions with which the older command lines are made.
struct OldStyle {
    option_name: Option<Value>,
    bool: Option<Value>,
    list: Option<Value>,
    option: Option<Value>,
    separator: Option<Value>,
}

impl OldStyle {
    fn of(ev: &mut Evaluator, set: Set) -> Result<Self, Stop> {
        Ok(Self {
            option_name: optional(ev, set, "mkOptionName")?,
            bool: optional(ev, set, "mkBool")?,
            list: optional(ev, set, "mkList")?,
            option: optional(ev, set, "mkOption")?,
            separator: match optional(ev, set, "optionValueSeparator")? {
                Some(separator) => {
                    let separator = ev.want(separator)?;
                    (!matches!(separator.view(), View::Null)).then_some(separator)
                }
                None => None,
            },
        })
    }

    fn name(&self, ev: &mut Evaluator, key: Value) -> Outcome {
        match self.option_name {
            Some(function) => ev.call(function, &[key]),
            None => {
                let is_long = is_long_name(ev, key)?;
                dashed(ev, key, is_long)
            }
        }
    }

    fn push_option(&self, ev: &mut Evaluator, key: Value, value: Value, words: &mut Vec<Value>) -> Result<(), Stop> {
        if let Some(function) = self.option {
            return push_list(ev, function, &[key, value], words);
        }
        let value = ev.want(value)?;
        if matches!(value.view(), View::Null) {
            return Ok(());
        }
        let name = self.name(ev, key)?;
        let text = value_text(ev, value).map(Value::string)?;
        match self.separator {
            Some(separator) => words.push(word(ev, &[name, separator, text])?),
            None => words.extend([name, text]),
        }
        Ok(())
    }
}

/// Appends the list that a function gives.
fn push_list(ev: &mut Evaluator, function: Value, given: &[Value], words: &mut Vec<Value>) -> Result<(), Stop> {
    let list = ev.call(function, given)?;
    let (elements, open) = list_parts(ev, list)?;
    words.extend(elements);
    open.map_or(Ok(()), Err)
}

fn to_gnu_command_line(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [style, options] = arguments else { return Ok(Value::NULL) };
    let allowed = ["mkOptionName", "mkBool", "mkList", "mkOption", "optionValueSeparator"];
    let set = named_arguments(ev, "toGNUCommandLine", *style, &allowed)?;
    let style = OldStyle::of(ev, set)?;
    let mut words = Vec::new();
    for (key, value) in pairs(ev, *options)? {
        let value = ev.want(value)?;
        match (value.view(), style.bool, style.list) {
            (View::Bool(_), Some(function), _) | (View::List(_), _, Some(function)) => {
                push_list(ev, function, &[key, value], &mut words)?;
            }
            (View::Bool(is_on), None, _) => {
                if is_on {
                    words.push(style.name(ev, key)?);
                }
            }
            (View::List(_), _, None) => {
                let (elements, open) = list_parts(ev, value)?;
                for element in elements {
                    style.push_option(ev, key, element, &mut words)?;
                }
                open.map_or(Ok(()), Err)?;
            }
            _ => style.push_option(ev, key, value, &mut words)?,
        }
    }
    list_of(ev, &words)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn command_lines() {
        check(&[
            (
                "lib.cli.toCommandLineGNU { } { v = true; name = [ \"a\" \"b\" ]; off = false; }",
                r#"[ "--name=a" "--name=b" "-v" ]"#,
            ),
            (
                "lib.cli.toCommandLine (k: { option = \"-${k}\"; sep = null; explicitBool = true; }) { x = false; }",
                r#"[ "-x" "false" ]"#,
            ),
            ("lib.cli.toGNUCommandLineShell { } { X = \"PUT\"; data = \"a b\"; }", r#""-X PUT --data 'a b'""#),
            ("lib.cli.toCommandLineGNU { isLong = null.nothing; explicitBool = 1; } { c = null; }", "[ ]"),
        ]);
    }
}
