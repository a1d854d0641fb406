//! Tools that a BUILD file names, inside store roots that are present.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use super::mention::Mention;
use super::{Subject, group_with, nix_store_command, plural};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::store::{Store, StorePath};

/// Tools that are absent or cannot be executed, in roots that are present.
pub(super) fn broken_tools(subject: &Subject<'_>, store: &Store) -> Option<Group> {
    let tools = subject.mentions.well_formed.iter().filter(|mention| mention.is_tool);
    let findings: Vec<Finding> = tools
        .filter(|mention| store.has_root(mention.path.root()))
        .filter_map(|mention| {
            let (kind, what) = tool_fault(store, &mention.path)?;
            let Mention { path, spot, purpose, .. } = mention;
            let place = Place { file: subject.shown(&spot.file), span: Some(spot.span) };
            let message = format!("{path} {what}  ({spot} {purpose})");
            Some(Finding { root: Some(path.root().path()), ..Finding::new(kind, place, message) })
        })
        .collect();
    let roots: BTreeSet<&str> = findings.iter().filter_map(|finding| finding.root.as_deref()).collect();
    let hint = format!("repair the store with {}", nix_store_command(store, "--repair-path", roots));
    let (count, tools) = (findings.len(), plural(findings.len(), "tool", "tools"));
    group_with(format!("{count} unusable {tools} named by `{}`", subject.name()), findings, hint)
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
