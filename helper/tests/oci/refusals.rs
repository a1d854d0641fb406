//! Images that are refused: nothing is written outside of the folder, and nothing is left in it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use insta::assert_snapshot;
use lre::oci::image::Image;
use lre::oci::limits::Limits;
use lre::oci::unpack::unpack_image;
use serde_json::{Value, json};
use tar::EntryType;

use crate::builder::{
    Compression, ImageBuilder, LayerBuilder, Parts, add_blob, amd64, blob_name, finish_layout, gzip, header,
    json_bytes, write_archive, write_folder,
};

fn refusal(place: &Path, transport: &str, limits: &Limits) -> String {
    let reference = format!("{transport}:{}", place.display()).parse().expect("a reference");
    let opened = Image::open(&reference, &amd64(), limits);
    let error = opened.and_then(|image| unpack_image(&image, limits)).expect_err("a refusal").to_string();
    // Digests are as long as a line and say nothing to a reader of a snapshot.
    let error = error.replace(&place.display().to_string(), "PLACE");
    let mut text = String::new();
    let mut rest = error.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let length = rest[start..].find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len() - start);
        let shown = if length == 64 { "DIGEST" } else { &rest[start..start + length] };
        text.push_str(&rest[..start]);
        text.push_str(shown);
        rest = &rest[start + length..];
    }
    text + rest
}

fn refused_with(parts: &Parts, limits: &Limits) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("image");
    write_folder(parts, &place);
    refusal(&place, "oci", limits)
}

fn refused(parts: &Parts) -> String {
    refused_with(parts, &Limits::default())
}

fn refused_layer(layer: LayerBuilder) -> String {
    refused(&ImageBuilder::of(layer).layout())
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[test]
fn entries_that_leave_the_root_are_refused() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let target = outside.path().join("target");
    fs::write(&target, "as it was").expect("a new file");
    let absolute = outside.path().display().to_string();
    let climbing = format!("{}{absolute}", "..".to_owned() + &"/..".repeat(12));
    let new = LayerBuilder::new;
    let refusals = [
        new().file("../x", ""),
        new().file("a/../../x", ""),
        new().file("/../x", ""),
        new().folder("..", 0o755),
        new().hard_link("x", "../../etc/passwd"),
        new().hard_link("x", "nothing"),
        new().folder("a", 0o755).hard_link("x", "a"),
        new().link("a", &absolute).file("a/target", "new"),
        new().link("a", &absolute).file("a/sub/new", "new"),
        new().link("a", &climbing).file("a/target", "new"),
        new().link("a", &absolute).hard_link("x", "a/target"),
        new().link("a", &absolute).folder("a/b", 0o777),
        new().link("a", &absolute).link("a/b", "x"),
        new().link("a", &absolute).file("a/.wh.target", ""),
        new().link("a", &absolute).file("a/.wh..wh..opq", ""),
        new().link("a", "b").link("b", "a").file("a/x", ""),
        new().link("a", "nothing").file("a/x", ""),
        new().link("a", "/proc/self/root").file("a/x", ""),
        new().file("a", "").file("a/x", ""),
        new().file(".", ""),
        new().link("a", ""),
        new().hard_link("a", ""),
        new().file("a/.wh.", ""),
        new().file("a/.wh...", ""),
    ];
    let refusals: Vec<String> = refusals.map(refused_layer).to_vec();
    let text = refusals.join("\n").replace(&absolute, "/OUTSIDE");
    assert_snapshot!("entries", text);
    assert_eq!(fs::read_to_string(&target).expect("the file"), "as it was");
    assert_eq!(fs::read_dir(outside.path()).expect("the folder").count(), 1);
}

#[test]
fn devices_are_refused() {
    let device = |kind, name| refused_layer(LayerBuilder::new().entry(kind, name, 0o666, "", b""));
    let refusals = [
        device(EntryType::Char, "null"),
        device(EntryType::Char, "dev/mem"),
        device(EntryType::Char, "dev/sub/null"),
        device(EntryType::Block, "dev/sda"),
        device(EntryType::Block, "dev/null"),
        device(EntryType::Fifo, "run/initctl"),
        device(EntryType::new(b'Z'), "x"),
    ];
    assert_snapshot!("devices", refusals.join("\n"));
}

