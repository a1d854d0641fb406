//! From differences of spawns to root causes.

use std::collections::{BTreeMap, HashMap};

use super::difference::differences;
use super::pair::pair;
use super::{Action, Cause, CommandLines, Hits, Report, RootCause, Sides};
use crate::execlog::{Format, Log, Pool, Spawn, Text};

/// What is known of a pair of spawns.
struct Findings {
    /// Why they differ by themselves.
    causes: Vec<Cause>,
    /// Spawns of the second build that made an input differ.
    producers: Vec<usize>,
}

struct Comparison<'a> {
    pool: &'a Pool,
    first: &'a Log,
    second: &'a Log,
    pairs: Vec<Option<usize>>,
    /// The spawn of each build that made a path.
    made_by: Sides<HashMap<Text, usize>>,
    findings: HashMap<usize, Findings>,
}

/// The actions of a cause so far.
#[derive(Default)]
struct Affected {
    actions: Vec<usize>,
    downstream: usize,
}

/// Why `second` did not hit what `first` left in the cache. Both logs must have been read into `pool`.
#[must_use]
pub fn explain(pool: &Pool, first: &Log, second: &Log) -> Report {
    let made_by = |log: &Log| -> HashMap<Text, usize> {
        let spawns = log.spawns.iter().enumerate();
        spawns.flat_map(|(index, spawn)| spawn.outputs.iter().map(move |(path, _)| (*path, index))).collect()
    };
    let mut comparison = Comparison {
        pool,
        first,
        second,
        pairs: pair(first, second),
        made_by: Sides::both(made_by(first), made_by(second)),
        findings: HashMap::new(),
    };
    let mut causes = Causes::default();
    let mut open = Vec::new();
    for (index, spawn) in second.spawns.iter().enumerate().filter(|(_, spawn)| !spawn.cache_hit) {
        if let Some(cause) = refusal(pool, spawn) {
            causes.add(cause, index);
        } else {
            open.push(index);
        }
    }
    comparison.examine_all(open.clone());
    let mut examined: Vec<(&usize, &Findings)> = comparison.findings.iter().collect();
    examined.sort_unstable_by_key(|(index, _)| **index);
    for (index, findings) in examined {
        for cause in &findings.causes {
            causes.add(cause.clone(), *index);
        }
    }
    let mut roots = HashMap::new();
    for miss in open {
        match comparison.root_of(miss, &mut roots) {
            None => causes.add(Cause::Unrecorded, miss),
            Some(root) if root != miss => causes.add_downstream(&comparison.findings[&root].causes[0]),
            Some(_) => {}
        }
    }
    Report { mnemonics: hits(pool, second), causes: causes.finish(pool, second, |index| comparison.commands(index)) }
}

/// Which actions of one build were no hits, and what it says about the reason.
#[must_use]
pub fn explain_one(pool: &Pool, log: &Log) -> Report {
    let mut causes = Causes::default();
    for (index, spawn) in log.spawns.iter().enumerate().filter(|(_, spawn)| !spawn.cache_hit) {
        let ran = || Cause::Ran { runner: pool.text(spawn.runner).to_owned() };
        let cause = refusal(pool, spawn).or_else(|| no_store(spawn)).unwrap_or_else(ran);
        causes.add(cause, index);
    }
    Report { mnemonics: hits(pool, log), causes: causes.finish(pool, log, |_| None) }
}

/// Why no key at all could have been a hit.
fn refusal(pool: &Pool, spawn: &Spawn) -> Option<Cause> {
    if !spawn.cacheable {
        return Some(Cause::NotCacheable { remote_only: false });
    }
    let status = pool.text(spawn.status);
    if status.is_empty() && spawn.exit_code == 0 {
        return None;
    }
    let code = format!("exit code {}", spawn.exit_code);
    let how = if status.is_empty() { code } else { format!("{}, {code}", status.escape_debug()) };
    Some(Cause::Failed { how })
}

/// Why the right key was no hit, as far as the spawn itself says.
fn no_store(spawn: &Spawn) -> Option<Cause> {
    if !spawn.remote_cacheable {
        Some(Cause::NotCacheable { remote_only: true })
    } else if spawn.digest.is_none() {
        Some(Cause::NoCache)
    } else {
        None
    }
}

