//! Headers of a program that knows the credentials, as Bazel's `--credential_helper` asks for them.
//!
//! Source: <https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md>.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Header};
use crate::doctor::first_line;
use crate::program;
use crate::system_error::describe_system_error;

/// As Bazel's `--credential_helper_timeout`.
const PATIENCE: Duration = Duration::from_secs(10);

/// The service whose name stands for all of a server's: helpers go by the host.
const SERVICE: &str = "build.bazel.remote.execution.v2.Capabilities";

/// Why there are no headers. What the program says on stdout is a secret, and is not quoted.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It does not start.
    #[error("cannot run it: {}", describe_system_error(.0))]
    Start(std::io::Error),
    /// It takes too long.
    #[error("it gave no answer within {} s", PATIENCE.as_secs())]
    Late,
    /// It refuses.
    #[error("it ended with {status}{}", if reason.is_empty() { String::new() } else { format!(": {reason}") })]
    Failed {
        /// How.
        status: std::process::ExitStatus,
        /// The first line on stderr.
        reason: String,
    },
    /// It says something else.
    #[error("its answer is no `{{\"headers\": {{NAME: [VALUE, …], …}}}}` of printable ASCII")]
    Answer,
}

#[derive(Serialize)]
struct Request {
    uri: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    headers: BTreeMap<String, Vec<String>>,
}

/// What a credential helper is asked about. Servers without TLS have such a name too.
#[must_use]
pub fn credential_uri(address: &Address) -> String {
    format!("https://{}/{SERVICE}", address.authority().trim_end_matches(":443"))
}

/// Runs `PROGRAM get` in the workspace, and returns the headers of every call.
///
/// # Errors
/// If it gives none.
pub fn ask_credential_helper(
    program: &Path,
    workspace: &Path,
    address: &Address,
) -> Result<Vec<Header>, CredentialError> {
    let command = match program.to_str().filter(|_| program.components().count() == 1) {
        Some(name) => program::command(name),
        // The workspace is not always the folder in which a relative path was written.
        None => std::path::absolute(program).map(Command::new),
    };
    let mut child = command
        .map_err(CredentialError::Start)?
        .arg("get")
        .current_dir(workspace)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(CredentialError::Start)?;
    let request = Request { uri: credential_uri(address) };
    if let Some(mut stdin) = child.stdin.take() {
        let text = serde_json::to_vec(&request).map_err(|_| CredentialError::Answer)?;
        // A program that does not look at it may have closed it.
        let _ = stdin.write_all(&text);
    }
    let id = rustix::process::Pid::from_child(&child);
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let output = match receiver.recv_timeout(PATIENCE) {
        Ok(output) => output.map_err(CredentialError::Start)?,
        Err(_) => {
            // Not waited for yet: the number is still its own.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
            return Err(CredentialError::Late);
        }
    };
    if !output.status.success() {
        let reason = first_line(&String::from_utf8_lossy(&output.stderr)).to_owned();
        return Err(CredentialError::Failed { status: output.status, reason });
    }
    let response: Response = serde_json::from_slice(&output.stdout).map_err(|_| CredentialError::Answer)?;
    let pairs = response.headers.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    pairs.map(|(name, value)| Header::new(name, value).ok_or(CredentialError::Answer)).collect()
}
