#![no_main]
//! See `routelint_fuzz::targets::evaluator`.

routelint_fuzz::nix_target!(evaluator);
