//! Why actions of a build were not cache hits, from its execution log and that of the build that filled the cache.
//!
//! Pure: [`explain`] pairs the spawns of two logs and reports root causes only. An action that differs because what it
//! reads was made differently is counted under the action that made it.

pub mod bytes;
mod cause;
mod difference;
mod fix;
pub mod html;
pub mod human;
pub mod json;
mod pair;
mod pinned;
mod root;
#[cfg(test)]
mod unit;

use std::collections::BTreeMap;

pub use cause::{Cause, Sides};
pub use pinned::{PinnedSide, side_of_manifest};
pub use root::{explain, explain_one};

/// What became of a build's actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Hits and actions by mnemonic.
    pub mnemonics: BTreeMap<String, Hits>,
    /// Why the others were none, the cause of the most actions first.
    pub causes: Vec<RootCause>,
}

/// How many of some actions a cache had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Those that it had.
    pub hits: usize,
    /// All.
    pub actions: usize,
}

/// A cause, and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// What it is.
    pub cause: Cause,
    /// The actions that it makes differ directly.
    pub actions: Vec<Action>,
    /// How many more actions missed only because they read what those made.
    pub downstream: usize,
    /// The command lines of the first of those actions whose command lines differ.
    pub commands: Option<CommandLines>,
    /// What else was found out, a line each.
    pub notes: Vec<String>,
}

/// An action's words in both builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLines {
    /// In the first build.
    pub first: Vec<String>,
    /// In the second build.
    pub second: Vec<String>,
}

/// An action, as it is named in messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action {
    /// Such as `CppCompile`.
    pub mnemonic: String,
    /// The target.
    pub label: String,
    /// The primary output; empty if there is none.
    pub output: String,
}

impl Report {
    /// Hits and actions of all mnemonics.
    #[must_use]
    pub fn total(&self) -> Hits {
        self.mnemonics
            .values()
            .fold(Hits::default(), |sum, hits| Hits { hits: sum.hits + hits.hits, actions: sum.actions + hits.actions })
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

    /// `3 of 4 (75.0 %)`, rounded down: only all hits are 100.0 %.
    #[must_use]
    pub fn describe(self) -> String {
        let tenths = (self.hits * 1000).checked_div(self.actions).unwrap_or(1000);
        format!("{} of {} ({}.{} %)", self.hits, self.actions, tenths / 10, tenths % 10)
    }
}
