//! `lre init`: lets a workspace use the toolchain.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::changes::{Changes, Left, diffs};
use super::format::Format;
use super::rewrite::read_file;
use super::toolchain_folder::{other_hint, toolchains_in};
use super::{Outcome, print_data};
use crate::bazelrc::RC_FILE;
use crate::build_file::with_module;
use crate::diff::ChangedFile;
use crate::init::{
    FLAKE_FILE, Kept, ModuleSource, USER_RC_FILE, absent_checkout, absolute, find_kept, is_checkout, with_flake,
    with_ignored_files, with_ignored_folder, with_imports, with_module_file,
};
use crate::manifest::FILE_NAME;
use crate::pin::starlark::{Expression, find_calls};
use crate::pin::{MODULE_FILE, segment_name};
use crate::rewrite::{Replacement, replace_all};
use crate::shell::quote_path;
use crate::talk::say;

/// Adds to a Bazel workspace what it needs to use the toolchain, and shows the difference first.
///
/// `MODULE.bazel` gets the dependency and the extension's tag, `.bazelrc` imports `lre.bazelrc` and then `user.bazelrc`, which
/// is of one machine and which `.gitignore` leaves out, and `.bazelignore` leaves out the toolchain's folder. What is there
/// already stays as it is: a second run changes nothing.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The root of the workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
    /// Take the module from a checkout on this machine; a relative path is one from the workspace.
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
    /// The folder of the toolchain's configuration below the workspace, as `lre regen --out` writes it, or the `lre.json` in
    /// it. Without it, and if there is no `lre-cc/lre.json`, the toolchain is the published one.
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

/// A folder elsewhere can be no label of the workspace.
const FOLDER_EXPECTED: &str = "\
expected a folder below the workspace\n\n\
hint: write one with `lre regen --env-json env.json --out lre-cc`, then name it with `--toolchain lre-cc`; without \
`--toolchain` the toolchain is the published one";

fn folder(text: &str) -> Result<String, String> {
    let text = text.trim_start_matches("./").trim_end_matches('/');
    let text = text.strip_suffix(FILE_NAME).and_then(|text| text.strip_suffix('/')).unwrap_or(text);
    let is_below = !text.is_empty() && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_below { Ok(text.to_owned()) } else { Err(FOLDER_EXPECTED.to_owned()) }
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
    let Plan { changes, kept, files, unnamed } = plan(arguments)?;
    let is_json = arguments.format == Format::Json;
    if is_json && !arguments.yes && !arguments.dry_run {
        bail!(
            "nobody is asked with `--format json`\n\nhint: `--yes` writes the files, `--dry-run` only shows what changes"
        );
    }
    let changed: Vec<ChangedFile> = changes.iter().map(Change::describe).collect();
    for kept in &kept {
        say(format_args!("note: {kept}"));
    }
    for folder in &unnamed {
        let folder = quote_path(folder);
        say(format_args!(
            "note: no tag names the toolchain `{folder}`, and builds take the published one: `--toolchain {folder}` adds a tag"
        ));
    }
    let left = kept.iter().map(Left::of_kept).collect();
    if changes.is_empty() {
        say(format_args!("nothing to add to {}", listed(&files)));
        if is_json {
            Changes::new(arguments.yes, changed).leaving(left).print()?;
        }
        if let Some(next) = next_step(arguments, false)? {
            say(format_args!("\nnext: {next}"));
        }
        return Ok(Outcome::Clean);
    }
    if !is_json {
        print_data(&diffs(&changed))?;
    }
    if arguments.dry_run || !(arguments.yes || is_agreed(changes.len())?) {
        say(format_args!("nothing was written"));
        if is_json {
            Changes::new(false, changed).leaving(left).print()?;
        }
        return Ok(Outcome::Clean);
    }
    let flake = changes.iter().find(|change| change.name == FLAKE_FILE);
    let (is_new, is_grown) =
        (flake.is_some_and(|flake| flake.old.is_none()), flake.is_some_and(|flake| flake.old.is_some()));
    write(&arguments.workspace, changes)?;
    if is_json {
        Changes::new(true, changed).leaving(left).print()?;
    }
    if is_grown {
        say(format_args!(
            "\nnext: in `perSystem` of `{FLAKE_FILE}`, give `local-remote-execution.settings` the toolchain's `Env`, and the \
             shell `shellHook = config.local-remote-execution.installationScript`"
        ));
    } else if let Some(next) = next_step(arguments, is_new)? {
        say(format_args!("\nnext: {next}"));
    }
    Ok(Outcome::Clean)
}

