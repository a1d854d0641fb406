//! NativeLink in containers of toolchains' images, with the configuration that `lre deploy render` writes.
//!
//! `local.json5` is cache, scheduler and worker in one process; what is started beside it is `worker.json5`.

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context, Result};
use serde_json::Value;

pub(crate) use program::{NOT_NAMED, binary, named_binary};

use super::worker::{Container, Worker};
use super::{free_port, start_server, wait_until_listening};
use crate::root::{Source, Volume};
use crate::sandbox::Sandbox;
use crate::step::run_logged;

/// Where a container sees the program, its configuration and its data.
const PROGRAM: &str = "/tmp/engine/program";
const CONFIGURATION: &str = "/tmp/engine/configuration";
pub(crate) const DATA: &str = "/tmp/engine/data";

/// How many actions a worker runs at once.
const TASKS: &str = "2";

/// What stores and actions of a container may take, unless a check says otherwise.
pub(crate) const DATA_BYTES: u64 = 4 << 30;

/// NativeLink's place: its program and the ports of the one process that everything else talks to.
pub(crate) struct NativeLink {
    /// The program's folder, outside.
    folder: PathBuf,
    /// The words that start it.
    program: Vec<String>,
    port: u16,
    worker_port: u16,
    /// What stores and actions of a container may take.
    data_bytes: u64,
}

/// A container of NativeLink before it is started.
pub(crate) struct Instance<'a> {
    /// What it is called; each has its own folders and logs.
    pub(crate) name: &'a str,
    /// The manifest of its toolchain.
    pub(crate) manifest: &'a Value,
    /// What its worker offers.
    pub(crate) properties: &'a BTreeMap<String, String>,
    /// Its image, and where that is mounted.
    pub(crate) container: Container,
}

/// The part that a process plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// Cache, scheduler and a worker.
    Local,
    /// A worker beside.
    Worker,
}

impl NativeLink {
    /// Makes the program ready and chooses ports.
    pub(crate) fn new(sandbox: &Sandbox, data_bytes: u64) -> Result<Self> {
        let folder = sandbox.directory().join("nativelink");
        let program = program::install(sandbox, &folder, PROGRAM)?;
        Ok(Self { folder, program, port: free_port()?, worker_port: free_port()?, data_bytes })
    }

    /// The address that Bazel uses, without a scheme.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts cache, scheduler and a worker, and waits until it listens.
    pub(crate) fn start(&self, sandbox: &Sandbox, instance: Instance<'_>) -> Result<Worker> {
        self.start_part(sandbox, instance, Part::Local)
    }

    /// Starts a worker beside, and waits until it listens.
    pub(crate) fn start_beside(&self, sandbox: &Sandbox, instance: Instance<'_>) -> Result<Worker> {
        self.start_part(sandbox, instance, Part::Worker)
    }

    fn start_part(&self, sandbox: &Sandbox, instance: Instance<'_>, part: Part) -> Result<Worker> {
        let logs = sandbox.directory().join("logs");
        let configuration = render(sandbox, &instance, &logs.join("nativelink-render.log"))?;
        let volume = |target: &str, source| Volume { target: target.into(), source };
        let volumes = vec![
            volume(PROGRAM, Source::Folder(self.folder.clone())),
            volume(CONFIGURATION, Source::Folder(configuration)),
            volume(DATA, Source::Memory(self.data_bytes)),
        ];
        let mut worker = Worker::new(instance.container, volumes)?;
        let server = self.serve(&worker, part, &logs.join(format!("nativelink-{}.log", instance.name)))?;
        worker.add(server);
        Ok(worker)
    }

    /// Ends cache, scheduler and worker as a crash does.
    pub(crate) fn kill(worker: &Worker) -> Result<()> {
        worker.kill(&file(Part::Local))
    }

    /// Starts them again in the same container, where what was stored still is.
    pub(crate) fn start_again(&self, sandbox: &Sandbox, worker: &Worker) -> Result<()> {
        let log = sandbox.directory().join("logs/nativelink-again.log");
        self.serve(worker, Part::Local, &log).map(drop)
    }

    fn serve(&self, worker: &Worker, part: Part, log: &Path) -> Result<Child> {
        let (first, words) = self.program.split_first().context("the program has no words")?;
        let address = |port: u16| format!("127.0.0.1:{port}");
        let (port, variables) = match part {
            Part::Local => {
                let variables =
                    vec![("LRE_PORT", self.port.to_string()), ("LRE_API_PORT", self.worker_port.to_string())];
                (self.port, variables)
            }
            Part::Worker => {
                let health = free_port()?;
                let variables = vec![
                    ("LRE_CAS", self.address()),
                    ("LRE_SCHEDULER", address(self.worker_port)),
                    ("LRE_HEALTH_LISTEN", address(health)),
                ];
                (health, variables)
            }
        };
        let mut entry = worker
            .as_user(first)
            .args(words)
            .args([file(part)])
            .directory(DATA)
            .env("LRE_DATA", DATA)
            .env("LRE_TASKS", TASKS);
        for (name, value) in variables {
            entry = entry.env(name, value);
        }
        let mut server = start_server(entry.build(), log)?;
        wait_until_listening("NativeLink", &mut server, port, log)?;
        Ok(server)
    }
}

/// The configuration of a part, as its container sees it.
fn file(part: Part) -> String {
    let name = match part {
        Part::Local => "local.json5",
        Part::Worker => "worker.json5",
    };
    format!("{CONFIGURATION}/{name}")
}

/// Writes the configuration of an instance, as `lre deploy render` does; returns its folder, outside.
fn render(sandbox: &Sandbox, instance: &Instance<'_>, log: &Path) -> Result<PathBuf> {
    let place = sandbox.place();
    let name = format!("engine/{}", instance.name);
    let toolchain = place.outside(&name).join("toolchain");
    let mut manifest = instance.manifest.clone();
    manifest["image"]["execProperties"] = serde_json::to_value(instance.properties)?;
    fs::create_dir_all(&toolchain).with_context(|| format!("cannot create `{}`", toolchain.display()))?;
    fs::write(toolchain.join("lre.json"), serde_json::to_string_pretty(&manifest)?)?;
    let lre = sandbox.command(&place.text("bin/lre"));
    let words = ["deploy", "render", "--manifest", "toolchain", "--out", "deploy"];
    run_logged(&mut lre.args(words).directory(place.inside(&name)).build(), log)
        .with_context(|| format!("cannot render NativeLink's configuration for `{}`", instance.name))?;
    Ok(place.outside(&name).join("deploy/nativelink"))
}
