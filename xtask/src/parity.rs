//! Holds two builds against each other: which actions hit, which did not, and why.

use std::collections::BTreeMap;
use std::fmt;

use crate::execution_log::Spawn;

/// How every spawn of a build must have been run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// By a worker, none from the cache.
    Remote,
    /// On this machine, none from the cache.
    Local,
    /// From the remote cache.
    Hit,
}

/// An action that was not run as expected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Miss {
    /// Its primary output.
    pub(crate) output: String,
    /// Its mnemonic and target.
    pub(crate) action: String,
    /// What differs from the other build, or how it ran.
    pub(crate) reason: String,
}

impl fmt::Display for Miss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.action, self.output, self.reason)
    }
}

/// The spawns of `second` that were not run as `expected`, and the spawns of `first` that `second` lacks.
pub(crate) fn misses(first: &[Spawn], second: &[Spawn], expected: Expected) -> Vec<Miss> {
    let by_output: BTreeMap<&str, &Spawn> = first.iter().map(|spawn| (spawn.primary_output(), spawn)).collect();
    let mut misses: Vec<Miss> = unexpected(second, expected)
        .map(|spawn| {
            let reason = by_output.get(spawn.primary_output()).map_or_else(
                || "the other build has no such action".to_owned(),
                |other| {
                    difference(other, spawn).unwrap_or_else(|| format!("same action, but it ran as `{}`", spawn.runner))
                },
            );
            miss(spawn, reason)
        })
        .collect();
    let seen: Vec<&str> = second.iter().map(Spawn::primary_output).collect();
    let lost = first.iter().filter(|spawn| !seen.contains(&spawn.primary_output()));
    misses.extend(lost.map(|spawn| miss(spawn, "absent from the second build".to_owned())));
    misses
}

/// The spawns that were not run as `expected`, whatever another build says.
pub(crate) fn unexpected(spawns: &[Spawn], expected: Expected) -> impl Iterator<Item = &Spawn> {
    spawns.iter().filter(move |spawn| {
        let ran = match (spawn.cache_hit, spawn.runner.as_str()) {
            (true, "remote cache hit") => Some(Expected::Hit),
            (false, "remote") => Some(Expected::Remote),
            (false, "linux-sandbox" | "processwrapper-sandbox" | "local") => Some(Expected::Local),
            _ => None,
        };
        ran != Some(expected)
    })
}

fn miss(spawn: &Spawn, reason: String) -> Miss {
    Miss {
        output: spawn.primary_output().to_owned(),
        action: format!("{} {}", spawn.mnemonic, spawn.target_label),
        reason,
    }
}

/// The first thing that makes the keys of two spawns differ, in words.
pub(crate) fn difference(first: &Spawn, second: &Spawn) -> Option<String> {
    map_difference("environment variable", &first.environment(), &second.environment())
        .or_else(|| map_difference("platform property", &first.properties(), &second.properties()))
        .or_else(|| argument_difference(first, second))
        .or_else(|| map_difference("input", &first.input_digests(), &second.input_digests()))
}

fn map_difference(kind: &str, first: &BTreeMap<&str, &str>, second: &BTreeMap<&str, &str>) -> Option<String> {
    let names = first.keys().chain(second.keys());
    let name = names.filter(|name| first.get(*name) != second.get(*name)).min()?;
    let word = |map: &BTreeMap<&str, &str>| map.get(name).map_or("absent".to_owned(), |value| format!("`{value}`"));
    Some(format!("{kind} `{name}`: {} in the first build, {} in the second", word(first), word(second)))
}

fn argument_difference(first: &Spawn, second: &Spawn) -> Option<String> {
    let (first, second) = (&first.command_args, &second.command_args);
    let place = (0..first.len().max(second.len())).find(|place| first.get(*place) != second.get(*place))?;
    let word = |words: &[String]| words.get(place).map_or("absent".to_owned(), |word| format!("`{word}`"));
    Some(format!("argument {place}: {} in the first build, {} in the second", word(first), word(second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spawn(output: &str, runner: &str) -> Spawn {
        Spawn {
            outputs: vec![output.to_owned()],
            runner: runner.to_owned(),
            cache_hit: runner == "remote cache hit",
            mnemonic: "CppCompile".to_owned(),
            target_label: "//:a".to_owned(),
            ..Spawn::default()
        }
    }

    #[test]
    fn an_action_that_ran_again_is_a_miss_that_names_the_variable() {
        let first = [spawn("a.o", "remote"), spawn("b.o", "remote")];
        let mut second = [spawn("a.o", "remote cache hit"), spawn("b.o", "linux-sandbox")];
        second[1].environment_variables.push(("SALT".to_owned(), "1".to_owned()));
        let expected = [Miss {
            output: "b.o".to_owned(),
            action: "CppCompile //:a".to_owned(),
            reason: "environment variable `SALT`: absent in the first build, `1` in the second".to_owned(),
        }];
        assert_eq!(misses(&first, &second, Expected::Hit), expected);
    }

    #[test]
    fn an_action_that_only_one_build_has_is_a_miss() {
        let lost = misses(&[spawn("a.o", "remote")], &[], Expected::Hit);
        assert_eq!(lost[0].reason, "absent from the second build");
        let extra = misses(&[], &[spawn("a.o", "linux-sandbox")], Expected::Hit);
        assert_eq!(extra[0].reason, "the other build has no such action");
    }

    #[test]
    fn a_runner_that_nobody_knows_is_never_counted_as_a_hit() {
        for expected in [Expected::Hit, Expected::Local, Expected::Remote] {
            assert_eq!(unexpected(&[spawn("a.o", "worker")], expected).count(), 1);
            assert_eq!(unexpected(&[spawn("a.o", "disk cache hit")], expected).count(), 1);
        }
    }
}
