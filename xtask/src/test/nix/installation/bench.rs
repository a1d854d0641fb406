//! Where installation scripts are run: folders below the sandbox's place, a shell, and scripts for some settings.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::lab::Lab;
use crate::root::Entry;
use crate::sandbox::toolchain::output;
use crate::test::case::expect_equal;
use crate::test::nix::{FLAKE, command};

/// The shells that a user's `shellHook` may be run by.
pub(super) const SHELLS: [&str; 2] = ["bash", "dash"];

/// Below the sandbox's place.
const FOLDER: &str = "checks/install";

/// What the flake makes of some settings: see `nix/tests/installation.nix`.
#[derive(Deserialize)]
pub(super) struct Installation {
    /// The store file.
    pub(super) bazelrc: String,
    #[serde(rename = "installationScript")]
    pub(super) script: String,
}

/// A shell, and scripts.
pub(super) struct Bench<'a> {
    lab: &'a Lab,
    pub(super) shell: &'static str,
    /// A store path that every rc file names.
    pub(super) toolchain: String,
    pub(super) made: BTreeMap<String, Installation>,
}

impl<'a> Bench<'a> {
    /// Scripts whose rc files name a store path of their own.
    pub(super) fn new(lab: &'a Lab, shell: &'static str) -> Result<Self> {
        let place = lab.sandbox.place();
        let folder = place.outside(FOLDER);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
        }
        let source = folder.join("toolchain/bin");
        fs::create_dir_all(&source)?;
        fs::write(source.join("cc"), format!("installed by {shell}\n"))?;
        let add = command(lab, "nix-store").args(["--add", &place.text(format!("{FOLDER}/toolchain"))]);
        let toolchain = output(add)?.trim().to_owned();
        let instantiate = command(lab, "nix-instantiate");
        let expression = ["--eval", "--strict", "--json", "--read-write-mode", "nix/tests/installation.nix"];
        let text = output(instantiate.args(expression).args(["--argstr", "toolchain", &toolchain]))?;
        let made = serde_json::from_str(&text).with_context(|| format!("the scripts are `{text}`"))?;
        Ok(Self { lab, shell, toolchain, made })
    }

    /// What was made of the settings called `name`.
    pub(super) fn get(&self, name: &str) -> Result<&Installation> {
        self.made.get(name).with_context(|| format!("`nix/tests/installation.nix` has no `{name}`"))
    }

    /// A claim, with the shell.
    pub(super) fn claim(&self, claim: &str) -> String {
        format!("{claim} ({})", self.shell)
    }

    /// A fresh scene.
    pub(super) fn scene(&'a self, name: &str) -> Result<Scene<'a>> {
        let folder = format!("{FOLDER}/{}-{name}", self.shell);
        let outside = self.lab.sandbox.place().outside(&folder);
        if outside.exists() {
            fs::remove_dir_all(&outside).with_context(|| format!("cannot remove `{}`", outside.display()))?;
        }
        fs::create_dir_all(&outside)?;
        Ok(Scene { bench: self, folder })
    }

    /// A Nix command.
    pub(super) fn nix(&self, program: &str) -> Entry {
        command(self.lab, program)
    }
}

/// A folder with workspaces in it, named by paths below it.
pub(super) struct Scene<'a> {
    bench: &'a Bench<'a>,
    folder: String,
}

/// How a script is run.
#[derive(Default)]
pub(super) struct Run<'a> {
    /// In this folder of the scene.
    pub(super) folder: &'a str,
    /// Before the script, in the same shell.
    pub(super) before: &'a str,
    /// After it.
    pub(super) after: &'a str,
    /// `PATH`, if it is not the usual one.
    pub(super) path: Option<&'a str>,
}

impl Scene<'_> {
    /// A path as the script sees it.
    pub(super) fn inside(&self, path: &str) -> String {
        let place = self.bench.lab.sandbox.place();
        place.text(if path.is_empty() { self.folder.clone() } else { format!("{}/{path}", self.folder) })
    }

    /// The same outside.
    pub(super) fn outside(&self, path: &str) -> std::path::PathBuf {
        self.bench.lab.sandbox.place().outside(&self.folder).join(path)
    }

    /// Writes a file.
    pub(super) fn write(&self, path: &str, text: &str) -> Result<()> {
        let file = self.outside(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))
    }

    /// What a link in the scene leads to.
    pub(super) fn link(&self, path: &str) -> Result<String> {
        let link = self.outside(path);
        let target = fs::read_link(&link).with_context(|| format!("`{}` is no link", link.display()))?;
        Ok(target.to_string_lossy().into_owned())
    }

    /// What is in a folder of the scene, sorted.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>> {
        let entries = fs::read_dir(self.outside(folder))?;
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// Runs the script of the settings called `name`; fails unless it ends with 0 and says exactly `expected`.
    pub(super) fn install(&self, name: &str, run: &Run<'_>, expected: &str) -> Result<()> {
        self.run(&self.bench.get(name)?.script, run, expected)
    }

    /// The same for any script.
    pub(super) fn run(&self, script: &str, run: &Run<'_>, expected: &str) -> Result<()> {
        // Under `-eu` the shell ends with an error if the snippet fails or reads a variable that is not set.
        let script = format!("{}\n{script}\n{}", run.before, run.after);
        let mut entry =
            self.bench.lab.sandbox.command(&format!("/usr/bin/{}", self.bench.shell)).args(["-euc", &script]);
        entry = entry.directory(self.inside(run.folder)).env("NIX_CONFIG", "build-users-group =").env("HOME", "/root");
        if let Some(path) = run.path {
            entry = entry.env("PATH", path);
        }
        let output = entry.build().output().context("cannot run the shell")?;
        let actual = format!(
            "{}{}{}\n",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            output.status
        );
        expect_equal("what the script says", &actual, &format!("{expected}exit status: 0\n"))
    }
}

/// Looks at the scripts themselves and at the snippet that `installationScript` is.
pub(super) fn shellcheck(lab: &Lab) -> Result<()> {
    let bench = Bench::new(lab, SHELLS[0])?;
    let mut texts = Vec::new();
    for file in ["nix/install.sh", "nix/generate-toolchains.sh"] {
        texts.push(("sh", fs::read_to_string(lab.sandbox.place().outside(FLAKE).join(file))?));
    }
    for dialect in ["sh", "bash", "dash"] {
        texts.push((dialect, bench.get("several")?.script.clone()));
    }
    for (dialect, text) in texts {
        let mut shellcheck = lab.sandbox.command("shellcheck").args(["--shell", dialect, "-"]).build();
        let mut child =
            shellcheck.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run `shellcheck`")?;
        child.stdin.take().context("`shellcheck` has no standard input")?.write_all(text.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("as {dialect}:\n{}", String::from_utf8_lossy(&output.stdout));
        }
    }
    Ok(())
}
