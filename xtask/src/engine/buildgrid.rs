//! BuildGrid and the PostgreSQL that its scheduler needs, in a Debian root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};
use std::{net, thread};

use anyhow::{Context, Result, bail};

use super::{free_port, start_server, wait_until_listening};
use crate::root::Root;
use crate::sandbox::debian::shell;
use crate::step::{Attempts, Steps, run_logged, tail};

/// The release; newer ones are not on the package index.
const REQUIREMENT: &str = "buildgrid[database]==0.4.4";
const VENV: &str = "/lre/buildgrid";
const RUN: &str = "/lre/run";

/// Installs BuildGrid into the root.
pub(crate) fn install(root: &Root, steps: &Steps) -> Result<()> {
    steps.keep("buildgrid", REQUIREMENT, Attempts::Patient, |log| {
        let script = format!(
            "export PIP_CERT=/etc/ssl/certs/ca-certificates.crt; unset PIP_FIND_LINKS
            python3 -m venv {VENV} && {VENV}/bin/pip install -q --disable-pip-version-check '{REQUIREMENT}'"
        );
        run_logged(&mut shell(root, &script, Duration::from_secs(900)), log)
    })?;
    Ok(())
}

/// The configuration of a server that only stores.
const CACHE_FILE: &str = "cache.yml";

/// A running BuildGrid: content-addressed storage, action cache and scheduler behind one address.
pub(crate) struct BuildGrid {
    _servers: Vec<Child>,
    port: u16,
    database_port: u16,
    /// How long an action may wait for a worker that offers what its platform asks for.
    pub(crate) queue_deadline: Duration,
}

impl BuildGrid {
    /// Starts the servers inside `root`, which must outlive them and ends them when it is dropped.
    pub(crate) fn start(root: &Root, logs: &Path, queue_deadline: Duration) -> Result<Self> {
        let run = root.directory().join(RUN.trim_start_matches('/'));
        if run.exists() {
            fs::remove_dir_all(&run).with_context(|| format!("cannot remove `{}`", run.display()))?;
        }
        fs::create_dir_all(&run)?;
        let database = start_database(root, logs)?;
        let port = free_port()?;
        fs::write(run.join("buildgrid.yml"), configuration(port, database.port, queue_deadline))?;
        let log = logs.join("buildgrid.log");
        let url = database_url(database.port);
        run_logged(&mut shell(root, &format!("{VENV}/bin/bgd migrate apply {url}"), Duration::from_secs(60)), &log)
            .context("cannot prepare BuildGrid's database")?;
        let command = shell(root, &format!("exec {VENV}/bin/bgd server start {RUN}/buildgrid.yml"), WHOLE_RUN);
        let mut server = start_server(command, &log)?;
        wait_until_listening("BuildGrid", &mut server, port, &log)?;
        let database_port = database.port;
        Ok(Self { _servers: vec![database.server, server], port, database_port, queue_deadline })
    }

    /// Starts a second server that stores and does not execute; its address. It ends with `root`, as the others do.
    pub(crate) fn start_cache(root: &Root, logs: &Path) -> Result<String> {
        let port = free_port()?;
        let run = root.directory().join(RUN.trim_start_matches('/'));
        // Where another engine executes, nothing was started before.
        fs::create_dir_all(&run).with_context(|| format!("cannot create `{}`", run.display()))?;
        fs::write(run.join(CACHE_FILE), cache_configuration(port))?;
        let log = logs.join("buildgrid-cache.log");
        let command = shell(root, &format!("exec {VENV}/bin/bgd server start {RUN}/{CACHE_FILE}"), WHOLE_RUN);
        wait_until_listening("BuildGrid's cache", &mut start_server(command, &log)?, port, &log)?;
        Ok(format!("127.0.0.1:{port}"))
    }

