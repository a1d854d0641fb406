//! Builds `examples/custom-toolchain` with Nix: the compiler, its tools and the worker, as store paths.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::debian::shell;
use super::source::copy;
use super::{Place, Tools, entry, workspace};
use crate::root::{Entry, Root};
use crate::step::{Attempts, Steps, run_logged};

/// No host beyond the packages: no substituters, no builders' group, and a sandbox that is never quietly left out.
pub(crate) const NIX_CONFIG: &str = "build-users-group =
substituters =
sandbox = true
sandbox-fallback = false
experimental-features = nix-command flakes
";

/// What the expression sees of this repository, below the sandbox's place.
pub(crate) const REPOSITORY: &str = "repository";
/// The expression's folder there.
const FOLDER: &str = "repository/examples/custom-toolchain";

/// What is built of it, in the order of `toolchain.txt`.
const ATTRIBUTES: [&str; 5] = ["tools", "lre-cc", "worker", "lre-java", "java-tools"];

/// The built toolchain.
pub(crate) struct Toolchain {
    /// `lre-cc.meta.Env`, as JSON.
    pub(crate) environment: String,
    /// `lre-java.meta.Env`, as JSON.
    pub(crate) java_environment: String,
    /// Logical store path of the shell and its tools.
    pub(crate) tools: String,
    /// Logical store path of the compiler.
    pub(crate) compiler: String,
    /// Logical store path of BuildBox.
    pub(crate) worker: String,
    /// Everything that tools, compiler and BuildBox need, logical.
    pub(crate) closure: Vec<String>,
    /// The store's directory as seen from outside.
    pub(crate) store: PathBuf,
}

/// Fetches the packages and builds the toolchain unless that is done.
pub(crate) fn prepare(steps: &Steps, builder: &Root, place: &Place, tools: Tools) -> Result<Toolchain> {
    let source = workspace().join("examples/custom-toolchain");
    // The packages are fetched where apt is, beside a copy of the script; the host's Nix gets a copy of both.
    let fetched = builder.directory().join("lre").join(FOLDER);
    refresh(&source, &fetched)?;
    let library = place.outside(REPOSITORY).join("nix");
    remove(&library)?;
    copy(&workspace().join("nix"), &library)?;
    if !fetched.join("packages/versions.txt").exists() {
        steps.forget("toolchain: packages")?;
    }
    steps.keep("toolchain: packages", &text(&source.join("fetch.sh"))?, Attempts::Patient, |log| {
        let script = format!("/lre/{FOLDER}/fetch.sh /lre/{FOLDER}/packages");
        run_logged(&mut shell(builder, &script, Duration::from_secs(900)), log)
    })?;
    let versions = text(&fetched.join("packages/versions.txt"))?;
    let folder = place.outside(FOLDER);
    if folder != fetched {
        refresh(&source, &folder)?;
        if text(&folder.join("packages/versions.txt")).ok().as_ref() != Some(&versions) {
            remove(&folder.join("packages"))?;
            copy(&fetched.join("packages"), &folder.join("packages"))?;
        }
    }
    let nix = |program: &str| nix(builder, tools, place, program);
    let key = sources_key(&source)? + &versions + &ATTRIBUTES.join(" ");
    let name = if tools == Tools::Host { "toolchain: nix-build (host)" } else { "toolchain: nix-build" };
    let built = place.outside("toolchain.txt");
    let is_there = text(&built).is_ok_and(|paths| paths.lines().all(|path| physical(builder, tools, path).exists()));
    if !is_there {
        steps.forget(name)?;
    }
    steps.keep(name, &key, Attempts::Once, |log| {
        let mut paths = String::new();
        for attribute in ATTRIBUTES {
            let link = place.text(format!("toolchain-{attribute}"));
            let build = ["toolchain.nix", "-A", attribute, "--out-link", &link];
            run_logged(&mut nix("nix-build").args(build).build(), log)?;
            let path = fs::read_link(place.outside(format!("toolchain-{attribute}")))?;
            paths += &format!("{}\n", path.display());
        }
        fs::write(&built, paths).with_context(|| format!("cannot write `{}`", built.display()))
    })?;
    let paths = text(&built)?;
    let [tool_path, compiler, worker, _jdk, _java_tools] = paths.lines().collect::<Vec<_>>()[..] else {
        bail!("`{}` does not name five store paths", built.display());
    };
    let environment = |attribute: &str| {
        let evaluate = ["--eval", "--strict", "--json", "toolchain.nix", "-A", attribute];
        output(nix("nix-instantiate").args(evaluate))
    };
    Ok(Toolchain {
        environment: environment("lre-cc.meta.Env")?,
        java_environment: environment("lre-java.meta.Env")?,
        tools: tool_path.to_owned(),
        compiler: compiler.to_owned(),
        worker: worker.to_owned(),
        closure: closure(nix("nix-store"), &[tool_path, compiler, worker])?,
        store: physical(builder, tools, "/nix/store"),
    })
}

/// A Nix command in the expression's folder.
pub(crate) fn nix(builder: &Root, tools: Tools, place: &Place, program: &str) -> Entry {
    let entry = entry(builder, tools, program).directory(place.inside(FOLDER));
    entry.env("NIX_CONFIG", NIX_CONFIG).env("HOME", "/root").env("LC_ALL", "C.UTF-8").limit(super::COMMAND_LIMIT)
}

/// What store paths need, themselves included; all logical. `nix_store` is the command without arguments.
pub(crate) fn closure(nix_store: Entry, paths: &[&str]) -> Result<Vec<String>> {
    let closure = output(nix_store.args(["--query", "--requisites"]).args(paths))?;
    Ok(closure.lines().map(str::to_owned).collect())
}

/// Where a path below `/nix` lies outside.
fn physical(builder: &Root, tools: Tools, logical: &str) -> PathBuf {
    match tools {
        Tools::Sandbox => builder.directory().join(logical.trim_start_matches('/')),
        Tools::Host => logical.into(),
    }
}

/// Copies the expression and its scripts; what was fetched beside them stays.
fn refresh(source: &Path, target: &Path) -> Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source).with_context(|| format!("cannot read `{}`", source.display()))? {
        let name = entry?.file_name();
        if name != "packages" {
            copy(&source.join(&name), &target.join(&name))?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    Ok(())
}

/// Everything that the build depends on beside the packages.
fn sources_key(source: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(source)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.is_file() && file.extension().is_some_and(|kind| kind != "md"));
    files.sort();
    files.iter().map(|file| text(file)).collect()
}

fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}

/// Runs a command and returns its standard output.
pub(crate) fn output(entry: Entry) -> Result<String> {
    let mut command = entry.build();
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
