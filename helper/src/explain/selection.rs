//! A toolchain that one of two builds did not select.
//!
//! Platform, toolchain and the variables of actions come from one flag. Without it every action differs in many things, none
//! of which is to be mended by itself.

use hashbrown::{HashMap, HashSet};

use super::{Build, Cause, Unselected};
use crate::execlog::{ListId, Log, Pool, Spawn, Text};
use crate::image::CONTAINER_IMAGE;
use crate::toolchain_kind::ToolchainKind;

/// Where generated files lie.
const GENERATED: &str = "bazel-out/";

/// What is looked at, in the order of messages.
const KINDS: [ToolchainKind; 2] = [ToolchainKind::Cc, ToolchainKind::Java];

/// What one build lacks, and the cause that this is.
pub(super) struct Selection<'a> {
    pool: &'a Pool,
    property: Text,
    unselected: Unselected,
    kinds: Vec<ToolchainKind>,
}

/// The actions of a language in a log.
#[derive(Default)]
struct Actions {
    count: usize,
    with_property: usize,
    /// What the first of them that has the property has there.
    value: Option<Text>,
    programs: HashSet<Text>,
}

impl<'a> Selection<'a> {
    /// If all actions of a language have the property in one build and none in the other, where they run other programs.
    pub(super) fn of(pool: &'a Pool, first: &Log, second: &Log) -> Option<Self> {
        let property = pool.find(CONTAINER_IMAGE)?;
        let (first, second) = (actions_of(pool, first, property), actions_of(pool, second, property));
        let selection = |build, with: &[Actions; 2], without: &[Actions; 2]| {
            let languages = KINDS.into_iter().zip(with.iter().zip(without));
            let unselected = languages.filter(|(_, (with, without))| with.select_what_is_unselected_in(without));
            let (mut kinds, mut actions, mut value) = (Vec::new(), Vec::new(), None);
            for (kind, (with, without)) in unselected {
                kinds.push(kind);
                actions.push((without.count, kind.language()));
                value = value.or(with.value);
            }
            let value = pool.text(value?).to_owned();
            let unselected = Unselected { build, actions, property: CONTAINER_IMAGE, value };
            Some(Self { pool, property, unselected, kinds })
        };
        selection(Build::Second, &first, &second).or_else(|| selection(Build::First, &second, &first))
    }

    /// The cause that it is.
    pub(super) fn cause(&self) -> Cause {
        Cause::Unselected(self.unselected.clone())
    }

    /// Whether it makes a spawn of the second build differ from its counterpart in the first, or from all that is there.
    pub(super) fn explains(&self, first: Option<&Spawn>, second: &Spawn) -> bool {
        let has = |spawn: &Spawn| value_of(self.pool, spawn, self.property).is_some();
        let is_unselected = self.unselected.build == Build::Second;
        match first {
            Some(first) => has(first) == is_unselected && has(second) != is_unselected,
            None => {
                let mnemonic = self.pool.text(second.mnemonic);
                has(second) != is_unselected && self.kinds.iter().any(|kind| kind.makes(mnemonic))
            }
        }
    }
}

/// Whether a cause may have nothing to do with the toolchain, even in an action that differs by it: a source that was edited,
/// or an option of the server.
pub(super) fn is_independent(cause: &Cause) -> bool {
    match cause {
        // What Bazel writes by itself for an action, such as its file of parameters, has no action that made it.
        Cause::Input { path, values, producer } => {
            let is_source = producer.is_none() && !path.starts_with(GENERATED);
            is_source && values.first.is_some() && values.second.is_some()
        }
        Cause::DigestFunction(_) => true,
        _ => false,
    }
}

impl Actions {
    /// Whether all of these have the property, none of the others has, and they share no program.
    fn select_what_is_unselected_in(&self, others: &Self) -> bool {
        let is_selected = self.count > 0 && self.with_property == self.count;
        let is_unselected = others.count > 0 && others.with_property == 0;
        is_selected && is_unselected && self.programs.is_disjoint(&others.programs)
    }
}

/// Those of each of the languages.
fn actions_of(pool: &Pool, log: &Log, property: Text) -> [Actions; 2] {
    let mut found: [Actions; 2] = std::array::from_fn(|_| Actions::default());
    let mut kinds: HashMap<Text, Option<usize>> = HashMap::new();
    let mut values: HashMap<ListId, Option<Text>> = HashMap::new();
    for spawn in &log.spawns {
        let new = || KINDS.iter().position(|kind| kind.makes(pool.text(spawn.mnemonic)));
        let Some(kind) = *kinds.entry(spawn.mnemonic).or_insert_with(new) else { continue };
        let Some(program) = pool.list(spawn.arguments).first() else { continue };
        let value = *values.entry(spawn.platform).or_insert_with(|| value_of(pool, spawn, property));
        let actions = &mut found[kind];
        actions.count += 1;
        actions.with_property += usize::from(value.is_some());
        actions.value = actions.value.or(value);
        actions.programs.insert(*program);
    }
    found
}

fn value_of(pool: &Pool, spawn: &Spawn, property: Text) -> Option<Text> {
    pool.pairs(spawn.platform).find_map(|(name, value)| (name == property).then_some(value))
}
