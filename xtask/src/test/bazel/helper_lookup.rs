//! Where the program that checks is looked for, and what is said of one that does not do its work.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::workspace::{Workspace, demo_tag, module_file};
use crate::lab::Lab;
use crate::sandbox::source;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_lines};

/// A copy of the module, whose `helper/release.json` names a program.
const MODULE: &str = "checks/module";
/// Not `lre`.
const STUB: &str = "checks/stub-lre";

/// A program that is not `lre`, and how the message ends its first line.
struct Stub {
    claim: &'static str,
    script: &'static str,
    said: &'static str,
}

const STUBS: [Stub; 7] = [
    Stub {
        claim: "a helper that hangs is ended, and that is said",
        script: "#!/bin/sh\nexec sleep 1000\n",
        said: "did not check the toolchain `cc`: it did not end within 60 seconds\n\nhint: in a checkout",
    },
    Stub {
        claim: "a helper that crashes: the signal is said",
        script: "#!/bin/sh\nkill -SEGV $$\n",
        said: "did not check the toolchain `cc`: it was ended by signal 11 and printed nothing\n\nhint: in a checkout",
    },
    Stub {
        claim: "a program that ends with 0 and says nothing has checked nothing",
        script: "#!/bin/sh\n",
        said: "did not check the toolchain `cc`: it ended with 0 and printed nothing\n\nhint: in a checkout",
    },
    Stub {
        claim: "a helper that prints something else: it is quoted",
        script: "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10 11; do echo $i; done\n",
        said: "did not check the toolchain `cc`: it ended with 0 and printed\n  1\n  2\n  3\n  4\n  5\n  6\n  7\n  8\n  9\n  10\n  …\n\n\
               hint: in a checkout",
    },
    Stub {
        claim: "a helper that ends as if it had found something, but says nothing of it",
        script: "#!/bin/sh\necho not what you think >&2\nexit 1\n",
        said: "did not check the toolchain `cc`: it ended with 1 and printed\n  not what you think\n\nhint: in a checkout",
    },
    Stub {
        claim: "a helper of another version, which does not know the command",
        script: "#!/bin/sh\nprintf \"error: unrecognized subcommand 'check'\\n\\nUsage: lre <COMMAND>\\n\" >&2\nexit 2\n",
        said: "is refused: the program is of another version, or is not `lre`\nerror: unrecognized subcommand 'check'\n\n\
               Usage: lre <COMMAND>\n\nhint: in a checkout",
    },
    Stub {
        claim: "a helper of another version, which does not read the manifest",
        script: "#!/bin/sh\necho 'error: this program reads manifests of schema 0' >&2\nexit 2\n",
        said: "cannot check the toolchain `cc`\nerror: this program reads manifests of schema 0",
    },
];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    source::copy_repository(&place.outside(MODULE))?;
    let workspace = Workspace::create(lab, "lookup")?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    // `lre.bazelrc` names the helper; without it there is none.
    let flags = workspace.read("lre.bazelrc")?;
    let without: String = flags.split_inclusive('\n').filter(|line| !line.contains("LRE_HELPER")).collect();
    workspace.write("lre.bazelrc", &without)?;
    let build = |arguments: &[&str]| {
        workspace.bazel.run("build", &[&["--config=lre", "--nobuild", "//:one"], arguments].concat())
    };
    let expect_said = |arguments: &[&str], wanted: &str| {
        let outcome = build(arguments)?;
        if outcome.success {
            bail!("the build went on");
        }
        // From the middle of a line to the middle of another.
        if !outcome.stderr.contains(wanted) {
            return expect_lines("Bazel's message", &outcome.stderr, wanted);
        }
        Ok(())
    };
    let stub = format!("--repo_env=LRE_HELPER={}", place.text(STUB));
    workspace.write_module("src", &demo_tag(""))?;
    for Stub { claim, script, said } in STUBS {
        tally.check(claim, || {
            write_program(lab, STUB, script)?;
            expect_said(
                &[&stub, "--experimental_scale_timeouts=0.05"],
                &format!("`{} check lre-cc` {said}", place.text(STUB)),
            )
        });
    }
    tally.check("a helper that cannot be run", || {
        write_program(lab, STUB, "#!/no/such/interpreter\n")?;
        expect_said(
            &[&stub],
            &format!("`{} check lre-cc` did not check the toolchain `cc`: it ended with 1", place.text(STUB)),
        )
    });
    tally.check("without any helper the message says where one was looked for", || {
        let wanted = "there is no `lre.helper` tag, `LRE_HELPER` is not set or empty, and `helper/release.json` names no published \
                      release for `x86_64-linux`\n\nhint: in a checkout";
        expect_said(&[], wanted)?;
        expect_said(&[], "\n  --repo_env=LRE_LOCAL=off\n")?;
        build(&["--repo_env=LRE_LOCAL=off"])?.expect_success("the analysis").map(drop)
    });
    tally.check("`lre.helper` comes before LRE_HELPER, and may name a file of the workspace", || {
        write_program(lab, STUB, "#!/bin/sh\nexit 7\n")?;
        source::copy(&place.outside("bin/lre"), &place.outside(&workspace.path).join("tools/lre"))?;
        workspace.write_module("src", &(demo_tag("") + "lre.helper(path = \"tools/lre\")\n"))?;
        build(&[&stub])?.expect_success("the analysis").map(drop)
    });
    tally.check("LRE_HELPER comes before the published release", || {
        write_release(lab, "bin/lre", &"0".repeat(64))?;
        workspace.write_module(MODULE, &demo_tag(""))?;
        let helper = format!("--repo_env=LRE_HELPER={}", lab.helper());
        build(&[&helper])?.expect_success("the analysis").map(drop)
    });
    let sha256 = sha256(lab, "bin/lre")?;
    tally.check("the published release is downloaded, verified and run", || {
        write_release(lab, "bin/lre", &sha256)?;
        build(&[])?.expect_success("the analysis")?;
        let said =
            workspace.bazel.run("run", &["--config=lre", "@local-remote-execution//helper:check", "--", "lre-cc"])?;
        said.expect_success("`helper:check`").map(drop)
    });
    tally.check("a release of another SHA-256 is refused, and both are said", || {
        let wrong = "0".repeat(64);
        write_release(lab, "bin/lre", &wrong)?;
        expect_said(&[], &format!("Checksum was {sha256} but wanted {wrong}"))?;
        let url = format!("file://{}", lab.helper());
        // The server forgets nothing else: the failed download is tried again.
        expect_said(
            &[],
            &format!(
                "`lre` 0.0.0 could not be downloaded from `{url}`, or is not the program with the SHA-256 `{wrong}` that \
                 `helper/release.json` names; the warning above says which\n\nhint: in a checkout"
            ),
        )
    });
    tally.check("a release without a usable SHA-256 is never downloaded", || {
        for unusable in ["", "sha256-AAAA"] {
            write_release(lab, "bin/lre", unusable)?;
            let wanted = "`helper/release.json` has no `url` with a `sha256` of 64 hexadecimal digits for `x86_64-linux`\n\n\
                          hint: in a checkout";
            expect_said(&[], wanted)?;
        }
        Ok(())
    });
    tally.check("an unreleased commit through git_override uses the last published release", || {
        write_release(lab, "bin/lre", &sha256)?;
        let commit = commit(lab)?;
        let remote = format!("file://{}", place.text(MODULE));
        let text = format!(
            "git_override(\n    module_name = \"local-remote-execution\",\n    commit = \"{commit}\",\n    remote = \"{remote}\",\n)\n"
        );
        workspace.write("MODULE.bazel", &module_file(&text, &demo_tag("")))?;
        build(&[])?.expect_success("the analysis").map(drop)
    });
    tally.check("LRE024: another commit of this module in flake.lock stops the fetch, until both are the same", || {
        let module = workspace.read("MODULE.bazel")?;
        let commit = module.split_once("commit = \"").map_or("", |(_, rest)| rest.split('"').next().unwrap_or_default());
        let lock = |revision: &str| {
            let locked = serde_json::json!({"type": "git", "url": "https://example.org/lre", "rev": revision, "narHash": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "lastModified": 1});
            let nodes = serde_json::json!({"root": {"inputs": {"local-remote-execution": "module"}}, "module": {"locked": locked, "original": {"type": "git"}}});
            format!("{:#}\n", serde_json::json!({"version": 7, "root": "root", "nodes": nodes}))
        };
        let other = "d407951447dcd00442e97087bf374aad70c04cea";
        workspace.write("flake.lock", &lock(other))?;
        let said = build(&[])?;
        for wanted in ["error[LRE024]", "MODULE.bazel:", "flake.lock:", other, commit] {
            if said.success || !said.stderr.contains(wanted) {
                bail!("it lacks `{wanted}`:\n{}", said.stderr);
            }
        }
        workspace.write("flake.lock", &lock(commit))?;
        build(&[])?.expect_success("the analysis").map(drop)
    });
    workspace.bazel.shutdown()
}

