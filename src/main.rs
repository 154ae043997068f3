//! The `routelint` program: everything is in the library's room `cli`.

use std::process::ExitCode;

/// Evaluation makes and drops many small tables; this allocator takes half the time of the system's for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    routelint::cli::run()
}
