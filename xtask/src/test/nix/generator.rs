//! `generate-toolchains`, run in a workspace with the demo's toolchain.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, bail};

use super::command;
use crate::lab::{HELLO, HELLO_JAVA, Lab};
use crate::root::Entry;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

/// Below the sandbox's place.
const FOLDER: &str = "checks/generate";

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally.check(
        "`generate-toolchains` writes what `lre regen` writes, from any folder of a consumer's workspace",
        || {
            prepare(lab)?;
            output(generator(lab, "workspace/package"))?;
            let written = |folder: &str, file: &str| fs::read_to_string(lab.sandbox.place().outside(folder).join(file));
            let named: serde_json::Value =
                serde_json::from_str(&written(&format!("{FOLDER}/workspace/generated-named"), "lre.json")?)?;
            expect_equal("the name that was given", named["name"].as_str().unwrap_or_default(), "named")?;
            for (kind, workspace) in [("cc", HELLO), ("java", HELLO_JAVA)] {
                for file in ["BUILD.bazel", &format!("{kind}/BUILD"), "config/BUILD", "lre.json"] {
                    let actual = written(&format!("{FOLDER}/workspace/generated-{kind}"), file)?;
                    expect_equal(file, &actual, &written(&format!("{workspace}/lre-{kind}"), file)?)?;
                }
            }
            Ok(())
        },
    );
    tally.check("`generate-toolchains` outside of a workspace says so and writes nothing", || {
        let output = generator(lab, "").build().output()?;
        let expected = format!(
            "error: no Bazel workspace around `{}`: no folder has a `MODULE.bazel`\n",
            lab.sandbox.place().text(FOLDER)
        );
        expect_equal("the error", &String::from_utf8_lossy(&output.stderr), &expected)?;
        if output.status.code() != Some(2) {
            bail!("it ended with {}", output.status);
        }
        Ok(())
    });
}

/// A workspace, a flake whose toolchain is the demo's, and the program.
fn prepare(lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    let folder = place.outside(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    for child in ["workspace/package", "flake", "lre/bin"] {
        fs::create_dir_all(folder.join(child))?;
    }
    fs::write(folder.join("workspace/MODULE.bazel"), "")?;
    fs::write(folder.join("flake/lre-cc.json"), &lab.sandbox.toolchain.environment)?;
    fs::write(folder.join("flake/lre-java.json"), &lab.sandbox.toolchain.java_environment)?;
    fs::write(folder.join("flake/flake.nix"), FLAKE)?;
    std::os::unix::fs::symlink(lab.helper(), folder.join("lre/bin/lre"))?;
    let (lre, flake) = (place.text(format!("{FOLDER}/lre")), format!("path:{}", place.text(format!("{FOLDER}/flake"))));
    let evaluate =
        ["--eval", "--json", "nix/tests/generate-toolchains.nix", "--argstr", "lre", &lre, "--argstr", "flake", &flake];
    let text = output(command(lab, "nix-instantiate").args(evaluate))?;
    let program = folder.join("generate-toolchains");
    fs::write(&program, serde_json::from_str::<String>(&text)?)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

const FLAKE: &str = "{
  outputs = _: {
    lre-cc.meta.Env = builtins.fromJSON (builtins.readFile ./lre-cc.json);
    lre-java.meta.Env = builtins.fromJSON (builtins.readFile ./lre-java.json);
  };
}
";

fn generator(lab: &Lab, folder: &str) -> Entry {
    let place = lab.sandbox.place();
    let entry = command(lab, &place.text(format!("{FOLDER}/generate-toolchains")));
    entry.directory(place.inside(FOLDER).join(folder))
}
