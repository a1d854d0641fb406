//! Store roots in Nix's database and, on request, their bytes.

use std::collections::BTreeMap;

use super::root::{finding_of_root, realise_hint};
use super::{Progress, Subject, group_with, plural};
use crate::diagnostic::{Finding, Group, Kind};
use crate::manifest::Manifest;
use crate::shell::quote_words;
use crate::store::comparison::{
    RootFault, Source, compare_contents, compare_with_database, deleted_references, expect_contents, unrecorded_roots,
};
use crate::store::database::{Closure, Validity, query_closure, query_validity};
use crate::store::nar::hash_nars;
use crate::store::{Store, StoreRoot};

/// What Nix's database says about the roots of a manifest.
///
/// A database that gives no answer is not mentioned by a check that hashes nothing: a container that has the store
/// mounted without Nix's state is an ordinary place to build, and a remark at each fetch would only be overlooked.
pub(super) struct Registrations {
    validity: BTreeMap<StoreRoot, Validity>,
    faults: Vec<(StoreRoot, RootFault)>,
}

impl Registrations {
    /// One query for all roots.
    pub(super) fn query(manifest: &Manifest, store: &Store) -> Self {
        let roots: Vec<StoreRoot> = manifest.store_roots.iter().map(|recorded| recorded.path.clone()).collect();
        let validity = query_validity(store, &roots);
        let faults = compare_with_database(&manifest.store_roots, &validity, |root| store.has_root(root));
        Self { validity, faults }
    }

    /// Whether the database has a root, wherever its bytes are.
    pub(super) fn has(&self, root: &StoreRoot) -> bool {
        matches!(self.validity.get(root), Some(Validity::Valid(_)))
    }

    /// Where the database differs from the disk or from the manifest.
    pub(super) fn groups(&self, subject: &Subject<'_>, store: &Store) -> [Option<Group>; 3] {
        let (mut unregistered, mut deleted, mut other) = (Vec::new(), Vec::new(), Vec::new());
        for (root, fault) in &self.faults {
            match fault {
                RootFault::Unregistered => {
                    unregistered.push(finding_of_root(subject, Kind::UnregisteredStoreRoot, root, &[]));
                }
                RootFault::Gone => deleted.push(finding_of_root(subject, Kind::DeletedStoreRoot, root, &[])),
                RootFault::OtherRecord { recorded, registered } => {
                    let details = [format!("`lre.json` has {recorded}, the database {registered}")];
                    other.push(finding_of_root(subject, Kind::NarHashMismatch, root, &details));
                }
                RootFault::OtherContents { .. } | RootFault::Unreadable(_) => {}
            }
        }
        let headline = |findings: &[Finding], one: &str, many: &str| {
            let (count, of) = (findings.len(), subject.manifest.store_roots.len());
            format!("{count} of {of} store roots named by `{}` {}", subject.name(), plural(count, one, many))
        };
        [
            group_of_roots(
                headline(
                    &unregistered,
                    "is on disk without being valid in Nix's database",
                    "are on disk without being valid in Nix's database",
                ),
                unregistered,
                |roots| realise_hint(subject.manifest, store, roots),
            ),
            group_of_roots(
                headline(&deleted, "is in Nix's database but not on disk", "are in Nix's database but not on disk"),
                deleted,
                |roots| deleted_hint(store, roots),
            ),
            group_of_roots(
                headline(
                    &other,
                    "has another NAR hash in Nix's database than in `lre.json`",
                    "have other NAR hashes in Nix's database than in `lre.json`",
                ),
                other,
                |roots| replace_hint(store, roots),
            ),
        ]
    }