    /// The jobs of the scheduler's database for which a condition in SQL holds.
    pub(crate) fn count_jobs(&self, root: &Root, condition: &str) -> Result<usize> {
        let psql = format!("{}/psql -h 127.0.0.1 -p {} -U bgd -tA bgd", postgresql_bin(root)?, self.database_port);
        let query = format!("{psql} -c \"select count(*) from jobs where {condition}\"");
        let output = shell(root, &query, Duration::from_secs(20)).output().context("cannot run psql")?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        text.parse().with_context(|| format!("psql says `{text}`: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The address that Bazel and the worker use, without a scheme.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Servers end with their root; this only bounds a root that somebody forgot.
const WHOLE_RUN: Duration = Duration::from_secs(3 * 3600);

struct Database {
    server: Child,
    port: u16,
}

fn start_database(root: &Root, logs: &Path) -> Result<Database> {
    let bin = postgresql_bin(root)?;
    let log = logs.join("postgresql.log");
    let init = format!(
        "install -d -o postgres -g postgres {RUN}/pg && \
         setpriv --reuid=postgres --regid=postgres --clear-groups {bin}/initdb -D {RUN}/pg -A trust -U bgd -E UTF8 --no-locale --no-sync"
    );
    run_logged(&mut shell(root, &init, Duration::from_secs(60)), &log).context("cannot make BuildGrid's database")?;
    let port = free_port()?;
    let start = format!(
        "exec setpriv --reuid=postgres --regid=postgres --clear-groups {bin}/postgres -D {RUN}/pg -p {port} \
         -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c synchronous_commit=off"
    );
    let mut server = start_server(shell(root, &start, WHOLE_RUN), &log)?;
    wait_until_listening("PostgreSQL", &mut server, port, &log)?;
    let create = format!("{bin}/createdb -h 127.0.0.1 -p {port} -U bgd bgd");
    let start = Instant::now();
    // It listens a moment before it answers.
    while !shell(root, &create, Duration::from_secs(20)).output().context("cannot run createdb")?.status.success() {
        if start.elapsed() > Duration::from_secs(30) || net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            bail!("PostgreSQL does not answer\n{}", tail(&log, 20));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(Database { server, port })
}

fn postgresql_bin(root: &Root) -> Result<String> {
    let directory = PathBuf::from("usr/lib/postgresql");
    let versions =
        fs::read_dir(root.directory().join(&directory)).context("PostgreSQL is not in the services' root")?;
    let mut versions: Vec<PathBuf> = versions.flatten().map(|entry| directory.join(entry.file_name())).collect();
    versions.sort();
    let newest = versions.pop().context("PostgreSQL is not in the services' root")?;
    Ok(format!("/{}/bin", newest.display()))
}

/// SQLAlchemy reads a plain `postgresql://` as psycopg 3, with which BuildGrid's builds hang.
fn database_url(port: u16) -> String {
    format!("postgresql+psycopg2://bgd@127.0.0.1:{port}/bgd")
}

fn cache_configuration(port: u16) -> String {
    format!(
        r#"server:
  - !channel
    address: "127.0.0.1:{port}"
    insecure-mode: true
authorization:
  method: none
storages:
  - !lru-storage &cas
    size: 16M
caches:
  - !lru-action-cache &ac
    storage: *cas
    max-cached-refs: 100
    allow-updates: true
instances:
  - name: ""
    description: a cache alone
    services:
      - !action-cache
        cache: *ac
      - !cas
        storage: *cas
thread-pool-size: 10
"#
    )
}

fn configuration(port: u16, database_port: u16, queue_deadline: Duration) -> String {
    let url = database_url(database_port);
    let deadline = queue_deadline.as_secs();
    format!(
        r#"server:
  - !channel
    address: "127.0.0.1:{port}"
    insecure-mode: true
authorization:
  method: none
connections:
  - !sql-connection &sql
    connection-string: {url}
    pool-size: 10
    pool-timeout: 30
    pool-recycle: 3600
    max-overflow: 20
storages:
  - !lru-storage &cas
    size: 2048M
caches:
  - !lru-action-cache &ac
    storage: *cas
    max-cached-refs: 100000
    allow-updates: true
    cache-failed-actions: false
schedulers:
  - !sql-scheduler &scheduler
    sql: *sql
    storage: *cas
    action-cache: *ac
    # An action that no worker can take fails after this time; otherwise it would wait for ever.
    queue-timeout-job-max-age:
      seconds: {deadline}
    queue-timeout-period:
      seconds: 2
    property-set:
      !dynamic-property-set
      match-property-keys: [OSFamily, container-image]
      wildcard-property-keys: []
    bot-session-keepalive-timeout: 20
    assigners:
      - !priority-age-assigner
        count: 2
        interval: 0.05
instances:
  - name: ""
    description: local
    services:
      - !action-cache
        cache: *ac
      - !execution
        scheduler: *scheduler
      - !cas
        storage: *cas
      - !bytestream
        storage: *cas
thread-pool-size: 100
"#
    )
}
