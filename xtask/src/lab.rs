//! All that an end-to-end run needs, running: sandbox, helper, workspaces, service, worker.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::engine::nativelink::{self, DATA_BYTES, Instance};
use crate::engine::worker_image::{self, WorkerImage};
use crate::engine::{BuildGrid, Container, Engine, EngineKind, NativeLink, QUEUE_DEADLINE, Worker, WorkerSpec};
use crate::repository::{cargo, target_directory};
use crate::sandbox::{Sandbox, Tools, host, registry, source, tool_inside};
use crate::step::{Attempts, run_logged};

/// The example workspaces that use the demo's toolchain.
pub(crate) const HELLO: &str = "src/examples/hello-cc";
/// Depends on the same module as [`HELLO`]; built from another folder.
pub(crate) const AGAIN: &str = "src/examples/hello-again";
/// Builds abseil.
pub(crate) const ABSEIL: &str = "src/examples/abseil";
/// Builds and runs every feature of the toolchain.
pub(crate) const FEATURES: &str = "src/examples/features";

/// Uses the Java toolchain.
pub(crate) const HELLO_JAVA: &str = "src/examples/hello-java";

/// The running parts, in the order in which they end.
pub(crate) struct Lab {
    /// The worker.
    pub(crate) worker: Option<Worker>,
    /// What it offers.
    offered: BTreeMap<String, String>,
    /// What its root is made from.
    image: WorkerImage,
    /// The service.
    pub(crate) engine: Engine,
    /// Roots, tools and toolchain.
    pub(crate) sandbox: Sandbox,
}

impl Lab {
    /// Sets up and starts everything, a line for each step.
    pub(crate) fn open(tools: Tools, kind: EngineKind) -> Result<Self> {
        Self::open_with(tools, kind, QUEUE_DEADLINE)
    }

    /// The same with another deadline for actions that no worker takes, where the engine has one.
    pub(crate) fn open_with(tools: Tools, kind: EngineKind, queue_deadline: Duration) -> Result<Self> {
        if kind == EngineKind::Nativelink {
            // Before the minutes that the rest takes.
            nativelink::binary()?;
        }
        let sandbox = Sandbox::open(tools)?;
        let steps = &sandbox.steps;
        steps.run("helper", Attempts::Once, |log| install_helper(&sandbox, log))?;
        steps.run("workspaces", Attempts::Once, |log| prepare_workspaces(&sandbox, log))?;
        let engine = start_engine(&sandbox, kind, queue_deadline)?;
        let manifest = sandbox.place().text(HELLO) + "/lre-cc/lre.json";
        let image = worker_image::prepare(&sandbox, "lre-cc", &manifest, &[])?;
        let mut lab = Self { worker: None, offered: BTreeMap::new(), image, engine, sandbox };
        let properties = lab.manifest_properties()?;
        lab.start_worker(properties)?;
        Ok(lab)
    }

    /// Does `work` with a NativeLink whose data may take so many bytes; afterwards the old engine has a worker again.
    pub(crate) fn with_nativelink<T>(
        &mut self,
        data_bytes: u64,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let properties = self.manifest_properties()?;
        let engine = Engine::NativeLink(NativeLink::new(&self.sandbox, data_bytes)?);
        self.worker = None;
        let old = std::mem::replace(&mut self.engine, engine);
        let result = self.start_worker(properties.clone()).and_then(|()| work(self));
        self.worker = None;
        self.engine = old;
        let restored = self.start_worker(properties);
        result.and_then(|value| restored.map(|()| value))
    }

    /// Ends the worker, if there is one, and starts one that offers `properties`.
    pub(crate) fn start_worker(&mut self, properties: BTreeMap<String, String>) -> Result<()> {
        self.worker = None;
        self.offered = properties;
        let manifest = self.manifest(&format!("{HELLO}/lre-cc/lre.json"))?;
        let worker = self.sandbox.steps.run("worker", Attempts::Once, |_| match &self.engine {
            Engine::BuildGrid(engine) => self.start_buildbox(engine, "worker", self.image.clone(), &self.offered),
            Engine::NativeLink(engine) => {
                engine.start(&self.sandbox, self.instance("worker", &manifest, self.image.clone(), &self.offered))
            }
        })?;
        self.worker = Some(worker);
        Ok(())
    }

    /// Starts a second worker of the same kind beside the first one.
    pub(crate) fn start_second_worker(&self) -> Result<Worker> {
        let manifest = self.manifest(&format!("{HELLO}/lre-cc/lre.json"))?;
        self.start_beside("worker-second", &manifest, self.image.clone())
    }

