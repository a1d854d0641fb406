//! `lre check`: compares a toolchain's folder with the store.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::check_image::{ImageSubject, add_image};
use super::execution_log::read_execution_log;
use super::image::LimitArguments;
use super::max_memory::MaxMemory;
use super::pin::PinNames;
use super::progress_bar::ProgressBar;
use super::toolchain_folder::{parser, read_manifest_text, unusable_manifest};
use super::{Outcome, print_data};
use crate::bazelrc::RC_FILE;
use crate::check::compiler::foreign_compilers;
use crate::check::pin::{groups_of_pins, sources_of};
use crate::check::selection::{Named, unselected_toolchain};
use crate::check::{Checked, Machine, Toolchain, check_toolchain, plural};
use crate::diagnostic::github::render_github;
use crate::diagnostic::human::{Sources, render_human};
use crate::diagnostic::json::render_json;
use crate::diagnostic::sarif::render_sarif;
use crate::diagnostic::{Finding, Group, Kind, Place, Span};
use crate::execlog::Pool;
use crate::manifest::{FILE_NAME, Manifest, ManifestError, SCHEMA};
use crate::oci::reference::ImageReference;
use crate::pin::{Pins, compare_pins};
use crate::store::command::realise;
use crate::store::database::{Validity, query_validity};
use crate::store::{Store, StoreRoot, require_store_dir};
use crate::system::host_system;
use crate::talk::{Volume, is_coloured, is_heard};

