//! Makes images from a layer's tar archive.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Adds a blob to a layout and returns its descriptor.
fn add_blob(layout: &Path, media_type: &str, bytes: &[u8]) -> Result<Value> {
    let digest = hex(bytes);
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    fs::write(blobs.join(&digest), bytes)?;
    Ok(json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()}))
}

/// An OCI layout of one image with one layer.
pub(super) fn write_layout(layout: &Path, layer: &Path, env: &Value, name: &str) -> Result<()> {
    let layer = read(layer)?;
    let config = add_blob(layout, "application/vnd.oci.image.config.v1+json", &config(&layer, env)?)?;
    let layer = add_blob(layout, "application/vnd.oci.image.layer.v1.tar", &layer)?;
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let mut manifest = add_blob(layout, media_type, &serde_json::to_vec(&manifest)?)?;
    manifest["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(layout.join("index.json"), serde_json::to_vec(&index)?)?;
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#)?;
    Ok(())
}

/// The files of an archive as `docker save` writes it, around the layer `layer.tar` in the same folder.
pub(super) fn write_saved(folder: &Path, env: &Value, name: &str) -> Result<()> {
    let config = config(&read(&folder.join("layer.tar"))?, env)?;
    let config_name = format!("{}.json", hex(&config));
    let manifest = json!([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]);
    fs::write(folder.join(config_name), config)?;
    fs::write(folder.join("manifest.json"), serde_json::to_vec(&manifest)?)?;
    Ok(())
}

fn config(layer: &[u8], env: &Value) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": env},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(layer))]},
    }))?)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