    /// Starts a worker called `name` beside the first one: it offers what `manifest`, a file below the sandbox's place, asks
    /// for, and its image has the toolchain and `more`.
    pub(crate) fn start_worker_beside(&self, name: &str, manifest: &str, more: &[&str]) -> Result<Worker> {
        let facts = self.manifest(manifest)?;
        let include = [&[self.sandbox.toolchain.tools.as_str()], more].concat();
        let image = worker_image::prepare(&self.sandbox, name, &self.sandbox.place().text(manifest), &include)?;
        self.start_beside(&format!("worker-{name}"), &facts, image)
    }

    fn start_beside(&self, name: &str, manifest: &Value, image: WorkerImage) -> Result<Worker> {
        let properties = properties(manifest)?;
        match &self.engine {
            Engine::BuildGrid(engine) => self.start_buildbox(engine, name, image, &properties),
            Engine::NativeLink(engine) => {
                engine.start_beside(&self.sandbox, self.instance(name, manifest, image, &properties))
            }
        }
    }

    fn start_buildbox(
        &self,
        engine: &BuildGrid,
        name: &str,
        image: WorkerImage,
        properties: &BTreeMap<String, String>,
    ) -> Result<Worker> {
        let logs = self.sandbox.directory().join("logs").join(name);
        fs::create_dir_all(&logs)?;
        let toolchain = &self.sandbox.toolchain;
        let spec = WorkerSpec {
            container: self.container(name, image),
            tools: toolchain.tools.clone(),
            buildbox: toolchain.worker.clone(),
            properties: properties.clone(),
        };
        Worker::start(&spec, &engine.address(), &logs)
    }

    fn instance<'a>(
        &self,
        name: &'a str,
        manifest: &'a Value,
        image: WorkerImage,
        properties: &'a BTreeMap<String, String>,
    ) -> Instance<'a> {
        Instance { name, manifest, properties, container: self.container(name, image) }
    }

    fn container(&self, name: &str, image: WorkerImage) -> Container {
        Container { image, directory: self.sandbox.directory().join(name) }
    }

    /// What the demo's manifest says that a worker must offer.
    pub(crate) fn manifest_properties(&self) -> Result<BTreeMap<String, String>> {
        properties(&self.manifest(&format!("{HELLO}/lre-cc/lre.json"))?)
    }

    /// A manifest below the sandbox's place.
    pub(crate) fn manifest(&self, file: &str) -> Result<Value> {
        let file = self.sandbox.place().outside(file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("`{}` is no JSON", file.display()))
    }

    /// The first property that the manifest asks for and the worker does not offer, in words.
    pub(crate) fn property_mismatch(&self) -> Result<Option<String>> {
        let wanted = self.manifest_properties()?;
        let mismatch = wanted.iter().find(|(name, value)| self.offered.get(*name) != Some(value));
        Ok(mismatch.map(|(name, value)| {
            let offered = self.offered.get(name).map_or("nothing".to_owned(), |value| format!("`{value}`"));
            format!("platform property `{name}`: the platform asks for `{value}`, the worker offers {offered}")
        }))
    }

    /// Builds the release profile's `lre` beside the other; its path as seen inside.
    pub(crate) fn install_release_helper(&self) -> Result<String> {
        let place = self.sandbox.place();
        self.sandbox.steps.run("helper (release)", Attempts::Once, |log| {
            install(&build_helper(&["--release"], log)?, &place.outside("bin/lre-release"))
        })?;
        Ok(place.text("bin/lre-release"))
    }

    /// The helper, as seen inside.
    pub(crate) fn helper(&self) -> String {
        self.sandbox.place().text("bin/lre")
    }
}

fn start_engine(sandbox: &Sandbox, kind: EngineKind, queue_deadline: Duration) -> Result<Engine> {
    let logs = sandbox.directory().join("logs");
    match kind {
        EngineKind::Buildgrid => {
            let start = |_: &Path| BuildGrid::start(&sandbox.services, &logs, queue_deadline);
            sandbox.steps.run("service", Attempts::Once, start).map(Engine::BuildGrid)
        }
        EngineKind::Nativelink => NativeLink::new(sandbox, DATA_BYTES).map(Engine::NativeLink),
    }
}

fn properties(manifest: &Value) -> Result<BTreeMap<String, String>> {
    serde_json::from_value(manifest["image"]["execProperties"].clone())
        .context("a manifest has no execution properties")
}

/// Builds `lre` and puts it where Bazel and Nix are.
fn install_helper(sandbox: &Sandbox, log: &std::path::Path) -> Result<()> {
    install(&build_helper(&[], log)?, &sandbox.place().outside("bin/lre"))
}

