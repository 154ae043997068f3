//! `check --format human`: what is wrong, the lines in their frames, what to do.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles,
};

use super::excerpt::Excerpts;
use super::style::{Paint, harmless, one_line};
use super::summary::{Summary, counted};
use super::write_instead::{changes, title};
use super::{Checked, Style, understood};
use crate::fleet::Coverage;
use crate::rules::{Confidence, Finding, Fix, Label, Severity};

/// The report: each finding with its frames, its help and its fix, then one sentence that sums up.
pub fn render(checked: &Checked<'_>, style: Style) -> String {
    let mut text = String::new();
    for finding in checked.findings {
        render_finding(checked, style, finding, &mut text);
        text.push('\n');
    }
    if let Some(finding) = checked.findings.first() {
        let command = style.paint(Paint::Code, &format!("routelint explain {}", finding.rule));
        text.push_str(&format!("Every rule has a page that tells more: {command}\n"));
    }
    let summary = Summary::of(checked);
    let paint = match summary.worst() {
        Some(severity) => paint_of(severity),
        None => Paint::Good,
    };
    text.push_str(&style.paint(paint, &summary.sentence()));
    text.push('\n');
    for line in understood::lines(&Coverage::of(checked.fleet), "all of it: --format json, under coverage") {
        text.push_str(&format!("{}\n", style.paint(Paint::Doubtful, &one_line(&line))));
    }
    text
}

/// Most labels of one finding that are shown; the rest are counted.
const MOST_LABELS: usize = 10;

/// Most lines of a fix that are shown.
const MOST_LINES: usize = 12;

fn render_finding(checked: &Checked<'_>, style: Style, finding: &Finding, text: &mut String) {
    let frames = Frames::new(checked, finding);
    let handler = handler(style, &frames);
    if handler.render_report(text, &frames).is_err() {
        // miette gives up only when a frame cannot be drawn; the message must be seen all the same.
        text.push_str(&format!("{}[{}] {}\n", finding.severity, finding.rule, harmless(&finding.message)));
    }
    for label in &frames.unframed {
        let place = checked.paths.locate(checked.sources, label.place);
        text.push_str(&format!("   {} {}\n", style.paint(Paint::Code, &one_line(&place)), one_line(&label.text)));
    }
    if finding.labels.len() > MOST_LABELS {
        text.push_str(&format!("   and {}\n", counted(finding.labels.len() - MOST_LABELS, "more place")));
    }
    if let Some(fix) = finding.fixes.first() {
        render_fix(checked, style, fix, text);
    }
}

fn render_fix(checked: &Checked<'_>, style: Style, fix: &Fix, text: &mut String) {
    let changes = changes(checked, fix);
    if changes.is_empty() {
        return;
    }
    text.push_str(&format!("  {} {}\n", style.paint(Paint::Good, "write instead:"), title(fix)));
    let mut lines = Vec::new();
    for change in &changes {
        let place = format!("{}:{}", checked.paths.of(checked.sources, change.file), change.line);
        lines.push(style.paint(Paint::Code, &one_line(&place)));
        lines.extend(change.removed.iter().map(|line| style.paint(Paint::Bad, &format!("- {line}"))));
        lines.extend(change.added.iter().map(|line| style.paint(Paint::Good, &format!("+ {line}"))));
    }
    for line in lines.iter().take(MOST_LINES) {
        text.push_str(&format!("    {line}\n"));
    }
    if lines.len() > MOST_LINES {
        text.push_str(&format!("    and {}\n", counted(lines.len() - MOST_LINES, "more line")));
    }
}

fn handler(style: Style, frames: &Frames<'_>) -> GraphicalReportHandler {
    let mut styles = if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    if style.colour {
        // Labels take the highlights in the order of their offsets: the culprit looks like an error, the rest like an aside.
        let (culprit, aside) = (styles.error.bold(), styles.advice);
        styles.highlights = frames.labels.iter().map(|label| if label.primary() { culprit } else { aside }).collect();
    }
    if styles.highlights.is_empty() {
        styles.highlights = ThemeStyles::none().highlights;
    }
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(style.width)
        .with_urls(false)
        .with_context_lines(1)
        .with_break_words(false)
}

