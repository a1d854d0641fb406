//! `bazel run @local-remote-execution//helper:…` from a consumer's workspace.

use std::fs;

use anyhow::{Result, bail};

use super::helper_message;
use crate::bazel::{ALICE, Bazel};
use crate::lab::{HELLO, Lab};
use crate::sandbox::source;
use crate::test::case::{Tally, expect_equal, expect_lines};

const WORKSPACE: &str = "src/examples/hello-commands";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    source::copy(&place.outside(HELLO), &place.outside(WORKSPACE))?;
    let bazel = Bazel::new(lab, WORKSPACE, &ALICE, "commands");
    bazel.forget()?;
    let run = |command: &str, arguments: &[&str]| {
        let target = format!("@local-remote-execution//helper:{command}");
        let mut words = vec!["--config=lre", target.as_str(), "--"];
        words.extend(arguments);
        bazel.run("run", &words)
    };
    tally.check("`bazel run …//helper:check` checks a folder of the workspace it is called from", || {
        run("check", &["lre-cc"])?.expect_success("`helper:check`")?;
        let outcome = run("check", &["no-such-folder"])?;
        if outcome.success {
            bail!("a folder that is not there was checked");
        }
        expect_lines("its message", &outcome.stderr, &helper_message(lab, WORKSPACE, "no-such-folder")?)
    });
    tally.check("`bazel run …//helper:doctor` examines the workspace it is called from", || {
        let outcome = run("doctor", &[])?.expect_success("`helper:doctor`")?;
        let lines = format!("workspace `{}`\n  ✓ rc files        `.bazelrc`, `lre.bazelrc`", place.text(WORKSPACE));
        expect_lines("its screen", &outcome.stdout, &lines)?;
        expect_lines("its screen", &outcome.stdout, "toolchain `lre-cc`")
    });
    tally.check("`bazel run …//helper:regen` writes to the workspace it is called from", || {
        let environment = place.text("env.json");
        run("regen", &["--env-json", &environment, "--out", "again"])?.expect_success("`helper:regen`")?;
        for file in ["lre.json", "cc/BUILD", "config/BUILD", "BUILD.bazel"] {
            let read = |folder: &str| fs::read_to_string(place.outside(WORKSPACE).join(folder).join(file));
            expect_equal(file, &read("again")?, &read("lre-cc")?)?;
        }
        Ok(())
    });
    tally.check(
        "`bazel run …//helper:regen` without arguments writes every toolchain of the workspace, or the named ones",
        || {
            let file = place.outside(WORKSPACE).join("lre-cc/cc/BUILD");
            let text = fs::read_to_string(&file)?;
            let damage = || fs::write(&file, text.replace("-O2", "-O3"));
            for arguments in [&[][..], &["cc"]] {
                damage()?;
                run("regen", arguments)?.expect_success("`helper:regen`")?;
                expect_equal("lre-cc/cc/BUILD", &fs::read_to_string(&file)?, &text)?;
            }
            damage()?;
            let outcome = run("regen", &["--mode=check"])?;
            fs::write(&file, &text)?;
            if outcome.success || !outcome.stdout.contains("\n-        \"-O3\",\n+        \"-O2\",\n") {
                bail!("`--mode=check` does not show the difference:\n{}{}", outcome.stdout, outcome.stderr);
            }
            let folder = place.text(WORKSPACE);
            let lines = format!(
                "error: generated files in `{folder}/lre-cc` are not as they should be: 1 of 4\n\n\
             hint: write them with `bazel run @local-remote-execution//helper:regen -- cc`"
            );
            expect_lines("its message", &outcome.stderr, &lines)
        },
    );
    bazel.shutdown()
}
