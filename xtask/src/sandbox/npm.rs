//! Bazel's formatting tools, from the npm registry.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::debian::shell;
use crate::root::Root;
use crate::step::{Attempts, Steps, run_logged};

/// The packages: binary, version.
const TOOLS: [(&str, &str); 2] = [("buildifier", "8.2.1"), ("buildozer", "7.1.2")];

/// Puts `buildifier` and `buildozer` into `bin`. `root` is a Debian root that lends its npm where the host has none;
/// `scratch` is seen from both sides as (outside, inside).
pub(crate) fn install(steps: &Steps, root: &Root, scratch: (&Path, &str), bin: &Path) -> Result<()> {
    let versions: String = TOOLS.iter().map(|(name, version)| format!("@bazel/{name}@{version} ")).collect();
    steps.keep("buildifier and buildozer", &versions, Attempts::Patient, |log| {
        fs::create_dir_all(scratch.0)?;
        fs::create_dir_all(bin)?;
        let script = format!("npm pack --silent {versions}");
        if Command::new("npm").arg("--version").output().is_ok_and(|output| output.status.success()) {
            run_logged(Command::new("bash").args(["-euc", &script]).current_dir(scratch.0), log)?;
        } else {
            let script = format!("apt-get install -y -q --no-install-recommends npm && cd {} && {script}", scratch.1);
            run_logged(&mut shell(root, &script, Duration::from_secs(600)), log)?;
        }
        for (name, version) in TOOLS {
            let member = format!("package/{name}-linux_amd64");
            let archive = scratch.0.join(format!("bazel-{name}-{version}.tgz"));
            run_logged(Command::new("tar").arg("-xzf").arg(&archive).arg(&member).current_dir(scratch.0), log)?;
            let binary = bin.join(name);
            fs::rename(scratch.0.join(member), &binary)
                .with_context(|| format!("cannot install `{}`", binary.display()))?;
            fs::set_permissions(&binary, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    })?;
    Ok(())
}
