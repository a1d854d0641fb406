//! Everything that decides whether a local and a remote build share their cache keys, looked at once.
//!
//! Each part returns checks; nothing is printed and nothing is written here. `docs/doctor.md` lists the checks.

pub mod bazel;
pub mod flags;
pub mod json;
pub mod lre_bazelrc;
pub mod machine;
pub mod module;
mod program;
pub mod rc_file;
pub mod remote;
pub mod screen;
pub mod toolchain;

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing defeats parity here.
    Passed,
    /// Something does.
    Failed {
        /// One line: what mends it.
        fix: String,
        /// Whether more may be wrong that could not be looked at.
        is_incomplete: bool,
    },
    /// It does not apply here, or nobody could be asked.
    Open,
}

/// One line of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is looked at, in a word or two.
    pub name: String,
    /// What was seen, in one line.
    pub message: String,
    /// What became of it.
    pub verdict: Verdict,
}

impl Check {
    /// All is well.
    #[must_use]
    pub fn passed(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: message.into(), verdict: Verdict::Passed }
    }

    /// Something is wrong, and `fix` mends it.
    #[must_use]
    pub fn failed(name: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let verdict = Verdict::Failed { fix: fix.into(), is_incomplete: false };
        Self { name: name.to_owned(), message: message.into(), verdict }
    }

    /// It does not apply here, or nobody could be asked.
    #[must_use]
    pub fn open(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: message.into(), verdict: Verdict::Open }
    }
}

/// The checks of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Such as "toolchain `lre-cc`".
    pub title: String,
    /// Its checks, in the order of the screen.
    pub checks: Vec<Check>,
}

/// The first line of a message that may have several.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
