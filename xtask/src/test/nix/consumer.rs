//! `examples/flake-consumer` and the template: evaluated, their shells entered, and what is wrong in them refused.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::flake::{nix, stub, this};
use super::real::Copies;
use crate::lab::Lab;
use crate::repository::target_directory;
use crate::sandbox::toolchain::output;
use crate::sandbox::{source, workspace};
use crate::test::case::{Tally, expect_equal};

/// Below the sandbox's place.
pub(super) const FOLDER: &str = "checks/consumer";
pub(super) const SHELL: &str = "devShells.x86_64-linux.default";
pub(super) const ENV: &str = "inherit (lre-cc.meta) Env;";
pub(super) const PREFIX: &str = "prefix = \"lre\";";
const SETTINGS: &str = "perSystem.x86_64-linux.local-remote-execution";

/// A change of the example's `flake.nix`, and what is said of it: with the stand-ins, with the real flake-parts.
struct Mistake {
    claim: &'static str,
    change: (&'static str, &'static str),
    stub: String,
    real: String,
}

/// Runs the checks with the stand-ins, and with the real flake-parts where there is a copy.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    let example = place.outside(FOLDER);
    tally.check("the lock of the example is complete: it is read offline and not changed", || {
        let example = format!("{}?dir=examples/flake-consumer", this(lab));
        output(nix(lab, &["flake", "metadata", &example, "--no-update-lock-file"])).map(drop)
    });
    tally.check("the locks of the example and of the template pin what the published toolchain pins", || {
        let unlocked = "note: flake.lock:119:17: flake input `local-remote-execution` is locked without `rev`: it is not \
                        compared with the module's commit\n";
        for (folder, said) in [("examples/flake-consumer", unlocked), ("templates/default", "")] {
            let mut lre = Command::new(target_directory().join("debug/lre"));
            let pin = lre.arg("pin").arg(workspace().join("generated-cc")).current_dir(workspace().join(folder));
            let pin = pin.output().context("cannot run `lre`")?;
            let actual = format!("{}{}", String::from_utf8_lossy(&pin.stderr), pin.status);
            expect_equal(folder, &actual, &format!("{said}exit status: 0"))?;
        }
        Ok(())
    });
    tally.check("the example finds this repository through its relative path", || {
        let hook = format!("{}?dir=examples/flake-consumer#{SHELL}.shellHook", this(lab));
        let mut inputs = stubs(lab);
        inputs.retain(|word| *word != this(lab));
        let named = inputs.iter().position(|word| word == "local-remote-execution").context("nothing stands in")?;
        inputs.drain(named - 1..=named);
        let script = output(nix(lab, &["eval", "--raw", &hook]).args(inputs))?;
        expect_equal("the script", &script, &output(nix(lab, &["eval", "--raw", &hook]).args(stubs(lab)))?)
    });
    tally.check(
        "the example's shell writes the `lre.bazelrc` of `lre bazelrc`, with the toolchain that NativeLink publishes",
        || {
            prepare(&example, &workspace().join("examples/flake-consumer"), &[])?;
            let script =
                output(nix(lab, &["build", "--no-link", &reference(lab, SHELL)]).args(stubs(lab))).and_then(|_| {
                    output(
                        nix(lab, &["eval", "--raw", &reference(lab, &format!("{SHELL}.shellHook"))]).args(stubs(lab)),
                    )
                })?;
            let shell = lab.sandbox.command("bash").args(["-euc", &script]).directory(place.inside(FOLDER));
            output(shell.env("NIX_CONFIG", "build-users-group =").env("HOME", "/root"))?;
            let written = output(lab.sandbox.command("cat").args([place.text(format!("{FOLDER}/lre.bazelrc"))]))?;
            expect_equal("`lre.bazelrc`", &written, &printed_by_lre(lab)?)
        },
    );
    tally.check("a project made from the template has the same shell once the checkout is named", || {
        let script =
            output(nix(lab, &["eval", "--raw", &reference(lab, &format!("{SHELL}.shellHook"))]).args(stubs(lab)))?;
        fs::remove_dir_all(&example)?;
        fs::create_dir_all(&example)?;
        let init = ["flake", "init", "--template", &format!("{}#default", this(lab))];
        output(super::command(lab, "nix").args(init).directory(place.inside(FOLDER)))?;
        let checkout = place.text(super::FLAKE);
        for file in ["flake.nix", "MODULE.bazel"] {
            let text = fs::read_to_string(example.join(file))?;
            if !text.contains("/path/to/the/checkout") {
                bail!("`{file}` of the template names no checkout");
            }
            fs::write(example.join(file), text.replace("/path/to/the/checkout", &checkout))?;
        }
        let made =
            output(nix(lab, &["eval", "--raw", &reference(lab, &format!("{SHELL}.shellHook"))]).args(stubs(lab)))?;
        expect_equal("the script", &made, &script)
    });
    tally.check("a flake without input and import has the same shell once `lre init --nix` has added them", || {
        let hook = || {
            let attribute = reference(lab, &format!("{SHELL}.shellHook"));
            output(nix(lab, &["eval", "--raw", &attribute]).args(stubs(lab)))
        };
        let script = hook()?;
        let file = example.join("flake.nix");
        let text = fs::read_to_string(&file)?;
        let is_ours = |line: &&str| line.contains("local-remote-execution.url") || line.contains("flakeModule");
        let without: Vec<&str> = text.lines().filter(|line| !is_ours(line)).collect();
        expect_equal("the lines of ours", &(text.lines().count() - without.len()).to_string(), "2")?;
        fs::write(&file, without.join("\n") + "\n")?;
        let checkout = place.text(super::FLAKE);
        // The flake's copy has what Nix reads alone; `lre init` wants a module.
        let module = place.outside(super::FLAKE).join("MODULE.bazel");
        fs::copy(workspace().join("MODULE.bazel"), &module)?;
        let init = ["init", "--nix", "--path", &checkout, "--yes"];
        output(lab.sandbox.command(&lab.helper()).args(init).directory(place.inside(FOLDER)))?;
        fs::remove_file(&module)?;
        expect_equal("the script", &hook()?, &script)
    });
    for mistake in mistakes() {
        tally.check(mistake.claim, || expect_refused(lab, &mistake, &mistake.stub, &stubs(lab)));
    }
    match Copies::from_environment(lab)? {
        Err(missing) => tally.not_tried(&missing),
        Ok(copies) => {
            for mistake in mistakes() {
                let claim = format!("{} (real flake-parts)", mistake.claim);
                tally.check(&claim, || expect_refused(lab, &mistake, &mistake.real, &copies.inputs(lab)));
            }
            copies.run(tally, lab);
        }
    }
    Ok(())
}

