#![no_main]
//! See `routelint_fuzz::targets::syntax`.

routelint_fuzz::nix_target!(syntax);
