//! Java toolchains: reading what a JDK says of itself, deciding on a configuration, writing BUILD files.

pub mod config;
pub mod probe;
pub mod render;
