//! `lre doctor`: everything that decides whether two builds share their cache keys, on one screen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::format::Format;
use super::progress_bar::Waiting;
use super::{Outcome, print_data, read_text};
use crate::doctor::bazel::{Bazel, check_shell, check_version};
use crate::doctor::flags::check_flags;
use crate::doctor::json::render_json;
use crate::doctor::lre_bazelrc::check_lre_bazelrc;
use crate::doctor::machine::check_machine;
use crate::doctor::module::check_module;
use crate::doctor::rc_file::{Flag, read_rc_files};
use crate::doctor::remote::{
    Address, AddressError, Header, Remote, Server, Tls, Trial, ask_credential_helper, check_remote, credential_uri,
    parse_header,
};
use crate::doctor::screen::render_screen;
use crate::doctor::toolchain::{check_folder, check_pins_alone, find_toolchains};
use crate::doctor::{Check, Section, Verdict};
use crate::shell::{quote, quote_path};
use crate::store::Store;
use crate::talk::is_coloured;

/// What marks the folder of a workspace.
const MARKERS: [&str; 3] = ["MODULE.bazel", "WORKSPACE.bazel", "WORKSPACE"];

/// Looks at machine, workspace, toolchains and server, and says what keeps two builds from sharing their cache.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// The root workspace. By default the folder in which the command runs, or the first above it with a `MODULE.bazel`. Outside
    /// of any, `--remote` examines machine and server alone.
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// The server that builds use, as in `--remote_executor`: `grpc://HOST:PORT`, or `grpcs://HOST:PORT` with TLS.
    #[arg(long, value_name = "URL")]
    remote: Option<String>,
    /// Where storage is if that server has none, as in `--remote_cache`.
    #[arg(long, alias = "remote_cache", value_name = "URL", requires = "remote")]
    remote_cache: Option<String>,
    /// The server's instance, as Bazel's flag of that name.
    #[arg(long, alias = "remote_instance_name", value_name = "NAME", default_value = "", requires = "remote")]
    remote_instance_name: String,
    /// A header of every call to the server, as Bazel's flag of that name.
    #[arg(long, alias = "remote_header", value_name = "NAME=VALUE", value_parser = parse_header, requires = "remote")]
    remote_header: Vec<Header>,
    /// A program that prints headers, as Bazel's flag of that name has it, without a pattern of hosts.
    #[arg(long, alias = "credential_helper", value_name = "PROGRAM", requires = "remote")]
    credential_helper: Option<PathBuf>,
    /// The authority that signed the server's certificate (PEM), as Bazel's `--tls_certificate`. By default those that this
    /// machine trusts.
    #[arg(long, alias = "tls_certificate", value_name = "FILE", requires = "remote")]
    tls_ca: Option<PathBuf>,
    /// The certificate that this client shows (PEM), as Bazel's flag of that name.
    #[arg(long, alias = "tls_client_certificate", value_name = "FILE", requires_all = ["remote", "tls_client_key"])]
    tls_client_certificate: Option<PathBuf>,
    /// The key of that certificate (PEM), as Bazel's flag of that name.
    #[arg(long, alias = "tls_client_key", value_name = "FILE", requires_all = ["remote", "tls_client_certificate"])]
    tls_client_key: Option<PathBuf>,
    /// Seconds that an action with the platform's properties may wait for a worker, after which it is cancelled.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, requires = "remote")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,
    /// Look for store paths in the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Leave the store alone, on machines that build remotely only.
    #[arg(long, conflicts_with = "store")]
    no_store: bool,
    /// A toolchain of the workspace and its folder. By default every folder with an `lre.json`, in the workspace or in a
    /// folder of it. `bazel run @local-remote-execution//helper:doctor` names those that `MODULE.bazel` does.
    #[arg(long = "toolchain", value_name = "NAME=DIR", value_parser = super::regen::parse_toolchain)]
    toolchains: Vec<(String, PathBuf)>,
    /// `human` is a screen, `json` a document; both go to stdout.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the subcommand.
