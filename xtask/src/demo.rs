//! The main job, end to end: a remote build, then a local build that only hits its cache.

pub(crate) mod half;
pub(crate) mod outputs;
mod report;
mod scenario;
mod worker_sabotage;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::engine::EngineKind;
use crate::lab::Lab;
use crate::sandbox::Tools;

/// What `cargo xtask demo` takes.
#[derive(Args, Clone, Default)]
pub(crate) struct Options {
    /// Use the machine's own `bazel` (7.1 or later) and `nix` instead of the sandbox's
    #[arg(long)]
    pub(crate) host: bool,
    /// Build through this engine
    #[arg(long, value_enum, default_value_t)]
    pub(crate) engine: EngineKind,
    /// Leave out the real library (step 7)
    #[arg(long)]
    pub(crate) quick: bool,
    /// Break one thing on purpose: the demo must notice, name it, and exit with 1
    #[arg(long, value_enum)]
    pub(crate) sabotage: Option<Sabotage>,
}

/// What is broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum Sabotage {
    /// The local build gets one more environment variable.
    Env,
    /// The worker offers another `container-image`.
    Worker,
    /// One byte of one local output changes.
    Bytes,
}

/// Sets everything up and runs the demo. Fails if one hit is missed or one byte differs.
pub(crate) fn run(options: &Options) -> Result<()> {
    println!("set-up");
    let tools = if options.host { Tools::Host } else { Tools::Sandbox };
    let mut lab = match options.sabotage {
        // Nothing but that wait is to be seen.
        Some(Sabotage::Worker) => Lab::open_with(tools, options.engine, Duration::from_secs(10))?,
        _ => Lab::open(tools, options.engine)?,
    };
    println!("demo");
    let report = scenario::run(&mut lab, options)?;
    print!("{report}");
    match (options.sabotage, report.problems().len()) {
        (Some(sabotage), 0) => bail!("the sabotage of `{sabotage:?}` was not noticed"),
        (None, 0) if report.holds() => Ok(()),
        (Some(sabotage), _) => bail!("the sabotage of `{sabotage:?}` was noticed, as it should be"),
        (None, 1) => bail!("parity is broken: one finding, above"),
        (None, problems) => bail!("parity is broken: {problems} findings, above"),
    }
}
