#![no_main]
//! See `routelint_fuzz::targets::fleet`.

routelint_fuzz::nix_target!(fleet);
