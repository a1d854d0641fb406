//! `lre explain`: why a build did not hit the cache.

use std::path::{Component, Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};

use super::execution_log::{read_execution_log, read_outcomes_of};
use super::max_memory::MaxMemory;
use super::progress_bar::Waiting;
use super::toolchain_folder::{parser, read_manifest};
use super::{Outcome, print_data};
use crate::execlog::{Log, Pool};
use crate::explain::bytes::describe_difference;
use crate::explain::html::{self, render_html};
use crate::explain::human::{self, render_human};
use crate::explain::json::render_json;
use crate::explain::{Cause, Limits, Report, RootCause, explain, explain_one};
use crate::store::Store;

/// Says why actions of a build were not cache hits, from execution logs in any of Bazel's three formats.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The log of the build that filled the cache; alone, the log that is explained.
    #[arg(value_name = "A")]
    first: PathBuf,
    /// The log of the build that should have hit.
    #[arg(value_name = "B")]
    second: Option<PathBuf>,
    /// A toolchain's folder, or the `lre.json` in it: the report then says which build left the pinned toolchain.
    #[arg(long, value_name = "DIR", value_parser = parser())]
    manifest: Option<PathBuf>,
    /// Say where outputs of actions that are not deterministic differ: A_DIR and B_DIR are what each build left, as
    /// copies of the folder that holds `bazel-out`.
    #[arg(long, num_args = 2, value_names = ["A_DIR", "B_DIR"], requires = "second")]
    bytes: Option<Vec<PathBuf>>,
    /// All print to stdout; `html` is one page that needs no other file.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// End with 0 if at least N in a hundred actions were hits. Without it, all have to be.
    #[arg(long, value_name = "N", default_value_t = 100.0, value_parser = percent)]
    fail_under: f64,
    /// How much memory may be taken, in MiB, 64 at least; the text of the report is not counted.
    #[arg(long, value_name = "MIB", default_value_t = MaxMemory::DEFAULT)]
    max_memory: MaxMemory,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
    Html,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err(format!("{text} is not between 0 and 100")) }
}

/// Runs the subcommand.
///
/// # Errors
/// If a log or the manifest cannot be read, or a log has no action.
pub fn run(arguments: &ExplainArguments) -> anyhow::Result<Outcome> {
    let folder = arguments.manifest.as_deref();
    let manifest =
        folder.map(|folder| read_manifest(folder, &Store::new(None), "lre explain --manifest")).transpose()?;
    let mut pool = Pool::default();
    let limit = arguments.max_memory;
    let by: Reader = if arguments.second.is_some() { read_execution_log } else { read_outcomes_of };
    let first = read(&arguments.first, by, &mut pool, limit)?;
    let second = match &arguments.second {
        Some(file) => Some(read(file, by, &mut pool, limit)?),
        None => None,
    };
    let named = match arguments.format {
        Format::Human => human::NAMED,
        Format::Json => usize::MAX,
        Format::Html => html::NAMED,
    };
    let limits = Limits { memory: limit.countable(), named };
    let report = match &second {
        Some(second) => explain(&pool, &first, second, limits),
        None => explain_one(&pool, &first, limits),
    };
    let mut report = report.map_err(|error| anyhow!("cannot explain the misses: {error}\n\n{}", limit.hint()))?;
    if let Some([first, second]) = arguments.bytes.as_deref() {
        compare_outputs(&mut report, first, second)?;
    }
    let text = match arguments.format {
        Format::Human => render_human(&report, manifest.as_ref()),
        Format::Json => render_json(&report, manifest.as_ref())?,
        Format::Html => render_html(&report, &pool, manifest.as_ref()),
    };
    print_data(&text)?;
    let is_reached = report.total().reach(arguments.fail_under);
    drop(report);
    // The process ends: the system takes a gigabyte back faster than it can be handed over piece by piece.
    std::mem::forget((pool, first, second));
    Ok(if is_reached { Outcome::Clean } else { Outcome::Findings })
}

/// What reads a log into a pool, within so much memory.
type Reader = fn(&Path, &mut Pool, MaxMemory) -> anyhow::Result<Log>;

/// Reads a log as `by` does, which has to have actions.
fn read(file: &Path, by: Reader, pool: &mut Pool, limit: MaxMemory) -> anyhow::Result<Log> {
    let waiting = Waiting::with(&format!("reading `{}`", file.display()));
    let log = by(file, pool, limit)?;
    drop(waiting);
    if log.spawns.is_empty() {
        bail!(
            "`{}` has no action\n\n\
             hint: what Bazel's own action cache has is not logged: run `bazel clean` before the build",
            file.display()
        );
    }
    Ok(log)
}

/// Notes where the outputs differ of actions that are not deterministic.
fn compare_outputs(report: &mut Report<'_>, first: &Path, second: &Path) -> anyhow::Result<()> {
    for folder in [first, second] {
        if !folder.is_dir() {
            bail!(
                "`{}` is no folder\n\nhint: copy what `bazel info execution_root` names after each build",
                folder.display()
            );
        }
    }
    for RootCause { cause, notes, .. } in &mut report.causes {
        let Cause::NotDeterministic { outputs } = cause else { continue };
        for output in outputs.iter() {
            // A log could name any file of this machine.
            let is_below = Path::new(output).components().all(|part| matches!(part, Component::Normal(_)));
            let sides =
                [first, second].map(|folder| if is_below { std::fs::read(folder.join(output)).ok() } else { None });
            notes.push(match sides {
                [Some(one), Some(other)] => describe_difference(output, &one, &other),
                _ => format!("`{output}` is not a file in both folders"),
            });
        }
    }
    Ok(())
}
