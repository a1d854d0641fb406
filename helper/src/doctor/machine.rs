//! The machine: its system, its Nix and its store.

use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{Access, access};

use super::program::version_line;
use super::{Check, first_line};
use crate::program::find_program;
use crate::store::database::{Unknown, query_closure};
use crate::store::{STORE_DIR, Store, require_store_dir};
use crate::system::{System, host_system};

/// For a machine that has no store.
const REMOTE_ONLY: &str =
    "install Nix, or build remotely only: `echo 'common --repo_env=LRE_LOCAL=off' >>user.bazelrc`";
/// For one that has a store alone, such as a container that mounts it.
const NO_DATABASE: &str = "mount it beside the store, or, without Nix, build remotely only: `echo 'common \
                           --repo_env=LRE_LOCAL=off' >>user.bazelrc`";

/// What toolchains need of the machine.
#[must_use]
pub fn check_machine(store: Option<&Store>) -> Vec<Check> {
    match store {
        Some(store) => vec![system(), nix(store), access_to(store)],
        None => vec![Check::open("store", "not looked at: this machine builds remotely only")],
    }
}

fn system() -> Check {
    let system = host_system();
    match System::try_from(system.clone()) {
        Ok(_) => Check::passed("system", system),
        Err(error) => Check::failed("system", error.to_string(), "build remotely only with `--repo_env=LRE_LOCAL=off`"),
    }
}

fn nix(store: &Store) -> Check {
    let Some(program) = find_program("nix-store") else {
        let has_store = store.on_disk(STORE_DIR).is_dir();
        let message = "no `nix-store` in PATH";
        // A container that mounts a store builds with it as well.
        return if has_store { Check::open("Nix", message) } else { Check::failed("Nix", message, REMOTE_ONLY) };
    };
    match version_line(&program, Path::new(".")) {
        // `nix-store (Nix) 2.34.8`
        Ok(line) => Check::passed("Nix", line.rsplit(' ').next().unwrap_or_default()),
        Err(reason) => Check::failed("Nix", reason, "make `nix-store --version` work"),
    }
}

fn access_to(store: &Store) -> Check {
    let name = "store";
    if let Err(error) = require_store_dir(std::env::var_os("NIX_STORE_DIR").as_deref()) {
        return Check::failed(name, first_line(&error.to_string()), "leave `NIX_STORE_DIR` unset");
    }
    let folder = store.on_disk(STORE_DIR);
    let shown = folder.display();
    if !folder.is_dir() {
        return Check::failed(name, format!("`{shown}` is not there"), REMOTE_ONLY);
    }
    let database = store.database_folder();
    if let Err(reason) = query_closure(store, &[]) {
        let message = format!("`{shown}`, of which nothing can be looked up: {reason}");
        let fix = match reason {
            Unknown::Absent(_) => NO_DATABASE.to_owned(),
            _ => format!("make `{}` readable, or mount it beside the store", database.display()),
        };
        return Check::failed(name, message, fix);
    }
    let socket = store.on_disk("/nix/var/nix/daemon-socket/socket");
    let way = if UnixStream::connect(&socket).is_ok() {
        "through the daemon"
    } else if access(&database, Access::WRITE_OK).is_ok() {
        "written directly"
    } else {
        "read only: nothing can be realised here"
    };
    Check::passed(name, format!("`{shown}`, {way}"))
}
