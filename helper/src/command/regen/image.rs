//! An image as the source of a toolchain: Env from its configuration, facts from its compiler.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use clap::Args;

use super::source::{probe, recorded_hashes};
use super::target::Target;
use crate::environment::{Environment, EnvironmentError};
use crate::image;
use crate::manifest::Origin;
use crate::oci::entry::try_entry;
use crate::oci::image::Image;
use crate::oci::limits::Limits;
use crate::oci::platform::Platform;
use crate::oci::reference::ImageReference;
use crate::oci::unpack::unpack_image;
use crate::store::nar::hash_nars;
use crate::store::{Store, StoreRoot, find_store_paths};
use crate::talk::say;
use crate::toolchain::Source;
use crate::toolchain_kind::ToolchainKind;
use crate::toolchain_path::PathPolicy;

/// The other sources, which have no use for what describes an image.
const OTHERS: [&str; 3] = ["env_json", "flake", "published"];

/// What names the image, and what it does not say itself.
#[derive(Debug, Args)]
pub(super) struct ImageArguments {
    /// An image: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`. Its configuration has Env. If
    /// its store paths are not here, its compiler runs in a temporary copy, without network and this machine's files.
    #[arg(long, value_name = "REF", group = "source")]
    pub(super) image: Option<ImageReference>,
    /// The name under which workers have the image: the platform's `container-image`. By default the name of `--image`,
    /// or one that is computed from Env and the bytes of its store roots.
    #[arg(long, value_name = "NAME", requires = "source", conflicts_with = "published", value_parser = parse_name)]
    pub(super) image_name: Option<String>,
    /// Adds an entry to the image's Env, or replaces one, such as `CC=/usr/bin/gcc`. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", requires = "image", conflicts_with_all = OTHERS)]
    env: Vec<String>,
    /// The image's platform, where there are several. By default this machine's.
    #[arg(long, value_name = "OS/ARCHITECTURE", requires = "image", conflicts_with_all = OTHERS)]
    platform: Option<Platform>,
}

/// A name that can be written after `docker://`.
fn parse_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    let is_name = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_plain);
    if is_name && !text.contains("://") {
        Ok(text.to_owned())
    } else {
        Err("expected a name such as `registry.example/gcc:14`, without `docker://`".to_owned())
    }
}

impl ImageArguments {
    /// The options as words of a command line.
    pub(super) fn words(&self) -> Vec<String> {
        let option = |name: &str, value: &String| [name.to_owned(), value.clone()];
        let mut words: Vec<String> = Vec::new();
        words.extend(self.image.iter().flat_map(|image| option("--image", &image.to_string())));
        words.extend(self.image_name.iter().flat_map(|name| option("--image-name", name)));
        words.extend(self.env.iter().flat_map(|entry| option("--env", entry)));
        words.extend(self.platform.iter().flat_map(|platform| option("--platform", &platform.to_string())));
        words
    }

    /// Every file of the toolchain's folder.
    pub(super) fn generate(
        &self,
        reference: &ImageReference,
        store: &Store,
        target: &Target,
        kind: Option<ToolchainKind>,
        paths: PathPolicy,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let limits = Limits::default();
        let opened = Image::open(reference, &self.platform.clone().unwrap_or_else(Platform::of_this_machine), &limits);
        let image = opened.with_context(|| format!("cannot use the image `{reference}`"))?;
        let environment = self.environment(&image, reference, kind, paths)?;
        let image_name = self.name(&image, reference)?;
        if is_here(store, &environment) {
            let source = probe(store, target, kind, environment)?;
            let hashes = recorded_hashes(store, &source)?;
            return finish(source, &image_name, |root| hashes.get(root).cloned());
        }
        say(format_args!("unpacking `{reference}`"));
        let unpacked = unpack_image(&image, &limits).with_context(|| format!("cannot use the image `{reference}`"))?;
        // A JDK is only looked at.
        if ToolchainKind::of(&environment, kind)? == ToolchainKind::Cc {
            unpacked.prepare_entry()?;
            try_entry(&unpacked.root())?;
        }
        let inside = Store::of_image(unpacked.root());
        let source = probe(&inside, target, kind, environment)?;
        let hashes = hash_roots(&inside, &source.store_roots()?, reference)?;
        finish(source, &image_name, |root| hashes.get(root).cloned())
    }

