//! `lre check`.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use lre::execlog::synthetic::{Build, write_synthetic_log};

use crate::support::{CHECK, COMPILER, ROOT, Scene};

/// A store path that no manifest here lists.
const OTHER: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-coreutils-9.5/bin/strip";

fn generated() -> Scene {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    scene
}

fn json() -> Vec<&'static str> {
    [CHECK.as_slice(), &["--format", "json"]].concat()
}

#[test]
fn generated_folder_is_clean() {
    let scene = generated();
    assert_snapshot!(scene.run_without_change(&CHECK));
    assert_snapshot!("clean-json", scene.run_without_change(&json()));
}

#[test]
fn pinned_toolchain_is_reported_missing_root_by_root() {
    let scene = Scene::empty();
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated-cc");
    for name in ["BUILD.bazel", "cc/BUILD", "config/BUILD", "lre.json"] {
        scene.write(&format!("generated-cc/{name}"), &fs::read_to_string(pinned.join(name)).expect("a generated file"));
    }
    let arguments = ["check", "generated-cc", "--store", "store"];
    assert_snapshot!(scene.run_without_change(&arguments));
    let arguments = [arguments.as_slice(), &["--format", "json"]].concat();
    assert_snapshot!("pinned-json", scene.run_without_change(&arguments));
}

