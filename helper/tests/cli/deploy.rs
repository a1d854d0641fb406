//! `lre deploy render`.

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::builder::{ImageBuilder, LayerBuilder, write_folder};
use crate::support::{COMPILER, Scene};

const RENDER: [&str; 4] = ["deploy", "render", "--manifest", "out"];

/// A folder with the toolchain `out`.
fn toolchain() -> Scene {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    scene
}

/// One with `deploy` too.
fn deployed() -> Scene {
    let scene = toolchain();
    let result = scene.run(&RENDER);
    assert!(result.starts_with("exit 0\n"), "{result}");
    scene
}

fn with_mode(mode: &str) -> Vec<&str> {
    [&RENDER[..], &[mode]].concat()
}

#[test]
fn manifest_becomes_a_deployment() {
    let scene = toolchain();
    assert_snapshot!(scene.run(&RENDER));
    for file in ["local", "cas", "scheduler", "worker"] {
        assert_snapshot!(format!("nativelink-{file}"), scene.read(&format!("deploy/nativelink/{file}.json5")));
    }
    for file in ["cas", "scheduler", "worker"] {
        assert_snapshot!(format!("nativelink-tls-{file}"), scene.read(&format!("deploy/nativelink/tls/{file}.json5")));
    }
    assert_snapshot!("kubernetes-tls-config-maps", scene.read("deploy/nativelink/tls/kustomization.yaml"));
    assert_snapshot!("kubernetes-base", scene.read("deploy/kubernetes/base/kustomization.yaml"));
    assert_snapshot!("kubernetes-worker", scene.read("deploy/kubernetes/base/worker-cc.yaml"));
    assert_snapshot!("kubernetes-config-maps", scene.read("deploy/nativelink/kustomization.yaml"));
    assert_eq!(scene.run_without_change(&RENDER), "exit 0\n--- stdout\n--- stderr\n`deploy` is up to date\n");
}

#[test]
fn changed_manifest_is_found_and_changes_what_workers_offer() {
    let scene = deployed();
    scene.edit("out/lre.json", "\"OSFamily\": \"Linux\"", "\"OSFamily\": \"Linux $1\"");
    assert_snapshot!(scene.run_without_change(&with_mode("--mode=check")));
    assert_snapshot!(scene.run(&with_mode("--mode=write")));
    assert_eq!(
        scene.run_without_change(&with_mode("--mode=check")),
        "exit 0\n--- stdout\n--- stderr\n`deploy` is up to date\n"
    );
}

#[test]
fn hand_written_files_beside_the_rendered_ones_stay() {
    let scene = toolchain();
    scene.write("deploy/kubernetes/base/cas.yaml", "mine\n");
    assert_snapshot!("own-file", scene.run(&RENDER));
    assert_eq!(scene.read("deploy/kubernetes/base/cas.yaml"), "mine\n");
    // One that is generated, and no longer as it should be, is found.
    scene.edit("deploy/kubernetes/base/namespace.yaml", "restricted", "privileged");
    assert_snapshot!("stale-base", scene.run_without_change(&with_mode("--mode=check")));
    scene.write("deploy/nativelink/cas.json5", "mine\n");
    assert_snapshot!(scene.run_without_change(&RENDER));
}

/// Kustomize would refuse a list with a file that is not there.
#[test]
fn every_file_that_a_kustomization_names_is_there() {
    let scene = deployed();
    let mut named = Vec::new();
    for folder in ["nativelink", "nativelink/tls", "kubernetes/base"] {
        for line in scene.read(&format!("deploy/{folder}/kustomization.yaml")).lines() {
            let file = line.strip_prefix("- ").filter(|item| item.starts_with("..") || item.ends_with(".yaml"));
            if let Some(file) = file.or_else(|| line.split_once(".json5=").map(|(_, file)| file)) {
                assert!(scene.path().join("deploy").join(folder).join(file).exists(), "{folder}: {file}");
                named.push(file.to_owned());
            }
        }
    }
    named.sort();
    assert_snapshot!("named-files", named.join("\n"));
}

#[test]
fn dry_run_shows_what_a_write_would_change() {
    let scene = deployed();
    scene.edit("out/lre.json", "\"OSFamily\": \"Linux\"", "\"OSFamily\": \"Linux $1\"");
    assert_snapshot!("dry-run", scene.run_without_change(&with_mode("--mode=dry-run")));
}