///
/// # Errors
/// If there is neither a workspace nor a server to examine, or the server's address is none.
pub fn run(arguments: &DoctorArguments) -> anyhow::Result<Outcome> {
    let workspace = workspace(arguments)?;
    let remote = remote(arguments, workspace.as_deref().unwrap_or(Path::new(".")))?;
    let sections = examine(arguments, workspace.as_deref(), remote.as_ref())?;
    match arguments.format {
        Format::Human => {
            print_data(&render_screen(&sections, is_coloured(&std::io::stdout())))?;
        }
        Format::Json => print_data(&render_json(&sections)?)?,
    }
    let mut verdicts = sections.iter().flat_map(|section| &section.checks).map(|check| &check.verdict);
    Ok(verdicts.by_ref().fold(Outcome::Clean, |outcome, verdict| match (outcome, verdict) {
        (Outcome::Incomplete, _) | (_, Verdict::Failed { is_incomplete: true, .. }) => Outcome::Incomplete,
        (_, Verdict::Failed { .. }) => Outcome::Findings,
        (outcome, _) => outcome,
    }))
}

fn examine(arguments: &DoctorArguments, found: Option<&Path>, remote: Option<&Remote>) -> anyhow::Result<Vec<Section>> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let workspace = found.unwrap_or(Path::new("."));
    let rc = found.map(|workspace| read_rc_files(workspace, home.as_deref())).unwrap_or_default();
    let is_remote_only = arguments.no_store || is_local_off(&rc.flags, std::env::var_os("LRE_LOCAL").as_deref());
    let store = (!is_remote_only).then(|| Store::new(arguments.store.clone()));
    let bazel = Bazel::find(workspace);
    let mut machine = check_machine(store.as_ref());
    machine.push(check_version(&bazel));
    let folders = folders(arguments, found);
    let shown = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
    let own = match found {
        Some(workspace) => {
            let mut own = check_flags(&rc, &bazel);
            own.extend(check_shell(&rc.flags, &bazel, std::env::var_os("BAZEL_SH").as_deref()));
            own.push(check_lre_bazelrc(workspace, &rc));
            own.extend(check_module(workspace, &rc.flags));
            if folders.is_empty() {
                own.push(check_pins_alone(workspace));
                let message = "none is in this workspace; one of a module is checked when it is fetched";
                own.push(Check::open("toolchain", message));
            }
            Section { title: format!("workspace `{}`", shown.display()), checks: own }
        }
        None => {
            let message = format!("not examined: `{}` lies in none", shown.display());
            Section { title: "no workspace".to_owned(), checks: vec![Check::open("workspace", message)] }
        }
    };
    let mut sections = vec![Section { title: "this machine".to_owned(), checks: machine }, own];
    let mut trials = Vec::new();
    for folder in &folders {
        let (section, manifest) = check_folder(workspace, folder, store.as_ref());
        sections.push(section);
        trials.extend(manifest.and_then(|manifest| Trial::of(folder.display().to_string(), &manifest)));
    }
    if let Some(remote) = remote {
        let _waiting = Waiting::with("asking the server, and a worker behind it");
        sections.extend(check_remote(remote, &trials, &rc.flags).context("no answer of the server")?);
    }
    Ok(sections)
}

/// Whether Bazel is told that this machine has no store, in every build.
fn is_local_off(flags: &[Flag], variable: Option<&std::ffi::OsStr>) -> bool {
    let values = flags.iter().filter(|flag| flag.config.is_none()).filter_map(|flag| flag.value("repo_env"));
    // The last one counts, and the client's own variable where there is none.
    match values.filter_map(|value| value.strip_prefix("LRE_LOCAL=")).next_back() {
        Some(value) => value == "off",
        None => variable.is_some_and(|value| value == "off"),
    }
}

