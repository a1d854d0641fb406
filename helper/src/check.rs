//! Compares a toolchain's folder with its manifest and with the store of this machine. Reads only.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::build_file::{ParseError, parse};
use crate::diagnostic::{Finding, Group, Kind};
use crate::manifest::{FILE_NAME, Manifest};
use crate::store::hash::sha256_sri;
use crate::store::{Store, StorePath, StoreRoot, find_store_paths};

mod mention;

use mention::{Mention, Mentions};

/// The files that Bazel loads from a toolchain's folder, whatever the manifest lists.
const BUILD_FILES: [&str; 3] = ["BUILD.bazel", "cc/BUILD", "config/BUILD"];

/// Why the check could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A BUILD file is not Starlark.
    #[error("cannot parse {folder}/{source}\n\nhint: {hint}")]
    Syntax {
        /// The checked folder.
        folder: String,
        /// File, line and column.
        source: ParseError,
        /// How to write the file again.
        hint: String,
    },
    /// A file is there but cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
}

/// All findings at once, grouped by kind.
///
/// # Errors
/// If a file cannot be read or parsed; the rest is not checked then.
pub fn check_toolchain(folder: &Path, manifest: &Manifest, store: &Store) -> Result<Vec<Group>, CheckError> {
    let mut mentions = Mentions::default();
    let mut file_findings = Vec::new();
    let listed = manifest.files.iter().map(|(name, digest)| (name.as_str(), Some(digest)));
    let unlisted = BUILD_FILES.iter().filter(|name| !manifest.files.contains_key(**name)).map(|name| (*name, None));
    for (name, digest) in listed.chain(unlisted) {
        let path = folder.join(name);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if digest.is_some() {
                    file_findings.push(file_finding(Kind::MissingFile, name, "is absent"));
                }
                continue;
            }
            Err(source) => {
                return Err(CheckError::Io { path: path.display().to_string(), source });
            }
        };
        match digest {
            None => file_findings.push(file_finding(Kind::UnlistedFile, name, "is not listed in `lre.json`")),
            Some(digest) if sha256_sri(&text) != *digest => {
                file_findings.push(file_finding(Kind::ChangedFile, name, "differs from the sha256 in `lre.json`"));
            }
            Some(_) => {}
        }
        let parsed = parse(name, &text).map_err(|source| {
            let folder = folder.display().to_string();
            CheckError::Syntax { hint: regen_hint(&folder), folder, source }
        })?;
        for literal in &parsed.literals {
            mentions.add(name, literal);
        }
    }
    let folder = folder.display().to_string();
    let file_count =
        BUILD_FILES.iter().copied().chain(manifest.files.keys().map(String::as_str)).collect::<BTreeSet<_>>().len();
    let groups = [
        missing_roots(&folder, manifest, store, &mentions),
        broken_tools(&folder, store, &mentions),
        unknown_roots(&folder, manifest, &mentions),
        malformed_paths(&folder, mentions.malformed),
        changed_files(&folder, file_count, file_findings),
    ];
    Ok(groups.into_iter().flatten().collect())
}

fn file_finding(kind: Kind, name: &str, what: &str) -> Finding {
    Finding {
        kind,
        file: Some(name.to_owned()),
        line: None,
        column: None,
        root: None,
        message: format!("{name} {what}"),
        hint: None,
    }
}

fn group_with(headline: String, mut findings: Vec<Finding>, hint: String) -> Option<Group> {
    for finding in &mut findings {
        finding.hint = Some(hint.clone());
    }
    (!findings.is_empty()).then_some(Group { headline, findings, hint })
}

/// A command that writes the BUILD files again from the manifest, quoted for a shell.
fn regen_hint(folder: &str) -> String {
    let plain = folder.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c));
    let quoted = if plain { folder.to_owned() } else { format!("'{}'", folder.replace('\'', r"'\''")) };
    format!("write the files again with `lre regen --out {quoted}`")
}

fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

fn malformed_paths(folder: &str, findings: Vec<Finding>) -> Option<Group> {
    let (count, paths) = (findings.len(), plural(findings.len(), "store path", "store paths"));
    group_with(format!("{count} malformed {paths} in `{folder}`"), findings, regen_hint(folder))
}

/// Each missing root once, with everything that needs it: `(cc/BUILD:31:16 gcc, cpp; Env CC, PATH)`.
fn missing_roots(folder: &str, manifest: &Manifest, store: &Store, mentions: &Mentions) -> Option<Group> {
    let keys = environment_keys(manifest);
    let findings: Vec<Finding> = manifest
        .store_roots
        .iter()
        .map(|recorded| &recorded.path)
        .filter(|root| !store.has_root(root))
        .map(|root| {
            let first = mentions.of_root(root).next();
            let env = keys.get(root).map(|keys| keys.join(", "));
            let mut purposes: Vec<&str> = Vec::new();
            for mention in mentions.of_root(root) {
                if !purposes.contains(&mention.purpose.as_str()) {
                    purposes.push(&mention.purpose);
                }
            }
            let needed = match (first, env) {
                (Some(m), Some(env)) => {
                    format!("  ({}:{}:{} {}; Env {env})", m.file, m.line, m.column, purposes.join(", "))
                }
                (Some(m), None) => format!("  ({}:{}:{} {})", m.file, m.line, m.column, purposes.join(", ")),
                (None, Some(env)) => format!("  (Env only: {env})"),
                (None, None) => String::new(),
            };
            Finding {
                kind: Kind::MissingStoreRoot,
                file: first.map(|mention| mention.file.clone()),
                line: first.map(|mention| mention.line),
                column: first.map(|mention| mention.column),
                root: Some(root.path()),
                message: format!("{root}{needed}"),
                hint: None,
            }
        })
        .collect();
    let (count, are) = (findings.len(), plural(findings.len(), "is", "are"));
    let headline = format!("{count} of {} store roots named by `{folder}` {are} missing", manifest.store_roots.len());
    let hint = "realise them with `nix develop`, or build remotely only with `--repo_env=LRE_LOCAL=off`";
    group_with(headline, findings, hint.to_owned())
}

