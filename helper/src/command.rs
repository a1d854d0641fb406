//! The subcommands of `lre`, one file each.

pub mod bazelrc;
mod changes;
pub mod check;
mod check_image;
pub mod completions;
pub mod deploy;
pub mod doctor;
mod execution_log;
pub mod explain;
mod format;
mod help;
pub mod image;
pub mod init;
pub mod man;
mod max_memory;
mod mode;
pub mod pin;
mod progress_bar;
pub mod regen;
pub mod rewrite;
mod toolchain_folder;
mod usage_error;
mod version;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::diagnostic::human::render_error;
use crate::environment::{ENVIRONMENT_HINT, Environment};
use crate::manifest::Manifest;
use crate::oci::entry::{EntryArguments, VERB, enter};
use crate::shell::quote_path;
use crate::system_error::describe_system_error;
use crate::talk::{Volume, is_coloured, set_volume};

/// Checks and generates Bazel toolchains that live under `/nix/store`.
#[derive(Debug, Parser)]
#[command(name = "lre", version = version::version(), about)]
pub struct Arguments {
    /// Say nothing but findings, warnings and errors.
    #[arg(short, long, global = true, display_order = 990)]
    quiet: bool,
    /// Name each program that is run, too.
    #[arg(short, long, global = true, conflicts_with = "quiet", display_order = 991)]
    verbose: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::InitArguments),
    Regen(Box<regen::RegenArguments>),
    Check(check::CheckArguments),
    Explain(explain::ExplainArguments),
    #[command(subcommand)]
    Image(image::ImageVerb),
    Doctor(doctor::DoctorArguments),
    Bazelrc(bazelrc::BazelrcArguments),
    #[command(subcommand)]
    Deploy(deploy::DeployVerb),
    Pin(pin::PinArguments),
    Rewrite(rewrite::RewriteArguments),
    Completions(completions::CompletionsArguments),
    Man(man::ManArguments),
    #[command(name = VERB, hide = true)]
    Enter(EntryArguments),
}

/// How a run ended. What could not be done at all is an `Err` instead and becomes exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Clean,
    /// Exit code 1: something was found and reported.
    Findings,
    /// Exit code 2: findings were reported, and some of them may hide others.
    Incomplete,
}

impl Arguments {
    /// What was asked for on the command line. What cannot be understood, and help, end the program.
    #[must_use]
    pub fn of_process() -> Self {
        let command = Self::command_line();
        let words = usage_error::without_help_of_help(&command, std::env::args_os());
        let matches = command.clone().try_get_matches_from(&words);
        matches.and_then(|matches| Self::from_arg_matches(&matches)).unwrap_or_else(|error| {
            let Some(message) = usage_error::describe_usage(&error, &command, &words) else { error.exit() };
            report_error(&message);
            std::process::exit(2)
        })
    }

    /// The commands with all that their help says.
    fn command_line() -> clap::Command {
        help::on_one_screen(help::with_examples(Self::command()))
    }

    /// Runs the subcommand and reports its failure on stderr.
    #[must_use]
    pub fn run(self) -> ExitCode {
        set_volume(match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Usual,
        });
        let outcome = match self.verb {
            Verb::Init(arguments) => init::run(&arguments),
            Verb::Regen(arguments) => regen::run(&arguments),
            Verb::Check(arguments) => check::run(&arguments),
            Verb::Explain(arguments) => explain::run(&arguments),
            Verb::Image(verb) => image::run(&verb),
            Verb::Doctor(arguments) => doctor::run(&arguments),
            Verb::Bazelrc(arguments) => bazelrc::run(&arguments),
            Verb::Deploy(verb) => deploy::run(&verb),
            Verb::Pin(arguments) => pin::run(&arguments),
            Verb::Rewrite(arguments) => rewrite::run(&arguments),
            Verb::Completions(arguments) => completions::run(&arguments),
            Verb::Man(arguments) => man::run(&arguments),
            Verb::Enter(arguments) => {
                return ExitCode::from(u8::try_from(enter(&arguments)).unwrap_or(u8::MAX));
            }
        };
        match outcome {
            Ok(Outcome::Clean) => ExitCode::SUCCESS,
            Ok(Outcome::Findings) => ExitCode::from(1),
            Ok(Outcome::Incomplete) => ExitCode::from(2),
            Err(error) => {
                report_error(&describe(&error));
                ExitCode::from(2)
            }
        }
    }
}

/// An error with its causes. An error whose text quotes its cause already is not followed by it again.
fn describe(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let quoted = cause.to_string();
        let cause = cause.downcast_ref().map_or_else(|| quoted.clone(), describe_system_error);
        if !text.contains(&quoted) && !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Writes an error to stderr, with the hint after its blank line.
fn report_error(message: &str) {
    eprint!("{}", render_error(message, is_coloured(&std::io::stderr())));
}

/// Writes data to stdout. A closed pipe is an error, not a panic.
fn print_data(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to stdout")
}

/// Reads a text file; the error names it.
fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// Why a file is not read, and where to look for another one.
fn unreadable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let shown = path.display();
    let list = |folder: &Path| format!("hint: `ls {}` lists what is there", quote_path(folder));
    if path.is_dir() {
        return anyhow!("`{shown}` is a folder, and a file is expected\n\n{}", list(path));
    }
    match path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.is_dir()) {
        Some(folder) if error.kind() == std::io::ErrorKind::NotFound => {
            anyhow!("there is no file `{shown}`\n\n{}", list(folder))
        }
        _ => anyhow!("cannot read `{shown}`: {}", describe_system_error(error)),
    }
}

fn read_environment(path: &Path) -> anyhow::Result<Environment> {
    if !path.exists() {
        bail!("there is no file `{}`\n\n{ENVIRONMENT_HINT}", path.display());
    }
    let text = read_text(path)?;
    if let (Ok(_), Some(folder)) = (Manifest::from_json(&text), path.parent()) {
        bail!(
            "`{}` is a toolchain's manifest, and not an Env\n\nhint: take the Env out of it with `jq .env {} >env.json`; an \
             `lre.bazelrc` that is there is written again from it with `lre pin --sync {}`",
            path.display(),
            quote_path(path),
            quote_path(folder)
        );
    }
    Environment::from_json(&text).with_context(|| format!("cannot use `{}` as Env", path.display()))
}
