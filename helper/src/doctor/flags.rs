//! Flags in rc files with which two machines have other cache keys for the same action.

use std::collections::BTreeSet;

use super::Check;
use super::bazel::Bazel;
use super::rc_file::{Flag, RcFiles};
use crate::bazelrc::RC_FILE;
use crate::store::STORE_DIR;

/// The flags that give actions a variable.
const VARIABLES: [&str; 3] = ["action_env", "host_action_env", "test_env"];
const STRICT: &str = "incompatible_strict_action_env";
const PLATFORMS: &str = "extra_execution_platforms";

/// Every flag that defeats parity, or a line that says that none does.
#[must_use]
pub fn check_flags(rc: &RcFiles, bazel: &Result<Bazel, String>) -> Vec<Check> {
    [imports(rc), search_paths(&rc.flags), variables(&rc.flags), strict(&rc.flags, bazel), platforms(&rc.flags)]
        .concat()
}

fn imports(rc: &RcFiles) -> Vec<Check> {
    let name = "rc files";
    if rc.failures.is_empty() {
        let names: Vec<String> = rc.names.iter().map(|name| format!("`{name}`")).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return vec![Check::passed(name, names)];
    }
    let failure = |failure: &super::rc_file::ImportFailure| {
        let message = format!("`{}` imports `{}`: {}", failure.place, failure.path, failure.reason);
        Check::failed(name, message, format!("write the file, or use `try-import {}`", failure.path))
    };
    rc.failures.iter().map(failure).collect()
}

/// The value that a flag gives a variable; `None` if the client's environment decides.
fn variable(flag: &Flag) -> Option<(&str, Option<&str>)> {
    let text = VARIABLES.iter().find_map(|name| flag.value(name))?;
    // Since Bazel 8, `=NAME` unsets.
    match text.strip_prefix('=') {
        Some(_) => None,
        None => Some(text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)))),
    }
}

fn search_paths(flags: &[Flag]) -> Vec<Check> {
    let name = "PATH";
    let set: Vec<(&Flag, &str)> = flags
        .iter()
        .filter_map(|flag| match variable(flag)? {
            ("PATH", Some(value)) => Some((flag, value)),
            _ => None,
        })
        .collect();
    let ours = set.iter().find(|(flag, _)| &*flag.file == RC_FILE).map(|(_, value)| *value);
    let failed: Vec<Check> = set
        .iter()
        .filter(|(flag, _)| &*flag.file != RC_FILE)
        .filter_map(|(flag, value)| {
            let stranger = value.split(':').find(|folder| !folder.starts_with(STORE_DIR));
            let what = match (stranger, ours) {
                (Some(folder), _) => format!("has `{folder}`, which lies outside the store"),
                (None, Some(ours)) if ours != *value => format!("is not that of `{RC_FILE}`"),
                _ => return None,
            };
            let message = format!("{}: `PATH` of actions {what}{}", flag.place(), flag.condition());
            let flag_name = flag.text.split('=').next().unwrap_or_default();
            Some(Check::failed(name, message, format!("take `{flag_name}=PATH=…` out of {}", flag.place())))
        })
        .collect();
    if failed.is_empty() { vec![Check::passed(name, "no line sets another one for actions")] } else { failed }
}

fn variables(flags: &[Flag]) -> Vec<Check> {
    let name = "environment";
    let is_open = |flag: &&Flag| matches!(variable(flag), Some((_, None)));
    let failed: Vec<Check> = flags
        .iter()
        .filter(is_open)
        .map(|flag| {
            let message = format!("{}: `{}` takes the client's value{}", flag.place(), flag.text, flag.condition());
            Check::failed(name, message, format!("give it a value, `{}=…`, or take it out", flag.text))
        })
        .collect();
    if failed.is_empty() { vec![Check::passed(name, "every variable of actions has a value")] } else { failed }
}

