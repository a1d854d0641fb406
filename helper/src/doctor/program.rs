//! Programs that only say their version.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::first_line;

use crate::system_error::describe_system_error;
use crate::talk::say_runs;

/// Longer than a launcher takes that looks its Bazel up; one that downloads is not waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// The first line that `PROGRAM --version` prints, run in `folder`.
///
/// # Errors
/// Why there is none, as one line.
pub(super) fn version_line(program: &Path, folder: &Path) -> Result<String, String> {
    let name = program.display();
    let mut command = Command::new(program);
    command.arg("--version").current_dir(folder);
    say_runs(&command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{name}` does not run: {}", describe_system_error(&error)))?;
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < LIMIT => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`{name} --version` does not end within {} s", LIMIT.as_secs()));
            }
        }
    };
    if !status.success() {
        return Err(format!("`{name} --version` fails with {status}"));
    }
    let mut bytes = [0; 4096];
    // One read: what is longer than a pipe is no version, and what the program started may hold the pipe open.
    let length = child.stdout.take().and_then(|mut stdout| stdout.read(&mut bytes).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[..length]).trim().to_owned();
    match first_line(&text) {
        "" => Err(format!("`{name} --version` prints nothing")),
        line => Ok(line.to_owned()),
    }
}
