//! Files of the root workspace that pin something: when they are compared, and what is said of a disagreement.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::helper_message;
use super::workspace::{Workspace, demo_tag};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal, expect_lines};

/// Counts its calls, then is `lre`.
const COUNTER: &str = "bin/pins-lre";
const COUNT: &str = "bin/pins-lre.count";

const REVISION: &str = "572af610f6151fd41c212f897c71f7056e3fb518";
const OTHER: &str = "d407951447dcd00442e97087bf374aad70c04cea";
const HASH: &str = "sha256-cfh1hi+6muQMbi9acOlju3V1gl8BEaZBXBR9jQfQi4U=";

/// Runs the checks in a workspace with the demo's toolchain, whose `.bazelrc` imports `lre.bazelrc`.
pub(super) fn run(tally: &mut Tally, lab: &Lab, workspace: &Workspace<'_>) -> Result<()> {
    workspace.write("segments/BUILD.bazel", "")?;
    workspace.write("segments/one.MODULE.bazel", "# nothing yet\n")?;
    workspace.write_module("src", &(demo_tag("") + "include(\"//segments:one.MODULE.bazel\")\n"))?;
    pin_nixpkgs(workspace)?;
    freshness(tally, lab, workspace)?;
    disagreements(tally, lab, workspace);
    tags(tally, workspace);
    Ok(())
}

/// Records the flake input that the demo's Env would come from.
fn pin_nixpkgs(workspace: &Workspace<'_>) -> Result<()> {
    let mut manifest: Value = serde_json::from_str(&workspace.read("lre-cc/lre.json")?)?;
    manifest["pin"] = json!({"nixpkgs": {"rev": REVISION, "narHash": HASH, "lastModified": 1}});
    workspace.write("lre-cc/lre.json", &(serde_json::to_string_pretty(&manifest)? + "\n"))
}

/// A lock file of a flake with the inputs `nixpkgs` and this module, so that `MODULE.bazel` is read too.
fn lock(revision: &str) -> String {
    let lock = json!({
        "nodes": {
            "nixpkgs": {
                "locked": {"lastModified": 1, "narHash": HASH, "owner": "NixOS", "repo": "nixpkgs", "rev": revision, "type": "github"},
                "original": {"owner": "NixOS", "repo": "nixpkgs", "type": "github"},
            },
            "root": {"inputs": {"nixpkgs": "nixpkgs", "local-remote-execution": "nixpkgs"}},
        },
        "root": "root",
        "version": 7,
    });
    format!("{lock:#}\n")
}

/// What makes a fetched toolchain be checked again, and what does not.
fn freshness(tally: &mut Tally, lab: &Lab, workspace: &Workspace<'_>) -> Result<()> {
    let place = lab.sandbox.place();
    let script = format!("#!/bin/sh\necho >>{}\nexec {} \"$@\"\n", place.text(COUNT), lab.helper());
    fs::write(place.outside(COUNTER), script)?;
    fs::set_permissions(place.outside(COUNTER), fs::Permissions::from_mode(0o755))?;
    fs::write(place.outside(COUNT), "")?;
    let helper = format!("--repo_env=LRE_HELPER={}", place.text(COUNTER));
    let expect_checks = |wanted: usize| -> Result<()> {
        let words = ["--config=lre", &helper, "--nobuild", "//:one"];
        workspace.bazel.run("build", &words)?.expect_success("the analysis")?;
        let count = fs::read_to_string(place.outside(COUNT))?.lines().count();
        if count != wanted {
            bail!("the helper has run {count} times by now, not {wanted}");
        }
        Ok(())
    };
    tally.check("a changed flake.lock, MODULE.bazel, segment of it or lre.bazelrc is checked again, once each", || {
        expect_checks(1)?;
        expect_checks(1)?;
        let module = workspace.read("MODULE.bazel")?;
        let rc = workspace.read("lre.bazelrc")?;
        let changes = [
            ("flake.lock", lock(REVISION)),
            ("flake.lock", lock(REVISION) + "\n"),
            ("MODULE.bazel", module + "\n# changed\n"),
            ("segments/one.MODULE.bazel", "# changed\n".to_owned()),
            ("lre.bazelrc", rc + "\n# changed\n"),
        ];
        for (index, (file, text)) in changes.iter().enumerate() {
            workspace.write(file, text)?;
            expect_checks(index + 2)?;
            expect_checks(index + 2)?;
        }
        Ok(())
    });
    tally.check("no other file of the workspace is checked again", || {
        let before = fs::read_to_string(place.outside(COUNT))?.lines().count();
        for file in ["flake.nix", "segments/BUILD.bazel", "one.cc", "notes.txt", ".bazelignore"] {
            let text = workspace.read(file).unwrap_or_default();
            workspace.write(file, &(text + "\n"))?;
            expect_checks(before)?;
        }
        Ok(())
    });
    Ok(())
}

