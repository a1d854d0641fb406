//! Execution logs as arguments of commands.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::execlog::{Log, Pool, ReadError, ReadProblem, read_log, read_outcomes};

/// How much memory logs may take where nothing else is asked for, in MiB.
pub(super) const MEBIBYTES: usize = 4096;

/// Reads a log into a pool. All that is in the pool may take `mebibytes` MiB of memory.
///
/// # Errors
/// If it cannot be read; the error names the file and the place in it.
pub(super) fn read_execution_log(file: &Path, pool: &mut Pool, mebibytes: usize) -> anyhow::Result<Log> {
    let log = read_log(open(file)?, pool, mebibytes.saturating_mul(1 << 20));
    log.map_err(|error| refusal(file, &error))
}

/// The same without what only a comparison asks for.
///
/// # Errors
/// The same.
pub(super) fn read_outcomes_of(file: &Path, pool: &mut Pool, mebibytes: usize) -> anyhow::Result<Log> {
    let log = read_outcomes(open(file)?, pool, mebibytes.saturating_mul(1 << 20));
    log.map_err(|error| refusal(file, &error))
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

fn refusal(file: &Path, error: &ReadError) -> anyhow::Error {
    use ReadProblem::{Length, Malformed, Message, Truncated, Utf8};
    let hint = match error.problem {
        // Not one entry of it is read.
        Length(_) | Malformed | Message(_) | Truncated | Utf8(_) if error.offset == 0 && !error.inflated => {
            return anyhow!("`{}` is no execution log of Bazel\n\n{WRITE_ONE}", file.display());
        }
        ReadProblem::Memory(mebibytes) => more_memory(mebibytes),
        _ => WRITE_ONE.to_owned(),
    };
    anyhow!("cannot use `{}` as an execution log: {error}\n\n{hint}", file.display())
}

/// The hint where `mebibytes` MiB are too few.
pub(super) fn more_memory(mebibytes: usize) -> String {
    format!("hint: `lre explain` lets it take more with `--max-memory {}`", mebibytes.max(1).saturating_mul(2))
}
