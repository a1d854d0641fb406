//! Which spawn of the second build is which of the first.

use std::hash::Hash;

use hashbrown::HashMap;

use crate::execlog::{Log, Spawn};

/// For each spawn of `second` the index of its counterpart in `first`: by primary output, then, for another
/// configuration's outputs, by mnemonic and target in the order of the logs.
pub(super) fn pair(first: &Log, second: &Log) -> Vec<Option<u32>> {
    let mut pairs = vec![None; second.spawns.len()];
    let mut is_taken = vec![false; first.spawns.len()];
    match_by(Spawn::primary_output, first, second, &mut pairs, &mut is_taken);
    // Tests of one target have no other name than its label, but a spawn without target has none at all.
    match_by(|spawn| Some((spawn.mnemonic, spawn.label)), first, second, &mut pairs, &mut is_taken);
    pairs
}

fn match_by<K: Hash + Eq>(
    key: impl Fn(&Spawn) -> Option<K>,
    first: &Log,
    second: &Log,
    pairs: &mut [Option<u32>],
    is_taken: &mut [bool],
) {
    // Of the spawns with one key the first, and after each the next.
    let mut known: HashMap<K, u32> = HashMap::new();
    let mut next: Vec<Option<u32>> = vec![None; first.spawns.len()];
    let indexed = (0..).zip(&first.spawns).collect::<Vec<(u32, &Spawn)>>();
    for (index, spawn) in indexed.into_iter().rev().filter(|(index, _)| !is_taken[*index as usize]) {
        if let Some(key) = key(spawn) {
            next[index as usize] = known.insert(key, index);
        }
    }
    for (spawn, pair) in second.spawns.iter().zip(pairs).filter(|(_, pair)| pair.is_none()) {
        let Some(key) = key(spawn) else { continue };
        let Some(index) = known.remove(&key) else { continue };
        if let Some(next) = next[index as usize] {
            known.insert(key, next);
        }
        is_taken[index as usize] = true;
        *pair = Some(index);
    }
}
