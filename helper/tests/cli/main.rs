//! The real binary in a temporary folder: complete stdout, stderr and exit code.

mod bazelrc;
#[path = "../oci/builder.rs"]
#[allow(dead_code, reason = "half of it makes bad images, which `tests/oci.rs` is about")]
mod builder;
mod changes;
mod check;
mod crowd;
mod database;
mod dependencies;
mod deploy;
mod doctor;
mod explain;
mod findings;
mod image;
mod init;
mod java;
mod links;
mod pin;
mod probe;
mod promises;
mod reference;
mod regen;
mod remote;
mod rewrite;
mod schema;
mod server;
mod size;
mod store;
mod support;
mod surroundings;
mod talk;
mod unusable;
mod worker_image;
mod wrap;
