//! Fuzz targets of routelint: what they do with a text ([`targets`]), and how texts of Nix are changed ([`mutator`]).
//!
//! `fuzz/run` builds and runs them. What a target does is shared with `tests/fuzz_regressions.rs`, which replays `fuzz/regressions/`.

pub mod mutator;
pub mod targets;

#[doc(hidden)]
pub use libfuzzer_sys;

/// A target whose input is any text; bytes that are no text are not kept.
#[macro_export]
macro_rules! text_target {
    ($target:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> $crate::libfuzzer_sys::Corpus {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    $crate::targets::$target(text);
                    $crate::libfuzzer_sys::Corpus::Keep
                }
                Err(_) => $crate::libfuzzer_sys::Corpus::Reject,
            }
        });
    };
}

/// A target whose input is a text of Nix, changed along its tokens.
#[macro_export]
macro_rules! nix_target {
    ($target:ident) => {
        $crate::text_target!($target);
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutator::mutate(data, size, max_size, seed)
        });
    };
}
