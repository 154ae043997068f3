//! What `routelint fix` did: one line for each mistake that is gone, then what is left.

use super::Paths;
use super::style::{Paint, Style, one_line};
use super::summary::counted;
use crate::fix::Improved;
use crate::rules::{Finding, Safety};

/// The report. `with_unsafe` says whether unsafe fixes were asked for; otherwise it tells how many there are.
pub fn render(improved: &Improved, with_unsafe: bool, paths: &Paths, style: Style) -> String {
    let mut text = String::new();
    for (finding, title, file) in &improved.cured {
        let (file, rule) = (style.paint(Paint::Code, &paths.show(file)), style.paint(Paint::Good, finding.rule));
        text.push_str(&format!("fixed {file}: {rule}: {}\n", one_line(title)));
    }
    for refusal in &improved.refused {
        let rule = style.paint(Paint::Doubtful, refusal.rule);
        text.push_str(&format!("not fixed: {rule}: {}: {}\n", one_line(&refusal.title), refusal.why));
    }
    let files = improved.texts.iter().filter(|(path, new)| improved.originals.get(*path) != Some(new)).count();
    let cured = counted(improved.cured.len(), "finding");
    let done = if improved.cured.is_empty() {
        "nothing fixed".to_owned()
    } else {
        format!("fixed {cured} in {}", counted(files, "file"))
    };
    text.push_str(&format!("{done}; {}\n", left(improved, with_unsafe)));
    text
}

fn left(improved: &Improved, with_unsafe: bool) -> String {
    let all = &improved.last.findings;
    if all.is_empty() {
        return "nothing is left".to_owned();
    }
    let has =
        |finding: &&Finding, safety| finding.fixes.iter().any(|fix| fix.safety == safety && !fix.edits.is_empty());
    let possible = all.iter().filter(|finding| has(finding, Safety::Unsafe) && !has(finding, Safety::Safe)).count();
    let mut text = format!("{} left", counted(all.len(), "finding"));
    if possible > 0 && !with_unsafe {
        text.push_str(&format!(", {possible} of them with an edit that `--unsafe` makes"));
    }
    text
}

/// A unified diff in colours.
pub fn coloured(diff: &str, style: Style) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => style.paint(Paint::Good, line),
        Some(b'-') => style.paint(Paint::Bad, line),
        Some(b'@') => style.paint(Paint::Code, line),
        _ => line.to_owned(),
    };
    if style.colour { diff.split('\n').map(line).collect::<Vec<_>>().join("\n") } else { diff.to_owned() }
}
