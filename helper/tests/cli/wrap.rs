//! `lre image wrap`: the base stays as it is, and what no honest base has is refused.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::builder::{Compression, ImageBuilder, LayerBuilder, header, write_archive, write_folder};
use crate::support::Scene;
use tar::EntryType;

const WRAP: [&str; 8] = ["image", "wrap", "--base", "oci:base", "--worker", "worker", "--out", "oci:image"];

/// A worker beside a base.
fn scene(base: &ImageBuilder) -> Scene {
    let scene = Scene::empty();
    scene.write_program("worker", "the worker");
    write_folder(&base.layout(), &scene.path().join("base"));
    scene
}

/// As Debian's: links for folders, a user, and a shell.
fn debian() -> ImageBuilder {
    let below = LayerBuilder::new()
        .link("bin", "usr/bin")
        .program("usr/bin/dash", b"a shell")
        .link("usr/bin/sh", "dash")
        .program("usr/bin/env", b"env")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nubuntu:x:1000:1000::/home/ubuntu:/bin/sh\n")
        .link("home", "var/home")
        .folder("var/home", 0o755)
        .file("usr/share/doc/x", "x");
    let above = LayerBuilder::new().file("usr/share/doc/.wh.x", "").folder("tmp", 0o755);
    ImageBuilder::new([(below, Compression::Gzip), (above, Compression::Zstd)])
        .env(&["PATH=/usr/bin", "LANG=C.UTF-8"])
        .name("registry.example/gcc:14")
}

/// The document in a blob.
fn blob(scene: &Scene, folder: &str, digest: &serde_json::Value) -> serde_json::Value {
    let digest = digest.as_str().expect("a digest").trim_start_matches("sha256:");
    serde_json::from_str(&scene.read(&format!("{folder}/blobs/sha256/{digest}"))).expect("JSON")
}

/// The image's manifest.
fn manifest(scene: &Scene, folder: &str) -> serde_json::Value {
    let index: serde_json::Value = serde_json::from_str(&scene.read(&format!("{folder}/index.json"))).expect("JSON");
    blob(scene, folder, &index["manifests"][0]["digest"])
}

#[test]
fn wrapped_image_keeps_the_layers_of_its_base_byte_for_byte() {
    let scene = scene(&debian());
    assert_snapshot!("wrap", scene.run(&WRAP));
    let (base, image) = (manifest(&scene, "base"), manifest(&scene, "image"));
    let layers = |manifest: &serde_json::Value| manifest["layers"].as_array().expect("layers").clone();
    assert_eq!(layers(&image)[..2], layers(&base)[..]);
    for layer in layers(&base) {
        let name = layer["digest"].as_str().expect("a digest").replace("sha256:", "blobs/sha256/");
        let bytes = |folder: &str| fs::read(scene.path().join(folder).join(&name)).expect("a blob");
        assert!(bytes("base") == bytes("image"));
    }
    assert_snapshot!("wrap-inspect", scene.run_without_change(&["image", "inspect", "oci:image"]));
    let last = layers(&image)[2]["digest"].as_str().expect("a digest").replace("sha256:", "image/blobs/sha256/");
    let bytes = zstd::decode_all(fs::File::open(scene.path().join(last)).expect("a blob")).expect("zstd");
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut lines = String::new();
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let (path, mode) =
            (entry.path().expect("a name").display().to_string(), entry.header().mode().expect("a mode"));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).expect("a text");
        lines += &format!("{path} {mode:o} {}\n{text}", entry.header().uid().expect("a user"));
    }
    assert_snapshot!("wrap-layer", lines);
}

#[test]
fn what_docker_adds_to_a_configuration_is_kept() {
    let mut base = debian();
    let step = |number: u8| json!({"created_by": format!("step {number}"), "v1Compat": {"id": number}});
    let empty = json!({"created_by": "ENV A=1", "empty_layer": true});
    base.more = (
        json!({
            "created": "2025-01-01T00:00:00Z", "docker_version": "27.0", "container_config": {"Cmd": null},
            "history": [step(1), empty, step(2)],
        }),
        json!({
            "Cmd": ["bash"], "Entrypoint": null, "Volumes": null, "OnBuild": null, "ArgsEscaped": true, "Image": "",
            "ExposedPorts": {"80/tcp": {}, "443/tcp": {"x": 1}}, "StopSignal": "SIGINT", "Shell": ["/bin/bash", "-c"],
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000_000, "StartPeriod": 0},
        }),
    );
    let scene = scene(&base);
    assert_snapshot!("wrap-docker", scene.run(&WRAP));
    let config = blob(&scene, "image", &manifest(&scene, "image")["config"]["digest"]);
    assert_snapshot!("wrap-docker-config", format!("{config:#}"));
    assert_snapshot!("wrap-docker-inspect", scene.run_without_change(&["image", "inspect", "oci:base"]));
}