#[test]
fn two_toolchains_of_one_name_are_refused() {
    assert_snapshot!(toolchain().run_without_change(&[&RENDER[..], &["--manifest", "out"]].concat()));
}

#[test]
fn names_that_kubernetes_refuses_are_refused() {
    let scene = toolchain();
    scene.edit("out/lre.json", "\"name\": \"cc\"", "\"name\": \"my_cc\"");
    assert_snapshot!(scene.run_without_change(&RENDER));
    let scene = toolchain();
    scene.edit("out/lre.json", "\"reference\": \"lre-cc:", "\"reference\": \"lre-cc: ");
    assert_snapshot!(scene.run_without_change(&RENDER));
}

/// The published toolchains' files are those in the repository.
#[test]
fn shipped_deployment_is_up_to_date() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifests = ["--manifest", "generated-cc", "--manifest", "generated-java", "--mode=check"];
    let output = Command::new(env!("CARGO_BIN_EXE_lre"))
        .args(["deploy", "render"])
        .args(manifests)
        .current_dir(repository)
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), "`deploy` is up to date\n".to_owned()));
}

/// A deployment whose worker's image is in the layout `image`.
fn with_image() -> Scene {
    let scene = toolchain();
    name_image(&scene, "image");
    scene
}

/// Writes an empty image with the name that the manifest asks for.
fn name_image(scene: &Scene, layout: &str) {
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    let name = manifest["image"]["reference"].as_str().expect("a name");
    let image = ImageBuilder::of(LayerBuilder::new().file("etc/os-release", "")).name(name).layout();
    write_folder(&image, &scene.path().join(layout));
}

const REGISTRY: [&str; 4] = ["--image", "image", "--registry", "registry.example/lre"];

#[test]
fn images_are_pinned_by_the_digests_of_what_was_built() {
    let scene = with_image();
    let arguments = [&RENDER[..], &REGISTRY].concat();
    let written = scene.run(&arguments);
    assert!(written.contains("wrote `deploy/kubernetes/images/kustomization.yaml`\n"), "{written}");
    assert_snapshot!("kubernetes-images", scene.read("deploy/kubernetes/images/kustomization.yaml"));
    let clean = "exit 0\n--- stdout\n--- stderr\n`deploy` is up to date\n";
    assert_eq!(scene.run_without_change(&[&arguments[..], &["--mode=check"]].concat()), clean);
    // Without the images, their tags are compared.
    assert_eq!(scene.run_without_change(&with_mode("--mode=check")), clean);
    scene.edit("deploy/kubernetes/images/kustomization.yaml", "digest: sha256:", "digest: sha256:0");
    assert_snapshot!("images-differ", scene.run_without_change(&[&arguments[..], &["--mode=check"]].concat()));
}

#[test]
fn registry_that_an_earlier_run_was_given_is_not_forgotten_silently() {
    let scene = with_image();
    scene.run(&[&RENDER[..], &REGISTRY].concat());
    assert_snapshot!("registry-forgotten", scene.run(&[&RENDER[..], &["--image", "image"]].concat()));
    let again = scene.run(&[&RENDER[..], &["--image", "image"]].concat());
    assert_eq!(again, "exit 0\n--- stdout\n--- stderr\n`deploy` is up to date\n");
}

#[test]
fn deployment_is_not_written_into_a_toolchains_folder() {
    let scene = toolchain();
    let inside = ["deploy", "render", "--manifest", "out", "--out", "out/deploy"];
    assert_snapshot!("inside-toolchain", scene.run_without_change(&inside));
}

#[test]
fn images_of_another_manifest_are_stale() {
    let scene = with_image();
    scene.run(&[&RENDER[..], &REGISTRY].concat());
    scene.edit("out/lre.json", "\"reference\": \"lre-cc:", "\"reference\": \"lre-cc:x");
    assert!(scene.run(&RENDER).contains("\nwarning: `deploy/kubernetes/images/kustomization.yaml` pins other images"));
    assert_snapshot!("images-stale", scene.run_without_change(&with_mode("--mode=check")));
    assert_snapshot!("images-other", scene.run_without_change(&[&RENDER[..], &REGISTRY].concat()));
    let place = ["--image", "oci:image", "--registry", "registry.example/ lre"];
    assert_snapshot!("images-registry", with_image().run_without_change(&[&RENDER[..], &place].concat()));
}
