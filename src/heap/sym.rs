//! Names that routelint itself speaks of, with fixed symbols.

use super::interner::Symbol;

macro_rules! symbols {
    ($($constant:ident = $text:literal,)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "only numbers the constants below")]
        enum Number { $($constant,)* }
        $(
            #[doc = concat!("`", $text, "`")]
            pub const $constant: Symbol = Symbol(Number::$constant as u32);
        )*
        /// All of them, in the order of their numbers.
        pub(super) const ALL: &[&str] = &[$($text,)*];
    };
}

symbols! {
    EMPTY = "",
    TYPE_TAG = "_type",
    FUNCTOR = "__functor",
    FUNCTION_ARGS = "__functionArgs",
    TO_STRING = "__toString",
    OVERRIDES = "__overrides",
    OUT_PATH = "outPath",
    TYPE = "type",
    NAME = "name",
    VALUE = "value",
    SUCCESS = "success",
    KEY = "key",
    FILE = "file",
    LINE = "line",
    COLUMN = "column",
    CONTENT = "content",
    CONTENTS = "contents",
    CONDITION = "condition",
    PRIORITY = "priority",
    CONFIG = "config",
    OPTIONS = "options",
    IMPORTS = "imports",
    REQUIRE = "require",
    MODULES = "modules",
    FREEFORM_TYPE = "freeformType",
    DISABLED_MODULES = "disabledModules",
    MODULE = "_module",
    ARGS = "args",
    SPECIAL_ARGS = "specialArgs",
    MODULE_FILE = "_file",
    MODULE_CLASS = "_class",
    CLASS = "class",
    META = "meta",
    CHECK = "check",
    MERGE = "merge",
    DEFAULT = "default",
    DEFAULT_TEXT = "defaultText",
    DESCRIPTION = "description",
    EXAMPLE = "example",
    APPLY = "apply",
    INTERNAL = "internal",
    VISIBLE = "visible",
    READ_ONLY = "readOnly",
    LIB = "lib",
    PKGS = "pkgs",
    SELF = "self",
    INPUTS = "inputs",
    OUTPUTS = "outputs",
    SYSTEM = "system",
    PREFIX = "prefix",
    BODY = "body",
    RIGHT = "right",
    WRONG = "wrong",
    START_SET = "startSet",
    OPERATOR = "operator",
    PATH = "path",
    ENABLE = "enable",
    LEFT_TAG = "left",
    RECURSE_FOR_DERIVATIONS = "recurseForDerivations",
    DRV_PATH = "drvPath",
    OUTPUT_NAME = "outputName",
}
