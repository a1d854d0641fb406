//! `cargo xtask`: sets up the sandbox, runs the main job end to end, the tests and the benches, and makes releases.

mod bazel;
mod bench;
mod browser;
mod demo;
mod docs;
mod engine;
mod execution_log;
mod fuzz;
mod generated_workspace;
mod lab;
mod parity;
mod root;
mod sandbox;
mod test;

use clap::{Parser, Subcommand};
use xtask::{dist, repository, step};

/// Set-up, end-to-end runs, tests and benches of local-remote-execution.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the main job: a remote build, then a local build that only hits its cache
    Demo(demo::Options),
    /// Run every check there is, or the named groups
    Test(test::Options),
    /// Write the pages that are made from the sources; `--check` compares them, and runs what the documents say
    Docs(docs::Options),
    /// Run the fuzz targets for a while each
    Fuzz(fuzz::Options),
    /// Measure against the named peers, in one run
    Bench(bench::Options),
    /// Make the files of a release for this platform
    Dist(dist::Options),
    /// Run a command in the sandbox
    Sandbox {
        /// The command and its arguments, after `--`
        #[arg(last = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Process 1 of a root: mounts, reports, and waits for its standard input to close.
    #[command(name = "__root-init", hide = true)]
    RootInit,
}

fn main() -> std::process::ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Demo(options) => demo::run(&options),
        Verb::Test(options) => test::run(&options),
        Verb::Docs(options) => docs::run(&options),
        Verb::Fuzz(options) => fuzz::run(&options),
        Verb::Bench(options) => bench::run(&options),
        Verb::Dist(options) => dist::run(&options),
        Verb::Sandbox { command } => return sandbox::shell::run(&command),
        Verb::RootInit => root::init::run(),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::from(1)
        }
    }
}
