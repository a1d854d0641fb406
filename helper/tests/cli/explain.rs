//! `lre explain`: real logs of builds that differ in one thing.

use insta::assert_snapshot;

use crate::support::Scene;

const LOGS: [(&str, &str); 8] = [
    ("base.json", include_str!("../execution_logs/base.json")),
    ("hit.json", include_str!("../execution_logs/hit.json")),
    ("again.json", include_str!("../execution_logs/again.json")),
    ("variable.json", include_str!("../execution_logs/variable.json")),
    ("drift.json", include_str!("../execution_logs/drift.json")),
    ("argument.json", include_str!("../execution_logs/argument.json")),
    ("input.json", include_str!("../execution_logs/input.json")),
    ("property.json", include_str!("../execution_logs/property.json")),
];

fn scene() -> Scene {
    let scene = Scene::empty();
    for (name, text) in LOGS {
        scene.write(name, text);
    }
    scene
}

/// A log of `base`'s spawns as they are after an edit.
fn edited(scene: &Scene, edits: &[(&str, &str)]) {
    scene.write("edited.json", LOGS[0].1);
    for (from, to) in edits {
        scene.edit("edited.json", from, to);
    }
}

#[test]
fn each_thing_that_differs_is_one_root_cause() {
    let scene = scene();
    for log in ["hit", "again", "variable", "drift", "argument", "input", "property"] {
        assert_snapshot!(log, scene.run_without_change(&["explain", "base.json", &format!("{log}.json")]));
    }
}

/// A log of `base`'s spawns as they are without the toolchain: on no platform, with the host's programs and variables, and
/// with a file of the toolchain that Bazel configures by itself.
fn write_unselected(scene: &Scene, name: &str, from: &str) {
    let mut text = String::new();
    for spawn in serde_json::Deserializer::from_str(from).into_iter::<serde_json::Value>() {
        let mut spawn = spawn.expect("a spawn");
        let program = if spawn["mnemonic"] == "Genrule" { "/bin/bash" } else { "/usr/bin/gcc" };
        spawn["commandArgs"][0] = program.into();
        spawn["commandArgs"].as_array_mut().expect("words").push("-lstdc++".into());
        spawn["platform"] = serde_json::json!({});
        spawn["environmentVariables"] = serde_json::json!([{"name": "PATH", "value": "/bin:/usr/bin"}]);
        let file = serde_json::json!({"path": "external/local_config_cc/builtin_include_directory_paths",
            "digest": {"hash": "b1", "sizeBytes": "1", "hashFunctionName": "SHA-256"}});
        spawn["inputs"].as_array_mut().expect("inputs").push(file);
        spawn["cacheHit"] = false.into();
        spawn["digest"]["hash"] = format!("{:064x}", text.len()).into();
        text += &(spawn.to_string() + "\n");
    }
    scene.write(name, &text);
}

#[test]
fn toolchain_that_one_build_did_not_select_is_the_first_cause_and_what_follows_from_it_is_none() {
    let scene = scene();
    write_unselected(&scene, "host.json", LOGS[0].1);
    assert_snapshot!("unselected", scene.run_without_change(&["explain", "base.json", "host.json"]));
    assert_snapshot!("unselected-json", scene.run(&["explain", "base.json", "host.json", "--format", "json"]));
    let page = scene.run(&["explain", "base.json", "host.json", "--format", "html"]);
    assert_eq!(page.matches("toolchain-not-selected").count(), 1, "{page}");
    assert!(!page.contains("platform-property") && !page.contains("shell-or-path"), "{page}");
    scene.write("lre/lre.json", include_str!("../../../generated-cc/lre.json"));
    let pinned = ["explain", "base.json", "host.json", "--manifest", "lre"];
    assert_snapshot!("unselected-pinned", scene.run_without_change(&pinned));
    assert_snapshot!("unselected-first", scene.run_without_change(&["explain", "host.json", "base.json"]));
    // Between two builds without the toolchain nothing of it is told.
    write_unselected(&scene, "other.json", LOGS[6].1);
    let said = scene.run_without_change(&["explain", "host.json", "other.json"]);
    assert!(said.contains("input `poem.txt` is") && !said.contains("select the toolchain"), "{said}");
}

