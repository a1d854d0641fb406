//! NAR hashes of random trees, as `lre` and as Nix compute them.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::lab::{Lab, install_example};
use crate::root::Entry;
use crate::sandbox::toolchain::{nix, output};
use crate::test::case::{Tally, expect_equal};

const FOLDER: &str = "nar-trees";
const TREES: usize = 200;
const GIBIBYTE: u64 = 1 << 30;

/// Names that need care: spaces, quotes, UTF-8 in one and two forms, and orders that differ by `.`, `-` and `/`.
const NAMES: [&str; 16] =
    ["a", "a.b", "a-b", "a b", " ", "B", "ab", "é", "e\u{301}", "☃", "'\"", "-n", "~nix~case~hack~1", "\n", ".x", "zz"];
const TARGETS: [&str; 6] = ["a", "../nowhere", "/nix/store", "tgt ü", ".", "a/../\n"];

/// Makes the trees, and has Nix and `lre` hash all of them.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    let folder = place.outside(FOLDER);
    let result = make_trees(&folder).with_context(|| format!("cannot write to `{}`", folder.display()));
    let (trees, entries) = result?;
    let inside = |tree: &String| place.text(format!("{FOLDER}/{tree}"));
    tally.check(&format!("{TREES} random trees with {entries} entries have the NAR hashes of Nix"), || {
        compare(lab, &trees.iter().map(inside).collect::<Vec<_>>())
    });
    tally.check("a sparse file of 1 GiB has the NAR hash of Nix", || {
        let file = File::create(folder.join("sparse")).context("cannot create a sparse file")?;
        file.set_len(GIBIBYTE + 1)?;
        compare(lab, &[inside(&"sparse".to_owned())])
    });
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))
}

/// A line for each path: the hash in base64 and in base32.
fn compare(lab: &Lab, paths: &[String]) -> Result<()> {
    let sandbox = &lab.sandbox;
    let hash = |spelling: &str| {
        let entry = nix(&sandbox.builder, sandbox.tools, &sandbox.place(), "nix-hash");
        output(entry.args(["--type", "sha256", spelling]).args(paths))
    };
    let (base64, base32) = (hash("--sri")?, hash("--base32")?);
    if base64.lines().count() != paths.len() {
        bail!("`nix-hash` printed {} hashes of {} paths", base64.lines().count(), paths.len());
    }
    let expected: String = base64.lines().zip(base32.lines()).map(|(one, other)| format!("{one} {other}\n")).collect();
    let ours: Entry = sandbox.command(&install_example(lab, "nar_hash")?).args(paths);
    expect_equal("what `lre` computes", &output(ours)?, &expected)
}

/// The names of the trees, and how many entries they have together.
fn make_trees(folder: &Path) -> Result<(Vec<String>, usize)> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    let mut random = Random { seed: 0, digits: Vec::new() };
    let mut entries = 0;
    let names: Vec<String> = (0..TREES).map(|number| format!("tree-{number}")).collect();
    for name in &names {
        // Also a tree that is a file or a link.
        entries += random.make(&folder.join(name), 3)?;
    }
    Ok((names, entries))
}

/// The same numbers each time.
struct Random {
    seed: u64,
    digits: Vec<u8>,
}

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        if self.digits.len() < 2 {
            self.seed += 1;
            self.digits = Sha256::digest(self.seed.to_le_bytes()).to_vec();
        }
        let digits = [self.digits.pop().unwrap_or_default(), self.digits.pop().unwrap_or_default()];
        usize::from(u16::from_le_bytes(digits)) % limit
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Makes an entry that is no deeper than `depth`, and returns how many there are.
    fn make(&mut self, path: &Path, depth: usize) -> Result<usize> {
        match self.below(8) {
            0 => symlink(OsStr::new(self.of(&TARGETS)), path)?,
            1..=3 if depth > 0 => return self.make_folder(path, depth),
            _ => self.make_file(path)?,
        }
        Ok(1)
    }

    fn make_folder(&mut self, path: &Path, depth: usize) -> Result<usize> {
        fs::create_dir(path)?;
        let mut entries = 1;
        for _ in 0..self.below(8) {
            let entry: PathBuf = path.join(self.of(&NAMES));
            if entry.symlink_metadata().is_err() {
                entries += self.make(&entry, depth - 1)?;
            }
        }
        fs::set_permissions(path, Permissions::from_mode(self.of(&[0o755, 0o700, 0o1777, 0o2755])))?;
        Ok(entries)
    }

    /// Sizes around the padding of 8 bytes, and around the buffers of both programs.
    fn make_file(&mut self, path: &Path) -> Result<()> {
        let sizes = [0, 1, 7, 8, 9, 15, 16, 4095, 4096, 4097, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073];
        let size = self.of(&sizes);
        fs::write(path, vec![u8::try_from(self.below(256))?; size])?;
        let modes = [0o644, 0o755, 0o400, 0o500, 0o610, 0o601, 0o611, 0o700, 0o4644, 0o2711, 0o000, 0o100];
        Ok(fs::set_permissions(path, Permissions::from_mode(self.of(&modes)))?)
    }
}
