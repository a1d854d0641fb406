//! `on_missing`, and machines that the toolchain is not for.

use anyhow::{Result, bail};

use super::helper_message;
use super::workspace::{Workspace, demo_tag};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal, expect_lines};

/// The published toolchain, which is not on this machine.
fn published(mode: &str) -> String {
    format!("lre.toolchain(\n    name = \"cc\",\n    on_missing = \"{mode}\",\n)\n")
}

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "modes")?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    let analyse = &["--config=lre", "--nobuild", "//:one"];
    tally.check("on_missing = \"error\", the default, stops the build", || {
        for tags in ["lre.toolchain(name = \"cc\")\n", &published("error")] {
            workspace.write_module("src", tags)?;
            let said = workspace.refused("build", analyse)?;
            expect_lines("Bazel's message", &said, &helper_message(lab, "src", "generated-cc")?)?;
        }
        Ok(())
    });
    tally.check("on_missing = \"warn\" prints the same findings once, and the build goes on", || {
        workspace.write_module("src", &published("warn"))?;
        let said = workspace.run("build", analyse)?.expect_success("the analysis")?.stderr;
        expect_lines("Bazel's message", &said, &helper_message(lab, "src", "generated-cc")?)?;
        expect_equal("how often it says so", &said.matches("`on_missing = \"warn\"`").count().to_string(), "1")?;
        let said = workspace.run("build", analyse)?.expect_success("the second analysis")?.stderr;
        if said.contains("on_missing") {
            bail!("the second build says so again:\n{said}");
        }
        Ok(())
    });
    tally.check("on_missing = \"warn\" prints nothing where the toolchain is there", || {
        workspace.write_module("src", &demo_tag("    on_missing = \"warn\",\n"))?;
        let said = workspace.run("build", analyse)?.expect_success("the analysis")?.stderr;
        if said.contains("on_missing") {
            bail!("it says:\n{said}");
        }
        Ok(())
    });
    tally.check("on_missing = \"remote_only\" needs neither store nor helper, and says so in one line", || {
        workspace.write_module("src", &published("remote_only"))?;
        let outcome = workspace.bazel.run("build", &[analyse, &["--repo_env=LRE_HELPER=/no/such/lre"][..]].concat())?;
        let said = outcome.expect_success("the analysis")?.stderr;
        let lines: Vec<&str> = said.lines().filter(|line| line.contains("remote_only")).collect();
        let wanted =
            "`on_missing = \"remote_only\"`: toolchain `cc` is not looked for on this machine; build remotely only";
        if lines.len() != 1 || !lines[0].ends_with(wanted) {
            bail!("it says {lines:?}");
        }
        Ok(())
    });
    tally.check("an edited file is an error in every mode", || {
        let text = workspace.read("lre-cc/cc/BUILD")?;
        workspace.write("lre-cc/cc/BUILD", &(text.clone() + "# edited\n"))?;
        for mode in ["error", "warn", "remote_only"] {
            workspace.write_module("src", &demo_tag(&format!("    on_missing = \"{mode}\",\n")))?;
            let said = workspace.refused("build", analyse)?;
            if !said.contains("`lre regen --out lre-cc`") {
                bail!("with `{mode}` it says:\n{said}");
            }
        }
        workspace.write("lre-cc/cc/BUILD", &text)
    });
    tally.check("a mode that there is not is refused", || {
        workspace.write_module("src", &published("later"))?;
        let said = workspace.refused("build", analyse)?;
        if !said.contains("'later'") || !said.contains("remote_only") {
            bail!("it says:\n{said}");
        }
        Ok(())
    });
    tally.check("a toolchain of another system is named, with this machine's system", || {
        let said = with_system(&workspace, "aarch64-linux", "    register = True,\n")?;
        let wanted = "error[LRE020]: toolchain `cc` runs on `aarch64-linux`, and this machine is `x86_64-linux`\n  \
                      `exec` in `lre.json` says `aarch64-linux`\n\n\
                      hint: build remotely only, with `--repo_env=LRE_LOCAL=off` or `on_missing = \"remote_only\"`";
        expect_lines("Bazel's message", &said, wanted)
    });
    tally.check("a system that Bazel's platforms are not for is refused with those that are", || {
        let wanted = "\nhint: supported are `aarch64-darwin`, `aarch64-linux`, `x86_64-darwin`, `x86_64-linux`";
        for attributes in ["", "    register = True,\n"] {
            let said = with_system(&workspace, "s390x-linux", attributes)?;
            if !said.contains(" names the system `s390x-linux`, which is not supported\n") {
                bail!("it says:\n{said}");
            }
            expect_lines("Bazel's message", &said, wanted)?;
        }
        Ok(())
    });
    workspace.bazel.shutdown()
}

/// What Bazel says of a manifest whose programs run on `system`.
fn with_system(workspace: &Workspace<'_>, system: &str, attributes: &str) -> Result<String> {
    let manifest = workspace.read("lre-cc/lre.json")?;
    let changed = manifest.replacen("\"system\": \"x86_64-linux\"", &format!("\"system\": \"{system}\""), 1);
    if changed == manifest {
        bail!("the manifest names no `x86_64-linux`");
    }
    workspace.write("lre-cc/lre.json", &changed)?;
    workspace.write_module("src", &demo_tag(attributes))?;
    let flags: &[&str] = if attributes.is_empty() { &["--config=lre"] } else { &[] };
    let said = workspace.refused("build", &[flags, &["--nobuild", "//:one"]].concat());
    workspace.write("lre-cc/lre.json", &manifest)?;
    said
}
