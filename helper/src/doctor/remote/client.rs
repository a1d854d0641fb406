//! The calls: a connection for each address, one thread, and a limit for each answer.

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

use super::{Address, Remote, Server, Tls};
use crate::system_error::describe_system_error;

/// For a connection, and for each answer that needs no worker.
const PATIENCE: Duration = Duration::from_secs(10);

/// A header of every call.
#[derive(Clone, Debug)]
pub struct Header {
    name: MetadataKey<Ascii>,
    value: MetadataValue<Ascii>,
}

impl Header {
    /// A header; `None` if the name is none, or the value is not of printable ASCII.
    #[must_use]
    pub fn new(name: &str, value: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().parse().ok()?;
        let mut value: MetadataValue<Ascii> = value.parse().ok()?;
        // It may be a secret: nothing shows it.
        value.set_sensitive(true);
        Some(Self { name, value })
    }
}

/// Parses `NAME=VALUE`. The value may be a secret: no message quotes it.
///
/// # Errors
/// What it has to be.
pub fn parse_header(text: &str) -> Result<Header, String> {
    let refusal = || "expected `NAME=VALUE` with a value of printable ASCII, as in `--remote_header`".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(refusal)?;
    Header::new(name, value).ok_or_else(refusal)
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
pub(super) async fn connect(remote: &Remote, server: &Server) -> Result<Connection, String> {
    let mut endpoint = Endpoint::from_shared(server.address.uri()).map_err(|error| innermost(&error))?;
    if server.address.is_tls() {
        let Tls { authority, .. } = &remote.tls;
        endpoint = match endpoint.clone().tls_config(remote.tls.config()) {
            // This machine trusts nobody, or the client's certificate is none, which is told here.
            Err(_) if authority.is_none() => endpoint.tls_config(remote.tls.distrust()),
            result => result,
        }
        .map_err(|error| innermost(&error))?;
    }
    let channel = open(&endpoint).await?;
    Ok(InterceptedService::new(channel, Headers(server.headers.clone())))
}

/// Whether a server that was spoken with in plain text answers in TLS. Nobody is trusted, and nothing is said but hello.
pub(super) async fn speaks_tls(address: &Address) -> bool {
    let endpoint = Endpoint::from_shared(address.with_other_scheme().uri());
    let Ok(endpoint) = endpoint.and_then(|endpoint| endpoint.tls_config(Tls::default().distrust())) else {
        return false;
    };
    let proofs = ["invalid peer certificate", "received fatal alert"];
    open(&endpoint).await.is_err_and(|reason| proofs.iter().any(|proof| reason.starts_with(proof)))
}

async fn open(endpoint: &Endpoint) -> Result<Channel, String> {
    match tokio::time::timeout(PATIENCE, endpoint.connect()).await {
        Ok(channel) => channel.map_err(|error| innermost(&error)),
        Err(_) => Err(format!("no connection within {} s", PATIENCE.as_secs())),
    }
}

/// How an answer starts if nobody knows the host.
pub(super) const UNKNOWN_HOST: &str = "the name of the host cannot be resolved";

/// How an answer starts if something else than TLS comes back.
pub(super) const NO_TLS: &str = "the server speaks no TLS";

/// What the system or TLS says.
fn innermost(error: &tonic::transport::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(|cause| cause.source()) {
        cause = Some(inner);
    }
    let Some(cause) = cause else { return error.to_string() };
    let text = cause.downcast_ref().map_or_else(|| cause.to_string(), describe_system_error);
    match text.strip_prefix("failed to lookup address information: ") {
        Some(reason) => format!("{UNKNOWN_HOST}: {}", reason.to_lowercase()),
        // The first byte is no record's of TLS.
        None if text.contains("InvalidContentType") => format!("{NO_TLS}: {text}"),
        None => text,
    }
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
