//! An old Nix: the one of Debian 12, unpacked with everything that it needs into a root of its own.

use std::time::Duration;

use anyhow::{Result, bail};

use super::FLAKE;
use crate::lab::Lab;
use crate::root::Entry;
use crate::sandbox::debian::shell;
use crate::sandbox::toolchain::output;
use crate::sandbox::{Tools, source};
use crate::step::{Attempts, run_logged};

const SUITE: &str = "bookworm";
/// Below the sandbox's place; the same name inside.
const FOLDER: &str = "lre/old-nix";

/// `nix-instantiate`, which sees a copy of the flake in `/flake`, and its version.
pub(super) fn instantiate(lab: &Lab) -> Result<(Entry, String)> {
    let sandbox = &lab.sandbox;
    if sandbox.tools == Tools::Host {
        bail!("it is only unpacked in the sandbox");
    }
    if !sandbox.builder.directory().join(FOLDER).join("root/usr/bin/nix-instantiate").exists() {
        sandbox.steps.forget("old Nix")?;
    }
    sandbox.steps.keep("old Nix", SCRIPT, Attempts::Patient, |log| {
        let script = format!("{SCRIPT}unpack_nix /{FOLDER} {SUITE}");
        run_logged(&mut shell(&sandbox.builder, &script, Duration::from_secs(600)), log)
    })?;
    source::copy_flake(&sandbox.builder.directory().join(FOLDER).join("root").join(FLAKE))?;
    let entry = || {
        let chroot = sandbox.command("chroot").args([&format!("/{FOLDER}/root"), "/usr/bin/nix-instantiate"]);
        chroot.env("NIX_CONFIG", "build-users-group =").env("HOME", "/root")
    };
    let version = output(entry().args(["--version"]))?;
    Ok((entry(), format!("Debian 12's {}", version.trim().trim_start_matches("nix-instantiate "))))
}

/// apt sees no package of this machine as installed, so the list is whole.
const SCRIPT: &str = r#"
unpack_nix() {
  rm -rf "$1" && mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/debs" "$1/root" && cd "$1/debs"
  mirror=${LRE_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed -n 1p)}
  echo "deb $mirror $2 main" >"$1/apt.list"
  : >"$1/status"
  options="-o Dir::Etc::sourcelist=$1/apt.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$1/lists
    -o Dir::Cache=$1/cache -o Dir::State::status=$1/status"
  apt-get $options update -qq
  names=$(apt-get $options -s install --no-install-recommends nix-bin | awk '/^Inst / { print $2 }')
  apt-get $options -qq download $names
  for package in *.deb; do dpkg-deb --extract "$package" "$1/root"; done
  rm -rf "$1/debs" "$1/lists" "$1/cache"
}
"#;
