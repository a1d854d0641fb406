//! Every feature of the C++ toolchain: built and run on the worker, then here; and what must not compile does not.

pub(super) mod gcc;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, BOB, Bazel, Execution};
use crate::execution_log::Spawn;
use crate::lab::{FEATURES, Lab};
use crate::parity::Expected;
use crate::sandbox::toolchain::output;
use crate::test::bazel::expectation::{expect_all, expect_hits, expect_same_bytes};
use crate::test::case::{Tally, expect_equal};

/// Targets of the package `refused`, each with what the compiler says.
type Refused<'a> = &'a [(&'a str, &'a str)];

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
            let made =
                |spawn: &&Spawn| spawn.mnemonic == *mnemonic && spawn.outputs.iter().any(|path| path.contains(output));
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
    tally.check("what must not compile is refused on the worker", || {
        expect_refused(&remote, Execution::Remote, &REFUSED, &[])
    });
    remote.shutdown()?;
    let local = Bazel::new(lab, FEATURES, &BOB, "features-local");
    local.forget()?;
    tally.check("somebody else's local build of every feature hits what the worker left, action for action", || {
        expect_hits(&built, &local.spawns("build", Execution::LocalWithCache, &["//..."])?)
    });
    tally.check("without a cache every feature is built and run here, and each output has the worker's bytes", || {
        local.run("clean", &[])?.expect_success("`bazel clean`")?;
        let spawns = local.spawns("build", Execution::LocalNoCache, &["//..."])?;
        expect_all(&spawns, Expected::Local)?;
        expect_seen(lab, &local)?;
        expect_same_bytes(&built, &spawns)
    });
    tally.check("what must not compile is refused here", || {
        expect_refused(&local, Execution::LocalNoCache, &REFUSED, &[])
    });
    tally.check("a feature whose runtime the compiler lacks is absent: to ask for it changes no action", || {
        let flags = |feature| compile_flags(&local, &format!("//:fault_{feature}"));
        let asked = |feature, flag: &str| anyhow::Ok(flags(feature)?.iter().any(|word| word == flag));
        let with = (asked("tsan", "-fsanitize=thread")?, asked("asan", "-fsanitize=address")?);
        without_tsan(lab)?;
        let without = (asked("tsan", "-fsanitize=thread")?, asked("asan", "-fsanitize=address")?);
        expect_equal("tsan and asan, before and after", &format!("{with:?} {without:?}"), "(true, true) (false, true)")
    });
    local.shutdown()
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

/// Fails unless each of the targets fails with its message.
fn expect_refused(bazel: &Bazel<'_>, execution: Execution, refused: Refused<'_>, more: &[&str]) -> Result<()> {
    let flags = bazel.flags(execution);
    let targets: Vec<String> = refused.iter().map(|(name, _)| format!("//refused:{name}")).collect();
    let mut arguments = vec!["--config=lre", "--keep_going", "--color=no", "--disk_cache="];
    arguments.extend(more.iter().copied().chain(flags.iter().chain(&targets).map(String::as_str)));
    let outcome = bazel.run("build", &arguments)?;
    for (name, message) in refused {
        if !outcome.stderr.lines().any(|line| line.ends_with(*message)) {
            bail!("`//refused:{name}` does not fail with `{message}`:\n{}", outcome.stderr);
        }
    }
    Ok(())
}
