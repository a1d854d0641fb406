//! What makes the keys of two spawns differ.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::causes::{CauseId, Causes};
use super::{Cause, Sides};
use crate::execlog::{ListId, Pool, Spawn, Text};
use crate::store::{STORE_DIR, StoreRoot, find_store_paths};

/// Compares what keys are made of, without inputs. Most actions share environment and platform with many: what two
/// lists say is found out once.
pub(super) struct Differences<'a> {
    pool: &'a Pool,
    environments: HashMap<(ListId, ListId), Vec<CauseId>>,
    platforms: HashMap<(ListId, ListId), Vec<CauseId>>,
}

impl<'a> Differences<'a> {
    pub(super) fn new(pool: &'a Pool) -> Self {
        Self { pool, environments: HashMap::new(), platforms: HashMap::new() }
    }

    /// Differences of environment, platform and command line, in this order.
    pub(super) fn of(&mut self, first: &Spawn, second: &Spawn, causes: &mut Causes) -> Vec<CauseId> {
        let pool = self.pool;
        let mut found = Vec::new();
        if first.environment != second.environment {
            let lists = (first.environment, second.environment);
            let new = || ids(environment(pool, lists), causes);
            found.extend_from_slice(self.environments.entry(lists).or_insert_with(new));
        }
        if first.platform != second.platform {
            let lists = (first.platform, second.platform);
            let property = |(name, values)| Cause::Property { name, values };
            let new = || ids(named(pool, lists).into_iter().map(property), causes);
            found.extend_from_slice(self.platforms.entry(lists).or_insert_with(new));
        }
        match configurations(pool, first, second) {
            // Every path of the command line differs then.
            Some(values) => found.push(causes.id(Cause::Configuration(values))),
            None if first.arguments == second.arguments => {}
            None => {
                let arguments = arguments(pool, pool.list(first.arguments), pool.list(second.arguments));
                found.extend(ids(arguments, causes));
            }
        }
        found
    }
}

fn ids(found: impl IntoIterator<Item = Cause>, causes: &mut Causes) -> Vec<CauseId> {
    found.into_iter().map(|cause| causes.id(cause)).collect()
}

fn environment(pool: &Pool, lists: (ListId, ListId)) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (name, values) in named(pool, lists) {
        let drift = drift(&values);
        if !drift.is_empty() {
            causes.extend(drift);
        } else if name == "PATH" && leaves_store(&values) {
            causes.push(Cause::Program { name, values });
        } else {
            causes.push(Cause::Variable { name, values });
        }
    }
    causes
}

/// What differs between two lists of names and values.
fn named(pool: &Pool, (first, second): (ListId, ListId)) -> Vec<(String, Sides<String>)> {
    let map = |pairs: ListId| -> BTreeMap<&str, Text> {
        pool.pairs(pairs).map(|(name, value)| (pool.text(name), value)).collect()
    };
    let (first, second) = (map(first), map(second));
    let mut names: Vec<&str> = first.keys().chain(second.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let text = |value: Option<&Text>| value.map(|value| pool.text(*value).to_owned());
    let differing = names.into_iter().filter(|name| first.get(name) != second.get(name));
    differing
        .map(|name| (name.to_owned(), Sides { first: text(first.get(name)), second: text(second.get(name)) }))
        .collect()
}

/// The configurations of the primary outputs, where they differ in nothing else.
pub(super) fn configurations(pool: &Pool, first: &Spawn, second: &Spawn) -> Option<Sides<String>> {
    if first.primary_output() == second.primary_output() {
        return None;
    }
    let split = |spawn: &Spawn| {
        let rest = pool.text(spawn.primary_output()?).strip_prefix("bazel-out/")?;
        rest.split_once('/').map(|(configuration, rest)| (configuration.to_owned(), rest.to_owned()))
    };
    let ((first, first_rest), (second, second_rest)) = (split(first)?, split(second)?);
    (first != second && first_rest == second_rest).then(|| Sides::both(first, second))
}

fn arguments(pool: &Pool, first: &[Text], second: &[Text]) -> Vec<Cause> {
    let words = |words: &[Text]| words.iter().map(|word| pool.text(*word)).collect::<Vec<_>>().join(" ");
    let mut causes = Vec::new();
    for change in capture_diff_slices(Algorithm::Myers, first, second) {
        let (first, second) = (&first[change.old_range()], &second[change.new_range()]);
        match change {
            DiffOp::Equal { .. } => {}
            DiffOp::Replace { old_index, old_len, new_len, .. } if old_len == new_len => {
                for (place, (first, second)) in first.iter().zip(second).enumerate() {
                    let values = Sides::both(pool.text(*first).to_owned(), pool.text(*second).to_owned());
                    causes.extend(word(values, old_index + place == 0));
                }
            }
            _ => {
                let part = |part: &[Text]| (!part.is_empty()).then(|| words(part));
                causes.push(Cause::Argument(Sides { first: part(first), second: part(second) }));
            }
        }
    }
    causes
}

/// What a replaced word of a command line means.
fn word(values: Sides<String>, is_program: bool) -> Vec<Cause> {
    let drift = drift(&values);
    if !drift.is_empty() {
        drift
    } else if is_program && leaves_store(&values) {
        vec![Cause::Program { name: "argv[0]".to_owned(), values }]
    } else {
        vec![Cause::Argument(values)]
    }
}

/// Whether a part of a path list is an absolute path outside the store.
fn leaves_store(values: &Sides<String>) -> bool {
    let parts = values.first.iter().chain(&values.second).flat_map(|value| value.split(':'));
    parts.into_iter().any(|part| part.starts_with('/') && !part.starts_with(STORE_DIR))
}

/// The store roots that differ, where two texts differ in nothing else.
fn drift(values: &Sides<String>) -> Vec<Cause> {
    let (Some(first), Some(second)) = (&values.first, &values.second) else { return Vec::new() };
    let (first, second) = (split(first), split(second));
    if first.rest != second.rest {
        return Vec::new();
    }
    let roots = first.roots.into_iter().zip(second.roots).filter(|(first, second)| first != second);
    let mut causes: Vec<Cause> = Vec::new();
    for (first, second) in roots {
        let cause = Cause::StoreDrift(Sides::both(first, second));
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes
}

struct Split {
    roots: Vec<StoreRoot>,
    /// The text between the roots.
    rest: Vec<String>,
}

fn split(text: &str) -> Split {
    let mut parts = Split { roots: Vec::new(), rest: Vec::new() };
    let mut end = 0;
    for mention in find_store_paths(text) {
        let Ok(path) = mention.path else { continue };
        parts.rest.push(text[end..mention.offset].to_owned());
        end = mention.offset + path.root().path().len();
        parts.roots.push(path.root().clone());
    }
    parts.rest.push(text[end..].to_owned());
    parts
}
