//! Runs the compiler driver with Env and nothing else.

use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::environment::Environment;
use crate::oci::entry::command_in;
use crate::shell::{quote_path, quote_words};
use crate::store::Store;
use crate::system_error::describe_system_error;
use crate::talk::say_runs;
use crate::toolchain_path::ToolchainPath;

/// Each question takes milliseconds; a compiler that needs longer waits for something that will not come.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Verbose output is some 10 KB; predefined macros are some 20 KB.
const OUTPUT_LIMIT: u64 = 1 << 20;

/// How often a program that is open for writing is tried, and how long each try waits for its writer.
const BUSY_TRIES: usize = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Lines of the compiler's stderr that a message quotes, so that it stays on one screen.
const QUOTED_LINES: usize = 10;

/// A run of the compiler that ended with an error.
#[derive(Debug)]
pub struct Failure {
    /// The command line.
    pub argv: String,
    /// Exit code or signal.
    pub status: ExitStatus,
    /// The first lines, indented, after a newline; or empty.
    pub stderr: String,
    /// A command that runs the compiler as it was run here.
    pub by_hand: String,
    /// Where that command runs, if not on this machine.
    pub place: &'static str,
}

/// Why the compiler gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CompilerError {
    /// It could not be started.
    #[error(
        "`CC` does not run: {reason}\n  {argv}\n\n\
         hint: see whether it is there with `ls -l {program}`{realise}",
        reason = describe_system_error(source)
    )]
    NotStarted {
        /// The command line.
        argv: String,
        /// `CC` on disk, quoted for a shell.
        program: String,
        /// How to realise it, if Nix can.
        realise: String,
        /// The reason.
        source: std::io::Error,
    },
    /// It ended with an error at the first question, which any compiler can answer.
    #[error(
        "`CC` does not run: {status}\n  {argv}{stderr}\n\n\
         hint: see whether it runs at all with `{by_hand} --version`{place}",
        status = .0.status, argv = .0.argv, stderr = .0.stderr, by_hand = .0.by_hand, place = .0.place
    )]
    Failed(Box<Failure>),
    /// It runs, but does not get through a header of a standard library.
    #[error(
        "`CC` cannot include `<{header}>`, a header of its {library}: {status}\n  {argv}{stderr}\n\n\
         hint: take `CC` from a Nix package that wraps its compiler with a {library}, or name one with `-isystem` or \
         `--sysroot=` in `{variable}`; see where it looks with `{by_hand} -E -v {flags} /dev/null`{place}",
        status = .failure.status, argv = .failure.argv, stderr = .failure.stderr, by_hand = .failure.by_hand,
        place = .failure.place
    )]
    NoHeader {
        /// Such as `limits.h`.
        header: &'static str,
        /// `C library` or `C++ library`.
        library: &'static str,
        /// The variable that holds flags for that language.
        variable: &'static str,
        /// `-xc` or `-xc++` and those of the variable, quoted for a shell.
        flags: String,
        /// How it ended.
        failure: Box<Failure>,
    },
    /// It does not even read an empty file with the flags that Env gives it.
    #[error(
        "`CC` refuses the flags in `{variable}`: {status}\n  {argv}{stderr}\n\n\
         hint: correct `{variable}` in Env, whose flags are separated by `:`; try them with \
         `{by_hand} -E -v {flags} /dev/null`{place}",
        status = .failure.status, argv = .failure.argv, stderr = .failure.stderr, by_hand = .failure.by_hand,
        place = .failure.place
    )]
    Flags {
        /// The variable that holds them.
        variable: &'static str,
        /// The same with the language before them, quoted for a shell.
        flags: String,
        /// How it ended.
        failure: Box<Failure>,
    },
    /// It did not end.
    #[error(
        "`CC` does not end: no answer within {} s\n  {argv}\n\n\
         hint: the compiler is run without a terminal, input or network; see what it waits for",
        limit.as_secs()
    )]
    TimedOut {
        /// The command line.
        argv: String,
        /// The limit.
        limit: Duration,
    },
    /// It printed without end.
    #[error(
        "`CC` printed more than {OUTPUT_LIMIT} bytes\n  {argv}\n\n\
         hint: a compiler answers this in a few lines; see what it prints"
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
    argv: String,
    by_hand: String,
    place: &'static str,
}

