//! What of an image ends up in the folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use insta::assert_debug_snapshot;
use lre::oci::image::Image;
use lre::oci::limits::Limits;
use lre::oci::unpack::{UnpackedImage, unpack_image};

use crate::builder::{Compression, ImageBuilder, LayerBuilder, Parts, amd64, write_archive, write_folder};

/// Unpacks the image in a folder `image` or file `image.tar`.
pub(crate) fn unpack(reference: &str, limits: &Limits) -> Result<UnpackedImage, String> {
    let reference = reference.parse().map_err(|error| format!("{error}"))?;
    let image = Image::open(&reference, &amd64(), limits).map_err(|error| error.to_string())?;
    unpack_image(&image, limits).map_err(|error| error.to_string())
}

fn unpack_parts(parts: &Parts) -> Result<UnpackedImage, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_folder(parts, folder.path());
    unpack(&format!("oci:{}", folder.path().display()), &Limits::default())
}

/// Every path with what lies there.
fn listing(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("metadata");
            let mode = metadata.permissions().mode() & 0o7777;
            let what = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).expect("a link").display())
            } else if metadata.is_dir() {
                folders.push(path.clone());
                format!("{mode:o} folder")
            } else {
                format!("{mode:o} {:?}", fs::read_to_string(&path).expect("text"))
            };
            found.insert(path.strip_prefix(root).expect("below the root").display().to_string(), what);
        }
    }
    found
}

fn layers_of<const N: usize>(layers: [LayerBuilder; N]) -> BTreeMap<String, String> {
    let layers = layers.map(|layer| (layer, Compression::None));
    let unpacked = unpack_parts(&ImageBuilder::new(layers).layout()).expect("an image");
    listing(&unpacked.root())
}

#[test]
fn layers_are_put_one_over_the_other_whatever_they_are_compressed_with() {
    let image = ImageBuilder::new([
        (LayerBuilder::new().folder("bin/", 0o755).program("./bin/sh", b"1").link("sh", "bin/sh"), Compression::Gzip),
        (LayerBuilder::new().file("etc/passwd", "root"), Compression::Zstd),
        (LayerBuilder::new().program("bin/sh", b"2"), Compression::None),
    ])
    .name("gcc:14");
    let unpacked = unpack_parts(&image.layout()).expect("an image");
    let found = listing(&unpacked.root());
    assert_debug_snapshot!("layers", found);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let archive = folder.path().join("image.tar");
    for (transport, parts) in [("oci-archive", image.layout()), ("docker-archive", image.docker_archive())] {
        write_archive(&parts, &archive);
        let unpacked = unpack(&format!("{transport}:{}", archive.display()), &Limits::default()).expect("an image");
        assert_eq!(listing(&unpacked.root()), found, "{transport}");
    }
}

#[test]
fn layer_of_several_gzip_members_is_read_to_its_end() {
    let layer = LayerBuilder::new().file("a", "1").file("b", "2").bytes();
    let mut parts = Parts::new();
    let (first, second) = layer.split_at(700);
    let compressed = [crate::builder::gzip(first), crate::builder::gzip(second)].concat();
    let mut image = ImageBuilder::of(LayerBuilder::new());
    image.layers = vec![(layer, Compression::None)];
    let blob = crate::builder::add_blob(&mut parts, "application/vnd.oci.image.layer.v1.tar+gzip", compressed);
    let config = crate::builder::add_blob(&mut parts, "application/vnd.oci.image.config.v1+json", image.config());
    let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": [blob]});
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let descriptor = crate::builder::add_blob(&mut parts, media_type, crate::builder::json_bytes(&manifest));
    let unpacked = unpack_parts(&crate::builder::finish_layout(parts, &[descriptor])).expect("an image");
    assert_eq!(listing(&unpacked.root()).len(), 2);
}

