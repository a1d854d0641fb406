//! `lre bazelrc`: prints the rc file.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::{Outcome, print_data, read_environment};
use crate::bazelrc::{BazelrcSettings, RemoteError, RemoteSettings, bazelrc_warnings, render_bazelrc};
use crate::environment::Environment;
use crate::toolchain_kind::{KindError, ToolchainKind};

/// Prints the rc file that selects the toolchain in Bazel.
#[derive(Debug, Args)]
pub struct BazelrcArguments {
    /// JSON list of `KEY=VALUE` strings: the toolchain's Env. Without it the file carries a warning. Given twice, for a C++
    /// toolchain and a Java toolchain, the file selects both.
    #[arg(long, value_name = "FILE")]
    env_json: Vec<PathBuf>,
    /// What the toolchain compiles. By default Env tells, by `CC` or `JAVA_HOME`.
    #[arg(long)]
    kind: Option<ToolchainKind>,
    /// The Bazel config that enables the toolchain, as in `--config=lre`. Without it every build uses the toolchain.
    #[arg(long, value_name = "NAME")]
    prefix: Option<String>,
    /// Absolute path of this program, for the check at fetch.
    #[arg(long, value_name = "PATH")]
    helper: Option<String>,
    #[command(flatten)]
    remote: RemoteArguments,
}

/// Cache and executor.
#[derive(Debug, Args)]
#[command(next_help_heading = "Remote options")]
struct RemoteArguments {
    /// The cache, such as `grpcs://cache.example.com:50053`. Developers read it; with `--config=NAME-ci` a build may write.
    #[arg(long, value_name = "URL")]
    remote_cache: Option<String>,
    /// The service that runs actions, such as `grpcs://scheduler.example.com:50052`.
    #[arg(long, value_name = "URL")]
    remote_executor: Option<String>,
    /// The server's instance.
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// Another address of the cache for CI, which takes what is written to it.
    #[arg(long, value_name = "URL")]
    ci_remote_cache: Option<String>,
    /// The program that prints headers with credentials, an absolute path or one below `%workspace%/`. Bazel asks it for the
    /// hosts of the addresses alone.
    #[arg(long, value_name = "PATH")]
    credential_helper: Option<String>,
    /// Certificates of the authority that the server's is from, a PEM file. By default those that Bazel's Java trusts.
    #[arg(long, value_name = "PATH")]
    tls_certificate: Option<String>,
    /// The client's certificate, a PEM file.
    #[arg(long, value_name = "PATH")]
    tls_client_certificate: Option<String>,
    /// The key of the client's certificate, a PEM file in PKCS #8. The rc file names it and does not contain it.
    #[arg(long, value_name = "PATH")]
    tls_client_key: Option<String>,
    /// Taken to be refused with a reason: Bazel's flags for headers hold secrets.
    #[arg(
        long,
        hide = true,
        value_name = "NAME=VALUE",
        aliases = ["remote_header", "remote-cache-header", "remote_cache_header", "remote-exec-header", "remote_exec_header"]
    )]
    remote_header: Vec<String>,
}

impl RemoteArguments {
    fn settings(&self) -> Result<RemoteSettings, RemoteError> {
        if !self.remote_header.is_empty() {
            return Err(RemoteError::Header);
        }
        Ok(RemoteSettings {
            cache: self.remote_cache.clone(),
            executor: self.remote_executor.clone(),
            instance: self.instance.clone(),
            ci_cache: self.ci_remote_cache.clone(),
            credential_helper: self.credential_helper.clone(),
            tls_certificate: self.tls_certificate.clone(),
            tls_client_certificate: self.tls_client_certificate.clone(),
            tls_client_key: self.tls_client_key.clone(),
        })
    }
}

/// Runs the subcommand.
///
/// # Errors
/// If a setting is refused.
pub fn run(arguments: &BazelrcArguments) -> anyhow::Result<Outcome> {
    let environments =
        arguments.env_json.iter().map(|file| read_environment(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let (kind, environment, java) = match environments.as_slice() {
        [] | [_] => (kind(arguments, environments.first())?, environments.first(), None),
        [one, other] => {
            let (cc, java) = sort(arguments, one, other)?;
            (ToolchainKind::Cc, Some(cc), Some(java))
        }
        [..] => bail!("{} Envs are too many: expected that of a C++ and that of a Java toolchain", environments.len()),
    };
    let text = render_bazelrc(&BazelrcSettings {
        kind,
        environment,
        java,
        prefix: arguments.prefix.as_deref(),
        helper: arguments.helper.as_deref(),
        remote: &arguments.remote.settings()?,
    })?;
    print_data(&text)?;
    // With two, the shell is that of the C++ toolchain.
    for warning in bazelrc_warnings(environment) {
        eprintln!("warning: {warning}");
    }
    Ok(Outcome::Clean)
}

fn kind(arguments: &BazelrcArguments, environment: Option<&Environment>) -> Result<ToolchainKind, KindError> {
    match environment {
        Some(environment) if environment.get("JAVA_HOME").is_some() => ToolchainKind::of(environment, arguments.kind),
        // The rc file needs no compiler of Env.
        _ => Ok(arguments.kind.unwrap_or(ToolchainKind::Cc)),
    }
}

/// The Env of the C++ toolchain, then that of the Java toolchain.
fn sort<'a>(
    arguments: &BazelrcArguments,
    one: &'a Environment,
    other: &'a Environment,
) -> anyhow::Result<(&'a Environment, &'a Environment)> {
    if arguments.kind.is_some() {
        bail!(
            "`--kind` is of one Env, and two are named\n\nhint: leave it out: `CC` and `JAVA_HOME` tell which is which"
        );
    }
    let kinds = [one, other].map(|environment| ToolchainKind::of(environment, None));
    match kinds {
        // What one is, the other is not.
        [Ok(ToolchainKind::Cc), Ok(ToolchainKind::Java) | Err(KindError::Ambiguous)]
        | [Err(KindError::Ambiguous), Ok(ToolchainKind::Java)] => Ok((one, other)),
        [Ok(ToolchainKind::Java), Ok(ToolchainKind::Cc) | Err(KindError::Ambiguous)]
        | [Err(KindError::Ambiguous), Ok(ToolchainKind::Cc)] => Ok((other, one)),
        [Ok(kind), Ok(_)] => bail!(
            "both Envs are of a toolchain `{kind}`\n\nhint: name that of a C++ and that of a Java toolchain, or one alone"
        ),
        [Err(KindError::Ambiguous), Err(KindError::Ambiguous)] => {
            bail!("both Envs have `CC` and `JAVA_HOME`\n\nhint: take one of them out of each")
        }
        [Err(error), _] | [_, Err(error)] => Err(error.into()),
    }
}
