//! `lre image wrap`: any image becomes a worker's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use oci_spec::image::{ANNOTATION_BASE_IMAGE_NAME, HistoryBuilder};

use super::build::CREATED;
use super::closure::layers_of_closure;
use super::layers::Layers;
use super::limits::{LimitArguments, explain};
use super::output::{OutputArguments, write};
use super::program::{HOME, folders, program_links, search_path, user, worker_program};
use crate::command::Outcome;
use crate::oci::document::ImageConfig;
use crate::oci::image::Image;
use crate::oci::new_image::{NewImage, NewLayer};
use crate::oci::output::check_output;
use crate::oci::platform::Platform;
use crate::oci::reference::ImageReference;
use crate::oci::unpack::unpack_image;
use crate::oci::worker_layer::{NewEntries, NewEntry, group_with_user, passwd_with_user};
use crate::store::database::Closure;
use crate::store::nar::hash_nar;
use crate::store::{STORE_DIR, Store, StorePath, StoreRoot, require_store_dir};
use crate::talk::say;

/// Where a worker goes that is no store path.
const PROGRAMS: &str = "usr/local/bin";

/// What `lre image wrap` takes.
#[derive(Debug, Args)]
pub struct WrapArguments {
    /// The image below: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`.
    #[arg(long, value_name = "REF")]
    base: ImageReference,
    /// The program that the image runs, such as NativeLink's: a store path, which brings all that it refers to, or any other
    /// file, which has to run in the image as it is, and goes to `/usr/local/bin`.
    #[arg(long, value_name = "PATH")]
    worker: PathBuf,
    /// The name of the new image. By default `nativelink-worker-` and the name of the base.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The base's platform, where there are several. By default this machine's.
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    platform: Option<Platform>,
    /// Take the worker from the chroot store DIR, where `/nix/store/X` lies at `DIR/nix/store/X`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArguments,
    #[command(flatten)]
    output: OutputArguments,
}

const SHELL: &str = "wrap an image with a shell, or one whose Env has a `PATH` that leads to one";

/// The worker as it is named on the command line.
enum Worker {
    InStore(StorePath),
    File { file: PathBuf, name: String },
}

/// Runs the verb.
///
/// # Errors
/// If the base or the worker cannot be used, or nothing can be written.
pub(super) fn run(arguments: &WrapArguments) -> anyhow::Result<Outcome> {
    let store = Store::new(arguments.store.clone());
    let worker = worker(&arguments.worker)?;
    check_output(&arguments.output.out)?;
    let limits = arguments.limits.limits();
    let platform = arguments.platform.clone().unwrap_or_else(Platform::of_this_machine);
    let refuse = |error| explain(error, &arguments.base);
    let base = Image::open(&arguments.base, &platform, &limits).map_err(refuse)?;
    let name = new_name(arguments, &base);
    say(format_args!("unpacking `{}`, to see what it has", arguments.base));
    // Every byte and entry of the base is verified by it.
    let unpacked = unpack_image(&base, &limits).map_err(refuse)?;
    let inside = Store::of_image(unpacked.root());

    let limit = usize::from(arguments.output.max_layers).saturating_sub(base.layers.len() + 1);
    if limit == 0 {
        bail!(
            "the image `{}` has {} layers, which leaves no room for the worker's in {}\n\n\
             hint: allow more with `--max-layers`, up to 127",
            arguments.base,
            base.layers.len(),
            arguments.output.max_layers
        );
    }
    let mut entries = entries_on_top(&base, &inside)?;
    let (groups, program) = match &worker {
        Worker::InStore(path) => {
            require_store_dir(std::env::var_os("NIX_STORE_DIR").as_deref())?;
            let program = worker_program(&store, path)?;
            let there = |closure: &Closure| roots_of_base(&inside, closure);
            (layers_of_closure(&store, &[path.root().clone()], limit, &there)?, program)
        }
        Worker::File { file, name } => {
            let folder = real(&inside, PROGRAMS);
            entries.insert(format!("{folder}/{name}"), NewEntry::Program(file.clone()));
            (Vec::new(), format!("/{folder}/{name}"))
        }
    };
    let has_folder = |folder: &str| inside.resolve(&format!("/{folder}")).is_some_and(|path| path.is_dir());
    let layers = Layers::make(&store, arguments.output.compression, &groups, &entries, &has_folder)?;

    let mut all = Vec::new();
    for layer in &base.layers {
        all.push(NewLayer::of_base(&base.source, layer).map_err(refuse)?);
    }
    let config = config(&base, program, layers.layers().len())?;
    all.extend(layers.layers());
    write(&NewImage { name, config, layers: all }, &arguments.output, &layers)?;
    Ok(Outcome::Clean)
}

