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
/// If the manifest or a BUILD file cannot be read.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    let manifest = read_manifest(&arguments.folder)?;
    let store = Store::new(arguments.store.clone());
    let groups = check_toolchain(&arguments.folder, &manifest, &store)?;
    match arguments.format {
        Format::Human => eprint!("{}", render_human(&groups)),
        Format::Json => print_data(&render_json(&groups)?)?,
    }
    Ok(if groups.is_empty() { Outcome::Clean } else { Outcome::Findings })
}
