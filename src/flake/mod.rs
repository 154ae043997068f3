//! flake
