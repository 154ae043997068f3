//! Mistyped names: of rules, and of whatever else has a list of names.

use super::registry;
pub use crate::config::nearest_of;

/// The rule's name that is nearest to a text, if any is near.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_of(name, registry::all().iter().map(|rule| rule.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_rule() {
        assert_eq!(nearest("onlink-without-gatway"), Some("onlink-without-gateway"));
        assert_eq!(nearest("on-link-without-gateway"), Some("onlink-without-gateway"));
        assert_eq!(nearest("nonsense"), None);
    }
}
