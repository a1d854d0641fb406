//! `lre image inspect`: what an image says of itself, and what is in its layers.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Component;

use clap::Args;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::limits::{LimitArguments, explain};
use crate::command::{Outcome, print_data};
use crate::oci::digest::Digest;
use crate::oci::document::ImageConfig;
use crate::oci::error::ImageError;
use crate::oci::image::{Image, Layer};
use crate::oci::layer::LayerReader;
use crate::oci::limits::Limits;
use crate::oci::platform::Platform;
use crate::oci::reference::ImageReference;
use crate::store::{STORE_DIR, StoreRoot};

/// What `lre image inspect` takes.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// The image: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`.
    #[arg(value_name = "REF")]
    image: ImageReference,
    /// The image's platform, where there are several. By default this machine's.
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    platform: Option<Platform>,
    #[command(flatten)]
    limits: LimitArguments,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    names: Vec<String>,
    platform: String,
    #[serde(serialize_with = "run_config")]
    config: ImageConfig,
    layers: Vec<LayerDescription>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LayerDescription {
    part: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    diff_id: Digest,
    store_roots: BTreeSet<StoreRoot>,
}

/// How a container of the image runs, with all that the image says of it.
fn run_config<S: Serializer>(config: &ImageConfig, serializer: S) -> Result<S::Ok, S::Error> {
    let document = config.document().map_err(S::Error::custom)?;
    document.get("config").filter(|config| config.is_object()).unwrap_or(&json!({})).serialize(serializer)
}

/// Runs the verb.
///
/// # Errors
/// If the image cannot be used.
pub(super) fn run(arguments: &InspectArguments) -> anyhow::Result<Outcome> {
    let description = describe(arguments).map_err(|error| explain(error, &arguments.image))?;
    print_data(&(serde_json::to_string_pretty(&description)? + "\n"))?;
    Ok(Outcome::Clean)
}

fn describe(arguments: &InspectArguments) -> Result<Description, ImageError> {
    let limits = arguments.limits.limits();
    let platform = arguments.platform.clone().unwrap_or_else(Platform::of_this_machine);
    let image = Image::open(&arguments.image, &platform, &limits)?;
    let layers = image.layers.iter().map(|layer| describe_layer(&image, layer, &limits)).collect::<Result<_, _>>()?;
    let platform = image.platform().to_string();
    Ok(Description { names: image.names, platform, config: image.config, layers })
}

/// Reads a layer to its end, so that it is known to be what the image says.
fn describe_layer(image: &Image, layer: &Layer, limits: &Limits) -> Result<LayerDescription, ImageError> {
    let mut reader = LayerReader::open(&image.source, layer, limits)?;
    let names = reader.entry_names(|name, roots: &mut BTreeSet<StoreRoot>| roots.extend(root_of(name)));
    let store_roots = match names {
        Ok(roots) => roots,
        Err(error) => return Err(reader.explain(error)),
    };
    reader.finish()?;
    let size = layer.blob.map(|(_, size)| size);
    Ok(LayerDescription { part: layer.part.clone(), size, diff_id: layer.diff_id, store_roots })
}

/// The store root that an entry is, or lies in.
fn root_of(name: &[u8]) -> Option<StoreRoot> {
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(name));
    let parts: Vec<&std::ffi::OsStr> = path
        .components()
        .filter_map(|part| if let Component::Normal(part) = part { Some(part) } else { None })
        .collect();
    match parts[..] {
        [nix, store, root, ..] if nix == "nix" && store == "store" => {
            StoreRoot::try_from(format!("{STORE_DIR}/{}", root.to_str()?)).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod unit {
    use super::root_of;

    #[test]
    fn entries_tell_their_store_root() {
        let root = "nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-a";
        let found = |name: &str| root_of(name.as_bytes()).map(|root| root.path());
        let expected = Some(format!("/{root}"));
        for name in [root.to_owned(), format!("./{root}/"), format!("/{root}/bin/x")] {
            assert_eq!(found(&name), expected, "{name}");
        }
        for name in ["nix/store/", "etc/passwd", "nix/store/.links/x", "x/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-a"]
        {
            assert_eq!(found(name), None, "{name}");
        }
    }
}
