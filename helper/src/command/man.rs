//! `lre man`: writes the manual pages.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::help::with_examples;
use super::{Arguments, Outcome};
use crate::generated_folder::write_each;

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
    let mut program = with_examples(Arguments::command()).disable_help_subcommand(true);
    program.build();
    let mut pages = BTreeMap::new();
    render_pages(program, &mut pages)?;
    write_each(&arguments.folder, &pages)?;
    Ok(Outcome::Clean)
}

/// The pages of a command and of those below it, by their files' names. Without the day: the same program has the same pages.
fn render_pages(command: Command, pages: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        render_pages(below.clone(), pages)?;
    }
    let page = Man::new(command);
    let mut text = Vec::new();
    page.render(&mut text)?;
    pages.insert(page.get_filename(), String::from_utf8(text)?);
    Ok(())
}