/// The stand-ins, as flags.
pub(super) fn stubs(lab: &Lab) -> Vec<String> {
    overrides(&[
        ("nativelink", &stub(lab, "nativelink")),
        ("nativelink/nixpkgs", &stub(lab, "nixpkgs")),
        ("flake-parts", &stub(lab, "flake-parts")),
        ("local-remote-execution", &this(lab)),
        ("local-remote-execution/nixpkgs", &stub(lab, "nixpkgs")),
    ])
}

/// `--override-input` for each input.
pub(super) fn overrides(inputs: &[(&str, &str)]) -> Vec<String> {
    inputs.iter().flat_map(|(input, flake)| ["--override-input", input, flake]).map(str::to_owned).collect()
}

/// An output of the project in [`FOLDER`].
pub(super) fn reference(lab: &Lab, attribute: &str) -> String {
    format!("path:{}#{attribute}", lab.sandbox.place().text(FOLDER))
}

/// Copies the example to `target` with changes of its `flake.nix`.
pub(super) fn prepare(target: &Path, source: &Path, changes: &[(&str, &str)]) -> Result<()> {
    if target.exists() {
        fs::remove_dir_all(target).with_context(|| format!("cannot remove `{}`", target.display()))?;
    }
    source::copy(source, target)?;
    let file = target.join("flake.nix");
    let mut text = fs::read_to_string(&file)?;
    for (old, new) in changes {
        if text.matches(old).count() != 1 {
            bail!("`{}` does not say `{old}` once", file.display());
        }
        text = text.replace(old, new);
    }
    fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))
}