#[test]
fn whiteouts_hide_what_lower_layers_have_and_nothing_of_their_own() {
    let lower = LayerBuilder::new()
        .file("gone", "1")
        .file("folder/gone", "1")
        .file("opaque/gone", "1")
        .file("opaque/sub/gone", "1")
        .file("again", "1")
        .file("kept/x", "1");
    let upper = LayerBuilder::new()
        .file("opaque/before", "2")
        .file("opaque/sub/before", "2")
        .file(".wh.gone", "")
        .file(".wh.folder", "")
        .file(".wh.again", "")
        .file("again", "2")
        .file("opaque/.wh..wh..opq", "")
        .file("opaque/after", "2")
        .file("kept/.wh..wh.plnk", "")
        .file(".wh.never-there", "")
        .file("never-there/.wh.x", "");
    assert_debug_snapshot!("whiteouts", layers_of([lower, upper]));
}

#[test]
fn whiteouts_know_what_the_layer_wrote_through_a_link() {
    let lower = LayerBuilder::new().file("usr/lib/gone", "1").link("lib", "usr/lib");
    let upper = LayerBuilder::new()
        .file("lib/own", "2")
        .file("usr/lib/.wh..wh..opq", "")
        .file("lib/.wh.own", "")
        .hard_link("lib/own", "usr/lib/own");
    assert_debug_snapshot!("whiteouts-through-links", layers_of([lower, upper]));
}

#[test]
fn links_may_have_any_target_and_are_replaced_and_not_followed() {
    let lower = LayerBuilder::new()
        .link("absolute", "/etc/passwd")
        .link("climbing", "../../../etc/passwd")
        .link("dangling", "nothing")
        .link("loop", "loop")
        .folder("usr/bin", 0o755)
        .link("bin", "usr/bin")
        .file("bin/through", "inside");
    let upper = LayerBuilder::new()
        .file("absolute", "a file")
        .folder("climbing", 0o700)
        .hard_link("dangling-too", "dangling")
        .folder("bin", 0o755);
    assert_debug_snapshot!("links", layers_of([lower, upper]));
}

#[test]
fn hard_links_are_one_file() {
    let lower = LayerBuilder::new().file("a", "text");
    let upper = LayerBuilder::new().hard_link("b", "/a").hard_link("folder/c", "./b").hard_link("a", "a");
    let image = ImageBuilder::new([(lower, Compression::None), (upper, Compression::None)]);
    let unpacked = unpack_parts(&image.layout()).expect("an image");
    let inode = |name: &str| unpacked.root().join(name).metadata().expect("a file").ino();
    assert_eq!([inode("b"), inode("folder/c")], [inode("a"); 2]);
}

#[test]
fn modes_are_kept_without_setuid_and_the_owner_may_remove_everything() {
    let layer = LayerBuilder::new()
        .entry(tar::EntryType::Regular, "setuid", 0o6755, "", b"")
        .entry(tar::EntryType::Regular, "secret", 0o000, "", b"")
        .folder("tmp", 0o1777)
        .folder("read-only", 0o555)
        .file("read-only/x", "");
    assert_debug_snapshot!("modes", layers_of([layer]));
}

#[test]
fn long_names_and_the_usual_devices_are_read() {
    let long = format!("{}/{}", "a".repeat(120), "b".repeat(120));
    let layer = LayerBuilder::new().file(&long, "text").entry(tar::EntryType::Char, "dev/null", 0o666, "", b"").entry(
        tar::EntryType::XGlobalHeader,
        "pax_global_header",
        0o644,
        "",
        b"",
    );
    let found = layers_of([layer]);
    assert_eq!(found.keys().collect::<Vec<_>>(), [&"a".repeat(120), &long]);
}

#[test]
fn absolute_names_are_below_the_root() {
    let found = layers_of([LayerBuilder::new().file("/nix/store/x", "text").file("//etc/y", "text")]);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["etc", "etc/y", "nix", "nix/store", "nix/store/x"]);
}

#[test]
fn unpacked_image_is_removed_when_it_is_dropped() {
    let image = ImageBuilder::of(LayerBuilder::new().folder("read-only", 0o555).file("read-only/x", ""));
    let unpacked = unpack_parts(&image.layout()).expect("an image");
    let folder = unpacked.root().parent().expect("a folder above").to_owned();
    let mode = folder.metadata().expect("a folder").permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else may enter");
    drop(unpacked);
    assert!(!folder.exists());
}
