//! `cargo xtask fuzz`: runs the targets of `fuzz/` for as long as is asked, and prints what they tried.
//!
//! libFuzzer needs coverage from the compiler. Its pass is in every rustc, the stable one too; only sanitizers need a
//! nightly one, and find little in crates without `unsafe`. What cargo-fuzz does beyond that is the flags below.

mod build;
mod run;
mod seeds;
mod target;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

pub(crate) use build::build;
pub(crate) use run::{Corpus, Figures, fuzz};
pub(crate) use target::{TARGETS, Target};

/// What `cargo xtask fuzz` takes.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// The targets to run; all of them if none is named
    #[arg(value_parser = target::names())]
    targets: Vec<String>,
    /// How long each of them runs
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Run one target on this input alone, such as one that an earlier run failed on
    #[arg(long, value_name = "FILE", conflicts_with = "minutes")]
    input: Option<PathBuf>,
}

/// Runs the targets one after the other, and prints a row for each.
pub(crate) fn run(options: &Options) -> Result<()> {
    let is_meant =
        |target: &&Target| options.targets.is_empty() || options.targets.iter().any(|name| name == target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(is_meant).collect();
    let programs = build()?;
    if let Some(input) = &options.input {
        let [target] = targets[..] else {
            bail!(
                "`--input` needs the one target that the file is for\n\nhint: name it, as in `cargo xtask fuzz nar --input FILE`"
            );
        };
        return run::run_on(target, &programs, input);
    }
    println!(
        "| target | minutes | of a processor, s | inputs tried | code reached | crashes |\n|---|---|---|---|---|---|"
    );
    let mut failures = Vec::new();
    for target in targets {
        match fuzz(target, &programs, Duration::from_secs(60 * options.minutes), Corpus::Kept) {
            Ok(Figures { inputs, edges, processor }) => {
                let (name, minutes, processor) = (target.name, options.minutes, processor.as_secs());
                println!("| `{name}` | {minutes} | {processor} | {inputs} | {edges} | 0 |");
            }
            Err(error) => {
                println!("| `{}` | | | | | 1 |", target.name);
                failures.push(format!("{error:#}"));
            }
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(())
}
