//! `lre.bazelrc` as a link, and what holds the toolchain.

use std::fs;

use anyhow::{Result, bail};

use super::bench::{Bench, Run};
use crate::test::case::{Tally, expect_equal};

/// Programs that a pure shell has; no `git`, no `nix-store`.
const PURE: [&str; 7] = ["cat", "ln", "mv", "readlink", "rm", "sh", "sleep"];

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, bench: &Bench<'_>) {
    // The first, because nothing else holds the toolchain yet.
    tally.check(
        &bench.claim("bug 8: garbage collection takes the toolchain once the workspace is gone, and not before"),
        || {
            let scene = bench.scene("root")?;
            scene.write("MODULE.bazel", "")?;
            let rc = &bench.get("first")?.bazelrc;
            scene.install(
                "first",
                &Run::default(),
                &format!("lre: `{}` is now a link to `{rc}`\n", scene.inside("lre.bazelrc")),
            )?;
            let dead = || -> Result<bool> {
                let output = bench.nix("nix-store").args(["--gc", "--print-dead"]).build().output()?;
                Ok(String::from_utf8_lossy(&output.stdout).lines().any(|path| path == bench.toolchain))
            };
            let delete = || bench.nix("nix-store").args(["--delete", &bench.toolchain]).build().output();
            if dead()? || delete()?.status.success() {
                bail!("the toolchain is garbage although `lre.bazelrc` names it");
            }
            fs::remove_dir_all(scene.outside(""))?;
            if !dead()? {
                bail!("the toolchain is held although no workspace is left");
            }
            Ok(())
        },
    );
    tally.check(&bench.claim("the script makes a link, says so, and is quiet when nothing changes"), || {
        let scene = bench.scene("link")?;
        scene.write("MODULE.bazel", "")?;
        let rc = &bench.get("first")?.bazelrc;
        let said = format!("lre: `{}` is now a link to `{rc}`\n", scene.inside("lre.bazelrc"));
        scene.install("first", &Run::default(), &said)?;
        scene.install("first", &Run::default(), "")?;
        expect_equal("the link", &scene.link("lre.bazelrc")?, rc)?;
        expect_equal("the workspace", &scene.list("")?.join(" "), "MODULE.bazel lre.bazelrc")
    });
    tally.check(&bench.claim("bug 3: run from a subdirectory, a stale link is updated"), || {
        let scene = bench.scene("subdirectory")?;
        scene.write("MODULE.bazel", "")?;
        scene.write("a/b/BUILD", "")?;
        let said = |name: &str| -> Result<String> {
            let rc = &bench.get(name)?.bazelrc;
            Ok(format!("lre: `{}` is now a link to `{rc}`\n", scene.inside("lre.bazelrc")))
        };
        scene.install("first", &Run::default(), &said("first")?)?;
        scene.install("second", &Run { folder: "a/b", ..Run::default() }, &said("second")?)?;
        expect_equal("the link", &scene.link("lre.bazelrc")?, &bench.get("second")?.bazelrc)?;
        expect_equal("the subdirectory", &scene.list("a/b")?.join(" "), "BUILD")
    });
    tally.check(
        &bench.claim("bug 6: no git is needed, and in a shell without Nix the link is made all the same"),
        || {
            let scene = bench.scene("pure")?;
            scene.write("workspace/MODULE.bazel", "")?;
            fs::create_dir_all(scene.outside("bin"))?;
            for program in PURE {
                std::os::unix::fs::symlink(format!("/usr/bin/{program}"), scene.outside(&format!("bin/{program}")))?;
            }
            let path = scene.inside("bin");
            let run = Run { folder: "workspace", path: Some(&path), ..Run::default() };
            let (file, rc) = (scene.inside("workspace/lre.bazelrc"), &bench.get("first")?.bazelrc);
            let said = format!(
                "lre: `{file}` keeps nothing from garbage collection, because `nix-store` did not make it a root\n\
             lre: `{file}` is now a link to `{rc}`\n"
            );
            scene.install("first", &run, &said)?;
            scene.install("first", &run, "")?;
            expect_equal("the link", &scene.link("workspace/lre.bazelrc")?, rc)
        },
    );
    tally.check(&bench.claim("bug 9: at every moment there is a whole link"), || {
        let scene = bench.scene("atomic")?;
        scene.write("MODULE.bazel", "")?;
        let scripts = [&bench.get("first")?.script, &bench.get("second")?.script];
        let install = format!("for i in 1 2 3 4 5 6 7 8 9 10; do\n{}\n{}\ndone", scripts[0], scripts[1]);
        // The reader ends when the writer takes its file away.
        let before = "{\n: >running\n}";
        let reader = "while [ -e running ]; do [ -f lre.bazelrc ] || { [ -e running ] && echo torn; }; done";
        let script =
            format!("{{ {} }} 2>/dev/null\n{reader} &\n{{ {install} }} 2>/dev/null\nrm running\nwait", scripts[0]);
        scene.run(&script, &Run { before, ..Run::default() }, "")
    });
    tally.check(&bench.claim("functions and options of the calling shell do not reach the script"), || {
        let scene = bench.scene("caller")?;
        scene.write("MODULE.bazel", "")?;
        let rc = &bench.get("first")?.bazelrc;
        let said = format!("lre: `{}` is now a link to `{rc}`\nstill there\n", scene.inside("lre.bazelrc"));
        let before =
            "for name in cat ln mv rm readlink pwd printf say; do eval \"$name() { exit 9; }\"; done\nset -f\nIFS=/";
        // Both streams in order.
        let run = Run { before, after: "echo still there >&2", ..Run::default() };
        scene.install("first", &run, &said)
    });
}
