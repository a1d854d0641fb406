//! From differences of spawns to root causes.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::rc::Rc;

use hashbrown::HashMap;

use super::causes::{CauseId, Causes};
use super::difference::{Differences, configurations};
use super::inputs::{Change, InputChanges};
use super::memory::{Limits, Memory, MemoryExceeded};
use super::pair::pair;
use super::selection::{Selection, is_independent};
use super::{Cause, CommandLines, Hits, Report, Sides};
use crate::execlog::{FileId, Format, Log, Pool, SetId, Spawn, Text};

/// What is known of a pair of spawns.
struct Findings {
    /// Why they differ by themselves.
    causes: Box<[CauseId]>,
    /// Spawns of the second build that made an input differ.
    producers: Box<[u32]>,
}

/// What is compared again is this small: bytes of what was found, and members of both sets.
const CHEAP: usize = 64;

/// The spawn that made a path, by the text's place in the pool; from 1, so that none takes no room.
struct Makers(Vec<Option<NonZeroU32>>);

struct Comparison<'a> {
    pool: &'a Pool,
    first: &'a Log,
    second: &'a Log,
    pairs: Vec<Option<u32>>,
    made_by: Sides<Makers>,
    causes: Causes,
    differences: Differences<'a>,
    /// If one build did not select the toolchain.
    selection: Option<Selection<'a>>,
    inputs: InputChanges<'a>,
    /// What a changed file is.
    changes_known: HashMap<Change, CauseId>,
    /// What two sets of inputs say.
    inputs_known: HashMap<(SetId, SetId), Rc<Findings>>,
    /// By the number of the second build's spawn, of those that were looked at.
    findings: Vec<Option<Findings>>,
    memory: Memory,
    /// What the findings take, in bytes.
    bytes: usize,
}

impl Findings {
    fn bytes(&self) -> usize {
        size_of_val(&*self.causes) + size_of_val(&*self.producers)
    }
}

impl Makers {
    fn of(pool: &Pool, log: &Log) -> Self {
        let mut made_by = vec![None; pool.count_of_texts()];
        for (index, spawn) in indexed(log) {
            for (path, _) in &spawn.outputs {
                made_by[path.index()] = NonZeroU32::MIN.checked_add(index);
            }
        }
        Self(made_by)
    }

    fn get(&self, path: Text) -> Option<u32> {
        self.0[path.index()].map(|number| number.get() - 1)
    }
}

/// Spawns with their numbers.
fn indexed(log: &Log) -> impl Iterator<Item = (u32, &Spawn)> {
    (0..).zip(&log.spawns)
}

/// Why `second` did not hit what `first` left in the cache. Both logs must have been read into `pool`; `limits` are for
/// logs and comparison together.
///
/// # Errors
/// If it would take more.
pub fn explain<'a>(pool: &'a Pool, first: &Log, second: &Log, limits: Limits) -> Result<Report<'a>, MemoryExceeded> {
    let memory = Memory::new(limits.memory, pool, Some(first), second)?;
    let mut comparison = Comparison {
        pool,
        first,
        second,
        pairs: pair(first, second),
        made_by: Sides::both(Makers::of(pool, first), Makers::of(pool, second)),
        causes: Causes::default(),
        differences: Differences::new(pool),
        selection: Selection::of(pool, first, second),
        inputs: InputChanges::new(pool),
        changes_known: HashMap::new(),
        inputs_known: HashMap::new(),
        findings: std::iter::repeat_with(|| None).take(second.spawns.len()).collect(),
        memory,
        bytes: 0,
    };
    let mut open = Vec::new();
    for (index, spawn) in indexed(second).filter(|(_, spawn)| !spawn.cache_hit) {
        if let Some(cause) = refusal(pool, spawn) {
            let cause = comparison.causes.id(cause);
            comparison.causes.add(cause, index);
        } else {
            open.push(index);
        }
    }
    comparison.examine_all(open.clone())?;
    let Comparison { pairs, mut causes, findings, .. } = comparison;
    for (index, findings) in (0..).zip(&findings) {
        for cause in findings.iter().flat_map(|findings| &findings.causes) {
            causes.add(*cause, index);
        }
    }
    let unrecorded = causes.id(Cause::Unrecorded);
    let mut roots = vec![Root::Unknown; findings.len()];
    for miss in open {
        match root_of(&findings, miss, &mut roots) {
            None => causes.add(unrecorded, miss),
            Some((root, cause)) if root != miss => causes.add_downstream(cause),
            Some(_) => {}
        }
    }
    let commands = |index: u32| {
        let before = &first.spawns[pairs[index as usize]? as usize];
        let lines = CommandLines { first: before.arguments, second: second.spawns[index as usize].arguments };
        (lines.first != lines.second).then_some(lines)
    };
    Ok(Report { mnemonics: hits(pool, second), causes: causes.finish(pool, second, limits.named, commands) })
}