/// A log whose spawns read a file of parameters, which no action makes.
fn with_parameters(log: &str, hash: &str) -> String {
    let mut text = String::new();
    for spawn in serde_json::Deserializer::from_str(log).into_iter::<serde_json::Value>() {
        let mut spawn = spawn.expect("a spawn");
        let file = serde_json::json!({"path": "bazel-out/k8-fastbuild/bin/libone.so-2.params",
            "digest": {"hash": hash, "sizeBytes": "1", "hashFunctionName": "SHA-256"}});
        spawn["inputs"].as_array_mut().expect("inputs").push(file);
        text += &(spawn.to_string() + "\n");
    }
    text
}

#[test]
fn file_of_parameters_follows_from_the_toolchain_that_was_not_selected() {
    let scene = scene();
    scene.write("with.json", &with_parameters(LOGS[0].1, "c1"));
    write_unselected(&scene, "without.json", &with_parameters(LOGS[0].1, "c2"));
    write_unselected(&scene, "host.json", LOGS[0].1);
    let said = scene.run_without_change(&["explain", "with.json", "without.json"]);
    let expected = scene.run_without_change(&["explain", "base.json", "host.json"]);
    assert_eq!(said, expected.replace("base.json", "with.json").replace("host.json", "without.json"));
}

#[test]
fn source_that_was_edited_too_is_told_beside_the_toolchain_that_was_not_selected() {
    let scene = scene();
    write_unselected(&scene, "host.json", LOGS[6].1);
    assert_snapshot!("unselected-and-edited", scene.run_without_change(&["explain", "base.json", "host.json"]));
}

#[test]
fn platform_without_its_property_in_some_actions_alone_is_no_toolchain_that_was_not_selected() {
    let scene = scene();
    let mut spawns: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(LOGS[0].1).into_iter().map(|spawn| spawn.expect("a spawn")).collect();
    spawns[0]["platform"] = serde_json::json!({});
    let text: String = spawns.iter().map(|spawn| spawn.to_string() + "\n").collect();
    scene.write("some.json", &text);
    let said = scene.run(&["explain", "base.json", "some.json"]);
    assert!(
        said.contains("platform property `container-image` is") && !said.contains("select the toolchain"),
        "{said}"
    );
    // A property of all actions, with the same compiler, is the build's default and no toolchain's.
    for spawn in &mut spawns {
        spawn["platform"] = serde_json::json!({});
    }
    let text: String = spawns.iter().map(|spawn| spawn.to_string() + "\n").collect();
    scene.write("none.json", &text);
    let said = scene.run(&["explain", "base.json", "none.json"]);
    assert!(
        said.contains("platform property `container-image` is") && !said.contains("select the toolchain"),
        "{said}"
    );
}

#[test]
fn one_log_alone_says_what_missed() {
    assert_snapshot!(scene().run(&["explain", "again.json"]));
}

#[test]
fn json_has_every_action() {
    assert_snapshot!(scene().run(&["explain", "base.json", "property.json", "--format", "json"]));
}

#[test]
fn page_loads_nothing_and_runs_nothing_that_a_log_says() {
    let scene = scene();
    edited(&scene, &[("//:tally\"", "//:<script>alert(1)</script>\""), ("\"-c\"", "\"<img src=x>\", \"-c\"")]);
    let page = scene.run(&["explain", "base.json", "edited.json", "--format", "html"]);
    for loads in ["http:", "https:", " src=\"", "<link", "@import", "url(", "<img", "<script>alert"] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert_snapshot!(page);
}