fn worker(path: &Path) -> anyhow::Result<Worker> {
    if path.starts_with(STORE_DIR) {
        let text = path.to_str().context("the worker's path is not UTF-8")?;
        return Ok(Worker::InStore(StorePath::parse(text)?));
    }
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) if path.is_file() => Ok(Worker::File { file: path.to_owned(), name: name.to_owned() }),
        _ => bail!("the worker `{}` is neither a file nor a store path", path.display()),
    }
}

/// The name that is given, or one that tells what is below.
fn new_name(arguments: &WrapArguments, base: &Image) -> String {
    let given = arguments.name.clone().or_else(|| arguments.output.out.name.clone().filter(|name| name.contains(':')));
    given.unwrap_or_else(|| {
        let base = base.names.first().map_or("image:latest", String::as_str);
        let short = base.rsplit('/').next().unwrap_or(base);
        format!("nativelink-worker-{short}")
    })
}

/// A user with a home, `/tmp`, and links for what scripts name, where the base has none.
fn entries_on_top(base: &Image, inside: &Store) -> anyhow::Result<NewEntries> {
    let mut programs = search_path(&base.env());
    programs.extend(["/bin", "/usr/bin", "/usr/local/bin"].map(str::to_owned));
    let is_there = |place: &str| inside.resolve(&format!("/{place}")).is_some_and(|file| file.is_file());
    let mut entries = program_links(inside, &programs, &is_there, SHELL)?;
    entries.extend(folders());
    let text =
        |file: &str| inside.resolve(file).and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    entries.insert("etc/passwd".to_owned(), NewEntry::Text(passwd_with_user(&text("/etc/passwd"), "/bin/sh")));
    entries.insert("etc/group".to_owned(), NewEntry::Text(group_with_user(&text("/etc/group"))));
    Ok(entries.into_iter().map(|(path, entry)| (real(inside, &path), entry)).collect())
}

/// Where an entry has to be written so that links of the base to other folders stay.
fn real(inside: &Store, path: &str) -> String {
    let whole = inside.resolve(&format!("/{path}")).filter(|found| found.is_dir());
    if let Some(found) = whole.and_then(|found| inside.logical(&found)) {
        return found.trim_start_matches('/').to_owned();
    }
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("{}/{name}", real(inside, folder)),
        None => path.to_owned(),
    }
}

/// What the base has of the worker's closure. Another build of a store root would be mixed with that of the base.
fn roots_of_base(inside: &Store, closure: &Closure) -> anyhow::Result<BTreeSet<StoreRoot>> {
    let mut there = BTreeSet::new();
    for (root, registration) in closure.iter().filter(|(root, _)| inside.has_root(root)) {
        let found = hash_nar(&inside.on_disk(&root.path()), |_| {})?;
        if found != registration.nar_hash {
            bail!(
                "the base has another build of `{root}`: its NAR hash is `{found}` there, and `{}` here",
                registration.nar_hash
            );
        }
        there.insert(root.clone());
    }
    Ok(there)
}

/// The base's configuration, for the worker's program and user.
fn config(base: &Image, program: String, layers: usize) -> anyhow::Result<ImageConfig> {
    let mut config = base.config.clone();
    let mut run = config.known.config().clone().unwrap_or_default();
    run.set_user(Some(user())).set_working_dir(Some(HOME.to_owned())).set_entrypoint(Some(vec![program])).set_cmd(None);
    let name = base.names.first().map(|name| (ANNOTATION_BASE_IMAGE_NAME.to_owned(), name.clone()));
    run.labels_mut().get_or_insert_default().extend(name);
    config.known.set_config(Some(run));
    // A history that tells less than all layers is none.
    let history = config.known.history().iter().flatten();
    if history.filter(|step| step.empty_layer() != Some(true)).count() == base.layers.len() {
        let step = HistoryBuilder::default().created(CREATED).created_by("lre image wrap").build()?;
        config.known.history_mut().get_or_insert_default().extend(std::iter::repeat_n(step, layers));
    } else {
        config.known.set_history(None);
    }
    Ok(config)
}
