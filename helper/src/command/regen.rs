//! `lre regen`: writes toolchains' folders, or says how they differ from what it would write.

mod flake;
mod image;
mod source;
mod target;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::changes::{Changes, diffs};
use super::format::Format;
use super::mode::Mode;
use super::toolchain_folder::owner;
use super::{Outcome, print_data, report_error};
use crate::diff::ChangedFile;
use crate::generated_folder::FolderPlan;
use crate::manifest::FILE_NAME;
use crate::pin::MODULE_FILE;
use crate::shell::{quote_path, quote_words};
use crate::store::Store;
use crate::talk::say;
use source::SourceArguments;
pub(super) use target::parse_toolchain;
use target::{Target, TargetArguments};

/// Writes a toolchain's folder: BUILD files and the manifest `lre.json`.
///
/// Without `--env-json`, `--flake`, `--image` and `--published` the BUILD files are written again from the manifest that is there.
#[derive(Debug, Args)]
pub struct RegenArguments {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// What to do where a file differs: `check` prints a diff and the command that writes, and ends with 1; `dry-run`
    /// prints the diff.
    #[arg(long, value_enum, default_value_t = Mode::Write)]
    mode: Mode,
    /// `json`: one document on stdout, with the diffs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Look for store paths in the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
/// If an input is refused, the compiler does not answer or a file cannot be written. No file of that folder is changed
/// then.
pub fn run(arguments: &RegenArguments) -> anyhow::Result<Outcome> {
    let store = Store::new(arguments.store.clone());
    let targets = arguments.target.targets()?;
    if let ([_, _, ..], Some(option)) = (targets.as_slice(), arguments.source.option()) {
        let names: Vec<&str> = targets.iter().filter_map(|target| target.name.as_deref()).collect();
        bail!(
            "`{option}` describes one toolchain, and there are {}: `{}`\n\nhint: name the one that is meant",
            targets.len(),
            names.join("`, `")
        );
    }
    let mut outcome = Outcome::Clean;
    let mut changed = Vec::new();
    for target in &targets {
        if outcome == Outcome::Findings {
            eprintln!();
        }
        if regenerate(arguments, &store, target, &mut changed)? == Outcome::Findings {
            outcome = Outcome::Findings;
        }
    }
    if arguments.format == Format::Json {
        Changes::new(arguments.mode == Mode::Write, changed).print()?;
    }
    Ok(outcome)
}

fn regenerate(
    arguments: &RegenArguments,
    store: &Store,
    target: &Target,
    changed: &mut Vec<ChangedFile>,
) -> anyhow::Result<Outcome> {
    let folder = &target.folder;
    if let Some(owner) = owner(folder) {
        bail!(
            "`{}` lies inside the toolchain's folder `{}`\n\nhint: name that with `--out {}`, or a folder beside it",
            folder.display(),
            owner.display(),
            quote_path(owner)
        );
    }
    if folder.join(MODULE_FILE).is_file() && !folder.join(FILE_NAME).is_file() {
        bail!(
            "`{}` has a `{MODULE_FILE}`, and a toolchain's folder is one of its own\n\nhint: name a folder in it, such as with \
             `--out {}`",
            folder.display(),
            quote_path(&folder.join("lre-cc"))
        );
    }
    let files = arguments.source.generate(store, target)?;
    let plan = FolderPlan::new(folder, &files)?;
    if plan.is_empty() {
        say(format_args!("`{}` is up to date", folder.display()));
    }
    match arguments.format {
        Format::Json => changed.extend(plan.changed_files()),
        Format::Human if arguments.mode == Mode::Write => {}
        Format::Human => print_data(&diffs(&plan.changed_files().collect::<Vec<_>>()))?,
    }
    match arguments.mode {
        Mode::Write => {
            let written = plan.write()?;
            for name in &written.files {
                say(format_args!("wrote `{}`", folder.join(name).display()));
            }
            if let Some(warning) = written.warning {
                eprintln!("warning: {warning}; a kill between two of them would have left a mixture");
            }
        }
        Mode::DryRun => {
            plan.names().for_each(|name| say(format_args!("would write `{}`", folder.join(name).display())))
        }
        Mode::Check if plan.is_empty() => {}
        Mode::Check => {
            let (differing, all) = (plan.names().count(), files.len());
            report_error(&format!(
                "generated files in `{}` are not as they should be: {differing} of {all}\n\nhint: write them with `{}`",
                folder.display(),
                fixing_command(arguments, target)
            ));
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Clean)
}

/// The command that writes what was missed.
fn fixing_command(arguments: &RegenArguments, target: &Target) -> String {
    let mut words: Vec<String> = arguments.target.command(target);
    words.extend(arguments.source.words());
    if let Some(store) = &arguments.store {
        words.extend(["--store".to_owned(), store.display().to_string()]);
    }
    quote_words(words)
}