/// Checks that a toolchain's folder is as generated and that its store paths are on this machine. Writes nothing.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The toolchain's folder, or the `lre.json` in it.
    #[arg(value_name = "DIR", value_parser = parser())]
    folder: PathBuf,
    /// Look for store paths in the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Leave the store alone: check the files against the manifest, their syntax, and that the manifest lists every
    /// store path in them. For machines that build remotely only.
    #[arg(long, conflicts_with_all = ["store", "deep", "realise"])]
    no_store: bool,
    /// Hash the bytes of every store root, and of everything that they refer to, on all cores.
    #[arg(long)]
    deep: bool,
    /// Let Nix fetch or build the store roots that are missing, with `nix-store --realise`, before anything is checked.
    #[arg(long)]
    realise: bool,
    /// Look through a build's execution log, in any of Bazel's three formats, for C++ actions on the toolchain's platform
    /// whose compiler is not the toolchain's, and whether any action of its language is on that platform.
    #[arg(long, value_name = "FILE")]
    execution_log: Option<PathBuf>,
    /// The root workspace, whose `flake.lock`, `MODULE.bazel` and `lre.bazelrc` are compared with the manifest. By default
    /// the folder in which the command runs, if it has a `MODULE.bazel`.
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Compare an image of workers too, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`: its Env,
    /// the bytes of the toolchain's closure in it, and its name with the manifest and with `container-image` in
    /// `config/BUILD`. It is unpacked to a temporary folder.
    #[arg(long, value_name = "REF")]
    image: Option<ImageReference>,
    #[command(flatten)]
    limits: LimitArguments,
    #[command(flatten)]
    pins: PinNames,
    /// Print `lre check: clean` to stdout if nothing is found: Bazel's fetch tells a check by it from any program that
    /// ends with 0.
    #[arg(long)]
    confirm: bool,
    /// `human` prints to stderr; `json`, `sarif` (2.1.0) and `github` (annotations) print to stdout.
    #[arg(long, value_enum, default_value_t = Format::Human, conflicts_with = "confirm")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
    Github,
    Sarif,
}

/// Runs the subcommand.
///
/// # Errors
/// If the manifest cannot be read, or `NIX_STORE_DIR` names another store than the manifest.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    let (checked, summary) = check(arguments)?;
    let Checked { groups, sources, warning, notes } = checked;
    match arguments.format {
        Format::Human => eprint!("{}", render_human(&groups, &sources, is_coloured(&std::io::stderr()))),
        Format::Json => print_data(&render_json(&groups)?)?,
        Format::Github => print_data(&render_github(&groups))?,
        Format::Sarif => print_data(&render_sarif(&groups)?)?,
    }
    let warning = warning.map(|text| format!("warning: {text}")).into_iter();
    for (index, remark) in warning.chain(notes.iter().map(|text| format!("note: {text}"))).enumerate() {
        let gap = if index == 0 && !groups.is_empty() && matches!(arguments.format, Format::Human) { "\n" } else { "" };
        eprintln!("{gap}{remark}");
    }
    let mut findings = groups.iter().flat_map(|group| &group.findings);
    Ok(if groups.is_empty() {
        if arguments.confirm {
            print_data("lre check: clean\n")?;
        } else if matches!(arguments.format, Format::Human) && wants_summary() {
            eprintln!("{summary}");
        }
        Outcome::Clean
    } else if findings.any(|finding| finding.kind.hides_findings()) {
        Outcome::Incomplete
    } else {
        Outcome::Findings
    })
}

/// Whether somebody looks on, or asked. What a script or Bazel's fetch would have to pass over is not said.
fn wants_summary() -> bool {
    is_heard(Volume::Verbose) || (is_heard(Volume::Usual) && std::io::stderr().is_terminal())
}

/// What was looked at, in one line, for those who are told that all is well.
fn summary(arguments: &CheckArguments, manifest: &Manifest) -> String {
    let count = |number: usize, what: &str| format!("{number} {}", plural(number, what.to_owned(), format!("{what}s")));
    let (name, files) = (arguments.folder.display(), count(manifest.files.len(), "file"));
    if arguments.no_store {
        return format!("`{name}`: {files} as the manifest says; nothing was looked for in the store");
    }
    format!("`{name}`: {} and {files} as the manifest says", count(manifest.store_roots.len(), "store root"))
}

fn check(arguments: &CheckArguments) -> anyhow::Result<(Checked, String)> {
    let folder = arguments.folder.as_path();
    let store = Store::new(arguments.store.clone());
    let options = [("--no-store", arguments.no_store), ("--deep", arguments.deep), ("--realise", arguments.realise)];
    let options: String = options.iter().filter(|(_, given)| *given).map(|(name, _)| format!(" {name}")).collect();
    let command = format!("lre check{}{options}", store.option());
    let text = read_manifest_text(folder, &store, &command)?;
    let manifest = match Manifest::from_json(&text) {
        Err(ManifestError::Schema { found }) => return Ok((newer_schema(folder, text, found), String::new())),
        other => other.map_err(|error| unusable_manifest(folder, &error))?,
    };
    if !arguments.no_store {
        require_store_dir(std::env::var_os("NIX_STORE_DIR").as_deref())?;
    }
    let system = host_system();
    if arguments.realise && system == manifest.exec.system.as_str() {
        realise_missing(&store, &manifest);
    }
    let bar = ProgressBar::default();
    let show = |done, total| bar.show(done, total);
    let contents: Option<crate::check::Progress<'_>> = if arguments.deep { Some(&show) } else { None };
    let machine = (!arguments.no_store).then_some(Machine { store: &store, system: &system, contents });
    let mut checked = check_toolchain(Toolchain { folder, manifest: &manifest, text: &text }, machine);
    bar.clear();
    if let Some(reference) = &arguments.image {
        let subject = ImageSubject { folder, manifest: &manifest, store: (!arguments.no_store).then_some(&store) };
        add_image(&mut checked, &subject, reference, &arguments.limits)?;
    }
    if let Some(log) = &arguments.execution_log {
        add_log(&mut checked, arguments, log, &manifest)?;
    }
    if let Some(workspace) = workspace(arguments) {
        let subject = arguments.pins.subject(workspace, Some((folder, &manifest)));
        add_pins(&mut checked, compare_pins(&subject), arguments.confirm)?;
    }
    Ok((checked, summary(arguments, &manifest)))
}

/// Adds what an execution log shows.
fn add_log(checked: &mut Checked, arguments: &CheckArguments, log: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let (toolchain, name) = (arguments.folder.display().to_string(), log.display().to_string());
    let mut pool = Pool::default();
    let log = read_execution_log(log, &mut pool, MaxMemory::DEFAULT)?;
    checked.groups.extend(foreign_compilers(&toolchain, manifest, &name, &pool, &log));
    // One that cannot be read is a finding of the pins.
    let rc = workspace(arguments).and_then(|workspace| std::fs::read_to_string(workspace.join(RC_FILE)).ok());
    let named = Named { toolchain: &toolchain, log: &name, rc: rc.as_deref() };
    checked.groups.extend(unselected_toolchain(named, manifest, &pool, &log));
    Ok(())
}

/// Where the files are that pin something beside Bazel.
fn workspace(arguments: &CheckArguments) -> Option<&Path> {
    let here = Path::new(".");
    arguments.workspace.as_deref().or_else(|| here.join("MODULE.bazel").is_file().then_some(here))
}

/// Adds what the files disagree on. Bazel's fetch is told which files it was, so that it watches them.
fn add_pins(checked: &mut Checked, pins: Pins, tell: bool) -> anyhow::Result<()> {
    if tell {
        for file in &pins.read {
            print_data(&format!("lre check: read {}\n", file.display()))?;
        }
    }
    checked.notes.extend(pins.notes);
    let groups = groups_of_pins(pins.disagreements);
    sources_of(&groups, &mut checked.sources);
    checked.groups.extend(groups);
    Ok(())
}

/// Nothing can be compared with a manifest that another `lre` has to read.
fn newer_schema(folder: &Path, text: String, found: u64) -> Checked {
    let file = folder.join(FILE_NAME).display().to_string();
    let span = Span::of(&format!("\"schema\": {found}"), &text);
    let hint = "update `lre` to the version that wrote the manifest".to_owned();
    let headline = format!("schema {found} of `{file}` is not supported: this `lre` reads schema {SCHEMA}");
    let place = Place { file: file.clone(), span };
    let finding = Finding::new(Kind::NewerSchema, place, format!("`schema` is {found}"));
    let findings = vec![Finding { hint: Some(hint.clone()), ..finding }];
    Checked {
        groups: vec![Group { headline, findings, hint }],
        sources: Sources::from([(file, text)]),
        warning: None,
        notes: Vec::new(),
    }
}

/// Asks Nix for the roots that are not on disk or not valid. What it cannot get is a finding of the check.
fn realise_missing(store: &Store, manifest: &Manifest) {
    let roots: Vec<StoreRoot> = manifest.store_roots.iter().map(|recorded| recorded.path.clone()).collect();
    let validity = query_validity(store, &roots);
    let is_usable = |root: &StoreRoot| store.has_root(root) && validity.get(root) != Some(&Validity::Invalid);
    let missing: Vec<StoreRoot> = roots.into_iter().filter(|root| !is_usable(root)).collect();
    if missing.is_empty() {
        return;
    }
    if let Err(reason) = realise(store, &missing) {
        eprintln!("warning: {reason}");
    }
}
