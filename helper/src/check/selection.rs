//! A toolchain that a build did not select, as an execution log shows it: none of the language's actions asked for its
//! platform.
//!
//! Where some did, the others may have reasons to run elsewhere, and nothing is said.

use super::group_with;
use super::program::{Programs, asked, is_on_platform, program_of};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::execlog::{Log, Pool, Spawn};
use crate::image::CONTAINER_IMAGE;
use crate::manifest::Manifest;
use crate::pin::{config_of, selects};
use crate::toolchain_kind::ToolchainKind;

/// The toolchain's folder and a build's log, as messages name them, with the workspace's `lre.bazelrc` if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The folder.
    pub toolchain: &'a str,
    /// The log.
    pub log: &'a str,
    /// The rc file's text.
    pub rc: Option<&'a str>,
}

/// That no action of the toolchain's language in a log, which was read into `pool`, is on its platform. Nothing where all
/// programs are the toolchain's nevertheless.
#[must_use]
pub fn unselected_toolchain(named: Named<'_>, manifest: &Manifest, pool: &Pool, log: &Log) -> Option<Group> {
    let (kind, programs) = (manifest.kind(), Programs::of(manifest));
    let mut example: Option<(&Spawn, &str)> = None;
    let mut count = 0_usize;
    for spawn in &log.spawns {
        let Some(program) = program_of(pool, spawn).filter(|_| kind.makes(pool.text(spawn.mnemonic))) else { continue };
        if is_on_platform(manifest, pool, spawn) {
            return None;
        }
        count += 1;
        if example.is_none() && !programs.has(program) {
            example = Some((spawn, program));
        }
    }
    let (spawn, program) = example?;
    let other = asked(pool, spawn, CONTAINER_IMAGE);
    let asked = match other {
        Some(image) => format!("which asked for `{CONTAINER_IMAGE}={image}`"),
        None => format!("which asked for no `{CONTAINER_IMAGE}`"),
    };
    let message = format!("`{program}`  ({} of {}, {asked})", pool.text(spawn.mnemonic), pool.text(spawn.label));
    let finding = Finding::new(Kind::ForeignCompiler, Place::file(named.log), message);
    let actions = match count {
        1 => format!("the only {} action is not", kind.language()),
        _ => format!("none of the {count} {} actions is", kind.language()),
    };
    let headline = format!("{actions} on the platform of `{}`", named.toolchain);
    let hint = match other {
        Some(_) => format!(
            "the build selected another toolchain, or `{}` was written after it: build again and check that log",
            named.toolchain
        ),
        None => format!("the build did not select the toolchain: {}", how_to_select(manifest, named.rc)),
    };
    group_with(headline, vec![finding], hint)
}

/// What selects a toolchain, as far as the workspace's `lre.bazelrc` says it.
fn how_to_select(manifest: &Manifest, rc: Option<&str>) -> String {
    let kind = manifest.kind();
    let rules = match kind {
        ToolchainKind::Cc => "rules_cc",
        ToolchainKind::Java => "rules_java",
    };
    let register = format!("let `MODULE.bazel` register it and its platform with `register = True`, above `{rules}`");
    let is_selected = manifest.name == kind.name() && rc.is_none_or(|text| selects(text, kind));
    if !is_selected {
        return register;
    }
    match rc.map(config_of) {
        None => format!("build with `--config=lre`, or {register}"),
        Some(Some(config)) => format!("build with `--config={config}`, or {register}"),
        Some(None) => {
            "`lre.bazelrc` does in every build that reads it: `lre doctor` says whether it is imported".to_owned()
        }
    }
}
