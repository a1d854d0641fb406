//! The program `lre` for one platform, and the archive for people: with completions and manual pages.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use object::elf::PT_INTERP;
use object::read::elf::{ElfFile64, ProgramHeader as _};

use super::Place;
use super::archive::{Member, member, write_archive};
use super::release::{Release, program};
use super::source::Source;
use super::target::Target;
use crate::repository::cargo;
use crate::step::run_logged;

/// Where each shell looks for completions, below `share`.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/lre"),
    ("fish", "fish/vendor_completions.d/lre.fish"),
    ("zsh", "zsh/site-functions/_lre"),
];

/// Builds the program so that no folder of this machine and no clock decides a byte of it.
pub(super) fn build(place: &Place, target: &Target, source: &Source, log: &Path) -> Result<PathBuf> {
    let Place { root, target_directory, cargo_home } = place;
    let folders = [(target_directory, "/target"), (cargo_home, "/cargo"), (root, "/lre")];
    // The last of the prefixes that match is taken, and Cargo's target folder is often below the repository.
    let rust = folders.iter().rev().map(|(from, to)| flag("--remap-path-prefix=", from, to));
    let c: Vec<OsString> = folders.iter().rev().map(|(from, to)| flag("-ffile-prefix-map=", from, to)).collect();
    let mut rust: Vec<OsString> = rust.collect();
    if target.is_static() {
        rust.push("-Ctarget-feature=+crt-static".into());
    }
    let mut cargo = cargo();
    cargo.args(["build", "--release", "--locked", "--package", "lre", "--target", &target.triple]).current_dir(root);
    cargo.env("CARGO_TARGET_DIR", target_directory).env("CARGO_HOME", cargo_home).env("CARGO_INCREMENTAL", "0");
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", rust.join(&OsString::from("\x1f")))
        .env("CFLAGS", c.join(&OsString::from(" ")));
    cargo.env("LRE_COMMIT", &source.commit).env("SOURCE_DATE_EPOCH", source.time.to_string());
    // Static libraries of macOS have times otherwise.
    cargo.env("ZERO_AR_DATE", "1");
    run_logged(&mut cargo, log)?;
    let built = target_directory.join(&target.triple).join("release/lre");
    if target.is_static() && has_dynamic_linker(&built)? {
        bail!("`{}` asks for a dynamic linker, and would run only where that is", built.display());
    }
    Ok(built)
}

fn flag(name: &str, from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

fn has_dynamic_linker(file: &Path) -> Result<bool> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let elf: ElfFile64<'_> =
        ElfFile64::parse(bytes.as_slice()).with_context(|| format!("`{}` is no program", file.display()))?;
    Ok(elf.elf_program_headers().iter().any(|header| header.p_type(elf.endian()) == PT_INTERP))
}

/// Puts the program of the repository at `root` into `out`: alone, as Bazel downloads it, and in an archive with what belongs to it.
pub(super) fn pack(
    root: &Path,
    built: &Path,
    target: &Target,
    source: &Source,
    release: &Release,
    out: &Path,
) -> Result<()> {
    let alone = out.join(program(target.system));
    fs::copy(built, &alone).with_context(|| format!("cannot copy `{}` to `{}`", built.display(), alone.display()))?;
    fs::set_permissions(&alone, fs::Permissions::from_mode(0o755))?;
    let folder = format!("lre-{}-{}", release.version, target.system);
    let mut members = vec![member(format!("{folder}/bin/lre"), &alone, true)?];
    members.push(member(format!("{folder}/LICENSE"), &root.join("LICENSE"), false)?);
    for (shell, place) in COMPLETIONS {
        let content = output(&alone, &["completions", shell])?;
        members.push(Member { path: format!("{folder}/share/{place}"), is_program: false, content });
    }
    let pages = tempfile::tempdir().context("cannot create a temporary folder")?;
    output(&alone, &["man", &pages.path().to_string_lossy()])?;
    for page in fs::read_dir(pages.path())? {
        let page = page?;
        let path = format!("{folder}/share/man/man1/{}", page.file_name().to_string_lossy());
        members.push(member(path, &page.path(), false)?);
    }
    write_archive(&out.join(format!("{folder}.tar.gz")), source.time, members)
}

fn output(program: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(program).args(arguments).env_clear().output();
    let output = output.with_context(|| format!("cannot run `{}`", program.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{} {}` failed: {}", program.display(), arguments.join(" "), said.trim());
    }
    Ok(output.stdout)
}
