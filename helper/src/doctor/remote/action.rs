//! An action that asks for a worker of our platform: taken, refused, or left in the queue and cancelled.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::longrunning::operations_client::OperationsClient;
use bazel_remote_apis::google::longrunning::{CancelOperationRequest, Operation, operation};
use bazel_remote_apis::google::protobuf;
use prost::Message;
use reapi::content_addressable_storage_client::ContentAddressableStorageClient;
use reapi::execution_client::ExecutionClient;
use reapi::execution_stage::Value as Stage;
use sha2::{Digest as _, Sha256};
use tonic::Status;

use super::Remote;
use super::client::{Connection, answer};
use super::interrupt::Queue;
use crate::doctor::first_line;
use crate::manifest::Manifest;
use crate::toolchain_kind::ToolchainKind;

/// The action's own limit: the toolchain's program says its version, and worker and service are idle again.
const ACTION_LIMIT: protobuf::Duration = protobuf::Duration { seconds: 2, nanos: 0 };

/// Where an action runs, and where its blobs are.
pub(super) struct Connections {
    /// To what runs it.
    pub(super) executor: Connection,
    /// To what stores its blobs: the same, or a cache with an address of its own.
    pub(super) storage: Connection,
}

/// What is asked of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What messages call it: the toolchain's folder.
    pub name: String,
    /// The platform's execution properties.
    pub properties: BTreeMap<String, String>,
    /// The toolchain's program, which a worker of that platform has.
    pub program: String,
    /// What has it say its version.
    pub argument: &'static str,
    /// `PATH` of Env.
    pub path: Option<String>,
}

impl Trial {
    /// The platform and the program of a toolchain; `None` without a compiler or JDK in Env.
    #[must_use]
    pub fn of(name: String, manifest: &Manifest) -> Option<Self> {
        let variable = |key: &str| manifest.env.iter().find_map(|entry| entry.strip_prefix(key)?.strip_prefix('='));
        let (program, argument) = match manifest.kind() {
            ToolchainKind::Cc => (variable("CC")?.to_owned(), "--version"),
            ToolchainKind::Java => (format!("{}/bin/java", variable("JAVA_HOME")?), "-version"),
        };
        let (properties, path) = (manifest.image.exec_properties.clone(), variable("PATH").map(str::to_owned));
        Some(Self { name, properties, program, argument, path })
    }

    /// The properties, for messages.
    pub(super) fn asked(&self) -> String {
        let properties: Vec<String> = self.properties.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
        properties.join(" with ")
    }
}

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// A worker ran it.
    Ran {
        /// What the program ended with.
        exit_code: i32,
        /// The worker's name; empty if the server does not say.
        worker: String,
        /// From the request to the answer.
        time: Duration,
    },
    /// The server or a worker would not; what they say.
    Refused(String),
    /// Nobody had finished it at the deadline.
    Late {
        /// Whether a worker had taken it.
        is_taken: bool,
        /// Why it could not be cancelled.
        not_cancelled: Option<String>,
    },
}

/// Uploads the action, has it run, and cancels it at the deadline, or before if `queue` is stopped.
///
/// # Errors
/// If it cannot be uploaded.
pub(super) async fn try_action(
    connections: &Connections,
    remote: &Remote,
    trial: &Trial,
    queue: &Queue,
) -> Result<End, Status> {
    let action_digest = Some(upload(&connections.storage, remote, trial).await?);
    let connection = &connections.executor;
    let start = Instant::now();
    let request = reapi::ExecuteRequest {
        instance_name: remote.instance.clone(),
        skip_cache_lookup: true,
        action_digest,
        digest_function: reapi::digest_function::Value::Sha256.into(),
        ..Default::default()
    };
    let mut seen = Seen::default();
    queue.set_open(true);
    let end = tokio::time::timeout(remote.deadline, follow(connection, request, &mut seen, queue)).await;
    let end = match end {
        Ok(Ok(result)) => End::of(result, start.elapsed()),
        Ok(Err(status)) => {
            // The operation may live on without its stream.
            queue.set_failure(cancel(connection, &seen).await.err().map(|status| words(&status)));
            End::Refused(words(&status))
        }
        Err(_) => {
            let not_cancelled = cancel(connection, &seen).await.err().map(|status| words(&status));
            // Who is interrupted in this very moment is told the same.
            queue.set_failure(not_cancelled.clone());
            End::Late { is_taken: seen.stage == Stage::Executing, not_cancelled }
        }
    };
    queue.set_open(false);
    Ok(end)
}

/// Waits for the result, or until `queue` is stopped.
async fn follow(
    connection: &Connection,
    request: reapi::ExecuteRequest,
    seen: &mut Seen,
    queue: &Queue,
) -> Result<operation::Result, Status> {
    let mut client = ExecutionClient::new(connection.clone());
    let mut stream = client.execute(request).await?.into_inner();
    let stopped = queue.stopped();
    tokio::pin!(stopped);
    loop {
        let operation = tokio::select! {
            operation = stream.message() => operation?,
            // The first message has the name, without which nothing can be cancelled.
            () = &mut stopped, if !seen.name.is_empty() => return Err(Status::cancelled("interrupted")),
        };
        let Some(operation) = operation else {
            return Err(Status::aborted("the server ended the stream without a result"));
        };
        if let Some(result) = seen.take(operation) {
            return Ok(result);
        }
    }
}

