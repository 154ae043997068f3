//! The `routelint` program: everything is in the library's room `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    routelint::cli::run()
}
