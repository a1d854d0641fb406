//! `lre bazelrc`: prints the rc file.

use std::path::PathBuf;

use clap::Args;

use super::{Outcome, print_data, read_environment};
use crate::bazelrc::{bazelrc_warnings, render_bazelrc};
use crate::toolchain_kind::ToolchainKind;

/// Prints the rc file that selects the toolchain in Bazel.
#[derive(Debug, Args)]
pub struct BazelrcArguments {
    /// JSON list of `KEY=VALUE` strings: the toolchain's Env. Without it the file carries a warning.
    #[arg(long, value_name = "FILE")]
    env_json: Option<PathBuf>,
    /// What the toolchain compiles. By default Env tells, by `CC` or `JAVA_HOME`.
    #[arg(long)]
    kind: Option<ToolchainKind>,
    /// The Bazel config that enables the toolchain, as in `--config=lre`. Without it every build uses the toolchain.
    #[arg(long, value_name = "NAME")]
    prefix: Option<String>,
    /// Absolute path of this program, for the check at fetch.
    #[arg(long, value_name = "PATH")]
    helper: Option<String>,
}

/// Runs the subcommand.
///
/// # Errors
/// If the Env, the prefix or the helper's path is refused.
pub fn run(arguments: &BazelrcArguments) -> anyhow::Result<Outcome> {
    let environment = arguments.env_json.as_deref().map(read_environment).transpose()?;
    let kind = match &environment {
        Some(environment) if environment.get("JAVA_HOME").is_some() => ToolchainKind::of(environment, arguments.kind)?,
        // The rc file needs no compiler of Env.
        _ => arguments.kind.unwrap_or(ToolchainKind::Cc),
    };
    let text = render_bazelrc(kind, environment.as_ref(), arguments.prefix.as_deref(), arguments.helper.as_deref())?;
    print_data(&text)?;
    for warning in bazelrc_warnings(environment.as_ref()) {
        eprintln!("warning: {warning}");
    }
    Ok(Outcome::Clean)
}
