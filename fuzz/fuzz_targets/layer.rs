//! Layers of an image, unpacked one over the other: whatever they say, nothing outside of their folder is touched.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use lre::oci::image::Image;
use lre::oci::limits::Limits;
use lre::oci::reference::{ImageReference, Transport};
use lre::oci::unpack::unpack_image;
use lre_fuzz::{Layout, expand, parts_of_image, write_image};

const LIMITS: Limits =
    Limits { document: 64 << 10, entries: 200, unpacked: 1 << 20, ratio: 200, ratio_floor: 1 << 20, header: 8 << 10 };

// Layers as lines of entries, with a line `%%` between them.
fuzz_target!(|data: &[u8]| {
    let data = expand(data);
    let text = String::from_utf8_lossy(&data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let outside = folder.path().join("outside");
    fs::create_dir_all(outside.join("folder")).expect("a new folder");
    fs::write(outside.join("folder/file"), "kept").expect("a new file");
    let image = image_of(&text.replace("OUTSIDE", &outside.display().to_string()), folder.path());
    let before = listing(&outside);
    let unpacked = unpack_image(&image, &LIMITS);
    assert_eq!(listing(&outside), before);
    let Ok(unpacked) = unpacked else { return };
    unpacked.prepare_entry().expect("the places of every container");
    let files = listing(&unpacked.root());
    assert!(files.len() <= 1000 && files.values().all(|(mode, _)| mode & 0o6000 == 0), "setuid: {files:?}");
    // What is still to be used must be removable, whatever its modes.
    let root = unpacked.root();
    drop(unpacked);
    assert!(root.symlink_metadata().is_err());
    assert_eq!(listing(&outside), before);
});

/// An archive as `docker save` writes it: nothing but the configuration has a digest.
fn image_of(layers: &str, folder: &Path) -> Image {
    let mut parts = String::new();
    let (mut digests, mut names) = (Vec::new(), Vec::new());
    for (number, layer) in layers.split("\n%%").take(4).enumerate() {
        // What starts a part in the image's text is not to be in a layer.
        parts += &format!("%% {number}.layer\n{}\n", layer.replace("%% ", ""));
        digests.push(format!("\"{{digest {number}.layer}}\""));
        names.push(format!("\"{number}.layer\""));
    }
    let (digests, names) = (digests.join(","), names.join(","));
    parts +=
        "%% config.json\n{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",";
    parts += &format!("\"diff_ids\":[{digests}]}}}}\n");
    parts += &format!("%% manifest.json\n[{{\"Config\":\"config.json\",\"RepoTags\":null,\"Layers\":[{names}]}}]\n");
    write_image(&parts_of_image(&parts), Layout::Archive, folder);
    let reference = ImageReference { transport: Transport::DockerArchive, path: folder.join("image.tar"), name: None };
    Image::open(&reference, &"linux/amd64".parse().expect("a platform"), &LIMITS).expect("an image")
}

/// Mode and contents of everything below a folder; links are not followed.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let metadata = folder.symlink_metadata().expect("a folder");
        found.insert(folder.clone(), (metadata.mode(), Vec::new()));
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("what is in a folder");
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            let contents = if metadata.is_file() { fs::read(&path).expect("a file") } else { Vec::new() };
            found.insert(path, (metadata.mode(), contents));
        }
    }
    found
}
