//! `cargo xtask bench [NAME]`: whole processes against the named peers, in turn, in one run. Ratios count, not seconds.

mod check;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::lab::Lab;
use crate::root::Entry;
use crate::sandbox::Tools;

/// What `cargo xtask bench` takes.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// The benches to run; all of them if none is named
    #[arg(value_enum)]
    names: Vec<Name>,
}

/// A bench.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// `lre check` against `nix-store --check-validity` on the same store roots.
    Check,
}

/// Pairs of measurements.
const ROUNDS: usize = 9;
/// Processes in one measurement: one alone is shorter than the noise.
const REPEATS: usize = 20;

/// Runs the benches and prints a table for each.
pub(crate) fn run(options: &Options) -> Result<()> {
    let names = if options.names.is_empty() { Name::value_variants() } else { &options.names };
    let lab = Lab::open(Tools::Sandbox)?;
    for name in names {
        match name {
            Name::Check => check::run(&lab)?,
        }
    }
    Ok(())
}

/// Runs `ours` and `peer` (shell commands) in turn and prints medians and the median of the ratios.
fn compare(title: &str, ours: (&str, &dyn Fn() -> Entry), peer: (&str, &dyn Fn() -> Entry)) -> Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..=ROUNDS {
        rounds.push((measure(ours.1())?, measure(peer.1())?));
    }
    // The first round only warms caches.
    rounds.remove(0);
    let ratio = median(rounds.iter().map(|(ours, peer)| peer.as_secs_f64() / ours.as_secs_f64()).collect());
    let time = |times: Vec<f64>| median(times) * 1000.0 / REPEATS as f64;
    println!("\n{title}: medians of {ROUNDS} rounds in turn, {REPEATS} processes each\n");
    println!("| command | median, ms a process |\n|---|---|");
    println!("| `{}` | {:.2} |", ours.0, time(rounds.iter().map(|(ours, _)| ours.as_secs_f64()).collect()));
    println!("| `{}` | {:.2} |", peer.0, time(rounds.iter().map(|(_, peer)| peer.as_secs_f64()).collect()));
    println!("\nthe peer takes {ratio:.1} times as long");
    Ok(())
}

fn measure(entry: Entry) -> Result<Duration> {
    let start = Instant::now();
    let output = entry.build().output()?;
    if !output.status.success() {
        bail!("a measured command failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(start.elapsed())
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