impl Answer {
    /// Turns an unsuccessful answer into an error.
    ///
    /// # Errors
    /// What `error` makes of the failure.
    pub fn require(self, error: impl FnOnce(Box<Failure>) -> CompilerError) -> Result<Self, CompilerError> {
        if self.success {
            return Ok(self);
        }
        let stderr = quoted(&self.stderr);
        let Self { argv, status, by_hand, place, .. } = self;
        Err(error(Box::new(Failure { argv, status, stderr, by_hand, place })))
    }
}

/// What a message quotes of stderr. Of what is too long, the errors, which stand behind all that `-v` prints.
fn quoted(stderr: &str) -> String {
    let all: Vec<&str> = stderr.lines().collect();
    let errors = || all.iter().copied().filter(|line| line.contains("error: ")).collect::<Vec<_>>();
    let lines = if all.len() > QUOTED_LINES { Some(errors()).filter(|errors| !errors.is_empty()) } else { None };
    let lines = lines.unwrap_or_else(|| all.clone());
    let shown = &lines[..lines.len().min(QUOTED_LINES)];
    let rest = if shown.len() < all.len() { "\n  ..." } else { "" };
    shown.iter().map(|line| format!("\n  {line}")).chain([rest.to_owned()]).collect()
}

/// A compiler driver, its environment and its working folder.
#[derive(Debug)]
pub struct Compiler<'a> {
    path: ToolchainPath,
    program: PathBuf,
    /// The unpacked image that it runs in, if it does.
    image_root: Option<PathBuf>,
    realise_hint: String,
    environment: &'a Environment,
    folder: &'a Path,
    time_limit: Duration,
}

impl<'a> Compiler<'a> {
    /// A driver that will be run in `folder`.
    #[must_use]
    pub fn new(store: &Store, path: &ToolchainPath, environment: &'a Environment, folder: &'a Path) -> Self {
        let program = store.on_disk(&path.to_string());
        let realise = path.in_store().map(|path| store.command("--realise", [path.root().path()]));
        let realise_hint = realise.map(|command| format!("; realise it with {command}")).unwrap_or_default();
        let image_root = store.image_root().map(Path::to_owned);
        Self { path: path.clone(), program, image_root, realise_hint, environment, folder, time_limit: TIME_LIMIT }
    }

