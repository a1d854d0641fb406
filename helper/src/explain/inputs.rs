//! Which inputs of two spawns differ.

use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use crate::execlog::{FileId, Pool, SetId, Text};

/// A path that is not the same in two sets of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Change {
    pub(super) path: Text,
    /// What it is in the first set.
    pub(super) before: Option<FileId>,
    /// In the second.
    pub(super) after: Option<FileId>,
}

/// Compares sets of files. Most are made of the same smaller ones: equal ones are left out unseen, and two that were
/// compared are not compared again.
pub(super) struct InputChanges<'a> {
    pool: &'a Pool,
    known: HashMap<(SetId, SetId), Rc<[Change]>>,
    bytes: usize,
}

/// What two sets cost beside their changes.
const OVERHEAD: usize = 2 * (size_of::<((SetId, SetId), Rc<[Change]>)>() + size_of::<usize>());

/// What is left of two sets without what both hold.
struct Rest {
    sets: Vec<(SetId, SetId)>,
    changes: Vec<Change>,
}

impl<'a> InputChanges<'a> {
    pub(super) fn new(pool: &'a Pool) -> Self {
        Self { pool, known: HashMap::new(), bytes: 0 }
    }

    /// About how many bytes of memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The paths that differ, in no order.
    pub(super) fn of(&mut self, first: SetId, second: SetId) -> Rc<[Change]> {
        // A stack of its own: sets are nested as deep as a log wants.
        let mut open = vec![(first, second)];
        let changes = loop {
            let Some(pair) = open.last().copied() else { return Rc::default() };
            if let Some(known) = self.known.get(&pair) {
                open.pop();
                if open.is_empty() {
                    break Rc::clone(known);
                }
                continue;
            }
            let rest = self.rest(pair.0, pair.1);
            let waiting = open.len();
            open.extend(rest.sets.iter().filter(|pair| !self.known.contains_key(*pair)));
            if open.len() == waiting {
                let inner = rest.sets.iter().flat_map(|pair| self.known[pair].iter().copied());
                let changes = merge(rest.changes.into_iter().chain(inner));
                open.pop();
                // The outermost sets are those of one action, and others have their own.
                if open.is_empty() {
                    break changes;
                }
                self.bytes += size_of_val(&*changes) + OVERHEAD;
                self.known.insert(pair, changes);
            }
        };
        // What one side lacks here it may have in a set that was left out.
        if changes.iter().all(|change| change.before.is_some() && change.after.is_some()) {
            return changes;
        }
        changes_of_files(self.pool, &self.pool.files_of(first), &self.pool.files_of(second)).into()
    }

    fn rest(&self, first: SetId, second: SetId) -> Rest {
        let sets = |set| self.pool.sets_in(set).collect::<Vec<_>>();
        let (first_sets, second_sets) = without_shared(&sets(first), &sets(second));
        if first_sets.len() != second_sets.len() {
            let (first, second) = (self.pool.files_of(first), self.pool.files_of(second));
            return Rest { sets: Vec::new(), changes: changes_of_files(self.pool, &first, &second) };
        }
        let files = |set| self.pool.files_in(set).collect::<Vec<_>>();
        let changes = changes_of_files(self.pool, &files(first), &files(second));
        Rest { sets: first_sets.into_iter().zip(second_sets).collect(), changes }
    }
}

fn without_shared(first: &[SetId], second: &[SetId]) -> (Vec<SetId>, Vec<SetId>) {
    let without = |these: &[SetId], those: &[SetId]| -> Vec<SetId> {
        let those: HashSet<SetId> = those.iter().copied().collect();
        these.iter().copied().filter(|set| !those.contains(set)).collect()
    };
    (without(first, second), without(second, first))
}

fn changes_of_files(pool: &Pool, first: &[FileId], second: &[FileId]) -> Vec<Change> {
    let shared: HashSet<FileId> = first.iter().copied().collect();
    let shared: HashSet<FileId> = second.iter().copied().filter(|file| shared.contains(file)).collect();
    let rest = |files: &'_ [FileId]| files.iter().copied().filter(|file| !shared.contains(file)).collect::<Vec<_>>();
    let (first, second) = (rest(first).into_iter(), rest(second).into_iter());
    let before = first.map(|file| Change { path: pool.path_of(file), before: Some(file), after: None });
    let after = second.map(|file| Change { path: pool.path_of(file), before: None, after: Some(file) });
    merge(before.chain(after)).to_vec()
}

/// One change for each path, none where both sides turn out to be equal.
fn merge(changes: impl Iterator<Item = Change>) -> Rc<[Change]> {
    let mut changes: Vec<Change> = changes.collect();
    changes.sort_by_key(|change| change.path);
    changes.dedup_by(|next, kept| {
        let is_same = next.path == kept.path;
        if is_same {
            kept.before = kept.before.or(next.before);
            kept.after = kept.after.or(next.after);
        }
        is_same
    });
    changes.retain(|change| change.before != change.after);
    changes.into()
}

#[cfg(test)]
mod unit {
    use super::*;

    fn file(pool: &mut Pool, path: &str, digest: &str) -> FileId {
        let (path, digest) = (pool.intern(path), pool.digest(digest.as_bytes()).expect("UTF-8"));
        pool.file(path, digest)
    }

    fn changes(pool: &Pool, first: SetId, second: SetId) -> Vec<String> {
        let text = |file: Option<FileId>| file.map_or("-".to_owned(), |file| pool.digest_text(pool.digest_of(file)));
        let line =
            |change: &Change| format!("{} {} {}", pool.text(change.path), text(change.before), text(change.after));
        let mut lines: Vec<String> = InputChanges::new(pool).of(first, second).iter().map(line).collect();
        lines.sort();
        lines
    }

    #[test]
    fn changed_added_and_removed_files_are_found_however_deep_they_lie() {
        let mut pool = Pool::default();
        let files = ["a", "b", "c"].map(|path| file(&mut pool, path, "1"));
        let other = file(&mut pool, "a", "2");
        let shared = pool.set(&[files[2]], &[]);
        let nest = |pool: &mut Pool, file: FileId| {
            let inner = pool.set(&[file], &[]);
            (0..20_000).fold(inner, |set, _| pool.set(&[], &[set, shared]))
        };
        let (first, second) = (nest(&mut pool, files[0]), nest(&mut pool, other));
        assert_eq!(changes(&pool, first, second), ["a 1 2"]);
        assert_eq!(changes(&pool, first, first), [""; 0]);
        let more = pool.set(&[files[1]], &[second, shared]);
        assert_eq!(changes(&pool, first, more), ["a 1 2", "b - 1"]);
        assert_eq!(changes(&pool, more, first), ["a 2 1", "b 1 -"]);
    }

    #[test]
    fn file_that_moves_from_one_set_to_another_is_no_change() {
        let mut pool = Pool::default();
        let [a, b] = ["a", "b"].map(|path| file(&mut pool, path, "1"));
        let [one, other] = [a, b].map(|file| pool.set(&[file], &[]));
        let first = pool.set(&[], &[one, other]);
        let both = pool.set(&[b, a], &[]);
        let nested = pool.set(&[], &[both]);
        assert_eq!(changes(&pool, first, nested), [""; 0]);
        let second = pool.set(&[], &[both, other]);
        assert_eq!(changes(&pool, first, second), [""; 0]);
        let third = pool.set(&[a], &[one]);
        assert_eq!(changes(&pool, second, third), ["b 1 -"]);
    }
}
