//! What a process takes at most is what it was given, as the system counts it.

use std::fs::File;
use std::io::BufWriter;
use std::process::Command;

use lre::execlog::synthetic::{Build, write_synthetic_log};

use crate::support::Scene;

/// In MiB, the least that may be asked for.
const LIMIT: usize = 64;

/// They take more than the limit, so that the most of what is allowed is taken.
const SPAWNS: usize = 40_000;

#[test]
fn explain_takes_no_more_memory_than_it_may() {
    let scene = Scene::empty();
    for (name, build) in [("first.log", Build::First), ("third.log", Build::Third)] {
        let file = File::create(scene.path().join(name)).expect("a log is created");
        write_synthetic_log(BufWriter::new(file), build, SPAWNS).expect("a log is written");
    }
    for logs in [&["first.log"][..], &["first.log", "third.log"]] {
        let mut command = Command::new("time");
        command.args(["--format=%M", "--output=peak"]).arg(scene.command(&[]).get_program());
        command.arg("explain").args(logs).args(["--max-memory", &LIMIT.to_string()]);
        let output = command.current_dir(scene.path()).output().expect("`time` runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("it takes more memory than it may"), "{said}");
        let peak = scene.read("peak");
        let kibibytes: usize = peak.lines().last().and_then(|line| line.parse().ok()).expect("a number");
        assert!(kibibytes <= LIMIT << 10, "{kibibytes} KiB for {logs:?}, where {LIMIT} MiB are the limit");
        // One that gave up at once would hold nothing.
        assert!(kibibytes >= (LIMIT << 10) / 2, "{kibibytes} KiB for {logs:?}, where {LIMIT} MiB are allowed");
    }
}