fn paint_of(severity: Severity) -> Paint {
    match severity {
        Severity::Error => Paint::Bad,
        Severity::Warning => Paint::Doubtful,
        Severity::Note => Paint::Code,
    }
}

/// A finding as miette takes it.
#[derive(Debug)]
struct Frames<'a> {
    finding: &'a Finding,
    source: Excerpts,
    /// Labels with text to frame, sorted by offset.
    labels: Vec<LabeledSpan>,
    /// Labels whose line cannot be framed.
    unframed: Vec<&'a Label>,
}

impl<'a> Frames<'a> {
    fn new(checked: &Checked<'_>, finding: &'a Finding) -> Self {
        let mut frames = Self { finding, source: Excerpts::default(), labels: Vec::new(), unframed: Vec::new() };
        for (index, label) in finding.labels.iter().enumerate().take(MOST_LABELS) {
            let Some(span) = frames.source.span(checked, label.place) else {
                frames.unframed.push(label);
                continue;
            };
            let text = (!label.text.is_empty()).then(|| one_line(&label.text));
            frames.labels.push(if index == 0 {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            });
        }
        frames.labels.sort_by_key(LabeledSpan::offset);
        frames
    }
}

impl fmt::Display for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless(&self.finding.message))
    }
}

impl std::error::Error for Frames<'_> {}

impl Diagnostic for Frames<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let doubt = match self.finding.confidence {
            Confidence::Certain => "",
            Confidence::Possible => " (possible: it depends on something that is not known)",
        };
        Some(Box::new(format!("{}[{}]{doubt}", self.finding.severity, self.finding.rule)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = &self.finding.help;
        (!help.is_empty()).then(|| Box::new(harmless(help)) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{Scene, finding};
    use crate::rules::{Edit, Safety};

    fn scene() -> Scene {
        Scene::new(&[
            ("guests/web.nix", "{ lib, ... }:\nlet\n  index = 5;\nin\n{\n  microvm.interfaces = [ ];\n}\n"),
            ("guests/db.nix", "{ lib, ... }:\nlet\n  index = 5;\nin\n{ }\n"),
        ])
    }

    fn duplicate(scene: &Scene) -> Finding {
        let mut finding = finding(vec![
            scene.label("guests/web.nix", "5", "guest web takes 5"),
            scene.label("guests/db.nix", "5", "guest db takes 5 too"),
            scene.label("guests/web.nix", "microvm.interfaces", "which makes tap vm5"),
        ]);
        let edit = Edit { place: scene.place("guests/web.nix", "5"), replacement: "7".to_owned() };
        finding.fixes =
            vec![Fix { title: "take the free index 7".to_owned(), safety: Safety::Unsafe, edits: vec![edit] }];
        finding
    }

    #[test]
    fn labels_in_two_files_stand_in_frames_of_one_report() {
        let scene = scene();
        let text = render(&scene.checked(&[duplicate(&scene)]), Style::PLAIN);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn without_unicode_the_frames_are_ascii() {
        let scene = scene();
        let style = Style { unicode: false, ..Style::PLAIN };
        assert!(render(&scene.checked(&[duplicate(&scene)]), style).is_ascii());
    }

    #[test]
    fn a_place_that_cannot_be_framed_is_still_named() {
        let long = format!("{{ a = \"{}\"; index = 5; }}", "x".repeat(1000));
        let scene = Scene::new(&[("long.nix", &long), ("empty.nix", "")]);
        let findings = [
            finding(vec![scene.label("long.nix", "5", "here")]),
            finding(vec![scene.label("empty.nix", "", "the whole file")]),
        ];
        let text = render(&scene.checked(&findings), Style::PLAIN);
        assert!(text.contains("long.nix:1:1019 here"), "{text}");
        assert!(text.contains("empty.nix:1:1 the whole file"), "{text}");
        assert!(!text.contains("xxxx"), "{text}");
    }

    #[test]
    fn nothing_wrong_is_said_in_one_line() {
        let scene = Scene::new(&[]);
        assert_eq!(render(&scene.checked(&[]), Style::PLAIN), "no findings in 0 hosts and 0 guests\n");
    }
}
