//! Toolchain folders that this module cannot use at all.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, Bazel};
use crate::lab::{HELLO, Lab};
use crate::sandbox::source;
use crate::test::case::{Tally, expect_lines};

use super::helper_message;

const WORKSPACE: &str = "src/examples/hello-edited";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    source::copy(&place.outside(HELLO), &place.outside(WORKSPACE))?;
    let bazel = Bazel::new(lab, WORKSPACE, &ALICE, "edited");
    bazel.forget()?;
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
        let said = "Error in fail: error[LRE021]: `//lre-cc:lre.json` is a manifest of schema 99, and this module reads schema 1\n\n\
                    hint: update `local-remote-execution` in `MODULE.bazel`";
        expect_lines("Bazel's message", &outcome.stderr, said)
    });
    tally.check("the module itself says which of the published store paths are missing here", || {
        let bazel = Bazel::new(lab, "src", &ALICE, "module");
        fs::write(place.outside("src/lre.bazelrc"), read(&place.outside(HELLO).join("lre.bazelrc"))?)?;
        let outcome = bazel.run("build", &["--config=lre", "//examples:lre-cc"]);
        let said = helper_message(lab, "src", "generated-cc");
        // What other checks see of the module has none.
        fs::remove_file(place.outside("src/lre.bazelrc"))?;
        bazel.shutdown()?;
        let (outcome, said) = (outcome?, said?);
        if outcome.success {
            bail!("it built with store paths that are not here");
        }
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
