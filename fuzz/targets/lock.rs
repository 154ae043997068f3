#![no_main]
//! See `routelint_fuzz::targets::lock`.

routelint_fuzz::text_target!(lock);
