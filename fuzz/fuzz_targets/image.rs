//! OCI layouts and archives, and what `docker save` writes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lre::oci::image::Image;
use lre::oci::limits::Limits;
use lre::oci::reference::{ImageReference, Transport};
use lre::oci::unpack::unpack_image;
use lre_fuzz::{Layout, parts_of_image, write_image};

const LIMITS: Limits =
    Limits { document: 64 << 10, entries: 200, unpacked: 1 << 20, ratio: 200, ratio_floor: 1 << 20, header: 8 << 10 };

// `oci`, `oci-archive`, `docker-archive` or `raw`, a name or nothing, and the parts; `raw` is an archive as it is.
fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, rest) = data.split_at(end);
    let first = String::from_utf8_lossy(first);
    let (transport, name) = first.split_once(' ').unwrap_or((&first, ""));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (transport, layout) = match transport {
        "oci" => (Transport::Oci, Layout::Folder),
        "oci-archive" => (Transport::OciArchive, Layout::Archive),
        _ => (Transport::DockerArchive, Layout::Archive),
    };
    if first.starts_with("raw") {
        std::fs::write(folder.path().join("image.tar"), rest.strip_prefix(b"\n").unwrap_or_default())
            .expect("a new file");
    } else {
        write_image(&parts_of_image(&String::from_utf8_lossy(rest)), layout, folder.path());
    }
    let path = folder.path().join(if layout == Layout::Folder { "image" } else { "image.tar" });
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    let _ = format!("{transport}:{}", name.as_deref().unwrap_or_default()).parse::<ImageReference>();
    let platform = "linux/amd64".parse().expect("a platform");
    let Ok(image) = Image::open(&ImageReference { transport, path, name }, &platform, &LIMITS) else { return };
    assert!(platform.accepts(&image.platform()));
    let _ = (image.env(), unpack_image(&image, &LIMITS).map(|unpacked| unpacked.prepare_entry()));
});
