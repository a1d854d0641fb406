//! Compares what a manifest recorded of store roots with Nix's database and with the bytes on disk. Pure.

use std::collections::BTreeMap;

use super::StoreRoot;
use super::database::{Closure, Validity};
use super::nar::NarError;
use crate::manifest::RecordedRoot;

/// What is wrong with a store root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootFault {
    /// It lies on disk and is not in the database: Nix may delete or replace it at any time.
    Unregistered,
    /// It is in the database and not on disk: Nix believes that it is there.
    Gone,
    /// The database has another hash than the manifest: the same name with other bytes.
    OtherRecord {
        /// The manifest's.
        recorded: String,
        /// The database's.
        registered: String,
    },
    /// Its bytes are not those that were recorded.
    OtherContents {
        /// What was recorded.
        expected: String,
        /// By whom.
        source: Source,
        /// What lies on disk.
        actual: String,
    },
    /// Its bytes could not be read.
    Unreadable(String),
}

/// Who recorded a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The toolchain's manifest.
    Manifest,
    /// Nix's database.
    Database,
}

/// Compares the manifest's roots with the database. What is unknown is no fault.
pub fn compare_with_database(
    recorded: &[RecordedRoot],
    database: &BTreeMap<StoreRoot, Validity>,
    is_on_disk: impl Fn(&StoreRoot) -> bool,
) -> Vec<(StoreRoot, RootFault)> {
    let fault = |RecordedRoot { path, nar_hash }: &RecordedRoot| match (database.get(path)?, is_on_disk(path)) {
        (Validity::Unknown(_), _) | (Validity::Invalid, false) => None,
        (Validity::Invalid, true) => Some(RootFault::Unregistered),
        (Validity::Valid(_), false) => Some(RootFault::Gone),
        (Validity::Valid(known), true) => {
            let recorded = nar_hash.clone().filter(|recorded| *recorded != known.nar_hash)?;
            Some(RootFault::OtherRecord { recorded, registered: known.nar_hash.clone() })
        }
    };
    recorded.iter().filter_map(|root| Some((root.path.clone(), fault(root)?))).collect()
}

/// What is expected of one store root's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The root.
    pub root: StoreRoot,
    /// The manifest's hash. It has none of roots that a listed root refers to.
    pub recorded: Option<String>,
    /// The database's hash.
    pub registered: Option<String>,
    /// Bytes of its NAR, or 0 where nobody recorded them.
    pub nar_size: u64,
}

/// Everything to be hashed: the manifest's roots on disk, and whatever they refer to.
pub fn expect_contents(
    recorded: &[RecordedRoot],
    closure: &Closure,
    is_on_disk: impl Fn(&StoreRoot) -> bool,
) -> Vec<Expectation> {
    let listed: BTreeMap<&StoreRoot, Option<&String>> =
        recorded.iter().map(|root| (&root.path, root.nar_hash.as_ref())).collect();
    let unlisted = closure.keys().filter(|root| !listed.contains_key(root)).map(|root| (root, None));
    let all = listed.iter().map(|(root, hash)| (*root, hash.cloned())).chain(unlisted);
    all.filter(|(root, _)| is_on_disk(root))
        .map(|(root, recorded)| {
            let known = closure.get(root);
            Expectation {
                root: root.clone(),
                recorded,
                registered: known.map(|known| known.nar_hash.clone()),
                nar_size: known.and_then(|known| known.nar_size).unwrap_or_default(),
            }
        })
        .collect()
}

/// What listed roots refer to and is not on disk. Nix never deletes it as long as it has the roots, but others do.
pub fn deleted_references<'a>(
    recorded: &[RecordedRoot],
    closure: &'a Closure,
    is_on_disk: impl Fn(&StoreRoot) -> bool,
) -> Vec<&'a StoreRoot> {
    let is_listed = |root: &StoreRoot| recorded.iter().any(|listed| listed.path == *root);
    closure.keys().filter(|root| !is_on_disk(root) && !is_listed(root)).collect()
}

/// Compares the bytes of a root with what was recorded of them.
///
/// A root that is as registered, but not as the manifest has it, is [`RootFault::OtherRecord`] already.
#[must_use]
pub fn compare_contents(expectation: &Expectation, actual: Result<String, NarError>) -> Option<RootFault> {
    let actual = match actual {
        Ok(actual) => actual,
        Err(error) => return Some(RootFault::Unreadable(error.to_string())),
    };
    let Expectation { recorded, registered, .. } = expectation;
    if registered.as_ref() == Some(&actual) {
        return None;
    }
    let (expected, source) = match (recorded, registered) {
        (Some(recorded), _) => (recorded, Source::Manifest),
        (None, Some(registered)) => (registered, Source::Database),
        (None, None) => return None,
    };
    let fault = || RootFault::OtherContents { expected: expected.clone(), source, actual: actual.clone() };
    (*expected != actual).then(fault)
}

