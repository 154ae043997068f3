//! A backtracking matcher that visits states in the order of libstdc++'s depth-first executor (`bits/regex_executor.tcc`).
//!
//! Two rules tell it from others: of alternatives both are tried and the longest match wins (of equally long ones the first found); a
//! repetition takes one more round whenever that leads to a match, and a round may be empty, though not twice at one place.
//! What a choice at a place led to is remembered, so the work is bounded by states times places; steps are limited all the same.

use rustc_hash::FxHashMap;

use super::engine::Groups;
use super::syntax::{ByteSet, Node};

/// What counts as a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// The whole text.
    Whole,
    /// The longest match at the place.
    Longest,
}

#[derive(Debug)]
enum State {
    Bytes(Box<ByteSet>, usize),
    Start(usize),
    End(usize),
    /// Remembers the place as a bound of a group.
    Mark(usize, usize),
    /// Alternatives, all of which are tried.
    Choice(Vec<usize>),
    /// A repetition: its number, one more round, or on.
    Round {
        number: usize,
        more: usize,
        on: usize,
    },
    Accept,
}

/// A pattern as states; state 0 accepts.
#[derive(Debug)]
pub(super) struct Machine {
    states: Vec<State>,
    entry: usize,
    marks: usize,
    rounds: usize,
}

/// Most steps of one search.
const STEPS: usize = 4_000_000;

/// A choice: its state, the place, and how many rounds of repetitions began at that place before.
type Key = (usize, usize, u32);

enum Task {
    Visit(usize, usize),
    /// Puts back what a group's bound was.
    Unmark(usize, Option<usize>),
    /// Puts back where a repetition's last round began and how many began there.
    Unround(usize, (usize, u8), (usize, u32)),
    /// Goes on after the last round, unless that led to a match.
    Leave {
        on: usize,
        at: usize,
        found: usize,
    },
    /// Remembers what a choice led to.
    Settle {
        key: Key,
        found: usize,
    },
}

struct Search<'a> {
    machine: &'a Machine,
    text: &'a [u8],
    goal: Goal,
    marks: Vec<Option<usize>>,
    rounds: Vec<(usize, u8)>,
    /// The last place where a round began, and how many began there.
    begun: (usize, u32),
    /// How many times a match was reached, directly or through a choice known to lead to one.
    found: usize,
    best: Option<(usize, Vec<Option<usize>>)>,
    known: FxHashMap<Key, bool>,
    tasks: Vec<Task>,
}

impl Machine {
    /// Builds the states of a pattern with `groups` groups.
    pub(super) fn new(node: &Node, groups: usize) -> Self {
        let mut machine = Self { states: vec![State::Accept], entry: 0, marks: 2 * (groups + 1), rounds: 0 };
        machine.entry = machine.add(node, 0);
        machine
    }

    fn push(&mut self, state: State) -> usize {
        self.states.push(state);
        self.states.len() - 1
    }

    /// Adds states for `node` that go on to `next`; gives the first.
    fn add(&mut self, node: &Node, next: usize) -> usize {
        match node {
            Node::Empty => next,
            Node::Set(set) => self.push(State::Bytes(set.clone(), next)),
            Node::Start => self.push(State::Start(next)),
            Node::End => self.push(State::End(next)),
            Node::Group(inner, number) => {
                let close = self.push(State::Mark(2 * number + 1, next));
                let inner = self.add(inner, close);
                self.push(State::Mark(2 * number, inner))
            }
            Node::Concat(parts) => parts.iter().rev().fold(next, |next, part| self.add(part, next)),
            Node::Either(parts) => {
                let entries = parts.iter().map(|part| self.add(part, next)).collect();
                self.push(State::Choice(entries))
            }
            Node::Repeat(inner, least, most) => {
                let Some(most) = most else {
                    // `+` loops over its only copy, as in libstdc++: one `+` around another would double the states.
                    let round = self.round(next);
                    let last = self.add(inner, round);
                    self.set_more(round, last);
                    return match least.checked_sub(1) {
                        Some(others) => (0..others).fold(last, |next, _| self.add(inner, next)),
                        None => round,
                    };
                };
                let mut next = next;
                let on = next;
                for _ in *least..*most {
                    let round = self.round(on);
                    let more = self.add(inner, next);
                    self.set_more(round, more);
                    next = round;
                }
                (0..*least).fold(next, |next, _| self.add(inner, next))
            }
        }
    }

    fn round(&mut self, on: usize) -> usize {
        let number = self.rounds;
        self.rounds += 1;
        self.push(State::Round { number, more: 0, on })
    }

    fn set_more(&mut self, round: usize, target: usize) {
        if let Some(State::Round { more, .. }) = self.states.get_mut(round) {
            *more = target;
        }
    }

