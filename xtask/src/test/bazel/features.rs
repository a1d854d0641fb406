//! Every feature of the C++ toolchain: built and run on the worker, then here; and what must not compile does not.

mod gcc;

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, BOB, Bazel, Execution};
use crate::execution_log::Spawn;
use crate::lab::{FEATURES, Lab};
use crate::parity::{Expected, misses, unexpected};
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

/// The targets of the package `refused`, each with what the compiler says.
const REFUSED: [(&str, &str); 3] = [
    ("layering_check", "error: module //refused:layers does not depend on a module exporting 'mean.h'"),
    ("parse_headers", "refused/parse_headers.h:4:8: error: use of undeclared identifier 'std'"),
    ("treat_warnings_as_errors", "noisy.h:5:7: error: unused variable 'unused' [-Werror,-Wunused-variable]"),
];

/// What only these features make Bazel do: a part of an output's name.
const ACTIONS: [(&str, &str); 4] = [
    ("CppLTOIndexing", "means_thin_lto"),
    ("CcLtoBackendCompile", "mean_thin_lto/mean"),
    ("CppCompile", "/mean.h.processed"),
    ("CppLink", "/libmeans_linkshared.so"),
];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let remote = Bazel::new(lab, FEATURES, &ALICE, "features-remote");
    remote.forget()?;
    let mut built = Vec::new();
    tally.check("every feature is built and run on the worker, and does what README.md says", || {
        built = remote.spawns("build", Execution::RemoteNoCache, &["//..."])?;
        expect_all(&built, Expected::Remote)?;
        expect_seen(lab, &remote)?;
        ACTIONS.iter().try_for_each(|(mnemonic, output)| {
            let made = |spawn: &&Spawn| {
                spawn.mnemonic == *mnemonic && spawn.listed_outputs.iter().any(|path| path.contains(output))
            };
            built.iter().find(made).map(drop).with_context(|| format!("no {mnemonic} makes `{output}`"))
        })
    });
    tally.check("the module map is an input of the actions that check layers, and of no other", || {
        let (mapped, checked): (Vec<&Spawn>, Vec<&Spawn>) = (
            built.iter().filter(|spawn| spawn.inputs.iter().any(|file| file.path.ends_with(".modulemap"))).collect(),
            built.iter().filter(|spawn| argument(spawn, "-fmodules-strict-decluse")).collect(),
        );
        let outputs =
            |spawns: &[&Spawn]| spawns.iter().map(|spawn| spawn.primary_output()).collect::<Vec<_>>().join("\n");
        if checked.is_empty() {
            bail!("no action checks layers");
        }
        expect_equal("the actions with a module map", &outputs(&mapped), &outputs(&checked))
    });
    tally.check("what must not compile is refused on the worker", || expect_refused(&remote, Execution::Remote));
    remote.shutdown()?;
    let local = Bazel::new(lab, FEATURES, &BOB, "features-local");
    local.forget()?;
    tally.check("somebody else's local build of every feature hits what the worker left, action for action", || {
        let spawns = local.spawns("build", Execution::LocalWithCache, &["//..."])?;
        let missed: Vec<String> = misses(&built, &spawns, Expected::Hit).iter().map(ToString::to_string).collect();
        expect_equal("what did not hit", &missed.join("\n"), "")
    });
    tally.check("without a cache every feature is built and run here, and each output has the worker's bytes", || {
        local.run("clean", &[])?.expect_success("`bazel clean`")?;
        let spawns = local.spawns("build", Execution::LocalNoCache, &["//..."])?;
        expect_all(&spawns, Expected::Local)?;
        expect_seen(lab, &local)?;
        let (ours, theirs) = (digests(&spawns)?, digests(&built)?);
        let differ: Vec<&str> =
            ours.keys().chain(theirs.keys()).filter(|path| ours.get(*path) != theirs.get(*path)).copied().collect();
        expect_equal("what differs", &differ.join("\n"), "")
    });
    tally.check("what must not compile is refused here", || expect_refused(&local, Execution::LocalNoCache));
    tally.check("a feature whose runtime the compiler lacks is absent: to ask for it changes no action", || {
        let flags = |feature| compile_flags(&local, &format!("//:fault_{feature}"));
        let asked = |feature, flag: &str| anyhow::Ok(flags(feature)?.iter().any(|word| word == flag));
        let with = (asked("tsan", "-fsanitize=thread")?, asked("asan", "-fsanitize=address")?);
        without_tsan(lab)?;
        let without = (asked("tsan", "-fsanitize=thread")?, asked("asan", "-fsanitize=address")?);
        expect_equal("tsan and asan, before and after", &format!("{with:?} {without:?}"), "(true, true) (false, true)")
    });
    local.shutdown()?;
    gcc::run(tally, lab)
}

