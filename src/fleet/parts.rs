//! What computed texts consist of, taken apart only when somebody asks.
//!
//! Taking a text apart evaluates it again, piece by piece, and of all the texts of a fleet only those in findings are asked about. So a
//! fact that was computed keeps a question. The thread that evaluated answers it ([`answer`]) for as long as any fact may ask.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use super::facts::Part;
use crate::heap::Value;

/// The scalars that a computed value is made of, in the order of their bytes.
#[derive(Clone, Default)]
pub struct Parts {
    known: OnceLock<Arc<[Part]>>,
    question: Option<Question>,
}

/// A value that can be taken apart by the thread that evaluated it.
#[derive(Clone)]
struct Question {
    value: Value,
    asker: Asker,
}

/// A value to take apart, and where the answer goes.
pub(super) type Request = (Value, SyncSender<Arc<[Part]>>);

/// Brings questions to the thread that evaluated.
pub(super) type Asker = SyncSender<Request>;

impl Parts {
    /// Parts that are known already.
    pub fn known(parts: Vec<Part>) -> Self {
        Self { known: OnceLock::from(Arc::from(parts)), question: None }
    }

    /// Parts that are found out when somebody asks.
    pub(super) fn of(value: Value, asker: Asker) -> Self {
        Self { known: OnceLock::new(), question: Some(Question { value, asker }) }
    }

    /// The parts. Asks the thread that evaluated, so that thread itself must use [`Parts::settle`].
    pub fn get(&self) -> &[Part] {
        self.settle(|value| {
            let question = self.question.as_ref()?;
            let (sender, receiver) = sync_channel(1);
            question.asker.send((value, sender)).ok()?;
            receiver.recv().ok()
        })
    }

    /// The parts; those not known yet are what `take_apart` says.
    pub(super) fn settle(&self, take_apart: impl FnOnce(Value) -> Option<Arc<[Part]>>) -> &[Part] {
        self.known.get_or_init(|| self.question.as_ref().and_then(|one| take_apart(one.value)).unwrap_or_default())
    }
}

/// Answers questions until nobody is left who could ask one.
pub(super) fn answer(questions: &Receiver<Request>, mut take_apart: impl FnMut(Value) -> Arc<[Part]>) {
    while let Ok((value, sender)) = questions.recv() {
        if sender.send(take_apart(value)).is_err() {
            return;
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.get(), f)
    }
}

impl PartialEq for Parts {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Parts {}
