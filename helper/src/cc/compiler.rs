//! Runs the compiler driver with Env and nothing else.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::environment::Environment;
use crate::store::{Store, StorePath};

/// Each question takes milliseconds; a compiler that needs longer waits for something that will not come.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Verbose output is some 10 KB; predefined macros are some 20 KB.
const OUTPUT_LIMIT: u64 = 1 << 20;

/// Lines of the compiler's stderr that a message quotes, so that it stays on one screen.
const QUOTED_LINES: usize = 10;

/// Why the compiler gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CompilerError {
    /// It could not be started.
    #[error(
        "`CC` does not run: {source}\n  {argv}\n\n\
         hint: see whether it is there with `ls -lL {compiler}`; realise it with `nix-store --realise {root}`"
    )]
    NotStarted {
        /// The command line.
        argv: String,
        /// `CC`.
        compiler: StorePath,
        /// Its store root.
        root: String,
        /// The reason.
        source: std::io::Error,
    },
    /// It ended with an error where it must not.
    #[error(
        "`CC` does not run: {status}\n  {argv}{stderr}\n\nhint: see whether it runs at all with `env -i {compiler} --version`"
    )]
    Failed {
        /// The command line.
        argv: String,
        /// `CC`.
        compiler: StorePath,
        /// Exit code or signal.
        status: ExitStatus,
        /// Indented, after a newline; or empty.
        stderr: String,
    },
    /// It did not end.
    #[error("`CC` does not run: no answer within {} s\n  {argv}\n\nhint: the compiler is run without a terminal, input or network; see what it waits for", limit.as_secs())]
    TimedOut {
        /// The command line.
        argv: String,
        /// The limit.
        limit: Duration,
    },
    /// It printed without end.
    #[error(
        "`CC` printed more than {OUTPUT_LIMIT} bytes\n  {argv}\n\nhint: a compiler answers this in a few lines; see what it prints"
    )]
    TooMuchOutput {
        /// The command line.
        argv: String,
    },
}

/// What the compiler said.
#[derive(Debug)]
pub struct Answer {
    /// Whether it exited with 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    status: ExitStatus,
    compiler: StorePath,
    argv: String,
}

impl Answer {
    /// Turns an unsuccessful answer into an error.
    ///
    /// # Errors
    /// [`CompilerError::Failed`].
    pub fn require(self) -> Result<Self, CompilerError> {
        if self.success {
            return Ok(self);
        }
        let mut stderr: String = self.stderr.lines().take(QUOTED_LINES).map(|line| format!("\n  {line}")).collect();
        if self.stderr.lines().count() > QUOTED_LINES {
            stderr.push_str("\n  ...");
        }
        Err(CompilerError::Failed { argv: self.argv, compiler: self.compiler, status: self.status, stderr })
    }
}

/// A compiler driver, its environment and its working folder.
#[derive(Debug)]
pub struct Compiler<'a> {
    path: StorePath,
    program: PathBuf,
    environment: &'a Environment,
    folder: &'a Path,
    time_limit: Duration,
}

impl<'a> Compiler<'a> {
    /// A driver that will be run in `folder`.
    #[must_use]
    pub fn new(store: &Store, path: &StorePath, environment: &'a Environment, folder: &'a Path) -> Self {
        let program = store.on_disk(&path.to_string());
        Self { path: path.clone(), program, environment, folder, time_limit: TIME_LIMIT }
    }

    /// Its logical path.
    #[must_use]
    pub fn path(&self) -> &StorePath {
        &self.path
    }

    /// Runs it.
    ///
    /// # Errors
    /// If it cannot be started, does not end or does not stop printing. An exit code is not an error here.
    pub fn ask<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Answer, CompilerError> {
        let argv = self.command_line(arguments);
        let mut child = self.spawn(arguments).map_err(|source| CompilerError::NotStarted {
            argv: argv.clone(),
            compiler: self.path.clone(),
            root: self.path.root().path(),
            source,
        })?;
        let stdout = read_in_background(child.stdout.take());
        let stderr = read_in_background(child.stderr.take());
        let deadline = Instant::now() + self.time_limit;
        let timed_out = || CompilerError::TimedOut { argv: argv.clone(), limit: self.time_limit };
        // Both pipes close when the compiler ends, or before; a grandchild that keeps one open counts as not ending.
        let [stdout, stderr] =
            [stdout, stderr].map(|pipe| pipe.recv_timeout(deadline.saturating_duration_since(Instant::now())));
        let (Ok(stdout), Ok(stderr)) = (stdout, stderr) else {
            stop(&mut child);
            return Err(timed_out());
        };
        if stdout.len() as u64 > OUTPUT_LIMIT || stderr.len() as u64 > OUTPUT_LIMIT {
            stop(&mut child);
            return Err(CompilerError::TooMuchOutput { argv });
        }
        let Some(status) = wait_until(&mut child, deadline) else {
            stop(&mut child);
            return Err(timed_out());
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer {
            success: status.success(),
            stdout: text(stdout),
            stderr: text(stderr),
            status,
            compiler: self.path.clone(),
            argv,
        })
    }

    fn command_line<S: AsRef<str>>(&self, arguments: &[S]) -> String {
        let words = arguments.iter().map(|argument| format!(" {}", argument.as_ref()));
        std::iter::once(self.path.to_string()).chain(words).collect()
    }

    fn spawn<S: AsRef<str>>(&self, arguments: &[S]) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(arguments.iter().map(AsRef::as_ref))
            .env_clear()
            .envs(self.environment.iter())
            // The answers are read by their English words, whatever locale Env asks for.
            .env("LC_ALL", "C")
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

fn read_in_background(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // An unreadable pipe yields what was read so far; the exit code tells the rest.
            let _ = pipe.take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn wait_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(_) => return None,
        }
    }
    None
}

fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod unit {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn compiler_that_does_not_end_is_stopped() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = StorePath::parse("/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-loop/cc")?;
        let store = Store::new(Some(folder.path().to_owned()));
        let file = store.on_disk(&path.to_string());
        std::fs::create_dir_all(store.on_disk(&path.root().path()))?;
        std::fs::write(&file, "#!/bin/sh\nwhile :; do :; done\n")?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
        let environment = Environment::default();
        let mut compiler = Compiler::new(&store, &path, &environment, folder.path());
        compiler.time_limit = Duration::from_millis(50);
        let error = compiler.ask(&["-v"]).err().map(|error| error.to_string());
        let expected = format!(
            "`CC` does not run: no answer within 0 s\n  {path} -v\n\n\
            hint: the compiler is run without a terminal, input or network; see what it waits for"
        );
        assert_eq!(error, Some(expected));
        Ok(())
    }
}
