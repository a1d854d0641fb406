//! Store roots that are missing on this machine, or that the manifest does not list.

use std::collections::BTreeSet;

use super::mention::Mention;
use super::registration::Registrations;
use super::{Subject, group_with, plural};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::manifest::Manifest;
use crate::store::{Store, StoreRoot};

/// Each missing root once. What Nix's database has is a [`Kind::DeletedStoreRoot`] instead: realising does not help it.
pub(super) fn missing_roots(subject: &Subject<'_>, store: &Store, registrations: &Registrations) -> Option<Group> {
    let manifest = subject.manifest;
    let roots = manifest.store_roots.iter().map(|recorded| &recorded.path);
    let missing = roots.filter(|root| !store.has_root(root) && !registrations.has(root));
    let findings: Vec<Finding> = missing
        .map(|root| Finding {
            hint: Some(realise_hint(manifest, store, &[root.path()])),
            ..finding_of_root(subject, Kind::MissingStoreRoot, root, &[])
        })
        .collect();
    let (count, are) = (findings.len(), plural(findings.len(), "is", "are"));
    let of = manifest.store_roots.len();
    let headline = format!("{count} of {of} store roots named by `{}` {are} missing", subject.name());
    let roots: Vec<String> = findings.iter().filter_map(|finding| finding.root.clone()).collect();
    group_with(headline, findings, realise_hint(manifest, store, &roots))
}

/// A finding about a store root, with details and everything that needs it: `(cc/BUILD:31:16 gcc, cpp; Env CC, PATH)`.
pub(super) fn finding_of_root(subject: &Subject<'_>, kind: Kind, root: &StoreRoot, details: &[String]) -> Finding {
    let mut purposes: Vec<&str> = Vec::new();
    for mention in subject.mentions.of_root(root) {
        if !purposes.contains(&mention.purpose.as_str()) {
            purposes.push(&mention.purpose);
        }
    }
    let first = subject.mentions.of_root(root).next().map(|mention| &mention.spot);
    let place = first.map(|spot| format!("{spot} {}", purposes.join(", ")));
    let env = subject.roots.keys(subject.manifest).get(root).map(|keys| match &place {
        Some(_) => format!("Env {}", keys.join(", ")),
        None => format!("Env only: {}", keys.join(", ")),
    });
    let remarks: Vec<String> = details.iter().cloned().chain(place).chain(env).collect();
    let remarks = if remarks.is_empty() { String::new() } else { format!("  ({})", remarks.join("; ")) };
    let place = match first {
        Some(spot) => Place { file: subject.shown(&spot.file), span: Some(spot.span) },
        None => subject.place_of_root(root),
    };
    Finding { root: Some(root.path()), ..Finding::new(kind, place, format!("{root}{remarks}")) }
}

/// Pinned toolchains come from a flake, whose outputs a binary cache may have. Others are known to their expression
/// alone.
pub(super) fn realise_hint(manifest: &Manifest, store: &Store, roots: &[String]) -> String {
    let pronoun = plural(roots.len(), "it", "them");
    let command = store.command("--realise", roots);
    let remotely = "or build remotely only with `--repo_env=LRE_LOCAL=off`";
    let first = if store.is_absent() { "this machine has no Nix store: install Nix, then " } else { "" };
    if manifest.pin.is_empty() {
        format!(
            "{first}build the toolchain again from its expression, or realise {pronoun} with {command} if a substituter has \
             {pronoun}, {remotely}"
        )
    } else {
        format!("{first}realise {pronoun} with {command}, which asks Nix's substituters, {remotely}")
    }
}

/// Each store root once that a BUILD file or Env names and the manifest does not list.
pub(super) fn unknown_roots(subject: &Subject<'_>) -> Option<Group> {
    let Subject { manifest, mentions, .. } = subject;
    let known: BTreeSet<&StoreRoot> = manifest.store_roots.iter().map(|recorded| &recorded.path).collect();
    let mut reported = BTreeSet::new();
    let mut findings: Vec<Finding> = mentions
        .well_formed
        .iter()
        .filter(|mention| !known.contains(mention.path.root()) && reported.insert(mention.path.root().clone()))
        .map(|Mention { path, spot, purpose, .. }| {
            let place = Place { file: subject.shown(&spot.file), span: Some(spot.span) };
            let message = format!("{}  ({spot} {purpose})", path.root());
            Finding { root: Some(path.root().path()), ..Finding::new(Kind::UnknownStoreRoot, place, message) }
        })
        .collect();
    for (root, keys) in subject.roots.keys(manifest) {
        if !known.contains(root) && reported.insert(root.clone()) {
            let message = format!("{root}  (Env only: {})", keys.join(", "));
            let place = subject.place_of_root(root);
            findings.push(Finding { root: Some(root.path()), ..Finding::new(Kind::UnknownStoreRoot, place, message) });
        }
    }
    let (count, roots) = (findings.len(), plural(findings.len(), "store root", "store roots"));
    let headline = format!("{count} {roots} in `{}` not listed in its `lre.json`", subject.name());
    group_with(headline, findings, subject.regen_hint())
}

/// Each store root that the manifest lists and nothing names. Every generated file must have been read.
pub(super) fn unused_roots(subject: &Subject<'_>) -> Option<Group> {
    let Subject { manifest, mentions, .. } = subject;
    let env = subject.roots.keys(manifest);
    let recorded = manifest.store_roots.iter().map(|recorded| &recorded.path);
    let unused = recorded.filter(|root| mentions.of_root(root).next().is_none() && !env.contains_key(*root));
    let findings: Vec<Finding> = unused
        .map(|root| {
            let place = subject.place_of_listed(root);
            Finding {
                root: Some(root.path()),
                ..Finding::new(Kind::UnusedStoreRoot, place, format!("{root}  (neither in a BUILD file nor in Env)"))
            }
        })
        .collect();
    let (count, roots) = (findings.len(), plural(findings.len(), "store root", "store roots"));
    let headline = format!("{count} {roots} in `{}/lre.json` named nowhere else", subject.name());
    group_with(headline, findings, subject.regen_hint())
}
