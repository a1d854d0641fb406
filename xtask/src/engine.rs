//! The remote-execution service of the tests and the demo: BuildGrid with PostgreSQL and a BuildBox worker, or NativeLink.
//!
//! Everything is new at each start and listens on 127.0.0.1 only; dropping the engine ends every process of it.

mod buildgrid;
pub(crate) mod nativelink;
mod worker;
pub(crate) mod worker_image;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

pub(crate) use buildgrid::{BuildGrid, install};
pub(crate) use nativelink::NativeLink;
pub(crate) use worker::{Container, Worker, WorkerSpec};

use crate::step::tail;

/// Which engine builds go through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(crate) enum EngineKind {
    /// BuildGrid with BuildBox's worker, from package registries.
    #[default]
    Buildgrid,
    /// NativeLink, from the binary that `LRE_NATIVELINK` names, configured by `lre deploy render`.
    Nativelink,
}

impl EngineKind {
    /// The flag that chooses it.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Buildgrid => "--engine=buildgrid",
            Self::Nativelink => "--engine=nativelink",
        }
    }
}

/// The service that builds go through.
pub(crate) enum Engine {
    /// It runs in the services' root, and workers apart from it.
    BuildGrid(BuildGrid),
    /// It runs with its first worker.
    NativeLink(NativeLink),
}

impl Engine {
    /// The address that Bazel uses, without a scheme.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::BuildGrid(engine) => engine.address(),
            Self::NativeLink(engine) => engine.address(),
        }
    }

    /// BuildGrid, where a check needs what only it has.
    pub(crate) fn buildgrid(&self) -> Option<&BuildGrid> {
        match self {
            Self::BuildGrid(engine) => Some(engine),
            Self::NativeLink(_) => None,
        }
    }
}

/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long an action may wait for a worker that offers what its platform asks for, unless a run says otherwise. Bazel
/// has no flag for it.
pub(crate) const QUEUE_DEADLINE: Duration = Duration::from_secs(30);

/// What BuildGrid says of an action that waited that long.
pub(crate) const QUEUE_DEADLINE_MESSAGE: &str = "Operation has been queued for too long";

/// A port of the loopback interface that nothing listens on.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot bind a port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Starts a server with its output in `log`.
pub(crate) fn start_server(mut command: Command, log: &Path) -> Result<Child> {
    let file = fs::File::create(log).with_context(|| format!("cannot create `{}`", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("cannot start the server that logs to `{}`", log.display()))
}

/// Waits until `server` listens on `port`.
pub(crate) fn wait_until_listening(name: &str, server: &mut Child, port: u16, log: &Path) -> Result<()> {
    let start = Instant::now();
    loop {
        // First: what answers on the port of a server that has ended is somebody else.
        if let Some(status) = server.try_wait()? {
            bail!("{name} ended before it listened: {status}\n{}", tail(log, 20));
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        if start.elapsed() > START_LIMIT {
            bail!("{name} does not listen after {} s\n{}", START_LIMIT.as_secs(), tail(log, 20));
        }
        thread::sleep(Duration::from_millis(50));
    }
}
