//! `lre pin`: compares what the files of a workspace pin, and makes them agree.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::Args;

use super::format::Format;
use super::toolchain_folder::{parser, read_manifest};
use super::{Outcome, print_data};
use crate::bazelrc::RC_FILE;
use crate::check::pin::{groups_of_pins, sources_of};
use crate::diagnostic::human::{Sources, render_human};
use crate::diagnostic::json::render_json;
use crate::diff::render_diff;
use crate::manifest::{FILE_NAME, Manifest};
use crate::pin::{FLAKE_LOCK, MODULE, MODULE_FILE, PinSubject, Pins, Sync, compare_pins, plan_sync};
use crate::rewrite::{Replacement, replace_all};
use crate::shell::quote_path;
use crate::store::Store;
use crate::talk::{is_coloured, say};

/// Names of what is compared.
#[derive(Debug, Args)]
pub(super) struct PinNames {
    /// The flake's lock file, below the workspace.
    #[arg(long, value_name = "FILE", default_value = FLAKE_LOCK)]
    pub(super) flake_lock: String,
    /// The flake input that is the repository of `local-remote-execution`.
    #[arg(long, value_name = "NAME", default_value = MODULE)]
    pub(super) input: String,
    /// The file that overrides `local-remote-execution`, below the workspace.
    #[arg(long, value_name = "FILE", default_value = MODULE_FILE)]
    pub(super) module_file: String,
}

impl PinNames {
    pub(super) fn subject<'a>(
        &'a self,
        workspace: &'a Path,
        toolchain: Option<(&'a Path, &'a Manifest)>,
    ) -> PinSubject<'a> {
        let Self { flake_lock, input, module_file } = self;
        PinSubject { workspace, flake_lock, input, module_file, toolchain }
    }
}

/// Compares what `flake.lock`, `MODULE.bazel`, `lre.bazelrc` and a toolchain's manifest pin.
#[derive(Debug, Args)]
pub struct PinArguments {
    /// The toolchain's folder, or the `lre.json` in it. Without it only the module's commit is compared.
    #[arg(value_name = "DIR", value_parser = parser())]
    folder: Option<PathBuf>,
    /// The root workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    #[command(flatten)]
    names: PinNames,
    /// Make the files agree where that changes nothing but a literal, or a file that `lre` wrote.
    #[arg(long)]
    sync: bool,
    /// `human` prints to stderr, `json` prints findings to stdout.
    #[arg(long, value_enum, default_value_t, conflicts_with = "dry_run")]
    format: Format,
    /// Print what `--sync` would change as a unified diff, and write nothing.
    #[arg(long, requires = "sync")]
    dry_run: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// If the manifest or a file that is edited cannot be used. No file is changed then.
pub fn run(arguments: &PinArguments) -> anyhow::Result<Outcome> {
    if !arguments.workspace.is_dir() {
        bail!(
            "`{}` is no folder\n\nhint: name the root workspace with `--workspace DIR`",
            arguments.workspace.display()
        );
    }
    let folder = arguments.folder.as_deref();
    let manifest = folder.map(|folder| read_manifest(folder, &Store::new(None), "lre pin")).transpose()?;
    let subject = arguments.names.subject(&arguments.workspace, folder.zip(manifest.as_ref()));
    let (disagreements, notes) = if arguments.sync {
        let Sync { replacements, changes, left, notes } = plan_sync(&subject)?;
        write(&replacements, arguments.dry_run)?;
        for change in &changes {
            say(format_args!("{change}"));
        }
        if changes.is_empty() && left.is_empty() {
            say(format_args!("nothing to change"));
            if let (Some(folder), false) = (folder, has_rc(&arguments.workspace)) {
                say(format_args!("{}", absent_rc(folder)));
            }
        }
        (left, notes)
    } else {
        let Pins { disagreements, notes, read } = compare_pins(&subject);
        if disagreements.is_empty() && notes.is_empty() && folder.is_none() {
            say(format_args!("{}", looked_at(&arguments.workspace, &read)));
        }
        (disagreements, notes)
    };
    let groups = groups_of_pins(disagreements);
    let mut sources = Sources::new();
    if !arguments.dry_run {
        sources_of(&groups, &mut sources);
    }
    match arguments.format {
        Format::Human => eprint!("{}", render_human(&groups, &sources, is_coloured(&std::io::stderr()))),
        Format::Json => print_data(&render_json(&groups)?)?,
    }
    for note in notes {
        eprintln!("note: {note}");
    }
    let mut findings = groups.iter().flat_map(|group| &group.findings);
    Ok(match groups.len() {
        0 => Outcome::Clean,
        _ if findings.any(|finding| finding.kind.hides_findings()) => Outcome::Incomplete,
        _ => Outcome::Findings,
    })
}

/// What was compared, where nothing disagrees and more could be compared.
fn looked_at(workspace: &Path, read: &[PathBuf]) -> String {
    let there = read.iter().filter(|name| workspace.join(name).exists());
    let files: Vec<String> = there.map(|name| format!("`{}`", name.display())).collect();
    if files.is_empty() {
        return format!("nothing is compared: `{}` has no `{FLAKE_LOCK}`", workspace.display());
    }
    format!(
        "no disagreement in {}; a toolchain's folder, as in `lre pin lre-cc`, adds what its manifest pins",
        files.join(", ")
    )
}

fn has_rc(workspace: &Path) -> bool {
    workspace.join(RC_FILE).symlink_metadata().is_ok()
}

/// A file that is not there pins nothing; `--sync` does not know which prefix its flags would have.
fn absent_rc(folder: &Path) -> String {
    let manifest = quote_path(&folder.join(FILE_NAME));
    format!(
        "there is no `{RC_FILE}`; write it with `jq .env {manifest} >env.json && lre bazelrc --env-json env.json --prefix lre >{RC_FILE}`"
    )
}

fn write(replacements: &[Replacement], dry_run: bool) -> anyhow::Result<()> {
    if !dry_run {
        return replace_all(replacements).map_err(|error| anyhow!("{error} (no file was changed)"));
    }
    let diff =
        |change: &Replacement| render_diff(&change.path.display().to_string(), Some(&change.before), &change.after);
    print_data(&replacements.iter().map(diff).collect::<String>())
}