/// Which actions of one build were no hits, and what it says about the reason; `limits` as for [`explain`].
///
/// # Errors
/// If it would take more.
pub fn explain_one<'a>(pool: &'a Pool, log: &Log, limits: Limits) -> Result<Report<'a>, MemoryExceeded> {
    let memory = Memory::new(limits.memory, pool, None, log)?;
    let mut causes = Causes::default();
    let mut runners: HashMap<Text, CauseId> = HashMap::new();
    for (index, spawn) in indexed(log).filter(|(_, spawn)| !spawn.cache_hit) {
        let cause = match refusal(pool, spawn).or_else(|| no_store(spawn)) {
            Some(cause) => causes.id(cause),
            None => *runners
                .entry(spawn.runner)
                .or_insert_with(|| causes.id(Cause::Ran { runner: pool.text(spawn.runner).to_owned() })),
        };
        causes.add(cause, index);
        memory.check(causes.bytes())?;
    }
    Ok(Report { mnemonics: hits(pool, log), causes: causes.finish(pool, log, limits.named, |_| None) })
}

/// Why no key at all could have been a hit.
fn refusal(pool: &Pool, spawn: &Spawn) -> Option<Cause> {
    if !is_cacheable(spawn) {
        return Some(Cause::NotCacheable { remote_only: spawn.cacheable });
    }
    if spawn.status == Pool::NO_TEXT && spawn.exit_code == 0 {
        return None;
    }
    let status = pool.text(spawn.status);
    let code = format!("exit code {}", spawn.exit_code);
    let how = if status.is_empty() { code } else { format!("{}, {code}", status.escape_debug()) };
    Some(Cause::Failed { how })
}

/// Whether a cache that was in use was allowed. With a digest, one was asked.
fn is_cacheable(spawn: &Spawn) -> bool {
    spawn.cache_hit || spawn.cacheable && (spawn.remote_cacheable || spawn.digest.is_some())
}

/// Why the right key was no hit, as far as the spawn itself says.
fn no_store(spawn: &Spawn) -> Option<Cause> {
    spawn.digest.is_none().then_some(Cause::NoCache)
}