fn strict(flags: &[Flag], bazel: &Result<Bazel, String>) -> Vec<Check> {
    let name = "strict env";
    let setting = |flag: &Flag| {
        let text = flag.text.strip_prefix("--")?;
        match (text == STRICT, text.strip_prefix("no") == Some(STRICT), flag.value(STRICT)) {
            (true, ..) => Some(true),
            (_, true, _) => Some(false),
            (.., Some(value)) => Some(!matches!(value, "0" | "false" | "no")),
            _ => None,
        }
    };
    let set: Vec<(&Flag, bool)> = flags.iter().filter_map(|flag| Some((flag, setting(flag)?))).collect();
    let off: Vec<Check> = set
        .iter()
        .filter(|(_, is_on)| !is_on)
        .map(|(flag, _)| {
            let message =
                format!("{}: the client's `PATH` becomes part of every action{}", flag.place(), flag.condition());
            Check::failed(name, message, flag.removal())
        })
        .collect();
    if !off.is_empty() {
        return off;
    }
    if let Some((flag, _)) = set.last() {
        return vec![Check::passed(name, format!("on{}", flag.condition()))];
    }
    let by_hand = format!("add `build --{STRICT}` to `.bazelrc`");
    let fix = match flags.iter().any(|flag| &*flag.file == RC_FILE) {
        true => by_hand,
        false => format!("write and import `{RC_FILE}`, which sets it, or {by_hand}"),
    };
    vec![match bazel.as_ref().map(Bazel::release) {
        Ok(Some((9.., _))) => Check::passed(name, "on, as by default since Bazel 9"),
        Ok(Some((_, _))) => {
            Check::failed(name, "off, as by default before Bazel 9: the client's `PATH` is part of every action", fix)
        }
        _ => Check::failed(name, "not set, and off by default before Bazel 9", fix),
    }]
}

/// The configs that a build with the toolchain's config has, that one included.
fn active<'a>(flags: &'a [Flag], config: Option<&'a str>) -> BTreeSet<Option<&'a str>> {
    let mut active = BTreeSet::from([None, config]);
    loop {
        let more: Vec<Option<&str>> = flags
            .iter()
            .filter(|flag| active.contains(&flag.config.as_deref()))
            .filter_map(|flag| flag.value("config").map(Some))
            .filter(|config| !active.contains(config))
            .collect();
        if more.is_empty() {
            return active;
        }
        active.extend(more);
    }
}

fn platforms(flags: &[Flag]) -> Vec<Check> {
    let name = "platforms";
    let config = flags.iter().find(|flag| &*flag.file == RC_FILE).and_then(|flag| flag.config.as_deref());
    let active = active(flags, config);
    let set: Vec<(&Flag, &str)> = flags
        .iter()
        .filter(|flag| active.contains(&flag.config.as_deref()))
        .filter_map(|flag| Some((flag, flag.value(PLATFORMS)?)))
        .collect();
    match set.as_slice() {
        [first, .., last] => {
            let mut labels: Vec<&str> = Vec::new();
            for label in set.iter().flat_map(|(_, value)| value.split(',')) {
                if !labels.contains(&label) {
                    labels.push(label);
                }
            }
            if set.iter().all(|(_, value)| *value == first.1) {
                return vec![Check::passed(name, format!("`{}`", first.1))];
            }
            let places: Vec<String> = set.iter().map(|(flag, _)| flag.place()).collect();
            let message = format!(
                "`--{PLATFORMS}` is set {} times ({}), and Bazel keeps the last alone",
                set.len(),
                places.join(", ")
            );
            let fix = format!("name all of them in {}: `--{PLATFORMS}={}`", last.0.place(), labels.join(","));
            vec![Check::failed(name, message, fix)]
        }
        [(flag, value)] => vec![Check::passed(name, format!("`{value}`{}", flag.condition()))],
        [] => vec![Check::open(name, format!("no line sets `--{PLATFORMS}`"))],
    }
}
