//! The module's archive: what Bazel sees of the repository, with the version and the hashes of the programs filled in.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::archive::{Member, member, write_archive};
use super::registry;
use super::release::{Release, SYSTEMS, program, sha256, write, write_sums};
use super::source::Source;
use crate::repository::is_of_module;

/// What `MODULE.bazel` says of itself in the repository, where no version is right.
const UNVERSIONED: &str = "module(name = \"local-remote-execution\")\n";
const MODULE_FILE: &str = "MODULE.bazel";
const RECORD: &str = "helper/release.json";

/// Packs the module of `root` for the programs that are in `out`, with its entry in a registry and the sums of all files.
///
/// Fails if there is no program: a module without one checks nothing.
pub fn pack(root: &Path, source: &Source, release: &Release, out: &Path) -> Result<()> {
    let mut programs = BTreeMap::new();
    for system in SYSTEMS {
        let file = out.join(program(system));
        if file.is_file() {
            programs.insert(system, sha256(&file)?);
        }
    }
    if programs.is_empty() {
        bail!(
            "`{}` has no program such as `{}`\n\nhint: make it with `cargo xtask dist helper`",
            out.display(),
            program(SYSTEMS[3])
        );
    }
    let record = release.record(&programs);
    let module_file = std::fs::read_to_string(root.join(MODULE_FILE)).context("cannot read `MODULE.bazel`")?;
    let module_file = versioned(&module_file, &release.version)?;
    let folder = release.module_folder();
    let mut members = Vec::new();
    for file in source.files.iter().filter(|file| is_of_module(file)) {
        let path = format!("{folder}/{file}");
        members.push(match file.as_str() {
            MODULE_FILE => Member { path, is_program: false, content: module_file.clone().into_bytes() },
            RECORD => Member { path, is_program: false, content: record.clone().into_bytes() },
            _ => member(path, &root.join(file), is_program(&root.join(file))?)?,
        });
    }
    let archive = out.join(release.module_archive());
    write_archive(&archive, source.time, members)?;
    // `main` gets the same record once the files are there.
    write(&out.join("release.json"), &record)?;
    registry::write_entry(root, release, &module_file, out)?;
    write_sums(out)
}

fn is_program(file: &Path) -> Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(metadata.permissions().mode() & 0o100 != 0)
}

/// `MODULE.bazel` as a registry has it.
fn versioned(text: &str, version: &str) -> Result<String> {
    if text.matches(UNVERSIONED).count() != 1 {
        bail!("`MODULE.bazel` does not have the line `{}` once", UNVERSIONED.trim_end());
    }
    let module = format!("module(\n    name = \"local-remote-execution\",\n    version = \"{version}\",\n)\n");
    Ok(text.replacen(UNVERSIONED, &module, 1))
}

#[cfg(test)]
mod tests {
    use super::versioned;

    #[test]
    fn the_version_is_filled_in_and_nothing_else_changes() {
        let text = "\"\"\"Doc.\"\"\"\n\nmodule(name = \"local-remote-execution\")\n\nbazel_dep(name = \"a\")\n";
        let wanted = "\"\"\"Doc.\"\"\"\n\nmodule(\n    name = \"local-remote-execution\",\n    version = \"1.2.3\",\n)\n\nbazel_dep(name = \"a\")\n";
        assert_eq!(versioned(text, "1.2.3").expect("a text"), wanted);
        assert!(versioned("module(name = \"another\")\n", "1.2.3").is_err());
    }
}
