//! Root causes so far, each kept once however many actions it has.

use std::cmp::Reverse;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{Action, Cause, CommandLines, RootCause};
use crate::execlog::{Log, Pool};

/// How many actions of a cause are in order, which is as many as a page names: to sort a million of them for the sake of
/// a few would take as long as to read the log.
pub(super) const NAMED: usize = 200;

/// A cause's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CauseId(u32);

/// The actions of a cause.
#[derive(Default)]
struct Affected {
    /// Spawns of the log that is explained, in its order.
    actions: Vec<u32>,
    downstream: usize,
}

/// Causes with their actions.
#[derive(Default)]
pub(super) struct Causes {
    causes: Vec<Cause>,
    affected: Vec<Affected>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Causes {
    /// The number of a cause, which is none of any action yet.
    pub(super) fn id(&mut self, cause: Cause) -> CauseId {
        let (causes, hasher) = (&self.causes, &self.hasher);
        let hash = hasher.hash_one(&cause);
        if let Some(known) = self.numbers.find(hash, |number| causes[*number as usize] == cause) {
            return CauseId(*known);
        }
        let number = u32::try_from(causes.len()).expect("fewer causes than texts");
        self.numbers.insert_unique(hash, number, |number| hasher.hash_one(&causes[*number as usize]));
        self.causes.push(cause);
        self.affected.push(Affected::default());
        CauseId(number)
    }

    /// Counts a spawn under a cause. Spawns come in the order of the log.
    pub(super) fn add(&mut self, cause: CauseId, spawn: u32) {
        let actions = &mut self.affected[cause.0 as usize].actions;
        if actions.last() != Some(&spawn) {
            actions.push(spawn);
        }
    }

    /// Counts one more action that missed only because of a cause.
    pub(super) fn add_downstream(&mut self, cause: CauseId) {
        self.affected[cause.0 as usize].downstream += 1;
    }

    /// All that have actions: those of the most first, and those that are no misses last.
    pub(super) fn finish<'a>(
        self,
        pool: &'a Pool,
        log: &Log,
        commands: impl Fn(u32) -> Option<CommandLines>,
    ) -> Vec<RootCause<'a>> {
        let action = |index: u32| {
            let spawn = &log.spawns[index as usize];
            Action {
                mnemonic: pool.text(spawn.mnemonic),
                label: pool.text(spawn.label),
                output: spawn.primary_output().map_or("", |path| pool.text(path)),
            }
        };
        let all = self.causes.into_iter().zip(self.affected);
        let mut roots: Vec<RootCause<'_>> = all
            .filter(|(_, Affected { actions, downstream })| !actions.is_empty() || *downstream > 0)
            .map(|(cause, Affected { actions, downstream })| {
                let commands = actions.iter().find_map(|index| commands(*index));
                let mut actions: Vec<Action<'_>> = actions.into_iter().map(action).collect();
                sort_first(&mut actions, NAMED);
                RootCause { cause, actions, downstream, commands, notes: Vec::new() }
            })
            .collect();
        roots.sort_by_cached_key(|root| {
            (!root.cause.is_miss(), Reverse(root.actions.len() + root.downstream), root.cause.describe())
        });
        roots
    }
}

/// Brings the smallest `count` to the front, in order.
fn sort_first<T: Ord>(items: &mut [T], count: usize) {
    if items.len() > count {
        items.select_nth_unstable(count);
        items[..count].sort_unstable();
    } else {
        items.sort_unstable();
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_smallest_come_first_and_in_order() {
        let mut items: Vec<u32> = (0..1000).map(|item| item * 7919 % 1000).collect();
        sort_first(&mut items, 10);
        assert!((0..10).eq(items[..10].iter().copied()));
        sort_first(&mut items, 1000);
        assert!((0..1000).eq(items));
    }
}
