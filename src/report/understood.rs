//! The lines at the end of a report for people that say how much of the fleet was understood. None if all of it was.

use super::summary::counted;
use crate::fleet::{Coverage, Reason};

/// Most reasons of one line that are named.
const MOST_REASONS: usize = 3;
/// Most machines of one reason that are named.
const MOST_NAMES: usize = 4;

/// What was not understood and why; `where_to_look` tells where all of it is listed.
pub(super) fn lines(coverage: &Coverage, where_to_look: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if !coverage.partial.is_empty() {
        let (known, all) = (coverage.understood(), counted(coverage.guests, "guest"));
        lines.push(format!("{known} of {all} understood; the rest: {}", machines(&coverage.partial)));
    }
    if !coverage.unread.is_empty() {
        let count = coverage.unread.iter().map(|reason| reason.names.len()).sum();
        lines.push(format!("{} not read: {}", counted(count, "machine"), machines(&coverage.unread)));
    }
    if !coverage.others.is_empty() {
        let count: usize = coverage.others.iter().map(|(_, count)| count).sum();
        let reasons = coverage.others.iter().map(|(why, count)| match count {
            1 => why.clone(),
            _ => format!("{why} ({count} times)"),
        });
        let also = if lines.is_empty() { "" } else { "further " };
        let ending = if count == 1 { "" } else { "s" };
        lines.push(format!("{count} {also}thing{ending} not known: {}", few(reasons.collect(), MOST_REASONS, "; ")));
    }
    if let Some(last) = lines.last_mut() {
        last.push_str(&format!("; {where_to_look}"));
    }
    lines
}

fn machines(reasons: &[Reason]) -> String {
    let reasons =
        reasons.iter().map(|reason| format!("{} ({})", few(distinct(&reason.names), MOST_NAMES, ", "), reason.why));
    few(reasons.collect(), MOST_REASONS, "; ")
}

/// Names, those of several machines once with their number.
fn distinct(names: &[String]) -> Vec<String> {
    let alike = names.chunk_by(|a, b| a == b);
    let shown = alike.filter_map(|group| match group {
        [name] => Some(name.clone()),
        [name, ..] => Some(format!("{name} ({} of them)", group.len())),
        [] => None,
    });
    shown.collect()
}

/// The first of some texts, and how many more there are.
fn few(mut texts: Vec<String>, most: usize, between: &str) -> String {
    let more = texts.len().saturating_sub(most);
    texts.truncate(most);
    let text = texts.join(between);
    if more == 0 { text } else { format!("{text} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(why: &str, names: &[&str]) -> Reason {
        Reason { why: why.to_owned(), names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn nothing_is_said_if_all_is_understood() {
        assert!(lines(&Coverage { guests: 3, ..Coverage::default() }, "see there").is_empty());
    }

    #[test]
    fn each_line_says_how_many_and_why() {
        let coverage = Coverage {
            guests: 20,
            partial: vec![reason("input `secrets` is not available", &["cache", "db"])],
            unread: vec![reason("input `pi` is not available", &["a", "b", "c", "d", "e"])],
            others: vec![("x".to_owned(), 2), ("y".to_owned(), 1)],
        };
        assert_eq!(
            lines(&coverage, "see there"),
            [
                "18 of 20 guests understood; the rest: cache, db (input `secrets` is not available)",
                "5 machines not read: a, b, c, d and 1 more (input `pi` is not available)",
                "3 further things not known: x (2 times); y; see there",
            ]
        );
        let alike = vec![reason("x", &["a", "net", "net", "net"])];
        let alike = Coverage { guests: 4, partial: alike, ..Coverage::default() };
        assert_eq!(
            lines(&alike, "see there"),
            ["0 of 4 guests understood; the rest: a, net (3 of them) (x); see there"]
        );
        let one = Coverage { others: vec![("x".to_owned(), 1)], ..Coverage::default() };
        assert_eq!(lines(&one, "see there"), ["1 thing not known: x; see there"]);
    }
}
