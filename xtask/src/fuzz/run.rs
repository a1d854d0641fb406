//! One target's program, run for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use super::build::folder;
use super::seeds;
use super::target::Target;
use crate::step::tail;

/// Seconds that one input may take, and mebibytes. Debug assertions parse most files twice.
const LIMITS: [&str; 2] = ["-timeout=60", "-rss_limit_mb=3072"];

/// Where inputs that reach new code go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Corpus {
    /// To the next run, which starts from them.
    Kept,
    /// Away: each run does the same.
    Forgotten,
}

/// What a run did.
pub(crate) struct Figures {
    /// Inputs that were tried, the seeds among them.
    pub(crate) inputs: u64,
    /// Edges of the program's flow that some input reached.
    pub(crate) edges: u64,
    /// What the target had of a processor, which is less than what passed where others want it too.
    pub(crate) processor: Duration,
}

/// Runs a target from its seeds. Fails with the first input that crashes it, takes too long or too much memory.
pub(crate) fn fuzz(target: &Target, programs: &Path, time: Duration, corpus: Corpus) -> Result<Figures> {
    let seeds = seeds::collect(target)?;
    let kept = folder().join("corpus").join(target.name);
    let artifacts = folder().join("artifacts").join(target.name);
    for folder in [&kept, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    let mut program = program(target, programs);
    program.arg("-print_final_stats=1");
    program.arg(format!("-max_total_time={}", time.as_secs().max(1)));
    program.arg(format!("-artifact_prefix={}/", artifacts.display()));
    match corpus {
        Corpus::Kept => program.arg(&kept),
        Corpus::Forgotten => program.arg("-seed=1"),
    };
    let log = folder().join(format!("{}.log", target.name));
    let written = fs::File::create(&log).with_context(|| format!("cannot write `{}`", log.display()))?;
    let before = processor_time()?;
    let status = program.arg(&seeds).stdin(Stdio::null()).stdout(Stdio::null()).stderr(written).status();
    let status = status.with_context(|| format!("cannot run `{}`", target.name))?;
    let said = fs::read(&log).with_context(|| format!("cannot read `{}`", log.display()))?;
    let said = String::from_utf8_lossy(&said);
    if !status.success() {
        let input = said.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, file)| file);
        let hint = input
            .map(|input| format!("\n\nhint: run it again with `cargo xtask fuzz {} --input {input}`", target.name));
        bail!("target `{}` failed with {status}:\n{}{}", target.name, tail(&log, 30), hint.unwrap_or_default());
    }
    figures(&said, processor_time()?.saturating_sub(before))
        .with_context(|| format!("`{}` has no figures", log.display()))
}

/// Runs a target on one file, with its output.
pub(super) fn run_on(target: &Target, programs: &Path, input: &Path) -> Result<()> {
    let status = program(target, programs).arg(input).status();
    let status = status.with_context(|| format!("cannot run `{}`", target.name))?;
    if !status.success() {
        bail!("target `{}` failed on `{}` with {status}", target.name, input.display());
    }
    Ok(())
}

fn program(target: &Target, programs: &Path) -> Command {
    let mut program = Command::new(programs.join(target.name));
    program.args(LIMITS);
    // Trees and layers are unpacked some thousand times a second.
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        program.env("TMPDIR", memory);
    }
    program
}

/// What all programs that this one ran and waited for had of a processor.
fn processor_time() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot ask for the processor's time")?;
    let micros =
        [usage.user_time(), usage.system_time()].map(|time| u64::try_from(time.num_microseconds()).unwrap_or(0));
    Ok(Duration::from_micros(micros.iter().sum()))
}

/// Of the last status line, such as `#4096 DONE cov: 812 ft: 1200 …`, and of the statistics behind it.
fn figures(said: &str, processor: Duration) -> Option<Figures> {
    let inputs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    let words: Vec<&str> = said.lines().rev().find(|line| line.contains(" cov: "))?.split_whitespace().collect();
    let edges = words.iter().skip_while(|word| **word != "cov:").nth(1)?;
    Some(Figures { inputs: inputs.trim().parse().ok()?, edges: edges.parse().ok()?, processor })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Figures, figures};

    #[test]
    fn figures_are_those_of_the_end() {
        let said = "#2\tINITED cov: 10 ft: 11\n#4096\tDONE   cov: 812 ft: 1200 corp: 3/9b\n\
                    Done 4096 runs in 2 second(s)\nstat::number_of_executed_units: 4096\nstat::peak_rss_mb: 60\n";
        let second = Duration::from_secs(1);
        let Some(Figures { inputs, edges, processor }) = figures(said, second) else { panic!("no figures") };
        assert_eq!((inputs, edges, processor), (4096, 812, second));
        assert!(figures("INFO: Seed: 1\n", second).is_none());
    }
}
