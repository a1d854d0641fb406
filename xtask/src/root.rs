//! A root: a directory (or a tmpfs) that commands see as `/`, with its own mounts and processes.
//!
//! A plain `chroot` will not do: Nix's sandbox and Bazel's linux-sandbox refuse to start inside one. Here process 1 of a
//! fresh PID namespace pivots into the directory and waits. Commands join its namespaces with `nsenter`. When this
//! program ends, however it ends, the pipe to process 1 closes, process 1 exits, and the kernel ends every process
//! in the root: no server outlives the run that started it.

pub(crate) mod init;
mod spec;

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result, anyhow, bail};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::Pid;

pub(crate) use spec::{Content, Source, Spec, Volume};

/// Where commands are looked for unless they are given another `PATH`.
pub(crate) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A running root; dropping it ends every process in it.
pub(crate) struct Root {
    spec: Spec,
    init: Child,
}

impl Root {
    /// Starts process 1 of the root that `spec` describes.
    pub(crate) fn start(spec: Spec) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        // `unshare` changes the calling thread and what it spawns; a thread of its own keeps the rest as it is.
        let spawned = thread::spawn(move || -> Result<Child> {
            unshare(
                CloneFlags::CLONE_NEWNS
                    | CloneFlags::CLONE_NEWPID
                    | CloneFlags::CLONE_NEWIPC
                    | CloneFlags::CLONE_NEWUTS,
            )
            .map_err(|errno| {
                anyhow!("cannot make namespaces: {errno}\n\nhint: run as root, outside of a container that forbids it")
            })?;
            Command::new(program)
                .arg("__root-init")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .context("cannot start process 1 of the root")
        });
        let init = spawned.join().map_err(|_| anyhow!("the thread that starts a root panicked"))??;
        let mut root = Self { spec, init };
        root.hand_over_spec().with_context(|| format!("cannot enter the root `{}`", root.spec.directory.display()))?;
        Ok(root)
    }

    fn hand_over_spec(&mut self) -> Result<()> {
        let input = self.init.stdin.as_mut().context("process 1 has no standard input")?;
        writeln!(input, "{}", serde_json::to_string(&self.spec)?)?;
        input.flush()?;
        let output = self.init.stdout.take().context("process 1 has no standard output")?;
        let mut answer = String::new();
        BufReader::new(output).read_line(&mut answer)?;
        if answer.trim_end() != "ready" {
            bail!("process 1 stopped before it was ready (its message is above)");
        }
        Ok(())
    }

    /// The directory as seen from outside.
    pub(crate) fn directory(&self) -> &Path {
        &self.spec.directory
    }

    /// A path inside, as a path outside that lasts as long as the root.
    pub(crate) fn outside(&self, path: impl AsRef<Path>) -> PathBuf {
        let inside = path.as_ref().strip_prefix("/").unwrap_or(path.as_ref());
        PathBuf::from(format!("/proc/{}/root", self.init.id())).join(inside)
    }

    /// The processes inside, process 1 left out: each by its number outside, with the words that started it.
    pub(crate) fn processes(&self) -> Result<Vec<(Pid, Vec<String>)>> {
        let namespace = |process: &Path| fs::read_link(process.join("ns/pid")).ok();
        let own = namespace(Path::new(&format!("/proc/{}", self.init.id()))).context("process 1 has ended")?;
        let mut processes = Vec::new();
        for entry in fs::read_dir("/proc").context("cannot read `/proc`")? {
            let path = entry?.path();
            let number = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            let Some(number) = number.filter(|number| i64::from(*number) != i64::from(self.init.id())) else {
                continue;
            };
            if namespace(&path).as_ref() == Some(&own) {
                // Whoever has ended meanwhile has no words.
                let words = fs::read(path.join("cmdline")).unwrap_or_default();
                let words = words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
                processes.push((Pid::from_raw(number), words.collect()));
            }
        }
        Ok(processes)
    }

    /// A command that runs inside, in directory `/`, with an empty environment but `PATH`.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Entry {
        Entry { process: Some(self.init.id()), ..Entry::host(program) }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        drop(self.init.stdin.take());
        for _ in 0..50 {
            if matches!(self.init.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.init.kill();
        let _ = self.init.wait();
    }
}

/// A command before it is started: inside a root, or on the host itself.
pub(crate) struct Entry {
    process: Option<u32>,
    words: Vec<OsString>,
    directory: Option<PathBuf>,
    limit: Option<Duration>,
    user: Option<(u64, u64)>,
    environment: Vec<(OsString, OsString)>,
}

impl Entry {
    /// A command of the host, with an empty environment but `PATH`.
    pub(crate) fn host(program: impl AsRef<OsStr>) -> Self {
        let words = vec![program.as_ref().to_owned()];
        Self { process: None, words, directory: None, limit: None, user: None, environment: Vec::new() }
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Sets the working directory, as seen inside.
    pub(crate) fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Runs the command as a user and group, by number. Inside of a root only.
    pub(crate) fn user(mut self, user: (u64, u64)) -> Self {
        self.user = Some(user);
        self
    }

    /// Ends the command after `limit`: first with TERM, ten seconds later with KILL.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The command as the host runs it.
    pub(crate) fn build(self) -> Command {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(process) = self.process {
            // By its own path: what is looked up in `PATH` is looked up in the command's.
            words.extend(["/usr/bin/nsenter".into(), format!("--target={process}").into()]);
            words.extend(["--mount", "--pid", "--ipc", "--uts"].map(OsString::from));
            if let Some((user, group)) = self.user {
                words.extend([format!("--setuid={user}").into(), format!("--setgid={group}").into()]);
            }
            words.push("--".into());
        }
        if let Some(directory) = self.directory {
            words.extend(["/bin/sh", "-c", r#"cd "$0" && exec "$@""#].map(OsString::from));
            words.push(directory.into());
        }
        if let Some(limit) = self.limit {
            words.extend(["timeout".into(), "-k".into(), "10".into(), limit.as_secs().to_string().into()]);
        }
        words.extend(self.words);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().env("PATH", SEARCH_PATH).envs(self.environment);
        command
    }
}
