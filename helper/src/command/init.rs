//! `lre init`: lets a workspace use the toolchain.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::changes::{Changes, diffs};
use super::format::Format;
use super::rewrite::read_file;
use super::{Outcome, print_data};
use crate::build_file::with_module;
use crate::diff::ChangedFile;
use crate::init::{
    FLAKE_FILE, ModuleSource, RC_FILE, with_flake, with_ignored_folder, with_ignored_rc, with_import, with_module_file,
};
use crate::manifest::FILE_NAME;
use crate::pin::starlark::{Expression, find_calls};
use crate::pin::{MODULE_FILE, segment_name};
use crate::rewrite::{Replacement, replace_all};
use crate::talk::say;

/// Adds to a Bazel workspace what it needs to use the toolchain, and shows the difference first.
///
/// `MODULE.bazel` gets the dependency and the extension's tag, `.bazelrc` imports `lre.bazelrc`, `.gitignore` leaves that
/// out, and `.bazelignore` the toolchain's folder. What is there already stays as it is: a second run changes nothing.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The root of the workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// Take the module from a checkout on this machine.
    #[arg(long, value_name = "DIR", group = "source")]
    path: Option<String>,
    /// Take the module from a commit of a Git repository.
    #[arg(long, value_name = "URL", group = "source", requires = "commit")]
    git: Option<String>,
    /// The commit, 40 hexadecimal digits.
    #[arg(long, value_name = "SHA", requires = "git", value_parser = commit)]
    commit: Option<String>,
    /// Take the module from Bazel's registry.
    #[arg(long, value_name = "VERSION", group = "source")]
    version: Option<String>,
    /// The folder of the toolchain's configuration below the workspace, as `lre regen --out` writes it. Without it, and if
    /// there is no `lre-cc/lre.json`, the toolchain is the published one.
    #[arg(long, value_name = "FOLDER", value_parser = folder)]
    toolchain: Option<String>,
    /// Let a flake bring the toolchain too: `flake.nix` gets this repository as an input and imports its module. Where there
    /// is none, it is the template's.
    #[arg(long)]
    nix: bool,
    /// Do not ask.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Show the difference and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// `json`: one document on stdout, with the diffs; nobody is asked.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn commit(text: &str) -> Result<String, String> {
    let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { Ok(text.to_lowercase()) } else { Err("a commit has 40 hexadecimal digits".to_owned()) }
}

fn folder(text: &str) -> Result<String, String> {
    let text = text.trim_start_matches("./").trim_end_matches('/');
    let is_below = !text.is_empty() && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_below { Ok(text.to_owned()) } else { Err("a folder below the workspace, such as `lre-cc`".to_owned()) }
}

/// A file of the workspace that changes.
struct Change {
    name: &'static str,
    /// `None` if it is new.
    old: Option<(fs::Metadata, String)>,
    after: String,
}

impl Change {
    fn describe(&self) -> ChangedFile {
        let before = self.old.as_ref().map(|(_, text)| text.as_str());
        ChangedFile::new(self.name.to_owned(), before, &self.after)
    }
}

/// Runs the subcommand.
///
/// # Errors
/// If the folder is no workspace, a file cannot be read or completed, nobody can be asked, or a file cannot be written. No
/// file is changed then.
pub fn run(arguments: &InitArguments) -> anyhow::Result<Outcome> {
    let changes = plan(arguments)?;
    let is_json = arguments.format == Format::Json;
    if is_json && !arguments.yes && !arguments.dry_run {
        bail!(
            "nobody is asked with `--format json`\n\nhint: `--yes` writes the files, `--dry-run` only shows what changes"
        );
    }
    let changed: Vec<ChangedFile> = changes.iter().map(Change::describe).collect();
    if changes.is_empty() {
        say(format_args!("nothing to add: the workspace uses the toolchain already"));
        if is_json {
            Changes::new(arguments.yes, changed).print()?;
        }
        return Ok(Outcome::Clean);
    }
    if !is_json {
        print_data(&diffs(&changed))?;
    }
    if arguments.dry_run || !(arguments.yes || is_agreed(changes.len())?) {
        say(format_args!("nothing was written"));
        if is_json {
            Changes::new(false, changed).print()?;
        }
        return Ok(Outcome::Clean);
    }
    let grown = changes.iter().any(|change| change.name == FLAKE_FILE && change.old.is_some());
    write(&arguments.workspace, changes)?;
    if is_json {
        Changes::new(true, changed).print()?;
    }
    if grown {
        say(format_args!(
            "\nnext: in `perSystem` of `{FLAKE_FILE}`, give `local-remote-execution.settings` the toolchain's `Env`, and the \
             shell `shellHook = config.local-remote-execution.installationScript`"
        ));
    } else if !arguments.workspace.join(RC_FILE).exists() {
        say(format_args!("\nnext: let the flake or `lre bazelrc --env-json FILE --prefix lre` write `{RC_FILE}`"));
    }
    Ok(Outcome::Clean)
}

