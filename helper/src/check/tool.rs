//! Tools that a BUILD file names, inside store roots that are present.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use super::drift::render_all;
use super::mention::Mention;
use super::{Subject, group_with, plural};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::java::probe::PROGRAMS;
use crate::store::{Store, StorePath};

/// Tools that are absent or cannot be executed, in roots that are present.
pub(super) fn broken_tools(subject: &Subject<'_>, store: &Store) -> Option<Group> {
    let mentions = subject.mentions.well_formed.iter();
    let tools = mentions.flat_map(|mention| tools_of(mention).into_iter().map(move |tool| (tool, mention)));
    let present = tools.filter(|(path, _)| store.has_root(path.root()));
    let faults: Vec<_> =
        present.filter_map(|(path, mention)| Some((tool_fault(store, &path)?, path, mention))).collect();
    let generated = if faults.is_empty() { None } else { render_all(subject.manifest) };
    // Where the file as generated has no such path, nothing is wrong with the store.
    let is_edited = |Mention { path, spot, .. }: &Mention| {
        let text = generated.as_ref().and_then(|files| files.get(&spot.file));
        text.is_some_and(|text| !text.contains(&format!("{path}\"")))
    };
    let repair = |roots: &BTreeSet<String>| format!("repair the store with {}", store.command("--repair-path", roots));
    let (mut damaged, mut edited) = (BTreeSet::new(), false);
    let mut findings = Vec::new();
    for ((kind, what), path, mention) in faults {
        let root = path.root().path();
        let hint = if is_edited(mention) {
            edited = true;
            subject.edited_hint()
        } else {
            damaged.insert(root.clone());
            repair(&BTreeSet::from([root.clone()]))
        };
        let Mention { spot, purpose, .. } = mention;
        let place = Place { file: subject.shown(&spot.file), span: Some(spot.span) };
        let message = format!("{path} {what}  ({spot} {purpose})");
        findings.push(Finding { root: Some(root), hint: Some(hint), ..Finding::new(kind, place, message) });
    }
    let hint = match (edited, damaged.is_empty()) {
        (true, true) => subject.edited_hint(),
        (true, false) => format!("{}; of the others, {}", subject.edited_hint(), repair(&damaged)),
        (false, _) => repair(&damaged),
    };
    let (count, tools) = (findings.len(), plural(findings.len(), "tool", "tools"));
    group_with(format!("{count} unusable {tools} named by `{}`", subject.name()), findings, hint)
}

/// The programs that a mention is about: itself, or those of a JDK.
fn tools_of(mention: &Mention) -> Vec<StorePath> {
    if mention.purpose == "java_home" {
        PROGRAMS.iter().map(|program| mention.path.join(program)).collect()
    } else if mention.is_tool {
        vec![mention.path.clone()]
    } else {
        Vec::new()
    }
}

fn tool_fault(store: &Store, tool: &StorePath) -> Option<(Kind, &'static str)> {
    let metadata = store.resolve(&tool.to_string()).and_then(|file| file.metadata().ok());
    match metadata {
        None => Some((Kind::MissingTool, "is absent")),
        Some(metadata) if !metadata.is_file() => Some((Kind::ToolNotExecutable, "is not a file")),
        // A jar is read by `java`, and need not be a program.
        Some(metadata) if metadata.permissions().mode() & 0o111 == 0 && !tool.to_string().ends_with(".jar") => {
            Some((Kind::ToolNotExecutable, "is not executable"))
        }
        Some(_) => None,
    }
}
