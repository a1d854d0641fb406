//! The manifest: read, written, and the whole folder generated from it twice.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use lre::build_file::parse;
use lre::check::{Toolchain, check_toolchain};
use lre::diagnostic::github::render_github;
use lre::diagnostic::human::render_human;
use lre::diagnostic::json::render_json;
use lre::diagnostic::sarif::render_sarif;
use lre::manifest::{FILE_NAME, Manifest};
use lre::toolchain::Source;
use lre_fuzz::expand;

fuzz_target!(|data: &[u8]| {
    let data = expand(data);
    let Ok(text) = std::str::from_utf8(&data) else { return };
    let Ok(manifest) = Manifest::from_json(text) else { return };
    let again = manifest.to_json().expect("JSON");
    assert_eq!(Manifest::from_json(&again).expect("a manifest"), manifest);
    check(&manifest, text);
    let Ok(source) = Source::from_manifest(&manifest) else { return };
    let hash_of = |manifest: &Manifest, root: &lre::store::StoreRoot| {
        manifest.store_roots.iter().find(|known| known.path == *root).and_then(|known| known.nar_hash.clone())
    };
    let Ok(files) = source.generate(|root| hash_of(&manifest, root)) else { return };
    for (name, text) in files.iter().filter(|(name, _)| *name != FILE_NAME) {
        parse(name, text).expect("what is generated is Starlark");
    }
    let written = Manifest::from_json(&files[FILE_NAME]).expect("what is generated is a manifest");
    let source = Source::from_manifest(&written).expect("a manifest describes its own source");
    assert_eq!(source.generate(|root| hash_of(&written, root)).expect("the same files"), files);
});

/// Nothing that a manifest says makes the check, or what it prints, fail.
fn check(manifest: &Manifest, text: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(FILE_NAME), text).expect("a new file");
    let checked = check_toolchain(Toolchain { folder: folder.path(), manifest, text }, None);
    let human = render_human(&checked.groups, &checked.sources, false);
    // The BUILD files are not there.
    assert!(human.starts_with("error["));
    assert!(render_github(&checked.groups).starts_with("::error"));
    for json in [render_json(&checked.groups), render_sarif(&checked.groups)] {
        serde_json::from_str::<serde_json::Value>(&json.expect("JSON")).expect("JSON");
    }
}
