//! Makes images, and images that no honest program would make.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

/// The parts of an image by their names in a layout or archive.
pub(crate) type Parts = BTreeMap<String, Vec<u8>>;

/// Makes the tar archive of a layer. Names are written as they are given.
pub(crate) struct LayerBuilder {
    tar: tar::Builder<Vec<u8>>,
}

impl LayerBuilder {
    pub(crate) fn new() -> Self {
        Self { tar: tar::Builder::new(Vec::new()) }
    }

    pub(crate) fn file(self, name: &str, contents: &str) -> Self {
        self.entry(EntryType::Regular, name, 0o644, "", contents.as_bytes())
    }

    pub(crate) fn program(self, name: &str, contents: &[u8]) -> Self {
        self.entry(EntryType::Regular, name, 0o755, "", contents)
    }

    pub(crate) fn folder(self, name: &str, mode: u32) -> Self {
        self.entry(EntryType::Directory, name, mode, "", b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, name, 0o777, target, b"")
    }

    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Link, name, 0o644, target, b"")
    }

    pub(crate) fn entry(mut self, kind: EntryType, name: &str, mode: u32, target: &str, contents: &[u8]) -> Self {
        let mut header = header(kind, mode, contents.len() as u64);
        if name.len() > 100 {
            self.tar.append_data(&mut header, name, contents).expect("a long name");
            return self;
        }
        // `Header::set_path` refuses the very names that are wanted here.
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..target.len()].copy_from_slice(target.as_bytes());
        self.raw(header, contents)
    }

    /// An entry whose header says something else than its contents.
    pub(crate) fn raw(mut self, mut header: Header, contents: &[u8]) -> Self {
        header.set_cksum();
        self.tar.append(&header, contents).expect("an entry");
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.tar.into_inner().expect("a finished archive")
    }
}

/// A header without name.
pub(crate) fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header
}

/// How a layer is kept.
#[derive(Clone, Copy)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Makes an image.
#[derive(Clone)]
pub(crate) struct ImageBuilder {
    pub(crate) layers: Vec<(Vec<u8>, Compression)>,
    pub(crate) env: Vec<String>,
    pub(crate) architecture: String,
    pub(crate) name: Option<String>,
    /// Keys of the configuration that replace what is there, and of how its containers run, that are added.
    pub(crate) more: (Value, Value),
}

impl ImageBuilder {
    pub(crate) fn new(layers: impl IntoIterator<Item = (LayerBuilder, Compression)>) -> Self {
        let layers = layers.into_iter().map(|(layer, compression)| (layer.bytes(), compression)).collect();
        Self { layers, env: Vec::new(), architecture: "amd64".to_owned(), name: None, more: Default::default() }
    }

    /// One uncompressed layer.
    pub(crate) fn of(layer: LayerBuilder) -> Self {
        Self::new([(layer, Compression::None)])
    }

    pub(crate) fn env(mut self, entries: &[&str]) -> Self {
        self.env = entries.iter().map(|&entry| entry.to_owned()).collect();
        self
    }

    pub(crate) fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    pub(crate) fn architecture(mut self, architecture: &str) -> Self {
        self.architecture = architecture.to_owned();
        self
    }

    pub(crate) fn config(&self) -> Vec<u8> {
        let diff_ids: Vec<String> = self.layers.iter().map(|(bytes, _)| digest(bytes)).collect();
        let mut config = json!({
            "architecture": self.architecture,
            "os": "linux",
            "config": {"Env": self.env, "WorkingDir": "/work", "Labels": null},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [],
        });
        let add = |object: &mut Value, more: &Value| {
            more.as_object().into_iter().flatten().for_each(|(key, value)| object[key] = value.clone());
        };
        add(&mut config, &self.more.0);
        add(&mut config["config"], &self.more.1);
        json_bytes(&config)
    }

    /// Adds its blobs, and returns the descriptor of its manifest.
    pub(crate) fn add_to(&self, parts: &mut Parts) -> Value {
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|(bytes, compression)| {
                let (suffix, bytes) = match compression {
                    Compression::None => ("", bytes.clone()),
                    Compression::Gzip => ("+gzip", gzip(bytes)),
                    Compression::Zstd => ("+zstd", zstd::encode_all(bytes.as_slice(), 3).expect("zstd")),
                };
                add_blob(parts, &format!("application/vnd.oci.image.layer.v1.tar{suffix}"), bytes)
            })
            .collect();
        let config = add_blob(parts, "application/vnd.oci.image.config.v1+json", self.config());
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers});
        let mut descriptor = add_blob(parts, media_type, json_bytes(&manifest));
        if let Some(name) = &self.name {
            descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        }
        descriptor
    }

    /// The parts of a layout that holds nothing else.
    pub(crate) fn layout(&self) -> Parts {
        let mut parts = Parts::new();
        let descriptor = self.add_to(&mut parts);
        finish_layout(parts, &[descriptor])
    }

    /// The parts of an archive as `docker save` wrote it until Docker 25.
    pub(crate) fn docker_archive(&self) -> Parts {
        let mut parts = Parts::new();
        let mut layers = Vec::new();
        for (number, (bytes, _)) in self.layers.iter().enumerate() {
            layers.push(format!("{number}/layer.tar"));
            parts.insert(format!("{number}/layer.tar"), bytes.clone());
        }
        let config = self.config();
        let config_name = format!("{}.json", &digest(&config)["sha256:".len()..]);
        let tags: Vec<&String> = self.name.iter().collect();
        let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": layers}]);
        parts.insert(config_name, config);
        parts.insert("manifest.json".to_owned(), json_bytes(&manifest));
        parts
    }
}

/// Adds a blob, and returns its descriptor.
pub(crate) fn add_blob(parts: &mut Parts, media_type: &str, bytes: Vec<u8>) -> Value {
    let (digest, size) = (digest(&bytes), bytes.len());
    parts.insert(blob_name(&digest), bytes);
    json!({"mediaType": media_type, "digest": digest, "size": size})
}

/// The part that has a digest.
pub(crate) fn blob_name(digest: &str) -> String {
    format!("blobs/sha256/{}", &digest["sha256:".len()..])
}

/// Adds `oci-layout` and `index.json`.
pub(crate) fn finish_layout(mut parts: Parts, manifests: &[Value]) -> Parts {
    parts.insert("oci-layout".to_owned(), json_bytes(&json!({"imageLayoutVersion": "1.0.0"})));
    parts.insert("index.json".to_owned(), json_bytes(&json!({"schemaVersion": 2, "manifests": manifests})));
    parts
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

pub(crate) fn json_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}

/// Writes parts as the files of a folder.
pub(crate) fn write_folder(parts: &Parts, folder: &Path) {
    for (name, bytes) in parts {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a file in a folder")).expect("a new folder");
        fs::write(file, bytes).expect("a new file");
    }
}

/// Writes parts as the entries of an archive.
pub(crate) fn write_archive(parts: &Parts, file: &Path) {
    let mut layer = LayerBuilder::new();
    for (name, bytes) in parts {
        layer = layer.entry(EntryType::Regular, name, 0o644, "", bytes);
    }
    fs::write(file, layer.bytes()).expect("a new file");
}

/// The platform of the images that are made here.
pub(crate) fn amd64() -> lre::oci::platform::Platform {
    "linux/amd64".parse().expect("a platform")
}