impl Comparison<'_> {
    /// Looks at spawns, and at those that made what they read, each once.
    fn examine_all(&mut self, mut open: Vec<usize>) {
        while let Some(index) = open.pop() {
            if !self.findings.contains_key(&index) {
                let findings = self.examine(index);
                open.extend(&findings.producers);
                self.findings.insert(index, findings);
            }
        }
    }

    fn examine(&self, index: usize) -> Findings {
        let second = &self.second.spawns[index];
        let Some(first) = self.pairs[index].map(|index| &self.first.spawns[index]) else {
            return Findings { causes: vec![Cause::OnlyInSecond], producers: Vec::new() };
        };
        let functions = (&self.first.hash_function, &self.second.hash_function);
        let mut findings = Findings { causes: differences(self.pool, first, second), producers: Vec::new() };
        if let (Some(one), Some(other)) = functions
            && one != other
        {
            findings.causes.push(Cause::DigestFunction(Sides::both(one.clone(), other.clone())));
            return findings;
        }
        let is_other_configuration = findings.causes.iter().any(|cause| matches!(cause, Cause::Configuration(_)));
        // The key covers the inputs.
        let is_same_key = first.digest.is_some() && first.digest == second.digest;
        if first.inputs != second.inputs && !is_other_configuration && !is_same_key {
            self.compare_inputs(first, second, &mut findings);
        }
        if findings.causes.is_empty() && findings.producers.is_empty() {
            findings.causes.push(self.of_equal_spawns(first, second));
        }
        findings
    }

    fn compare_inputs(&self, first: &Spawn, second: &Spawn, findings: &mut Findings) {
        let files = |spawn: &Spawn| -> HashMap<Text, Text> {
            let files = self.pool.files_of(spawn.inputs).into_iter();
            files.map(|file| self.pool.path_and_digest(file)).collect()
        };
        let (first, second) = (files(first), files(second));
        // Compact logs list runfiles by where they are made, the others by where they lie in the tree.
        let is_mixed = (self.first.format == Format::Compact) != (self.second.format == Format::Compact);
        let is_runfile = |path: &Text| self.pool.text(*path).contains(".runfiles/");
        let is_incomparable = is_mixed && first.keys().chain(second.keys()).any(is_runfile);
        let absent = first.keys().filter(|path| !second.contains_key(path));
        let mut paths: Vec<Text> = second.keys().chain(absent).copied().collect();
        paths.retain(|path| first.get(path) != second.get(path));
        paths.sort_by_key(|path| self.pool.text(*path));
        for path in paths {
            let (before, after) = (first.get(&path), second.get(&path));
            let producer = self.made_by.second.as_ref().and_then(|made| made.get(&path));
            if let (Some(_), Some(_), Some(producer)) = (before, after, producer) {
                if !findings.producers.contains(producer) {
                    findings.producers.push(*producer);
                }
                continue;
            }
            if is_incomparable && (before.is_none() || after.is_none()) {
                continue;
            }
            let earlier = || self.made_by.first.as_ref().and_then(|made| made.get(&path));
            let producer = producer
                .map(|index| &self.second.spawns[*index])
                .or_else(|| earlier().map(|index| &self.first.spawns[*index]));
            let text = |digest: Option<&Text>| digest.map(|digest| self.pool.text(*digest).to_owned());
            findings.causes.push(Cause::Input {
                path: self.pool.text(path).to_owned(),
                values: Sides { first: text(before), second: text(after) },
                producer: producer
                    .map(|spawn| format!("{} {}", self.pool.text(spawn.mnemonic), self.pool.text(spawn.label))),
            });
        }
    }

    /// Why a spawn missed that differs in nothing that is logged.
    fn of_equal_spawns(&self, first: &Spawn, second: &Spawn) -> Cause {
        if let (Some(one), Some(other)) = (first.digest, second.digest)
            && one != other
        {
            return Cause::Unrecorded;
        }
        let before: HashMap<Text, Option<Text>> = first.outputs.iter().copied().collect();
        let differing = second.outputs.iter().filter(|(path, digest)| before.get(path) != Some(digest));
        let outputs: Vec<String> = differing.map(|(path, _)| self.pool.text(*path).to_owned()).collect();
        if outputs.is_empty() {
            no_store(second).unwrap_or(Cause::NotStored)
        } else {
            Cause::NotDeterministic { outputs }
        }
    }

    /// The command lines of a pair, if they differ.
    fn commands(&self, index: usize) -> Option<CommandLines> {
        let (first, second) = (&self.first.spawns[self.pairs[index]?].arguments, &self.second.spawns[index].arguments);
        let words = |words: &[Text]| words.iter().map(|word| self.pool.text(*word).to_owned()).collect();
        (first != second).then(|| CommandLines { first: words(first), second: words(second) })
    }

    /// The spawn whose own causes a miss is counted under: itself, or the first upstream that has some. `None` only in
    /// logs whose spawns make each other's inputs. `roots` remembers the answers.
    fn root_of(&self, miss: usize, roots: &mut HashMap<usize, Option<usize>>) -> Option<usize> {
        let mut chain = Vec::new();
        let mut index = miss;
        let root = loop {
            if let Some(known) = roots.get(&index) {
                break *known;
            }
            let Findings { causes, producers } = &self.findings[&index];
            // Until the answer is known, a spawn that is met again has none.
            roots.insert(index, None);
            chain.push(index);
            match producers.first() {
                _ if !causes.is_empty() => break Some(index),
                Some(producer) => index = *producer,
                None => break None,
            }
        };
        roots.extend(chain.into_iter().map(|index| (index, root)));
        root
    }
}

