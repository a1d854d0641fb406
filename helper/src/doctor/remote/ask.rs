//! The questions to one server, or to executor and cache apart, and in which order they are asked.

use std::io;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::digest_function::Value as DigestFunction;
use reapi::{CacheCapabilities, ServerCapabilities};

use super::action::{Connections, Trial, try_action};
use super::client::{Connection, capabilities, connect, speaks_tls};
use super::interrupt::{Interrupt, Queue};
use super::judge::{
    Role, answers, execution, is_no_answer, judge_action, no_capabilities, no_connection, only_tls, storage,
};
use super::{Remote, Server};
use crate::doctor::rc_file::Flag;
use crate::doctor::{Check, Section};

/// Asks the server, or cache and executor, and has one action run for each toolchain.
///
/// # Errors
/// If this process cannot wait for answers, or is interrupted. An action that waits for a worker is cancelled then, unless
/// the process is interrupted once more.
pub fn check_remote(remote: &Remote, trials: &[Trial], flags: &[Flag]) -> io::Result<Vec<Section>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = Interrupt::listen()?;
        let queue = Queue::default();
        let ask = ask(remote, trials, flags, &queue);
        tokio::pin!(ask);
        tokio::select! {
            sections = &mut ask => return Ok(sections),
            () = interrupt.next() => {}
        }
        if !queue.is_open() {
            return Err(io::Error::other("interrupted"));
        }
        queue.stop();
        Err(io::Error::other(tokio::select! {
            _ = &mut ask => match queue.failure() {
                None => "interrupted, and the action that waited for a worker is cancelled".to_owned(),
                Some(reason) => format!("interrupted, and the action that waits for a worker cannot be cancelled: {reason}"),
            },
            () = interrupt.next() => "interrupted twice: an action may still wait for a worker".to_owned(),
        }))
    })
}

async fn ask(remote: &Remote, trials: &[Trial], flags: &[Flag], queue: &Queue) -> Vec<Section> {
    let executor = |checks| Section { title: format!("remote {}", remote.executor.address), checks };
    match &remote.cache {
        None => vec![executor(ask_both(remote, trials, flags, queue).await)],
        Some(cache) => {
            let (checks, storage) = ask_cache(remote, cache, flags).await;
            let cache = Section { title: format!("remote cache {}", cache.address), checks };
            vec![cache, executor(ask_executor(remote, storage, trials, queue).await)]
        }
    }
}

/// One server that executes and stores.
async fn ask_both(remote: &Remote, trials: &[Trial], flags: &[Flag], queue: &Queue) -> Vec<Check> {
    let server = &remote.executor;
    let Met { connection, capabilities, mut checks } = match meet(remote, server, Role::Both).await {
        Ok(met) => met,
        Err(check) => return vec![check],
    };
    checks.extend(storage(server, Role::Both, capabilities.cache_capabilities.as_ref(), flags));
    let can_execute = is_executor(&capabilities);
    checks.push(execution(Role::Both, can_execute));
    if can_execute && is_storage(&capabilities) {
        let connections = Connections { executor: connection.clone(), storage: connection };
        checks.extend(try_actions(&connections, remote, trials, queue).await);
    }
    checks
}

/// A cache with an address of its own, and the connection if actions can be stored there.
async fn ask_cache(remote: &Remote, cache: &Server, flags: &[Flag]) -> (Vec<Check>, Option<Connection>) {
    let Met { connection, capabilities, mut checks } = match meet(remote, cache, Role::Cache).await {
        Ok(met) => met,
        Err(check) => return (vec![check], None),
    };
    checks.extend(storage(cache, Role::Cache, capabilities.cache_capabilities.as_ref(), flags));
    (checks, is_storage(&capabilities).then_some(connection))
}

/// An executor whose storage is elsewhere.
async fn ask_executor(remote: &Remote, storage: Option<Connection>, trials: &[Trial], queue: &Queue) -> Vec<Check> {
    let Met { connection, capabilities, mut checks } = match meet(remote, &remote.executor, Role::Executor).await {
        Ok(met) => met,
        Err(check) => return vec![check],
    };
    let can_execute = is_executor(&capabilities);
    checks.push(execution(Role::Executor, can_execute));
    match storage {
        Some(storage) if can_execute => {
            let connections = Connections { executor: connection, storage };
            checks.extend(try_actions(&connections, remote, trials, queue).await);
        }
        None if can_execute => checks.push(Check::open("action", "not tried: the cache cannot take it")),
        _ => {}
    }
    checks
}

/// A server that answers.
struct Met {
    connection: Connection,
    capabilities: ServerCapabilities,
    checks: Vec<Check>,
}

async fn meet(remote: &Remote, server: &Server, role: Role) -> Result<Met, Check> {
    let connection = match connect(remote, server).await {
        Ok(connection) => connection,
        Err(reason) => return Err(no_connection(remote, server, role, reason)),
    };
    match capabilities(&connection, remote).await {
        Ok((capabilities, latency)) => Ok(Met { connection, capabilities, checks: answers(remote, latency).into() }),
        Err(status) if is_no_answer(&status) && !server.address.is_tls() && speaks_tls(&server.address).await => {
            Err(only_tls(server, role))
        }
        Err(status) => Err(no_capabilities(remote, role, &status)),
    }
}

/// Whether an action can be stored there, under the digests that it is made with here.
fn is_storage(capabilities: &ServerCapabilities) -> bool {
    let mut digests = capabilities.cache_capabilities.iter().flat_map(CacheCapabilities::digest_functions);
    digests.any(|function| function == DigestFunction::Sha256)
}

fn is_executor(capabilities: &ServerCapabilities) -> bool {
    capabilities.execution_capabilities.as_ref().is_some_and(|execution| execution.exec_enabled)
}

async fn try_actions(connections: &Connections, remote: &Remote, trials: &[Trial], queue: &Queue) -> Vec<Check> {
    if trials.is_empty() {
        return vec![Check::open("action", "not tried: no toolchain says which worker it needs")];
    }
    let mut checks = Vec::new();
    for trial in trials {
        let end = try_action(connections, remote, trial, queue).await;
        checks.push(judge_action(remote, trial, end));
        if queue.is_stopped() {
            break;
        }
    }
    checks
}