#[test]
fn bytes_say_where_outputs_differ() {
    let scene = scene();
    let arguments = ["explain", "base.json", "again.json", "--bytes", "a", "b"];
    assert_snapshot!("bytes-no-folder", scene.run(&arguments));
    scene.write("a/bazel-out/k8-fastbuild/bin/stamp.txt", "1764040681123456789\n");
    scene.write("b/hello", "");
    assert_snapshot!("bytes-no-file", scene.run(&arguments));
    scene.write("b/bazel-out/k8-fastbuild/bin/stamp.txt", "1764040699123456789\n");
    assert_snapshot!("bytes", scene.run(&arguments));
}

#[test]
fn no_file_outside_the_folders_is_read_for_a_log() {
    let scene = scene();
    for folder in ["a/x", "b/x"] {
        scene.write(&format!("{folder}/y"), folder);
    }
    scene.write("a/secret", "one");
    scene.write("b/secret", "two");
    for log in ["base.json", "again.json"] {
        scene.edit(log, "bazel-out/k8-fastbuild/bin/stamp.txt", "../secret");
    }
    assert_snapshot!("bytes-outside", scene.run(&["explain", "base.json", "again.json", "--bytes", "a/x", "b/x"]));
}

#[test]
fn shell_outside_the_store_is_told_from_arguments() {
    let scene = scene();
    let text = LOGS[0].1;
    let (_, program) = text.split_once("\"commandArgs\": [\"").expect("a command line");
    let (program, _) = program.split_once('"').expect("a program");
    edited(&scene, &[(&format!("\"commandArgs\": [\"{program}\""), "\"commandArgs\": [\"/usr/bin/cc\"")]);
    assert_snapshot!(scene.run(&["explain", "base.json", "edited.json"]));
}

#[test]
fn another_digest_function_or_configuration_is_the_only_cause() {
    let scene = scene();
    edited(&scene, &[("\"SHA-256\"", "\"BLAKE3\""), ("\"SHA256\"", "\"BLAKE3\"")]);
    assert_snapshot!("digest-function", scene.run(&["explain", "base.json", "edited.json"]));
    edited(&scene, &[("k8-fastbuild", "k8-opt")]);
    assert_snapshot!("configuration", scene.run(&["explain", "base.json", "edited.json"]));
}

#[test]
fn failed_actions_are_told() {
    let scene = scene();
    edited(&scene, &[("\"exitCode\": 0", "\"exitCode\": 1"), ("\"status\": \"\"", "\"status\": \"NON_ZERO_EXIT\"")]);
    assert_snapshot!("failed", scene.run(&["explain", "base.json", "edited.json"]));
}

#[test]
fn a_share_of_hits_may_be_enough() {
    let scene = scene();
    let run = |least: &str| scene.run(&["explain", "base.json", "property.json", "--fail-under", least]);
    assert!(run("80").starts_with("exit 0"), "{}", run("80"));
    assert!(run("80.1").starts_with("exit 1"), "{}", run("80.1"));
    assert_snapshot!("fail-under-101", run("101"));
}

#[test]
fn manifest_says_who_left_the_pinned_toolchain() {
    let scene = scene();
    scene.write("lre/lre.json", include_str!("../../../generated-cc/lre.json"));
    assert_snapshot!("pinned", scene.run(&["explain", "base.json", "property.json", "--manifest", "lre"]));
    assert_snapshot!("no-manifest", scene.run(&["explain", "base.json", "hit.json", "--manifest", "absent"]));
}

#[test]
fn unusable_logs_are_told_with_their_place() {
    let scene = scene();
    scene.write("cut.json", &LOGS[0].1[..10_000]);
    scene.write("empty.json", "");
    scene.write("text.json", "INFO: Build completed successfully\n");
    scene.write("other.json", "{\"name\": \"a package\"}\n");
    for log in ["cut", "empty", "text", "other", "absent"] {
        assert_snapshot!(log, scene.run(&["explain", "base.json", &format!("{log}.json")]));
    }
    scene.write("large.json", &format!("{{\"commandArgs\": [\"{}\"]}}", "x".repeat(1 << 20)));
    assert_snapshot!("memory", scene.run(&["explain", "large.json", "--max-memory", "64"]));
    assert_snapshot!("little-memory", scene.run(&["explain", "base.json", "--max-memory", "63"]));
}
