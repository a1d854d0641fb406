//! Which workspace gets the file, and several of them.

use anyhow::Result;

use super::bench::{Bench, Run};
use super::obstacle::git;
use crate::test::case::{Tally, expect_equal};

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, bench: &Bench<'_>) {
    tally.check(&bench.claim("bug 5: the file lies where Bazel's workspace is, not where the repository is"), || {
        let scene = bench.scene("monorepo")?;
        git(&scene, "", "git init -q .")?;
        let rc = &bench.get("first")?.bazelrc;
        for (workspace, marker) in [("api", "MODULE.bazel"), ("api/old", "WORKSPACE"), ("web", "WORKSPACE.bazel")] {
            scene.write(&format!("{workspace}/{marker}"), "")?;
            scene.write(&format!("{workspace}/package/BUILD"), "")?;
            let folder = format!("{workspace}/package");
            let said =
                format!("lre: `{}` is now a link to `{rc}`\n", scene.inside(&format!("{workspace}/lre.bazelrc")));
            scene.install("first", &Run { folder: &folder, ..Run::default() }, &said)?;
            expect_equal("the link", &scene.link(&format!("{workspace}/lre.bazelrc"))?, rc)?;
        }
        expect_equal("the repository", &scene.list("")?.join(" "), ".git api web")
    });
    tally.check(&bench.claim("several workspaces get the file, from wherever the shell starts"), || {
        let scene = bench.scene("several")?;
        for file in ["flake.nix", "one/MODULE.bazel", "two/deep/MODULE.bazel", "two/deep/package/BUILD"] {
            scene.write(file, "")?;
        }
        let rc = &bench.get("several")?.bazelrc;
        let missing = format!("lre: `{}` is no Bazel workspace: it has no `MODULE.bazel`\n", scene.inside("none"));
        let said: String = ["one", "two/deep"]
            .map(|folder| {
                format!("lre: `{}` is now a link to `{rc}`\n", scene.inside(&format!("{folder}/lre.bazelrc")))
            })
            .concat();
        let run = Run { folder: "two/deep/package", ..Run::default() };
        scene.install("several", &run, &format!("{said}{missing}"))?;
        scene.install("several", &run, &missing)?;
        for folder in ["one", "two/deep"] {
            expect_equal("the link", &scene.link(&format!("{folder}/lre.bazelrc"))?, rc)?;
        }
        expect_equal("the flake's folder", &scene.list("")?.join(" "), "flake.nix one two")
    });
    tally.check(&bench.claim("folders with spaces and quotes are folders"), || {
        let scene = bench.scene("odd")?;
        let workspace = "it's a\n $(folder) \"*\"";
        scene.write(&format!("{workspace}/MODULE.bazel"), "")?;
        let rc = &bench.get("first")?.bazelrc;
        let said = format!("lre: `{}` is now a link to `{rc}`\n", scene.inside(&format!("{workspace}/lre.bazelrc")));
        scene.install("first", &Run { folder: workspace, ..Run::default() }, &said)?;
        expect_equal("the link", &scene.link(&format!("{workspace}/lre.bazelrc"))?, rc)
    });
    // The result of each check is what was installed: nothing may be left in the folder above them all.
    tally.check(&bench.claim("nothing is written outside of workspaces"), || -> Result<()> {
        let scene = bench.scene("outside")?;
        scene.run("[ ! -e ../lre.bazelrc ] && [ ! -e ../../lre.bazelrc ] && [ ! -e /lre.bazelrc ]", &Run::default(), "")
    });
}
