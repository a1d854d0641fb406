//! How much memory a comparison may take, together with the logs.

use crate::execlog::{Log, Pool};

/// What a spawn of the first log costs at most while it is paired.
const FIRST: usize = 64;

/// What a spawn of the log that is explained costs at most: its pair, what is known of it, and its line in the report.
const SECOND: usize = 256;

/// What a report may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes of memory are counted at most, the logs included.
    pub memory: usize,
    /// How many actions of each cause are named: to sort a million of them takes as long as to read the log.
    pub named: usize,
}

/// For small logs, whose actions are all named.
#[cfg(test)]
pub(crate) const NO_LIMITS: Limits = Limits { memory: usize::MAX, named: usize::MAX };

/// It takes more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it takes more memory than it may")]
pub struct MemoryExceeded;

/// What may be taken, and what was taken whatever the logs say.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    limit: usize,
    fixed: usize,
}

impl Memory {
    /// For the comparison of two logs, or for one alone.
    ///
    /// # Errors
    /// If the logs are too large for any comparison.
    pub(super) fn new(limit: usize, pool: &Pool, first: Option<&Log>, second: &Log) -> Result<Self, MemoryExceeded> {
        let pairs = first.map_or(0, |first| {
            let makers = 2 * pool.count_of_texts() * size_of::<u32>();
            makers + first.spawns.len() * FIRST
        });
        let memory = Self { limit, fixed: pool.bytes() + pairs + second.spawns.len() * SECOND };
        memory.check(0)?;
        Ok(memory)
    }

    /// Whether so many bytes more may be taken.
    ///
    /// # Errors
    /// If not.
    pub(super) fn check(self, bytes: usize) -> Result<(), MemoryExceeded> {
        if self.fixed + bytes > self.limit { Err(MemoryExceeded) } else { Ok(()) }
    }
}
