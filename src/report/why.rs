//! Where a value comes from, as `eval --why` shows it: a tree for people, or JSON.

use serde::Serialize;

use super::json::Position;
use super::style::{Paint, one_line};
use super::{Paths, Style};
use crate::source::{Place, Sources};

/// A value and what it was computed from.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// The name of the attribute or the number of the element, for a member of a set or list.
    pub member: Option<String>,
    /// The value in Nix syntax, on one line.
    pub value: String,
    /// The expression that gave it.
    pub place: Option<Place>,
    /// Whether that expression is more than the value written out.
    pub is_computed: bool,
    /// What it was computed from, or its members.
    pub parts: Vec<Why>,
    /// How many further parts are left out.
    pub left_out: usize,
}

/// A definition of an option.
#[derive(Clone, Debug)]
pub struct WhyDefinition {
    /// The binding that gives it.
    pub place: Option<Place>,
    /// The file of its module.
    pub file: String,
    /// Whether it counts, and if not, why.
    pub standing: &'static str,
    /// Its priority; the lowest number wins.
    pub priority: i64,
}

/// Everything that is told about one value.
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    /// The value.
    pub why: &'a Why,
    /// The definitions of the option, if it is one: those that count first.
    pub definitions: &'a [WhyDefinition],
    /// The files that places point into.
    pub sources: &'a Sources,
    /// How paths are written.
    pub paths: &'a Paths,
}

/// Longest excerpt of an expression, in characters.
const LONGEST: usize = 72;

impl Explanation<'_> {
    /// The tree, a line for each step: the value, where its expression stands, and the expression.
    pub fn text(&self, style: Style) -> String {
        let mut text = String::new();
        if !self.definitions.is_empty() {
            text.push_str("definitions:\n");
            for one in self.definitions {
                let place = match one.place {
                    Some(place) => self.paths.locate(self.sources, place),
                    None => one.file.clone(),
                };
                text.push_str(&format!("  {place}  {} (priority {})\n", one.standing, one.priority));
            }
            text.push_str("where the value comes from:\n");
        }
        self.lines(self.why, "", "", style, &mut text);
        text
    }

    fn lines(&self, why: &Why, before: &str, below: &str, style: Style, text: &mut String) {
        text.push_str(before);
        if let Some(member) = &why.member {
            text.push_str(&one_line(member));
            text.push_str(" = ");
        }
        text.push_str(&style.paint(Paint::Strong, &one_line(&why.value)));
        if let Some(place) = why.place {
            text.push_str("  ");
            text.push_str(&style.paint(Paint::Faint, &self.paths.locate(self.sources, place)));
            let excerpt = if why.is_computed { self.excerpt(place) } else { String::new() };
            if !excerpt.is_empty() && excerpt != why.value {
                text.push_str("  ");
                text.push_str(&style.paint(Paint::Code, &excerpt));
            }
        }
        text.push('\n');
        let (branch, last, line) = if style.unicode { ("├─ ", "└─ ", "│  ") } else { ("|- ", "`- ", "|  ") };
        let count = why.parts.len() + usize::from(why.left_out > 0);
        for (number, part) in why.parts.iter().enumerate() {
            let (mark, rest) = if number + 1 == count { (last, "   ") } else { (branch, line) };
            self.lines(part, &format!("{below}{mark}"), &format!("{below}{rest}"), style, text);
        }
        if why.left_out > 0 {
            text.push_str(&format!("{below}{last}and {} more\n", why.left_out));
        }
    }

    /// The text of an expression on one line, cut where it is long.
    fn excerpt(&self, place: Place) -> String {
        let line = one_line(&self.sources.text(place));
        if line.chars().count() <= LONGEST {
            return line;
        }
        let mut cut: String = line.chars().take(LONGEST - 1).collect();
        cut.push('…');
        cut
    }

    /// The same as JSON, on one line: `value` and, for each step, `file`, `start`, `end`, `expression` and `parts`.
    pub fn json(&self) -> String {
        let definitions = self.definitions.iter().map(|one| ShownDefinition {
            at: one.place.map(|place| self.at(place)),
            standing: one.standing,
            priority: one.priority,
        });
        let shown = ShownExplanation { definitions: definitions.collect(), why: self.shown(self.why) };
        serde_json::to_string(&shown).unwrap_or_default()
    }

    fn at(&self, place: Place) -> At {
        let (start, end) = self.sources.line_columns(place);
        At { file: self.paths.of(self.sources, place.file), start: start.into(), end: end.into() }
    }

    fn shown<'a>(&self, why: &'a Why) -> ShownWhy<'a> {
        ShownWhy {
            member: why.member.as_deref(),
            value: &why.value,
            at: why.place.map(|place| self.at(place)),
            expression: why.place.filter(|_| why.is_computed).map(|place| self.sources.text(place)),
            parts: why.parts.iter().map(|part| self.shown(part)).collect(),
            left_out: why.left_out,
        }
    }
}

#[derive(Serialize)]
struct ShownExplanation<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    definitions: Vec<ShownDefinition>,
    #[serde(flatten)]
    why: ShownWhy<'a>,
}

#[derive(Serialize)]
struct ShownDefinition {
    #[serde(flatten)]
    at: Option<At>,
    standing: &'static str,
    priority: i64,
}

#[derive(Serialize)]
struct ShownWhy<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    value: &'a str,
    #[serde(flatten)]
    at: Option<At>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<ShownWhy<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
}

#[derive(Serialize)]
struct At {
    file: String,
    start: Position,
    end: Position,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