    /// Its logical path.
    #[must_use]
    pub fn path(&self) -> &ToolchainPath {
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
            program: quote_path(&self.program),
            realise: self.realise_hint.clone(),
            source,
        })?;
        let (sender, pipes) = mpsc::channel();
        read_in_background(Pipe::Stdout, child.stdout.take(), sender.clone());
        read_in_background(Pipe::Stderr, child.stderr.take(), sender);
        let deadline = Instant::now() + self.time_limit;
        let timed_out = || CompilerError::TimedOut { argv: argv.clone(), limit: self.time_limit };
        // Both pipes close when the compiler ends, or before; a grandchild that keeps one open counts as not ending.
        let read = || match pipes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((_, bytes)) if bytes.len() as u64 > OUTPUT_LIMIT => {
                Err(CompilerError::TooMuchOutput { argv: argv.clone() })
            }
            other => other.map_err(|_| timed_out()),
        };
        // Whichever has enough first is told of, whatever the other one waits for.
        let texts = read().and_then(|first| {
            let second = read()?;
            Ok(if first.0 == Pipe::Stdout { (first.1, second.1) } else { (second.1, first.1) })
        });
        let has_ended = texts.is_ok() && ends_until(&child, deadline);
        // What it started and left behind ends with it, also where all went well.
        let status = stop(&mut child);
        let (stdout, stderr) = texts?;
        let status = status.ok().filter(|_| has_ended).ok_or_else(timed_out)?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer {
            success: status.success(),
            stdout: text(stdout),
            stderr: text(stderr),
            status,
            argv,
            by_hand: self.by_hand(),
            place: if self.image_root.is_some() { " in a container of the image" } else { "" },
        })
    }

    /// The start of a command line that runs it with Env and nothing else.
    fn by_hand(&self) -> String {
        let words = self.environment.to_entries().into_iter();
        // The unpacked image is gone when a user reads this; a container of it has the program at its logical path.
        let program =
            if self.image_root.is_some() { self.path.to_string() } else { self.program.display().to_string() };
        format!("env -i {}", quote_words(words.chain([program])))
    }

    fn command_line<S: AsRef<str>>(&self, arguments: &[S]) -> String {
        let words = arguments.iter().map(|argument| argument.as_ref().to_owned());
        quote_words(std::iter::once(self.path.to_string()).chain(words))
    }

    /// Its command line, with Env alone. The answers are read by their English words, whatever locale Env asks for.
    fn command<S: AsRef<str>>(&self, arguments: &[S]) -> std::io::Result<Command> {
        if let Some(root) = &self.image_root {
            let entries = self.environment.iter().filter(|(key, _)| *key != "LC_ALL");
            let entries = entries.chain([("LC_ALL", "C")]).map(|(key, value)| format!("{key}={value}"));
            let inside = Path::new("/").join(self.folder.strip_prefix(root).unwrap_or(self.folder));
            let path = self.path.to_string();
            let words = std::iter::once(path.as_str()).chain(arguments.iter().map(AsRef::as_ref));
            return command_in(root, &inside, entries, &words.collect::<Vec<_>>());
        }
        let mut command = Command::new(&self.program);
        command.args(arguments.iter().map(AsRef::as_ref)).env_clear().envs(self.environment.iter());
        command.env("LC_ALL", "C").current_dir(self.folder);
        Ok(command)
    }

    fn spawn<S: AsRef<str>>(&self, arguments: &[S]) -> std::io::Result<Child> {
        let mut command = self.command(arguments)?;
        say_runs(&command);
        command
            // Its own group: what it starts ends with it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A program that was just written is busy for as long as a process lives that was forked while it was open.
        for _ in 1..BUSY_TRIES {
            match command.spawn() {
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(BUSY_PAUSE);
                }
                other => return other,
            }
        }
        command.spawn()
    }
}

/// Which of a compiler's two outputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pipe {
    Stdout,
    Stderr,
}

fn read_in_background(which: Pipe, pipe: Option<impl Read + Send + 'static>, sender: mpsc::Sender<(Pipe, Vec<u8>)>) {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // An unreadable pipe yields what was read so far; the exit code tells the rest.
            let _ = pipe.take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes);
        }
        let _ = sender.send((which, bytes));
    });
}

/// Waits until the compiler has ended; it still has its number then.
fn ends_until(child: &Child, deadline: Instant) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while Instant::now() < deadline {
        match waitid(WaitId::Pid(Pid::from_child(child)), options) {
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            ended => return ended.is_ok(),
        }
    }
    false
}

/// Ends the compiler, if it has not ended, and everything that it started. Until it has been waited for, no other group has
/// its number.
fn stop(child: &mut Child) -> std::io::Result<ExitStatus> {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    child.wait()
}

#[cfg(test)]
mod unit {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::toolchain_path::PathPolicy;

    const PATH: &str = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-loop/cc";

    const SECOND: Duration = Duration::from_secs(1);

    /// Why a compiler that is this script gives no answer within a time, in a folder.
    fn ask(folder: &Path, script: &str, limit: Duration) -> anyhow::Result<Option<String>> {
        Ok(answer(folder, script, limit)?.err().map(|error| error.to_string()))
    }

    fn answer(folder: &Path, script: &str, limit: Duration) -> anyhow::Result<Result<Answer, CompilerError>> {
        let path = PathPolicy::StoreOnly.parse(PATH)?;
        let store = Store::new(Some(folder.to_owned()));
        let file = store.on_disk(PATH);
        std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
        std::fs::write(&file, script)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
        let environment = Environment::default();
        let mut compiler = Compiler::new(&store, &path, &environment, folder);
        compiler.time_limit = limit;
        Ok(compiler.ask(&["-v"]))
    }