    fn environment(
        &self,
        image: &Image,
        reference: &ImageReference,
        kind: Option<ToolchainKind>,
        paths: PathPolicy,
    ) -> anyhow::Result<Environment> {
        let key = |entry: &str| entry.split('=').next().unwrap_or_default().to_owned();
        let mut entries = image.env();
        entries.retain(|entry| !self.env.iter().any(|given| key(given) == key(entry)));
        entries.extend(self.env.iter().cloned());
        let environment = Environment::from_entries(&entries);
        let environment = environment.with_context(|| format!("cannot use the Env of `{reference}`"))?;
        if environment.get("CC").is_none() && environment.get("JAVA_HOME").is_none() {
            bail!(
                "the Env of `{reference}` has neither `CC` nor `JAVA_HOME`, so there is no toolchain to describe\n\n\
                 hint: name the image's compiler, as in `--env CC=/usr/bin/gcc --allow-non-store`"
            );
        }
        let environment = environment.allowing(paths);
        // Before gigabytes are unpacked.
        let usable = match ToolchainKind::of(&environment, kind)? {
            ToolchainKind::Cc => environment.compiler().and_then(|_| environment.search_path()),
            ToolchainKind::Java => environment.search_path(),
        };
        match usable.map_err(|error| (error.to_string(), error)) {
            Err((text, EnvironmentError::OutsideStore { .. })) => {
                let (reason, _) = text.split_once("\n\n").unwrap_or((&text, ""));
                bail!(
                    "{reason}\n\nhint: allow it with `--allow-non-store`, for a toolchain of workers that run this image and \
                     of no others"
                )
            }
            Err((_, error)) => Err(error.into()),
            Ok(_) => Ok(environment),
        }
    }

    /// What workers call the image.
    fn name(&self, image: &Image, reference: &ImageReference) -> anyhow::Result<String> {
        if let Some(name) = &self.image_name {
            return Ok(name.clone());
        }
        let hint = "hint: say under which name the workers have it, with `--image-name NAME`";
        match image.names.as_slice() {
            [] => bail!("the image `{reference}` has no name, only files\n\n{hint}"),
            // containerd's whole name stands before the shorter one.
            [name, ..] => parse_name(name).map_err(|reason| {
                anyhow::anyhow!("the image `{reference}` is called `{name}`, which is no name: {reason}\n\n{hint}")
            }),
        }
    }
}

/// Whether all that Env names is on this machine. A path outside the store names something else here.
fn is_here(store: &Store, environment: &Environment) -> bool {
    let entries = environment.to_entries();
    let mentions = entries.iter().flat_map(|entry| find_store_paths(entry)).filter_map(|mention| mention.path.ok());
    let has_each: Vec<bool> = mentions.map(|path| store.has_root(path.root())).collect();
    !environment.paths().allows_non_store() && !has_each.is_empty() && !has_each.contains(&false)
}

/// The NAR hashes of store roots in an unpacked image: of what the workers have, whatever this machine has.
fn hash_roots(
    inside: &Store,
    roots: &[StoreRoot],
    reference: &ImageReference,
) -> anyhow::Result<BTreeMap<StoreRoot, String>> {
    let absent: Vec<String> =
        roots.iter().filter(|root| !inside.has_root(root)).map(|root| format!("\n  {root}")).collect();
    if !absent.is_empty() {
        bail!("the image `{reference}` names store roots that are not in it{}", absent.concat());
    }
    let paths: Vec<_> = roots.iter().map(|root| (inside.on_disk(&root.path()), 0)).collect();
    let hashes = hash_nars(&paths, |_| {});
    roots.iter().zip(hashes).map(|(root, hash)| Ok((root.clone(), hash?))).collect()
}

/// The files, for workers that have the image by that name. The name that would be computed needs no publisher.
fn finish(
    source: Source,
    image_name: &str,
    nar_hash: impl Fn(&StoreRoot) -> Option<String>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let computed = source.compute_image(&nar_hash)?;
    let exec = source.systems()?.exec;
    let image = (computed.reference != image_name).then(|| image::image(Origin::Published, exec, image_name));
    Ok(Source { image, ..source }.generate(nar_hash)?)
}