/// The keys of Env that name each store root, in Env's order.
fn environment_keys(manifest: &Manifest) -> BTreeMap<StoreRoot, Vec<String>> {
    let mut keys: BTreeMap<StoreRoot, Vec<String>> = BTreeMap::new();
    for entry in &manifest.env {
        let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
        for mention in find_store_paths(value) {
            if let Ok(path) = mention.path {
                let known = keys.entry(path.root().clone()).or_default();
                if known.last().is_none_or(|last| last != key) {
                    known.push(key.to_owned());
                }
            }
        }
    }
    keys
}

/// Tools that are absent or cannot be executed, in roots that are present.
fn broken_tools(folder: &str, store: &Store, mentions: &Mentions) -> Option<Group> {
    let tools = mentions.well_formed.iter().filter(|mention| mention.is_tool);
    let findings: Vec<Finding> = tools
        .filter(|mention| store.has_root(mention.path.root()))
        .filter_map(|mention| {
            let (kind, what) = tool_fault(store, &mention.path)?;
            let Mention { path, file, line, column, purpose, .. } = mention;
            Some(Finding {
                kind,
                file: Some(file.clone()),
                line: Some(*line),
                column: Some(*column),
                root: Some(path.root().path()),
                message: format!("{path} {what}  ({file}:{line}:{column} {purpose})"),
                hint: None,
            })
        })
        .collect();
    let roots: BTreeSet<&str> = findings.iter().filter_map(|finding| finding.root.as_deref()).collect();
    let hint =
        format!("repair the store with `nix-store --repair-path {}`", roots.into_iter().collect::<Vec<_>>().join(" "));
    let (count, tools) = (findings.len(), plural(findings.len(), "tool", "tools"));
    group_with(format!("{count} unusable {tools} named by `{folder}`"), findings, hint)
}

fn tool_fault(store: &Store, tool: &StorePath) -> Option<(Kind, &'static str)> {
    let metadata = store.resolve(&tool.to_string()).and_then(|file| file.metadata().ok());
    match metadata {
        None => Some((Kind::MissingTool, "is absent")),
        Some(metadata) if !metadata.is_file() => Some((Kind::ToolNotExecutable, "is not a file")),
        Some(metadata) if metadata.permissions().mode() & 0o111 == 0 => {
            Some((Kind::ToolNotExecutable, "is not executable"))
        }
        Some(_) => None,
    }
}

fn unknown_roots(folder: &str, manifest: &Manifest, mentions: &Mentions) -> Option<Group> {
    let known: BTreeSet<&StoreRoot> = manifest.store_roots.iter().map(|recorded| &recorded.path).collect();
    let mut reported = BTreeSet::new();
    let mut findings: Vec<Finding> = mentions
        .well_formed
        .iter()
        .filter(|mention| !known.contains(mention.path.root()) && reported.insert(mention.path.root().clone()))
        .map(|mention| {
            let Mention { path, file, line, column, purpose, .. } = mention;
            Finding {
                kind: Kind::UnknownStoreRoot,
                file: Some(file.clone()),
                line: Some(*line),
                column: Some(*column),
                root: Some(path.root().path()),
                message: format!("{}  ({file}:{line}:{column} {purpose})", path.root()),
                hint: None,
            }
        })
        .collect();
    for (root, keys) in environment_keys(manifest) {
        if !known.contains(&root) && reported.insert(root.clone()) {
            findings.push(Finding {
                kind: Kind::UnknownStoreRoot,
                file: Some(FILE_NAME.to_owned()),
                line: None,
                column: None,
                root: Some(root.path()),
                message: format!("{root}  (Env only: {})", keys.join(", ")),
                hint: None,
            });
        }
    }
    let (count, roots) = (findings.len(), plural(findings.len(), "store root", "store roots"));
    let headline = format!("{count} {roots} in `{folder}` not listed in its `lre.json`");
    group_with(headline, findings, regen_hint(folder))
}

fn changed_files(folder: &str, file_count: usize, findings: Vec<Finding>) -> Option<Group> {
    let (count, are) = (findings.len(), plural(findings.len(), "is", "are"));
    let headline = format!("{count} of {file_count} generated files in `{folder}` {are} not as generated");
    group_with(headline, findings, regen_hint(folder))
}
