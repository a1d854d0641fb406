//! A flake's toolchain: Nix evaluates its Env and realises it, and the flake's lock says what decided it.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Stdio;
use std::str::FromStr;

use anyhow::{Context as _, anyhow, bail};

use crate::environment::Environment;
use crate::manifest::FlakeInput;
use crate::pin::read_flake_pin;
use crate::program;
use crate::shell::quote_words;
use crate::store::{Store, find_store_paths};
use crate::system_error::describe_system_error;
use crate::talk::{say, say_runs};

/// A flake and an attribute of it, such as `.#lre-cc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FlakeReference {
    flake: String,
    attribute: String,
}

impl FromStr for FlakeReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once('#') {
            Some((flake, attribute)) if !flake.is_empty() && !attribute.is_empty() => {
                Ok(Self { flake: flake.to_owned(), attribute: attribute.to_owned() })
            }
            _ => Err("expected a flake and a toolchain of it, such as `.#lre-cc`".to_owned()),
        }
    }
}

impl fmt::Display for FlakeReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.flake, self.attribute)
    }
}

/// Evaluates `meta.Env`, and realises the toolchain if it is not there.
///
/// # Errors
/// If Nix refuses, or what it says is no Env.
pub(super) fn evaluate(reference: &FlakeReference, store: &Store) -> anyhow::Result<Environment> {
    let attribute = format!("{reference}.meta.Env");
    let json = nix(&["eval", "--json", &attribute])?;
    let environment = Environment::from_json(&json).with_context(|| format!("cannot use `{attribute}` as Env"))?;
    let entries = environment.to_entries();
    let mut paths = entries.iter().flat_map(|entry| find_store_paths(entry)).filter_map(|mention| mention.path.ok());
    if paths.any(|path| store.resolve(&path.root().path()).is_none()) {
        say(format_args!("realising `{reference}`"));
        nix(&["build", "--no-link", &reference.to_string()])?;
    }
    Ok(environment)
}

/// What the manifest pins of the flake.
///
/// # Errors
/// If Nix refuses, or says what is no flake's metadata.
pub(super) fn read_pin(reference: &FlakeReference) -> anyhow::Result<BTreeMap<String, FlakeInput>> {
    let json = nix(&["flake", "metadata", "--json", &reference.flake])?;
    read_flake_pin(&json).with_context(|| format!("cannot use the lock of flake `{}`", reference.flake))
}

/// Runs `nix` and returns what it prints.
fn nix(arguments: &[&str]) -> anyhow::Result<String> {
    let command = || quote_words(["nix"].iter().chain(arguments));
    let start = || {
        let mut nix = program::command("nix")?;
        nix.args(["--extra-experimental-features", "nix-command flakes"]).args(arguments).stdin(Stdio::null());
        say_runs(&nix);
        nix.output()
    };
    let output = start().map_err(|error| {
        let reason = match program::find_program("nix") {
            None => "`nix` is not in `PATH`".to_owned(),
            Some(_) => describe_system_error(&error),
        };
        anyhow!("cannot run `{}`: {reason}\n\nhint: install Nix, or put `nix` into `PATH`", command())
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed\n{}", command(), said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed other bytes than text", command()))
}

#[cfg(test)]
mod unit {
    use super::FlakeReference;

    #[test]
    fn reference_names_a_flake_and_a_toolchain() {
        let parse = |text: &str| text.parse::<FlakeReference>().map(|reference| reference.to_string());
        assert_eq!(parse("github:o/r?ref=a#lre-cc"), Ok("github:o/r?ref=a#lre-cc".to_owned()));
        for text in [".", ".#", "#lre-cc"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
