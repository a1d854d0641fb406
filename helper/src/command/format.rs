//! `--format` of the verbs that print for people or for programs.

use clap::ValueEnum;

/// Whom a verb prints for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    Human,
    Json,
}
