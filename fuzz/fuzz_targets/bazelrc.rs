//! Rc files: read as Bazel reads them, compared with the manifest, and written from a random Env.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lre::bazelrc::{BazelrcSettings, RemoteSettings, render_bazelrc};
use lre::doctor::rc_file::{Flag, read_rc_files};
use lre::environment::Environment;
use lre::manifest::{FILE_NAME, Manifest};
use lre::pin::{FLAKE_LOCK, MODULE, MODULE_FILE, PinSubject, Rendered, compare_pins, plan_sync, render_again};
use lre::toolchain_kind::ToolchainKind;
use lre_fuzz::expand;

const MANIFEST: &str = include_str!("../../generated-cc/lre.json");

static PINNED: LazyLock<Manifest> = LazyLock::new(|| Manifest::from_json(MANIFEST).expect("a manifest"));

// A text that starts with `KIND PREFIX HELPER`, whose kind is `cc`, `java` or `both`, and entries of Env, up to a line
// `%%`, is that of what is written; any other is an rc file.
fuzz_target!(|data: &[u8]| {
    let data = expand(data);
    let Ok(text) = std::str::from_utf8(&data) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    match text.split_once("\n%%") {
        Some((env, _)) => write_and_read(env, folder.path()),
        None => read(text, folder.path()),
    }
});

fn read(text: &str, workspace: &Path) {
    fs::write(workspace.join(".bazelrc"), text).expect("a new file");
    fs::write(workspace.join("other.rc"), "build --other\n").expect("a new file");
    // What is elsewhere on this machine is not to decide what a run says.
    if !text.contains("import") || text.contains("import %workspace%/other.rc") {
        let lines = text.split('\n').count();
        for flag in flags(workspace) {
            assert!((1..=lines).contains(&flag.line));
        }
    }
    let _ = render_again(text);
    fs::write(workspace.join("lre.bazelrc"), text).expect("a new file");
    let toolchain = workspace.join("lre-cc");
    fs::create_dir(&toolchain).expect("a new folder");
    fs::write(toolchain.join(FILE_NAME), MANIFEST).expect("a new file");
    let subject = PinSubject {
        workspace,
        flake_lock: FLAKE_LOCK,
        input: MODULE,
        module_file: MODULE_FILE,
        toolchain: Some((&toolchain, &PINNED)),
    };
    let found = compare_pins(&subject).disagreements;
    let sync = plan_sync(&subject).unwrap_or_else(|error| panic!("{error}"));
    assert!(sync.left.len() <= found.len());
}

/// What is written from an Env is read back as what was meant.
fn write_and_read(text: &str, workspace: &Path) {
    let mut lines = text.split('\n');
    let mut words = lines.next().unwrap_or_default().splitn(3, ' ');
    let (kind, joint) = match words.next() {
        Some("java") => (ToolchainKind::Java, false),
        Some("both") => (ToolchainKind::Cc, true),
        _ => (ToolchainKind::Cc, false),
    };
    let mut word = || words.next().filter(|word| !word.is_empty());
    let (prefix, helper) = (word(), word());
    let entries: Vec<String> = lines.map(str::to_owned).collect();
    let Ok(environment) = Environment::from_entries(&entries) else { return };
    let remote = RemoteSettings::default();
    let java = joint.then_some(&environment);
    let settings = BazelrcSettings { kind, environment: Some(&environment), java, prefix, helper, remote: &remote };
    let Ok(rc) = render_bazelrc(&settings) else { return };
    fs::write(workspace.join(".bazelrc"), &rc).expect("a new file");
    let flags = flags(workspace);
    let lines = rc.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    assert_eq!(flags.len(), lines, "a line is a flag:\n{rc}");
    assert!(flags.iter().all(|flag| flag.config.as_deref() == prefix), "every flag is behind the prefix:\n{rc}");
    let value = |name: &str| flags.iter().rev().find_map(|flag| flag.value(name));
    let path = environment.get("PATH").filter(|path| !path.is_empty()).map(|path| format!("PATH={path}"));
    for name in ["host_action_env", "test_env"] {
        assert_eq!(value(name), path.as_deref(), "{rc}");
    }
    let has_helper = |flag: &Flag| flag.value("repo_env").and_then(|entry| entry.strip_prefix("LRE_HELPER=")) == helper;
    assert!(helper.is_none() || flags.iter().any(has_helper), "{rc}");
    // An entry of Env whose key no file would be told from prose is kept, and not read back.
    let is_key = |(key, _): (&str, &str)| {
        !key.starts_with(|c: char| c.is_ascii_digit()) && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if environment.iter().all(is_key) {
        assert_eq!(render_again(&rc), Rendered::Same, "{rc}");
    }
}

/// The flags of `.bazelrc` and of what it imports, without those of this machine.
fn flags(workspace: &Path) -> Vec<Flag> {
    let rc = read_rc_files(workspace, None);
    rc.flags.into_iter().filter(|flag| !flag.file.starts_with("/etc/")).collect()
}
