//! Which name means which variable.
//!
//! Every symbol knows its innermost binding; entering a frame remembers what it hides and leaving it restores that. So a lookup
//! costs the same however deep the frames are nested.

use super::ir::Name;

/// A variable of a frame.
#[derive(Clone, Copy)]
struct Slot {
    /// How many frames enclosed the construct, itself included.
    depth: u16,
    variable: u32,
}

/// The frames around the expression that is being lowered.
#[derive(Default)]
pub(super) struct Scope {
    innermost: Vec<Option<Slot>>,
    hidden: Vec<(Name, Option<Slot>)>,
    depth: u16,
    withs: Vec<u16>,
}

/// What to restore when a frame is left.
#[must_use]
pub(super) struct Mark(usize);

impl Scope {
    /// Enters a frame; its variables are bound next.
    pub(super) fn enter(&mut self) -> Mark {
        self.depth = self.depth.saturating_add(1);
        Mark(self.hidden.len())
    }

    /// Enters the frame of a `with`.
    pub(super) fn enter_with(&mut self) -> Mark {
        let mark = self.enter();
        self.withs.push(self.depth);
        mark
    }

    /// Binds a variable of the innermost frame.
    pub(super) fn bind(&mut self, name: Name, variable: u32) {
        let index = name.0 as usize;
        if index >= self.innermost.len() {
            self.innermost.resize(index + 1, None);
        }
        if let Some(slot) = self.innermost.get_mut(index) {
            self.hidden.push((name, *slot));
            *slot = Some(Slot { depth: self.depth, variable });
        }
    }

    /// Leaves the innermost frame.
    pub(super) fn leave(&mut self, mark: Mark) {
        for (name, slot) in self.hidden.drain(mark.0..).rev() {
            if let Some(current) = self.innermost.get_mut(name.0 as usize) {
                *current = slot;
            }
        }
        self.withs.pop_if(|depth| *depth == self.depth);
        self.depth = self.depth.saturating_sub(1);
    }

    /// Level and variable of the innermost binding of a name.
    pub(super) fn lookup(&self, name: Name) -> Option<(u16, u32)> {
        let slot = self.innermost.get(name.0 as usize).copied().flatten()?;
        Some((self.depth.saturating_sub(slot.depth), slot.variable))
    }

    /// Levels of the enclosing `with` frames, innermost first.
    pub(super) fn with_levels(&self) -> impl Iterator<Item = u16> {
        self.withs.iter().rev().map(|depth| self.depth.saturating_sub(*depth))
    }

    /// How many `with` enclose the current expression.
    pub(super) fn withs(&self) -> usize {
        self.withs.len()
    }

    /// The names that are bound here.
    pub(super) fn bound(&self) -> impl Iterator<Item = Name> {
        (0u32..).zip(&self.innermost).filter(|(_, slot)| slot.is_some()).map(|(index, _)| Name(index))
    }
}