fn printed_by_lre(lab: &Lab) -> Result<String> {
    let manifest = fs::read_to_string(workspace().join("generated-cc/lre.json"))?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest)?;
    let folder = tempfile::tempdir()?;
    let env = folder.path().join("env.json");
    fs::write(&env, manifest["env"].to_string())?;
    let overridden = overrides(&[("nixpkgs", &stub(lab, "nixpkgs"))]);
    let helper = output(nix(lab, &["eval", "--raw", &format!("{}#lre.outPath", this(lab))]).args(overridden))?;
    let mut lre = Command::new(target_directory().join("debug/lre"));
    lre.args(["bazelrc", "--prefix", "lre", "--helper", &format!("{helper}/bin/lre"), "--env-json"]).arg(&env);
    Ok(String::from_utf8(lre.output().context("cannot run `lre`")?.stdout)?)
}

fn expect_refused(lab: &Lab, mistake: &Mistake, expected: &str, inputs: &[String]) -> Result<()> {
    let place = lab.sandbox.place();
    prepare(&place.outside(FOLDER), &workspace().join("examples/flake-consumer"), &[mistake.change])?;
    let eval = nix(lab, &["eval", "--raw", &reference(lab, &format!("{SHELL}.shellHook"))]).args(inputs);
    let output = eval.build().output().context("cannot run `nix`")?;
    if output.status.success() {
        bail!("it is accepted");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // After the trace, and without the store paths that the flakes were copied to.
    let said = said.rsplit("       error: ").next().unwrap_or_default();
    let said = said.lines().map(|line| line.strip_prefix("       ").unwrap_or(line));
    // Long values are indented below their place; what else might be meant is for newer versions to say.
    let said: Vec<&str> = said.filter(|line| !line.starts_with("  ") && !line.starts_with("Did you mean")).collect();
    expect_equal("the error", &without_hashes(said.join("\n").trim_end()), expected)
}

/// `/nix/store/<hash>-source/x` as `SOURCE/x`.
fn without_hashes(text: &str) -> String {
    let mut parts = text.split("/nix/store/");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result += "SOURCE";
        result += part.split_once("-source").map_or(part, |(_, rest)| rest);
    }
    result
}

fn mistakes() -> [Mistake; 4] {
    let config_name = "null or name of a Bazel config: letters, digits, `_`, `.`, `+` and `-` (such as \"lre\"; without a \
                       prefix, leave it out)";
    let entry = "`KEY=VALUE` without line breaks (such as those of `lre-cc.meta.Env`)";
    let flake = "SOURCE/flake.nix, via option perSystem";
    [
        Mistake {
            claim: "a bad prefix is an evaluation error that says what one is",
            change: (PREFIX, "prefix = \"a b\";"),
            stub: format!("`{SETTINGS}.settings.prefix` is not of type `{config_name}`, in the flake"),
            real: format!(
                "A definition for option `{SETTINGS}.settings.prefix' is not of type `{config_name}'. Definition values:\n\
                 - In `{flake}': \"a b\""
            ),
        },
        Mistake {
            claim: "bug 7: a newline in Env is an evaluation error, not a live line",
            change: (ENV, "Env = [ \"A=1\\nbuild --x\" ];"),
            stub: format!("`{SETTINGS}.settings.Env` is not of type `{entry}`, in the flake"),
            real: format!(
                "A definition for option `{SETTINGS}.settings.Env.\"[definition 1-entry 1]\"' is not of type `{entry}'. \
                 Definition values:\n- In `{flake}':"
            ),
        },
        Mistake {
            claim: "an unknown setting is an evaluation error",
            change: (PREFIX, "prefx = \"lre\";"),
            stub: format!("`{SETTINGS}.settings.prefx` does not exist, in the flake"),
            real: format!(
                "The option `{SETTINGS}.settings.prefx' does not exist. Definition values:\n- In `{flake}': \"lre\""
            ),
        },
        Mistake {
            claim: "bug 9: an attempt to set the script is an evaluation error that names the settings",
            change: (
                "devShells.default =",
                "local-remote-execution.installationScript = \"true\";\n          devShells.default =",
            ),
            stub: format!(
                "`{SETTINGS}.installationScript` is read-only, but set in the flake and in SOURCE/nix/flake-module.nix, \
                 which computes it from `local-remote-execution.settings` alone"
            ),
            real: format!(
                "The option `{SETTINGS}.installationScript' is read-only, but it's set multiple times. Definition values:\n\
                 - In `SOURCE/nix/flake-module.nix, which computes it from `local-remote-execution.settings` alone':\n\
                 - In `{flake}': \"true\""
            ),
        },
    ]
}
