//! `lre.bazelrc` as a copy, for containers without `/nix`.

use std::fs;

use anyhow::Result;

use super::bench::{Bench, Run, Scene};
use crate::test::case::{Tally, expect_equal, expect_lines};

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, bench: &Bench<'_>) {
    tally.check(&bench.claim("a copy is a file of its own, follows the flake, and is held like a link"), || {
        let scene = bench.scene("copy")?;
        scene.write("MODULE.bazel", "")?;
        for name in ["copy", "secondCopy"] {
            scene.install(name, &Run::default(), &copied(bench, &scene, name)?)?;
            scene.install(name, &Run::default(), "")?;
            expect_copy(bench, &scene, name)?;
        }
        expect_equal("the workspace", &scene.list("")?.join(" "), ".lre-root MODULE.bazel lre.bazelrc")?;
        let roots =
            bench.nix("nix-store").args(["--query", "--roots", &bench.get("secondCopy")?.bazelrc]).build().output()?;
        let root = format!("{} -> {}", scene.inside(".lre-root"), bench.get("secondCopy")?.bazelrc);
        expect_lines("the roots", &String::from_utf8_lossy(&roots.stdout), &root)
    });
    tally.check(&bench.claim("a copy that somebody edited stays"), || {
        let scene = bench.scene("edited")?;
        scene.write("MODULE.bazel", "")?;
        scene.install("copy", &Run::default(), &copied(bench, &scene, "copy")?)?;
        scene.write("lre.bazelrc", "build --my=flag\n")?;
        let file = scene.inside("lre.bazelrc");
        let said = format!(
            "lre: `{file}` was not written by this flake, so it stays; to let the flake write it: rm '{file}'\n"
        );
        for name in ["copy", "secondCopy", "first"] {
            scene.install(name, &Run::default(), &said)?;
        }
        expect_equal("the file", &fs::read_to_string(scene.outside("lre.bazelrc"))?, "build --my=flag\n")
    });
    tally.check(&bench.claim("a copy becomes a link, and a link a copy"), || {
        let scene = bench.scene("both")?;
        scene.write("MODULE.bazel", "")?;
        scene.install("copy", &Run::default(), &copied(bench, &scene, "copy")?)?;
        let rc = &bench.get("second")?.bazelrc;
        let said = format!("lre: `{}` is now a link to `{rc}`\n", scene.inside("lre.bazelrc"));
        scene.install("second", &Run::default(), &said)?;
        expect_equal("the workspace", &scene.list("")?.join(" "), "MODULE.bazel lre.bazelrc")?;
        scene.install("copy", &Run::default(), &copied(bench, &scene, "copy")?)?;
        expect_copy(bench, &scene, "copy")
    });
}

fn copied(bench: &Bench<'_>, scene: &Scene<'_>, name: &str) -> Result<String> {
    Ok(format!("lre: `{}` is now a copy of `{}`\n", scene.inside("lre.bazelrc"), bench.get(name)?.bazelrc))
}

/// The copy has the bytes of the store file, and the root leads to that.
fn expect_copy(bench: &Bench<'_>, scene: &Scene<'_>, name: &str) -> Result<()> {
    let made = bench.get(name)?;
    expect_equal("the root", &scene.link(".lre-root")?, &made.bazelrc)?;
    let compare = format!("[ ! -L lre.bazelrc ] && cmp lre.bazelrc {}", made.bazelrc);
    scene.run(&compare, &Run::default(), "")
}