/// The words of the command that compiles `target`'s one source.
fn compile_flags(bazel: &Bazel<'_>, target: &str) -> Result<Vec<String>> {
    let query = format!("mnemonic(\"CppCompile\", {target})");
    let outcome = bazel.run("aquery", &["--config=lre", &query])?.expect_success("`bazel aquery`")?;
    let words = outcome.stdout.lines().map(|line| line.trim().trim_end_matches(" \\").trim_matches('\'').to_owned());
    Ok(words.collect())
}

/// Writes the toolchain as it would be for a compiler without that library.
fn without_tsan(lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    let manifest = place.outside(FEATURES).join("lre-cc/lre.json");
    let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read `{}`", manifest.display()))?;
    let lacking = text.replacen("\"tsan\",", "", 1);
    if lacking == text {
        bail!("`{}` does not name the runtime", manifest.display());
    }
    fs::write(&manifest, lacking)?;
    let entry = lab.sandbox.command(&lab.helper()).args(["regen", "--out", "lre-cc"]);
    output(entry.directory(place.inside(FEATURES))).map(drop)
}

fn argument(spawn: &Spawn, flag: &str) -> bool {
    spawn.command_args.iter().any(|argument| argument == flag)
}

fn expect_all(spawns: &[Spawn], expected: Expected) -> Result<()> {
    if spawns.is_empty() {
        bail!("nothing was built");
    }
    let strays: Vec<&str> = unexpected(spawns, expected).map(Spawn::primary_output).collect();
    expect_equal("what ran elsewhere", &strays.join("\n"), "")
}

/// Fails unless `seen.txt` is the text block of README.md.
fn expect_seen(lab: &Lab, bazel: &Bazel<'_>) -> Result<()> {
    let place = lab.sandbox.place();
    let read = |file: String| {
        let file = place.outside(file);
        fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))
    };
    let readme = read(format!("{FEATURES}/README.md"))?;
    let block = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    let seen = read(format!("{}/execroot/_main/bazel-out/k8-fastbuild/bin/seen.txt", bazel.output_base()))?;
    expect_equal("`seen.txt`", &seen, block.context("README.md has no text block")?)
}

/// Fails unless each target of the package `refused` fails with its message.
fn expect_refused(bazel: &Bazel<'_>, execution: Execution) -> Result<()> {
    let flags = bazel.flags(execution);
    let targets: Vec<String> = REFUSED.iter().map(|(name, _)| format!("//refused:{name}")).collect();
    let mut arguments = vec!["--config=lre", "--keep_going", "--color=no", "--disk_cache="];
    arguments.extend(flags.iter().chain(&targets).map(String::as_str));
    let outcome = bazel.run("build", &arguments)?;
    for (name, message) in REFUSED {
        if !outcome.stderr.lines().any(|line| line.ends_with(message)) {
            bail!("`//refused:{name}` does not fail with `{message}`:\n{}", outcome.stderr);
        }
    }
    Ok(())
}

/// The digest of each output. Dependency files are left out: a local build keeps them in memory.
fn digests(spawns: &[Spawn]) -> Result<BTreeMap<&str, &str>> {
    let outputs = spawns.iter().flat_map(|spawn| &spawn.actual_outputs);
    let digests: BTreeMap<&str, &str> = outputs
        .map(|file| (file.path.as_str(), file.digest.hash.as_str()))
        .filter(|(path, _)| !path.ends_with(".d"))
        .collect();
    if digests.is_empty() || digests.values().any(|hash| hash.is_empty()) {
        bail!("the execution log tells no digests");
    }
    Ok(digests)
}
