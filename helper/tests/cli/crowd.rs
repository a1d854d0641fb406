//! Many runs at once in one folder.

use std::process::{Child, Output, Stdio};

use crate::support::{CHECK, COMPILER, REGEN, Scene};

fn start(scene: &Scene, arguments: &[&str]) -> Child {
    let mut command = scene.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

fn finish(children: Vec<Child>) -> Vec<Output> {
    children.into_iter().map(|child| child.wait_with_output().expect("an output")).collect()
}

#[test]
fn two_hundred_checks_at_once_are_all_clean() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let before = scene.snapshot();
    let outputs = finish((0..200).map(|_| start(&scene, &CHECK)).collect());
    for output in outputs {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
    }
    assert!(before == scene.snapshot());
}

#[test]
fn eight_regens_at_once_leave_one_whole_folder_that_checks_read_meanwhile() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let expected = scene.snapshot();
    for _ in 0..4 {
        scene.edit("out/cc/BUILD", "-O2", "-O3");
        scene.edit("out/BUILD.bazel", "@generated", "@generated, once");
        let regens = (0..8).map(|_| start(&scene, &REGEN)).collect();
        for output in finish((0..40).map(|_| start(&scene, &CHECK)).collect()) {
            let said = String::from_utf8_lossy(&output.stderr);
            let is_whole = matches!(output.status.code(), Some(0 | 1)) && !said.contains("absent");
            assert!(is_whole, "a check saw half a folder: {}: {said}", output.status);
        }
        for output in finish(regens) {
            assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        assert!(expected == scene.snapshot(), "the folder is another one, or something was left beside it");
    }
}
