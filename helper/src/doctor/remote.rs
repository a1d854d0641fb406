//! A remote-execution server: what it can do, and whether it runs an action of our platform.

mod action;
mod address;
mod ask;
mod client;
mod credentials;
mod interrupt;
mod judge;
mod tls;

pub use action::Trial;
pub use address::{Address, AddressError};
pub use ask::check_remote;
pub use client::{Header, parse_header};
pub use credentials::{CredentialError, ask_credential_helper, credential_uri};
pub use tls::Tls;

use std::time::Duration;

/// What executes and what stores, as Bazel would be told.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Runs actions, and stores their blobs unless `cache` does.
    pub executor: Server,
    /// Stores them at an address of its own.
    pub cache: Option<Server>,
    /// As in `--remote_instance_name`.
    pub instance: String,
    /// What TLS needs, where an address asks for it.
    pub tls: Tls,
    /// How long an action may wait for a worker.
    pub deadline: Duration,
}

/// An address, and what is told there only.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it listens.
    pub address: Address,
    /// As in `--remote_header`, and those of the credential helper, which is asked for each address.
    pub headers: Vec<Header>,
}