fn remote(arguments: &DoctorArguments, workspace: &Path) -> anyhow::Result<Option<Remote>> {
    let Some(address) = &arguments.remote else { return Ok(None) };
    let (executor, cache) = (
        parse_address("--remote", address)?,
        arguments.remote_cache.as_deref().map(|address| parse_address("--remote-cache", address)).transpose()?,
    );
    let instance = arguments.remote_instance_name.clone();
    let client = match (&arguments.tls_client_certificate, &arguments.tls_client_key) {
        (Some(certificate), Some(key)) => Some((read_text(certificate)?, read_text(key)?)),
        _ => None,
    };
    let authority = arguments.tls_ca.as_deref().map(read_text).transpose()?;
    let tls = Tls { authority, client };
    let executor = server(arguments, workspace, executor)?;
    let cache = cache.map(|address| server(arguments, workspace, address)).transpose()?;
    Ok(Some(Remote { executor, cache, instance, tls, deadline: Duration::from_secs(arguments.deadline) }))
}

fn parse_address(option: &str, text: &str) -> anyhow::Result<Address> {
    text.parse().map_err(|error: AddressError| match error.meant() {
        Some(meant) => anyhow!("{error}\n\nhint: name it with `{option} {}`", quote(&meant.to_string())),
        None => error.into(),
    })
}

/// A server with the headers that are told it: a credential helper goes by the host.
fn server(arguments: &DoctorArguments, workspace: &Path, address: Address) -> anyhow::Result<Server> {
    let mut headers = arguments.remote_header.clone();
    if let Some(program) = &arguments.credential_helper {
        let asked = ask_credential_helper(program, workspace, &address).map_err(|error| {
            let (program, uri) = (quote_path(program), credential_uri(&address));
            anyhow!(
                "no credentials of `{program}`: {error}\n\n\
                 hint: see what it says with `echo '{{\"uri\":\"{uri}\"}}' | {program} get`"
            )
        });
        headers.extend(asked?);
    }
    Ok(Server { address, headers })
}

/// The named workspace, or the one that the command runs in. A server can be examined without.
fn workspace(arguments: &DoctorArguments) -> anyhow::Result<Option<PathBuf>> {
    let is_workspace = |folder: &Path| MARKERS.iter().any(|marker| folder.join(marker).is_file());
    let hint = "hint: name the folder that has a `MODULE.bazel` with `--workspace DIR`";
    if let Some(folder) = &arguments.workspace {
        if !is_workspace(folder) {
            bail!("`{}` is no Bazel workspace: it has no `MODULE.bazel`\n\n{hint}", folder.display());
        }
        return Ok(Some(folder.clone()));
    }
    if is_workspace(Path::new(".")) {
        return Ok(Some(PathBuf::from(".")));
    }
    let here = std::env::current_dir().context("cannot find the working folder")?;
    match here.ancestors().find(|folder| is_workspace(folder)) {
        Some(folder) => Ok(Some(folder.to_owned())),
        None if arguments.remote.is_some() => Ok(None),
        None => {
            bail!("`{}` lies in no Bazel workspace: no folder above it has a `MODULE.bazel`\n\n{hint}", here.display())
        }
    }
}

/// The toolchains' folders, named from where the command runs if they lie below.
fn folders(arguments: &DoctorArguments, workspace: Option<&Path>) -> Vec<PathBuf> {
    let here = std::env::current_dir().ok();
    let shown = |folder: PathBuf| {
        let below = here.as_ref().and_then(|here| folder.strip_prefix(here).ok());
        below.unwrap_or(&folder).components().filter(|part| *part != std::path::Component::CurDir).collect()
    };
    let named = arguments.toolchains.iter().map(|(_, folder)| folder.clone());
    if arguments.toolchains.is_empty() {
        workspace.map(find_toolchains).unwrap_or_default().into_iter().map(shown).collect()
    } else {
        named.map(shown).collect()
    }
}
