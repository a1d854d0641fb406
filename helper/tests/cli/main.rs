//! The real binary in a temporary folder: complete stdout, stderr and exit code.

mod bazelrc;
mod check;
mod regen;
mod schema;
mod support;
