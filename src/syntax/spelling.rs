//! The name that was probably meant.

/// The candidate that differs from `wanted` by one or two letters; of equally near ones the first in the alphabet.
pub(super) fn nearest<'n>(wanted: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = wanted.chars().count();
    let allowed = match length {
        0..=2 => return None,
        3..=4 => 1,
        5..=64 => 2,
        _ => return None,
    };
    candidates
        .filter(|candidate| candidate.len() <= 4 * 66 && candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (distance(wanted, candidate), candidate))
        .filter(|(distance, _)| (1..=allowed).contains(distance))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, dropped, changed or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut two_above: Vec<usize> = Vec::new();
    let mut previous_letter = None;
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        let mut other_before = None;
        for (column, other) in right.iter().enumerate() {
            let cell = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut least = (cell(&above, column) + usize::from(letter != *other))
                .min(cell(&above, column + 1) + 1)
                .min(cell(&current, column) + 1);
            if column > 0 && other_before == Some(letter) && previous_letter == Some(*other) {
                least = least.min(cell(&two_above, column - 1) + 1);
            }
            current.push(least);
            other_before = Some(*other);
        }
        two_above = std::mem::replace(&mut above, current);
        previous_letter = Some(letter);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_that_was_meant() {
        let names = ["config", "lib", "pkgs", "options", "guests"];
        for (wanted, near) in [
            ("confg", Some("config")),
            ("conifg", Some("config")),
            ("pkg", Some("pkgs")),
            ("lbi", Some("lib")),
            ("x", None),
            ("networking", None),
            ("lib", None),
        ] {
            assert_eq!(nearest(wanted, names.into_iter()), near, "{wanted}");
        }
    }
}
