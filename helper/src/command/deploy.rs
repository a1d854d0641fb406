//! `lre deploy render`: writes an engine's configuration, or says how it differs from what it would write.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::toolchain_folder::read_manifest;
use super::{Outcome, print_data};
use crate::deploy::render_deployment;
use crate::generated_folder::FolderPlan;
use crate::manifest::Manifest;
use crate::shell::quote_words;
use crate::store::Store;

/// Configures a remote-execution engine for toolchains.
#[derive(Debug, Subcommand)]
pub enum DeployVerb {
    /// Writes the configuration, or compares it.
    Render(RenderArguments),
}

/// Writes NativeLink's configuration and the workers of the Kubernetes base.
///
/// All values come from the manifests: what a worker offers and what the scheduler matches, images, and files.
#[derive(Debug, Args)]
pub struct RenderArguments {
    /// A toolchain's folder, which holds `lre.json`. Given several times, there is a worker for each; the first one's is
    /// `worker.json5`.
    #[arg(long = "manifest", value_name = "DIR", required = true)]
    manifests: Vec<PathBuf>,
    /// The folder to write. Files in it that have other names stay.
    #[arg(long, value_name = "DIR", default_value = "deploy")]
    out: PathBuf,
    /// What to do where a file differs.
    #[arg(long, value_enum, default_value_t = Mode::Write)]
    mode: Mode,
}

/// What becomes of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Write the files.
    Write,
    /// Print a diff and the command that writes, and exit with 1.
    Check,
}

/// Runs the subcommand.
///
/// # Errors
/// If a manifest cannot be used or a file cannot be written. No file is changed then.
pub fn run(verb: &DeployVerb) -> anyhow::Result<Outcome> {
    let DeployVerb::Render(arguments) = verb;
    let read = |folder: &PathBuf| read_manifest(folder, &Store::new(None), "lre deploy render --manifest");
    let manifests = arguments.manifests.iter().map(read).collect::<anyhow::Result<Vec<Manifest>>>()?;
    let files = render_deployment(&manifests)?;
    let plan = FolderPlan::new(&arguments.out, &files)?;
    let out = arguments.out.display();
    if plan.is_empty() {
        eprintln!("`{out}` is up to date");
        return Ok(Outcome::Clean);
    }
    if arguments.mode == Mode::Check {
        print_data(&plan.render_diff())?;
        let (differing, all) = (plan.names().count(), files.len());
        eprintln!(
            "error: generated files in `{out}` are not as they should be: {differing} of {all}\n\n\
             hint: write them with `{}`",
            command(arguments)
        );
        return Ok(Outcome::Findings);
    }
    let written = plan.write()?;
    for name in &written.files {
        eprintln!("wrote {}", arguments.out.join(name).display());
    }
    if let Some(warning) = written.warning {
        eprintln!("warning: {warning}; a kill between two of them would have left a mixture");
    }
    Ok(Outcome::Clean)
}

/// The command that writes what was missed.
fn command(arguments: &RenderArguments) -> String {
    let mut words: Vec<String> = ["lre", "deploy", "render"].map(str::to_owned).into();
    for folder in &arguments.manifests {
        words.extend(["--manifest".to_owned(), folder.display().to_string()]);
    }
    words.extend(["--out".to_owned(), arguments.out.display().to_string()]);
    quote_words(words)
}