#[test]
fn lying_digests_and_sizes_are_refused() {
    let image = ImageBuilder::new([(LayerBuilder::new().file("a", "text"), Compression::Gzip)]);
    let change = |media_type: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut parts = image.layout();
        let manifest: Value = manifest_of(&parts);
        let descriptor = if media_type == "layer" { &manifest["layers"][0] } else { &manifest["config"] };
        change(parts.get_mut(&blob_name(descriptor["digest"].as_str().expect("a digest"))).expect("a blob"));
        refused(&parts)
    };
    let flip = |bytes: &mut Vec<u8>| bytes[12] ^= 1;
    let longer = |bytes: &mut Vec<u8>| bytes.push(0);
    let shorter = |bytes: &mut Vec<u8>| bytes.truncate(30);
    let mut refusals = vec![
        change("layer", &flip),
        change("layer", &longer),
        change("layer", &shorter),
        change("config", &flip),
        change("config", &longer),
    ];
    let mut parts = image.layout();
    let index = String::from_utf8(parts["index.json"].clone()).expect("text");
    let size = manifest_descriptor(&parts)["size"].to_string();
    parts.insert("index.json".to_owned(), index.replace(&size, "99").into_bytes());
    refusals.push(refused(&parts));
    // The blob is what the manifest says, and what is in it is not what the configuration says.
    let mut other = image.clone();
    other.layers = vec![(LayerBuilder::new().file("a", "TEXT").bytes(), Compression::Gzip)];
    let mut parts = Parts::new();
    let compressed = gzip(&other.layers[0].0);
    let layer = add_blob(&mut parts, "application/vnd.oci.image.layer.v1.tar+gzip", compressed);
    refusals.push(refused(&layout_of(parts, &image, &[layer])));
    assert_snapshot!("lies", refusals.join("\n"));
}

