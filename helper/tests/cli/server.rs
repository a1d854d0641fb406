//! A server of the Remote Execution API in the test's own process: it takes every action, and has no worker. It stores and
//! executes, or does one of the two.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{JoinHandle, spawn};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::longrunning as operations;
use bazel_remote_apis::google::protobuf::Empty;
use operations::operations_server::{Operations, OperationsServer};
use reapi::capabilities_server::{Capabilities, CapabilitiesServer};
use reapi::content_addressable_storage_server::{ContentAddressableStorage, ContentAddressableStorageServer};
use reapi::execution_server::{Execution, ExecutionServer};
use tokio::sync::oneshot;
use tonic::codegen::tokio_stream::{Stream, StreamExt as _, once, pending};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Server as Tonic, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

type Answer<T> = Result<Response<T>, Status>;
type OperationStream = Pin<Box<dyn Stream<Item = Result<operations::Operation, Status>> + Send>>;

/// What became of the actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Names of those that wait for a worker.
    pub(crate) waiting: Vec<String>,
    /// How many were cancelled.
    pub(crate) cancelled: usize,
}

/// Which part of a cluster it is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    #[default]
    Whole,
    /// What stores and executes nothing.
    Cache,
    /// What executes and stores nothing. As NativeLink's, it names digest functions all the same.
    Scheduler,
}

/// How it is asked to behave.
#[derive(Default)]
pub(crate) struct Behaviour {
    pub(crate) part: Part,
    pub(crate) tls: Option<ServerTlsConfig>,
    /// What `authorization` has to be.
    pub(crate) authorization: Option<&'static str>,
}

#[derive(Clone)]
struct Service {
    part: Part,
    queue: Arc<Mutex<Queue>>,
    /// How many blobs it was given.
    stored: Arc<Mutex<usize>>,
    authorization: Option<&'static str>,
}

impl Service {
    /// Lets nobody in who does not say what `authorization` has to be.
    fn admit<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let given = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        match self.authorization.is_some() && given != self.authorization {
            true => Err(Status::unauthenticated("who are you")),
            false => Ok(()),
        }
    }
}

