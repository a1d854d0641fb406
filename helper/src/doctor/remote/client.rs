//! The calls: one connection, one thread, and a limit for each answer.

use std::error::Error as _;
use std::future::Future;
use std::time::{Duration, Instant};

use bazel_remote_apis::build::bazel::remote::execution::v2::capabilities_client::CapabilitiesClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::{GetCapabilitiesRequest, ServerCapabilities};
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use super::Remote;

/// For a connection, and for each answer that needs no worker.
const PATIENCE: Duration = Duration::from_secs(10);

/// A header of every call.
#[derive(Clone, Debug)]
pub struct Header {
    name: MetadataKey<Ascii>,
    value: MetadataValue<Ascii>,
}

/// Parses `NAME=VALUE`. The value may be a secret: no message quotes it.
///
/// # Errors
/// What it has to be.
pub fn parse_header(text: &str) -> Result<Header, String> {
    let refusal = || "expected `NAME=VALUE` with a value of printable ASCII, as in `--remote_header`".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(refusal)?;
    let name = name.to_ascii_lowercase().parse().map_err(|_| refusal())?;
    Ok(Header { name, value: value.parse().map_err(|_| refusal())? })
}

/// Adds the headers to a call.
#[derive(Clone)]
pub(super) struct Headers(Vec<Header>);

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for Header { name, value } in &self.0 {
            request.metadata_mut().append(name.clone(), value.clone());
        }
        Ok(request)
    }
}

/// A connection with its headers.
pub(super) type Connection = InterceptedService<Channel, Headers>;

/// Connects.
///
/// # Errors
/// What the system says, as one line.
pub(super) async fn connect(remote: &Remote) -> Result<Connection, String> {
    let endpoint = Endpoint::from_shared(remote.address.uri()).map_err(|error| error.to_string())?;
    let channel = endpoint.connect_timeout(PATIENCE).connect().await.map_err(|error| {
        let mut cause = error.source();
        // The innermost one is the system's.
        while let Some(inner) = cause.and_then(|cause| cause.source()) {
            cause = Some(inner);
        }
        cause.map_or_else(|| error.to_string(), ToString::to_string)
    })?;
    Ok(InterceptedService::new(channel, Headers(remote.headers.clone())))
}

/// Waits for an answer as long as for any.
pub(super) async fn answer<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Status> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(result) => result.map(Response::into_inner),
        Err(_) => Err(Status::deadline_exceeded(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// What the server can do, and how long a second question takes.
///
/// # Errors
/// What the server says.
pub(super) async fn capabilities(
    connection: &Connection,
    remote: &Remote,
) -> Result<(ServerCapabilities, Duration), Status> {
    let mut client = CapabilitiesClient::new(connection.clone());
    let request = || GetCapabilitiesRequest { instance_name: remote.instance.clone() };
    answer(client.get_capabilities(request())).await?;
    let start = Instant::now();
    let capabilities = answer(client.get_capabilities(request())).await?;
    Ok((capabilities, start.elapsed()))
}
