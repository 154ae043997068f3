//! nixlib