/// The command that writes `lre.bazelrc`, while there is none, or an empty one that a shell made.
fn next_step(arguments: &InitArguments, is_flake_new: bool) -> anyhow::Result<Option<String>> {
    let workspace = &arguments.workspace;
    if workspace.join(RC_FILE).metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(None);
    }
    let has_module = || -> anyhow::Result<bool> {
        let flake = read(workspace, FLAKE_FILE)?;
        Ok(flake.is_some_and(|(_, text)| !text.trim().is_empty() && with_flake(Some(&text), None) == Ok(None)))
    };
    if !arguments.nix && !has_module()? {
        let file = quote_path(&below(workspace, RC_FILE));
        return Ok(Some(format!("`lre bazelrc --env-json env.json --prefix lre >{file}`")));
    }
    let folder = below(workspace, "");
    let enter = if folder.as_os_str().is_empty() { String::new() } else { format!("cd {} && ", quote_path(&folder)) };
    // In a Git repository Nix sees no file that Git does not know.
    let is_git = absolute(workspace).ancestors().any(|folder| folder.join(".git").exists());
    let add = if is_flake_new && is_git { format!("git add {FLAKE_FILE} && ") } else { String::new() };
    Ok(Some(format!("`{enter}{add}nix develop`")))
}

/// Names in a sentence.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        all => all.concat(),
    }
}

/// What is to be done, and what is not.
struct Plan {
    changes: Vec<Change>,
    kept: Vec<Kept>,
    /// Every file that is looked at.
    files: Vec<&'static str>,
    /// Folders of toolchains that no tag names, and none was asked for.
    unnamed: Vec<PathBuf>,
}

fn plan(arguments: &InitArguments) -> anyhow::Result<Plan> {
    let workspace = &arguments.workspace;
    let Some((metadata, module)) = read(workspace, MODULE_FILE)? else { return Err(no_workspace(workspace)) };
    check_values(arguments)?;
    let default = workspace.join("lre-cc").join(FILE_NAME).is_file().then_some("lre-cc");
    let toolchain = arguments.toolchain.as_deref().or(default);
    let label = |folder: &str| format!("//{folder}:{FILE_NAME}");
    let manifest = toolchain.map(label);
    let segments = read_segments(workspace, &module)?;
    let is_named = |folder: &Path| {
        let label = label(&folder.display().to_string());
        segments.iter().map(|(_, text)| text).chain([&module]).any(|text| text.contains(&label))
    };
    let below = |folder: PathBuf| folder.strip_prefix(workspace).map(Path::to_owned).unwrap_or(folder);
    let unnamed = if toolchain.is_some() { Vec::new() } else { toolchains_in(workspace) };
    let unnamed = unnamed.into_iter().map(below).filter(|folder| !is_named(folder)).collect();
    let source = source(arguments);
    let completed = with_module_file(MODULE_FILE, &module, &segments, source.as_ref(), manifest.as_deref())?;
    let files: Vec<(&str, &str)> = std::iter::once((MODULE_FILE, module.as_str()))
        .chain(segments.iter().map(|(name, text)| (name.as_str(), text.as_str())))
        .collect();
    let asked = arguments.toolchain.as_deref().map(label);
    let is_same = |one: &str, other: &str| checkout(workspace, one).0 == checkout(workspace, other).0;
    let is_there = |path: &str| workspace.join(path).is_dir();
    let kept = find_kept(&files, source.as_ref(), asked.as_deref(), (is_same, is_there))?;
    let mut files = vec![MODULE_FILE];
    let mut changes = Vec::new();
    changes.extend(completed.map(|after| Change { name: MODULE_FILE, old: Some((metadata, module)), after }));
    let mut add = |name: &'static str, complete: &dyn Fn(&str) -> Option<String>| -> anyhow::Result<()> {
        files.push(name);
        let old = read(workspace, name)?;
        let after = complete(old.as_ref().map_or("", |(_, text)| text));
        changes.extend(after.map(|after| Change { name, old, after }));
        Ok(())
    };
    add(".bazelrc", &with_imports)?;
    add(".gitignore", &|text| with_ignored_files(text, ignored_files(arguments)))?;
    if let Some(folder) = toolchain {
        add(".bazelignore", &|text| with_ignored_folder(text, folder))?;
    }
    if arguments.nix {
        files.push(FLAKE_FILE);
        let old = read(workspace, FLAKE_FILE)?;
        let reference = source.as_ref().and_then(|source| source.flake_reference(|path| checkout(workspace, path)));
        let after = with_flake(old.as_ref().map(|(_, text)| text.as_str()), reference.as_deref())?;
        changes.extend(after.map(|after| Change { name: FLAKE_FILE, old, after }));
    }
    Ok(Plan { changes, kept, files, unnamed })
}

