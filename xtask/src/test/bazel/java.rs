//! The Java toolchain: built and tested on a worker that holds nothing but store paths, then here.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, Execution};
use crate::demo::half::{Built, Half};
use crate::demo::outputs;
use crate::execution_log::Spawn;
use crate::lab::{HELLO_JAVA, Lab};
use crate::parity::{Expected, misses, unexpected};
use crate::test::case::{Tally, expect_equal};

/// The actions among them, by mnemonic: each is run on both sides.
const MNEMONICS: &str = "Genrule JavaDeployJar JavaIjar JavaResourceJar Javac TestRunner";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let _worker = lab.start_worker_beside("java", &format!("{HELLO_JAVA}/lre-java/lre.json"), &[])?;
    let mut remote = None;
    tally.check("a Java project is built and tested on a worker that has store paths only", || {
        let built = build(lab, "java remote", Execution::RemoteNoCache)?;
        expect_none("ran elsewhere", unexpected(&built.spawns, Expected::Remote))?;
        let mut mnemonics: Vec<&str> = built.spawns.iter().map(|spawn| spawn.mnemonic.as_str()).collect();
        mnemonics.sort_unstable();
        mnemonics.dedup();
        expect_equal("what was run", &mnemonics.join(" "), MNEMONICS)?;
        expect_jdk(lab, &built)?;
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
        expect_jdk(lab, &local)?;
        let differences = outputs::differences(&remote, &local)?;
        expect_equal("the list of outputs that differ", &differences.join("\n"), "")?;
        remote.clean()?;
        local.clean().map(drop)
    });
    Ok(())
}

fn build(lab: &Lab, name: &str, execution: Execution) -> Result<Built> {
    let arguments = vec!["//..."];
    let key = "java".to_owned();
    Half { name, workspace: HELLO_JAVA, user: ALICE, verb: "test", execution, key, arguments }.build(lab)
}

/// Fails unless the module's own example was run by the toolchain's JDK.
fn expect_jdk(lab: &Lab, built: &Built) -> Result<()> {
    let file = built.execution_root.join("bazel-out/k8-fastbuild/bin/lre_java.txt");
    let said = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let environment: Vec<String> = serde_json::from_str(&lab.sandbox.toolchain.java_environment)?;
    let home = environment.iter().find_map(|entry| entry.strip_prefix("JAVA_HOME="));
    expect_equal("what it says", &said, &format!("Hello from {}\n", home.context("Env has no `JAVA_HOME`")?))
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
