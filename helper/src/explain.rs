//! Why actions of a build were not cache hits, from its execution log and that of the build that filled the cache.
//!
//! Pure: [`explain`] pairs the spawns of two logs and reports root causes only. An action that differs because what it
//! reads was made differently is counted under the action that made it.

pub mod bytes;
mod cause;
mod causes;
mod difference;
mod fix;
pub mod html;
pub mod human;
mod inputs;
pub mod json;
mod memory;
mod pair;
mod pinned;
mod root;
mod selection;
#[cfg(test)]
mod unit;

use std::collections::BTreeMap;

use crate::execlog::ListId;

pub use cause::{Build, Cause, Sides, Unselected};
#[cfg(test)]
pub(crate) use memory::NO_LIMITS;
pub use memory::{Limits, MemoryExceeded};
pub use pinned::{PinnedSide, side_of_manifest};
pub use root::{explain, explain_one};

/// What became of a build's actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report<'a> {
    /// Hits and actions by mnemonic.
    pub mnemonics: BTreeMap<String, Hits>,
    /// Why the others were none, the cause of the most actions first; last, why some may not be cached.
    pub causes: Vec<RootCause<'a>>,
}

/// How many of some actions a cache had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Those that it had.
    pub hits: usize,
    /// All that may be cached.
    pub actions: usize,
    /// Those that may not. They are no misses.
    pub not_cacheable: usize,
}

/// A cause, and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause<'a> {
    /// What it is.
    pub cause: Cause,
    /// The first of the actions that it makes differ directly, in order.
    pub actions: Vec<Action<'a>>,
    /// How many those actions are.
    pub count: usize,
    /// How many more actions missed only because they read what those made.
    pub downstream: usize,
    /// The command lines of the first of those actions whose command lines differ.
    pub commands: Option<CommandLines>,
    /// What else was found out, a line each.
    pub notes: Vec<String>,
}

/// An action's words in both builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandLines {
    /// In the first build.
    pub first: ListId,
    /// In the second build.
    pub second: ListId,
}

/// An action, as it is named in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Action<'a> {
    /// Such as `CppCompile`.
    pub mnemonic: &'a str,
    /// The target.
    pub label: &'a str,
    /// The primary output; empty if there is none.
    pub output: &'a str,
}

impl Report<'_> {
    /// Hits and actions of all mnemonics.
    #[must_use]
    pub fn total(&self) -> Hits {
        self.mnemonics.values().fold(Hits::default(), |sum, hits| Hits {
            hits: sum.hits + hits.hits,
            actions: sum.actions + hits.actions,
            not_cacheable: sum.not_cacheable + hits.not_cacheable,
        })
    }
}

impl Hits {
    /// Whether at least so many in a hundred are hits. Of no action all are.
    #[must_use]
    pub fn reach(self, percent: f64) -> bool {
        self.percent() >= percent
    }

    /// Hits in a hundred actions.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no build has 2⁵² actions")]
    pub fn percent(self) -> f64 {
        if self.actions == 0 { 100.0 } else { 100.0 * self.hits as f64 / self.actions as f64 }
    }

    /// `3 of 4 (75.0 %), 1 not cacheable`, rounded down: only all hits are 100.0 %.
    #[must_use]
    pub fn describe(self) -> String {
        let tenths = (self.hits * 1000).checked_div(self.actions).unwrap_or(1000);
        let rest = match self.not_cacheable {
            0 => String::new(),
            count => format!(", {count} not cacheable"),
        };
        format!("{} of {} ({}.{} %){rest}", self.hits, self.actions, tenths / 10, tenths % 10)
    }
}
