//! What the functions of `lib` that take a set of named arguments take, for `functionArgs`.

/// Full names of functions, each with the names of its arguments and whether they may be missing.
pub(super) static FORMALS: &[(&str, &[(&str, bool)])] = &[
    ("lib.generators.toINI", &[("mkSectionName", true), ("mkKeyValue", true), ("listsAsDuplicateKeys", true)]),
    ("lib.generators.toLua", &[("multiline", true), ("indent", true), ("asBindings", true)]),
    ("lib.generators.toPretty", &[("allowPrettyValues", true), ("multiline", true), ("indent", true)]),
    ("lib.generators.withRecursion", &[("depthLimit", false), ("throwOnDepthLimit", true)]),
    ("lib.fetchers.normalizeHash", &[("hashTypes", true), ("required", true)]),
    (
        "lib.filesystem.packagesFromDirectoryRecursive",
        &[("callPackage", false), ("newScope", true), ("directory", false)],
    ),
];
