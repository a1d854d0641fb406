//! `lre explain` on generated pairs of logs: time, memory, growth; decoding against `zstd -dc` of the same file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Measured, report, rounds, run_entry};
use crate::lab::{Lab, build_with_cargo};
use crate::sandbox::debian::install_packages;
use crate::step::Attempts;

/// Actions in each log of a pair.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];

/// The first log of each pair, and those that it is compared with. Of a million actions, those of the third build miss for
/// ten thousand causes.
const FIRST: &str = "first";
const OTHERS: [(&str, &str); 2] = [("second", "12 in a hundred miss"), ("third", "98 in a hundred miss")];

/// What a pair of the largest size may take.
const SECONDS: f64 = 60.0;
const MEBIBYTES: f64 = 2048.0;

/// How much longer an action may take in the largest pair than in a smaller one. In all of them actions are of the same kind.
const GROWTH: f64 = 1.5;

/// Of so many runs the fastest counts: whatever else the machine does makes a run of a tenth of a second twice as long.
const ROUNDS: u32 = 3;

/// A finished run.
struct Run {
    time: Duration,
    /// The most memory that it had.
    kibibytes: u64,
}

/// Generates the logs, explains each pair and compares the decoding of the largest log with its decompression.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let sandbox = &lab.sandbox;
    let folder = sandbox.services.directory().join("lre-bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let result = install_packages("services: zstd", &sandbox.services, &sandbox.steps, &["zstd"])
        .and_then(|()| run_in(lab, &folder));
    fs::remove_dir_all(&folder)?;
    result
}

/// Builds a program of the package `lre`, and returns where it is.
pub(super) fn release(lab: &Lab, flags: &[&str], name: &str) -> Result<PathBuf> {
    let step = format!("{name} (release)");
    lab.sandbox.steps.run(&step, Attempts::Once, |log| build_with_cargo(flags, "release", name, log))
}

fn run_in(lab: &Lab, folder: &Path) -> Result<Vec<Measured>> {
    let helper = release(lab, &["--release", "--bin", "lre"], "lre")?;
    let generator = release(lab, &["--release", "--example", "synthetic_log"], "examples/synthetic_log")?;
    let generate = |build: &str, size: u32| -> Result<PathBuf> {
        let file = folder.join(format!("{build}-{size}.log"));
        let status = Command::new(&generator).arg(build).arg(size.to_string()).arg(&file).status()?;
        if !status.success() {
            bail!("cannot generate `{}`", file.display());
        }
        Ok(file)
    };
    let firsts = SIZES.into_iter().map(|size| generate(FIRST, size)).collect::<Result<Vec<_>>>()?;
    let mut measured = Vec::new();
    for (other, what) in OTHERS {
        println!(
            "\nexplain: pairs of logs, {what}\n\n\
             | actions in each log | MiB in both | s | µs an action | peak MiB |\n|---|---|---|---|---|"
        );
        let mut runs = Vec::new();
        for (size, first) in SIZES.into_iter().zip(&firsts) {
            let files = [first.clone(), generate(other, size)?];
            let mut bytes = 0;
            for file in &files {
                bytes += fs::metadata(file)?.len();
            }
            let run = fastest(&helper, &files)?;
            let (seconds, each) = (run.time.as_secs_f64(), run.microseconds(size));
            println!("| {size} | {} | {seconds:.2} | {each:.1} | {} |", bytes >> 20, run.kibibytes >> 10);
            fs::remove_file(&files[1])?;
            runs.push((size, run));
        }
        let [smaller @ .., (size, largest)] = runs.as_slice() else { bail!("there are three sizes") };
        #[expect(clippy::cast_precision_loss, reason = "no machine has 2⁵² KiB")]
        let mebibytes = largest.kibibytes as f64 / 1024.0;
        let best = smaller.iter().map(|(size, run)| run.microseconds(*size)).fold(f64::INFINITY, f64::min);
        let growth = largest.microseconds(*size) / best;
        measured.extend([
            limit(&format!("seconds of the largest pair, {what}"), largest.time.as_secs_f64(), SECONDS),
            limit(&format!("MiB of the largest pair, {what}"), mebibytes, MEBIBYTES),
            limit(&format!("growth of the time for an action, {what}"), growth, GROWTH),
        ]);
    }
    let [.., largest] = SIZES;
    measured.push(decoding(lab, &helper, &folder.join(format!("{FIRST}-{largest}.log")))?);
    Ok(measured)
}

impl Run {
    /// For each of so many actions.
    fn microseconds(&self, actions: u32) -> f64 {
        1e6 * self.time.as_secs_f64() / f64::from(actions)
    }
}

fn limit(what: &str, actual: f64, limit: f64) -> Measured {
    let is_met = actual <= limit;
    let word = if is_met { "kept" } else { "exceeded" };
    let text = format!("explain: {what}: {actual:.2}, and the limit of {limit} is {word}");
    println!("\n{text}");
    Measured { is_met, text }
}

/// `lre explain` of one log reads it and looks at each action once.
fn decoding(lab: &Lab, helper: &Path, log: &Path) -> Result<Measured> {
    let name = log.file_name().context("a log has a name")?.to_string_lossy().into_owned();
    let ours = || explain(helper, &[log.to_owned()]).map(drop);
    let peer = || {
        let script = format!("zstd -dc /lre-bench/{name} >/dev/null");
        run_entry(lab.sandbox.services.command("bash").args(["-c", &script]))
    };
    let rounds = rounds(&ours, &peer)?;
    report("explain, decoding alone", 0.5, 1, ("lre explain A", "zstd -dc A >/dev/null"), &rounds)
}

/// The shortest time of a few runs, and the most memory.
fn fastest(helper: &Path, logs: &[PathBuf]) -> Result<Run> {
    let mut best = explain(helper, logs)?;
    for _ in 1..ROUNDS {
        let run = explain(helper, logs)?;
        best = Run { time: best.time.min(run.time), kibibytes: best.kibibytes.max(run.kibibytes) };
    }
    Ok(best)
}

fn explain(helper: &Path, logs: &[PathBuf]) -> Result<Run> {
    let start = Instant::now();
    let mut child = Command::new(helper).arg("explain").args(logs).stdout(Stdio::null()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut kibibytes = 0;
    let code = loop {
        // The kernel keeps the highest mark, so that only the last few milliseconds may be unseen.
        kibibytes = fs::read_to_string(&status).ok().and_then(|text| peak(&text)).unwrap_or(kibibytes);
        if let Some(code) = child.try_wait()? {
            break code;
        }
        thread::sleep(Duration::from_millis(2));
    };
    // All are misses, or some.
    if code.code() != Some(1) {
        bail!("`lre explain` ended with {code}");
    }
    Ok(Run { time: start.elapsed(), kibibytes })
}

/// The highest mark of the memory of a process.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::peak;

    #[test]
    fn highest_mark_is_read() {
        assert_eq!(peak("Name:\tlre\nVmHWM:\t    1084 kB\nVmRSS:\t 900 kB\n"), Some(1084));
    }
}
