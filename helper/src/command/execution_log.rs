//! Execution logs as arguments of commands.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::max_memory::MaxMemory;
use crate::execlog::{Log, Pool, ReadError, ReadProblem, read_log, read_outcomes};

/// Reads a log into a pool. All that is in the pool counts.
///
/// # Errors
/// If it cannot be read; the error names the file and the place in it.
pub(super) fn read_execution_log(file: &Path, pool: &mut Pool, limit: MaxMemory) -> anyhow::Result<Log> {
    let log = read_log(open(file)?, pool, limit.countable());
    log.map_err(|error| refusal(file, &error, limit))
}

/// The same without what only a comparison asks for.
///
/// # Errors
/// The same.
pub(super) fn read_outcomes_of(file: &Path, pool: &mut Pool, limit: MaxMemory) -> anyhow::Result<Log> {
    let log = read_outcomes(open(file)?, pool, limit.countable());
    log.map_err(|error| refusal(file, &error, limit))
}

fn open(file: &Path) -> anyhow::Result<File> {
    match File::open(file) {
        Ok(_) if file.is_dir() => Err(anyhow!("`{}` is a folder, not an execution log\n\n{WRITE_ONE}", file.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(anyhow!("there is no execution log `{}`\n\n{WRITE_ONE}", file.display()))
        }
        other => other.with_context(|| format!("cannot read `{}`", file.display())),
    }
}

/// Not to the file that was named: it may be something else, and precious.
const WRITE_ONE: &str = "hint: let Bazel write one with `--execution_log_compact_file=build.log`";

fn refusal(file: &Path, error: &ReadError, limit: MaxMemory) -> anyhow::Error {
    use ReadProblem::{Length, Malformed, Message, Truncated, Utf8};
    let hint = match error.problem {
        // Not one entry of it is read.
        Length(_) | Malformed | Message(_) | Truncated | Utf8(_) if error.offset == 0 && !error.inflated => {
            return anyhow!("`{}` is no execution log of Bazel\n\n{WRITE_ONE}", file.display());
        }
        ReadProblem::Memory => limit.hint(),
        _ => WRITE_ONE.to_owned(),
    };
    anyhow!("cannot use `{}` as an execution log: {error}\n\n{hint}", file.display())
}