/// What is of one machine: with Nix, `lre.bazelrc` is a link into its store.
fn ignored_files(arguments: &InitArguments) -> &'static [&'static str] {
    let is_link = arguments.workspace.join(RC_FILE).is_symlink();
    if arguments.nix || is_link { &[".lre-root", RC_FILE, USER_RC_FILE] } else { &[USER_RC_FILE] }
}

/// A file of the workspace, as users name it.
fn below(workspace: &Path, name: &str) -> PathBuf {
    workspace.strip_prefix(".").unwrap_or(workspace).join(name)
}

/// Where `MODULE.bazel` is, if it is not here.
fn no_workspace(folder: &Path) -> anyhow::Error {
    let shown = folder.display();
    let Some(absolute) = folder.canonicalize().ok().filter(|folder| folder.is_dir()) else {
        return anyhow!("`{shown}` is no folder\n\nhint: name the root of a Bazel workspace with `--workspace DIR`");
    };
    match absolute.ancestors().skip(1).find(|above| above.join(MODULE_FILE).is_file()) {
        Some(root) => anyhow!(
            "`{shown}` is no root of a Bazel workspace: it lies in `{}`, which has the `{MODULE_FILE}`\n\nhint: run it there, \
             after `cd {}`",
            root.display(),
            quote_path(root)
        ),
        None => anyhow!(
            "`{shown}` is no Bazel workspace: it has no `{MODULE_FILE}`\n\nhint: run it in the workspace's root, or make one \
             with `touch {}`",
            quote_path(&below(folder, MODULE_FILE))
        ),
    }
}

/// Refuses what Bazel would only miss at the next build.
fn check_values(arguments: &InitArguments) -> anyhow::Result<()> {
    let workspace = &arguments.workspace;
    if let Some(path) = &arguments.path
        && let Some(reason) = absent_checkout(workspace, path)
    {
        let is_here = Path::new(path).canonicalize().ok().filter(|here| is_checkout(here));
        let hint = match is_here {
            Some(here) => {
                format!("a relative path is one from the workspace: name it with `--path {}`", quote_path(&here))
            }
            None => {
                "name the folder that has this module's `MODULE.bazel`, or a repository with `--git URL --commit SHA`"
                    .to_owned()
            }
        };
        bail!("`--path {path}` names no checkout of this module: {reason}\n\nhint: {hint}");
    }
    if let Some(folder) = &arguments.toolchain
        && !workspace.join(folder).join(FILE_NAME).is_file()
    {
        let write =
            || format!("write it with `lre regen --env-json env.json --out {}`", quote_path(&below(workspace, folder)));
        bail!(
            "`--toolchain {folder}` names no toolchain: there is no `{}`\n\nhint: {}",
            below(workspace, folder).join(FILE_NAME).display(),
            other_hint(&below(workspace, folder)).unwrap_or_else(write)
        );
    }
    Ok(())
}

fn source(arguments: &InitArguments) -> Option<ModuleSource> {
    let InitArguments { path, git, commit, version, .. } = arguments;
    let git = git.clone().zip(commit.clone()).map(|(remote, commit)| ModuleSource::Git { remote, commit });
    git.or_else(|| path.clone().map(ModuleSource::Path)).or_else(|| version.clone().map(ModuleSource::Version))
}

/// The absolute path of a checkout that is named relative to the workspace, and whether Git keeps it.
fn checkout(workspace: &Path, path: &str) -> (String, bool) {
    let absolute = absolute(&workspace.join(path));
    let is_git = absolute.join(".git").exists();
    (absolute.display().to_string(), is_git)
}

/// A file that may be absent.
fn read(workspace: &Path, name: &str) -> anyhow::Result<Option<(fs::Metadata, String)>> {
    let path = workspace.join(name);
    match fs::symlink_metadata(&path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
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
