//! A BuildBox worker in a container of its image.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context, Result};

use super::worker_image::WorkerImage;
use super::{free_port, start_server, wait_until_listening};
use crate::root::{Content, Entry, Root, Spec};

/// What a worker is made of.
#[derive(Clone)]
pub(crate) struct WorkerSpec {
    /// Its root, and the program that it runs.
    pub(crate) image: WorkerImage,
    /// Logical store path of the shell and its tools.
    pub(crate) tools: String,
    /// Logical store path of BuildBox.
    pub(crate) buildbox: String,
    /// The platform properties that it offers.
    pub(crate) properties: BTreeMap<String, String>,
}

/// A running worker; dropping it ends its processes.
pub(crate) struct Worker {
    root: Root,
    _servers: Vec<Child>,
}

impl Worker {
    /// Starts a worker for the service at `address`.
    pub(crate) fn start(spec: &WorkerSpec, address: &str, directory: PathBuf, logs: &Path) -> Result<Self> {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let content = Content::Over(spec.image.root.clone());
        let root = Spec { directory, content };
        let root = Root::start(root).context("cannot make the worker's root")?;
        let port = free_port()?;
        let cas = format!("http://127.0.0.1:{port}");
        let remote = format!("http://{address}");
        let WorkerImage { entry_point, folder, user, .. } = &spec.image;
        let server = |program: &[String], arguments: Vec<String>, log: &Path| {
            let (program, first) = program.split_first().context("the image has no entry point")?;
            let entry = root.command(program).args(first).args(arguments).user(*user).directory(folder);
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
        let worker = server(entry_point, arguments, &logs.join("worker.log"))?;
        Ok(Self { root, _servers: vec![casd, worker] })
    }

    /// A command in the worker's root.
    pub(crate) fn command(&self, program: &str) -> Entry {
        self.root.command(program)
    }
}
