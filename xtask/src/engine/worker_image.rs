//! The root of a worker: an image that `lre image build` makes, unpacked by umoci.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::sandbox::toolchain::{nix, output};
use crate::sandbox::{Sandbox, Tools};
use crate::step::{Attempts, run_logged};

/// An image that is unpacked, and how it wants to be run.
#[derive(Clone, Debug)]
pub(crate) struct WorkerImage {
    /// What is `/` of it, as seen from outside.
    pub(crate) root: PathBuf,
    /// The program and its first arguments.
    pub(crate) entry_point: Vec<String>,
    /// Where it starts.
    pub(crate) folder: PathBuf,
    /// User and group.
    pub(crate) user: (u64, u64),
}

/// Makes the image of a toolchain's workers and unpacks it, unless the same one is there. `manifest` is as Bazel and Nix
/// see it, `include` are store roots that the toolchain's actions need beside it.
pub(crate) fn prepare(sandbox: &Sandbox, name: &str, manifest: &str, include: &[&str]) -> Result<WorkerImage> {
    sandbox.steps.run(&format!("worker image: {name}"), Attempts::Once, |log| {
        let place = sandbox.place();
        let worker = format!("{}/bin/buildbox-worker", sandbox.toolchain.worker);
        let layout = format!("images-of-workers/{name}");
        // umoci is in the sandbox, whose folder the machine's own tools see too.
        let builder = &sandbox.builder;
        let outside = builder.directory().join("lre").join(&layout);
        fs::create_dir_all(&outside)?;
        let image = outside.join("layout");
        remove(&image)?;
        let inside = match sandbox.tools {
            Tools::Sandbox => place.inside(&layout).join("layout"),
            Tools::Host => image,
        };
        let lre = nix(builder, sandbox.tools, &place, &place.text("bin/lre"))
            .args(["image", "build", "--manifest", manifest, "--worker", &worker, "--out"])
            .args([format!("oci:{}:worker", inside.display())])
            .args(include.iter().flat_map(|root| ["--include", root]))
            .env("XDG_CACHE_HOME", place.inside("cache"));
        let digest = output(lre)?;
        let bundle = outside.join("bundle");
        let stamp = outside.join("digest");
        if fs::read_to_string(&stamp).ok().as_ref() != Some(&digest) || !bundle.exists() {
            remove(&stamp)?;
            remove(&bundle)?;
            let folder = format!("/lre/{layout}");
            let umoci = builder.command("umoci").args(["unpack", "--image", &format!("{folder}/layout:worker")]);
            run_logged(&mut umoci.args([format!("{folder}/bundle")]).limit(Duration::from_secs(300)).build(), log)?;
            fs::write(&stamp, &digest)?;
        }
        read_bundle(&bundle)
    })
}

/// What umoci made of the image's configuration.
fn read_bundle(bundle: &Path) -> Result<WorkerImage> {
    let file = bundle.join("config.json");
    let text = fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let config: Value = serde_json::from_slice(&text)?;
    let process = &config["process"];
    let id =
        |name: &str| process["user"][name].as_u64().with_context(|| format!("`{}` names no {name}", file.display()));
    Ok(WorkerImage {
        root: bundle.join("rootfs"),
        entry_point: serde_json::from_value(process["args"].clone()).context("the image has no entry point")?,
        folder: process["cwd"].as_str().context("the image has no working folder")?.into(),
        user: (id("uid")?, id("gid")?),
    })
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}
