//! `check --format concise`: one line per finding, as compilers print it and editors read it.

use super::Checked;
use super::style::one_line;

/// One line `file:line:column: severity[rule] message` per finding. A finding without a place has `<fleet>` for it.
pub fn render(checked: &Checked<'_>) -> String {
    let mut text = String::new();
    for finding in checked.findings {
        let place = finding.primary().map(|place| checked.paths.locate(checked.sources, place));
        let place = place.unwrap_or_else(|| "<fleet>:1:1".to_owned());
        let message = one_line(&finding.message);
        text.push_str(&format!("{}: {}[{}] {message}\n", one_line(&place), finding.severity, finding.rule));
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{Scene, finding};

    #[test]
    fn a_finding_is_one_line_with_columns_in_characters() {
        let scene = Scene::new(&[("web.nix", "{\n  ü = 1; index = 5;\n}\n")]);
        let mut finding = finding(vec![scene.label("web.nix", "5", "")]);
        finding.message = "two\nlines".to_owned();
        assert_eq!(super::render(&scene.checked(&[finding])), "web.nix:2:18: error[duplicate-vm-index] two lines\n");
    }
}
