//! Texts one after another, most of which stand where they stood in the spawn before: those are compared with it, which
//! takes a fraction of a look-up.

use super::pool::{ListId, Pool, Text};
use super::read::ReadProblem;

/// The words of a command line, or names with their values.
#[derive(Default)]
pub(super) struct Row {
    texts: Vec<Text>,
    length: usize,
}

impl Row {
    /// Begins the next spawn's.
    pub(super) fn start(&mut self) {
        self.length = 0;
    }

    /// Adds a text.
    pub(super) fn push(&mut self, text: &[u8], pool: &mut Pool) -> Result<(), ReadProblem> {
        match self.texts.get_mut(self.length) {
            Some(guess) if pool.bytes_of(*guess) == text => {}
            Some(guess) => *guess = pool.intern_bytes(text)?,
            None => self.texts.push(pool.intern_bytes(text)?),
        }
        self.length += 1;
        Ok(())
    }

    /// The number of what was added since the start.
    pub(super) fn intern(&self, pool: &mut Pool) -> ListId {
        pool.intern_list(&self.texts[..self.length])
    }
}
