//! The command that is meant when none is given.

use std::ffi::OsString;

/// The arguments of the process with `check` put in where no command stands.
///
/// A word counts as the command if it is the first that is neither an option of the program itself nor the value of one. Whoever has a
/// folder called `show` writes `routelint check show`.
pub(super) fn with_command(program: &clap::Command, arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut position = 1;
    while let Some(text) = arguments.get(position).map(|argument| argument.to_string_lossy().into_owned()) {
        match text.as_str() {
            "--help" | "-h" | "--version" | "-V" | "help" => return arguments,
            word if program.find_subcommand(word).is_some() => return arguments,
            _ => {}
        }
        let name = text.strip_prefix("--").map(|option| option.split('=').next().unwrap_or(option));
        let known = name.and_then(|name| program.get_arguments().find(|known| known.get_long() == Some(name)));
        let Some(known) = known else { break };
        let has_own_value = known.get_action().takes_values() && !text.contains('=');
        position += if has_own_value { 2 } else { 1 };
    }
    arguments.insert(usize::min(position, arguments.len()), OsString::from("check"));
    arguments
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn check_is_meant_where_no_command_is_given() {
        for (given, meant) in [
            ("routelint", "routelint check"),
            ("routelint .", "routelint check ."),
            ("routelint --format json fleet", "routelint check --format json fleet"),
            ("routelint --color never", "routelint --color never check"),
            ("routelint --color=never .", "routelint --color=never check ."),
            ("routelint --color never show .", "routelint --color never show ."),
            ("routelint check show", "routelint check show"),
            ("routelint --version", "routelint --version"),
            ("routelint help show", "routelint help show"),
            ("routelint --color", "routelint --color check"),
        ] {
            let program = crate::cli::Arguments::command();
            let words = super::with_command(&program, given.split(' ').map(std::ffi::OsString::from));
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            assert_eq!(words.join(" "), meant);
        }
    }
}