/// Puts a program below the sandbox's place.
fn write_program(lab: &Lab, path: &str, script: &str) -> Result<()> {
    let file = lab.sandbox.place().outside(path);
    fs::write(&file, script).with_context(|| format!("cannot write `{}`", file.display()))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Writes the copied module's `helper/release.json`; `program` lies below the sandbox's place.
fn write_release(lab: &Lab, program: &str, sha256: &str) -> Result<()> {
    let place = lab.sandbox.place();
    let release = serde_json::json!({
        "version": "0.0.0",
        "platforms": {"x86_64-linux": {"url": format!("file://{}", place.text(program)), "sha256": sha256}},
    });
    fs::write(place.outside(MODULE).join("helper/release.json"), release.to_string())?;
    Ok(())
}

fn sha256(lab: &Lab, program: &str) -> Result<String> {
    let digest = Sha256::digest(fs::read(lab.sandbox.place().outside(program))?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes the copied module a Git repository; returns its one commit.
fn commit(lab: &Lab) -> Result<String> {
    let script = "git init --quiet . && git add --force . && \
                  git -c user.name=test -c user.email=test@example.com commit --quiet --message module && git rev-parse HEAD";
    let place = lab.sandbox.place();
    let entry = lab.sandbox.command("bash").args(["-euc", script]).directory(place.inside(MODULE)).env("HOME", "/root");
    Ok(output(entry)?.trim().to_owned())
}
