//! What reads only writes nothing, what needs no network opens no socket, and what is temporary is private.

use std::path::Path;
use std::process::Command;

use crate::injection::{Traced, run_in_place, words};
use crate::jobs::{changed_folder, generated, registered_and_base};
use crate::support::{COMPILER, ROOT, Scene};

/// A command that only reads, in a scene.
type Reader = (&'static [&'static str], fn() -> Scene);

const CHECK: [&str; 4] = ["check", "out", "--store", "store"];

const READERS: [Reader; 10] = [
    (&CHECK, generated),
    (&CHECK, changed_folder),
    (&["check", "out", "--store", "store", "--deep", "--format", "json"], registered_and_base),
    (&["check", "out", "--no-store", "--confirm"], generated),
    (&["regen", "--out", "out", "--mode=check"], changed_folder),
    (&["pin", "out"], generated),
    (&["image", "inspect", "oci:base"], registered_and_base),
    (&["bazelrc", "--env-json", "env.json"], generated),
    (&["explain", "base.json", "argument.json"], execution_logs),
    (&["explain", "base.json", "argument.json", "--format", "json"], execution_logs),
];

fn execution_logs() -> Scene {
    let scene = Scene::empty();
    for (name, text) in [
        ("base.json", include_str!("../execution_logs/base.json")),
        ("argument.json", include_str!("../execution_logs/argument.json")),
    ] {
        scene.write(name, text);
    }
    scene
}

#[test]
fn check_explain_and_all_that_reads_change_nothing_on_any_disk() {
    for (arguments, prepare) in READERS {
        let scene = prepare();
        let calls = Traced { scene: &scene, arguments, with_threads: true }.calls();
        let lines: Vec<&str> = calls.iter().map(|call| call.line()).collect();
        assert!(lines.is_empty(), "{arguments:?}:\n{}", lines.join("\n"));
    }
}

#[test]
fn what_reads_and_what_a_fetch_runs_open_no_socket() {
    for (arguments, prepare) in READERS {
        let scene = prepare();
        let lines = Traced { scene: &scene, arguments, with_threads: true }.lines("%network");
        assert!(lines.iter().all(|line| !line.contains("socket")), "{arguments:?}:\n{}", lines.join("\n"));
    }
}

#[test]
fn check_is_clean_where_there_is_no_network() {
    let scene = generated();
    let mut command = Command::new("unshare");
    command.arg("--net").args(words(&CHECK));
    assert!(run_in_place(&scene, &mut command).success());
}

/// What `umask 0` leaves of a temporary file.
fn modes_in_trace(lines: &[String], folder: &Path) -> Vec<String> {
    let inside = folder.display().to_string();
    let is_new = |line: &&String| line.contains(&inside) && (line.contains("O_CREAT") || line.contains("mkdir"));
    lines.iter().filter(is_new).cloned().collect()
}

#[test]
fn temporary_files_and_folders_are_private_whatever_the_umask() {
    for (arguments, prepare) in [
        (
            &["regen", "--env-json", "env.json", "--out", "new", "--store", "store"][..],
            (|| Scene::with_compiler(COMPILER)) as fn() -> Scene,
        ),
        (&["check", "out", "--store", "store", "--image", "oci:base"], registered_and_base),
        (
            &["rewrite", "--from", ROOT, "--to", "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-b", "out/cc/BUILD"],
            generated,
        ),
    ] {
        let scene = prepare();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "umask 0; exec strace --quiet=all --output=trace --follow-forks --trace=openat,mkdir,mkdirat \"$@\"",
            "sh",
        ]);
        command.args(words(arguments));
        run_in_place(&scene, &mut command);
        let lines: Vec<String> = scene.read("trace").lines().map(str::to_owned).collect();
        let first = modes_in_trace(&lines, scene.path());
        // The outer folder decides: nobody gets past it.
        let outer =
            first.iter().find(|line| line.contains("/tmp/lre-") || line.contains(".tmp")).expect("a temporary file");
        assert!(outer.contains("0700)") || outer.contains("0600)"), "{arguments:?}: {outer}");
    }
}