#[test]
fn lying_parts_of_saved_archives_are_refused() {
    let image = ImageBuilder::of(LayerBuilder::new().file("a", "text"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("image.tar");
    let mut refusals = Vec::new();
    for part in ["layer.tar", ".json"] {
        let mut parts = image.docker_archive();
        let name = parts.keys().find(|name| name.ends_with(part) && *name != "manifest.json").cloned();
        parts.get_mut(&name.expect("a part")).expect("a part")[3] ^= 1;
        write_archive(&parts, &place);
        refusals.push(refusal(&place, "docker-archive", &Limits::default()));
    }
    assert_snapshot!("saved-lies", refusals.join("\n"));
}

/// A layout of one image whose manifest names these layers.
fn layout_of(mut parts: Parts, image: &ImageBuilder, layers: &[Value]) -> Parts {
    let config = add_blob(&mut parts, "application/vnd.oci.image.config.v1+json", image.config());
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
    let descriptor = add_blob(&mut parts, "application/vnd.oci.image.manifest.v1+json", json_bytes(&manifest));
    finish_layout(parts, &[descriptor])
}

fn manifest_descriptor(parts: &Parts) -> Value {
    let index: Value = serde_json::from_slice(&parts["index.json"]).expect("an index");
    index["manifests"][0].clone()
}

fn manifest_of(parts: &Parts) -> Value {
    let digest = manifest_descriptor(parts)["digest"].as_str().map(blob_name).expect("a digest");
    serde_json::from_slice(&parts[&digest]).expect("a manifest")
}

#[test]
fn bombs_are_stopped_by_limits_that_the_message_names() {
    let zeros = |compression| {
        let layer = LayerBuilder::new().entry(EntryType::Regular, "zeros", 0o644, "", &vec![0; 4 << 20]);
        ImageBuilder::new([(layer, compression)]).layout()
    };
    let small = |limits: &mut Limits| (limits.ratio, limits.ratio_floor) = (50, 1 << 20);
    let claims = |kind: EntryType| {
        let mut header = header(kind, 0o644, 10 << 30);
        header.as_old_mut().name[..1].copy_from_slice(b"x");
        // 10 GB are claimed; 5 bytes follow.
        ImageBuilder::of(LayerBuilder::new().raw(header, b"bytes")).layout()
    };
    let many = (0..20).fold(LayerBuilder::new(), |layer, number| layer.file(&number.to_string(), ""));
    // A folder takes a place on the disk, whether or not it has an entry of its own.
    let deep = LayerBuilder::new().file(&format!("{}x", "f/".repeat(20)), "");
    let long = LayerBuilder::new().file(&"n".repeat(5000), "");
    let refusals = [
        refused_with(&zeros(Compression::Gzip), &limits(small)),
        refused_with(&zeros(Compression::Zstd), &limits(small)),
        refused_with(&zeros(Compression::None), &limits(|limits| limits.unpacked = 1 << 20)),
        refused_with(&claims(EntryType::Regular), &limits(|limits| limits.unpacked = 1 << 30)),
        refused(&claims(EntryType::Regular)),
        refused(&claims(EntryType::GNULongName)),
        refused_with(&ImageBuilder::of(many).layout(), &limits(|limits| limits.entries = 10)),
        refused_with(&ImageBuilder::of(deep).layout(), &limits(|limits| limits.entries = 10)),
        refused_with(&ImageBuilder::of(long).layout(), &limits(|limits| limits.header = 2048)),
        refused_with(&zeros(Compression::None), &limits(|limits| limits.document = 20)),
    ];
    assert_snapshot!("bombs", refusals.join("\n"));
}

#[test]
fn broken_documents_are_refused_with_their_place() {
    let parts = ImageBuilder::of(LayerBuilder::new()).layout();
    let with = |name: &str, text: &str| {
        let mut parts = parts.clone();
        parts.insert(name.to_owned(), text.as_bytes().to_vec());
        refused(&parts)
    };
    let mut nested = Parts::new();
    let mut entry = ImageBuilder::of(LayerBuilder::new()).add_to(&mut nested);
    for _ in 0..6 {
        let index = json!({"schemaVersion": 2, "manifests": [entry]});
        entry = add_blob(&mut nested, "application/vnd.oci.image.index.v1+json", json_bytes(&index));
    }
    let image = ImageBuilder::of(LayerBuilder::new());
    let mut foreign = Parts::new();
    let layer = add_blob(&mut foreign, "application/vnd.oci.image.layer.v1.tar+encrypted", Vec::new());
    let mut absent = image.layout();
    let manifest = manifest_of(&absent);
    absent.remove(&blob_name(manifest["config"]["digest"].as_str().expect("a digest")));
    let refusals = [
        with("index.json", "{"),
        with("index.json", r#"{"schemaVersion": 2, "manifests": [], "manifests": []}"#),
        with("index.json", r#"{"schemaVersion": 2, "manifests": []}"#),
        with("index.json", r#"{"manifests": [{"mediaType": "x", "digest": "sha256:../../etc", "size": 1}]}"#),
        with(
            "index.json",
            r#"{"schemaVersion": 2, "manifests": [{"mediaType": "x", "digest": "sha512:00", "size": 1}]}"#,
        ),
        with("oci-layout", r#"{"imageLayoutVersion": "2.0.0"}"#),
        refused(&finish_layout(nested, &[entry])),
        refused(&layout_of(foreign, &image, &[layer])),
        refused(&layout_of(Parts::new(), &image, &[])),
        refused(&absent),
    ];
    assert_snapshot!("documents", refusals.join("\n"));
}

#[test]
fn broken_archives_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("image.tar");
    let mut refusals = Vec::new();
    let mut refuse = |bytes: &[u8]| {
        fs::write(&place, bytes).expect("a new file");
        refusals.push(refusal(&place, "oci-archive", &Limits::default()));
    };
    let parts = ImageBuilder::of(LayerBuilder::new().file("a", "text")).layout();
    write_archive(&parts, &folder.path().join("whole.tar"));
    let whole = fs::read(folder.path().join("whole.tar")).expect("an archive");
    refuse(&whole[..whole.len() / 2]);
    refuse(&gzip(&whole));
    refuse(b"no archive");
    refuse(b"");
    let twice = LayerBuilder::new().file("index.json", "{}").file("./index.json", "{}");
    refuse(&twice.bytes());
    fs::remove_file(&place).expect("the file was there");
    refusals.push(refusal(&place, "oci-archive", &Limits::default()));
    fs::create_dir(&place).expect("a new folder");
    refusals.push(refusal(&place, "docker-archive", &Limits::default()));
    assert_snapshot!("archives", refusals.join("\n"));
}

#[test]
fn truncated_layers_are_refused() {
    let whole = LayerBuilder::new().file("a", &"text ".repeat(1000)).bytes();
    let mut refusals = Vec::new();
    for (media_type, bytes) in [
        ("application/vnd.oci.image.layer.v1.tar", whole[..2000].to_vec()),
        ("application/vnd.oci.image.layer.v1.tar+gzip", gzip(&whole)[..40].to_vec()),
        ("application/vnd.oci.image.layer.v1.tar", b"no archive at all, and long enough not to be empty".repeat(20)),
    ] {
        let mut image = ImageBuilder::of(LayerBuilder::new());
        image.layers = vec![(bytes.clone(), Compression::None)];
        let mut parts = Parts::new();
        // Every digest is right: what is cut off was cut off before.
        let layer = add_blob(&mut parts, media_type, bytes);
        refusals.push(refused(&layout_of(parts, &image, &[layer])));
    }
    assert_snapshot!("truncated", refusals.join("\n"));
}

#[test]
fn parts_of_a_layout_that_are_no_files_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_folder(&ImageBuilder::of(LayerBuilder::new()).layout(), folder.path());
    fs::remove_file(folder.path().join("index.json")).expect("the file was there");
    symlink("/dev/zero", folder.path().join("index.json")).expect("a new link");
    assert_eq!(refusal(folder.path(), "oci", &Limits::default()), "cannot read `PLACE/index.json`: it is no file");
}
