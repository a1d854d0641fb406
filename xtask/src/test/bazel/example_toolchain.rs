//! The other toolchains of `examples/custom-toolchain`, made for one workspace.

use anyhow::Result;

use super::workspace::Workspace;
use crate::lab::Lab;
use crate::sandbox::toolchain::{nix, output};

/// Builds `lre-NAME` of the example, writes its toolchain into the workspace's folder of that name, and returns its Env.
pub(super) fn prepare(lab: &Lab, workspace: &Workspace<'_>, name: &str) -> Result<String> {
    let place = lab.sandbox.place();
    let entry = |program: &str| nix(&lab.sandbox.builder, lab.sandbox.tools, &place, program);
    let attribute = format!("lre-{name}");
    let link = place.text(format!("toolchain-{attribute}"));
    output(entry("nix-build").args(["toolchain.nix", "-A", &attribute, "--out-link", &link]))?;
    let environment = format!("{attribute}.meta.Env");
    let evaluate = ["--eval", "--strict", "--json", "toolchain.nix", "-A", &environment];
    let environment = output(entry("nix-instantiate").args(evaluate))?;
    workspace.write(&format!("{name}.json"), &environment)?;
    write_toolchain(lab, workspace, name, name, &attribute)?;
    Ok(environment)
}

/// Writes the toolchain called `name` into `folder` from the Env in `ENV.json`.
pub(super) fn write_toolchain(lab: &Lab, workspace: &Workspace<'_>, env: &str, name: &str, folder: &str) -> Result<()> {
    let place = lab.sandbox.place();
    let file = format!("{env}.json");
    let words = ["regen", "--env-json", &file, "--name", name, "--out", folder];
    let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, &lab.helper());
    output(entry.args(words).directory(place.inside(&workspace.path))).map(drop)
}

/// The flags that choose it.
pub(super) fn flags(name: &str) -> [String; 3] {
    [
        format!("--extra_toolchains=//lre-{name}/config:cc-toolchain"),
        format!("--extra_execution_platforms=//lre-{name}/config:platform"),
        "--repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1".to_owned(),
    ]
}

/// A tag for it.
pub(super) fn tag(name: &str) -> String {
    format!("lre.toolchain(\n    name = \"{name}\",\n    manifest = \"//lre-{name}:lre.json\",\n)\n")
}
