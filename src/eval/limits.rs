//! How much an evaluation may take.

/// Limits of one evaluator.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Function calls, forced thunks and elements visited by built-in functions.
    pub steps: u64,
    /// Nested evaluations. Each takes up to about a kilobyte of machine stack in an optimised build.
    pub depth: u32,
    /// Bytes of the heap.
    pub heap_bytes: usize,
    /// Bytes of one string.
    pub string_bytes: usize,
    /// Elements of one list made by `++` or a built-in function.
    pub list_elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 400_000_000,
            depth: 50_000,
            heap_bytes: 4 << 30,
            string_bytes: 256 << 20,
            list_elements: 50_000_000,
        }
    }
}

impl Limits {
    /// Limits for source that nobody vouches for: an endless evaluation ends in about a second and in less than a gigabyte.
    pub fn untrusted() -> Self {
        Self {
            steps: 60_000_000,
            depth: 20_000,
            heap_bytes: 400 << 20,
            string_bytes: 32 << 20,
            list_elements: 1_000_000,
        }
    }
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// [`Limits::steps`]
    Steps,
    /// [`Limits::depth`]
    Depth,
    /// [`Limits::heap_bytes`]
    Heap,
    /// [`Limits::string_bytes`]
    String,
    /// [`Limits::list_elements`]
    List,
}
