//! A sign of life on standard error while an analysis takes long.

use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::terminal::may_show_progress;

/// Shows a line on a terminal once a second has passed, and removes it when dropped.
pub(super) struct Progress {
    watcher: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

impl Progress {
    /// Begins to wait. Without a terminal on standard error nothing ever happens.
    pub(super) fn start() -> Self {
        if !may_show_progress() {
            return Self { watcher: None };
        }
        let (sender, receiver) = channel();
        let watch = move || {
            if receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                show("analysing the fleet …");
                // Only the end of the run, which drops the sender, matters from here on.
                let _ended = receiver.recv();
                show("");
            }
        };
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(watch);
        Self { watcher: thread.ok().map(|thread| (sender, thread)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.watcher.take() {
            drop(sender);
            // A progress line that could not be removed is not worth a word.
            let _outcome = thread.join();
        }
    }
}

/// Replaces the current line of the terminal.
fn show(text: &str) {
    let mut error = std::io::stderr().lock();
    let _outcome = write!(error, "\r\u{1b}[K{text}").and_then(|()| error.flush());
}
