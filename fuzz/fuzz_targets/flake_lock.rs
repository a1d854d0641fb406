//! `flake.lock` beside a manifest and a `MODULE.bazel`: compared, edited, and compared again.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lre::check::pin::{groups_of_pins, sources_of};
use lre::diagnostic::human::{Sources, render_human};
use lre::json::Json;
use lre::manifest::{FILE_NAME, Manifest};
use lre::pin::{FLAKE_LOCK, MODULE, MODULE_FILE, PinSubject, compare_pins, plan_sync};
use lre_fuzz::expand;

const MANIFEST: &str = include_str!("../../generated-cc/lre.json");
const PLATFORM: &str = include_str!("../../generated-cc/config/BUILD");
const OVERRIDE: &str = r#"
bazel_dep(name = "local-remote-execution")
git_override(
    module_name = "local-remote-execution",
    commit = "d407951447dcd00442e97087bf374aad70c04cea",
    remote = "https://example.org/lre",
)
"#;

static PINNED: LazyLock<Manifest> = LazyLock::new(|| Manifest::from_json(MANIFEST).expect("a manifest"));

// The text of `flake.lock`; behind a line `%%`, that of `MODULE.bazel`.
fuzz_target!(|data: &[u8]| {
    let data = expand(data);
    let Ok(text) = std::str::from_utf8(&data) else { return };
    let (lock, module) = text.split_once("\n%%\n").unwrap_or((text, OVERRIDE));
    if let Ok(json) = Json::parse(lock) {
        // Another parser reads the same.
        assert!(serde_json::from_str::<serde_json::Value>(lock).is_ok());
        assert!(lock.get(json.span.clone()).is_some());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let workspace = folder.path();
    let toolchain = workspace.join("lre-cc");
    fs::create_dir_all(toolchain.join("config")).expect("a new folder");
    let write = |name: &str, text: &str| fs::write(workspace.join(name), text).expect("a new file");
    write(FLAKE_LOCK, lock);
    write(MODULE_FILE, module);
    fs::write(toolchain.join(FILE_NAME), MANIFEST).expect("a new file");
    fs::write(toolchain.join("config/BUILD"), PLATFORM).expect("a new file");
    let subject = PinSubject {
        workspace,
        flake_lock: FLAKE_LOCK,
        input: MODULE,
        module_file: MODULE_FILE,
        toolchain: Some((&toolchain, &PINNED)),
    };
    let found = compare_pins(&subject).disagreements;
    let groups = groups_of_pins(found.clone());
    let mut sources = Sources::new();
    sources_of(&groups, &mut sources);
    assert_eq!(render_human(&groups, &sources, false).is_empty(), found.is_empty());
    // An edit that would not have its effect is refused; that none of them is shows that each is understood.
    let sync = plan_sync(&subject).unwrap_or_else(|error| panic!("{error}"));
    assert!(sync.replacements.is_empty() == sync.changes.is_empty() && sync.left.len() <= found.len());
    for replacement in &sync.replacements {
        assert_ne!(replacement.before, replacement.after);
        fs::write(&replacement.path, &replacement.after).expect("an own file");
    }
    let left = compare_pins(&subject).disagreements;
    let subjects = |found: &[lre::pin::Disagreement]| found.iter().map(|one| one.subject.clone()).collect::<Vec<_>>();
    assert_eq!(subjects(&left), subjects(&sync.left));
});
