//! Faults at a system call, by strace: the process is killed before the call, or the call fails.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitStatus, Stdio};

use crate::support::{Scene, program};

/// What the program finds programs with: the machine's Nix must not decide a test.
const NO_PATH: &str = "PATH=/nowhere";

/// The program with its arguments, as another program starts it.
pub(crate) fn words<'a>(arguments: &'a [&'a str]) -> Vec<String> {
    let start = ["env", NO_PATH].map(str::to_owned).into_iter().chain([program().display().to_string()]);
    start.chain(arguments.iter().map(|word| (*word).to_owned())).collect()
}

/// Runs the program in a scene, where its temporary files and its caches lie too.
pub(crate) fn run_program(scene: &Scene, arguments: &[&str]) -> ExitStatus {
    run_in_place(scene, Command::new("env").args(&words(arguments)[1..]))
}

/// Runs a command in a scene, where its temporary files and its caches lie too.
pub(crate) fn run_in_place(scene: &Scene, command: &mut Command) -> ExitStatus {
    let (temporary, cache) = (scene.path().join("tmp"), scene.path().join("cache"));
    fs::create_dir_all(&temporary).expect("a new folder");
    scene.confine(command);
    // Tracers and the like are looked up.
    command.env("PATH", "/usr/bin:/bin").env("TMPDIR", temporary).env("XDG_CACHE_HOME", cache);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs")
}

/// Every call that changes something on a disk.
const CALLS: &str = "openat,?open,?creat,write,writev,pwrite64,copy_file_range,sendfile,?rename,renameat,renameat2,?link,\
                     linkat,?symlink,symlinkat,?unlink,unlinkat,?rmdir,?mkdir,mkdirat,?chmod,fchmod,fchmodat,fchown,\
                     fchownat,truncate,ftruncate,fallocate,fsync,fdatasync";

/// Calls that only clean up: they may fail without a word.
const CLEANING: [&str; 3] = ["unlink", "unlinkat", "rmdir"];

/// Calls whose first argument is an open file.
const WITH_FILE: [&str; 9] =
    ["write", "writev", "pwrite64", "ftruncate", "fallocate", "fchmod", "fchown", "fsync", "fdatasync"];

/// A call of a run: the how-manieth of its name, and what it was.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    name: String,
    ordinal: usize,
    line: String,
}

impl Call {
    /// Whether its failure may go unnoticed.
    pub(crate) fn is_cleaning(&self) -> bool {
        CLEANING.contains(&self.name.as_str())
    }

    /// The call as strace shows it.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }
}

/// What happens at a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The process is killed before it.
    Kill,
    /// It fails.
    Error(&'static str),
}

/// A command under strace.
pub(crate) struct Traced<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) arguments: &'a [&'a str],
    /// Whether threads and children are traced too.
    pub(crate) with_threads: bool,
}

impl Traced<'_> {
    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new("strace");
        // By its own path: the command's `PATH` has the scene's programs alone.
        command.arg("--quiet=all").arg("--output=trace").arg(format!("--env={NO_PATH}"));
        if self.with_threads {
            command.arg("--follow-forks");
        }
        command.args(options).arg(program()).args(self.arguments);
        command
    }

    /// Runs to the end and returns the lines of a trace of a set of calls, in all threads and children.
    pub(crate) fn lines(&self, set: &str) -> Vec<String> {
        let status = run_in_place(self.scene, &mut self.command(&[&format!("--trace={set}")]));
        assert!(matches!(status.code(), Some(0 | 1)), "{:?} ends with {status}", self.arguments);
        let text = self.scene.read("trace");
        fs::remove_file(self.scene.path().join("trace")).expect("the trace was there");
        text.lines().map(str::to_owned).collect()
    }

    /// Runs to the end and returns every call that changes something on a disk.
    pub(crate) fn calls(&self) -> Vec<Call> {
        changing_calls(&self.lines(CALLS))
    }

    /// Runs with a fault at a call.
    pub(crate) fn run_with(&self, fault: Fault, call: &Call) -> ExitStatus {
        let effect = match fault {
            Fault::Kill => "signal=KILL".to_owned(),
            Fault::Error(error) => format!("error={error}"),
        };
        let inject = format!("--inject={}:{effect}:when={}", call.name, call.ordinal);
        let trace = format!("--trace={}", call.name);
        let mut options = vec![trace.as_str(), inject.as_str()];
        if WITH_FILE.contains(&call.name.as_str()) {
            options.push("--trace-fds=!0,1,2");
        }
        let status = run_in_place(self.scene, &mut self.command(&options));
        fs::remove_file(self.scene.path().join("trace")).expect("the trace was there");
        status
    }
}

/// The calls of a trace, numbered by thread and name, without those that only read or write to a terminal.
fn changing_calls(trace: &[String]) -> Vec<Call> {
    let mut ordinals: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace {
        let line = line.trim_start();
        let (thread, line) = match line.split_once(char::is_whitespace) {
            Some((thread, rest)) if thread.bytes().all(|byte| byte.is_ascii_digit()) => (thread, rest.trim_start()),
            _ => ("", line),
        };
        let Some((name, rest)) = line.split_once('(') else { continue };
        if name.starts_with("<...") || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        // What is told a user is not counted, nor is a fault put there.
        if WITH_FILE.contains(&name) && ["0,", "1,", "2,"].iter().any(|talk| rest.starts_with(talk)) {
            continue;
        }
        let ordinal = ordinals.entry((thread.to_owned(), name.to_owned())).or_default();
        *ordinal += 1;
        let only_reads =
            name.starts_with("open") && !["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|f| rest.contains(f));
        let changes_nothing = rest.contains(" = -1 ");
        if !only_reads && !changes_nothing {
            calls.push(Call { name: name.to_owned(), ordinal: *ordinal, line: line.to_owned() });
        }
    }
    calls
}
