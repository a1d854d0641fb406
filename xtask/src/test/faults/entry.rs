//! Entries of NativeLink's stores that are damaged by hand.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::killed::restart;
use super::site::{QUICK, Site, expect_all};
use crate::bazel::Execution;
use crate::engine::nativelink::DATA;
use crate::execution_log::Spawn;
use crate::lab::Lab;
use crate::parity::{Expected, unexpected};
use crate::test::case::{Tally, expect_equal};

/// The keys of builds whose outputs, and whose action results, are damaged.
const OUTPUT: &str = "output";
const RESULT: &str = "result";

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab, site: &Site<'_>) {
    let mut damaged = None;
    tally.check("NativeLink: an output that is damaged in the store is found and not used; it is made here", || {
        let stored = site.build(OUTPUT, Execution::Remote, "//:quick")?;
        expect_all(&stored, QUICK, Expected::Remote)?;
        let [first, ..] = stored.as_slice() else { bail!("nothing was built") };
        let digest = &first.actual_outputs.first().context("an action has no output")?.digest;
        let entry = entries(&data(lab, "cas")?)?.into_iter().find(|file| is_called(file, digest));
        let entry = entry.with_context(|| format!("`{digest}` is not stored"))?;
        flip_byte(&entry)?;
        damaged = Some(entry);
        let again = site.build(OUTPUT, Execution::LocalWithCache, "//:quick")?;
        let ran: Vec<&str> = unexpected(&again, Expected::Hit).map(|spawn| spawn.target_label.as_str()).collect();
        expect_equal("what was made again", &ran.join(" "), &first.target_label)?;
        expect_texts(site, &again, OUTPUT)?;
        let refused = site.refused(OUTPUT, Execution::Remote, "//:quick")?;
        if !refused.contains("does not match received digest") {
            bail!("a remote build fails for another reason: {refused}");
        }
        Ok(())
    });
    tally.check(
        "NativeLink: once the damaged file is deleted and the server started again, it is stored again",
        || {
            fs::remove_file(damaged.context("nothing was damaged")?)?;
            restart(lab)?;
            let built = site.build(OUTPUT, Execution::Remote, "//:quick")?;
            expect_texts(site, &built, OUTPUT)?;
            expect_all(&site.build(OUTPUT, Execution::LocalWithCache, "//:quick")?, QUICK, Expected::Hit)
        },
    );
    tally.check(
        "NativeLink: action results that are cut short are found and not used; everything is made here",
        || {
            let stored = site.build(RESULT, Execution::Remote, "//:quick")?;
            expect_all(&stored, QUICK, Expected::Remote)?;
            for entry in entries(&data(lab, "ac")?)? {
                let bytes = fs::read(&entry)?;
                write(&entry, &bytes[..bytes.len() / 2])?;
            }
            let again = site.build(RESULT, Execution::LocalWithCache, "//:quick")?;
            expect_all(&again, QUICK, Expected::Local)?;
            expect_texts(site, &again, RESULT)
        },
    );
}

/// The folder of a store, outside.
fn data(lab: &Lab, store: &str) -> Result<PathBuf> {
    let worker = lab.worker.as_ref().context("there is no worker")?;
    Ok(worker.outside(DATA).join(store).join("content"))
}

/// The files of a store.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { files.extend(entries(&path)?) } else { files.push(path) }
    }
    Ok(files)
}

fn is_called(file: &Path, hash: &str) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(hash))
}

fn flip_byte(file: &Path) -> Result<()> {
    let mut bytes = fs::read(file)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).with_context(|| format!("`{}` is empty", file.display()))? ^= 1;
    write(file, &bytes)
}

/// Writes into the file itself: it has other names where a worker uses it.
fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let mode = fs::metadata(file)?.permissions();
    fs::write(file, bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
    fs::set_permissions(file, mode)?;
    Ok(())
}

/// Fails unless the outputs hold what their actions write.
fn expect_texts(site: &Site<'_>, spawns: &[Spawn], key: &str) -> Result<()> {
    for spawn in spawns {
        let number = spawn.target_label.rsplit('_').next().unwrap_or_default();
        let text = fs::read_to_string(site.output(spawn))?;
        expect_equal(&format!("the output of `{}`", spawn.target_label), &text, &format!("quick {number} {key}\n"))?;
    }
    Ok(())
}
