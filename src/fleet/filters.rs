//! Rules for packets that a machine has as text, for iptables or nftables, whatever option gives them.

use super::facts::{Fact, Listed, Origin, Sourced};
use super::masquerade::{Masquerade, names_translation, rules_of};
use super::reader::Reader;
use crate::heap::View;
use crate::modules::EvalId;
use crate::syntax::ExprId;

/// One text.
pub(super) struct FilterText {
    text: Sourced<String>,
    /// Whether it is read by nft, and no shell.
    is_nftables: bool,
}

impl Reader<'_> {
    /// The texts, as far as they are known.
    pub(super) fn filter_texts(&mut self, machine: EvalId) -> Listed<FilterText> {
        let mut texts = Listed::default();
        for path in [
            ["networking", "nat", "extraCommands"],
            ["networking", "firewall", "extraCommands"],
            ["networking", "nftables", "ruleset"],
        ] {
            if self.is_given(machine, &path) {
                let text = self.option_text(machine, &path);
                add(text, path.contains(&"nftables"), &mut texts);
            }
        }
        if self.is_given(machine, &["networking", "nftables", "tables"]) {
            let value = self.option(machine, &["networking", "nftables", "tables"]).value;
            match self.ev.force(value).view() {
                View::Attrs(tables) => {
                    texts.is_complete &= self.ev.heap.open_set_reason(tables).is_none();
                    for (_, slot, _) in self.ev.heap.entries(tables) {
                        let table = self.ev.force_slot(slot);
                        let content = match table.view() {
                            View::Attrs(table) => self.below_value(table, "content"),
                            _ => None,
                        };
                        let text = content.map_or(Fact::Unknown, |content| self.text(content, ExprId::NONE));
                        add(text, true, &mut texts);
                    }
                }
                _ => texts.is_complete = false,
            }
        }
        texts.is_complete &= !self.is_given(machine, &["networking", "nftables", "rulesetFile"]);
        texts
    }
}

fn add(text: Fact<String>, is_nftables: bool, texts: &mut Listed<FilterText>) {
    match text {
        Fact::Known(text) => texts.items.push(FilterText { text, is_nftables }),
        Fact::Absent => {}
        Fact::Unknown => texts.is_complete = false,
    }
}

/// The rules that masquerade; incomplete where a text is not plain.
pub(super) fn masquerades(texts: &Listed<FilterText>) -> Listed<Masquerade> {
    let mut listed = Listed { items: Vec::new(), is_complete: texts.is_complete };
    let may_translate = |text: &&FilterText| !text.is_nftables || names_translation(&text.text.value);
    for FilterText { text, .. } in texts.items.iter().filter(may_translate) {
        match rules_of(&text.value) {
            Some(rules) => listed.items.extend(rules),
            None => listed.is_complete = false,
        }
    }
    listed
}

/// Whether a text may say what is forwarded: it names the chain or the hook.
pub(super) fn forward_rules(texts: &Listed<FilterText>) -> Fact<bool> {
    let is_about = |text: &&Sourced<String>| text.value.to_ascii_lowercase().contains("forward");
    match texts.items.iter().map(|text| &text.text).find(is_about) {
        Some(text) => Fact::Known(Sourced { value: true, origin: text.origin.clone() }),
        None if texts.is_complete => Fact::Known(Sourced { value: false, origin: Origin::default() }),
        None => Fact::Unknown,
    }
}
