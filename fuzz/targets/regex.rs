#![no_main]
//! See `routelint_fuzz::targets::regex`.

routelint_fuzz::text_target!(regex);
