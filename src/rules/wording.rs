//! Words that all messages share.

/// Things in a row: `web`, `web and db`, `web, db and mail`; from six on the first four and the number of the others.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let shown = if items.len() > 5 { 4 } else { items.len() };
    let mut names: Vec<String> = items.iter().take(shown).map(|item| item.as_ref().to_owned()).collect();
    if items.len() > shown {
        names.push(format!("{} more", items.len() - shown));
    }
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(list(&["web"]), "web");
        assert_eq!(list(&["web", "db", "mail"]), "web, db and mail");
        assert_eq!(list(&["a", "b", "c", "d", "e", "f"]), "a, b, c, d and 2 more");
    }
}