#[test]
fn every_form_of_a_base_gives_the_same_files() {
    let scene = scene(&debian());
    write_archive(&debian().layout(), &scene.path().join("base.tar"));
    write_archive(&debian().docker_archive(), &scene.path().join("saved.tar"));
    let diff_ids = |base: &str, out: &str| {
        let result =
            scene.run(&["image", "wrap", "--base", base, "--worker", "worker", "--out", &format!("oci:{out}")]);
        assert!(result.starts_with("exit 0\n"), "{result}");
        blob(&scene, out, &manifest(&scene, out)["config"]["digest"])["rootfs"].clone()
    };
    let wanted = diff_ids("oci:base", "a");
    assert_eq!(diff_ids("oci-archive:base.tar", "b"), wanted);
    assert_eq!(diff_ids("docker-archive:saved.tar", "c"), wanted);
}

#[test]
fn bases_that_no_honest_program_makes_are_refused_and_nothing_is_left() {
    let refused = |base: &ImageBuilder, more: &[&str]| {
        let scene = scene(base);
        let result = scene.run_without_change(&[&WRAP[..], more].concat());
        let layer = base.layers.first().map(|_| "blobs/sha256/").expect("a layer");
        // Digests say nothing to a reader.
        let (before, after) = result.split_once(layer).expect(&result);
        format!("{before}{layer}DIGEST{}", &after[64..])
    };
    let new = LayerBuilder::new;
    let huge = new().raw(
        {
            let mut header = header(EntryType::Regular, 0o644, 10_000_000_000);
            header.set_path("huge").expect("a name");
            header
        },
        b"",
    );
    let bomb = ImageBuilder::new([(new().program("zeros", &vec![0; 80 << 20]), Compression::Zstd)]);
    let layers = [
        new().file("../x", ""),
        new().file("a", "1").file("a", "2"),
        new().file("a", "1").link("a", "b"),
        new().file("a", "1").folder("a/", 0o755),
        new().file("a", "1").file("b", "2").hard_link("b", "a"),
        new().file("a/.wh.", ""),
        new().hard_link("x", "../../etc/passwd"),
        new().entry(EntryType::Block, "dev/sda", 0o600, "", b""),
        huge,
    ];
    let mut refusals: Vec<String> = layers.into_iter().map(|layer| refused(&ImageBuilder::of(layer), &[])).collect();
    refusals.push(refused(&bomb, &[]));
    refusals.push(refused(&bomb, &["--max-ratio", "1000000", "--max-unpacked", "1000000"]));
    assert_snapshot!("wrap-refused", refusals.join("\n"));
}

#[test]
fn folders_may_come_twice_and_limits_may_be_lifted() {
    let layer = LayerBuilder::new().folder("bin", 0o755).program("bin/sh", b"sh").folder("bin/", 0o755);
    let layer = layer.program("usr/bin/env", b"env").program("zeros", &vec![0; 80 << 20]);
    let scene = scene(&ImageBuilder::new([(layer, Compression::Zstd)]).name("a:1"));
    let result = scene.run(&[&WRAP[..], &["--max-ratio", "1000000"]].concat());
    assert!(result.starts_with("exit 0\n"), "{result}");
}

#[test]
fn what_cannot_be_wrapped_is_told_why() {
    let scene = scene(&ImageBuilder::of(LayerBuilder::new().file("a", "")).name("a:1"));
    assert_snapshot!("wrap-no-shell", scene.run_without_change(&WRAP));
    let other = |worker: &str, more: &[&str]| {
        let words = ["image", "wrap", "--base", "oci:base", "--worker", worker, "--out", "oci:image"];
        scene.run_without_change(&[&words[..], more].concat())
    };
    assert_snapshot!("wrap-no-worker", other("none", &[]));
    assert_snapshot!("wrap-no-store-path", other("/nix/store/none", &[]));
    assert_snapshot!("wrap-no-room", other("worker", &["--max-layers", "2"]));
}