#[test]
fn missing_root_is_reported_once_with_what_needs_it() {
    let scene = generated();
    fs::rename(scene.path().join("store"), scene.path().join("away")).expect("the store was there");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn missing_root_is_realised_in_the_checked_store() {
    let scene = generated();
    fs::rename(scene.path().join("store"), scene.path().join("a way")).expect("the store was there");
    assert_snapshot!(scene.run_without_change(&["check", "--store", "no where", "out"]));
}

#[test]
fn store_is_not_looked_at_on_request() {
    let scene = generated();
    fs::remove_dir_all(scene.path().join("store")).expect("the store was there");
    let arguments = ["check", "out", "--no-store"];
    assert_eq!(scene.run_without_change(&arguments), "exit 0\n--- stdout\n--- stderr\n");
    scene.edit("out/cc/BUILD", "7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1/bin/ar", &OTHER["/nix/store/".len()..]);
    scene.write("out/config/BUILD", "x = [\n");
    assert_snapshot!(scene.run_without_change(&arguments));
}

#[test]
fn file_that_bazel_prefers_to_a_generated_one_is_reported() {
    let scene = generated();
    scene.write("out/cc/BUILD.bazel", "");
    assert_snapshot!("one-replacing-file", scene.run_without_change(&CHECK));
    scene.write("out/config/BUILD.bazel", "");
    // Bazel prefers the generated `BUILD.bazel` to this one.
    scene.write("out/BUILD", "");
    assert_snapshot!("two-replacing-files", scene.run_without_change(&CHECK));
}

#[test]
fn syntax_error_hides_no_other_finding() {
    let scene = generated();
    scene.edit("out/cc/BUILD", "compiler = \"clang\",", "compiler = \"clang\" \"gcc\",");
    fs::remove_file(scene.path().join("out/config/BUILD")).expect("the file was there");
    fs::create_dir(scene.path().join("out/config/BUILD")).expect("a new folder");
    fs::rename(scene.path().join("store"), scene.path().join("away")).expect("the store was there");
    assert_snapshot!("syntax-error-and-others", scene.run_without_change(&CHECK));
    assert_snapshot!("syntax-error-and-others-json", scene.run_without_change(&json()));
}

#[test]
fn file_in_place_of_the_folder_is_told_with_the_right_command() {
    let scene = generated();
    assert_snapshot!("build-file-as-folder", scene.run_without_change(&["regen", "--out", "out/cc/BUILD"]));
    assert_snapshot!("other-file-as-folder", scene.run_without_change(&["check", "env.json"]));
}

#[test]
fn folder_that_is_no_toolchain_is_told_with_the_toolchains_that_may_be_meant() {
    let scene = generated();
    scene.write("src/main.cc", "");
    assert_snapshot!("other-folder", scene.run_without_change(&["check", "src"]));
    assert_snapshot!("workspace-as-toolchain", scene.run_without_change(&["check", "."]));
    let mut below = scene.command(&["check", "out"]);
    below.current_dir(scene.path().join("src"));
    assert_snapshot!("toolchain-above", scene.run_command(below));
}

#[test]
fn folder_inside_of_a_toolchain_is_told_with_the_right_command() {
    let scene = generated();
    assert_snapshot!("inner-folder", scene.run_without_change(&["check", "--no-store", "out/cc"]));
    assert_snapshot!("inner-out", scene.run_without_change(&["regen", "--out", "out/cc"]));
}

#[test]
fn findings_are_printed_for_code_review_services() {
    let scene = generated();
    scene.edit("out/cc/BUILD", "-Wall", "-Wextra");
    fs::remove_file(scene.path().join(format!("store{ROOT}/bin/ar"))).expect("the tool was there");
    for format in ["github", "sarif"] {
        let arguments: Vec<&str> = CHECK.iter().copied().chain(["--format", format]).collect();
        assert_snapshot!(format, scene.run_without_change(&arguments));
    }
}

#[test]
fn store_root_that_nothing_names_is_reported_at_its_line_of_the_manifest() {
    let scene = generated();
    let other = &OTHER[..OTHER.len() - "/bin/strip".len()];
    let entry = format!("{{\"path\": \"{other}\", \"narHash\": null}}, {{");
    scene.edit("out/lre.json", "\"storeRoots\": [\n    {", &format!("\"storeRoots\": [\n    {entry}"));
    scene.write(&format!("store{OTHER}"), "");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn path_outside_the_store_and_placeholder_are_reported_where_they_stand() {
    let scene = generated();
    scene.edit("out/cc/BUILD", &format!("\"cpp\": \"{ROOT}/bin/clang\""), "\"cpp\": \"/usr/bin/cpp\"");
    scene.edit("out/cc/BUILD", &format!("\"nm\": \"{ROOT}/bin/nm\""), "\"nm\": \"None\"");
    scene.edit("out/cc/BUILD", "\"-O2\"", "\"-Wl,-rpath,/usr/lib\"");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn toolchain_of_another_system_is_not_looked_for() {
    let scene = generated();
    scene.edit("out/lre.json", "\"system\": \"x86_64-linux\"", "\"system\": \"aarch64-darwin\"");
    fs::remove_dir_all(scene.path().join("store")).expect("the store was there");
    assert_snapshot!(scene.run_without_change(&CHECK));
    let arguments = ["check", "out", "--no-store"];
    assert_eq!(scene.run_without_change(&arguments), "exit 0\n--- stdout\n--- stderr\n");
}

/// An execution log with a C++ action of each program, on the platform of `image` or on another.
fn execution_log(scene: &Scene, programs: &[(&str, bool)]) -> String {
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    let ours = manifest["image"]["execProperties"].as_object().expect("properties").clone();
    let spawn = |(program, is_ours): &(&str, bool)| {
        let properties = ours.iter().filter(|_| *is_ours);
        let properties: Vec<_> =
            properties.map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
        let spawn = serde_json::json!({
            "commandArgs": [program, "-c", "one.cc"], "mnemonic": "CppCompile", "targetLabel": "//:one",
            "platform": {"properties": properties}, "inputs": [], "exitCode": 0,
        });
        serde_json::to_string_pretty(&spawn).expect("a spawn")
    };
    programs.iter().map(spawn).collect::<Vec<_>>().join("\n")
}

#[test]
fn compiler_outside_the_manifest_is_found_in_an_execution_log() {
    let scene = generated();
    let compiler = format!("{ROOT}/bin/clang");
    let arguments: Vec<&str> = CHECK.iter().copied().chain(["--execution-log", "log.json"]).collect();
    scene.write("log.json", &execution_log(&scene, &[(&compiler, true), ("/usr/bin/gcc", false)]));
    assert_eq!(scene.run_without_change(&arguments), "exit 0\n--- stdout\n--- stderr\n");
    let programs = [(compiler.as_str(), true), ("/usr/bin/gcc", true), ("/usr/bin/gcc", true), (OTHER, true)];
    scene.write("log.json", &execution_log(&scene, &programs));
    assert_snapshot!(scene.run_without_change(&arguments));
    scene.write("log.json", "{\"commandArgs\": [");
    assert_snapshot!("broken-log", scene.run_without_change(&arguments));
}

/// What the check says of a log, from the folder that `CHECK` is run in.
fn check_log(scene: &Scene, more: &[&str]) -> String {
    let arguments: Vec<&str> = CHECK.iter().copied().chain(["--execution-log", "log.json"]).collect();
    scene.run_without_change(&[arguments.as_slice(), more].concat())
}

#[test]
fn build_that_did_not_select_the_toolchain_is_found_in_its_execution_log() {
    let scene = generated();
    let compiler = format!("{ROOT}/bin/clang");
    let host = [("/usr/bin/gcc", false), ("/usr/bin/gcc", false), ("/usr/bin/ar", false)];
    scene.write("log.json", &execution_log(&scene, &host));
    assert_snapshot!("unselected", check_log(&scene, &[]));
    assert_snapshot!("unselected-json", check_log(&scene, &["--format", "json"]));
    scene.write("log.json", &execution_log(&scene, &host[..1]));
    assert_snapshot!("unselected-one", check_log(&scene, &[]));
    // Nothing else compiled it, whatever the platform is called.
    scene.write("log.json", &execution_log(&scene, &[(&compiler, false)]));
    assert_eq!(check_log(&scene, &[]), "exit 0\n--- stdout\n--- stderr\n");
    // An action of another kind says nothing about the toolchain.
    scene.write("log.json", &execution_log(&scene, &host).replace("CppCompile", "Genrule"));
    assert_eq!(check_log(&scene, &[]), "exit 0\n--- stdout\n--- stderr\n");
}

#[test]
fn fix_of_a_build_without_the_toolchain_names_the_config_of_the_workspace() {
    let scene = generated();
    scene.write("log.json", &execution_log(&scene, &[("/usr/bin/gcc", false)]));
    scene.write("MODULE.bazel", "");
    let hint = |rc: &str| {
        scene.write("lre.bazelrc", rc);
        let said = check_log(&scene, &[]);
        let (_, group) = said.split_once("error[LRE022]").expect("a finding");
        group.split_once("hint: ").and_then(|(_, rest)| rest.lines().next()).expect("a hint").to_owned()
    };
    let toolchain = "--extra_toolchains=@local-remote-execution//generated-cc/config:all";
    let hints = [
        format!("build:team {toolchain}\n"),
        format!("build {toolchain}\n"),
        "build:lre --extra_toolchains=@local-remote-execution//generated-java/config:all\n".to_owned(),
    ]
    .map(|rc| hint(&rc));
    assert_snapshot!("unselected-hints", hints.join("\n"));
}

#[test]
fn log_of_another_toolchain_is_told_from_one_of_none_in_any_format() {
    let scene = generated();
    let log = std::fs::File::create(scene.path().join("log.json")).expect("a file");
    // A compact log, whose actions ask for an image that is not the manifest's.
    write_synthetic_log(log, Build::First, 100).expect("a log");
    assert_snapshot!("other-toolchain", check_log(&scene, &[]));
}

#[test]
fn build_that_did_not_select_the_java_toolchain_is_found_in_its_execution_log() {
    let scene = Scene::empty();
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated-java");
    for name in ["BUILD.bazel", "java/BUILD", "config/BUILD", "lre.json"] {
        scene.write(&format!("out/{name}"), &fs::read_to_string(pinned.join(name)).expect("a generated file"));
    }
    let check = |log: &str| {
        scene.write("log.json", log);
        scene.run_without_change(&["check", "out", "--no-store", "--execution-log", "log.json"])
    };
    let log = execution_log(&scene, &[("external/remotejdk/bin/java", false), ("/usr/bin/gcc", false)]);
    assert_eq!(check(&log), "exit 0\n--- stdout\n--- stderr\n");
    assert_snapshot!("unselected-java", check(&log.replacen("CppCompile", "Javac", 1)));
}

#[test]
fn clean_check_says_so_on_request_alone() {
    let scene = generated();
    let confirmed: Vec<&str> = CHECK.iter().copied().chain(["--confirm"]).collect();
    assert_snapshot!("confirmed", scene.run_without_change(&confirmed));
    scene.edit("out/cc/BUILD", "-Wall", "-Wextra");
    assert_snapshot!("not-confirmed", scene.run_without_change(&confirmed));
}

#[test]
fn absent_and_unusable_tools_are_reported() {
    let scene = generated();
    fs::remove_file(scene.path().join(format!("store{ROOT}/bin/ar"))).expect("the tool was there");
    scene.write(&format!("store{ROOT}/bin/note"), "");
    fs::remove_file(scene.path().join(format!("store{ROOT}/bin/nm"))).expect("the tool was there");
    fs::rename(scene.path().join(format!("store{ROOT}/bin/note")), scene.path().join(format!("store{ROOT}/bin/nm")))
        .expect("the note was there");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn hand_edited_file_is_reported() {
    let scene = generated();
    scene.edit("out/cc/BUILD", "-O2", "-O3");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn all_findings_are_reported_at_once() {
    let scene = generated();
    scene.edit("out/cc/BUILD", &format!("\"strip\": \"{ROOT}/bin/strip\""), &format!("\"strip\": \"{OTHER}\""));
    scene.edit("out/cc/BUILD", "\"-O2\"", "\"-I/nix/store/short-x\"");
    fs::remove_file(scene.path().join("out/config/BUILD")).expect("the file was there");
    fs::remove_file(scene.path().join(format!("store{ROOT}/bin/ar"))).expect("the tool was there");
    assert_snapshot!(scene.run_without_change(&CHECK));
    assert_snapshot!("all-findings-json", scene.run_without_change(&json()));
}

#[test]
fn emptied_manifest_hides_nothing() {
    let scene = generated();
    let mut manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    manifest["files"] = serde_json::json!({});
    manifest["storeRoots"] = serde_json::json!([]);
    scene.write("out/lre.json", &manifest.to_string());
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn syntax_error_has_file_line_and_column() {
    let scene = generated();
    scene.edit("out/cc/BUILD", "compiler = \"clang\",", "compiler = \"clang\" \"gcc\",");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn endless_nesting_and_chains_are_errors() {
    let scene = generated();
    scene.write("out/cc/BUILD", &format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000)));
    assert_snapshot!(scene.run_without_change(&CHECK));
    scene.write("out/cc/BUILD", &format!("x = 1{}\n", " + 1".repeat(100_000)));
    assert_snapshot!("endless-chain", scene.run_without_change(&CHECK));
}

#[test]
fn newer_manifest_is_refused() {
    let scene = generated();
    scene.edit("out/lre.json", "\"schema\": 1,", "\"schema\": 2, \"new\": true,");
    assert_snapshot!(scene.run_without_change(&CHECK));
    assert_snapshot!("newer-manifest-json", scene.run_without_change(&json()));
}

#[test]
fn broken_manifest_is_refused() {
    let scene = generated();
    scene.write("out/lre.json", "{\n  \"schema\": 1,\n}\n");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn manifest_whose_env_steers_the_loader_or_spoils_an_rc_file_is_refused() {
    for (name, entry) in [("manifest-loader", "LD_AUDIT=/tmp/audit.so"), ("manifest-newline", "A=1\\nbuild --x")] {
        let scene = generated();
        scene.edit("out/lre.json", "\"env\": [", &format!("\"env\": [\"{entry}\","));
        assert_snapshot!(name, scene.run_without_change(&CHECK));
        scene.run_without_change(&["regen", "--out", "out"]);
    }
}

#[test]
fn manifest_that_names_files_elsewhere_is_refused() {
    let scene = generated();
    scene.edit("out/lre.json", "\"config/BUILD\":", "\"../secret\":");
    assert_snapshot!(scene.run_without_change(&CHECK));
}

#[test]
fn absent_manifest_is_refused() {
    assert_snapshot!(Scene::empty().run_without_change(&["check", "out"]));
}

/// A workspace whose files all agree: a flake with this module and nixpkgs as inputs, and the manifest's pin.
fn pinned() -> Scene {
    let scene = generated();
    let mut manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    manifest["pin"] = serde_json::json!({"nixpkgs": {"rev": NIXPKGS, "narHash": NAR_HASH, "lastModified": 1}});
    scene.write("out/lre.json", &format!("{manifest:#}\n"));
    scene.write("flake.lock", LOCK);
    scene.write("MODULE.bazel", MODULE);
    let rc = scene.run(&["bazelrc", "--env-json", "env.json", "--prefix", "lre"]);
    let rc = rc.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr")).expect("an rc file").0;
    scene.write("lre.bazelrc", rc);
    scene
}

const NIXPKGS: &str = "572af610f6151fd41c212f897c71f7056e3fb518";
const NAR_HASH: &str = "sha256-cfh1hi+6muQMbi9acOlju3V1gl8BEaZBXBR9jQfQi4U=";

const LOCK: &str = r#"{
  "nodes": {
    "lre": {
      "locked": {
        "lastModified": 1715204682,
        "narHash": "sha256-Sl3WUBzaazTaPGy9q/j7lPeOq8IWLuYVlo/4tyxMKNI=",
        "owner": "TraceMachina",
        "repo": "local-remote-execution",
        "rev": "64ed20a40964b8c606c7d65f76af840bcfc837fd",
        "type": "github"
      },
      "original": {
        "owner": "TraceMachina",
        "repo": "local-remote-execution",
        "type": "github"
      }
    },
    "nixpkgs": {
      "locked": {
        "lastModified": 1713895582,
        "narHash": "sha256-cfh1hi+6muQMbi9acOlju3V1gl8BEaZBXBR9jQfQi4U=",
        "owner": "nixos",
        "repo": "nixpkgs",
        "rev": "572af610f6151fd41c212f897c71f7056e3fb518",
        "type": "github"
      },
      "original": {
        "owner": "nixos",
        "repo": "nixpkgs",
        "type": "github"
      }
    },
    "root": {
      "inputs": {
        "local-remote-execution": "lre",
        "nixpkgs": "nixpkgs"
      }
    }
  },
  "root": "root",
  "version": 7
}
"#;

const MODULE: &str = r#"module(name = "mine")

bazel_dep(name = "local-remote-execution")
git_override(
    module_name = "local-remote-execution",
    commit = "64ed20a40964b8c606c7d65f76af840bcfc837fd",
    remote = "https://github.com/TraceMachina/local-remote-execution",
)
"#;

#[test]
fn files_that_agree_on_what_they_pin_are_clean() {
    let scene = pinned();
    assert_snapshot!(scene.run_without_change(&[CHECK.as_slice(), &["--confirm"]].concat()));
}

#[test]
fn every_pin_that_disagrees_is_a_finding_with_both_sides() {
    let scene = pinned();
    let other = "d407951447dcd00442e97087bf374aad70c04cea";
    scene.edit("flake.lock", NIXPKGS, other);
    scene.edit("MODULE.bazel", "64ed20a40964b8c606c7d65f76af840bcfc837fd", other);
    scene.edit("lre.bazelrc", &format!("CC={ROOT}/bin/clang"), &format!("CC={ROOT}/bin/gcc"));
    scene.edit("out/config/BUILD", "docker://lre-cc:", "docker://lre-cc:0");
    assert_snapshot!("pins-disagree", scene.run_without_change(&CHECK));
    assert_snapshot!("pins-disagree-json", scene.run_without_change(&json()));
}

#[test]
fn broken_file_that_pins_something_makes_the_check_incomplete() {
    let scene = pinned();
    scene.write("flake.lock", "{\n  \"nodes\": }\n");
    assert_snapshot!("pins-unreadable", scene.run_without_change(&CHECK));
}

#[test]
fn workspace_and_the_names_of_its_files_may_be_given() {
    let scene = pinned();
    for (from, to) in [("flake.lock", "work/nix/a.lock"), ("MODULE.bazel", "work/b.MODULE.bazel")] {
        scene.write(to, &scene.read(from));
        fs::remove_file(scene.path().join(from)).expect("the file was there");
    }
    scene.edit("work/nix/a.lock", NIXPKGS, "d407951447dcd00442e97087bf374aad70c04cea");
    let names = ["--workspace", "work", "--flake-lock", "nix/a.lock", "--module-file", "b.MODULE.bazel"];
    assert_snapshot!("pins-elsewhere", scene.run_without_change(&[CHECK.as_slice(), &names].concat()));
}

/// What every command that takes a toolchain makes of its two names.
#[test]
fn toolchain_is_named_by_its_folder_or_by_the_manifest_in_it() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let commands: [&[&str]; 6] = [
        &["check", "NAMED", "--store", "store"],
        &["pin", "NAMED"],
        &["explain", "absent.log", "--manifest", "NAMED"],
        &["deploy", "render", "--mode=check", "--manifest", "NAMED"],
        &["regen", "--mode=check", "--out", "NAMED"],
        &["image", "build", "--store", "store", "--manifest", "NAMED", "--out", "image"],
    ];
    for command in commands {
        let said = ["out", "out/lre.json"].map(|name| {
            let words: Vec<&str> = command.iter().map(|word| if *word == "NAMED" { name } else { word }).collect();
            scene.run_without_change(&words)
        });
        assert_eq!(said[0], said[1]);
        assert!(
            !said[0].contains("manifest `lre.json`") && !said[0].contains("not a toolchain's folder"),
            "{}",
            said[0]
        );
    }
}

#[test]
fn tool_that_only_an_edited_file_names_is_no_fault_of_the_store() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    scene.edit("out/cc/BUILD", &format!("{ROOT}/bin/ar\""), &format!("{ROOT}/bin/a\""));
    assert_snapshot!("edited-tool", scene.run_without_change(&CHECK));
    fs::remove_file(scene.path().join(format!("store{ROOT}/bin/nm"))).expect("the tool was there");
    assert_snapshot!("edited-and-absent-tool", scene.run_without_change(&CHECK));
}
