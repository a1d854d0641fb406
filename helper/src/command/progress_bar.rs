//! How far a long piece of work is, on one line of a terminal. Elsewhere nothing is printed.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::talk::{Volume, is_heard};

/// Between two updates, which cost a system call each.
const PAUSE: Duration = Duration::from_millis(100);

/// The line. It is empty until the work has taken a while.
pub(super) struct ProgressBar {
    is_terminal: bool,
    state: Mutex<State>,
}

struct State {
    next: Instant,
    is_shown: bool,
}

impl Default for ProgressBar {
    fn default() -> Self {
        let state = State { next: Instant::now() + PAUSE, is_shown: false };
        Self { is_terminal: is_shown(), state: Mutex::new(state) }
    }
}

impl ProgressBar {
    /// Shows bytes that are hashed, of a total that may be unknown (0) or too small.
    pub(super) fn show(&self, done: u64, total: u64) {
        self.show_line(|| describe(done, total));
    }

    /// Whether anybody sees it.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Shows a line, if it is time for another one.
    pub(super) fn show_line(&self, line: impl FnOnce() -> String) {
        if !self.is_terminal {
            return;
        }
        // A thread that finds another one at the line has nothing to add.
        let Ok(mut state) = self.state.try_lock() else { return };
        if Instant::now() < state.next {
            return;
        }
        state.next = Instant::now() + PAUSE;
        state.is_shown = true;
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", line());
    }

    /// Makes room for other messages.
    pub(super) fn clear(&self) {
        if self.state.lock().is_ok_and(|state| state.is_shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// Whether lines that come and go are shown: on a terminal to which nothing else is written meanwhile.
fn is_shown() -> bool {
    std::io::stderr().is_terminal() && is_heard(Volume::Usual) && !is_heard(Volume::Verbose)
}

/// What is waited for, shown on a terminal for as long as this lives.
pub(super) struct Waiting {
    is_shown: bool,
}

impl Waiting {
    /// Shows the line.
    pub(super) fn with(line: &str) -> Self {
        let is_shown = is_shown();
        if is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K{line} …");
        }
        Self { is_shown }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn describe(done: u64, total: u64) -> String {
    let megabytes = |bytes: u64| bytes / 1_000_000;
    if done <= total {
        format!("hashing: {} of {} MB, {} %", megabytes(done), megabytes(total), done * 100 / total.max(1))
    } else {
        format!("hashing: {} MB", megabytes(done))
    }
}

#[cfg(test)]
mod unit {
    use super::describe;

    #[test]
    fn unknown_totals_are_left_out() {
        assert_eq!(describe(1_500_000, 6_000_000), "hashing: 1 of 6 MB, 25 %");
        assert_eq!(describe(0, 0), "hashing: 0 of 0 MB, 0 %");
        assert_eq!(describe(2_000_000, 0), "hashing: 2 MB");
    }
}
