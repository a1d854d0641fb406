//! What is said of a tag that does not name the manifest that its author means.

use anyhow::Result;

use super::workspace::{Workspace, demo_tag};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_lines};

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "choice")?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    let refused = || workspace.refused("build", &["--config=lre", "--nobuild", "//:one"]);
    tally.check("without a tag for `cc` the message says that the toolchain is this module's own", || {
        workspace.write_module("src", "")?;
        let said = "note: `MODULE.bazel` chooses no manifest for `cc`, so this is the toolchain that \
                    `local-remote-execution` ships; to use another one: \
                    `lre.toolchain(name = \"cc\", manifest = \"//FOLDER:lre.json\")`\n\
                    error[LRE001]: 12 of 12 store roots named by `generated-cc` are missing";
        expect_lines("Bazel's message", &refused()?, said)
    });
    for path in ["lre-cc/lre.json", "//lre-cc/lre.json"] {
        tally.check(&format!("the path `{path}` in place of a label is refused with the label"), || {
            workspace.write_module("src", &demo_tag("").replace("//lre-cc:lre.json", path))?;
            let said = "Error in fail: `lre.toolchain` names `cc` with the manifest `lre-cc/lre.json`, which is a path \
                        and not a label\n\nhint: write `//lre-cc:lre.json`";
            expect_lines("Bazel's message", &refused()?, said)
        });
    }
    workspace.bazel.shutdown()
}
