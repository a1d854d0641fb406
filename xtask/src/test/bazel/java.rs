//! The Java toolchain: built and tested on a worker that holds nothing but store paths, then here.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, Execution};
use crate::demo::half::{Built, Half};
use crate::demo::outputs;
use crate::engine::{Worker, WorkerSpec};
use crate::execution_log::Spawn;
use crate::lab::{HELLO_JAVA, Lab};
use crate::parity::{Expected, misses, unexpected};
use crate::test::case::{Tally, expect_equal};

/// What is built: everything that a Java project has, and the smallest use of the toolchain.
const TARGETS: [&str; 2] = ["//...", "@local-remote-execution//examples:lre-java"];

/// The actions among them, by mnemonic: each is run on both sides.
const MNEMONICS: &str = "Genrule JavaDeployJar JavaIjar JavaResourceJar Javac TestRunner";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let _worker = start_worker(lab)?;
    let mut remote = None;
    tally.check("a Java project is built and tested on a worker that has store paths only", || {
        let built = build(lab, "java remote", Execution::RemoteNoCache)?;
        expect_none("ran elsewhere", unexpected(&built.spawns, Expected::Remote))?;
        let mut mnemonics: Vec<&str> = built.spawns.iter().map(|spawn| spawn.mnemonic.as_str()).collect();
        mnemonics.sort_unstable();
        mnemonics.dedup();
        expect_equal("what was run", &mnemonics.join(" "), MNEMONICS)?;
        remote = Some(built);
        Ok(())
    });
    let remote = remote.context("without a remote build there is nothing to compare")?;
    tally.check("then it is built here, and every action hits", || {
        let local = build(lab, "java local", Execution::LocalWithCache)?;
        let missed = misses(&remote.spawns, &local.spawns, Expected::Hit);
        if let Some(miss) = missed.first() {
            bail!("{} of {} actions missed, first {miss}", missed.len(), local.spawns.len());
        }
        local.clean().map(drop)
    });
    tally.check("no file of the JDK is an input, and no command names a path of the machine", || {
        remote.spawns.iter().try_for_each(expect_store_only)
    });
    tally.check("both sides make the same bytes", || {
        let mut remote = remote;
        let mut local = build(lab, "java local no cache", Execution::LocalNoCache)?;
        expect_none("ran elsewhere", unexpected(&local.spawns, Expected::Local))?;
        for built in [&mut remote, &mut local] {
            // Its log and its report have times.
            built.spawns.retain(|spawn| spawn.mnemonic != "TestRunner");
        }
        let differences = outputs::differences(&remote, &local)?;
        expect_equal("the list of outputs that differ", &differences.join("\n"), "")?;
        remote.clean()?;
        local.clean().map(drop)
    });
    Ok(())
}

fn build(lab: &Lab, name: &str, execution: Execution) -> Result<Built> {
    let arguments = TARGETS.to_vec();
    let key = "java".to_owned();
    Half { name, workspace: HELLO_JAVA, user: ALICE, verb: "test", execution, key, arguments }.build(lab)
}

/// A worker with the JDK and Bazel's Java tools, beside the one with the compiler.
fn start_worker(lab: &Lab) -> Result<Worker> {
    let file = lab.sandbox.place().outside(HELLO_JAVA).join("lre-java/lre.json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let manifest: serde_json::Value = serde_json::from_str(&text)?;
    let properties: BTreeMap<String, String> = serde_json::from_value(manifest["image"]["execProperties"].clone())?;
    let toolchain = &lab.sandbox.toolchain;
    let spec = WorkerSpec {
        store: toolchain.store.clone(),
        closure: toolchain.java_closure.clone(),
        tools: toolchain.tools.clone(),
        buildbox: toolchain.worker.clone(),
        properties,
    };
    let directory = lab.sandbox.directory();
    let logs = directory.join("logs/java");
    fs::create_dir_all(&logs)?;
    Worker::start(&spec, &lab.engine.address(), directory.join("worker-java"), &logs)
}

fn expect_none<'a>(what: &str, mut spawns: impl Iterator<Item = &'a Spawn>) -> Result<()> {
    match spawns.next() {
        Some(spawn) => bail!("{} {} {what}: `{}`", spawn.mnemonic, spawn.target_label, spawn.runner),
        None => Ok(()),
    }
}

fn expect_store_only(spawn: &Spawn) -> Result<()> {
    let foreign = spawn.command_args.iter().find(|word| {
        word.split(['=', ':'])
            .any(|part| part.starts_with('/') && !part.starts_with("/nix/store/") && !part.starts_with("//"))
    });
    if let Some(word) = foreign {
        bail!("{} {} names `{word}`", spawn.mnemonic, spawn.target_label);
    }
    // The sources, what was made of them, and the scripts that name the tools.
    let input = spawn.input_digests().into_keys().find(|path| path.contains("nix/store") || path.contains("openjdk"));
    match input {
        Some(path) => bail!("{} {} has the input `{path}`", spawn.mnemonic, spawn.target_label),
        None => Ok(()),
    }
}
