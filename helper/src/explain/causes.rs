//! Root causes so far, each kept once however many actions it has.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{Action, Cause, CommandLines, RootCause};
use crate::execlog::{Log, Pool, Spawn, Text};

/// What a cause costs beside its texts: itself and its number, in tables that may be half empty.
const OVERHEAD: usize = 2 * (size_of::<RootCause<'_>>() + size_of::<Affected>() + size_of::<u32>());

/// What an action costs under a cause.
const ACTION: usize = size_of::<Action<'_>>() + 2 * size_of::<u32>();

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
    bytes: usize,
}

impl Causes {
    /// The number of a cause, which is none of any action yet.
    pub(super) fn id(&mut self, cause: Cause) -> CauseId {
        let (causes, hasher) = (&self.causes, &self.hasher);
        let hash = hasher.hash_one(&cause);
        if let Some(known) = self.numbers.find(hash, |number| causes[*number as usize] == cause) {
            return CauseId(*known);
        }
        self.bytes += cause.bytes() + OVERHEAD;
        let number = u32::try_from(causes.len()).expect("fewer causes than texts");
        self.numbers.insert_unique(hash, number, |number| hasher.hash_one(&causes[*number as usize]));
        self.causes.push(cause);
        self.affected.push(Affected::default());
        CauseId(number)
    }

    /// A cause.
    pub(super) fn get(&self, cause: CauseId) -> &Cause {
        &self.causes[cause.0 as usize]
    }

    /// Counts a spawn under a cause. Spawns come in the order of the log.
    pub(super) fn add(&mut self, cause: CauseId, spawn: u32) {
        let actions = &mut self.affected[cause.0 as usize].actions;
        if actions.last() != Some(&spawn) {
            actions.push(spawn);
            self.bytes += ACTION;
        }
    }

    /// About how many bytes of memory they take, now and as root causes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts one more action that missed only because of a cause.
    pub(super) fn add_downstream(&mut self, cause: CauseId) {
        self.affected[cause.0 as usize].downstream += 1;
    }

    /// All that have actions, each with the first `named` of them: a toolchain that was not selected first, then those of the
    /// most, and those that are no misses last.
    pub(super) fn finish<'a>(
        self,
        pool: &'a Pool,
        log: &Log,
        named: usize,
        commands: impl Fn(u32) -> Option<CommandLines>,
    ) -> Vec<RootCause<'a>> {
        let all = self.causes.into_iter().zip(self.affected);
        let mut roots: Vec<RootCause<'_>> = all
            .filter(|(_, Affected { actions, downstream })| !actions.is_empty() || *downstream > 0)
            .map(|(cause, Affected { actions, downstream })| {
                let commands = actions.iter().find_map(|index| commands(*index));
                let count = actions.len();
                let actions = first_actions(pool, log, &actions, named);
                RootCause { cause, actions, count, downstream, commands, notes: Vec::new() }
            })
            .collect();
        roots.sort_by_cached_key(|root| {
            let is_first = matches!(root.cause, Cause::Unselected(_));
            (!is_first, !root.cause.is_miss(), Reverse(root.count + root.downstream), root.cause.describe())
        });
        roots
    }
}

/// The first `count` of some spawns, in the order of their texts.
fn first_actions<'a>(pool: &'a Pool, log: &Log, spawns: &[u32], count: usize) -> Vec<Action<'a>> {
    let action = |spawn: &Spawn| {
        let output = spawn.primary_output().map_or("", |path| pool.text(path));
        Action { mnemonic: pool.text(spawn.mnemonic), label: pool.text(spawn.label), output }
    };
    // Most spawns are not among the first, which is found out from a text or two, as bytes.
    let is_before = |spawn: &Spawn, last: &Action<'_>| {
        let bytes = |text: Text| pool.bytes_of(text);
        let by_mnemonic = bytes(spawn.mnemonic).cmp(last.mnemonic.as_bytes());
        let by_label = || bytes(spawn.label).cmp(last.label.as_bytes());
        let by_output = || spawn.primary_output().map_or(&[][..], bytes).cmp(last.output.as_bytes());
        by_mnemonic.then_with(by_label).then_with(by_output).is_lt()
    };
    let mut first: BinaryHeap<Action<'_>> = BinaryHeap::new();
    for spawn in spawns.iter().map(|index| &log.spawns[*index as usize]) {
        if first.len() < count {
            first.push(action(spawn));
        } else if let Some(mut last) = first.peek_mut()
            && is_before(spawn, &last)
        {
            *last = action(spawn);
        }
    }
    first.into_sorted_vec()
}
