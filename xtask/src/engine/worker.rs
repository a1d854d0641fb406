//! A BuildBox worker in a container of its image.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::worker_image::WorkerImage;
use super::{free_port, start_server, wait_until_listening};
use crate::root::{Content, Entry, Root, Spec, Volume};

/// An image, and the folder that it is mounted at.
#[derive(Clone)]
pub(crate) struct Container {
    /// What it holds.
    pub(crate) image: WorkerImage,
    /// Where it is mounted; its name is the container's.
    pub(crate) directory: PathBuf,
}

/// What a worker is made of.
#[derive(Clone)]
pub(crate) struct WorkerSpec {
    /// Its root, and the program that it runs.
    pub(crate) container: Container,
    /// Logical store path of the shell and its tools.
    pub(crate) tools: String,
    /// Logical store path of BuildBox.
    pub(crate) buildbox: String,
    /// The platform properties that it offers.
    pub(crate) properties: BTreeMap<String, String>,
}

/// A running worker; dropping it ends its processes.
pub(crate) struct Worker {
    container: Container,
    root: Root,
    servers: Vec<Child>,
}

impl Worker {
    /// A container in which no process of the worker runs yet.
    pub(super) fn new(container: Container, volumes: Vec<Volume>) -> Result<Self> {
        let content = Content::Over(container.image.root.clone());
        let spec = Spec { directory: container.directory.clone(), content, volumes };
        let root = Root::start(spec).context("cannot make the worker's root")?;
        Ok(Self { container, root, servers: Vec::new() })
    }

    /// A command in its root, as the user of its image.
    pub(super) fn as_user(&self, program: &str) -> Entry {
        self.root.command(program).user(self.container.image.user)
    }

    /// One more process of it.
    pub(super) fn add(&mut self, server: Child) {
        self.servers.push(server);
    }

    /// Starts a worker for the service at `address`.
    pub(crate) fn start(spec: &WorkerSpec, address: &str, logs: &Path) -> Result<Self> {
        let name = spec.container.directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut worker = Self::new(spec.container.clone(), Vec::new())?;
        let port = free_port()?;
        let cas = format!("http://127.0.0.1:{port}");
        let remote = format!("http://{address}");
        let WorkerImage { entry_point, folder, .. } = &spec.container.image;
        let server = |program: &[String], arguments: Vec<String>, log: &Path| {
            let (program, first) = program.split_first().context("the image has no entry point")?;
            let entry = worker.as_user(program).args(first).args(arguments).directory(folder);
            start_server(entry.env("PATH", format!("{}/bin", spec.tools)).env("HOME", folder).build(), log)
        };
        let log = logs.join("worker-casd.log");
        let arguments =
            vec![format!("--bind=127.0.0.1:{port}"), format!("--cas-remote={remote}"), "/tmp/casd".to_owned()];
        // The worker has its files from a cache beside it.
        let mut casd = server(&[format!("{}/bin/buildbox-casd", spec.buildbox)], arguments, &log)?;
        wait_until_listening("buildbox-casd", &mut casd, port, &log)?;
        let mut arguments = vec![
            format!("--bots-remote={remote}"),
            format!("--cas-remote={cas}"),
            "--concurrent-jobs=2".to_owned(),
            format!("--buildbox-run={}/bin/buildbox-run-hosttools", spec.buildbox),
            "--runner-arg=--staging-mode=copy-or-link".to_owned(),
            "--max-wait-time=10".to_owned(),
        ];
        for (name, value) in &spec.properties {
            arguments.extend(["--platform".to_owned(), format!("{name}={value}")]);
        }
        // The service knows workers by this name: two of the same disturb each other.
        arguments.push(name);
        let bot = server(entry_point, arguments, &logs.join("worker.log"))?;
        worker.servers.extend([casd, bot]);
        Ok(worker)
    }

    /// Whether a process of it was started with a word.
    pub(crate) fn runs(&self, word: &str) -> Result<bool> {
        Ok(self.root.processes()?.iter().any(|(_, words)| words.iter().any(|other| other == word)))
    }

    /// Ends every process that was started with a word, as a crash does, and waits until all are gone.
    pub(crate) fn kill(&self, word: &str) -> Result<()> {
        let processes = self.root.processes()?;
        let meant: Vec<Pid> = processes
            .iter()
            .filter(|(_, words)| words.iter().any(|other| other == word))
            .map(|(pid, _)| *pid)
            .collect();
        if meant.is_empty() {
            bail!("no process was started with `{word}`: {processes:?}");
        }
        for process in meant {
            kill(process, Signal::SIGKILL).with_context(|| format!("cannot end process {process}"))?;
        }
        let start = Instant::now();
        while self.runs(word)? {
            if start.elapsed() > Duration::from_secs(10) {
                bail!("`{word}` still runs 10 s after it was killed");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// A path inside, as a path outside that lasts as long as the worker.
    pub(crate) fn outside(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.outside(path)
    }

    /// A command in the worker's root.
    pub(crate) fn command(&self, program: &str) -> Entry {
        self.root.command(program)
    }
}
