//! `lre regen`: writes a toolchain's folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::{Outcome, read_environment, read_text};
use crate::cc::probe::probe_cc;
use crate::generated_file::write_all;
use crate::manifest::{FILE_NAME, Manifest};
use crate::published::read_published_cc;
use crate::shell::quote_path;
use crate::store::Store;
use crate::store::database::query_nar_hashes;
use crate::toolchain::CcSource;
use crate::toolchain_path::PathPolicy;

/// Writes a toolchain's folder: BUILD files and the manifest `lre.json`.
///
/// Without `--env-json` and `--published` the BUILD files are written again from the manifest that is there.
#[derive(Debug, Args)]
pub struct RegenArguments {
    /// JSON list of `KEY=VALUE` strings: the toolchain's Env. Its `CC` is asked for everything else.
    #[arg(long, value_name = "FILE", conflicts_with = "published")]
    env_json: Option<PathBuf>,
    /// Published facts about a toolchain that is not on this machine.
    #[arg(long, value_name = "FACTS")]
    published: Option<PathBuf>,
    /// Allow absolute paths outside the store, as a classic Debian image has them. Nothing can check that two machines
    /// have the same bytes there: such a toolchain is for workers that run that image.
    #[arg(long, requires = "env_json")]
    allow_non_store: bool,
    /// The folder to write.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The toolchain's name: its repository is `@lre_<NAME>`.
    #[arg(long, default_value = "cc", requires = "env_json")]
    name: String,
    /// Look for store paths in the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
/// If an input is refused, the compiler does not answer or a file cannot be written. No file is changed then.
pub fn run(arguments: &RegenArguments) -> anyhow::Result<Outcome> {
    let store = Store::new(arguments.store.clone());
    if let Some(owner) = owner(&arguments.out) {
        anyhow::bail!(
            "`{}` lies inside the toolchain's folder `{}`\n\nhint: name that with `--out {}`, or a folder beside it",
            arguments.out.display(),
            owner.display(),
            quote_path(owner)
        );
    }
    let files = if let Some(path) = &arguments.env_json {
        let environment = read_environment(path)?.allowing(PathPolicy::new(arguments.allow_non_store));
        let probe = probe_cc(&store, &environment)?;
        let name = arguments.name.clone();
        let source = CcSource { name, environment, probe, pin: Default::default(), image: None };
        let known = query_nar_hashes(&store, &source.store_roots()?);
        if let Some(warning) = &known.warning {
            eprintln!("warning: {warning}");
        }
        source.generate(|root| known.hashes.get(root).cloned().flatten())?
    } else if let Some(path) = &arguments.published {
        let source =
            read_published_cc(&read_text(path)?).with_context(|| format!("cannot use `{}`", path.display()))?;
        source.generate(|_| None)?
    } else {
        let manifest = read_manifest(&arguments.out, &store, "lre regen --out")?;
        let recorded = |root: &_| manifest.store_roots.iter().find(|known| known.path == *root)?.nar_hash.clone();
        CcSource::from_manifest(&manifest)?.generate(recorded)?
    };
    let written = write_all(&arguments.out, &files)?;
    for name in &written {
        eprintln!("wrote {}", arguments.out.join(name).display());
    }
    if written.is_empty() {
        eprintln!("`{}` is up to date", arguments.out.display());
    }
    Ok(Outcome::Clean)
}

/// The toolchain's folder that `path` lies in.
fn owner(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|owner| owner.join(FILE_NAME).is_file())
}

/// Reads the manifest of a toolchain's folder, for a command that takes the folder as its last word.
///
/// # Errors
/// If it is absent or not usable; the error says how to write one.
pub(super) fn read_manifest(folder: &Path, store: &Store, command: &str) -> anyhow::Result<Manifest> {
    let text = read_manifest_text(folder, store, command)?;
    Manifest::from_json(&text).with_context(|| format!("cannot use `{}`", folder.join(FILE_NAME).display()))
}

/// Reads the manifest's text.
///
/// # Errors
/// If it is absent; the error says how to write one.
pub(super) fn read_manifest_text(folder: &Path, store: &Store, command: &str) -> anyhow::Result<String> {
    if folder.is_file() {
        let hint = match owner(folder) {
            Some(owner) => format!("name the folder with `{command} {}`", quote_path(owner)),
            None => format!("name the folder that `lre regen --out` wrote; it has a `{FILE_NAME}`"),
        };
        anyhow::bail!("`{}` is a file, not a toolchain's folder\n\nhint: {hint}", folder.display());
    }
    let path = folder.join(FILE_NAME);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let hint = match owner(folder) {
                Some(owner) => format!("name the folder with `{command} {}`", quote_path(owner)),
                None => {
                    let (option, folder) = (store.option(), quote_path(folder));
                    format!("write one with `lre regen{option} --env-json env.json --out {folder}`")
                }
            };
            anyhow::bail!("`{}` has no manifest `{FILE_NAME}`\n\nhint: {hint}", folder.display())
        }
        other => other.with_context(|| format!("cannot read `{}`", path.display())),
    }
}
