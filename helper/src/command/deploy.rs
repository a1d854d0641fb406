//! `lre deploy render`: writes an engine's configuration, or says how it differs from what it would write.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};

use super::changes::{Changes, diffs};
use super::format::Format;
use super::image::explain;
use super::mode::Mode;
use super::toolchain_folder::{owner, parser, read_manifest};
use super::{Outcome, print_data, read_text, report_error};
use crate::check::image::is_named;
use crate::deploy::{IMAGES_FILE, WorkerImage, absent_images, common_files, registry_of, render_deployment};
use crate::diff::ChangedFile;
use crate::generated_file::{MARKER, is_generated};
use crate::generated_folder::{FolderPlan, Written};
use crate::manifest::Manifest;
use crate::oci::image::Image;
use crate::oci::limits::Limits;
use crate::oci::platform::Platform;
use crate::oci::reference::ImageReference;
use crate::shell::{quote_path, quote_words};
use crate::store::Store;
use crate::talk::say;

/// Configures a remote-execution engine for toolchains.
#[derive(Debug, Subcommand)]
pub enum DeployVerb {
    /// Writes the configuration, or compares it.
    Render(RenderArguments),
}

/// Writes NativeLink's configuration and a Kubernetes base.
///
/// All values come from the manifests: what a worker offers and what the scheduler matches, images, and files. Those of the base
/// that depend on no manifest stay as they are once their first line, the `@generated` one, is removed.
#[derive(Debug, Args)]
pub struct RenderArguments {
    /// A toolchain's folder, or the `lre.json` in it. Given several times, there is a worker for each; the first one's is
    /// `worker.json5`.
    #[arg(long = "manifest", value_name = "DIR", required = true, value_parser = parser())]
    manifests: Vec<PathBuf>,
    /// The image of a toolchain's workers, as `lre image build` writes it: a folder, `oci:DIR[:TAG]` or
    /// `oci-archive:FILE[:TAG]`. Given once for each manifest, `kubernetes/images` pins the images by their digests.
    #[arg(long = "image", value_name = "REF", value_parser = image)]
    images: Vec<ImageReference>,
    /// Where the cluster finds these images, such as `registry.example/lre`. By default under their names alone.
    #[arg(long, value_name = "HOST/PATH", requires = "images")]
    registry: Option<String>,
    /// The folder to write. Files in it that have other names stay.
    #[arg(long, value_name = "DIR", default_value = "deploy")]
    out: PathBuf,
    /// What to do where a file differs: `check` prints a diff and the command that writes, and ends with 1; `dry-run`
    /// prints the diff.
    #[arg(long, value_enum, default_value_t = Mode::Write)]
    mode: Mode,
    /// `json`: one document on stdout, with the diffs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A reference to an image; a folder is an OCI layout, a tar file an archive of one.
fn image(text: &str) -> Result<ImageReference, String> {
    let transport = if Path::new(text).is_file() { "oci-archive" } else { "oci" };
    let reference = if text.contains(':') { text.to_owned() } else { format!("{transport}:{text}") };
    reference.parse().map_err(|error: crate::oci::reference::ReferenceError| error.to_string())
}

/// Runs the subcommand.
///
/// # Errors
/// If a manifest or an image cannot be used, or a file cannot be written. No file is changed then.
pub fn run(verb: &DeployVerb) -> anyhow::Result<Outcome> {
    let DeployVerb::Render(arguments) = verb;
    refuse_toolchain_folder(&arguments.out)?;
    let read = |folder: &PathBuf| read_manifest(folder, &Store::new(None), "lre deploy render --manifest");
    let manifests = arguments.manifests.iter().map(read).collect::<anyhow::Result<Vec<Manifest>>>()?;
    let read = |reference| read_image(reference, &manifests);
    let images = arguments.images.iter().map(read).collect::<anyhow::Result<Vec<WorkerImage>>>()?;
    let mut files = render_deployment(&manifests, &images, arguments.registry.as_deref())?;
    for name in own_files(&arguments.out) {
        say(format_args!("`{}` stays as it is: it has no `{MARKER}` marker", arguments.out.join(&name).display()));
        files.remove(&name);
    }
    if let Some(registry) = forgotten_registry(arguments)? {
        eprintln!(
            "warning: `{}` names the images in `{registry}`, and without `--registry` under their names alone\n\n\
             hint: keep the registry with `--registry {registry}`",
            arguments.out.join(IMAGES_FILE).display()
        );
    }
    let plan = FolderPlan::new(&arguments.out, &files)?;
    let out = arguments.out.display();
    let stale = stale_images(arguments, &manifests)?;
    let is_write = arguments.mode == Mode::Write;
    let changed: Vec<ChangedFile> = match arguments.format {
        Format::Human if is_write => Vec::new(),
        _ => plan.changed_files().collect(),
    };
    let written = if is_write { plan.write()? } else { Written::default() };
    match arguments.format {
        Format::Json => Changes::new(is_write, changed).print()?,
        Format::Human => print_data(&diffs(&changed))?,
    }
    if plan.is_empty() && stale.is_none() {
        say(format_args!("`{out}` is up to date"));
        return Ok(Outcome::Clean);
    }
    if arguments.mode == Mode::Check {
        if !plan.is_empty() {
            let (differing, all) = (plan.names().count(), files.len());
            report_error(&format!(
                "generated files in `{out}` are not as they should be: {differing} of {all}\n\n\
                 hint: write them with `{}`",
                command(arguments)
            ));
        }
        if let Some(stale) = stale {
            report_error(&stale);
        }
        return Ok(Outcome::Findings);
    }
    if let Some(stale) = stale {
        eprintln!("warning: {stale}");
    }
    let (verb, names): (_, Vec<&str>) = match arguments.mode {
        Mode::Write => ("wrote", written.files.iter().map(String::as_str).collect()),
        _ => ("would write", plan.names().collect()),
    };
    for name in names {
        say(format_args!("{verb} `{}`", arguments.out.join(name).display()));
    }
    if let Some(warning) = written.warning {
        eprintln!("warning: {warning}; a kill between two of them would have left a mixture");
    }
    Ok(Outcome::Clean)
}

/// A toolchain's folder is exchanged as a whole, and a deployment in it is looked for by nobody.
fn refuse_toolchain_folder(out: &Path) -> anyhow::Result<()> {
    let whole = std::path::absolute(out)?;
    let Some(toolchain) = owner(&whole) else { return Ok(()) };
    let beside = toolchain.parent().unwrap_or(toolchain).join(out.file_name().unwrap_or_default());
    bail!(
        "`{}` would lie in the toolchain's folder `{}`\n\nhint: name another one, such as with `--out {}`",
        out.display(),
        toolchain.display(),
        quote_path(&beside)
    )
}

/// The registry that an earlier run was given, and this one, which writes the same file, is not.
fn forgotten_registry(arguments: &RenderArguments) -> anyhow::Result<Option<String>> {
    let file = arguments.out.join(IMAGES_FILE);
    if arguments.images.is_empty() || arguments.registry.is_some() || !file.is_file() {
        return Ok(None);
    }
    Ok(registry_of(&read_text(&file)?).map(str::to_owned))
}

/// The files of the base that somebody made their own.
fn own_files(out: &Path) -> Vec<String> {
    let is_own = |name: &String| std::fs::read(out.join(name)).is_ok_and(|bytes| !is_generated(&bytes));
    common_files().filter(is_own).collect()
}

/// Reads which image it is. Whether it holds what its manifest says is `lre check --image`'s to find out.
fn read_image(reference: &ImageReference, manifests: &[Manifest]) -> anyhow::Result<WorkerImage> {
    let platform =
        manifests.first().map_or_else(Platform::of_this_machine, |first| Platform::of_system(first.exec.system));
    let image = Image::open(reference, &platform, &Limits::default()).map_err(|error| explain(error, reference))?;
    let Some(digest) = image.manifest else {
        bail!(
            "the image `{reference}` has no digest that a registry would know it by\n\nhint: name an OCI layout, such as \
             `lre image build --out oci:image` writes"
        );
    };
    let is_asked = |name: &String| manifests.iter().any(|manifest| is_named(name, &manifest.image.reference));
    if !image.names.iter().any(is_asked) {
        let wanted: Vec<&str> = manifests.iter().map(|manifest| manifest.image.reference.as_str()).collect();
        let names = if image.names.is_empty() {
            "no name".to_owned()
        } else {
            format!("the name `{}`", image.names.join("`, `"))
        };
        bail!(
            "the image `{reference}` has {names}, and the manifests ask for `{}`\n\nhint: make it again from its manifest with \
             `lre image build`",
            wanted.join("` and `")
        );
    }
    Ok(WorkerImage { names: image.names, digest })
}

/// What is wrong with images that an earlier run pinned, where this one is given none.
fn stale_images(arguments: &RenderArguments, manifests: &[Manifest]) -> anyhow::Result<Option<String>> {
    let file = arguments.out.join(IMAGES_FILE);
    if !arguments.images.is_empty() || !file.is_file() {
        return Ok(None);
    }
    let absent = absent_images(manifests, &read_text(&file)?);
    Ok((!absent.is_empty()).then(|| {
        format!(
            "`{}` pins other images than `{}`\n\nhint: build them with `lre image build`, then name each with `--image oci:DIR`",
            file.display(),
            absent.join("` and `")
        )
    }))
}

/// The command that writes what was missed.
fn command(arguments: &RenderArguments) -> String {
    let mut words: Vec<String> = ["lre", "deploy", "render"].map(str::to_owned).into();
    for folder in &arguments.manifests {
        words.extend(["--manifest".to_owned(), folder.display().to_string()]);
    }
    for image in &arguments.images {
        words.extend(["--image".to_owned(), image.to_string()]);
    }
    if let Some(registry) = &arguments.registry {
        words.extend(["--registry".to_owned(), registry.clone()]);
    }
    words.extend(["--out".to_owned(), arguments.out.display().to_string()]);
    quote_words(words)
}