fn plan(arguments: &InitArguments) -> anyhow::Result<Vec<Change>> {
    let workspace = &arguments.workspace;
    let Some((metadata, module)) = read(workspace, MODULE_FILE)? else {
        bail!(
            "`{}` is no Bazel workspace: it has no `{MODULE_FILE}`\n\nhint: run it in the workspace's root, or make one with \
             `touch {MODULE_FILE}`",
            workspace.display()
        );
    };
    let default = workspace.join("lre-cc").join(FILE_NAME).is_file().then_some("lre-cc");
    let toolchain = arguments.toolchain.as_deref().or(default);
    let manifest = toolchain.map(|folder| format!("//{folder}:{FILE_NAME}"));
    let segments = read_segments(workspace, &module)?;
    let completed = with_module_file(MODULE_FILE, &module, &segments, source(arguments).as_ref(), manifest.as_deref())?;
    let mut changes = Vec::new();
    changes.extend(completed.map(|after| Change { name: MODULE_FILE, old: Some((metadata, module)), after }));
    let mut add = |name: &'static str, complete: &dyn Fn(&str) -> Option<String>| -> anyhow::Result<()> {
        let old = read(workspace, name)?;
        let after = complete(old.as_ref().map_or("", |(_, text)| text));
        changes.extend(after.map(|after| Change { name, old, after }));
        Ok(())
    };
    add(".bazelrc", &with_import)?;
    add(".gitignore", &with_ignored_rc)?;
    if let Some(folder) = toolchain {
        add(".bazelignore", &|text| with_ignored_folder(text, folder))?;
    }
    if arguments.nix {
        let old = read(workspace, FLAKE_FILE)?;
        let reference = source(arguments).and_then(|source| source.flake_reference(|path| checkout(workspace, path)));
        let after = with_flake(old.as_ref().map(|(_, text)| text.as_str()), reference.as_deref())?;
        changes.extend(after.map(|after| Change { name: FLAKE_FILE, old, after }));
    }
    Ok(changes)
}

fn source(arguments: &InitArguments) -> Option<ModuleSource> {
    let InitArguments { path, git, commit, version, .. } = arguments;
    let git = git.clone().zip(commit.clone()).map(|(remote, commit)| ModuleSource::Git { remote, commit });
    git.or_else(|| path.clone().map(ModuleSource::Path)).or_else(|| version.clone().map(ModuleSource::Version))
}

/// The absolute path of a checkout that is named relative to the workspace, and whether Git keeps it.
fn checkout(workspace: &Path, path: &str) -> (String, bool) {
    let joined = workspace.join(path);
    let absolute = joined.canonicalize().or_else(|_| std::path::absolute(&joined)).unwrap_or(joined);
    let is_git = absolute.join(".git").exists();
    (absolute.display().to_string(), is_git)
}

/// A file that may be absent.
fn read(workspace: &Path, name: &str) -> anyhow::Result<Option<(fs::Metadata, String)>> {
    let path = workspace.join(name);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => read_file(&path).map(Some),
    }
}

/// The segments that the module file includes, and those that they include.
fn read_segments(workspace: &Path, module: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut segments: Vec<(String, String)> = Vec::new();
    let mut known = BTreeSet::new();
    let mut waiting = included(MODULE_FILE, module)?;
    while let Some(name) = waiting.pop() {
        if known.insert(name.clone()) {
            let path = workspace.join(&name);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            waiting.extend(included(&name, &text)?);
            segments.push((name, text));
        }
    }
    Ok(segments)
}

fn included(file: &str, text: &str) -> anyhow::Result<Vec<String>> {
    let calls = with_module(file, text, find_calls)?;
    let labels = calls.into_iter().filter(|call| call.function == "include").map(|call| {
        let label = call.arguments.into_iter().next().map(|(_, label)| label);
        let Some(Expression::Text { value, .. }) = label else {
            return Err(anyhow!("`{file}` includes a segment by no literal\n\nhint: write its label as one string"));
        };
        segment_name(&value)
            .ok_or_else(|| anyhow!("`{file}` includes `{value}`, which is no segment of the root workspace"))
    });
    labels.collect()
}

/// Asks whether the files are to be written.
fn is_agreed(files: usize) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked whether to write this\n\nhint: `--yes` writes it, `--dry-run` only shows it");
    }
    eprint!("write {files} files? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn write(workspace: &Path, changes: Vec<Change>) -> anyhow::Result<()> {
    let replacement = |Change { name, old, after }| {
        let (metadata, before) = old.map_or_else(Default::default, |(metadata, text)| (Some(metadata), text));
        Replacement { path: workspace.join(name), metadata, before, after }
    };
    let replacements: Vec<Replacement> = changes.into_iter().map(replacement).collect();
    replace_all(&replacements).map_err(|error| anyhow!("{error} (no file was changed)"))
}
