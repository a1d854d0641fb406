//! What is in the script's way: it is left alone and said, and the shell starts all the same.

use std::fs;

use anyhow::Result;

use super::bench::{Bench, Run, Scene};
use crate::test::case::{Tally, expect_equal};

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, bench: &Bench<'_>) {
    tally.check(
        &bench.claim("bug 4: in a bare repository nothing is written, and in `.git` the workspace is found"),
        || {
            let scene = bench.scene("git")?;
            git(&scene, "", "git init -q --bare bare; git init -q work")?;
            scene.write("work/MODULE.bazel", "")?;
            let before = scene.list("bare")?;
            let said = format!(
                "lre: no Bazel workspace around `{}`; those below the flake are named by `settings.workspaces`\n",
                scene.inside("bare")
            );
            scene.install("first", &Run { folder: "bare", ..Run::default() }, &said)?;
            expect_equal("the bare repository", &scene.list("bare")?.join(" "), &before.join(" "))?;
            let rc = &bench.get("first")?.bazelrc;
            let said = format!("lre: `{}` is now a link to `{rc}`\n", scene.inside("work/lre.bazelrc"));
            scene.install(
                "first",
                &Run { folder: "work/.git", after: "[ ! -e /lre.bazelrc ]", ..Run::default() },
                &said,
            )
        },
    );
    tally.check(
        &bench.claim("a file and a link of somebody else stay, and the command that is named removes them"),
        || {
            let scene = bench.scene("foreign")?;
            for (folder, target) in
                [("file", None), ("it's a link", Some("/etc/hostname")), ("rc", Some("/nix/store/x-other.bazelrc"))]
            {
                scene.write(&format!("{folder}/MODULE.bazel"), "")?;
                let path = format!("{folder}/lre.bazelrc");
                match target {
                    None => scene.write(&path, "build --my=flag\n")?,
                    Some(target) => std::os::unix::fs::symlink(target, scene.outside(&path))?,
                }
                let file = scene.inside(&path);
                let remove = format!("rm '{}'", file.replace('\'', r"'\''"));
                let said = format!(
                    "lre: `{file}` was not written by this flake, so it stays; to let the flake write it: {remove}\n"
                );
                for name in ["first", "copy"] {
                    scene.install(name, &Run { folder, ..Run::default() }, &said)?;
                }
                match target {
                    None => expect_equal("the file", &fs::read_to_string(scene.outside(&path))?, "build --my=flag\n")?,
                    Some(target) => expect_equal("the link", &scene.link(&path)?, target)?,
                }
                expect_equal("the workspace", &scene.list(folder)?.join(" "), "MODULE.bazel lre.bazelrc")?;
                scene.run(&remove, &Run::default(), "")?;
                expect_equal("the workspace", &scene.list(folder)?.join(" "), "MODULE.bazel")?;
            }
            Ok(())
        },
    );
    tally.check(&bench.claim("a folder that cannot be written is said, and the shell starts"), || {
        let scene = bench.scene("read-only")?;
        scene.write("MODULE.bazel", "")?;
        // Root writes everywhere: programs that refuse stand for a folder that does.
        for program in ["ln", "mv", "nix-store"] {
            scene.write(&format!("bin/{program}"), "#!/bin/sh\nexit 1\n")?;
        }
        let path = format!("{}:/usr/bin", scene.inside("bin"));
        let run = Run { before: "chmod +x bin/*", after: "echo started >&2", path: Some(&path), ..Run::default() };
        for name in ["first", "copy"] {
            scene.install(name, &run, &format!("lre: cannot write `{}`\nstarted\n", scene.inside("lre.bazelrc")))?;
        }
        expect_equal("the workspace", &scene.list("")?.join(" "), "MODULE.bazel bin")
    });
    tally.check(&bench.claim("a store file that is gone is said, and the old link stays"), || {
        let scene = bench.scene("gone")?;
        scene.write("MODULE.bazel", "")?;
        let made = bench.get("first")?;
        let gone = made.bazelrc.replace("-lre.bazelrc", "x-lre.bazelrc");
        let said = format!("lre: `{gone}` is not in the store any more; enter the shell again\n");
        scene.run(&made.script.replace(&made.bazelrc, &gone), &Run::default(), &said)?;
        expect_equal("the workspace", &scene.list("")?.join(" "), "MODULE.bazel")
    });
}

/// Runs git commands in a folder of the scene.
pub(super) fn git(scene: &Scene<'_>, folder: &str, script: &str) -> Result<()> {
    scene.run(script, &Run { folder, ..Run::default() }, "")
}
