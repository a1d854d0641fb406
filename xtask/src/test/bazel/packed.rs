//! Consumers that have nothing of this repository but the packed release, through `file://` and hashes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::workspace::demo_tag;
use crate::bazel::{ALICE, Bazel};
use crate::dist::module;
use crate::dist::registry::integrity;
use crate::dist::release::Release;
use crate::dist::source::Source;
use crate::lab::Lab;
use crate::sandbox::{source, workspace};
use crate::step::run_logged;
use crate::test::case::{Tally, expect_equal, expect_lines};

/// What a runner would upload.
const DIST: &str = "packed/dist";
/// What a registry's presubmit unpacks.
const UNPACKED: &str = "packed/unpacked";
/// Has the sources of `examples/hello-cc`, and a `MODULE.bazel` that names archives.
const CONSUMER: &str = "packed/consumer";
const PROGRAM: &str = "lre-x86_64-linux";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    let folder = place.outside("packed");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    let commit = Source::read(&workspace(), true)?;
    let release = Release::new(&commit, Some(&format!("file://{}", place.text(DIST))));
    let dist = place.outside(DIST);
    let pack = |out: &Path| {
        fs::create_dir_all(out)?;
        source::copy(&place.outside("bin/lre"), &out.join(PROGRAM))?;
        module::pack(&workspace(), &commit, &release, out)
    };
    let archive = dist.join(release.module_archive());
    tally.check("the module is packed twice to the same bytes", || {
        let again = place.outside("packed/again");
        pack(&dist)?;
        pack(&again)?;
        let sums = |folder: &Path| fs::read_to_string(folder.join("SHA256SUMS"));
        expect_equal("the sums", &sums(&again)?, &sums(&dist)?)?;
        fs::remove_dir_all(&again)?;
        run_logged(
            std::process::Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&dist),
            &lab.sandbox.steps.log("packed release"),
        )
    });
    unpack(lab, &archive)?;
    without_nix(tally, lab, &release)?;
    consumer(tally, lab, &release, &integrity(&archive)?)
}

fn unpack(lab: &Lab, archive: &Path) -> Result<()> {
    let target = lab.sandbox.place().outside(UNPACKED);
    fs::create_dir_all(&target)?;
    let mut tar = std::process::Command::new("tar");
    run_logged(tar.arg("-xzf").arg(archive).arg("-C").arg(&target), &lab.sandbox.steps.log("packed release"))
}

/// What a registry's presubmit does, on a machine that never had Nix.
fn without_nix(tally: &mut Tally, lab: &Lab, release: &Release) -> Result<()> {
    let example = format!("{UNPACKED}/{}/examples/hello-cc", release.module_folder());
    let bazel = Bazel::new(lab, &example, &ALICE, "packed-without-nix").without_store();
    bazel.forget()?;
    tally.check("without Nix the packed example builds and passes, as in the registry's presubmit", || {
        expect_presubmit()?;
        bazel.run("build", &["//..."])?.expect_success("the build")?;
        bazel.run("test", &["//..."])?.expect_success("the tests").map(drop)
    });
    tally.check("without Nix a build that asks for the toolchain stops and says what to do", || {
        let module_file = lab.sandbox.place().outside(&example).join("MODULE.bazel");
        let text = fs::read_to_string(&module_file)?;
        fs::write(&module_file, text.replace(&demo_tag(""), ""))?;
        let config = "@local-remote-execution//generated-cc/config";
        let outcome = bazel.run(
            "build",
            &[
                &format!("--platforms={config}:platform"),
                &format!("--extra_execution_platforms={config}:platform"),
                &format!("--extra_toolchains={config}:cc-toolchain"),
                "//...",
            ],
        )?;
        fs::write(&module_file, text)?;
        if outcome.success {
            bail!("the build went on");
        }
        let headline = "error[LRE001]: 12 of 12 store roots named by `generated-cc` are missing";
        expect_lines("Bazel's message", &outcome.stderr, headline)?;
        let hints: Vec<&str> = outcome.stderr.lines().filter(|line| line.starts_with("hint: ")).collect();
        let (start, end) = (
            "hint: this machine has no Nix store: install Nix, then realise them with `nix-store --realise ",
            "`, which asks Nix's substituters, or build remotely only with `--repo_env=LRE_LOCAL=off`",
        );
        if hints.is_empty() || hints.iter().any(|hint| !hint.starts_with(start) || !hint.ends_with(end)) {
            bail!("its hints are:\n{}", hints.join("\n"));
        }
        Ok(())
    });
    bazel.shutdown()
}

