//! What a consumer's build looks like when all is well.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bazel::{ALICE, Bazel, Execution};
use crate::execution_log::Spawn;
use crate::lab::{HELLO, Lab};
use crate::test::case::{Tally, expect_equal};

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let bazel = Bazel::new(lab, HELLO, &ALICE, "consumer");
    bazel.forget()?;
    tally.check("no input of a compile action belongs to the toolchain", || {
        // Until it has run, a compile action lists its source alone.
        bazel.run("build", &["--config=lre", "//:tally"])?.expect_success("the build")?;
        let inputs = inputs(&bazel, "CppCompile", "//:tally")?;
        expect_equal("the inputs of compiling `tally.cc`", &inputs.join("\n"), "join.h\ntally.cc\ntally.h")
    });
    tally.check("the module's own example builds and runs with the consumer's toolchain", || {
        let target = "@local-remote-execution//examples:lre-cc";
        let spawns = bazel.spawns("build", Execution::LocalNoCache, &[target])?;
        let properties = lab.manifest_properties()?;
        for spawn in &spawns {
            expect_compiler(lab, spawn)?;
            let wanted: BTreeMap<&str, &str> =
                properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            if spawn.properties() != wanted {
                bail!(
                    "`{}` asks for {:?}, and the manifest says {wanted:?}",
                    spawn.primary_output(),
                    spawn.properties()
                );
            }
        }
        let ran =
            bazel.run("run", &["--config=lre", "--ui_event_filters=-info,-stdout", target])?.expect_success(target)?;
        expect_equal("its output", &ran.stdout, "hello from local-remote-execution\n")
    });
    tally.check("an action's environment holds the toolchain's PATH and nothing of the client", || {
        let spawns = bazel.spawns("build", Execution::LocalNoCache, &["//:words"])?;
        let genrule = spawns.iter().find(|spawn| spawn.mnemonic == "Genrule").context("there is no genrule")?;
        let toolchain = &lab.sandbox.toolchain;
        let path = format!("{}/bin:{}/bin", toolchain.compiler, toolchain.tools);
        let wanted = BTreeMap::from([("BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN", "1"), ("PATH", &path)]);
        if genrule.environment() != wanted {
            bail!("the genrule's environment is {:?}", genrule.environment());
        }
        expect_equal("its shell", &genrule.command_args[0], &format!("{}/bin/bash", toolchain.tools))
    });
    bazel.shutdown()
}

/// Every program that a C++ action starts is the pinned compiler.
fn expect_compiler(lab: &Lab, spawn: &Spawn) -> Result<()> {
    let program = spawn.command_args.first().context("a spawn has no program")?;
    let compiler = format!("{}/", lab.sandbox.toolchain.compiler);
    if spawn.mnemonic.starts_with("Cpp") && !program.starts_with(&compiler) {
        bail!("{} `{}` runs `{program}`", spawn.mnemonic, spawn.primary_output());
    }
    Ok(())
}

/// The inputs of the first action of `mnemonic` in `target`, sorted.
fn inputs(bazel: &Bazel<'_>, mnemonic: &str, target: &str) -> Result<Vec<String>> {
    let query = format!("mnemonic(\"{mnemonic}\", {target})");
    let answer =
        bazel.run("aquery", &["--config=lre", "--output=jsonproto", &query])?.expect_success("`bazel aquery`")?;
    let graph: Value = serde_json::from_str(&answer.stdout).context("`bazel aquery` printed no JSON")?;
    let action = &graph["actions"][0];
    let mut sets: Vec<&Value> =
        action["inputDepSetIds"].as_array().context("the action has no inputs")?.iter().collect();
    let mut artifacts = Vec::new();
    while let Some(id) = sets.pop() {
        let set = find(&graph["depSetOfFiles"], id)?;
        sets.extend(set["transitiveDepSetIds"].as_array().into_iter().flatten());
        artifacts.extend(set["directArtifactIds"].as_array().into_iter().flatten());
    }
    let mut paths = Vec::new();
    for artifact in artifacts {
        paths.push(path(&graph["pathFragments"], &find(&graph["artifacts"], artifact)?["pathFragmentId"])?);
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn find<'a>(list: &'a Value, id: &Value) -> Result<&'a Value> {
    list.as_array()
        .and_then(|list| list.iter().find(|entry| &entry["id"] == id))
        .context("the action graph is not whole")
}

fn path(fragments: &Value, id: &Value) -> Result<String> {
    let fragment = find(fragments, id)?;
    let label = fragment["label"].as_str().context("a path has no label")?;
    match &fragment["parentId"] {
        Value::Null => Ok(label.to_owned()),
        parent => Ok(format!("{}/{label}", path(fragments, parent)?)),
    }
}
