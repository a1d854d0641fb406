//! A remote-execution server: what it can do, and whether it runs an action of our platform.

mod action;
mod address;
mod client;
mod credentials;
mod interrupt;
mod judge;
mod tls;

pub use action::Trial;
pub use address::{Address, AddressError};
pub use client::{Header, parse_header};
pub use credentials::{CredentialError, ask_credential_helper, credential_uri};
pub use judge::check_remote;
pub use tls::Tls;

use std::time::Duration;

/// A server, as Bazel would be told.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Where it listens.
    pub address: Address,
    /// As in `--remote_instance_name`.
    pub instance: String,
    /// What TLS needs, where the address asks for it.
    pub tls: Tls,
    /// As in `--remote_header`, and those of the credential helper.
    pub headers: Vec<Header>,
    /// How long an action may wait for a worker.
    pub deadline: Duration,
}