/// Each disagreement as the fetch says it.
fn disagreements(tally: &mut Tally, lab: &Lab, workspace: &Workspace<'_>) {
    let refused = |code: &str, file: &str, text: &str| -> Result<String> {
        let before = workspace.read(file)?;
        workspace.write(file, text)?;
        let outcome = helper_message(lab, &workspace.path, "lre-cc").and_then(|said| {
            if !said.starts_with(&format!("error[{code}]")) {
                bail!("`lre check` does not say {code}:\n{said}");
            }
            let refused = workspace.refused("build", &["--config=lre", "--nobuild", "//:one"])?;
            expect_lines("Bazel's message", &refused, &said)?;
            Ok(said)
        });
        workspace.write(file, &before)?;
        outcome
    };
    tally.check("LRE023: another revision in flake.lock stops the fetch, and both sides are quoted", || {
        let said = refused("LRE023", "flake.lock", &lock(OTHER))?;
        for wanted in ["flake.lock:", "lre-cc/lre.json:", OTHER, REVISION] {
            if !said.contains(wanted) {
                bail!("it lacks `{wanted}`:\n{said}");
            }
        }
        Ok(())
    });
    tally.check("LRE025: another Env in lre.bazelrc stops the fetch", || {
        let rc = workspace.read("lre.bazelrc")?;
        let tools = &lab.sandbox.toolchain.tools;
        refused("LRE025", "lre.bazelrc", &rc.replace(&format!(":{tools}/bin"), "")).map(drop)
    });
    tally.check("LRE027: a broken flake.lock stops the fetch with line and column", || {
        let said = refused("LRE027", "flake.lock", "{\n  \"nodes\": }\n")?;
        if !said.contains("flake.lock:2:12") {
            bail!("it says:\n{said}");
        }
        Ok(())
    });
    tally.check("`lre pin --sync` mends what `lre pin` shows, and the next build goes on", || {
        let rc = workspace.read("lre.bazelrc")?;
        let tools = &lab.sandbox.toolchain.tools;
        workspace.write("lre.bazelrc", &rc.replace(&format!(":{tools}/bin"), ""))?;
        let place = lab.sandbox.place();
        let pin = |words: &[&str]| -> Result<bool> {
            let entry = lab.sandbox.command(&lab.helper()).args(["pin", "lre-cc"]).args(words);
            Ok(entry.directory(place.inside(&workspace.path)).build().output()?.status.success())
        };
        let ended = [pin(&[])?, pin(&["--sync"])?, pin(&[])?];
        expect_equal("how the three runs end", &format!("{ended:?}"), "[false, true, true]")?;
        workspace.run("build", &["--config=lre", "--nobuild", "//:one"])?.expect_success("the analysis").map(drop)
    });
}

/// What is said of a `pin` tag that cannot be followed.
fn tags(tally: &mut Tally, workspace: &Workspace<'_>) {
    let said = |tags: &str| -> Result<String> {
        workspace.write_module("src", &(demo_tag("") + tags))?;
        workspace.refused("build", &["--config=lre", "--nobuild", "//:one"])
    };
    tally.check("`lre.pin` names another lock file, which is compared, watched, and has to be there", || {
        workspace.write_module("src", &(demo_tag("") + "lre.pin(flake_lock = \"nix/flake.lock\")\n"))?;
        let build = || workspace.run("build", &["--config=lre", "--nobuild", "//:one"]);
        workspace.write("nix/flake.lock", &lock(REVISION))?;
        build()?.expect_success("the analysis")?;
        workspace.write("nix/flake.lock", &lock(OTHER))?;
        let refused = build()?;
        if refused.success || !refused.stderr.contains("nix/flake.lock:") {
            bail!("it says:\n{}", refused.stderr);
        }
        let absent = said("lre.pin(flake_lock = \"no/flake.lock\")\n")?;
        if !absent.contains("error[LRE027]") || !absent.contains("no/flake.lock") {
            bail!("it says:\n{absent}");
        }
        Ok(())
    });
    tally.check("a label in place of a path, and a second `lre.pin`, are refused with the edit", || {
        let label = said("lre.pin(flake_lock = \"//nix:flake.lock\")\n")?;
        let wanted = "Error in fail: `lre.pin` has the `flake_lock` `//nix:flake.lock`, which is no path below the root \
                      workspace\n\nhint: write `nix/flake.lock`";
        expect_lines("Bazel's message", &label, wanted)?;
        let twice = said("lre.pin()\nlre.pin(flake_lock = \"b.lock\")\n")?;
        let wanted =
            "Error in fail: `lre.pin` is given 2 times, for `flake.lock` and `b.lock`\n\nhint: keep one of them";
        expect_lines("Bazel's message", &twice, wanted)
    });
}
