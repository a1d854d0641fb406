//! `lre pin`: every kind of override, every kind of disagreement, and what `--sync` changes.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::support::Scene;

const COMMIT: &str = "64ed20a40964b8c606c7d65f76af840bcfc837fd";
pub(crate) const OTHER: &str = "d407951447dcd00442e97087bf374aad70c04cea";
const CLEAN: &str = "exit 0\n--- stdout\n--- stderr\n";
const AGREES: &str = "exit 0\n--- stdout\n--- stderr\n\
    no disagreement in `MODULE.bazel`, `flake.lock`; a toolchain's folder, as in `lre pin lre-cc`, adds what its manifest \
    pins\n";

/// A workspace whose flake has this module as an input, locked at [`COMMIT`].
pub(crate) fn workspace(override_: &str) -> Scene {
    let scene = Scene::empty();
    let inputs = r#""local-remote-execution": ["tools", "lre"], "tools": "tools""#;
    scene.write("flake.lock", &lock(inputs, r#""tools": {"inputs": {"lre": "lre_2"}},"#, "lre_2", COMMIT, ""));
    scene.write("MODULE.bazel", &module(override_));
    scene
}

/// A lock file with one locked node.
fn lock(inputs: &str, nodes: &str, name: &str, rev: &str, original: &str) -> String {
    format!(
        r#"{{
  "nodes": {{
    "root": {{"inputs": {{{inputs}}}}},
    {nodes}
    "{name}": {{
      "locked": {{
        "lastModified": 1,
        "narHash": "sha256-Sl3WUBzaazTaPGy9q/j7lPeOq8IWLuYVlo/4tyxMKNI=",
        "owner": "o",
        "repo": "r",
        "rev": "{rev}",
        "type": "github"
      }},
      "original": {{{original}"owner": "o", "repo": "r", "type": "github"}}
    }}
  }},
  "root": "root",
  "version": 7
}}
"#
    )
}

fn module(override_: &str) -> String {
    format!("module(name = \"mine\")\n\nbazel_dep(name = \"local-remote-execution\")\n{override_}")
}

pub(crate) fn git(commit: &str) -> String {
    format!(
        "git_override(\n    module_name = \"local-remote-execution\",\n    remote = \"https://example.org/lre\",\n    {commit},\n)\n"
    )
}

fn archive(commit: &str, more: &str) -> String {
    format!(
        "archive_override(\n    module_name = \"local-remote-execution\",\n    strip_prefix = \"lre-{commit}\",\n    \
         urls = [\"https://example.org/lre/archive/{commit}.tar.gz\"],{more}\n)\n"
    )
}

#[test]
fn git_override_with_the_locked_commit_is_clean_also_abbreviated_and_through_a_name() {
    for commit in [format!("commit = \"{COMMIT}\""), "commit = \"64ed20a\"".to_owned()] {
        assert_eq!(workspace(&git(&commit)).run_without_change(&["pin"]), AGREES);
    }
    let named = format!("COMMIT = \"{COMMIT}\"\n{}", git("commit = COMMIT"));
    assert_eq!(workspace(&named).run_without_change(&["pin"]), AGREES);
}

#[test]
fn git_override_with_another_commit_is_reported_and_synced() {
    let scene = workspace(&git(&format!("commit = \"{OTHER}\"")));
    assert_snapshot!("git", scene.run_without_change(&["pin"]));
    assert_snapshot!("git-dry-run", scene.run_without_change(&["pin", "--sync", "--dry-run"]));
    assert_snapshot!("git-sync", scene.run(&["pin", "--sync"]));
    assert_eq!(scene.read("MODULE.bazel"), module(&git(&format!("commit = \"{COMMIT}\""))));
    assert_eq!(scene.run_without_change(&["pin"]), AGREES);
    let again = "exit 0\n--- stdout\n--- stderr\nnothing to change\n";
    assert_eq!(scene.run_without_change(&["pin", "--sync"]), again);
}

#[test]
fn only_the_literal_changes_in_a_file_of_windows_with_comments_and_a_name() {
    let scene = workspace("");
    let text = |commit: &str| {
        format!(
            "# é\r\nC = '{commit}'  # keep {OTHER}\r\ngit_override(module_name = \"local-remote-execution\", commit = C, remote = \"r\")"
        )
    };
    scene.write("MODULE.bazel", &text(OTHER));
    let result = scene.run(&["pin", "--sync"]);
    assert!(result.starts_with("exit 0\n"), "{result}");
    assert_eq!(scene.read("MODULE.bazel"), text(COMMIT));
}

