//! Debian roots made by `debootstrap`: unstable for Bazel, Nix and BuildBox, stable for what should hardly move.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::root::{Content, Root, Spec};
use crate::step::{Attempts, Steps, run_logged};

/// Names a mirror where the machine's own apt sources should not decide.
const MIRROR: &str = "LRE_DEBIAN_MIRROR";
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// A Debian system in a directory.
pub(crate) struct Debian {
    /// What the steps call it.
    pub(crate) name: &'static str,
    /// The suite, as `debootstrap` takes it.
    pub(crate) suite: &'static str,
    /// Packages beyond the minimal system.
    pub(crate) packages: &'static [&'static str],
}

impl Debian {
    /// Makes the root under `sandbox` unless it is there, and starts it.
    pub(crate) fn root(&self, sandbox: &Path, steps: &Steps) -> Result<Root> {
        let directory = sandbox.join(self.name);
        let cache = sandbox.join("cache/debootstrap").join(self.suite);
        steps.keep(&format!("{}: debootstrap", self.name), self.suite, Attempts::Patient, |log| {
            self.bootstrap(&directory, &cache, log)
        })?;
        copy_host_file("/etc/resolv.conf", &directory.join("etc/resolv.conf"))?;
        copy_host_file(&format!("/{CERTIFICATES}"), &directory.join(CERTIFICATES))?;
        fs::write(directory.join("etc/apt/apt.conf.d/99sandbox"), APT)?;
        let root = Root::start(Spec { directory, content: Content::Directory, volumes: Vec::new() })?;
        install_packages(&format!("{}: packages", self.name), &root, steps, self.packages)?;
        Ok(root)
    }

    /// Builds in a directory of another name, so that an interrupted run leaves nothing that looks complete.
    fn bootstrap(&self, directory: &Path, cache: &Path, log: &Path) -> Result<()> {
        let partial = directory.with_extension("partial");
        for old in [&partial, &directory.to_path_buf()] {
            if old.exists() {
                fs::remove_dir_all(old).with_context(|| format!("cannot remove `{}`", old.display()))?;
            }
        }
        fs::create_dir_all(cache)?;
        // In a mount namespace of its own: what debootstrap mounts is gone when it ends, however it ends.
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--propagation",
            "private",
            "debootstrap",
            "--variant=minbase",
            "--include=ca-certificates",
        ]);
        command.arg(format!("--cache-dir={}", cache.display())).arg(self.suite).arg(&partial);
        if let Some(mirror) = mirror()? {
            command.arg(mirror);
            // Older releases of debootstrap know neither newer suites by name nor what differs: nothing does.
            command.arg("/usr/share/debootstrap/scripts/sid");
        }
        run_logged(&mut command, log)?;
        fs::rename(&partial, directory).with_context(|| format!("cannot rename `{}`", partial.display()))
    }
}

/// Installs packages in a root unless step `name` did so already.
pub(crate) fn install_packages(name: &str, root: &Root, steps: &Steps, packages: &[&str]) -> Result<()> {
    let packages = packages.join(" ");
    steps.keep(name, &packages, Attempts::Patient, |log| {
        let script = format!("apt-get update && apt-get install -y -q --no-install-recommends {packages}");
        run_logged(&mut shell(root, &script, Duration::from_secs(900)), log)
    })?;
    Ok(())
}

/// A shell script inside a Debian root, with the host's settings for package clients.
pub(crate) fn shell(root: &Root, script: &str, limit: Duration) -> Command {
    let mut entry = root.command("bash").args(["-euc", script]).limit(limit);
    for (name, value) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let registry = text.starts_with("PIP_") || text.starts_with("npm_config_");
        if registry || text.to_lowercase().ends_with("_proxy") || text == MIRROR {
            entry = entry.env(&name, value);
        }
    }
    entry.env("DEBIAN_FRONTEND", "noninteractive").env("HOME", "/root").env("LC_ALL", "C.UTF-8").build()
}

const APT: &str = r#"Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
APT::Sandbox::User "root";
Binary::apt-get::APT::Keep-Downloaded-Packages "true";
"#;

/// Installs what makes the roots, the one thing that the host itself needs.
pub(crate) fn install_debootstrap(steps: &Steps) -> Result<()> {
    if Path::new("/usr/sbin/debootstrap").exists() {
        return Ok(());
    }
    steps.run("debootstrap", Attempts::Patient, install)
}

fn install(log: &Path) -> Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("`debootstrap` is not on this machine\n\nhint: install it with the machine's package manager");
    }
    let mut update = Command::new("apt-get");
    run_logged(update.args(["update", "-q"]), log)?;
    let mut install = Command::new("apt-get");
    run_logged(install.args(["install", "-y", "-q", "--no-install-recommends", "debootstrap"]), log)
        .context("cannot install `debootstrap`\n\nhint: run as root on a Debian machine, or install it by hand")
}

/// The mirror that this machine's own apt uses, or the one named by `LRE_DEBIAN_MIRROR`.
fn mirror() -> Result<Option<String>> {
    if let Ok(mirror) = std::env::var(MIRROR) {
        return Ok(Some(mirror));
    }
    let mut files = vec![PathBuf::from("/etc/apt/sources.list.d/debian.sources"), "/etc/apt/sources.list".into()];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    Ok(texts.filter_map(|text| mirror_in(&text)).next())
}

/// The first mirror in a sources file, one-line or deb822 style, whose path ends in `/debian`.
fn mirror_in(text: &str) -> Option<String> {
    let words = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        match words.next()? {
            "URIs:" => words.next(),
            "deb" => words.find(|word| word.contains("://")),
            _ => None,
        }
    });
    let mut mirrors = words.filter(|word| word.trim_end_matches('/').ends_with("/debian"));
    mirrors.next().map(str::to_owned)
}

fn copy_host_file(from: &str, to: &Path) -> Result<()> {
    let Ok(content) = fs::read(from) else { return Ok(()) };
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    // A link here would lead out of the root.
    if to.is_symlink() {
        fs::remove_file(to)?;
    }
    fs::write(to, content).with_context(|| format!("cannot write `{}`", to.display()))
}

#[cfg(test)]
mod tests {
    use super::mirror_in;

    #[test]
    fn mirror_is_read_from_both_styles_and_only_if_it_is_debian() {
        let sources = "Types: deb\nURIs: http://mirror.example/debian\nSuites: stable\n";
        assert_eq!(mirror_in(sources).as_deref(), Some("http://mirror.example/debian"));
        let list = "# deb old\ndeb [signed-by=/k] http://other.example/apt stable main\ndeb http://m.example/debian/ sid main\n";
        assert_eq!(mirror_in(list).as_deref(), Some("http://m.example/debian/"));
        assert_eq!(mirror_in("deb http://other.example/apt stable main"), None);
    }
}
