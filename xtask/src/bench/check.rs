//! `lre check` against Nix's own look-up of the same store roots.

use anyhow::{Context, Result};

use super::{Measured, REPEATS, Side, compare};
use crate::lab::{HELLO, Lab};
use crate::sandbox::toolchain;

/// Compares the whole processes, both in the sandbox, with the release build of `lre`.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let place = lab.sandbox.place();
    let manifest = place.outside(HELLO).join("lre-cc/lre.json");
    let text = std::fs::read_to_string(&manifest).with_context(|| format!("cannot read `{}`", manifest.display()))?;
    let manifest: serde_json::Value = serde_json::from_str(&text)?;
    let roots = manifest["storeRoots"].as_array().context("the manifest has no store roots")?;
    let roots: Vec<&str> = roots.iter().filter_map(|root| root["path"].as_str()).collect();
    let helper = lab.install_release_helper()?;
    let repeat = format!("for i in $(seq {REPEATS}); do \"$@\" >/dev/null || exit 1; done");
    let entry = |words: &[&str]| {
        let shell = toolchain::nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "bash");
        shell.args(["-c", &repeat, "bash"]).args(words).directory(place.inside(HELLO))
    };
    let ours = || entry(&[&helper, "check", "lre-cc"]);
    let peer = || {
        let mut words = vec!["nix-store", "--check-validity"];
        words.extend(&roots);
        entry(&words)
    };
    let ours = Side { name: "lre check lre-cc", entry: &ours };
    let peer = Side { name: "nix-store --check-validity ROOTS", entry: &peer };
    Ok(vec![compare("check", 3.0, REPEATS, &ours, &peer)?])
}
