//! `lre rewrite`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use insta::assert_snapshot;

use crate::support::{ROOT, Scene};

const NEW: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-toolchain-2";

fn scene(build: &str) -> Scene {
    let scene = Scene::empty();
    scene.write("BUILD", &build.replace("ROOT", ROOT));
    scene
}

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["rewrite", "--from", ROOT, "--to", NEW], more].concat()
}

#[test]
fn literals_are_rewritten_and_permissions_kept() {
    let scene = scene("f(\n\ta = \"ROOT/bin\",\t# kept\n    b = ['ROOT', 'ROOT-dev'],\n)");
    scene.write("sub/a.bzl", &format!("A = \"-L{ROOT}/lib\"\r\n"));
    scene.write("other.bzl", "A = 1\n");
    fs::set_permissions(scene.path().join("BUILD"), fs::Permissions::from_mode(0o640)).expect("other permissions");
    assert_snapshot!(scene.run(&arguments(&["BUILD", "sub/a.bzl", "other.bzl", "./BUILD"])));
    let mode = fs::metadata(scene.path().join("BUILD")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(scene.read("BUILD"), format!("f(\n\ta = \"{NEW}/bin\",\t# kept\n    b = ['{NEW}', '{ROOT}-dev'],\n)"));
    assert_eq!(scene.read("sub/a.bzl"), format!("A = \"-L{NEW}/lib\"\r\n"));
    assert_snapshot!("nothing-left-to-rewrite", scene.run_without_change(&arguments(&["BUILD", "other.bzl"])));
}

#[test]
fn what_is_not_clear_is_reported_and_the_rest_is_rewritten() {
    let scene = scene("# from ROOT\nA = \"ROOT/bin\"\nB = \"ROOT\" + A\nC = \"/nix/store/\" + A\nD = f\"ROOT/{A}\"\n");
    scene.write("bom.bzl", &format!("\u{feff}A = \"{ROOT}\"\n"));
    let arguments = arguments(&["BUILD", "bom.bzl"]);
    assert_snapshot!(scene.run(&arguments));
    assert_snapshot!("only-unclear", scene.run_without_change(&arguments));
}

#[test]
fn dry_run_prints_a_diff_and_writes_nothing() {
    let lines: String = (1..20).map(|line| format!("L{line} = {line}\n")).collect();
    let scene = scene(&format!("A = \"ROOT\"\n{lines}B = \"ROOT/bin\""));
    scene.write("a.bzl", &format!("# {ROOT}\nA = \"{ROOT}\"\n"));
    assert_snapshot!(scene.run_without_change(&arguments(&["--dry-run", "BUILD", "a.bzl"])));
}

#[test]
fn map_replaces_many_at_once() {
    let scene = scene(&format!("A = [\"ROOT\", \"ROOT/bin/ld\", \"{NEW}\"]\n"));
    let map = serde_json::json!({ROOT: NEW, NEW: ROOT, format!("{ROOT}/bin"): format!("{NEW}/sbin")});
    scene.write("map.json", &map.to_string());
    assert_snapshot!(scene.run(&["rewrite", "--map", "map.json", "BUILD"]));
    assert_eq!(scene.read("BUILD"), format!("A = [\"{NEW}\", \"{NEW}/sbin/ld\", \"{ROOT}\"]\n"));
}

#[test]
fn unusable_maps_are_refused() {
    let scene = scene("A = \"ROOT\"\n");
    for (name, map) in [
        ("map-repeats-a-key", format!("{{\"{ROOT}\": \"{NEW}\", \"{ROOT}/\": \"{NEW}/x\"}}")),
        ("map-names-no-store-path", format!("{{\"{ROOT}\": \"/usr\"}}")),
        ("map-is-a-list", "[]".to_owned()),
    ] {
        scene.write("map.json", &map);
        assert_snapshot!(name, scene.run_without_change(&["rewrite", "--map", "map.json", "BUILD"]));
    }
    assert_snapshot!("map-is-absent", scene.run_without_change(&["rewrite", "--map", "nothing.json", "BUILD"]));
}

#[test]
fn paths_that_are_no_store_paths_are_refused() {
    let scene = scene("A = \"ROOT\"\n");
    assert_snapshot!(scene.run_without_change(&["rewrite", "--from", "/usr", "--to", NEW, "BUILD"]));
    let new = format!("{NEW}/a b");
    assert_snapshot!("unusable-to", scene.run_without_change(&["rewrite", "--from", ROOT, "--to", &new, "BUILD"]));
    assert_snapshot!("without-to", scene.run_without_change(&["rewrite", "--from", ROOT, "BUILD"]));
}

#[test]
fn one_unusable_file_stops_all_and_all_are_named() {
    let scene = scene("A = \"ROOT\"\n");
    scene.write("syntax.bzl", &format!("A = \"{ROOT}\" \"b\"\n"));
    scene.write("tab.bzl", "def f():\n\tpass\n");
    scene.write("deep.bzl", &format!("A = {}1{}\n", "(".repeat(300), ")".repeat(300)));
    fs::write(scene.path().join("latin.bzl"), b"A = \"\xe9\"\n").expect("a new file");
    symlink("BUILD", scene.path().join("link.bzl")).expect("a new link");
    fs::create_dir(scene.path().join("folder")).expect("a new folder");
    let files = ["BUILD", "syntax.bzl", "tab.bzl", "deep.bzl", "latin.bzl", "link.bzl", "folder", "absent.bzl"];
    assert_snapshot!(scene.run_without_change(&arguments(&files)));
    assert!(scene.path().join("link.bzl").is_symlink());
}
