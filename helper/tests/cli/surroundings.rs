//! What surrounds the program: its variables, and what stands where it writes.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use crate::support::{CHECK, COMPILER, REGEN, Scene};

fn generated() -> Scene {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    scene
}

#[test]
fn variables_that_are_no_text_are_no_panic() {
    let scene = generated();
    let bytes = || OsString::from_vec(vec![b'/', 0xff, 0xfe]);
    for name in ["PATH", "HOME", "XDG_CACHE_HOME", "NO_COLOR", "NIX_STATE_DIR", "LRE_LOCAL", "BAZEL_SH"] {
        let mut command = scene.command(&CHECK);
        command.env(name, bytes()).env("OTHER", bytes());
        assert_eq!(scene.run_command(command), "exit 0\n--- stdout\n--- stderr\n", "{name}");
    }
    let mut command = scene.command(&["check", "out"]);
    command.env("NIX_STORE_DIR", bytes());
    assert!(scene.run_command(command).starts_with("exit 2\n"));
}

#[test]
fn program_of_the_working_folder_is_never_run() {
    for path in ["", ":", ".:bin", "bin", "/nowhere::./bin"] {
        let scene = Scene::with_compiler(COMPILER);
        scene.write("MODULE.bazel", "");
        for file in ["nix-store", "bazel", "credentials"] {
            scene.write_program(file, "#!/bin/sh\n: >ran\nexit 1\n");
            scene.write_program(&format!("bin/{file}"), "#!/bin/sh\n: >ran\nexit 1\n");
        }
        let run = |arguments: &[&str]| {
            let mut command = scene.command(arguments);
            command.env("PATH", path);
            let result = scene.run_command(command);
            assert!(!scene.path().join("ran").exists(), "{path}: {arguments:?}");
            result
        };
        let result = run(&REGEN);
        assert!(result.contains("`nix-store` does not run: no such file or directory"), "{path}: {result}");
        let remote = ["--remote", "grpc://127.0.0.1:1", "--credential_helper", "credentials"];
        let result = run(&[&["doctor", "--workspace", "."], &remote[..]].concat());
        assert!(result.contains("cannot run it: no such file or directory"), "{path}: {result}");
    }
}

#[test]
fn folder_in_the_place_of_a_file_is_refused_and_stays() {
    let scene = generated();
    fs::remove_file(scene.path().join("out/cc/BUILD")).expect("the file was there");
    scene.write("out/cc/BUILD/mine", "of the user\n");
    let refused = scene.run_without_change(&REGEN);
    assert!(refused.starts_with("exit 2\n"), "{refused}");
    assert!(refused.contains("cannot read `out/cc/BUILD`: is a directory"), "{refused}");
    scene.write("man/lre.1/mine", "of the user\n");
    assert!(scene.run_without_change(&["man", "man"]).starts_with("exit 2\n"));
}
