//! Bazel toolchains whose every path lies under `/nix/store`: generated from an `Env`, checked against the store.
//!
//! The pipeline is `Environment` → [`cc::probe`] → [`cc::config`] → [`cc::render`] → BUILD files and a [`manifest`], and
//! the same with [`java`]; [`check`] compares those files with the store of this machine. Everything after the probe is pure.

pub mod bazelrc;
pub mod build_file;
pub mod cc;
pub mod check;
pub mod command;
pub mod deploy;
pub mod diagnostic;
pub mod diff;
pub mod doctor;
pub mod environment;
pub mod execlog;
pub mod explain;
pub mod generated_file;
pub mod generated_folder;
pub mod image;
pub mod init;
pub mod java;
pub mod json;
pub mod manifest;
pub mod oci;
pub mod pin;
pub mod program;
pub mod published;
pub mod rewrite;
pub mod shell;
pub mod store;
pub mod system;
pub mod system_error;
pub mod talk;
pub mod temporary_folder;
pub mod toolchain;
pub mod toolchain_kind;
pub mod toolchain_path;
