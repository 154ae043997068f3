//! A compiled pattern and which engine runs it.

use std::cell::OnceCell;

use regex_automata::meta::Regex;
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::backtrack::{Goal, Machine};
use super::syntax::{Node, Parser};

/// What matched: the whole (number 0) and each group, as ranges of bytes.
pub(super) type Groups = Vec<Option<(usize, usize)>>;

/// Why there is no answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// The pattern is not valid, with the reason.
    Invalid(&'static str),
    /// It takes too much memory or time.
    TooMuch,
}

/// A compiled pattern.
pub(super) struct Pattern {
    node: Node,
    groups: usize,
    /// Whether a repetition of something that may be empty, or one of zero times, has groups: then captures differ from those of automata.
    has_odd_groups: bool,
    /// Whether a search could find different lengths at one place by choosing among alternatives.
    has_choice: bool,
    whole: OnceCell<Option<Regex>>,
    search: OnceCell<Option<Regex>>,
    machine: OnceCell<Machine>,
}

/// Most states of a pattern.
const LARGEST: u64 = 60_000;
/// Most bytes of a compiled automaton.
const AUTOMATON_BYTES: usize = 16 << 20;

impl Pattern {
    /// Parses a pattern; it is compiled when it is first used.
    pub(super) fn new(source: &[u8]) -> Result<Self, Trouble> {
        let (node, groups) = Parser::parse(source).map_err(Trouble::Invalid)?;
        if node.size() > LARGEST {
            return Err(Trouble::TooMuch);
        }
        let has_odd_groups = node.has(&|part| match part {
            // The automaton leaves out the groups of what is repeated zero times, and counts the others wrongly.
            Node::Repeat(inner, _, Some(0)) => inner.has_group(),
            Node::Repeat(inner, _, most) => *most != Some(1) && inner.may_be_empty() && inner.has_group(),
            _ => false,
        });
        let has_choice = node.has(&|part| match part {
            Node::Either(parts) => !parts.iter().all(|part| matches!(part, Node::Set(_))),
            _ => false,
        });
        Ok(Self {
            node,
            groups,
            has_odd_groups,
            has_choice,
            whole: OnceCell::new(),
            search: OnceCell::new(),
            machine: OnceCell::new(),
        })
    }

    fn compile(&self, is_whole: bool) -> Option<Regex> {
        let mut text = String::new();
        self.node.translate(&mut text);
        if is_whole {
            text = format!(r"\A(?:{text})\z");
        }
        Regex::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false).nest_limit(2_000))
            .configure(Regex::config().utf8_empty(false).nfa_size_limit(Some(AUTOMATON_BYTES)))
            .build(&text)
            .ok()
    }

    fn machine(&self) -> &Machine {
        self.machine.get_or_init(|| Machine::new(&self.node, self.groups))
    }

    /// States of the pattern.
    pub(super) fn size(&self) -> u64 {
        self.node.size()
    }

    /// Matches the whole text.
    pub(super) fn match_whole(&self, text: &[u8]) -> Result<Option<Groups>, Trouble> {
        let regex = self.whole.get_or_init(|| self.compile(true)).as_ref().ok_or(Trouble::TooMuch)?;
        if self.groups == 0 {
            return Ok(regex.is_match(text).then(|| vec![Some((0, text.len()))]));
        }
        if !self.has_odd_groups {
            return Ok(captures(regex, Input::new(text).anchored(Anchored::Yes)));
        }
        if !regex.is_match(text) {
            return Ok(None);
        }
        self.machine().run(text, 0, Goal::Whole).ok_or(Trouble::TooMuch)
    }

    /// The first match that begins at `from` or later.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Result<Option<Groups>, Trouble> {
        let regex = self.search.get_or_init(|| self.compile(false)).as_ref().ok_or(Trouble::TooMuch)?;
        let input = Input::new(text).range(from..);
        if !self.has_choice && !self.has_odd_groups {
            if self.groups == 0 {
                return Ok(regex.search(&input).map(|found| vec![Some((found.start(), found.end()))]));
            }
            return Ok(captures(regex, input));
        }
        match regex.search(&input) {
            Some(found) => self.machine().run(text, found.start(), Goal::Longest).ok_or(Trouble::TooMuch),
            None => Ok(None),
        }
    }
}

fn captures(regex: &Regex, input: Input<'_>) -> Option<Groups> {
    let mut found: Captures = regex.create_captures();
    regex.search_captures(&input, &mut found);
    found.is_match().then(|| found.iter().map(|group| group.map(|span| (span.start, span.end))).collect())
}
