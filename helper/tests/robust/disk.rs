//! Disks that are full or cannot be written, in a mount namespace of its own.

use std::path::Path;
use std::process::{Command, ExitStatus};

use crate::injection::{run_in_place, run_program, words};
use crate::job::{Files, Job, differing, files_below, is_hidden, visible_files};
use crate::jobs::JOBS;
use crate::support::Scene;

/// Copies the scene to a small tmpfs, fills that up to some free KiB, runs the program there, and copies it back.
const FULL: &str = r#"
    mount -t tmpfs -o size=8m tmpfs disk
    cp -a scene/. disk
    cd disk
    mkdir -p tmp
    dd if=/dev/zero of=tmp/filler bs=4096 status=none 2>/dev/null || :
    truncate --size=-"$1"K tmp/filler
    shift
    set +e
    "$@"
    code=$?
    set -e
    rm tmp/filler
    cp -a . ../after
    exit $code"#;

/// Runs the program in the scene, of which nothing can be written.
const READ_ONLY: &str = r#"
    mount --bind scene scene
    mount -o remount,bind,ro scene
    cd scene
    shift
    exec "$@""#;

/// A scene that holds the job's scene as `scene`, and the script's outcome there.
fn run(script: &str, free: u32, job: &Job) -> (ExitStatus, Scene) {
    let (inner, outer) = ((job.prepare)(), Scene::empty());
    let copied = Command::new("cp").arg("-a").arg(inner.path()).arg(outer.path().join("scene")).status();
    assert!(copied.expect("`cp` runs").success());
    for folder in ["disk", "after"] {
        std::fs::create_dir(outer.path().join(folder)).expect("a new folder");
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-euc", script, "sh", &free.to_string()]).args(words(job.arguments));
    (run_in_place(&outer, &mut command), outer)
}

fn visible(folder: &Path) -> Files {
    files_below(folder).into_iter().filter(|(path, _)| !is_hidden(path)).collect()
}

#[test]
fn full_disk_leaves_old_or_new_files() {
    let (mut refused, mut tried) = (0, 0);
    for job in &JOBS {
        let new = (job.prepare)();
        let old = visible_files(&new);
        run_program(&new, job.arguments);
        let new = visible_files(&new);
        for free in [0, 4, 8, 16, 24] {
            let (status, scene) = run(FULL, free, job);
            let after = visible(&scene.path().join("after"));
            let expected = match status.code() {
                Some(0) => after == new,
                Some(2) => after == old,
                _ => false,
            };
            let differing = [differing(&after, &old), differing(&after, &new)];
            assert!(expected, "{} with {free} KiB: {status}, neither old nor new: {differing:?}", job.name);
            tried += 1;
            refused += usize::from(status.code() == Some(2));
        }
    }
    println!("a full disk stopped {refused} of {tried} runs");
    assert!(refused > tried / 2, "the disk was full in {refused} of {tried} runs only");
}

#[test]
fn read_only_folder_is_refused_and_stays() {
    for job in &JOBS {
        let (status, scene) = run(READ_ONLY, 0, job);
        assert_eq!(status.code(), Some(2), "{}", job.name);
        assert!(visible(&scene.path().join("scene")) == visible_files(&(job.prepare)()), "{}", job.name);
    }
}