    /// Matches at `start`; `None` if that takes too many steps.
    pub(super) fn run(&self, text: &[u8], start: usize, goal: Goal) -> Option<Option<Groups>> {
        let mut search = Search {
            machine: self,
            text,
            goal,
            marks: vec![None; self.marks],
            rounds: vec![(usize::MAX, 0); self.rounds],
            begun: (usize::MAX, 0),
            found: 0,
            best: None,
            known: FxHashMap::default(),
            tasks: vec![Task::Visit(self.entry, start)],
        };
        for _ in 0..STEPS {
            let Some(task) = search.tasks.pop() else {
                return Some(search.best.map(|(end, marks)| groups(start, end, &marks)));
            };
            if search.step(task) && goal == Goal::Whole {
                search.tasks.clear();
            }
        }
        None
    }
}

impl Search<'_> {
    /// Carries out one task; says whether it reached a match.
    fn step(&mut self, task: Task) -> bool {
        match task {
            Task::Visit(state, at) => return self.visit(state, at),
            Task::Unmark(mark, old) => {
                if let Some(place) = self.marks.get_mut(mark) {
                    *place = old;
                }
            }
            Task::Unround(number, old, begun) => {
                self.begun = begun;
                if let Some(place) = self.rounds.get_mut(number) {
                    *place = old;
                }
            }
            Task::Leave { on, at, found } => {
                if self.found == found {
                    self.tasks.push(Task::Visit(on, at));
                }
            }
            Task::Settle { key, found } => {
                self.known.insert(key, self.found > found);
            }
        }
        false
    }

    fn visit(&mut self, state: usize, at: usize) -> bool {
        match self.machine.states.get(state) {
            Some(State::Bytes(set, next)) => {
                let byte = self.text.get(at).and_then(|byte| set.get(usize::from(*byte)));
                if byte == Some(&true) {
                    self.tasks.push(Task::Visit(*next, at + 1));
                }
            }
            Some(State::Start(next)) if at == 0 => self.tasks.push(Task::Visit(*next, at)),
            Some(State::End(next)) if at == self.text.len() => self.tasks.push(Task::Visit(*next, at)),
            Some(State::Mark(mark, next)) => {
                if let Some(place) = self.marks.get_mut(*mark) {
                    self.tasks.push(Task::Unmark(*mark, *place));
                    *place = Some(at);
                }
                self.tasks.push(Task::Visit(*next, at));
            }
            Some(State::Choice(entries)) => {
                if self.begin((state, at, self.begun_at(at))) {
                    self.tasks.extend(entries.iter().rev().map(|entry| Task::Visit(*entry, at)));
                }
            }
            Some(State::Round { number, more, on }) => {
                let last = self.rounds.get(*number).copied().unwrap_or_default();
                let begun = if last.0 == at { last.1 } else { 0 };
                let all = self.begun_at(at);
                if self.begin((state, at, all)) {
                    self.tasks.push(Task::Leave { on: *on, at, found: self.found });
                    if begun < 2 {
                        self.tasks.push(Task::Unround(*number, last, self.begun));
                        self.begun = (at, all + 1);
                        if let Some(place) = self.rounds.get_mut(*number) {
                            *place = (at, begun + 1);
                        }
                        self.tasks.push(Task::Visit(*more, at));
                    }
                }
            }
            Some(State::Accept) => return self.accept(at),
            Some(State::Start(_) | State::End(_)) | None => {}
        }
        false
    }

    fn begun_at(&self, at: usize) -> u32 {
        if self.begun.0 == at { self.begun.1 } else { 0 }
    }

    /// Whether a choice is new. If not, a match that it is known to lead to counts again.
    fn begin(&mut self, key: Key) -> bool {
        if let Some(leads_to_match) = self.known.get(&key) {
            self.found += usize::from(*leads_to_match);
            return false;
        }
        self.known.insert(key, false);
        self.tasks.push(Task::Settle { key, found: self.found });
        true
    }

    fn accept(&mut self, at: usize) -> bool {
        if self.goal == Goal::Whole && at != self.text.len() {
            return false;
        }
        self.found += 1;
        if self.best.as_ref().is_none_or(|(end, _)| at > *end) {
            self.best = Some((at, self.marks.clone()));
        }
        true
    }
}

fn groups(start: usize, end: usize, marks: &[Option<usize>]) -> Groups {
    let mut groups: Groups = marks
        .chunks(2)
        .map(|bounds| match bounds {
            [Some(from), Some(to)] if from <= to => Some((*from, *to)),
            _ => None,
        })
        .collect();
    if let Some(whole) = groups.first_mut() {
        *whole = Some((start, end));
    }
    groups
}
