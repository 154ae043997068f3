//! Pages of the system: small ones for small evaluations, huge ones for large evaluations.
//!
//! On Linux the allocator asks for pages of 2 MiB, which the system clears when they are first touched. A large evaluation gains by them a third
//! of its time. One that fits into a few hundred kilobytes would spend most of its time on clearing memory that it never uses; and where
//! free memory is in small pieces, the system moves others about to make a page of that size, which takes a small evaluation longer than all its
//! work.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the process was told to do without huge pages.
static DOES_WITHOUT: AtomicBool = AtomicBool::new(false);

/// Does without huge pages in this process until a heap is large. For a program to call once, before it allocates much:
/// it is a property of the whole process (prctl(2), `PR_SET_THP_DISABLE`). Where the system knows no such thing, nothing happens.
pub fn start_with_small_pages() {
    DOES_WITHOUT.store(set_huge_pages(false), Ordering::Relaxed);
}

/// A heap is large: memory that is touched from now on may be huge pages again.
pub(super) fn grow() {
    if DOES_WITHOUT.load(Ordering::Relaxed) && DOES_WITHOUT.swap(false, Ordering::Relaxed) {
        set_huge_pages(true);
    }
}

/// Whether it was possible.
#[cfg(target_os = "linux")]
fn set_huge_pages(wanted: bool) -> bool {
    rustix::thread::disable_transparent_huge_pages(!wanted).is_ok()
}

/// Whether it was possible.
#[cfg(not(target_os = "linux"))]
fn set_huge_pages(_wanted: bool) -> bool {
    false
}
