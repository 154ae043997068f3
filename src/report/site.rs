//! `rules --format html`: the pages of all rules as a site of files that need nothing else.
//!
//! What stands in a page is text: HTML in it is shown, not obeyed. Names of rules in code become links.

use std::collections::BTreeMap;

use pulldown_cmark::{CowStr, Event, Options, Parser, html};

use super::WrittenFile;
use super::pages::RuleRow;
use crate::rules::Group;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}\
pre{padding:.8rem;overflow-x:auto;border:1px solid #8886;border-radius:4px;background:#8881}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8886}\
td:first-child{white-space:nowrap}\
nav{display:flex;gap:1.5rem;flex-wrap:wrap;border-bottom:1px solid #8886;padding-bottom:.5rem}\
footer{margin-top:3rem;border-top:1px solid #8886;padding-top:.5rem;font-size:.9em}\
.error{color:#c62828}.warning{color:#a15c00}.note{color:#2f6f9f}\
@media (prefers-color-scheme:dark){.error{color:#ff8a80}.warning{color:#ffb74d}.note{color:#90caf9}}";

/// The files of the site: `index.html`, and one for each rule.
pub fn files(rules: &[RuleRow]) -> Vec<WrittenFile> {
    let names: BTreeMap<&str, &RuleRow> = rules.iter().map(|rule| (rule.name, rule)).collect();
    let mut files = vec![file("index.html", index(rules, &names))];
    for (position, rule) in rules.iter().enumerate() {
        let before = position.checked_sub(1).and_then(|position| rules.get(position));
        let after = rules.get(position + 1);
        files.push(file(&page_name(rule.name), page(rule, before, after, &names)));
    }
    files
}

fn file(name: &str, text: String) -> WrittenFile {
    WrittenFile { path: vec![name.to_owned()], text: Some(text) }
}

/// The file of a rule, as links name it.
fn page_name(rule: &str) -> String {
    format!("{rule}.html")
}

fn document(title: &str, body: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}<footer>routelint {version}</footer>\n</body>\n</html>\n",
        escaped(title)
    )
}

fn index(rules: &[RuleRow], names: &BTreeMap<&str, &RuleRow>) -> String {
    let groups: Vec<(&str, Vec<&RuleRow>)> = Group::ALL
        .into_iter()
        .map(|group| (group.word(), rules.iter().filter(|rule| rule.group == group.word()).collect::<Vec<_>>()))
        .filter(|(_, rules)| !rules.is_empty())
        .collect();
    let links = groups.iter().map(|(group, rules)| format!("<a href=\"#{group}\">{group}</a> ({})\n", rules.len()));
    let mut body = format!("<h1>Rules of routelint</h1>\n<nav>\n{}</nav>\n<main>\n", links.collect::<String>());
    for (group, rules) in groups {
        body.push_str(&format!(
            "<h2 id=\"{group}\">{group}</h2>\n<table>\n<thead><tr><th>rule</th><th>severity</th><th>fix</th><th>what</th></tr></thead>\n<tbody>\n"
        ));
        for rule in rules {
            let name = rule.name;
            let summary = rendered(rule.summary, "", names);
            let summary = summary.trim().trim_start_matches("<p>").trim_end_matches("</p>");
            body.push_str(&format!(
                "<tr><td><a href=\"{}\"><code>{name}</code></a></td><td class=\"{}\">{}</td><td>{}</td><td>{summary}</td></tr>\n",
                page_name(name),
                rule.severity,
                rule.severity_words(),
                rule.fix
            ));
        }
        body.push_str("</tbody>\n</table>\n");
    }
    document("Rules of routelint", &(body + "</main>\n"))
}

fn page(rule: &RuleRow, before: Option<&RuleRow>, after: Option<&RuleRow>, names: &BTreeMap<&str, &RuleRow>) -> String {
    let link = |rule: Option<&RuleRow>, sign: &str| {
        let link = rule.map(|rule| format!("<a href=\"{}\">{sign} {}</a>\n", page_name(rule.name), rule.name));
        link.unwrap_or_default()
    };
    let (earlier, later) = (link(before, "\u{2190}"), link(after, "\u{2192}"));
    let group = rule.group;
    let text = rendered(rule.page, rule.name, names);
    let body = format!(
        "<nav>\n<a href=\"index.html\">all rules</a>\n<a href=\"index.html#{group}\">{group}</a>\n{earlier}{later}</nav>\n<main>\n{text}</main>\n"
    );
    document(&format!("{}: {}", rule.name, rule.summary), &body)
}

/// Markdown as HTML; names of rules other than `own` lead to their pages.
fn rendered(markdown: &str, own: &str, names: &BTreeMap<&str, &RuleRow>) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Code(code) if *code != *own && names.contains_key(&*code) => {
            let link = format!("<a href=\"{}\"><code>{code}</code></a>", page_name(&code));
            Event::InlineHtml(CowStr::from(link))
        }
        other => other,
    });
    let mut text = String::new();
    html::push_html(&mut text, events);
    text
}

/// Text as it stands in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &'static str, page: &'static str) -> RuleRow {
        RuleRow {
            name,
            severity: "error",
            group: "identity",
            fix: "manual",
            summary: "No `x` < y.",
            page,
            url: String::new(),
            on_by_default: false,
            opt_in: Some("pedantic"),
        }
    }

    #[test]
    fn pages_lead_to_each_other_and_their_html_is_text() {
        let pages = files(&[
            rule(
                "index-zero",
                "# index-zero\n\nSee `mac-multicast`, not `index-zero`, nor <b>`x`</b>.\n\n```nix\na = \"<b>\";\n```\n",
            ),
            rule("mac-multicast", "# mac-multicast\n"),
        ]);
        let names: Vec<String> = pages.iter().map(|page| page.path.join("/")).collect();
        assert_eq!(names, ["index.html", "index-zero.html", "mac-multicast.html"]);
        let text = |position: usize| pages[position].text.clone().unwrap();
        assert!(text(0).contains("<td>No <code>x</code> &lt; y.</td>"), "{}", text(0));
        assert!(text(0).contains("<td class=\"error\">error (pedantic)</td>"));
        let page = text(1);
        assert!(
            page.contains("<a href=\"mac-multicast.html\"><code>mac-multicast</code></a>, not <code>index-zero</code>"),
            "{page}"
        );
        assert!(page.contains("&lt;b&gt;<code>x</code>&lt;/b&gt;"), "{page}");
        assert!(page.contains("<pre><code class=\"language-nix\">a = \"&lt;b&gt;\";\n</code></pre>"), "{page}");
    }
}
