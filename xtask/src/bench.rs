//! `cargo xtask bench [NAME]`: whole processes against the named peers, in turn, in one run. Ratios count, not seconds.

mod check;
mod deep;
mod explain;
mod fetch;
mod image;
mod limits;
mod parity;
mod regen;
mod scale;
mod starlark;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::engine::EngineKind;
use crate::lab::Lab;
use crate::root::Entry;
use crate::sandbox::Tools;

/// What `cargo xtask bench` takes.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// The benches to run; all of them if none is named
    #[arg(value_enum)]
    names: Vec<Name>,
    /// Build through this engine
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

/// A bench.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// `lre check` and its parts against `nix-store` and buildifier on the same store roots and files.
    Check,
    /// `lre image build` against `tar`, compressors and umoci on the same store roots.
    Image,
    /// `lre regen` against Bazel's own configuration of the same compiler.
    Regen,
    /// `lre explain` on pairs of logs of up to a million actions each, against `zstd -dc`.
    Explain,
    /// A thousand checks, and the memory of each command on 10 and 100 times its usual input.
    Limits,
    /// The demo's builds on 100 and 1,000 generated actions, and a cached build against Bazel's disk cache.
    Parity,
    /// What an action needs of an engine, and how many look-ups an engine answers.
    Scale,
}

/// What one file of benches does.
type Bench = fn(&Lab) -> Result<Vec<Measured>>;

/// Pairs of measurements.
const ROUNDS: usize = 7;
/// Processes in one measurement: one alone is shorter than the noise.
const REPEATS: usize = 20;

/// Runs the benches and prints a table for each.
pub(crate) fn run(options: &Options) -> Result<()> {
    let names = if options.names.is_empty() { Name::value_variants() } else { &options.names };
    let lab = Lab::open(Tools::Sandbox, options.engine)?;
    let mut missed = Vec::new();
    for name in names {
        let benches: &[Bench] = match name {
            Name::Check => &[check::run, starlark::run, deep::run, fetch::run],
            Name::Image => &[image::run],
            Name::Regen => &[regen::run],
            Name::Explain => &[explain::run],
            Name::Limits => &[limits::run],
            Name::Parity => &[parity::run],
            Name::Scale => &[scale::run],
        };
        for bench in benches {
            missed.extend(bench(&lab)?.into_iter().filter(|measured| !measured.is_met));
        }
    }
    if missed.is_empty() {
        return Ok(());
    }
    let missed: Vec<String> = missed.into_iter().map(|measured| measured.text).collect();
    bail!("{} of the targets are missed: {}", missed.len(), missed.join("; "))
}

/// What a comparison says, and whether that is its target.
struct Measured {
    is_met: bool,
    text: String,
}

/// A command as it is called in the table, and how it is run. Each run is `processes` of them.
struct Side<'a> {
    name: &'a str,
    entry: &'a dyn Fn() -> Entry,
}

/// Compares two commands.
fn compare(title: &'static str, target: f64, processes: usize, ours: &Side<'_>, peer: &Side<'_>) -> Result<Measured> {
    let rounds = rounds(&|| run_entry((ours.entry)()), &|| run_entry((peer.entry)()))?;
    report(title, target, processes, (ours.name, peer.name), &rounds)
}

/// The same for what is more than one command. A run is one process.
fn compare_by(
    title: &'static str,
    target: f64,
    ours: (&str, &dyn Fn() -> Result<()>),
    peer: (&str, &dyn Fn() -> Result<()>),
) -> Result<Measured> {
    report(title, target, 1, (ours.0, peer.0), &rounds(ours.1, peer.1)?)
}

/// Runs both sides in turn.
fn rounds(ours: &dyn Fn() -> Result<()>, peer: &dyn Fn() -> Result<()>) -> Result<Vec<(Duration, Duration)>> {
    let mut rounds = Vec::new();
    for _ in 0..=ROUNDS {
        rounds.push((measure(ours)?, measure(peer)?));
    }
    // The first round only warms caches.
    rounds.remove(0);
    Ok(rounds)
}

/// Prints medians and the median of the ratios.
fn report(
    title: &'static str,
    target: f64,
    processes: usize,
    names: (&str, &str),
    rounds: &[(Duration, Duration)],
) -> Result<Measured> {
    let actual = median(rounds.iter().map(|(ours, peer)| peer.as_secs_f64() / ours.as_secs_f64()).collect());
    let time = |times: Vec<f64>| median(times) * 1000.0 / processes as f64;
    println!("\n{title}: medians of {ROUNDS} rounds in turn, processes in each: {processes}\n");
    println!("| command | median, ms a process |\n|---|---|");
    println!("| `{}` | {:.2} |", names.0, time(rounds.iter().map(|(ours, _)| ours.as_secs_f64()).collect()));
    println!("| `{}` | {:.2} |", names.1, time(rounds.iter().map(|(_, peer)| peer.as_secs_f64()).collect()));
    let is_met = actual >= target;
    let word = if is_met { "met" } else { "missed" };
    let text = format!("{title}: the peer takes {actual:.1} times as long, and the target of {target} is {word}");
    println!("\n{text}");
    Ok(Measured { is_met, text })
}

fn measure(work: &dyn Fn() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn run_entry(entry: Entry) -> Result<()> {
    let output = entry.build().output()?;
    if !output.status.success() {
        bail!("a measured command failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn median_is_the_middle_value_in_any_order() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
    }
}