impl Comparison<'_> {
    /// Looks at spawns, and at those that made what they read, each once.
    fn examine_all(&mut self, mut open: Vec<u32>) -> Result<(), MemoryExceeded> {
        while let Some(index) = open.pop() {
            if self.findings[index as usize].is_none() {
                let findings = self.examine(index);
                open.extend(&findings.producers);
                self.bytes += findings.bytes();
                self.findings[index as usize] = Some(findings);
                self.memory.check(self.bytes + self.causes.bytes() + self.inputs.bytes())?;
            }
        }
        Ok(())
    }

    /// Why a spawn missed. What follows from a toolchain that was not selected is told as that alone.
    fn examine(&mut self, index: u32) -> Findings {
        let findings = self.compare(index);
        let first = self.pairs[index as usize].map(|index| &self.first.spawns[index as usize]);
        let second = &self.second.spawns[index as usize];
        let Some(selection) = self.selection.as_ref().filter(|selection| selection.explains(first, second)) else {
            return findings;
        };
        let unselected = self.causes.id(selection.cause());
        let others = findings.causes.iter().copied().filter(|cause| is_independent(self.causes.get(*cause)));
        Findings { causes: std::iter::once(unselected).chain(others).collect(), producers: Box::default() }
    }

    fn compare(&mut self, index: u32) -> Findings {
        let second = &self.second.spawns[index as usize];
        let Some(first) = self.pairs[index as usize].map(|index| &self.first.spawns[index as usize]) else {
            return self.by_itself(vec![Cause::OnlyInSecond]);
        };
        let mut causes = self.differences.of(first, second, &mut self.causes);
        if let (Some(one), Some(other)) = (&self.first.hash_function, &self.second.hash_function)
            && one != other
        {
            causes.push(self.causes.id(Cause::DigestFunction(Sides::both(one.clone(), other.clone()))));
            return Findings { causes: causes.into(), producers: Box::default() };
        }
        let is_other_configuration = configurations(self.pool, first, second).is_some();
        // The key covers the inputs.
        let is_same_key = first.digest.is_some() && first.digest == second.digest;
        let mut producers = Box::default();
        if first.inputs != second.inputs && !is_other_configuration && !is_same_key {
            let inputs = self.compare_inputs(first.inputs, second.inputs);
            causes.extend(&inputs.causes);
            producers = inputs.producers.clone();
        }
        if causes.is_empty() && producers.is_empty() {
            return self.by_itself(vec![of_equal_spawns(self.pool, first, second)]);
        }
        Findings { causes: causes.into(), producers }
    }

    fn by_itself(&mut self, causes: Vec<Cause>) -> Findings {
        Findings { causes: causes.into_iter().map(|cause| self.causes.id(cause)).collect(), producers: Box::default() }
    }

    fn compare_inputs(&mut self, first: SetId, second: SetId) -> Rc<Findings> {
        if let Some(known) = self.inputs_known.get(&(first, second)) {
            return Rc::clone(known);
        }
        let mut changes = self.inputs.of(first, second).to_vec();
        changes.sort_by_key(|change| self.pool.bytes_of(change.path));
        let is_incomparable = changes.iter().any(|change| change.before.is_none() || change.after.is_none())
            && self.has_incomparable_runfiles(first, second);
        let (mut causes, mut producers) = (Vec::new(), Vec::new());
        for Change { path, before, after } in changes {
            let producer = self.made_by.second.as_ref().and_then(|made| made.get(path));
            if let (Some(_), Some(_), Some(producer)) = (before, after, producer) {
                producers.push(producer);
                continue;
            }
            if is_incomparable && (before.is_none() || after.is_none()) {
                continue;
            }
            causes.push(self.cause_of(Change { path, before, after }, producer));
        }
        let mut seen = hashbrown::HashSet::new();
        producers.retain(|producer| seen.insert(*producer));
        let findings = Rc::new(Findings { causes: causes.into(), producers: producers.into() });
        // Most actions have a set of their own, and most sets hold a file and another set.
        if findings.bytes() + self.pool.members_of(first) + self.pool.members_of(second) <= CHEAP {
            return findings;
        }
        self.bytes += findings.bytes() + 2 * size_of::<((SetId, SetId), Rc<Findings>, Findings)>();
        self.inputs_known.insert((first, second), Rc::clone(&findings));
        findings
    }

    /// The cause that a changed file is; a header that many actions read is one. `producer` is the spawn of the second build
    /// that made it.
    fn cause_of(&mut self, change: Change, producer: Option<u32>) -> CauseId {
        if let Some(known) = self.changes_known.get(&change) {
            return *known;
        }
        let Change { path, before, after } = change;
        let earlier = || self.made_by.first.as_ref().and_then(|made| made.get(path));
        let producer = producer
            .map(|index| &self.second.spawns[index as usize])
            .or_else(|| earlier().map(|index| &self.first.spawns[index as usize]));
        let text = |file: Option<FileId>| file.map(|file| self.pool.digest_text(self.pool.digest_of(file)));
        let cause = self.causes.id(Cause::Input {
            path: self.pool.text(path).to_owned(),
            values: Sides { first: text(before), second: text(after) },
            producer: producer
                .map(|spawn| format!("{} {}", self.pool.text(spawn.mnemonic), self.pool.text(spawn.label))),
        });
        self.bytes += 2 * size_of::<(Change, CauseId)>();
        self.changes_known.insert(change, cause);
        cause
    }

    /// Compact logs list runfiles by where they are made, the others by where they lie in the tree.
    fn has_incomparable_runfiles(&self, first: SetId, second: SetId) -> bool {
        let is_runfile = |path: Text| self.pool.text(path).contains(".runfiles/");
        (self.first.format == Format::Compact) != (self.second.format == Format::Compact)
            && [first, second]
                .into_iter()
                .flat_map(|set| self.pool.files_of(set))
                .any(|file| is_runfile(self.pool.path_of(file)))
    }
}