/// What a status says, in one line.
pub(super) fn words(status: &Status) -> String {
    match first_line(status.message()) {
        "" => format!("{:?}", status.code()),
        message => message.to_owned(),
    }
}

/// What the stream said so far.
#[derive(Default)]
struct Seen {
    name: String,
    stage: Stage,
}

impl Seen {
    /// Remembers an operation, and returns its result if that is there.
    fn take(&mut self, operation: Operation) -> Option<operation::Result> {
        self.name = operation.name;
        if let Some(metadata) = operation.metadata
            && let Ok(metadata) = reapi::ExecuteOperationMetadata::decode(metadata.value.as_slice())
        {
            self.stage = metadata.stage();
        }
        operation.result.filter(|_| operation.done)
    }
}

impl End {
    fn of(result: operation::Result, time: Duration) -> Self {
        let response = match result {
            operation::Result::Error(status) => return Self::Refused(first_line(&status.message).to_owned()),
            operation::Result::Response(response) => reapi::ExecuteResponse::decode(response.value.as_slice()),
        };
        match response {
            Err(error) => Self::Refused(format!("its answer is no `ExecuteResponse`: {error}")),
            Ok(reapi::ExecuteResponse { status: Some(status), .. }) if status.code != 0 => {
                Self::Refused(first_line(&status.message).to_owned())
            }
            Ok(reapi::ExecuteResponse { result: Some(result), .. }) => {
                let worker = result.execution_metadata.map(|metadata| metadata.worker).unwrap_or_default();
                Self::Ran { exit_code: result.exit_code, worker, time }
            }
            Ok(_) => Self::Refused("its answer has no result".to_owned()),
        }
    }
}

async fn cancel(connection: &Connection, seen: &Seen) -> Result<(), Status> {
    // Without a name, nothing but the stream knows the operation, and that has ended.
    if seen.name.is_empty() {
        return Ok(());
    }
    let request = CancelOperationRequest { name: seen.name.clone() };
    answer(OperationsClient::new(connection.clone()).cancel_operation(request)).await.map(drop)
}

/// Uploads action, command and the empty input root; returns the action's digest.
async fn upload(storage: &Connection, remote: &Remote, trial: &Trial) -> Result<reapi::Digest, Status> {
    let command = command(trial).encode_to_vec();
    let root = reapi::Directory::default().encode_to_vec();
    let action = reapi::Action {
        command_digest: Some(digest(&command)),
        input_root_digest: Some(digest(&root)),
        timeout: Some(ACTION_LIMIT),
        do_not_cache: true,
        salt: salt(),
        platform: Some(platform(trial)),
    }
    .encode_to_vec();
    let action_digest = digest(&action);
    let requests = [command, root, action].map(|data| reapi::batch_update_blobs_request::Request {
        digest: Some(digest(&data)),
        data,
        ..Default::default()
    });
    let request = reapi::BatchUpdateBlobsRequest {
        instance_name: remote.instance.clone(),
        requests: requests.into(),
        digest_function: reapi::digest_function::Value::Sha256.into(),
    };
    let mut storage = ContentAddressableStorageClient::new(storage.clone());
    let response = answer(storage.batch_update_blobs(request)).await?;
    let failure = response.responses.into_iter().filter_map(|response| response.status).find(|status| status.code != 0);
    match failure {
        Some(status) => Err(Status::new(status.code.into(), status.message)),
        None => Ok(action_digest),
    }
}

fn command(trial: &Trial) -> reapi::Command {
    let variable =
        |value: &String| reapi::command::EnvironmentVariable { name: "PATH".to_owned(), value: value.clone() };
    #[allow(deprecated, reason = "servers before version 2.2 of the interface look for the platform here alone")]
    reapi::Command {
        arguments: vec![trial.program.clone(), trial.argument.to_owned()],
        environment_variables: trial.path.iter().map(variable).collect(),
        platform: Some(platform(trial)),
        ..Default::default()
    }
}

fn platform(trial: &Trial) -> reapi::Platform {
    let property =
        |(name, value): (&String, &String)| reapi::platform::Property { name: name.clone(), value: value.clone() };
    reapi::Platform { properties: trial.properties.iter().map(property).collect() }
}

fn digest(data: &[u8]) -> reapi::Digest {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(data));
    reapi::Digest { hash, size_bytes: i64::try_from(data.len()).unwrap_or(i64::MAX) }
}

/// No other action has it: a server must not join this one to an action of another client.
fn salt() -> Vec<u8> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("lre doctor {} {}", std::process::id(), now.as_nanos()).into_bytes()
}
