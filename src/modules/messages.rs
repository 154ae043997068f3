//! Words of error messages.

/// Files as they stand in a sentence: each in quotes, joined by `and`.
pub(super) fn show_files<'a>(files: impl Iterator<Item = &'a str>) -> String {
    files.map(|file| format!("`{file}'")).collect::<Vec<_>>().join(" and ")
}