#[test]
fn archive_override_is_compared_by_its_urls_and_prefix() {
    assert_eq!(workspace(&archive(COMMIT, "")).run_without_change(&["pin"]), AGREES);
    let scene = workspace(&archive(OTHER, ""));
    assert_snapshot!("archive", scene.run_without_change(&["pin"]));
    let result = scene.run(&["pin", "--sync"]);
    assert!(result.starts_with("exit 0\n"), "{result}");
    assert_eq!(scene.read("MODULE.bazel"), module(&archive(COMMIT, "")));
    let mixed = archive(COMMIT, "").replace(&format!("lre-{COMMIT}"), &format!("lre-{OTHER}"));
    assert_snapshot!("archive-mixed", workspace(&mixed).run_without_change(&["pin"]));
}

#[test]
fn archive_override_with_an_integrity_is_not_edited() {
    let scene =
        workspace(&archive(OTHER, "\n    integrity = \"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\","));
    assert_snapshot!("archive-integrity", scene.run_without_change(&["pin", "--sync"]));
}

#[test]
fn overrides_that_name_no_commit_are_said_to_be_not_comparable() {
    let overrides = [
        git("tag = \"v1.2.3\""),
        git("branch = \"main\""),
        git("commit = commit()"),
        "local_path_override(\n    module_name = \"local-remote-execution\",\n    path = \"../lre\",\n)\n".to_owned(),
        "single_version_override(\n    module_name = \"local-remote-execution\",\n    version = \"1.2.3\",\n)\n".to_owned(),
        "multiple_version_override(\n    module_name = \"local-remote-execution\",\n    versions = [\"1\", \"2\"],\n)\n".to_owned(),
        archive("v1", "").replace("archive/v1", "archive/refs/tags/v1"),
        String::new(),
    ];
    let results: Vec<String> =
        overrides.iter().map(|text| format!("{text}{}", workspace(text).run_without_change(&["pin"]))).collect();
    assert_snapshot!("not-comparable", results.join("\n"));
    let versioned = module("").replace("\")\n\n", "\")\n").replace("execution\")", "execution\", version = \"1.2.3\")");
    let scene = workspace("");
    scene.write("MODULE.bazel", &versioned);
    assert_snapshot!("registry-version", scene.run_without_change(&["pin"]));
}

#[test]
fn version_or_tag_of_the_recorded_release_is_compared_by_its_commit() {
    let single =
        "single_version_override(\n    module_name = \"local-remote-execution\",\n    version = \"1.2.3\",\n)\n";
    for text in [git("tag = \"v1.2.3\""), single.to_owned()] {
        let scene = workspace(&text);
        let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated-cc");
        for name in ["lre.json", "config/BUILD"] {
            scene
                .write(&format!("module/cc/{name}"), &fs::read_to_string(pinned.join(name)).expect("a generated file"));
        }
        scene.write("module/MODULE.bazel", "module(name = \"local-remote-execution\")\n");
        let release =
            |commit: &str| format!("{{\"version\": \"1.2.3\", \"commit\": \"{commit}\", \"platforms\": {{}}}}");
        scene.write("module/helper/release.json", &release(COMMIT));
        let result = scene.run_without_change(&["pin", "module/cc"]);
        assert!(result.starts_with("exit 0\n") && !result.contains("no commit is recorded"), "{result}");
        scene.write("module/helper/release.json", &release(OTHER));
        let result = scene.run_without_change(&["pin", "module/cc"]);
        assert!(
            result.starts_with("exit 1\n") && result.contains("error[LRE024]") && result.contains(OTHER),
            "{result}"
        );
    }
}

#[test]
fn included_segments_are_read_and_edited() {
    let scene = workspace("");
    scene.write("MODULE.bazel", "include(\"//bazel:a.MODULE.bazel\")\n");
    scene.write("bazel/a.MODULE.bazel", "include(\"//:b.MODULE.bazel\")\n");
    scene.write("b.MODULE.bazel", &module(&git(&format!("commit = \"{OTHER}\""))));
    let result = scene.run(&["pin", "--sync"]);
    assert!(result.contains("b.MODULE.bazel:7:15: commit"), "{result}");
    assert_snapshot!("include", scene.run_without_change(&["pin"]));
    scene.write("b.MODULE.bazel", "include(\"//bazel:a.MODULE.bazel\")\n");
    assert_snapshot!("include-cycle", scene.run_without_change(&["pin"]));
    fs::remove_file(scene.path().join("b.MODULE.bazel")).expect("the segment was there");
    assert_snapshot!("include-absent", scene.run_without_change(&["pin"]));
}

