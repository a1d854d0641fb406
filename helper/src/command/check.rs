//! `lre check`: compares a toolchain's folder with the store.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::regen::read_manifest;
use super::{Outcome, print_data};
use crate::check::check_toolchain;
use crate::diagnostic::{render_human, render_json};
use crate::store::Store;

/// Checks that a toolchain's folder is as generated and that its store paths are on this machine. Writes nothing.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The folder that holds `lre.json`.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Look for store paths in the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Leave the store alone: check the files against the manifest, their syntax, and that the manifest lists every store
    /// path in them. For machines that build remotely only.
    #[arg(long, conflicts_with = "store")]
    no_store: bool,
    /// `human` prints to stderr, `json` prints one document to stdout.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// Runs the subcommand.
///
/// # Errors
/// If the manifest cannot be read.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    let store = Store::new(arguments.store.clone());
    let command = format!("lre check{}{}", store.option(), if arguments.no_store { " --no-store" } else { "" });
    let manifest = read_manifest(&arguments.folder, &store, &command)?;
    let groups = check_toolchain(&arguments.folder, &manifest, (!arguments.no_store).then_some(&store));
    match arguments.format {
        Format::Human => eprint!("{}", render_human(&groups)),
        Format::Json => print_data(&render_json(&groups)?)?,
    }
    let mut findings = groups.iter().flat_map(|group| &group.findings);
    Ok(if groups.is_empty() {
        Outcome::Clean
    } else if findings.any(|finding| finding.kind.hides_findings()) {
        Outcome::Incomplete
    } else {
        Outcome::Findings
    })
}
