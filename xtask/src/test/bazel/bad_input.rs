//! A toolchain folder that is not as it was generated: the fetch says what is wrong and how to mend it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, Bazel};
use crate::lab::{HELLO, Lab};
use crate::sandbox::source;
use crate::test::case::{Tally, expect_lines};

use super::helper_message;

const WORKSPACE: &str = "src/examples/hello-edited";

/// What is done to a toolchain folder, and what it is called.
struct Damage {
    claim: &'static str,
    file: &'static str,
    change: fn(String) -> String,
}

const DAMAGES: [Damage; 2] = [
    Damage {
        claim: "a hand-edited generated file stops the build",
        file: "cc/BUILD",
        change: |text| text.replace("-Wall", "-Wextra"),
    },
    Damage {
        claim: "a syntax error in a generated file stops the build with line and column",
        file: "cc/BUILD",
        change: |text| text.replacen("lre_cc_toolchain(", "lre_cc_toolchain((", 1),
    },
];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    source::copy(&place.outside(HELLO), &place.outside(WORKSPACE))?;
    let bazel = Bazel::new(lab, WORKSPACE, &ALICE, "edited");
    bazel.forget()?;
    for damage in DAMAGES {
        tally.check(damage.claim, || {
            let file = place.outside(WORKSPACE).join("lre-cc").join(damage.file);
            let text = read(&file)?;
            let changed = (damage.change)(text.clone());
            if changed == text {
                bail!("the damage to `{}` changes nothing", file.display());
            }
            fs::write(&file, &changed)?;
            let said = helper_message(lab, WORKSPACE, "lre-cc");
            let outcome = bazel.run("build", &["--config=lre", "//:tally"]);
            let kept = read(&file)?;
            fs::write(&file, &text)?;
            let (said, outcome) = (said?, outcome?);
            if outcome.success || kept != changed {
                bail!("the build went on, or changed `{}`", file.display());
            }
            expect_lines("Bazel's message", &outcome.stderr, &said)
        });
    }
    tally.check("a manifest of a newer schema stops the build and says what to update", || {
        let file = place.outside(WORKSPACE).join("lre-cc/lre.json");
        let text = read(&file)?;
        fs::write(&file, text.replacen("\"schema\": 1", "\"schema\": 99", 1))?;
        let outcome = bazel.run("build", &["--config=lre", "//:tally"]);
        fs::write(&file, &text)?;
        let outcome = outcome?;
        if outcome.success {
            bail!("the build went on");
        }
        let said = "Error in fail: `//lre-cc:lre.json` is a manifest of schema 99, and this module reads schema 1\n\n\
                    hint: update `local-remote-execution` in `MODULE.bazel`";
        expect_lines("Bazel's message", &outcome.stderr, said)
    });
    tally.check("the module itself says which of the published store paths are missing here", || {
        let bazel = Bazel::new(lab, "src", &ALICE, "module");
        fs::write(place.outside("src/lre.bazelrc"), read(&place.outside(HELLO).join("lre.bazelrc"))?)?;
        let outcome = bazel.run("build", &["--config=lre", "//examples:lre-cc"])?;
        bazel.shutdown()?;
        if outcome.success {
            bail!("it built with store paths that are not here");
        }
        let said = helper_message(lab, "src", "generated-cc")?;
        expect_lines("Bazel's message", &outcome.stderr, &said)?;
        expect_lines(
            "the first line",
            said.lines().next().unwrap_or_default(),
            "error[LRE001]: 12 of 12 store roots named by `generated-cc` are missing",
        )
    });
    bazel.shutdown()
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}