#[test]
fn files_that_cannot_be_used_make_the_comparison_incomplete() {
    let scene = workspace(&git(&format!("commit = \"{COMMIT}\"")));
    scene.write("MODULE.bazel", "module(\n");
    assert_snapshot!("module-syntax", scene.run_without_change(&["pin"]));
    scene.write("MODULE.bazel", &module(&git("commit = \"a\"").repeat(2)));
    assert_snapshot!("module-twice", scene.run_without_change(&["pin"]));
    for (name, text) in [("lock-syntax", "{\"version\": 7,}"), ("lock-version", "{\"version\": 5, \"root\": \"root\"}")]
    {
        scene.write("flake.lock", text);
        assert_snapshot!(name, scene.run_without_change(&["pin"]));
    }
    scene.write(
        "flake.lock",
        &lock("\"local-remote-execution\": [\"a\"], \"a\": [\"local-remote-execution\"]", "", "n", COMMIT, ""),
    );
    assert_snapshot!("lock-cycle", scene.run_without_change(&["pin"]));
    let bare = Scene::empty();
    bare.write("MODULE.bazel", "");
    assert_snapshot!("named-module-absent", bare.run_without_change(&["pin", "--module-file", "MODULE"]));
    assert_snapshot!("named-lock-absent", scene.run_without_change(&["pin", "--flake-lock", "other.lock"]));
    assert_snapshot!("workspace-absent", scene.run_without_change(&["pin", "--workspace", "nowhere"]));
}

/// The published toolchain as a module beside the workspace, whose flake locks `nixpkgs` and `nativelink`.
fn consumer(nixpkgs: &str, original: &str) -> Scene {
    let scene = Scene::empty();
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated-cc");
    for name in ["BUILD.bazel", "cc/BUILD", "config/BUILD", "lre.json"] {
        scene.write(&format!("module/cc/{name}"), &fs::read_to_string(pinned.join(name)).expect("a generated file"));
    }
    scene.write("module/MODULE.bazel", "module(name = \"local-remote-execution\")\n");
    let native = format!(
        r#""native": {{"inputs": {{"nixpkgs": "n"}}, "locked": {{"rev": "{COMMIT}", "narHash": "sha256-Sl3WUBzaazTaPGy9q/j7lPeOq8IWLuYVlo/4tyxMKNI="}}}},"#
    );
    let inputs = r#""nativelink": "native", "nixpkgs": ["nativelink", "nixpkgs"]"#;
    scene.write("flake.lock", &lock(inputs, &native, "n", nixpkgs, original));
    scene
}

const NIXPKGS: &str = "572af610f6151fd41c212f897c71f7056e3fb518";

#[test]
fn input_of_another_revision_is_reported_and_synced_with_its_hash() {
    let scene = consumer(OTHER, "");
    assert_snapshot!("input", scene.run_without_change(&["pin", "module/cc"]));
    assert_snapshot!("input-sync", scene.run(&["pin", "module/cc", "--sync"]));
    assert_eq!(scene.run_without_change(&["pin", "module/cc"]), CLEAN);
}

#[test]
fn input_with_other_bytes_at_the_same_revision_is_reported() {
    assert_snapshot!("input-hash", consumer(NIXPKGS, "").run_without_change(&["pin", "module/cc"]));
}

#[test]
fn commit_in_flake_nix_is_not_edited_behind_its_back() {
    let scene = consumer(OTHER, &format!("\"rev\": \"{OTHER}\", "));
    assert_snapshot!("input-by-hand", scene.run_without_change(&["pin", "module/cc", "--sync"]));
}

#[test]
fn lock_without_a_pinned_input_is_said_not_to_be_compared() {
    let scene = consumer(OTHER, "");
    scene.write("flake.lock", &lock("\"nixpkgs\": \"n\"", "", "n", OTHER, ""));
    assert_snapshot!("input-absent", scene.run_without_change(&["pin", "module/cc"]));
}

