//! Steps of set-up and of the demo: one line each with its time, kept results, and patience with the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// Pauses between the attempts of a step that uses the network.
const PATIENCE: [Duration; 3] = [Duration::from_secs(3), Duration::from_secs(12), Duration::from_secs(45)];

/// How often a step is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// Local work: a failure is final.
    Once,
    /// Work that needs a package registry: a hiccup there must not fail the run.
    Patient,
}

/// Runs steps, prints a line for each, and remembers the ones that are done.
pub struct Steps {
    stamps: PathBuf,
    logs: PathBuf,
}

impl Steps {
    /// Steps whose stamps and logs lie under `directory`.
    pub fn new(directory: &Path) -> Result<Self> {
        let steps = Self { stamps: directory.join("stamps"), logs: directory.join("logs") };
        for directory in [&steps.stamps, &steps.logs] {
            fs::create_dir_all(directory).with_context(|| format!("cannot create `{}`", directory.display()))?;
        }
        Ok(steps)
    }

    /// Where the output of step `name` goes.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{}.log", name.replace([' ', '/', ':'], "-")))
    }

    /// Runs `work` unless it already succeeded for the same `key`; `key` is everything that the result depends on.
    pub fn keep(&self, name: &str, key: &str, attempts: Attempts, work: impl Fn(&Path) -> Result<()>) -> Result<bool> {
        let stamp = self.stamp(name);
        let digest = format!("{:x}", Sha256::digest(key));
        if fs::read_to_string(&stamp).is_ok_and(|kept| kept == digest) {
            return Ok(false);
        }
        self.run(name, attempts, work)?;
        fs::write(&stamp, digest).with_context(|| format!("cannot write `{}`", stamp.display()))?;
        Ok(true)
    }

    /// Makes the next [`Self::keep`] of this step run.
    pub fn forget(&self, name: &str) -> Result<()> {
        let stamp = self.stamp(name);
        if stamp.exists() {
            fs::remove_file(&stamp).with_context(|| format!("cannot remove `{}`", stamp.display()))?;
        }
        Ok(())
    }

    fn stamp(&self, name: &str) -> PathBuf {
        self.stamps.join(name.replace([' ', '/', ':'], "-"))
    }

    /// Runs `work` and prints a line with its time. `work` gets the step's log file.
    pub fn run<T>(&self, name: &str, attempts: Attempts, work: impl Fn(&Path) -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let log = self.log(name);
        fs::write(&log, "").with_context(|| format!("cannot write `{}`", log.display()))?;
        let pauses = if attempts == Attempts::Patient { &PATIENCE[..] } else { &[] };
        let mut pauses = pauses.iter();
        loop {
            match work(&log) {
                Ok(value) => {
                    line(name, start.elapsed(), "");
                    return Ok(value);
                }
                Err(error) => match pauses.next() {
                    Some(pause) => {
                        eprintln!("  {name}: {error:#}; trying again in {} s", pause.as_secs());
                        thread::sleep(*pause);
                    }
                    None => {
                        return Err(error).with_context(|| format!("step `{name}` failed (log: `{}`)", log.display()));
                    }
                },
            }
        }
    }
}

/// Prints the line of a step.
pub fn line(name: &str, time: Duration, note: &str) {
    println!("  {name:<34} {:>7.1} s  {note}", time.as_secs_f64());
}

/// Runs `command` with its output appended to `log`; fails with the log's end.
pub fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    let open = || {
        fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(log)
            .with_context(|| format!("cannot open `{}`", log.display()))
    };
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .status()
        .with_context(|| format!("cannot run `{program}`"))?;
    if !status.success() {
        bail!("{status}:\n{}", tail(log, 20));
    }
    Ok(())
}

/// The last `count` lines of a file, for an error message.
pub fn tail(file: &Path, count: usize) -> String {
    let text = fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| format!("    {line}\n")).collect()
}
