//! `cargo xtask sandbox -- COMMAND`: a command where Bazel and Nix are.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{Sandbox, Tools};

/// Sets the sandbox up and runs the command in it; its exit code is the command's.
pub(crate) fn run(command: &[OsString]) -> ExitCode {
    match run_command(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run_command(command: &[OsString]) -> Result<ExitCode> {
    let sandbox = Sandbox::open(Tools::Sandbox)?;
    let place = sandbox.place();
    let program = command.first().context("there is no command")?.to_string_lossy().into_owned();
    let mut entry = sandbox.command(&program).args(&command[1..]).directory(place.inside(""));
    entry = entry.env("HOME", "/root").env("NIX_CONFIG", super::toolchain::NIX_CONFIG);
    for name in ["TERM", "LANG"] {
        if let Some(value) = std::env::var_os(name) {
            entry = entry.env(name, value);
        }
    }
    let status = entry.build().status().with_context(|| format!("cannot run `{program}`"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
