//! An image of the sandbox's store.

use anyhow::{Context, Result, bail};

use super::builder::write_layout;
use super::{FOLDER, printed};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};

pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally.check("an image of the store's closure gives the folder that its Env gives, byte for byte", || image(lab));
}

fn image(lab: &Lab) -> Result<()> {
    let folder = lab.sandbox.place().outside(FOLDER);
    let toolchain = &lab.sandbox.toolchain;
    let make = r#"
        "$0" regen --env-json "$1" --out from-env
        nix-store --query --requisites "${@:2}" | sed 's,^/,,' >roots
        tar -C / -T "$PWD/roots" -cf layer.tar"#;
    printed(lab, make, &[&lab.sandbox.place().text("env.json"), &toolchain.compiler, &toolchain.tools])?;
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("from-env/lre.json"))?)?;
    let name = manifest["image"]["reference"].as_str().context("the manifest names no image")?;
    let env = serde_json::from_str(&toolchain.environment)?;
    write_layout(&folder.join("layout"), &folder.join("layer.tar"), &env, name)?;
    // This machine has the store paths; with a store that has none, they come from the image alone.
    let compare = r#"
        "$0" regen --image oci:layout --store nowhere --out from-image 2>log || { cat log >&2; exit 1; }
        diff -r from-env from-image >&2
        find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'lre-image-*'
        cat log"#;
    let files = ["BUILD.bazel", "cc/BUILD", "config/BUILD", "lre.json"];
    let written: String = files.iter().map(|file| format!("wrote `from-image/{file}`\n")).collect();
    expect_equal("what is printed", &printed(lab, compare, &[])?, &format!("unpacking `oci:layout`\n{written}"))?;
    if manifest["storeRoots"].as_array().is_none_or(Vec::is_empty) {
        bail!("the toolchain has no store roots");
    }
    // Nothing is unpacked where the store has it all.
    let here = r#""$0" regen --image oci:layout --out from-image 2>&1"#;
    expect_equal("what is printed", &printed(lab, here, &[])?, "`from-image` is up to date\n")
}
