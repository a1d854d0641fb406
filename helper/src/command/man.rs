//! `lre man`: writes the manual pages.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};

use super::help::with_examples;
use super::{Arguments, Outcome};

/// Writes the manual pages: `lre.1`, and one for each command.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder, such as `~/.local/share/man/man1`. It is made if it is not there.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs the subcommand.
///
/// # Errors
/// If a page cannot be written.
pub fn run(arguments: &ManArguments) -> anyhow::Result<Outcome> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    // Without the day: the same program writes the same pages.
    clap_mangen::generate_to(with_examples(Arguments::command()).disable_help_subcommand(true), folder)
        .with_context(|| format!("cannot write the manual pages to `{}`", folder.display()))?;
    Ok(Outcome::Clean)
}