/// Fails unless `.bcr/presubmit.yml` says what is tried here.
fn expect_presubmit() -> Result<()> {
    let file = workspace().join(".bcr/presubmit.yml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    expect_lines("`.bcr/presubmit.yml`", &text, "  module_path: examples/hello-cc")?;
    expect_lines(
        "`.bcr/presubmit.yml`",
        &text,
        "      build_targets:\n        - //...\n      test_targets:\n        - //...",
    )
}

fn consumer(tally: &mut Tally, lab: &Lab, release: &Release, integrity: &str) -> Result<()> {
    let place = lab.sandbox.place();
    let examples = place.outside(UNPACKED).join(release.module_folder()).join("examples");
    source::copy(&examples.join("hello-cc"), &place.outside(CONSUMER))?;
    source::copy(&examples.join("greeting"), &place.outside("packed/greeting"))?;
    let example = fs::read_to_string(examples.join("hello-cc/MODULE.bazel"))?;
    let local = "bazel_dep(name = \"local-remote-execution\")\nlocal_path_override(\n    module_name = \"local-remote-execution\",\n    path = \"../..\",\n)\n";
    let (before, after) = example.split_once(local).context("the example does not name this module by a path")?;
    let write = |dependency: &str| {
        let file = place.outside(CONSUMER).join("MODULE.bazel");
        fs::write(&file, format!("{before}{dependency}{after}"))
            .with_context(|| format!("cannot write `{}`", file.display()))
    };
    let bazel = Bazel::new(lab, CONSUMER, &ALICE, "packed");
    bazel.forget()?;
    tally.check("a consumer that names the packed module by archive and hash builds and tests with its toolchain", || {
        // The downloaded program makes the configuration, as its user would; no flag names a helper.
        let script = r#"
            "$0" regen --env-json "$1" --out lre-cc
            "$0" bazelrc --env-json "$1" --prefix lre >lre.bazelrc"#;
        let program = place.text(format!("{DIST}/{PROGRAM}"));
        let entry = lab.sandbox.command("bash").args(["-euc", script, &program, &place.text("env.json")]);
        let mut command = entry.directory(place.inside(CONSUMER)).env("HOME", "/root").build();
        run_logged(&mut command, &lab.sandbox.steps.log("packed release"))?;
        write(&format!(
            "bazel_dep(name = \"local-remote-execution\")\narchive_override(\n    module_name = \"local-remote-execution\",\n    \
             integrity = \"{integrity}\",\n    strip_prefix = \"{}\",\n    urls = [\"{}\"],\n)\n",
            release.module_folder(),
            release.url(&release.module_archive()),
        ))?;
        bazel.run("build", &["--config=lre", "//..."])?.expect_success("the build")?;
        bazel.run("test", &["--config=lre", "//..."])?.expect_success("the tests")?;
        let check = ["--config=lre", "@local-remote-execution//helper:check", "--", "lre-cc"];
        bazel.run("run", &check)?.expect_success("`helper:check`").map(drop)
    });
    tally.check("a consumer that names the version alone finds it in the packed registry entry", || {
        write(&format!("bazel_dep(name = \"local-remote-execution\", version = \"{}\")\n", release.version))?;
        // The flag replaces no other: both registries are asked, this one first.
        let registry = format!("--registry=file://{}/registry", place.text(DIST));
        let others = format!("--registry=file://{}", place.text("registry"));
        bazel.run("build", &["--config=lre", &registry, &others, "//..."])?.expect_success("the build")?;
        let answer =
            bazel.run("mod", &["graph", &registry, &others, "--depth=1"])?.expect_success("`bazel mod graph`")?;
        expect_equal(
            "its dependency",
            answer.stdout.lines().find(|line| line.contains("local-remote-execution")).unwrap_or_default(),
            &format!("├───local-remote-execution@{} ", release.version),
        )
    });
    bazel.shutdown()
}
