//! `lre image build`: the image of a toolchain's workers.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use oci_spec::image::{
    ANNOTATION_DESCRIPTION, ANNOTATION_TITLE, ANNOTATION_VERSION, Config, HistoryBuilder, ImageConfigurationBuilder, Os,
};
use sha2::{Digest as _, Sha256};

use super::closure::{layers_of_closure, refuse_other_bytes};
use super::layers::Layers;
use super::output::{OutputArguments, write};
use super::program::{HOME, folders, program_links, search_path, user, worker_program};
use crate::command::Outcome;
use crate::command::toolchain_folder::{parser, read_manifest_text, unusable_manifest};
use crate::image::compute_image;
use crate::manifest::{FILE_NAME, Manifest, Origin};
use crate::oci::digest::Digest;
use crate::oci::document::ImageConfig;
use crate::oci::new_image::NewImage;
use crate::oci::output::check_output;
use crate::oci::worker_layer::{NewEntry, group_with_user, passwd_with_user};
use crate::shell::quote_path;
use crate::store::{Store, StorePath, StoreRoot, require_store_dir};

/// The layer on top holds what lies outside of the store.
const ON_TOP: usize = 1;

/// The time of an image that was made from nothing but what it holds.
pub(super) const CREATED: &str = "1970-01-01T00:00:01Z";

/// What `lre image build` takes.
#[derive(Debug, Args)]
pub struct BuildArguments {
    /// The toolchain's folder, or the `lre.json` in it, as `lre regen` wrote them.
    #[arg(long = "manifest", value_name = "DIR", value_parser = parser())]
    folder: PathBuf,
    /// The program that the image runs, such as NativeLink's: a store path, or a store root with one program in `bin`.
    #[arg(long, value_name = "STORE-PATH", value_parser = StorePath::parse)]
    worker: Option<StorePath>,
    /// A store root that is in the image too, with all that it refers to. May be repeated.
    #[arg(long, value_name = "STORE-PATH", value_parser = StorePath::parse)]
    include: Vec<StorePath>,
    /// Take store paths from the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the verb.
///
/// # Errors
/// If the manifest does not describe an image, the store does not have what it promises, or nothing can be written.
pub(super) fn run(arguments: &BuildArguments) -> anyhow::Result<Outcome> {
    let store = Store::new(arguments.store.clone());
    require_store_dir(std::env::var_os("NIX_STORE_DIR").as_deref())?;
    let text = read_manifest_text(&arguments.folder, &store, "lre image build --manifest")?;
    let file = arguments.folder.join(FILE_NAME);
    let manifest = Manifest::from_json(&text).map_err(|error| unusable_manifest(&arguments.folder, &error))?;
    require_image(arguments, &manifest)?;
    check_output(&arguments.output.out)?;
    let added = arguments.worker.iter().chain(&arguments.include).map(|path| path.root().clone());
    let roots: Vec<StoreRoot> = manifest.store_roots.iter().map(|root| root.path.clone()).chain(added).collect();
    let limit = usize::from(arguments.output.max_layers) - ON_TOP;
    let groups = layers_of_closure(&store, &roots, limit, &|closure| {
        refuse_other_bytes(&file, &manifest.store_roots, closure)?;
        Ok(BTreeSet::new())
    })?;
    let program = arguments.worker.as_ref().map(|worker| worker_program(&store, worker)).transpose()?;

    let mut programs = search_path(&manifest.env);
    for folder in roots.iter().map(|root| format!("{root}/bin")) {
        if !programs.contains(&folder) {
            programs.push(folder);
        }
    }
    let mut entries = program_links(&store, &programs, &|_| false, INCLUDE)?;
    entries.extend(folders());
    entries.insert("etc/passwd".to_owned(), NewEntry::Text(passwd_with_user(ROOT_USER, "/bin/sh")));
    entries.insert("etc/group".to_owned(), NewEntry::Text(group_with_user(ROOT_GROUP)));
    let layers = Layers::make(&store, arguments.output.compression, &groups, &entries, &|_| false)?;

    let config = config(&manifest, &text, program, layers.layers().len())?;
    let image = NewImage { name: manifest.image.reference.clone(), config, layers: layers.layers() };
    write(&image, &arguments.output, &layers)?;
    Ok(Outcome::Clean)
}

const INCLUDE: &str = "add a store root that has one, as in `--include /nix/store/HASH-coreutils`";

const ROOT_USER: &str = "root:x:0:0:root:/root:/bin/sh\n";
const ROOT_GROUP: &str = "root:x:0:\n";

/// Refuses a manifest whose image would not be what its name says.
fn require_image(arguments: &BuildArguments, manifest: &Manifest) -> anyhow::Result<()> {
    let file = arguments.folder.join(FILE_NAME);
    let file = file.display();
    if manifest.non_store {
        bail!(
            "`{file}` names paths outside of the store, which are in the image that it was written from and nowhere else\n\n\
             hint: make that image a worker, with `lre image wrap --base REF --worker PATH --out {}`",
            arguments.output.out
        );
    }
    if manifest.exec.system.oci_architecture().is_none() {
        bail!("`{file}` is for `{}`: there are no images of it", manifest.exec.system.as_str());
    }
    if manifest.image.origin == Origin::Published {
        return Ok(());
    }
    let computed = compute_image(&manifest.name, manifest.exec.system, &manifest.env, &manifest.store_roots)?;
    if computed.reference != manifest.image.reference {
        let folder = quote_path(&arguments.folder);
        bail!(
            "`{file}` names the image `{}`, and its Env and store roots make it `{}`\n\n\
             hint: write it again with `lre regen --env-json env.json --out {folder}`",
            manifest.image.reference,
            computed.reference
        );
    }
    Ok(())
}

fn config(manifest: &Manifest, text: &str, program: Option<String>, layers: usize) -> anyhow::Result<ImageConfig> {
    let architecture = manifest.exec.system.oci_architecture().context("the manifest's system has no images")?;
    let (title, version) = manifest.image.reference.rsplit_once(':').unwrap_or((&manifest.image.reference, ""));
    let digest = Digest::new(Sha256::digest(text.as_bytes()).into());
    let mut labels = HashMap::from([
        (ANNOTATION_TITLE.to_owned(), title.to_owned()),
        (ANNOTATION_VERSION.to_owned(), version.to_owned()),
        (ANNOTATION_DESCRIPTION.to_owned(), format!("Worker of the toolchain {}", manifest.name)),
        ("lre.manifest".to_owned(), digest.to_string()),
    ]);
    labels.extend(manifest.pin.iter().map(|(name, input)| (format!("lre.pin.{name}"), input.rev.clone())));
    let mut run = Config::default();
    run.set_env(Some(manifest.env.clone()))
        .set_user(Some(user()))
        .set_working_dir(Some(HOME.to_owned()))
        .set_entrypoint(program.map(|program| vec![program]))
        .set_labels(Some(labels));
    let step = HistoryBuilder::default().created(CREATED).created_by("lre image build").build()?;
    let config = ImageConfigurationBuilder::default()
        .created(CREATED)
        .architecture(architecture)
        .os(Os::Linux)
        .config(run)
        .history(vec![step; layers])
        .build()?;
    Ok(config.into())
}
