//! Inputs that are larger than any real one.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{CHECK, COMPILER, ROOT, Scene};

/// Many times what it takes on a slow machine; whatever grows with the square of the input takes minutes.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn ten_thousand_missing_store_roots_are_all_reported_in_time() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let mut manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    let roots: Vec<String> = (0..10_000).map(|number| format!("/nix/store/{number:032}-p-{number}")).collect();
    let recorded = roots.iter().map(|root| json!({"path": root, "narHash": null}));
    manifest["storeRoots"].as_array_mut().expect("a list").extend(recorded);
    manifest["env"].as_array_mut().expect("a list").push(format!("X={}", roots.join(":")).into());
    scene.write("out/lre.json", &format!("{manifest:#}\n"));
    let start = Instant::now();
    let result = scene.run_without_change(&CHECK);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    let (status, rest) = result.split_once('\n').expect("a status");
    assert_eq!(status, "exit 1");
    assert!(rest.contains("10000 of 10001 store roots named by `out` are missing"));
    let reported = roots.iter().filter(|root| rest.contains(&format!("  {root}  (Env only: X)\n"))).count();
    assert_eq!(reported, roots.len());
}

#[test]
fn million_lines_are_rewritten_and_a_larger_file_is_refused() {
    let scene = Scene::empty();
    let mut text = "x=1\n".repeat(1_000_000);
    let _ = writeln!(text, "y = \"{ROOT}/bin/ar\"");
    scene.write("BUILD", &text);
    let other = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-toolchain-2";
    let start = Instant::now();
    let rewrite = ["rewrite", "--from", ROOT, "--to", other, "BUILD"];
    let rewritten = scene.run(&rewrite);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert_eq!(rewritten, "exit 0\n--- stdout\n--- stderr\nrewrote 1 store path in `BUILD`\n");
    assert!(scene.read("BUILD") == text.replace(ROOT, other));
    scene.write("BUILD", &format!("{text}{}", "# more\n".repeat(50_000)));
    let refused = scene.run_without_change(&rewrite);
    let expected = "exit 2\n--- stdout\n--- stderr\nerror: cannot rewrite 1 of 1 file (no file was changed)\n  \
                    BUILD:1:1: larger than 4194304 bytes\n";
    assert_eq!(refused, expected);
}
