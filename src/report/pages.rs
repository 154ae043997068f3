//! `explain` and `rules`: the page of one rule, and the list of all.

use serde::Serialize;

use super::Style;
use super::show_table::Table;
use super::style::Paint;
use crate::rules::{Group, OptIn, RuleInfo};

/// One rule in the list of all rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleRow {
    /// The rule's name.
    pub name: &'static str,
    /// Severity at default settings.
    pub severity: &'static str,
    /// What it is about.
    pub group: &'static str,
    /// What can be done without a person: `automatic`, `suggested` or `manual`.
    pub fix: &'static str,
    /// The page's first sentence.
    pub summary: &'static str,
    /// The whole page, in Markdown.
    pub page: &'static str,
    /// Where the page can be read.
    pub url: String,
    /// Whether it runs without being asked for.
    pub on_by_default: bool,
    /// The group that asks for it or makes it louder: `strict-isolation`, `pedantic` or `unused`.
    pub opt_in: Option<&'static str>,
}

impl RuleRow {
    /// The severity, with the group that one must ask for.
    pub(super) fn severity_words(&self) -> String {
        match self.opt_in.filter(|_| !self.on_by_default) {
            Some(group) => format!("{} ({group})", self.severity),
            None => self.severity.to_owned(),
        }
    }
}

impl From<&RuleInfo> for RuleRow {
    fn from(rule: &RuleInfo) -> Self {
        Self {
            name: rule.name,
            severity: rule.severity.word(),
            group: rule.group.word(),
            fix: rule.fix.word(),
            summary: rule.summary(),
            page: rule.page,
            url: RuleUrl::default().of(rule.name),
            on_by_default: !rule.activation.is_on_request(),
            opt_in: rule.activation.opt_in().map(OptIn::word),
        }
    }
}

/// Where the pages of rules can be read on the web.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleUrl {
    /// The address of a page, with `{rule}` for the rule's name.
    template: Option<String>,
}

impl RuleUrl {
    /// The part of an address that stands for the rule.
    pub const RULE: &'static str = "{rule}";

    /// As the user says; without that, in the repository that the package names, if it names one.
    pub fn new(template: Option<String>) -> Self {
        Self { template }
    }

    /// The page of a rule; empty if nobody knows.
    pub fn of(&self, rule: &str) -> String {
        let repository = env!("CARGO_PKG_REPOSITORY");
        match &self.template {
            Some(template) => template.replace(Self::RULE, rule),
            None if repository.is_empty() => String::new(),
            None => format!("{repository}/blob/main/{}", page_path(rule)),
        }
    }
}

/// Where a rule's page lies in the repository.
fn page_path(rule: &str) -> String {
    format!("src/rules/{}.md", rule.replace('-', "_"))
}

/// A page for the terminal. Without colour it is the Markdown as written; with colour, headings, code and emphasis are coloured instead
/// of marked.
pub fn page(markdown: &str, style: Style) -> String {
    if !style.colour {
        return markdown.to_owned();
    }
    let mut text = String::new();
    let mut is_code = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
            continue;
        }
        if is_code {
            text.push_str(&style.paint(Paint::Code, &format!("    {line}")));
        } else if line.starts_with('#') {
            text.push_str(&style.paint(Paint::Strong, line.trim_start_matches('#').trim_start()));
        } else {
            text.push_str(&inline(line, style));
        }
        text.push('\n');
    }
    text
}

/// A line with its `code` and **strong** words coloured. A mark without its partner stays as it is.
fn inline(line: &str, style: Style) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, mark, paint)) = first_mark(rest) {
        let after = rest.get(before.len() + mark.len()..).unwrap_or_default();
        let Some((marked, after)) = after.split_once(mark) else { break };
        text.push_str(before);
        text.push_str(&style.paint(paint, marked));
        rest = after;
    }
    text + rest
}

fn first_mark(text: &str) -> Option<(&str, &'static str, Paint)> {
    let marks = [("`", Paint::Code), ("**", Paint::Strong)];
    let found = marks.into_iter().filter_map(|(mark, paint)| Some((text.split_once(mark)?.0, mark, paint)));
    found.min_by_key(|(before, ..)| before.len())
}

/// All rules as a table.
pub fn list_table(rules: &[RuleRow], style: Style) -> String {
    let mut table = Table::new(["RULE", "SEVERITY", "FIX", "WHAT"]);
    for rule in rules {
        let severity = rule.severity_words();
        let cells = [rule.name, &severity, rule.fix, rule.summary];
        table.add(cells.map(|cell| vec![cell.to_owned()]));
    }
    table.render(style)
}

/// All rules as tables in Markdown, one for each group in the order of the catalogue, with links to the pages as they lie in the repository.
pub fn list_markdown(rules: &[RuleRow]) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let rules: Vec<&RuleRow> = rules.iter().filter(|rule| rule.group == group.word()).collect();
        if rules.is_empty() {
            continue;
        }
        let between = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!(
            "{between}### {}\n\n| rule | severity | fix | what |\n|---|---|---|---|\n",
            group.word()
        ));
        for rule in rules {
            let (name, page) = (rule.name, page_path(rule.name));
            let summary = rule.summary.replace('|', "\\|");
            text.push_str(&format!("| [`{name}`]({page}) | {} | {} | {summary} |\n", rule.severity_words(), rule.fix));
        }
    }
    text
}

/// All rules as one line of JSON, version 1.
///
/// # Errors
/// Only what serde_json reports, which for these plain structures is nothing.
pub fn list_json(rules: &[RuleRow]) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        rules: &'a [RuleRow],
    }
    serde_json::to_string(&Document { version: 1, rules }).map(|line| line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loses_its_marks_only_where_colour_takes_their_place() {
        let markdown =
            "# mac-malformed\n\n**Severity** error, see `MACAddress=` and a lone ` mark\n\n```nix\nmac = 1;\n```\n";
        assert_eq!(page(markdown, Style::PLAIN), markdown);
        let coloured = page(markdown, Style { colour: true, ..Style::PLAIN });
        assert_eq!(
            coloured.replace("\u{1b}[", "<").replace("<0m", ">"),
            "<1mmac-malformed>\n\n<1mSeverity> error, see <36mMACAddress=> and a lone ` mark\n\n<36m    mac = 1;>\n"
        );
    }

    #[test]
    fn the_list_names_each_rule_once() {
        let rules = [RuleRow {
            name: "index-zero",
            severity: "error",
            group: "identity",
            fix: "manual",
            summary: "No | none.",
            page: "all",
            url: String::new(),
            on_by_default: false,
            opt_in: Some("pedantic"),
        }];
        assert_eq!(
            list_json(&rules).unwrap(),
            concat!(
                r#"{"version":1,"rules":[{"name":"index-zero","severity":"error","group":"identity","#,
                r#""fix":"manual","summary":"No | none.","page":"all","url":"","on_by_default":false,"opt_in":"pedantic"}]}"#,
                "\n"
            )
        );
        assert_eq!(
            list_table(&rules, Style::PLAIN),
            "  RULE        SEVERITY          FIX     WHAT\n  index-zero  error (pedantic)  manual  No | none.\n"
        );
        assert_eq!(
            list_markdown(&rules),
            "### identity\n\n| rule | severity | fix | what |\n|---|---|---|---|\n\
             | [`index-zero`](src/rules/index_zero.md) | error (pedantic) | manual | No \\| none. |\n"
        );
    }
}