/// Why a spawn missed that differs in nothing that is logged.
fn of_equal_spawns(pool: &Pool, first: &Spawn, second: &Spawn) -> Cause {
    if let (Some(one), Some(other)) = (first.digest, second.digest)
        && one != other
    {
        return Cause::Unrecorded;
    }
    let before: HashMap<Text, Option<FileId>> = first.outputs.iter().copied().collect();
    let differing = second.outputs.iter().filter(|(path, digest)| before.get(path) != Some(digest));
    let outputs: Vec<String> = differing.map(|(path, _)| pool.text(*path).to_owned()).collect();
    if outputs.is_empty() { no_store(second).unwrap_or(Cause::NotStored) } else { Cause::NotDeterministic { outputs } }
}

/// What is known of the spawn that a miss is counted under.
#[derive(Clone, Copy)]
enum Root {
    /// Nothing yet.
    Unknown,
    /// There is none, or it is looked for: a spawn that is met again on the way has none.
    Absent,
    /// Its number, and the first of its causes.
    Known(u32, CauseId),
}

/// The spawn whose own causes a miss is counted under, with the first of them: itself, or the first upstream that has some.
/// `None` only in logs whose spawns make each other's inputs. `roots` remembers the answers.
fn root_of(findings: &[Option<Findings>], miss: u32, roots: &mut [Root]) -> Option<(u32, CauseId)> {
    let mut chain = Vec::new();
    let mut index = miss;
    let root = loop {
        match roots[index as usize] {
            Root::Unknown => {}
            known => break known,
        }
        roots[index as usize] = Root::Absent;
        chain.push(index);
        let Some(Findings { causes, producers }) = &findings[index as usize] else { break Root::Absent };
        match (causes.first(), producers.first()) {
            (Some(cause), _) => break Root::Known(index, *cause),
            (None, Some(producer)) => index = *producer,
            (None, None) => break Root::Absent,
        }
    };
    for index in chain {
        roots[index as usize] = root;
    }
    match root {
        Root::Known(index, cause) => Some((index, cause)),
        Root::Unknown | Root::Absent => None,
    }
}

fn hits(pool: &Pool, log: &Log) -> BTreeMap<String, Hits> {
    let mut mnemonics: HashMap<Text, Hits> = HashMap::new();
    for spawn in &log.spawns {
        let hits = mnemonics.entry(spawn.mnemonic).or_default();
        if is_cacheable(spawn) {
            hits.actions += 1;
            hits.hits += usize::from(spawn.cache_hit);
        } else {
            hits.not_cacheable += 1;
        }
    }
    mnemonics.into_iter().map(|(mnemonic, hits)| (pool.text(mnemonic).to_owned(), hits)).collect()
}
