//! The real flake-parts and nixpkgs, where the environment names copies of them.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::consumer::{FOLDER as CONSUMER, overrides, prepare, reference};
use super::flake::{nix, stub, this};
use crate::lab::Lab;
use crate::sandbox::toolchain::output;
use crate::sandbox::{source, workspace};
use crate::test::case::{Tally, expect_equal};

const FLAKE_PARTS: &str = "LRE_FLAKE_PARTS";
const NIXPKGS: &str = "LRE_NIXPKGS";

/// Copies below the sandbox's place.
pub(super) struct Copies {
    /// Whether there are packages, or nixpkgs' `lib` alone.
    has_packages: bool,
}

impl Copies {
    /// Copies both into the sandbox, or says which is not named.
    pub(super) fn from_environment(lab: &Lab) -> Result<Result<Self, String>> {
        let mut has_packages = false;
        for (variable, name) in [(FLAKE_PARTS, "flake-parts"), (NIXPKGS, "nixpkgs")] {
            let Some(folder) = std::env::var_os(variable).map(PathBuf::from) else {
                return Ok(Err(format!(
                    "the consumer with the real flake-parts and nixpkgs: `{variable}` names no copy"
                )));
            };
            let target = lab.sandbox.place().outside(format!("real/{name}"));
            if target.exists() {
                std::fs::remove_dir_all(&target)?;
            }
            source::copy(&folder, &target).with_context(|| format!("`{variable}` is `{}`", folder.display()))?;
            has_packages = target.join("pkgs/top-level/all-packages.nix").exists();
        }
        Ok(Ok(Self { has_packages }))
    }

    /// The inputs of a consumer, as flags: real where there is a copy.
    pub(super) fn inputs(&self, lab: &Lab) -> Vec<String> {
        let (parts, real) = (path(lab, "flake-parts"), path(lab, "nixpkgs"));
        let nixpkgs = if self.has_packages { real.clone() } else { stub(lab, "nixpkgs") };
        overrides(&[
            ("nativelink", &stub(lab, "nativelink")),
            ("nativelink/nixpkgs", &nixpkgs),
            ("flake-parts", &parts),
            ("flake-parts/nixpkgs-lib", &real),
            ("local-remote-execution", &this(lab)),
            ("local-remote-execution/nixpkgs", &nixpkgs),
        ])
    }

    /// Runs the checks that need nothing wrong.
    pub(super) fn run(&self, tally: &mut Tally, lab: &Lab) {
        let inputs = self.inputs(lab);
        let target = lab.sandbox.place().outside(CONSUMER);
        tally.check("the example evaluates with the real flake-parts", || {
            prepare(&target, &workspace().join("examples/flake-consumer"), &[])?;
            let hook = reference(lab, "devShells.x86_64-linux.default.shellHook");
            let real = output(nix(lab, &["eval", "--raw", &hook]).args(&inputs))?;
            if self.has_packages {
                let consumer = format!("path:{}", lab.sandbox.place().text(CONSUMER));
                return output(nix(lab, &["flake", "check", "--no-build", &consumer]).args(&inputs)).map(drop);
            }
            // The same packages, so the same script.
            let stubs = output(nix(lab, &["eval", "--raw", &hook]).args(super::consumer::stubs(lab)))?;
            expect_equal("the script", &real, &stubs)
        });
        if self.has_packages {
            tally.check("every output of the flake evaluates with the real nixpkgs", || {
                let real = path(lab, "nixpkgs");
                let check = ["flake", "check", "--no-build", &this(lab), "--override-input", "nixpkgs", &real];
                output(nix(lab, &check)).map(drop)
            });
        }
        tally.check("bug 1: the docs of all options can be made with the real nixpkgs' `lib`", || {
            let place = lab.sandbox.place();
            let lib = place.text("real/nixpkgs/lib");
            let arguments = ["--argstr", "lib", &lib, "--argstr", "flake-parts", &place.text("real/flake-parts")];
            let nix =
                super::command(lab, "nix-instantiate").args(["--eval", "--strict", "--json", "nix/tests/docs.nix"]);
            let documented = output(nix.args(arguments))?;
            let expected: String = OPTIONS.map(|option| format!("\"local-remote-execution.{option}\"")).join(",");
            expect_equal("the documented options", documented.trim(), &format!("[{expected}]"))
        });
    }
}

const OPTIONS: [&str; 18] = [
    "bazelrc",
    "enable",
    "installationScript",
    "settings",
    "settings.Env",
    "settings.helper",
    "settings.install",
    "settings.kind",
    "settings.prefix",
    "settings.remote.cache",
    "settings.remote.ciCache",
    "settings.remote.credentialHelper",
    "settings.remote.executor",
    "settings.remote.instance",
    "settings.remote.tlsCertificate",
    "settings.remote.tlsClientCertificate",
    "settings.remote.tlsClientKey",
    "settings.workspaces",
];

fn path(lab: &Lab, name: &str) -> String {
    format!("path:{}", lab.sandbox.place().text(format!("real/{name}")))
}
