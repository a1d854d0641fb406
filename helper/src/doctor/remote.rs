//! A remote-execution server: what it can do, and whether it runs an action of our platform.

mod action;
mod address;
mod client;
mod judge;

pub use action::Trial;
pub use address::{Address, AddressError};
pub use client::{Header, parse_header};
pub use judge::check_remote;

use std::time::Duration;

/// A server, as Bazel would be told.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Where it listens.
    pub address: Address,
    /// As in `--remote_instance_name`.
    pub instance: String,
    /// As in `--remote_header`.
    pub headers: Vec<Header>,
    /// How long an action may wait for a worker.
    pub deadline: Duration,
}
