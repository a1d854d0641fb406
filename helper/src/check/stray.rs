//! Texts in BUILD files where a store path should stand.

use std::collections::BTreeSet;

use super::mention::Stray;
use super::{Subject, group_with, plural};
use crate::diagnostic::{Finding, Group, Kind, Place};

/// Texts that start like a store path and are none.
pub(super) fn malformed_paths(subject: &Subject<'_>) -> Option<Group> {
    let malformed = subject.mentions.malformed.iter();
    let findings: Vec<Finding> = malformed
        .map(|(spot, reason)| {
            let place = Place { file: subject.shown(&spot.file), span: Some(spot.span) };
            Finding::new(Kind::MalformedStorePath, place, format!("{spot}: {reason}"))
        })
        .collect();
    let (count, paths) = (findings.len(), plural(findings.len(), "store path", "store paths"));
    group_with(format!("{count} malformed {paths} in `{}`", subject.name()), findings, subject.regen_hint())
}

/// Absolute paths that name whatever a machine has there.
pub(super) fn outside_paths(subject: &Subject<'_>) -> Option<Group> {
    let findings = strays(subject, Kind::OutsideStore, &subject.mentions.outside);
    let (count, paths) = (findings.len(), plural(findings.len(), "absolute path", "absolute paths"));
    let headline = format!("{count} {paths} outside the store in `{}`", subject.name());
    group_with(headline, findings, subject.probe_hint())
}

/// The same paths where the manifest allows them: no finding, and nothing that this machine could tell.
pub(super) fn outside_warning(subject: &Subject<'_>) -> Option<String> {
    let outside = &subject.mentions.outside;
    let first = outside.first()?;
    let distinct: BTreeSet<&str> = outside.iter().map(|stray| stray.text.as_str()).collect();
    let (count, paths) = (distinct.len(), plural(distinct.len(), "path", "paths"));
    Some(format!(
        "toolchain `{}` names {count} {paths} outside the store, such as `{}`: nothing here tells whether two machines have \
         the same bytes there\n\n\
         hint: build remotely only, with `--repo_env=LRE_LOCAL=off` or `on_missing = \"remote_only\"`, on workers that run \
         `{}`",
        subject.manifest.name, first.text, subject.manifest.image.reference
    ))
}

/// What other generators write for a tool that they did not find.
pub(super) fn placeholder_tools(subject: &Subject<'_>) -> Option<Group> {
    let findings = strays(subject, Kind::PlaceholderTool, &subject.mentions.placeholders);
    let (count, are) = (findings.len(), plural(findings.len(), "tool is a placeholder", "tools are placeholders"));
    group_with(format!("{count} {are} in `{}`", subject.name()), findings, subject.probe_hint())
}

fn strays(subject: &Subject<'_>, kind: Kind, strays: &[Stray]) -> Vec<Finding> {
    let finding = |Stray { text, spot, purpose }: &Stray| {
        let place = Place { file: subject.shown(&spot.file), span: Some(spot.span) };
        Finding::new(kind, place, format!("`{text}`  ({spot} {purpose})"))
    };
    strays.iter().map(finding).collect()
}