/// The roots of which the manifest has no hash, so that nothing can be said about their bytes.
pub fn unrecorded_roots(recorded: &[RecordedRoot]) -> impl Iterator<Item = &StoreRoot> {
    recorded.iter().filter(|root| root.nar_hash.is_none()).map(|root| &root.path)
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::store::database::{Registration, Unknown};

    fn root(name: &str) -> StoreRoot {
        format!("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-{name}").try_into().expect("a store root")
    }

    fn recorded(name: &str, hash: Option<&str>) -> RecordedRoot {
        RecordedRoot { path: root(name), nar_hash: hash.map(str::to_owned) }
    }

    fn registration(hash: &str) -> Registration {
        Registration { nar_hash: hash.to_owned(), nar_size: Some(8) }
    }

    #[test]
    fn manifest_database_and_disk_are_compared_root_by_root() {
        let valid = || Validity::Valid(registration("A"));
        let unknown = Validity::Unknown(Unknown::Absent("db".into()));
        let cases = [
            ("same", Some("A"), valid(), true, None),
            ("unrecorded", None, valid(), true, None),
            (
                "other",
                Some("B"),
                valid(),
                true,
                Some(RootFault::OtherRecord { recorded: "B".to_owned(), registered: "A".to_owned() }),
            ),
            ("gone", Some("B"), valid(), false, Some(RootFault::Gone)),
            ("unregistered", Some("A"), Validity::Invalid, true, Some(RootFault::Unregistered)),
            ("missing", Some("A"), Validity::Invalid, false, None),
            ("unknown", Some("A"), unknown.clone(), true, None),
            ("unknown-and-missing", Some("A"), unknown, false, None),
        ];
        for (name, hash, validity, on_disk, fault) in cases {
            let database = BTreeMap::from([(root(name), validity)]);
            let found = compare_with_database(&[recorded(name, hash)], &database, |_| on_disk);
            assert_eq!(found, fault.map(|fault| (root(name), fault)).into_iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn listed_roots_on_disk_and_what_they_refer_to_are_hashed() {
        let closure: Closure = ["a", "dependency", "away"].map(|name| (root(name), registration("A"))).into();
        let listed = [recorded("a", Some("B")), recorded("unregistered", None)];
        let expected = |name: &str, recorded: Option<&str>, registered: Option<&str>, nar_size| Expectation {
            root: root(name),
            recorded: recorded.map(str::to_owned),
            registered: registered.map(str::to_owned),
            nar_size,
        };
        assert_eq!(
            expect_contents(&listed, &closure, |path| *path != root("away")),
            [
                expected("a", Some("B"), Some("A"), 8),
                expected("unregistered", None, None, 0),
                expected("dependency", None, Some("A"), 8),
            ]
        );
    }

    #[test]
    fn contents_are_those_of_the_manifest_or_else_of_the_database() {
        let other = |expected: &str, source| RootFault::OtherContents {
            expected: expected.to_owned(),
            source,
            actual: "X".to_owned(),
        };
        let cases = [
            (Some("X"), Some("X"), None),
            (Some("X"), Some("A"), None),
            // The database's disagreement is told by `compare_with_database`.
            (Some("A"), Some("X"), None),
            (Some("A"), Some("A"), Some(other("A", Source::Manifest))),
            (Some("A"), Some("B"), Some(other("A", Source::Manifest))),
            (Some("A"), None, Some(other("A", Source::Manifest))),
            (None, None, None),
            (None, Some("X"), None),
            (None, Some("A"), Some(other("A", Source::Database))),
        ];
        for (recorded, registered, fault) in cases {
            let expectation = Expectation {
                root: root("a"),
                recorded: recorded.map(str::to_owned),
                registered: registered.map(str::to_owned),
                nar_size: 0,
            };
            assert_eq!(compare_contents(&expectation, Ok("X".to_owned())), fault, "{expectation:?}");
        }
    }

    #[test]
    fn references_that_are_not_on_disk_are_deleted() {
        let closure: Closure = ["a", "here", "away"].map(|name| (root(name), registration("A"))).into();
        let is_on_disk = |path: &StoreRoot| *path == root("here");
        assert_eq!(deleted_references(&[recorded("a", None)], &closure, is_on_disk), [&root("away")]);
    }

    #[test]
    fn roots_without_a_hash_are_not_recorded() {
        let manifest = [recorded("a", None), recorded("b", Some("B"))];
        assert_eq!(unrecorded_roots(&manifest).collect::<Vec<_>>(), [&root("a")]);
    }
}