    /// Where the bytes on disk differ from what was recorded, and where nothing was.
    ///
    /// What a root refers to decides results as much as the root itself, and no manifest records it. So the whole
    /// closure is hashed, against the database where the manifest has no hash.
    pub(super) fn contents(
        &self,
        subject: &Subject<'_>,
        store: &Store,
        progress: Progress<'_>,
        notes: &mut Vec<String>,
    ) -> [Option<Group>; 4] {
        let recorded = &subject.manifest.store_roots;
        let roots: Vec<StoreRoot> = self.validity.keys().cloned().collect();
        let closure = query_closure(store, &roots).unwrap_or_else(|reason| {
            notes.push(format!("{reason}: only the store roots in `lre.json` are hashed, nothing that they refer to"));
            Closure::new()
        });
        let expectations = expect_contents(recorded, &closure, |root| store.has_root(root));
        let paths: Vec<_> = expectations.iter().map(|e| (store.on_disk(&e.root.path()), e.nar_size)).collect();
        let total = expectations.iter().map(|expectation| expectation.nar_size).sum();
        let results = hash_nars(&paths, |done| progress(done, total));

        let (mut changed, mut unreadable) = (Vec::new(), Vec::new());
        for (expectation, actual) in expectations.iter().zip(results) {
            match compare_contents(expectation, actual) {
                Some(RootFault::OtherContents { expected, source, actual }) => {
                    let source = match source {
                        Source::Manifest => "`lre.json`",
                        Source::Database => "the database",
                    };
                    let details = [format!("{source} has {expected}, its bytes {actual}")];
                    changed.push(finding_of_root(subject, Kind::ContentsMismatch, &expectation.root, &details));
                }
                Some(RootFault::Unreadable(error)) => {
                    unreadable.push(finding_of_root(subject, Kind::UnreadableStoreRoot, &expectation.root, &[error]));
                }
                _ => {}
            }
        }
        let unrecorded: Vec<Finding> = unrecorded_roots(recorded)
            .map(|root| finding_of_root(subject, Kind::NarHashNotRecorded, root, &[]))
            .collect();

        let deleted: Vec<Finding> = deleted_references(recorded, &closure, |root| store.has_root(root))
            .into_iter()
            .map(|root| finding_of_root(subject, Kind::DeletedStoreRoot, root, &[]))
            .collect();

        let (hashed, repair) = (expectations.len(), |roots: &[String]| {
            format!("repair the store with {}", store.command("--repair-path", roots))
        });
        let (count, differ) = (changed.len(), plural(changed.len(), "differs from its", "differ from their"));
        let changed_headline = format!("{count} of {hashed} hashed store roots {differ} recorded NAR hash");
        let unreadable_headline = format!("{} of {hashed} store roots cannot be hashed", unreadable.len());
        let (count, of) = (unrecorded.len(), recorded.len());
        let unrecorded_headline = format!(
            "{count} of {of} store roots named by `{}` {} no NAR hash in `lre.json` to compare bytes with",
            subject.name(),
            plural(count, "has", "have")
        );
        let deleted_headline = format!(
            "{} of {} store roots in the closure of `{}` {} not on disk",
            deleted.len(),
            closure.len(),
            subject.name(),
            plural(deleted.len(), "is", "are")
        );
        [
            group_of_roots(deleted_headline, deleted, |roots| deleted_hint(store, roots)),
            group_of_roots(changed_headline, changed, repair),
            group_of_roots(unreadable_headline, unreadable, repair),
            group_with(unrecorded_headline, unrecorded, subject.record_hint(store)),
        ]
    }
}

/// A group whose findings have a hint each, for their own root.
fn group_of_roots(headline: String, mut findings: Vec<Finding>, hint: impl Fn(&[String]) -> String) -> Option<Group> {
    let roots: Vec<String> = findings.iter().filter_map(|finding| finding.root.clone()).collect();
    for finding in &mut findings {
        finding.hint = finding.root.as_ref().map(|root| hint(std::slice::from_ref(root)));
    }
    group_with(headline, findings, hint(&roots))
}

/// `--realise` believes the database and does nothing.
fn deleted_hint(store: &Store, roots: &[String]) -> String {
    let (repair, it) = (store.command("--repair-path", roots), plural(roots.len(), "it", "them"));
    format!(
        "fetch {it} again with {repair}, or make Nix forget {it} with `nix-store{} --verify` and build the toolchain again",
        store.option()
    )
}

/// Deleting comes first, because Nix does not fetch what is valid.
fn replace_hint(store: &Store, roots: &[String]) -> String {
    let (option, words, it) = (store.option(), quote_words(roots), plural(roots.len(), "it", "them"));
    format!(
        "fetch the recorded build with `nix-store{option} --delete {words} && nix-store{option} --realise {words}` (where \
         something keeps {it} alive, `nix-store{option} --query --roots {words}` names it), or build remotely only with `--repo_env=LRE_LOCAL=off`: results made with {it} do not belong into a shared cache"
    )
}