/// Builds an example of the helper and puts it beside the helper; its path as seen inside.
pub(crate) fn install_example(lab: &Lab, name: &str) -> Result<String> {
    let place = lab.sandbox.place();
    let log = lab.sandbox.steps.log(name);
    let built = build_with_cargo(&["--example", name], "debug", &format!("examples/{name}"), &log)?;
    install(&built, &place.outside(format!("bin/{name}")))?;
    Ok(place.text(format!("bin/{name}")))
}

/// Puts a built binary to `target`.
pub(crate) fn install(built: &std::path::Path, target: &std::path::Path) -> Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    // A new file: the old one may be running.
    let new = target.with_extension("new");
    fs::copy(built, &new).with_context(|| format!("cannot copy `{}`", built.display()))?;
    fs::rename(&new, target).with_context(|| format!("cannot install `{}`", target.display()))
}

/// Builds the helper with Cargo and returns the binary.
fn build_helper(flags: &[&str], log: &std::path::Path) -> Result<PathBuf> {
    let profile = if flags.contains(&"--release") { "release" } else { "debug" };
    build_with_cargo(flags, profile, "lre", log)
}

/// Builds what `flags` say of the package `lre` and returns `binary`, which is below the profile's folder.
pub(crate) fn build_with_cargo(flags: &[&str], profile: &str, binary: &str, log: &std::path::Path) -> Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--locked", "--package", "lre"]).args(flags);
    run_logged(&mut cargo, log)?;
    let binary = target_directory().join(profile).join(binary);
    if !binary.exists() {
        bail!("Cargo built no `{}`", binary.display());
    }
    Ok(binary)
}

/// Copies the sources and gives each workspace its toolchain configuration and its `lre.bazelrc`.
fn prepare_workspaces(sandbox: &Sandbox, log: &std::path::Path) -> Result<()> {
    let place = sandbox.place();
    source::copy_repository(&place.outside("src"))?;
    source::copy_abseil(&sandbox.services, &place.outside(ABSEIL).join("abseil-cpp"))?;
    registry::write_registry(&place.outside("registry"), &tool_inside(sandbox, "buildozer"))?;
    fs::write(place.outside("sandbox.bazelrc"), bazelrc(sandbox))?;
    fs::write(place.outside("env.json"), &sandbox.toolchain.environment)?;
    fs::write(place.outside("java-env.json"), &sandbox.toolchain.java_environment)?;
    for workspace in [HELLO, AGAIN, ABSEIL, FEATURES] {
        configure_workspace(sandbox, workspace, log)?;
    }
    configure(sandbox, HELLO_JAVA, ("java-env.json", "lre-java"), log)
}

/// Writes `lre-cc/` and `lre.bazelrc` into a workspace, with the commands that its README names.
pub(crate) fn configure_workspace(sandbox: &Sandbox, workspace: &str, log: &std::path::Path) -> Result<()> {
    configure(sandbox, workspace, ("env.json", "lre-cc"), log)
}

/// The same for an Env and a folder.
fn configure(sandbox: &Sandbox, workspace: &str, (env, folder): (&str, &str), log: &std::path::Path) -> Result<()> {
    let place = sandbox.place();
    let helper = place.text("bin/lre");
    let script = r#"
        "$0" regen --env-json "$1" --out "$2"
        "$0" bazelrc --env-json "$1" --prefix lre --helper "$0" >lre.bazelrc"#;
    let command = sandbox
        .command("bash")
        .args(["-euc", script, &helper, &place.text(env), folder])
        .directory(place.inside(workspace))
        .env("HOME", "/root");
    run_logged(&mut command.build(), log).with_context(|| format!("cannot configure `{workspace}`"))
}

/// What Debian's Bazel needs to resolve modules without a network; nothing of it is about LRE.
fn bazelrc(sandbox: &Sandbox) -> String {
    let zstd = "/usr/lib/x86_64-linux-gnu/libzstd-jni.so";
    let registry = sandbox.place().text("registry");
    let mut text = format!("startup --host_jvm_args=-DZstdNativePath={zstd}\n");
    if sandbox.tools == Tools::Sandbox || host::has_debian_bazel() {
        text +=
            &format!("common --registry=file://{registry}\ncommon --noenable_workspace\ncommon --lockfile_mode=off\n");
    }
    // Debian's own rc file switches this on; it only adds noise to logs.
    text += "build --nosandbox_debug\n";
    // The links would be copied along with a workspace.
    text += "build --experimental_convenience_symlinks=ignore\n";
    text
}
