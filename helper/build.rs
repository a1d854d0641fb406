//! Tells the program which commit it is built from, if nobody else does: `lre --version` names it.

use std::path::Path;
use std::process::Command;

/// What a release's build says itself.
const COMMIT: &str = "LRE_COMMIT";

fn main() {
    println!("cargo::rerun-if-env-changed={COMMIT}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    if std::env::var_os(COMMIT).is_none()
        && let Some(commit) = checked_out()
    {
        println!("cargo::rustc-env={COMMIT}={commit}");
    }
}

/// The commit of the checkout that this package lies in, and whether the package differs from it. A package that was
/// unpacked into a repository of somebody else is of none.
fn checked_out() -> Option<String> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")?;
    let package = Path::new(&package);
    let top = git(package, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != package.parent()?.canonicalize().ok()? {
        return None;
    }
    // What another checkout, commit or reset writes.
    let log = git(package, &["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={log}");
    let commit = git(package, &["rev-parse", "HEAD"])?;
    let changed = git(package, &["status", "--porcelain", "--", ".", "../Cargo.lock"])?;
    Some(if changed.is_empty() { commit } else { format!("{commit} and changes") })
}

/// What Git prints, without the end of the line.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}
