#![no_main]
//! See `routelint_fuzz::targets::configuration`.

routelint_fuzz::text_target!(configuration);