#[test]
fn rc_file_of_another_env_is_reported_entry_by_entry_and_written_again() {
    let scene = consumer(NIXPKGS, "");
    fs::remove_file(scene.path().join("flake.lock")).expect("the lock was there");
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("module/cc/lre.json")).expect("a manifest");
    scene.write("env.json", &manifest["env"].to_string());
    let toolchain = ["bazelrc", "--env-json", "env.json", "--prefix", "lre", "--helper", "/bin/lre"];
    // What is said of cache and executor stays.
    let remote = ["--remote-cache", "grpcs://a.example.com", "--ci-remote-cache", "grpcs://b.example.com"];
    let credentials = ["--instance", "main", "--credential-helper", "%workspace%/credentials"];
    let rc = scene.run(&[&toolchain[..], &remote, &credentials].concat());
    let rc = rc.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr")).expect("an rc file").0;
    scene.write("lre.bazelrc", rc);
    assert_eq!(scene.run_without_change(&["pin", "module/cc"]), CLEAN);
    fs::remove_file(scene.path().join("lre.bazelrc")).expect("it was written");
    assert_snapshot!("rc-absent", scene.run_without_change(&["pin", "module/cc", "--sync"]));
    let changed = rc.replace("coreutils-9.5", "coreutils-9.6").replace("# CC=", "# CXX=");
    scene.write("lre.bazelrc", &changed);
    assert_snapshot!("rc", scene.run_without_change(&["pin", "module/cc"]));
    scene.write("lre.bazelrc", &rc.replace("--test_env=PATH=", "--test_env=PATH=/usr/bin:"));
    assert_snapshot!("rc-flag", scene.run_without_change(&["pin", "module/cc"]));
    // As Bazel's fetch asks, which is elsewhere than who reads the hint.
    let workspace = scene.path().display().to_string();
    let elsewhere = scene.run_without_change(&["pin", "--workspace", &workspace, "module/cc"]);
    assert_snapshot!("rc-elsewhere", elsewhere);
    assert_snapshot!("rc-sync", scene.run(&["pin", "module/cc", "--sync"]));
    assert_eq!(scene.read("lre.bazelrc"), rc);
    let empty = scene.run(&["bazelrc"]);
    let empty = empty.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr")).expect("an rc").0;
    scene.write("lre.bazelrc", empty);
    assert_snapshot!("rc-without-env", scene.run_without_change(&["pin", "module/cc"]));
    scene.write("lre.bazelrc", "build --jobs=4\n");
    assert_snapshot!("rc-unknown", scene.run_without_change(&["pin", "module/cc"]));
}

#[test]
fn symbolic_link_is_never_written_through() {
    let scene = workspace(&git(&format!("commit = \"{OTHER}\"")));
    fs::rename(scene.path().join("MODULE.bazel"), scene.path().join("real")).expect("the file was there");
    std::os::unix::fs::symlink("real", scene.path().join("MODULE.bazel")).expect("a new link");
    assert_snapshot!("link", scene.run_without_change(&["pin", "--sync"]));
}

#[test]
fn property_of_another_image_is_reported_and_synced() {
    let scene = consumer(NIXPKGS, "");
    fs::remove_file(scene.path().join("flake.lock")).expect("the lock was there");
    let config = scene.read("module/cc/config/BUILD");
    scene.edit("module/cc/config/BUILD", "docker://lre-cc:", "docker://other:");
    assert_snapshot!("image", scene.run_without_change(&["pin", "module/cc"]));
    let result = scene.run(&["pin", "module/cc", "--sync"]);
    assert!(result.starts_with("exit 0\n"), "{result}");
    assert_eq!(scene.read("module/cc/config/BUILD"), config);
}

#[test]
fn hint_runs_as_pasted_with_other_names() {
    let scene = workspace(&git(&format!("commit = \"{OTHER}\"")));
    scene.write("a b/MODULE.bazel", &scene.read("MODULE.bazel"));
    scene.write("a b/l.lock", &scene.read("flake.lock").replace("local-remote-execution", "lre"));
    let arguments = ["pin", "--workspace", "a b", "--flake-lock", "l.lock", "--input", "lre"];
    let reported = scene.run_without_change(&arguments);
    let command = "`lre pin --sync --workspace 'a b' --flake-lock l.lock --input lre`";
    assert!(reported.contains(command), "{reported}");
    let synced = scene.run(&[arguments.as_slice(), &["--sync"]].concat());
    assert!(synced.starts_with("exit 0\n"), "{synced}");
}

#[test]
fn revision_that_would_end_the_literal_is_never_written() {
    let scene = workspace(&git(&format!("commit = \"{OTHER}\"")));
    scene.edit("flake.lock", COMMIT, "x\\\"");
    assert_snapshot!("rev-with-a-quote", scene.run_without_change(&["pin", "--sync"]));
}

#[test]
fn hash_that_would_end_the_literal_is_never_written() {
    let scene = consumer(OTHER, "");
    let hash = "sha256-cfh1hi+6muQMbi9acOlju3V1gl8BEaZBXBR9jQfQi4U=";
    scene.edit("module/cc/lre.json", hash, "sha256-\\\"");
    assert_snapshot!("hash-with-a-quote", scene.run_without_change(&["pin", "module/cc", "--sync"]));
}