/// A running server, which ends with this value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    queue: Arc<Mutex<Queue>>,
    stored: Arc<Mutex<usize>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts it on a free port of this machine.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let queue = Arc::new(Mutex::new(Queue::default()));
        let stored = Arc::new(Mutex::new(0));
        let Behaviour { part, tls, authorization } = behaviour;
        let service = Service { part, queue: Arc::clone(&queue), stored: Arc::clone(&stored), authorization };
        let (stop, stopped) = oneshot::channel();
        let (sender, receiver) = mpsc::channel();
        let thread = spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
                sender.send(incoming.local_addr().expect("an address")).expect("the test waits");
                let mut server = Tonic::builder();
                if let Some(tls) = tls {
                    server = server.tls_config(tls).expect("certificates");
                }
                let serve = server
                    .add_service(CapabilitiesServer::new(service.clone()))
                    .add_optional_service(
                        (part != Part::Scheduler).then(|| ContentAddressableStorageServer::new(service.clone())),
                    )
                    .add_optional_service((part != Part::Cache).then(|| ExecutionServer::new(service.clone())))
                    .add_optional_service((part != Part::Cache).then(|| OperationsServer::new(service)))
                    .serve_with_incoming(incoming);
                // Streams of actions never end by themselves.
                tokio::select! {
                    served = serve => served.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        let address = receiver.recv().expect("the server starts");
        Self { address, queue, stored, stop: Some(stop), thread: Some(thread) }
    }

    /// What became of the actions so far.
    pub(crate) fn queue(&self) -> Queue {
        self.queue.lock().expect("no test panics with it").clone()
    }

    /// How many blobs it was given so far.
    pub(crate) fn stored(&self) -> usize {
        *self.stored.lock().expect("no test panics with it")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[tonic::async_trait]
impl Capabilities for Service {
    async fn get_capabilities(
        &self,
        request: Request<reapi::GetCapabilitiesRequest>,
    ) -> Answer<reapi::ServerCapabilities> {
        self.admit(&request)?;
        let cache = reapi::CacheCapabilities {
            digest_functions: vec![reapi::digest_function::Value::Sha256.into()],
            ..Default::default()
        };
        let execution = reapi::ExecutionCapabilities { exec_enabled: self.part != Part::Cache, ..Default::default() };
        Ok(Response::new(reapi::ServerCapabilities {
            cache_capabilities: Some(cache),
            execution_capabilities: Some(execution),
            ..Default::default()
        }))
    }
}

#[tonic::async_trait]
impl Execution for Service {
    type ExecuteStream = OperationStream;
    type WaitExecutionStream = OperationStream;

    async fn execute(&self, request: Request<reapi::ExecuteRequest>) -> Answer<OperationStream> {
        self.admit(&request)?;
        let mut queue = self.queue.lock().expect("no test panics with it");
        let name = format!("operations/{}", queue.waiting.len());
        queue.waiting.push(name.clone());
        let operation = operations::Operation { name, ..Default::default() };
        // As servers do, it goes on without its stream.
        Ok(Response::new(Box::pin(once(Ok(operation)).chain(pending()))))
    }

    async fn wait_execution(&self, _: Request<reapi::WaitExecutionRequest>) -> Answer<OperationStream> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl Operations for Service {
    async fn cancel_operation(&self, request: Request<operations::CancelOperationRequest>) -> Answer<Empty> {
        let mut queue = self.queue.lock().expect("no test panics with it");
        let before = queue.waiting.len();
        queue.waiting.retain(|name| *name != request.get_ref().name);
        let cancelled = before - queue.waiting.len();
        queue.cancelled += cancelled;
        if cancelled == 0 { Err(Status::not_found("no such operation")) } else { Ok(Response::new(Empty::default())) }
    }

    async fn list_operations(
        &self,
        _: Request<operations::ListOperationsRequest>,
    ) -> Answer<operations::ListOperationsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn get_operation(&self, _: Request<operations::GetOperationRequest>) -> Answer<operations::Operation> {
        Err(Status::unimplemented(""))
    }

    async fn delete_operation(&self, _: Request<operations::DeleteOperationRequest>) -> Answer<Empty> {
        Err(Status::unimplemented(""))
    }

    async fn wait_operation(&self, _: Request<operations::WaitOperationRequest>) -> Answer<operations::Operation> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl ContentAddressableStorage for Service {
    type GetChunkMappingStream = Pin<Box<dyn Stream<Item = Result<reapi::GetChunkMappingResponse, Status>> + Send>>;
    type GetTreeStream = Pin<Box<dyn Stream<Item = Result<reapi::GetTreeResponse, Status>> + Send>>;

    async fn batch_update_blobs(
        &self,
        request: Request<reapi::BatchUpdateBlobsRequest>,
    ) -> Answer<reapi::BatchUpdateBlobsResponse> {
        self.admit(&request)?;
        *self.stored.lock().expect("no test panics with it") += request.get_ref().requests.len();
        let stored = |blob: reapi::batch_update_blobs_request::Request| reapi::batch_update_blobs_response::Response {
            digest: blob.digest,
            status: None,
        };
        let responses = request.into_inner().requests.into_iter().map(stored).collect();
        Ok(Response::new(reapi::BatchUpdateBlobsResponse { responses }))
    }

    async fn find_missing_blobs(
        &self,
        _: Request<reapi::FindMissingBlobsRequest>,
    ) -> Answer<reapi::FindMissingBlobsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn batch_read_blobs(
        &self,
        _: Request<reapi::BatchReadBlobsRequest>,
    ) -> Answer<reapi::BatchReadBlobsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn get_tree(&self, _: Request<reapi::GetTreeRequest>) -> Answer<Self::GetTreeStream> {
        Err(Status::unimplemented(""))
    }

    async fn split_blob(&self, _: Request<reapi::SplitBlobRequest>) -> Answer<reapi::SplitBlobResponse> {
        Err(Status::unimplemented(""))
    }

    async fn splice_blob(&self, _: Request<reapi::SpliceBlobRequest>) -> Answer<reapi::SpliceBlobResponse> {
        Err(Status::unimplemented(""))
    }

    async fn get_chunk_mapping(
        &self,
        _: Request<reapi::GetChunkMappingRequest>,
    ) -> Answer<Self::GetChunkMappingStream> {
        Err(Status::unimplemented(""))
    }

    async fn register_chunk_mapping(
        &self,
        _: Request<Streaming<reapi::RegisterChunkMappingRequest>>,
    ) -> Answer<reapi::RegisterChunkMappingResponse> {
        Err(Status::unimplemented(""))
    }
}
