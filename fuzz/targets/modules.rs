#![no_main]
//! See `routelint_fuzz::targets::modules`.

routelint_fuzz::nix_target!(modules);
