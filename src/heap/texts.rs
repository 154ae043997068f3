//! Texts in the heap: bytes that strings share, their contexts, and how they can be computed again.

use std::rc::Rc;

use super::arena::{BYTES, Heap, STRINGS, make_room};
use super::string::{Context, ContextElement, EXPR_CALL, EXPR_NONE, Replay, StrData, StrId};
use super::value::{Env, SlotId, Value, View};
use crate::syntax::ExprId;

impl Heap {
    /// A new string.
    pub fn new_string(&mut self, bytes: &[u8]) -> StrId {
        let start = self.bytes.len();
        make_room(&mut self.bytes, bytes.len(), BYTES.1);
        self.bytes.extend_from_slice(bytes);
        self.push_string(start, bytes.len())
    }

    fn push_string(&mut self, start: usize, len: usize) -> StrId {
        let id = StrId(u32::try_from(self.strings.len()).unwrap_or(u32::MAX));
        make_room(&mut self.strings, 1, STRINGS.1);
        self.strings.push(StrData {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            len: u32::try_from(len).unwrap_or(0),
            context: 0,
            replay_expr: EXPR_NONE,
            replay_env: 0,
        });
        id
    }

    /// A new string value without context.
    pub fn new_str(&mut self, text: &str) -> Value {
        if text.is_empty() { Value::string(StrId(0)) } else { Value::string(self.new_string(text.as_bytes())) }
    }

    /// A new string of these pieces. Pieces that lie one after the other in the arena stay where they are, and what follows the arena's last
    /// string is written behind it: a text that grows by appending is copied at most when something else came between.
    pub fn concat(&mut self, pieces: &[StrId]) -> StrId {
        let (mut start, mut end) = (0, 0);
        for piece in pieces {
            let data = self.string_data(*piece);
            let (from, len) = (data.start as usize, data.len as usize);
            if len == 0 {
                continue;
            }
            if start == end {
                (start, end) = (from, from);
            }
            if from != end {
                if end != self.bytes.len() {
                    make_room(&mut self.bytes, end - start + len, BYTES.1);
                    self.bytes.extend_from_within(start..end);
                    start += self.bytes.len() - end;
                }
                make_room(&mut self.bytes, len, BYTES.1);
                self.bytes.extend_from_within(from..from + len);
                end = self.bytes.len();
            } else {
                end += len;
            }
        }
        self.push_string(start, end - start)
    }

    /// A new string that shares the bytes `start..start + len` of another (clamped), with its context.
    pub fn substring(&mut self, string: StrId, start: usize, len: usize) -> StrId {
        let data = self.string_data(string);
        let whole = data.len as usize;
        let start = start.min(whole);
        let len = len.min(whole - start);
        let id = StrId(u32::try_from(self.strings.len()).unwrap_or(u32::MAX));
        make_room(&mut self.strings, 1, STRINGS.1);
        self.strings.push(StrData {
            start: data.start + u32::try_from(start).unwrap_or(0),
            len: u32::try_from(len).unwrap_or(0),
            context: data.context,
            replay_expr: EXPR_NONE,
            replay_env: 0,
        });
        id
    }

    pub(super) fn string_data(&self, id: StrId) -> StrData {
        self.strings.get(id.0 as usize).copied().unwrap_or(StrData {
            start: 0,
            len: 0,
            context: 0,
            replay_expr: EXPR_NONE,
            replay_env: 0,
        })
    }

    /// Number of strings, to see whether one is new.
    pub fn string_count(&self) -> u32 {
        u32::try_from(self.strings.len()).unwrap_or(u32::MAX)
    }

    /// The bytes of a string.
    #[inline]
    pub fn bytes(&self, id: StrId) -> &[u8] {
        let data = self.string_data(id);
        self.bytes.get(data.start as usize..data.start as usize + data.len as usize).unwrap_or_default()
    }

    /// The text of a string; bytes that are not UTF-8 are replaced.
    pub fn text(&self, id: StrId) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(id))
    }

    /// How a string can be computed again.
    pub fn replay(&self, id: StrId) -> Replay {
        let data = self.string_data(id);
        match data.replay_expr {
            EXPR_NONE => Replay::None,
            EXPR_CALL => match self.get(SlotId(data.replay_env)).view() {
                View::Call(seq) => Replay::Call(seq),
                _ => Replay::None,
            },
            expr => Replay::Expr(ExprId(expr), Env(data.replay_env)),
        }
    }

    /// Records how a string was computed, unless that is known already.
    #[inline]
    pub fn set_replay(&mut self, id: StrId, expr: ExprId, env: Env) {
        if let Some(data) = self.strings.get_mut(id.0 as usize)
            && data.replay_expr == EXPR_NONE
        {
            data.replay_expr = expr.0;
            data.replay_env = env.0;
        }
    }

    /// Records that a string is what the deferred call `call` gave, unless more is known already.
    pub fn set_replay_call(&mut self, id: StrId, call: Value) {
        let is_known = self.string_data(id).replay_expr != EXPR_NONE;
        if !is_known {
            let slot = self.new_slot(call);
            if let Some(data) = self.strings.get_mut(id.0 as usize) {
                data.replay_expr = EXPR_CALL;
                data.replay_env = slot.0;
            }
        }
    }

    /// The context of a string.
    pub fn context(&self, id: StrId) -> Context {
        let index = self.string_data(id).context as usize;
        self.contexts.get(index).cloned().unwrap_or_else(|| Rc::from([]))
    }

    /// Whether a string has a context.
    pub fn has_context(&self, id: StrId) -> bool {
        self.string_data(id).context != 0
    }

    /// Gives a new string its context; `elements` in any order.
    pub fn set_context(&mut self, id: StrId, mut elements: Vec<ContextElement>) {
        elements.sort();
        elements.dedup();
        let context = if elements.is_empty() {
            0
        } else {
            let known = self.contexts.iter().position(|context| **context == *elements);
            let index = known.unwrap_or_else(|| {
                self.contexts.push(elements.into());
                self.contexts.len() - 1
            });
            u32::try_from(index).unwrap_or(0)
        };
        if let Some(data) = self.strings.get_mut(id.0 as usize) {
            data.context = context;
        }
    }

    /// Gives a new string the union of the contexts of others.
    pub fn join_contexts(&mut self, id: StrId, of: &[StrId]) {
        if of.iter().any(|other| self.has_context(*other)) {
            let all = of.iter().flat_map(|other| self.context(*other).to_vec()).collect();
            self.set_context(id, all);
        }
    }
}
