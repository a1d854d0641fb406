//! The documents of images: what is refused wherever it is in them, and what is written.

use std::fs;

use insta::assert_snapshot;
use lre::oci::document::ImageConfig;
use lre::oci::image::Image;
use lre::oci::limits::Limits;
use lre::oci::new_image::NewImage;
use lre::oci::output::write_image;
use oci_spec::image::{Arch, Config, ImageConfiguration, Os};
use serde_json::{Value, json};

use crate::builder::{Parts, add_blob, amd64, blob_name, json_bytes, write_archive, write_folder};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A configuration with all that Docker writes.
fn config() -> Value {
    json!({
        "architecture": "amd64", "os": "linux", "created": "2025-01-01T00:00:00Z", "docker_version": "27.0",
        "config": {
            "Env": ["A=1"], "Labels": {"a": "1"}, "ExposedPorts": {"80/tcp": {}}, "Volumes": null,
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1},
        },
        "history": [{"created_by": "x", "empty_layer": true, "other": {"a": 1}}],
        "rootfs": {"type": "layers", "diff_ids": []},
    })
}

/// The documents of a layout: `oci-layout`, `index.json`, an index that it leads to, the manifest, the configuration.
const DOCUMENTS: usize = 5;

/// A layout with one of its documents written in another way.
fn layout(number: usize, write: &mut dyn FnMut(Value) -> Vec<u8>) -> Parts {
    let mut parts = Parts::new();
    let mut text = |other: usize, document: Value| {
        if other == number { write(document) } else { json_bytes(&document) }
    };
    parts.insert("oci-layout".to_owned(), text(0, json!({"imageLayoutVersion": "1.0.0", "other": {"a": 1}})));
    let config = add_blob(&mut parts, CONFIG, text(4, config()));
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [], "annotations": {"a": "1"}});
    let mut entry = add_blob(&mut parts, MANIFEST, text(3, manifest));
    entry["platform"] = json!({"architecture": "amd64", "os": "linux", "os.version": "1"});
    entry["annotations"] = json!({"a": "1"});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    let entry = add_blob(&mut parts, INDEX, text(2, index));
    let index = json!({"schemaVersion": 2, "manifests": [entry], "annotations": {"a": "1"}});
    parts.insert("index.json".to_owned(), text(1, index));
    parts
}

fn open(parts: &Parts) -> Result<Image, String> {
    open_for(parts, "linux/amd64")
}

fn open_for(parts: &Parts, platform: &str) -> Result<Image, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("image");
    write_folder(parts, &place);
    let reference = format!("oci:{}", place.display()).parse().expect("a reference");
    let platform = platform.parse().expect("a platform");
    let opened = Image::open(&reference, &platform, &Limits::default());
    opened.map_err(|error| error.to_string().replace(&place.display().to_string(), "PLACE"))
}

/// Why a document is malformed, without its name and the place in it.
fn reason(opened: Result<Image, String>) -> String {
    let error = opened.expect_err("a refusal");
    let (_, reason) = error.split_once(" is malformed: ").expect(&error);
    let (reason, _) = reason.split_once(" at line ").expect(&error);
    reason.to_owned()
}

