//! Which image of a layout or archive is meant.

use insta::assert_snapshot;
use lre::oci::image::Image;
use lre::oci::limits::Limits;
use serde_json::{Value, json};

use crate::builder::{
    ImageBuilder, LayerBuilder, Parts, add_blob, digest, finish_layout, json_bytes, write_archive, write_folder,
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What is found, or why nothing is, with `PLACE` for the folder.
fn found(parts: &Parts, transport: &str, name: &str, platform: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("image");
    if transport == "oci" {
        write_folder(parts, &place)
    } else {
        write_archive(parts, &place)
    }
    let reference = format!("{transport}:{}{name}", place.display()).parse().expect("a reference");
    let platform = platform.parse().expect("a platform");
    match Image::open(&reference, &platform, &Limits::default()) {
        Ok(image) => format!("{} {:?} {:?}", image.platform(), image.names, image.env()),
        Err(error) => error.to_string().replace(&place.display().to_string(), "PLACE"),
    }
}

fn image(architecture: &str, name: &str) -> ImageBuilder {
    let env = format!("ARCH={architecture}");
    ImageBuilder::of(LayerBuilder::new().file("a", architecture)).architecture(architecture).name(name).env(&[&env])
}

fn with_platform(mut descriptor: Value, architecture: &str) -> Value {
    descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
    descriptor
}

/// An index in the index, with two platforms and BuildKit's statement about one of them.
fn many_platforms() -> Parts {
    let mut parts = Parts::new();
    let mut manifests: Vec<Value> = ["amd64", "arm64"]
        .map(|architecture| with_platform(image(architecture, "").add_to(&mut parts), architecture))
        .to_vec();
    let mut statement = image("unknown", "").add_to(&mut parts);
    statement["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    manifests.push(statement);
    let inner = add_blob(&mut parts, INDEX, json_bytes(&json!({"schemaVersion": 2, "manifests": manifests})));
    let mut entry = inner;
    entry["annotations"] = json!({
        "org.opencontainers.image.ref.name": "14", "io.containerd.image.name": "registry.example/gcc:14",
    });
    finish_layout(parts, &[entry])
}

#[test]
fn nested_index_is_resolved_by_platform() {
    let parts = many_platforms();
    for name in ["", ":14", ":registry.example/gcc:14"] {
        let expected = r#"linux/arm64 ["registry.example/gcc:14"] ["ARCH=arm64"]"#;
        assert_eq!(found(&parts, "oci", name, "linux/arm64"), expected);
    }
    assert_snapshot!("no-platform", found(&parts, "oci", "", "linux/riscv64"));
    assert_snapshot!("no-tag", found(&parts, "oci-archive", ":15", "linux/amd64"));
}

#[test]
fn ambiguous_layouts_are_refused_with_the_choices() {
    let mut parts = Parts::new();
    let manifests = ["gcc:13", "gcc:14"].map(|name| {
        let mut image = image("amd64", name);
        image.env.push(format!("NAME={name}"));
        with_platform(image.add_to(&mut parts), "amd64")
    });
    let parts = finish_layout(parts, &manifests);
    assert_snapshot!("ambiguous", found(&parts, "oci", "", "linux/amd64"));
    let expected = r#"linux/amd64 ["gcc:14"] ["ARCH=amd64", "NAME=gcc:14"]"#;
    assert_eq!(found(&parts, "oci", ":gcc:14", "linux/amd64"), expected);
}

#[test]
fn single_image_of_another_platform_is_refused() {
    assert_snapshot!("other-platform", found(&image("arm64", "x:1").layout(), "oci", "", "linux/amd64"));
}

#[test]
fn bare_tag_is_no_name_of_an_image() {
    assert_eq!(
        found(&image("amd64", "latest").layout(), "oci", ":latest", "linux/amd64"),
        r#"linux/amd64 [] ["ARCH=amd64"]"#
    );
}

#[test]
fn both_flavours_of_docker_save_are_read() {
    let image = image("amd64", "gcc:14");
    let expected = r#"linux/amd64 ["gcc:14"] ["ARCH=amd64"]"#;
    assert_eq!(found(&image.docker_archive(), "docker-archive", "", "linux/amd64"), expected);
    // Since Docker 25, the archive is an OCI layout with a `manifest.json`.
    let mut parts = image.layout();
    let config = format!("blobs/sha256/{}", &digest(&image.config())["sha256:".len()..]);
    let layer = format!("blobs/sha256/{}", &digest(&image.layers[0].0)["sha256:".len()..]);
    let manifest = json!([{"Config": config, "RepoTags": ["gcc:14"], "Layers": [layer]}]);
    parts.insert("manifest.json".to_owned(), json_bytes(&manifest));
    for name in ["", ":gcc:14"] {
        assert_eq!(found(&parts, "docker-archive", name, "linux/amd64"), expected);
        assert_eq!(found(&parts, "oci-archive", name, "linux/amd64"), expected);
    }
    assert_snapshot!("no-name", found(&parts, "docker-archive", ":gcc:15", "linux/amd64"));
}

#[test]
fn saved_archive_of_several_images_is_refused_with_the_choices() {
    let (first, second) = (image("amd64", "gcc:13"), image("amd64", "gcc:14"));
    let mut parts = first.docker_archive();
    let entries: Vec<Value> = [&first, &second]
        .iter()
        .flat_map(|image| {
            serde_json::from_slice::<Vec<Value>>(&image.docker_archive()["manifest.json"]).expect("a list")
        })
        .collect();
    parts.insert("manifest.json".to_owned(), json_bytes(&Value::from(entries)));
    assert_snapshot!("saved-ambiguous", found(&parts, "docker-archive", "", "linux/amd64"));
    assert_eq!(found(&parts, "docker-archive", ":gcc:14", "linux/amd64"), r#"linux/amd64 ["gcc:14"] ["ARCH=amd64"]"#);
}

#[test]
fn other_kinds_of_archives_are_told_apart() {
    let image = image("amd64", "gcc:14");
    assert_snapshot!("docker-as-oci", found(&image.docker_archive(), "oci-archive", "", "linux/amd64"));
    assert_snapshot!("oci-as-docker", found(&image.layout(), "docker-archive", "", "linux/amd64"));
    assert_snapshot!("nothing", found(&Parts::from([("x".to_owned(), Vec::new())]), "oci", "", "linux/amd64"));
}
