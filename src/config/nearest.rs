//! Mistyped names.

/// A longer text is no mistyped name, in bytes.
const LONGEST: usize = 200;

/// The name that is nearest to a text, if any is near: at most three letters apart, and less than half of them.
pub fn nearest_of<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
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
    fn letters_are_counted() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest_of("fail_on", ["fail-on", "strict"].into_iter()), Some("fail-on"));
        assert_eq!(nearest_of(&"x".repeat(1000), ["fail-on"].into_iter()), None);
    }
}
