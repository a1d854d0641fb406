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