/// Root causes so far, by what they are.
#[derive(Default)]
struct Causes {
    affected: Vec<(Cause, Affected)>,
    places: HashMap<String, usize>,
}

impl Causes {
    fn entry(&mut self, cause: &Cause) -> &mut Affected {
        let next = self.affected.len();
        let place = *self.places.entry(format!("{cause:?}")).or_insert(next);
        if place == next {
            self.affected.push((cause.clone(), Affected::default()));
        }
        &mut self.affected[place].1
    }

    fn add(&mut self, cause: Cause, index: usize) {
        let actions = &mut self.entry(&cause).actions;
        if actions.last() != Some(&index) {
            actions.push(index);
        }
    }

    fn add_downstream(&mut self, cause: &Cause) {
        self.entry(cause).downstream += 1;
    }

    fn finish(self, pool: &Pool, log: &Log, commands: impl Fn(usize) -> Option<CommandLines>) -> Vec<RootCause> {
        let action = |index: usize| {
            let spawn = &log.spawns[index];
            Action {
                mnemonic: pool.text(spawn.mnemonic).to_owned(),
                label: pool.text(spawn.label).to_owned(),
                output: spawn.primary_output().map_or(String::new(), |path| pool.text(path).to_owned()),
            }
        };
        let mut causes: Vec<RootCause> = self
            .affected
            .into_iter()
            .map(|(cause, Affected { actions, downstream })| {
                let commands = actions.iter().find_map(|index| commands(*index));
                let mut actions: Vec<Action> = actions.into_iter().map(action).collect();
                actions.sort_unstable();
                RootCause { cause, actions, downstream, commands, notes: Vec::new() }
            })
            .collect();
        let size = |cause: &RootCause| cause.actions.len() + cause.downstream;
        causes.sort_by(|one, other| {
            let by_size = size(other).cmp(&size(one));
            by_size.then_with(|| one.cause.describe().cmp(&other.cause.describe()))
        });
        causes
    }
}

fn hits(pool: &Pool, log: &Log) -> BTreeMap<String, Hits> {
    let mut mnemonics: HashMap<Text, Hits> = HashMap::new();
    for spawn in &log.spawns {
        let hits = mnemonics.entry(spawn.mnemonic).or_default();
        hits.actions += 1;
        hits.hits += usize::from(spawn.cache_hit);
    }
    mnemonics.into_iter().map(|(mnemonic, hits)| (pool.text(mnemonic).to_owned(), hits)).collect()
}
