//! `lre regen --image`, as far as no image's own program has to run: `cargo xtask test image` runs those.

use std::fs;

use insta::assert_snapshot;

use crate::builder::{ImageBuilder, LayerBuilder, write_archive, write_folder};
use crate::support::{COMPILER, REGEN, ROOT, Scene};

/// A compiler in the store of this machine, and an image `image` whose Env names it.
fn scene(name: &str) -> Scene {
    let scene = Scene::with_compiler(COMPILER);
    write_image(&scene, name);
    scene
}

fn write_image(scene: &Scene, name: &str) {
    let image = ImageBuilder::of(LayerBuilder::new().file("etc/name", name))
        .env(&[&format!("PATH={ROOT}/bin"), &format!("CC={ROOT}/bin/clang")])
        .name(name);
    let _ = fs::remove_dir_all(scene.path().join("image"));
    write_folder(&image.layout(), &scene.path().join("image"));
}

const IMAGE: [&str; 7] = ["regen", "--image", "oci:image", "--out", "out", "--store", "store"];

fn reference(scene: &Scene) -> serde_json::Value {
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    manifest["image"].clone()
}

#[test]
fn toolchain_of_an_image_whose_store_paths_are_here_is_that_of_its_env() {
    let scene = scene("registry.example/lre-cc:1");
    scene.generate();
    let (computed, build) = (reference(&scene), scene.read("out/cc/BUILD"));
    assert_snapshot!("here", scene.run(&IMAGE));
    assert_eq!(scene.read("out/cc/BUILD"), build);
    assert_snapshot!("here-image", serde_json::to_string_pretty(&reference(&scene)).expect("JSON"));
    // Written again from the manifest, the name is kept.
    assert_snapshot!("here-again", scene.run_without_change(&["regen", "--out", "out"]));

    // An image that has the computed name is the computed image.
    write_image(&scene, computed["reference"].as_str().expect("a name"));
    scene.run(&IMAGE);
    assert_eq!(reference(&scene), computed);
    assert_snapshot!("here-computed", scene.run_without_change(&REGEN));
}

#[test]
fn image_needs_a_name_that_workers_know_it_by() {
    let scene = scene("latest");
    assert_snapshot!("unnamed", scene.run_without_change(&IMAGE));
    assert_snapshot!("bad-name", scene.run_without_change(&[&IMAGE[..], &["--image-name", "docker://a:1"]].concat()));
    let named = [&IMAGE[..], &["--image-name", "registry.example/a:1", "--mode", "check"]].concat();
    let result = scene.run_without_change(&named);
    let command = result.lines().last().unwrap_or_default();
    assert_eq!(
        command,
        "hint: write them with `lre regen --out out --image oci:image --image-name registry.example/a:1 --store store`"
    );
}

#[test]
fn image_without_compiler_is_told_how_to_name_it() {
    let scene = Scene::empty();
    let image = ImageBuilder::of(LayerBuilder::new()).env(&["PATH=/usr/bin"]).name("debian:sid");
    write_archive(&image.docker_archive(), &scene.path().join("debian.tar"));
    let arguments = ["regen", "--image", "docker-archive:debian.tar", "--out", "out"];
    assert_snapshot!("no-compiler", scene.run_without_change(&arguments));
    let outside = [&arguments[..], &["--env", "CC=/usr/bin/gcc"]].concat();
    assert_snapshot!("compiler-outside", scene.run_without_change(&outside));
    let twice = [&arguments[..], &["--env", "CC"]].concat();
    assert_snapshot!("bad-env", scene.run_without_change(&twice));
}

#[test]
fn what_names_no_image_is_refused() {
    let scene = scene("a:1");
    for (name, arguments) in [
        ("other-transport", &["regen", "--image", "docker://debian:sid", "--out", "out"][..]),
        ("other-tag", &["regen", "--image", "oci:image:2", "--out", "out"]),
        ("other-platform", &["regen", "--image", "oci:image", "--out", "out", "--platform", "linux/arm64"]),
        ("absent", &["regen", "--image", "oci-archive:none.tar", "--out", "out"]),
        ("two-sources", &["regen", "--image", "oci:image", "--env-json", "env.json", "--out", "out"]),
        ("env-alone", &["regen", "--env-json", "env.json", "--env", "A=1", "--out", "out"]),
    ] {
        assert_snapshot!(name, scene.run_without_change(arguments));
    }
}

#[test]
fn nothing_is_left_of_a_refused_image() {
    let scene = Scene::empty();
    let layer = LayerBuilder::new().folder("a", 0o555).file("a/b", "text").file("../x", "");
    write_folder(&ImageBuilder::of(layer).name("a:1").layout(), &scene.path().join("image"));
    fs::create_dir(scene.path().join("tmp")).expect("a new folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lre"))
        .args(["regen", "--image", "oci:image", "--out", "out", "--allow-non-store", "--env", "CC=/usr/bin/gcc"])
        .current_dir(scene.path())
        .env("TMPDIR", scene.path().join("tmp"))
        .output()
        .expect("the binary runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.ends_with("the entry `../x` leaves the image through `..`\n"), "{stderr}");
    assert_eq!(fs::read_dir(scene.path().join("tmp")).expect("the folder").count(), 0);
    assert!(!scene.path().join("out").exists());
}

#[test]
fn jdk_of_an_image_is_read_in_its_files_and_hashed_there() {
    let scene = Scene::empty();
    let files = ["bin/java", "bin/javac", "bin/jar"];
    let root = ROOT.trim_start_matches('/');
    let mut layer = LayerBuilder::new();
    for file in files {
        layer = layer.program(&format!("{root}/{file}"), b"#!/bin/sh\n");
    }
    let release = "JAVA_VERSION=\"21.0.2\"\nOS_ARCH=\"x86_64\"\nOS_NAME=\"Linux\"\n";
    let image = ImageBuilder::of(layer.file(&format!("{root}/release"), release))
        .env(&[&format!("JAVA_HOME={ROOT}")])
        .name("registry.example/lre-java:1");
    write_folder(&image.layout(), &scene.path().join("image"));
    let arguments = ["regen", "--image", "oci:image", "--out", "out", "--store", "nowhere"];
    assert_snapshot!("java", scene.run(&arguments));
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    for file in files {
        scene.write_program(&format!("tree/{file}"), "#!/bin/sh\n");
    }
    scene.write("tree/release", release);
    // A compiler that is not asked about may be anywhere.
    let both = [&arguments[..], &["--env", "CC=/usr/bin/gcc", "--kind", "java", "--mode", "check"]].concat();
    assert!(scene.run_without_change(&both).contains("+    \"CC=/usr/bin/gcc\""));
    let expected = lre::store::nar::hash_nar(&scene.path().join("tree"), |_| {}).expect("a hash");
    assert_eq!(manifest["storeRoots"], serde_json::json!([{"path": ROOT, "narHash": expected}]));
}
