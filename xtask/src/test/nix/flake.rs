//! The flake without a network: what its lock alone gives, and all of it with a stand-in for nixpkgs.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{FLAKE, command};
use crate::lab::Lab;
use crate::repository::cargo;
use crate::root::Entry;
use crate::sandbox::source;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

/// A stand-in, as an input of a flake.
pub(super) fn stub(lab: &Lab, name: &str) -> String {
    format!("{}?dir=nix/tests/stub/{name}", this(lab))
}

/// This repository's flake.
pub(super) fn this(lab: &Lab) -> String {
    format!("path:{}", lab.sandbox.place().text(FLAKE))
}

/// `nix VERB …`. No registry: an input that is not locked is an error.
pub(super) fn nix(lab: &Lab, verb: &[&str]) -> Entry {
    // The stand-ins build with programs that Debian's Nix does not put into its sandbox.
    let tools = &lab.sandbox.toolchain.tools;
    let programs = [("sh", "bash"), ("mkdir", "busybox"), ("chmod", "busybox")];
    let programs: Vec<String> = programs.iter().map(|(name, file)| format!("/bin/{name}={tools}/bin/{file}")).collect();
    let nix =
        command(lab, "nix").args(verb).args(["--no-write-lock-file", "--offline", "--option", "flake-registry", ""]);
    nix.args(["--option", "extra-sandbox-paths", &programs.join(" ")])
}

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let this = this(lab);
    tally.check("the lock alone gives the flake's library and its unit tests, offline", || {
        let lib = output(nix(lab, &["eval", "--json", "--apply", "builtins.attrNames", &format!("{this}#lib")]))?;
        let expected =
            r#"["bazelrc","createWorker","installationScript","mkGenerateToolchains","mkInstallation","mkToolchain"]"#;
        expect_equal("the library", lib.trim(), expected)?;
        let unit = format!("{this}#checks.x86_64-linux.unit");
        let built = output(nix(lab, &["build", "--no-link", "--print-out-paths", &unit]))?;
        let text = output(command(lab, "cat").args([built.trim()]))?;
        expect_equal("the check", text.trim_end().trim_start_matches(char::is_numeric), " passed")
    });
    tally.check("the lock names nixpkgs alone, by revision and hash", || {
        let metadata = output(nix(lab, &["flake", "metadata", "--json", &this]))?;
        let metadata: Value = serde_json::from_str(&metadata).context("`nix flake metadata` printed no JSON")?;
        let expected = json!({
            "root": {"inputs": {"nixpkgs": "nixpkgs"}},
            "nixpkgs": {
                "locked": {
                    "lastModified": 1_783_224_372,
                    "narHash": "sha256-8i/87eeoqiGE4yOTjwSA3Eh/ziJRQEmd/unYU+K27sk=",
                    "owner": "NixOS",
                    "repo": "nixpkgs",
                    "rev": "d407951447dcd00442e97087bf374aad70c04cea",
                    "type": "github",
                },
                "original": {"owner": "NixOS", "ref": "nixos-unstable", "repo": "nixpkgs", "type": "github"},
            },
        });
        expect_equal("the lock", &format!("{:#}", metadata["locks"]["nodes"]), &format!("{expected:#}"))
    });
    let nixpkgs = stub(lab, "nixpkgs");
    tally.check("`nix flake show` lists every output", || {
        let shown = output(nix(lab, &["flake", "show", "--json", &this, "--override-input", "nixpkgs", &nixpkgs]))?;
        let shown: Value = serde_json::from_str(&shown).context("`nix flake show` printed no JSON")?;
        let mut lines = Vec::new();
        list(&shown, "", &mut lines);
        expect_equal("the outputs", &lines.join("\n"), OUTPUTS)
    });
    tally.check("`nix flake check` passes", || {
        for flags in [&["--no-build", "--all-systems"][..], &[]] {
            let words = [&["flake", "check", &this, "--override-input", "nixpkgs", &nixpkgs], flags].concat();
            output(nix(lab, &words))?;
        }
        Ok(())
    });
    tally.check("the packages of the stand-in build, and `lre-cc` is a folder with its Env", || {
        let attributes = ["lre", "lre-cc", "lre-java", "generate-toolchains"];
        let references = attributes.map(|name| format!("{this}#{name}"));
        let mut words = vec!["build", "--no-link", "--print-out-paths", "--override-input", "nixpkgs", &nixpkgs];
        words.extend(references.iter().map(String::as_str));
        let built = output(nix(lab, &words))?;
        let cc = built.lines().find(|path| path.ends_with("-lre-cc")).context("`lre-cc` was not built")?;
        let written = output(command(lab, "cat").args([format!("{cc}/env.json")]))?;
        let evaluated = ["eval", "--json", &format!("{this}#lre-cc.meta.Env"), "--override-input", "nixpkgs", &nixpkgs];
        expect_equal("`env.json`", &written, &output(nix(lab, &evaluated))?)
    });
    tally.check("`cluster` of the flake does what `deploy/kubernetes/cluster` does", || {
        let build = ["build", "--no-link", "--print-out-paths", "--override-input", "nixpkgs", &nixpkgs];
        let built = output(nix(lab, &[&build[..], &[&format!("{this}#cluster")]].concat()))?;
        let words = ["up", "--images", "layouts", "--dry-run"];
        let packaged = output(command(lab, &format!("{}/bin/cluster", built.trim())).args(words))?;
        let own = output(command(lab, "deploy/kubernetes/cluster").args(words))?;
        // Its files are where the package has them.
        let folder = packaged.split(' ').find_map(|word| word.strip_suffix("/kind/kind.yaml\nskopeo"));
        let folder = folder.context("`cluster` names no `kind.yaml`")?;
        let here = lab.sandbox.place().text(format!("{FLAKE}/deploy/kubernetes"));
        expect_equal("what it would run", &packaged.replace(folder, "HERE"), &own.replace(&here, "HERE"))
    });
    tally.check("the sources of `lre` are what Cargo reads, and no more", || {
        let attribute = format!("{this}#lre.arguments.src");
        let path = output(nix(lab, &["eval", "--raw", &attribute, "--override-input", "nixpkgs", &nixpkgs]))?;
        let found =
            output(command(lab, "find").args([&path, "-path", "*/helper/*", "-prune", "-o", "-printf", "%P\n"]))?;
        let mut found: Vec<&str> = found.lines().filter(|line| !line.is_empty()).collect();
        found.sort_unstable();
        let expected = "Cargo.lock Cargo.toml helper xtask xtask/Cargo.toml xtask/src xtask/src/main.rs";
        expect_equal("the files", &found.join(" "), expected)?;
        // Where Cargo is, outside; in a copy, for the store's files are read only.
        let copy = tempfile::tempdir()?;
        let built = lab.sandbox.builder.directory().join(path.trim_start_matches('/'));
        source::copy(&built, copy.path())?;
        let mut cargo = cargo();
        cargo.args(["metadata", "--quiet", "--locked", "--offline", "--format-version=1"]).current_dir(copy.path());
        let cargo = cargo.output().context("cannot run `cargo`")?;
        if !cargo.status.success() {
            bail!("Cargo does not read them:\n{}", String::from_utf8_lossy(&cargo.stderr));
        }
        Ok(())
    });
    Ok(())
}

const OUTPUTS: &str = "\
checks.x86_64-linux.unit: derivation lre-unit
devShells.x86_64-linux.default: derivation nix-shell
flakeModule: unknown
flakeModules: unknown
formatter.x86_64-linux: derivation nixfmt-tree
lib: unknown
overlays.default: nixpkgs-overlay
packages.x86_64-linux.cluster: derivation cluster
packages.x86_64-linux.generate-toolchains: derivation generate-toolchains
packages.x86_64-linux.lre: derivation lre-0.1.0
packages.x86_64-linux.lre-cc: derivation lre-cc
packages.x86_64-linux.lre-java: derivation lre-java
templates.default: template";

/// A line for each output of this machine's system.
fn list(shown: &Value, place: &str, lines: &mut Vec<String>) {
    let Some(attributes) = shown.as_object() else { return };
    match attributes.get("type").and_then(Value::as_str) {
        Some(kind) => {
            let name =
                attributes.get("name").and_then(Value::as_str).map(|name| format!(" {name}")).unwrap_or_default();
            lines.push(format!("{place}: {kind}{name}"));
        }
        None => {
            for (name, value) in attributes {
                list(value, &format!("{place}{}{name}", if place.is_empty() { "" } else { "." }), lines);
            }
        }
    }
}
