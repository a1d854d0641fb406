//! Which spawn of the second build is which of the first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::execlog::{Log, Spawn, Text};

/// For each spawn of `second` the index of its counterpart in `first`: by primary output, then, for another
/// configuration's outputs, by mnemonic and target in the order of the logs.
pub(super) fn pair(first: &Log, second: &Log) -> Vec<Option<usize>> {
    let mut pairs = vec![None; second.spawns.len()];
    let mut is_taken = vec![false; first.spawns.len()];
    match_by(Spawn::primary_output, first, second, &mut pairs, &mut is_taken);
    // Tests of one target have no other name than its label, but a spawn without target has none at all.
    let by_target = |spawn: &Spawn| -> Option<(Text, Text)> { Some((spawn.mnemonic, spawn.label)) };
    match_by(by_target, first, second, &mut pairs, &mut is_taken);
    pairs
}

fn match_by<K: Hash + Eq>(
    key: impl Fn(&Spawn) -> Option<K>,
    first: &Log,
    second: &Log,
    pairs: &mut [Option<usize>],
    is_taken: &mut [bool],
) {
    let mut known: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (index, spawn) in first.spawns.iter().enumerate().filter(|(index, _)| !is_taken[*index]) {
        if let Some(key) = key(spawn) {
            known.entry(key).or_default().push_back(index);
        }
    }
    for (spawn, pair) in second.spawns.iter().zip(pairs).filter(|(_, pair)| pair.is_none()) {
        let candidates = key(spawn).and_then(|key| known.get_mut(&key));
        if let Some(index) = candidates.and_then(VecDeque::pop_front) {
            is_taken[index] = true;
            *pair = Some(index);
        }
    }
}