#[test]
fn node_that_two_pins_want_differently_is_not_edited() {
    let scene = consumer(OTHER, "");
    scene.write("flake.lock", &lock("\"nixpkgs\": \"n\", \"nativelink\": [\"nixpkgs\"]", "", "n", NIXPKGS, ""));
    scene.edit("flake.lock", "sha256-Sl3WUBzaazTaPGy9q/j7lPeOq8IWLuYVlo/4tyxMKNI=", "sha256-x");
    scene.edit(
        "flake.lock",
        "\"owner\": \"o\",\n        \"repo\": \"r\"",
        "\"owner\": \"TraceMachina\",\n        \"repo\": \"nativelink\"",
    );
    assert_snapshot!("one-node-two-pins", scene.run_without_change(&["pin", "module/cc", "--sync"]));
}

#[test]
fn locked_archive_or_other_repository_is_not_edited() {
    let scene = consumer(OTHER, "");
    scene.edit(
        "flake.lock",
        "\"type\": \"github\"\n",
        "\"type\": \"tarball\", \"url\": \"https://example.org/n.tar.gz\"\n",
    );
    assert_snapshot!("input-archive", scene.run_without_change(&["pin", "module/cc", "--sync"]));
}

#[test]
fn rc_file_with_another_number_of_lines_has_a_diff_that_applies() {
    let scene = consumer(NIXPKGS, "");
    fs::remove_file(scene.path().join("flake.lock")).expect("the lock was there");
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("module/cc/lre.json")).expect("a manifest");
    scene.write("env.json", &manifest["env"].to_string());
    let rc = scene.run(&["bazelrc", "--env-json", "env.json"]);
    let rc = rc.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr")).expect("an rc file").0;
    for (name, changed) in [
        ("rc-longer", rc.replace("# CC=", "# EXTRA=1\n# CC=") + "# more\n# more\n"),
        ("rc-shorter", rc.lines().filter(|line| !line.starts_with("# CC=")).map(|line| format!("{line}\n")).collect()),
    ] {
        scene.write("lre.bazelrc", &changed);
        assert_snapshot!(name, scene.run_without_change(&["pin", "module/cc", "--sync", "--dry-run"]));
    }
}

#[test]
fn other_bash_is_reported_once() {
    let scene = consumer(NIXPKGS, "");
    fs::remove_file(scene.path().join("flake.lock")).expect("the lock was there");
    let shell = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-bash-5/bin/bash";
    scene.edit("module/cc/lre.json", "  \"env\": [\n", &format!("  \"env\": [\n    \"BAZEL_SH={shell}\",\n"));
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("module/cc/lre.json")).expect("a manifest");
    scene.write("env.json", &manifest["env"].to_string());
    let rc = scene.run(&["bazelrc", "--env-json", "env.json"]);
    let rc = rc.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr")).expect("an rc file").0;
    scene.write("lre.bazelrc", &rc.replace("-bash-5/", "-bash-4/"));
    assert_snapshot!("rc-bash", scene.run_without_change(&["pin", "module/cc"]));
    scene.write("lre.bazelrc", &rc.replace("--shell_executable=/nix", "--shell_executable=/nox"));
    assert_snapshot!("rc-bash-flag", scene.run_without_change(&["pin", "module/cc"]));
}

#[test]
fn rc_file_waits_for_the_manifest_of_another_commit() {
    let scene = workspace(&git(&format!("commit = \"{OTHER}\"")));
    let published = consumer(NIXPKGS, "");
    for name in ["MODULE.bazel", "cc/BUILD.bazel", "cc/cc/BUILD", "cc/config/BUILD", "cc/lre.json"] {
        scene.write(&format!("module/{name}"), &published.read(&format!("module/{name}")));
    }
    let rc = scene.run(&["bazelrc"]);
    let rc = rc.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr")).expect("an rc file").0;
    scene.write("lre.bazelrc", rc);
    assert_snapshot!("rc-waits", scene.run(&["pin", "module/cc", "--sync"]));
    assert_eq!(scene.read("lre.bazelrc"), rc);
}

#[test]
fn this_repository_pins_nothing_that_disagrees() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO_BIN_EXE_lre")).args(["pin", "generated-cc"]).current_dir(repository).output();
    let output = output.expect("the binary runs");
    // The lock is that of this repository's own toolchains; the published one is from NativeLink's flake.
    let note = "note: `flake.lock` has no input `nativelink`, which `generated-cc/lre.json` pins: its inputs are not \
                compared with that pin\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), note);
    assert_eq!(output.status.code(), Some(0));
}