    /// Whether a process has ended, also where nobody has waited for it yet.
    fn has_ended(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
    }

    /// Whether a process ends soon, whose number is in the file `child`.
    fn child_ends(folder: &Path) -> anyhow::Result<bool> {
        let child = std::fs::read_to_string(folder.join("child"))?;
        let deadline = Instant::now() + Duration::from_secs(5);
        while !has_ended(&child) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(has_ended(&child))
    }

    #[test]
    fn compiler_that_does_not_end_is_stopped_with_all_that_it_started() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let error =
            ask(folder.path(), "#!/bin/sh\n(while :; do :; done) &\necho $! > child\n(while :; do :; done)\n", SECOND)?;
        let expected = format!(
            "`CC` does not end: no answer within 1 s\n  {PATH} -v\n\n\
            hint: the compiler is run without a terminal, input or network; see what it waits for"
        );
        assert_eq!(error, Some(expected));
        assert!(child_ends(folder.path())?);
        Ok(())
    }

    #[test]
    fn compiler_that_is_open_for_writing_for_a_moment_is_waited_for_and_a_longer_one_is_told() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let script = "#!/bin/sh\n";
        assert_eq!(ask(folder.path(), script, TIME_LIMIT)?, None);
        let program = folder.path().join(&PATH[1..]);
        let writer = std::fs::OpenOptions::new().append(true).open(&program)?;
        let moment = std::thread::spawn(move || {
            std::thread::sleep(3 * BUSY_PAUSE);
            drop(writer);
        });
        let path = PathPolicy::StoreOnly.parse(PATH)?;
        let store = Store::new(Some(folder.path().to_owned()));
        let environment = Environment::default();
        let compiler = Compiler::new(&store, &path, &environment, folder.path());
        assert!(compiler.ask(&["-v"])?.success);
        moment.join().map_err(|_| anyhow::anyhow!("the writer panicked"))?;

        let _writer = std::fs::OpenOptions::new().append(true).open(&program)?;
        let error = compiler.ask(&["-v"]).map(drop).map_err(|error| error.to_string());
        let expected = format!("`CC` does not run: text file busy (os error 26)\n  {PATH} -v\n\n");
        assert!(error.as_ref().is_err_and(|error| error.starts_with(&expected)), "{error:?}");
        Ok(())
    }

    #[test]
    fn what_a_compiler_leaves_behind_ends_with_it() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let script = "#!/bin/sh\n(while :; do :; done) </dev/null >/dev/null 2>&1 &\necho $! > child\n";
        assert_eq!(ask(folder.path(), script, TIME_LIMIT)?, None);
        assert!(child_ends(folder.path())?);
        Ok(())
    }

    #[test]
    fn compiler_that_prints_without_end_is_stopped_at_once() -> anyhow::Result<()> {
        let expected = format!(
            "`CC` printed more than 1048576 bytes\n  {PATH} -v\n\n\
             hint: a compiler answers this in a few lines; see what it prints"
        );
        // It does not notice that nobody reads any more.
        for script in ["while :; do echo $$; done 2>/dev/null", "while :; do echo $$ >&2; done"] {
            let folder = tempfile::tempdir()?;
            let script = format!("#!/bin/sh\ntrap '' PIPE\n{script}\n");
            assert_eq!(ask(folder.path(), &script, TIME_LIMIT)?, Some(expected.clone()));
        }
        Ok(())
    }

    #[test]
    fn compiler_that_dies_by_a_signal_gives_an_answer_that_is_no_success() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let answer = answer(folder.path(), "#!/bin/sh\necho half an answer\nkill -SEGV $$\n", TIME_LIMIT)?
            .map_err(anyhow::Error::from)?;
        let failed = answer.require(CompilerError::Failed).map(drop).map_err(|error| error.to_string());
        let expected = format!(
            "`CC` does not run: signal: 11 (SIGSEGV)\n  {PATH} -v\n\n\
             hint: see whether it runs at all with `env -i {} --version`",
            folder.path().join(&PATH[1..]).display()
        );
        assert_eq!(failed.map_err(|error| error.replace(" (core dumped)", "")), Err(expected));
        Ok(())
    }
}
