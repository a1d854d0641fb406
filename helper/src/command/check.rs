//! `lre check`: compares a toolchain's folder with the store.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::progress_bar::ProgressBar;
use super::regen::read_manifest;
use super::{Outcome, print_data};
use crate::check::{Checked, check_toolchain};
use crate::diagnostic::github::render_github;
use crate::diagnostic::sarif::render_sarif;
use crate::diagnostic::{render_human, render_json};
use crate::manifest::Manifest;
use crate::store::command::realise;
use crate::store::database::{Validity, query_validity};
use crate::store::{Store, StoreRoot, require_store_dir};

/// Checks that a toolchain's folder is as generated and that its store paths are on this machine. Writes nothing.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The folder that holds `lre.json`.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Look for store paths in the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Leave the store alone: check the files against the manifest, their syntax, and that the manifest lists every
    /// store path in them. For machines that build remotely only.
    #[arg(long, conflicts_with_all = ["store", "deep", "realise"])]
    no_store: bool,
    /// Hash the bytes of every store root, and of everything that they refer to, on all cores.
    #[arg(long)]
    deep: bool,
    /// Let Nix fetch or build the store roots that are missing, with `nix-store --realise`, before anything is checked.
    #[arg(long)]
    realise: bool,
    /// Print `lre check: clean` to stdout if nothing is found: Bazel's fetch tells a check by it from any program that
    /// ends with 0.
    #[arg(long)]
    confirm: bool,
    /// `human` prints to stderr; `json`, `sarif` (2.1.0) and `github` (annotations) print to stdout.
    #[arg(long, value_enum, default_value_t = Format::Human, conflicts_with = "confirm")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
    Github,
    Sarif,
}

/// Runs the subcommand.
///
/// # Errors
/// If the manifest cannot be read, or `NIX_STORE_DIR` names another store than the manifest.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    let store = Store::new(arguments.store.clone());
    let options = [("--no-store", arguments.no_store), ("--deep", arguments.deep), ("--realise", arguments.realise)];
    let options: String = options.iter().filter(|(_, given)| *given).map(|(name, _)| format!(" {name}")).collect();
    let command = format!("lre check{}{options}", store.option());
    let manifest = read_manifest(&arguments.folder, &store, &command)?;
    if !arguments.no_store {
        require_store_dir(std::env::var_os("NIX_STORE_DIR").as_deref())?;
    }
    if arguments.realise {
        realise_missing(&store, &manifest);
    }
    let bar = ProgressBar::default();
    let show = |done, total| bar.show(done, total);
    let Checked { groups, notes } = check_toolchain(
        &arguments.folder,
        &manifest,
        (!arguments.no_store).then_some(&store),
        arguments.deep.then_some(&show),
    );
    bar.clear();
    for note in notes {
        eprintln!("note: {note}");
    }
    match arguments.format {
        Format::Human => eprint!("{}", render_human(&groups)),
        Format::Json => print_data(&render_json(&groups)?)?,
        Format::Github => print_data(&render_github(&arguments.folder, &groups))?,
        Format::Sarif => print_data(&render_sarif(&arguments.folder, &groups)?)?,
    }
    let mut findings = groups.iter().flat_map(|group| &group.findings);
    Ok(if groups.is_empty() {
        if arguments.confirm {
            print_data("lre check: clean\n")?;
        }
        Outcome::Clean
    } else if findings.any(|finding| finding.kind.hides_findings()) {
        Outcome::Incomplete
    } else {
        Outcome::Findings
    })
}

/// Asks Nix for the roots that are not on disk or not valid. What it cannot get is a finding of the check.
fn realise_missing(store: &Store, manifest: &Manifest) {
    let roots: Vec<StoreRoot> = manifest.store_roots.iter().map(|recorded| recorded.path.clone()).collect();
    let validity = query_validity(store, &roots);
    let is_usable = |root: &StoreRoot| store.has_root(root) && validity.get(root) != Some(&Validity::Invalid);
    let missing: Vec<StoreRoot> = roots.into_iter().filter(|root| !is_usable(root)).collect();
    if missing.is_empty() {
        return;
    }
    if let Err(reason) = realise(store, &missing) {
        eprintln!("warning: {reason}");
    }
}
