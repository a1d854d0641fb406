//! The NativeLink binary, made ready for a container that holds neither its loader nor its libraries.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::Attempts;
use crate::{sandbox::Sandbox, step::run_logged};

/// Names the binary.
const VARIABLE: &str = "LRE_NATIVELINK";

/// What a summary says where [`named_binary`] is none.
pub(crate) const NOT_NAMED: &str =
    "NativeLink: `LRE_NATIVELINK` names no binary, and nothing here builds or fetches one";

/// The binary that [`VARIABLE`] names, if that is set.
///
/// # Errors
/// If it names something else than a file.
pub(crate) fn named_binary() -> Result<Option<PathBuf>> {
    let Some(path) = env::var_os(VARIABLE).map(PathBuf::from) else { return Ok(None) };
    if !path.is_file() {
        bail!("`{VARIABLE}` names `{}`, and that is no file\n\nhint: name the binary itself", path.display());
    }
    path.canonicalize().map(Some).with_context(|| format!("cannot resolve `{}`", path.display()))
}

/// The same, where nothing else will do.
///
/// # Errors
/// If there is none.
pub(crate) fn binary() -> Result<PathBuf> {
    named_binary()?.context(
        "`LRE_NATIVELINK` names no NativeLink binary, and nothing here builds or fetches one\n\n\
         hint: set it to the path of release 1.6.6, or use `--engine buildgrid`",
    )
}

/// Copies the binary, its loader and its libraries to `folder`; returns the words that start it where that is `inside`.
pub(super) fn install(sandbox: &Sandbox, folder: &Path, inside: &str) -> Result<Vec<String>> {
    let binary = binary()?;
    sandbox.steps.run("NativeLink", Attempts::Once, |log| {
        fs::create_dir_all(folder)?;
        // What is the same already is left alone: it may be running.
        let copy = |from: &Path| {
            let mut copy = Command::new("cp");
            run_logged(copy.args(["--update", "--dereference"]).arg(from).arg(folder), log)
        };
        copy(&binary)?;
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let program = format!("{inside}/{}", name(&binary));
        let libraries = libraries(&binary)?;
        for library in &libraries {
            copy(library)?;
        }
        let loader = libraries.iter().map(|library| name(library)).find(|name| name.starts_with("ld-"));
        Ok(match loader {
            Some(loader) => vec![format!("{inside}/{loader}"), "--library-path".to_owned(), inside.to_owned(), program],
            None => vec![program],
        })
    })
}

/// The loader and the libraries of a program; nothing if it is linked statically.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("cannot run `ldd`")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(line) = text.lines().find(|line| line.contains("not found")) {
        bail!("`{}` does not start here: {}", program.display(), line.trim());
    }
    Ok(paths(&text))
}

/// The files that `ldd` names.
fn paths(text: &str) -> Vec<PathBuf> {
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loader_and_libraries_are_files_and_the_kernel_is_none() {
        let text = "\tlinux-vdso.so.1 (0x00007f71837f)\n\tlibm.so.6 => /lib/libm.so.6 (0x00007f71)\n\t/lib64/ld-linux-x86-64.so.2 (0x00)\n";
        assert_eq!(paths(text), ["/lib/libm.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from));
        assert_eq!(paths("\tstatically linked\n"), Vec::<PathBuf>::new());
    }
}
