//! The real binary in a temporary folder: complete stdout, stderr and exit code.

mod bazelrc;
mod check;
mod database;
mod findings;
mod java;
mod pin;
mod probe;
mod regen;
mod rewrite;
mod schema;
mod store;
mod support;
