//! Mistyped names: of rules, and of whatever else has a list of names.

use super::registry;

/// The rule's name that is nearest to a text, if any is near.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_of(name, registry::all().iter().map(|rule| rule.name))
}

/// The name that is nearest to a text, if any is near: at most three letters apart, and less than half of them.
pub fn nearest_of<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = 3.min(name.chars().count().div_ceil(2).max(1));
    let distances = known.map(|known| (distance(name, known), known));
    distances.min().filter(|(distance, _)| *distance <= most).map(|(_, name)| name)
}

/// The number of letters to insert, delete or replace to get from one text to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (position, letter) in from.chars().enumerate() {
        let mut diagonal = position;
        let mut left = position + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_rule() {
        assert_eq!(nearest("onlink-without-gatway"), Some("onlink-without-gateway"));
        assert_eq!(nearest("on-link-without-gateway"), Some("onlink-without-gateway"));
        assert_eq!(nearest("nonsense"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
