//! The commit that a release is made from.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A commit, and what it has.
pub struct Source {
    /// The commit's hash.
    pub(super) commit: String,
    /// When it was made, in seconds since 1970: the one time in everything that is packed.
    pub(super) time: u64,
    /// The same as bills of materials write it: `1970-01-01T00:00:00Z`.
    pub(super) date: String,
    /// The paths of its files, sorted, below the repository.
    pub(super) files: Vec<String>,
}

impl Source {
    /// The commit that is checked out in `root`. Files that differ from it are refused unless `allow_dirty`.
    pub fn read(root: &Path, allow_dirty: bool) -> Result<Self> {
        let changed = git(root, &["status", "--porcelain"])?;
        if !changed.is_empty() && !allow_dirty {
            bail!("these files are not as the commit has them:\n{changed}\nhint: commit them, or pass `--allow-dirty`");
        }
        let commit = git(root, &["rev-parse", "HEAD"])?.trim().to_owned();
        let times =
            git(root, &["show", "--no-patch", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%ct %cd", "HEAD"])?;
        let (time, date) = times.trim().split_once(' ').context("Git tells no time of the commit")?;
        let time = time.parse().with_context(|| format!("Git says that the commit's time is `{time}`"))?;
        let date = date.to_owned();
        let listed = git(root, &["ls-files", "-z"])?;
        let mut files: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
        files.retain(|file| root.join(file).is_file());
        files.sort();
        Ok(Self { commit, time, date, files })
    }
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).env("TZ", "UTC").output();
    let output = output.context("cannot run `git`")?;
    if !output.status.success() {
        bail!("`git {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`git {}` printed no UTF-8", arguments.join(" ")))
}
