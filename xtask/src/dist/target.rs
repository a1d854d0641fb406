//! The platform that a helper is built for.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::release::SYSTEMS;

/// A target, as Rust and as Nix call it.
pub(super) struct Target {
    /// Rust's name.
    pub(super) triple: String,
    /// Nix's name.
    pub(super) system: &'static str,
    is_chosen: bool,
}

impl Target {
    /// The named target, or this machine's: with musl where its standard library is installed, otherwise with glibc.
    pub(super) fn choose(triple: Option<&str>) -> Result<Self> {
        if let Some(triple) = triple {
            return Ok(Self { system: system(triple)?, triple: triple.to_owned(), is_chosen: true });
        }
        let host = rustc(&["--version", "--verbose"])?;
        let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc` names no host")?;
        let musl = host.replace("-linux-gnu", "-linux-musl");
        let library = rustc(&["--print=target-libdir", "--target", &musl])?;
        let triple = if Path::new(library.trim()).is_dir() { musl } else { host.to_owned() };
        Ok(Self { system: system(&triple)?, triple, is_chosen: false })
    }

    /// Whether the program asks for nothing of the machine but its kernel.
    pub(super) fn is_static(&self) -> bool {
        self.system.ends_with("-linux")
    }

    /// What differs from what is published.
    pub(super) fn note(&self) -> Option<String> {
        let is_glibc = !self.is_chosen && self.triple.ends_with("-linux-gnu");
        is_glibc.then(|| {
            let musl = self.triple.replace("-gnu", "-musl");
            format!(
                "`{musl}` is not installed, so the program is linked statically with glibc instead; a release is not"
            )
        })
    }
}

fn system(triple: &str) -> Result<&'static str> {
    let mut words = triple.split('-');
    let (cpu, rest) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
    let kernel = match rest.as_slice() {
        ["unknown", "linux", "gnu" | "musl"] => "linux",
        ["apple", "darwin"] => "darwin",
        _ => "",
    };
    match SYSTEMS.into_iter().find(|system| *system == format!("{cpu}-{kernel}")) {
        Some(system) => Ok(system),
        None => bail!("`{triple}` is no target that `lre` is published for: expected one of {}", SYSTEMS.join(", ")),
    }
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let output = Command::new("rustc").args(arguments).output().context("cannot run `rustc`")?;
    if !output.status.success() {
        bail!("`rustc {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::system;

    #[test]
    fn targets_have_the_names_that_the_extension_looks_up() {
        let named = |triple| system(triple).map_err(|error| error.to_string());
        assert_eq!(named("x86_64-unknown-linux-musl"), Ok("x86_64-linux"));
        assert_eq!(named("aarch64-unknown-linux-gnu"), Ok("aarch64-linux"));
        assert_eq!(named("aarch64-apple-darwin"), Ok("aarch64-darwin"));
        let refused = "`x86_64-pc-windows-msvc` is no target that `lre` is published for: expected one of aarch64-darwin, \
                       aarch64-linux, x86_64-darwin, x86_64-linux";
        assert_eq!(named("x86_64-pc-windows-msvc"), Err(refused.to_owned()));
    }
}
