//! Parsing and scanning much Starlark against buildifier's check of the same files.

use anyhow::{Result, bail};

use super::{Measured, Side, compare};
use crate::lab::Lab;
use crate::sandbox::tool_inside;
use crate::sandbox::toolchain::output;

/// Copies every Starlark file of Debian's Bazel packages often enough to make 40 MB, under names that buildifier knows.
const PREPARE: &str = r#"
rm -rf "$1" && mkdir -p "$1" && cd "$1"
find /usr -path '*bazel*' -type f \( -name '*.bzl' -o -name BUILD -o -name BUILD.bazel \) | sort >sources
size=$(xargs cat <sources | wc -c)
copies=$(( (40000000 + size - 1) / size ))
for copy in $(seq $copies); do
  number=0
  while read -r file; do
    number=$((number + 1)) && mkdir -p $copy/$number && cp "$file" $copy/$number/
  done <sources
done
find . -type f -mindepth 2 | sort >files
wc -l <files"#;

/// The longest list of arguments that both programs get at once.
const BATCH: &str = "2000";

/// Compares the whole processes, both in the sandbox and on all cores.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let place = lab.sandbox.place();
    let folder = place.text("bench-starlark");
    let count = output(lab.sandbox.command("bash").args(["-euc", PREPARE, "bash", &folder]))?;
    if count.trim().parse::<usize>().is_ok_and(|count| count < 1000) {
        bail!("there are only {} Starlark files to read", count.trim());
    }
    let (helper, buildifier) = (lab.install_release_helper()?, tool_inside(&lab.sandbox, "buildifier"));
    let entry = |words: &[&str], accepted: &str| {
        let script = format!("xargs -n {BATCH} \"$@\" <files >/dev/null 2>&1 || test $? = {accepted}");
        lab.sandbox.command("bash").args(["-c", &script, "bash"]).args(words).directory(place.inside("bench-starlark"))
    };
    let root = |name: &str| format!("/nix/store/{}-{name}", "0".repeat(32));
    let (from, to) = (root("a"), root("b"));
    let ours = || entry(&[&helper, "rewrite", "--from", &from, "--to", &to, "--dry-run"], "0");
    // What is not formatted is no error here: 123 is what xargs makes of it.
    let peer = || entry(&[&buildifier, "-mode=check"], "123");
    let ours = Side { name: "lre rewrite --dry-run FILES", entry: &ours };
    let peer = Side { name: "buildifier -mode=check FILES", entry: &peer };
    let ratio = compare("40 MB of Starlark", 15.0, 1, &ours, &peer);
    std::fs::remove_dir_all(place.outside("bench-starlark"))?;
    Ok(vec![ratio?])
}
