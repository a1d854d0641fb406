//! `--mode` of the verbs that write folders of generated files.

use clap::ValueEnum;

/// What becomes of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Write the files.
    Write,
    /// Print a diff and the command that writes, and exit with 1.
    Check,
    /// Print a diff.
    DryRun,
}
