//! The Bazel of the workspace, and which shell its genrules run in.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Check;
use super::program::version_line;
use super::rc_file::Flag;
use crate::program::find_program;
use crate::store::STORE_DIR;

/// The first one that is supported.
const OLDEST: (u32, u32) = (7, 1);

/// The `bazel` of `PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bazel {
    /// What it says of itself, such as `7.7.1`.
    pub version: String,
    /// The file, links followed.
    pub file: PathBuf,
}

impl Bazel {
    /// Asks `bazel --version`, which starts no server.
    ///
    /// # Errors
    /// Why nobody answers, as one line.
    pub fn find(workspace: &Path) -> Result<Self, String> {
        let program = find_program("bazel").ok_or("no `bazel` in PATH")?;
        let line = version_line(&program, workspace)?;
        let version = line.strip_prefix("bazel ").unwrap_or(&line).to_owned();
        Ok(Self { version, file: program.canonicalize().unwrap_or(program) })
    }

    /// Major and minor number, if it is a release.
    #[must_use]
    pub fn release(&self) -> Option<(u32, u32)> {
        let mut numbers = self.version.split(['.', '-']);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

/// Whether it is a version that is supported.
#[must_use]
pub fn check_version(bazel: &Result<Bazel, String>) -> Check {
    match bazel {
        Err(reason) => Check::open("Bazel", reason.clone()),
        Ok(bazel) => match bazel.release() {
            Some(release) if release < OLDEST => {
                Check::failed("Bazel", format!("{}, which is too old", bazel.version), "use Bazel 7.1 or later")
            }
            Some(_) => Check::passed("Bazel", &bazel.version),
            None => Check::open("Bazel", format!("`{}` is no release", bazel.version)),
        },
    }
}

/// Which shell genrules run in: the flag's, `BAZEL_SH`, or the one that Bazel has built in.
#[must_use]
pub fn check_shell(flags: &[Flag], bazel: &Result<Bazel, String>, bazel_sh: Option<&OsStr>) -> Vec<Check> {
    let name = "shell";
    let fix = "add `BAZEL_SH=/nix/store/…/bin/bash` to Env, with the workers' bash: `lre bazelrc` writes \
               `--shell_executable` then";
    let set: Vec<(&Flag, &str)> =
        flags.iter().filter_map(|flag| Some((flag, flag.value("shell_executable")?))).collect();
    let outside = |shell: &str| !Path::new(shell).starts_with(STORE_DIR);
    let failed: Vec<Check> = set
        .iter()
        .filter(|(_, shell)| outside(shell))
        .map(|(flag, shell)| {
            let message = format!("{}: `{shell}` lies outside the store{}", flag.place(), flag.condition());
            Check::failed(name, message, flag.removal())
        })
        .collect();
    if !failed.is_empty() {
        return failed;
    }
    vec![match (set.last(), bazel_sh, bazel) {
        (Some((flag, shell)), _, _) => Check::passed(name, format!("`{shell}`{}", flag.condition())),
        (None, Some(shell), _) if !shell.is_empty() => {
            Check::failed(name, format!("`BAZEL_SH` is `{}` in this shell alone", Path::new(shell).display()), fix)
        }
        (None, _, Ok(bazel)) if bazel.file.starts_with(STORE_DIR) => {
            let message = format!("`{}` has a bash of nixpkgs built in, which no worker has", bazel.file.display());
            Check::failed(name, message, fix)
        }
        _ => Check::open(name, "`--shell_executable` is not set: genrules run in each machine's own bash"),
    }]
}

#[cfg(test)]
mod unit {
    use super::*;

    fn bazel(version: &str, file: &str) -> Result<Bazel, String> {
        Ok(Bazel { version: version.to_owned(), file: file.into() })
    }

    #[test]
    fn old_releases_are_refused_and_other_builds_are_not_known() {
        let verdict = |version| check_version(&bazel(version, "/bazel"));
        assert_eq!(verdict("7.1.0"), Check::passed("Bazel", "7.1.0"));
        assert_eq!(verdict("8.0.0-pre.1"), Check::passed("Bazel", "8.0.0-pre.1"));
        assert_eq!(verdict("7.0.2"), Check::failed("Bazel", "7.0.2, which is too old", "use Bazel 7.1 or later"));
        assert_eq!(verdict("no_version"), Check::open("Bazel", "`no_version` is no release"));
    }

    #[test]
    fn shell_of_a_patched_bazel_is_reported_unless_a_flag_replaces_it() {
        let file = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-bazel-7.7.1/bin/bazel";
        let patched = bazel("7.7.1", file);
        let message = format!("`{file}` has a bash of nixpkgs built in, which no worker has");
        let fix = "add `BAZEL_SH=/nix/store/…/bin/bash` to Env, with the workers' bash: `lre bazelrc` writes \
                   `--shell_executable` then";
        assert_eq!(check_shell(&[], &patched, None), [Check::failed("shell", message, fix)]);
        let shell = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-bash-5/bin/bash";
        let flag = Flag {
            file: "lre.bazelrc".into(),
            line: 1,
            command: "build".into(),
            config: None,
            text: format!("--shell_executable={shell}"),
        };
        assert_eq!(check_shell(&[flag], &patched, None), [Check::passed("shell", format!("`{shell}`"))]);
        let other = check_shell(&[], &bazel("7.7.1", "/usr/bin/bazel"), Some("/bin/zsh".as_ref()));
        assert_eq!(other, [Check::failed("shell", "`BAZEL_SH` is `/bin/zsh` in this shell alone", fix)]);
    }
}