/// The places of all keys in a document: the JSON pointer of the object, and the key.
fn keys(document: &Value, place: &str) -> Vec<(String, String)> {
    match document {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| {
                let inside = keys(value, &format!("{place}/{}", key.replace('/', "~1")));
                std::iter::once((place.to_owned(), key.clone())).chain(inside).collect::<Vec<_>>()
            })
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| keys(item, &format!("{place}/{index}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// The text of a document with one of its keys twice.
fn with_repeat(mut document: Value, place: &str, key: &str) -> Vec<u8> {
    let object = document.pointer_mut(place).and_then(Value::as_object_mut).expect("an object");
    object.insert("REPEATED".to_owned(), object[key].clone());
    document.to_string().replace("\"REPEATED\"", &json!(key).to_string()).into_bytes()
}

#[test]
fn every_key_of_every_document_is_refused_if_it_is_repeated() {
    let mut repeated = 0;
    for number in 0..DOCUMENTS {
        let mut document = Value::Null;
        let parts = layout(number, &mut |found| {
            document = found;
            json_bytes(&document)
        });
        assert_eq!(open(&parts).map(|image| image.env()), Ok(vec!["A=1".to_owned()]));
        for (place, key) in keys(&document, "") {
            let opened = open(&layout(number, &mut |found| with_repeat(found, &place, &key)));
            assert_eq!(reason(opened), format!("duplicate field `{key}`"), "{place}");
            repeated += 1;
        }
    }
    assert_eq!(repeated, 52);
}

#[test]
fn saved_images_with_a_repeated_key_are_refused() {
    let document = json!([{"Config": "x.json", "RepoTags": ["a:1"], "Layers": [], "Other": {"a": 1}}]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("image.tar");
    for (place, key) in keys(&document, "") {
        let text = with_repeat(document.clone(), &place, &key);
        write_archive(&Parts::from([("manifest.json".to_owned(), text)]), &file);
        let reference = format!("docker-archive:{}", file.display()).parse().expect("a reference");
        let opened = Image::open(&reference, &amd64(), &Limits::default()).map_err(|error| error.to_string());
        assert_eq!(reason(opened), format!("duplicate field `{key}`"), "{place}");
    }
}

#[test]
fn processors_that_the_types_take_for_one_are_told_apart() {
    let parts = layout(4, &mut |mut document| {
        document["architecture"] = "armbe".into();
        json_bytes(&document)
    });
    let platform = |wanted| open_for(&parts, wanted).map(|image| image.platform().to_string());
    assert_eq!(platform("linux/armbe"), Ok("linux/armbe".to_owned()));
    let refusal = "the image in `PLACE` is for `linux/armbe`, and not for `linux/arm64be`\n\n\
                   hint: name what it is for with `--platform linux/armbe`";
    assert_eq!(platform("linux/arm64be"), Err(refusal.to_owned()));
}

/// An image without layers whose configuration has as many labels as one of `oci-spec`'s maps needs to be out of order.
fn image() -> NewImage<'static> {
    let labels = (0..20).map(|number| (format!("label-{number}"), "x".to_owned()));
    let mut run = Config::default();
    run.set_labels(Some(labels.collect()));
    run.set_volumes(Some((0..20).map(|number| format!("/volume-{number}")).collect()));
    let mut known = ImageConfiguration::default();
    known.set_os(Os::Linux).set_architecture(Arch::Amd64).set_config(Some(run));
    NewImage { name: "registry.example/a:1".to_owned(), config: ImageConfig::from(known), layers: Vec::new() }
}

#[test]
fn images_have_the_same_bytes_in_a_hundred_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for transport in ["oci-archive", "docker-archive"] {
        let file = folder.path().join(transport);
        let reference = format!("{transport}:{}", file.display()).parse().expect("a reference");
        let write = || {
            let digest = write_image(&image(), &reference).expect("an image");
            (digest, fs::read(&file).expect("an archive"))
        };
        let first = write();
        for _ in 1..100 {
            assert!(write() == first);
        }
    }
}

#[test]
fn documents_are_written_with_sorted_keys() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("image");
    let mut image = image();
    let mut run = Config::default();
    run.set_labels(Some(["b", "a"].map(|key| (key.to_owned(), "x".to_owned())).into()));
    run.set_env(Some(vec!["B=1".to_owned(), "A=1".to_owned()]));
    image.config.known.set_config(Some(run));
    write_image(&image, &format!("oci:{}", place.display()).parse().expect("a reference")).expect("an image");
    let read = |name: &str| fs::read_to_string(place.join(name)).expect("a document");
    let index: Value = serde_json::from_str(&read("index.json")).expect("JSON");
    let part = |document: &Value| blob_name(document["digest"].as_str().expect("a digest"));
    let manifest = part(&index["manifests"][0]);
    let config = part(&serde_json::from_str::<Value>(&read(&manifest)).expect("JSON")["config"]);
    let texts = ["oci-layout", "index.json", &manifest, &config].map(read);
    assert_snapshot!("written", texts.join("\n"));
}
