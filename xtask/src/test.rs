//! `cargo xtask test`: every check there is, or the named groups. The last line reads `N passed, N failed`.

mod bazel;
pub(crate) mod case;
mod cli;
mod deploy;
mod faults;
mod fmt;
mod fuzz;
mod image;
mod nix;
mod robust;
mod unit;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::engine::{EngineKind, nativelink};
use crate::lab::Lab;
use crate::sandbox::Tools;
use case::Tally;

/// What `cargo xtask test` takes.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// The groups to run; all of them if none is named
    #[arg(value_enum)]
    groups: Vec<Group>,
    /// Of the group `bazel`, run only the parts with this text in their names
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Build through this engine
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

/// A group of checks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Debug)]
enum Group {
    /// rustfmt, clippy and buildifier; dependencies and workflows.
    Fmt,
    /// Unit and golden tests of both crates.
    Unit,
    /// The real `lre` in a temporary folder: complete output and status.
    Cli,
    /// A few seconds of each fuzz target.
    Fuzz,
    /// The documents: pages written from the sources, the commands of README and quick start.
    Docs,
    /// The flake, its module and its script; the custom toolchain and its store.
    Nix,
    /// Toolchains from images that are made here.
    Image,
    /// The deployment: overlays against schemas and manifests, the script for a local cluster.
    Deploy,
    /// Kills and failures at every write, full disks, wrong clocks, no network.
    Robust,
    /// What a build and a cache survive, with each engine.
    Faults,
    /// The demo, its sabotages, and everything that a user sees of Bazel.
    Bazel,
}

/// Runs the groups and prints the tally.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut groups = options.groups.clone();
    if groups.is_empty() {
        groups.extend(Group::value_variants());
    }
    groups.sort_unstable();
    groups.dedup();
    if options.engine == EngineKind::Nativelink {
        nativelink::binary()?;
    }
    let mut tally = Tally::default();
    let mut lab: Option<Lab> = None;
    for group in groups {
        let start = Instant::now();
        println!("{}", name(group));
        let result = run_group(group, options, &mut lab, &mut tally);
        if let Err(error) = result {
            tally.fail("set-up of this group", &error);
        }
        println!("{}: {:.0} s\n", name(group), start.elapsed().as_secs_f64());
    }
    drop(lab);
    for what in &tally.not_tried {
        println!("not tried: {what}");
    }
    println!("{tally}");
    if tally.failed > 0 || tally.passed == 0 {
        // The last line stays the tally.
        std::process::exit(1);
    }
    Ok(())
}

fn name(group: Group) -> String {
    format!("{group:?}").to_lowercase()
}

fn run_group(group: Group, options: &Options, lab: &mut Option<Lab>, tally: &mut Tally) -> Result<()> {
    let engine = options.engine;
    match group {
        Group::Unit => unit::run(tally),
        Group::Cli => cli::run(tally),
        Group::Fuzz => fuzz::run(tally),
        Group::Fmt => fmt::run(tally, open(lab, engine)?),
        Group::Docs => crate::docs::check(tally, open(lab, engine)?),
        Group::Nix => nix::run(tally, open(lab, engine)?),
        Group::Image => image::run(tally, open(lab, engine)?),
        Group::Deploy => deploy::run(tally, open(lab, engine)?),
        Group::Robust => robust::run(tally, open(lab, engine)?),
        Group::Faults => faults::run(tally, open(lab, engine)?),
        Group::Bazel => bazel::run(tally, options, lab),
    }
}

/// The one lab that all groups share.
fn open(lab: &mut Option<Lab>, engine: EngineKind) -> Result<&mut Lab> {
    if lab.is_none() {
        *lab = Some(Lab::open(Tools::Sandbox, engine)?);
    }
    match lab {
        Some(lab) => Ok(lab),
        None => bail!("there is no lab"),
    }
}
