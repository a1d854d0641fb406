//! `lre completions`: prints a shell's completions.

use clap::Args;
use clap_complete::Shell;

use super::{Arguments, Outcome, print_data};

/// Prints the completions of a shell.
///
/// For bash: `lre completions bash >~/.local/share/bash-completion/completions/lre`. For fish:
/// `lre completions fish >~/.config/fish/completions/lre.fish`. For zsh: into a file `_lre` of a folder in `fpath`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs the subcommand.
///
/// # Errors
/// If stdout is closed.
pub fn run(arguments: &CompletionsArguments) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command_line(), "lre", &mut text);
    print_data(&String::from_utf8(text)?)?;
    Ok(Outcome::Clean)
}
