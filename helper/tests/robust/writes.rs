//! Every command that writes files, killed before each of its writes, and with each of its writes failing.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::injection::{Call, Fault, Traced, run_program};
use crate::job::{Files, Job, leftovers, visible_files};
use crate::jobs::JOBS;
use crate::support::Scene;

fn traced<'a>(job: &'a Job, scene: &'a Scene) -> Traced<'a> {
    Traced { scene, arguments: job.arguments, with_threads: job.with_threads }
}

/// Runs each job with a fault at each of its writes, and returns what `judge` says of each.
fn sweep(
    fault: Fault,
    judge: impl Fn(&Job, &Scene, &Outcome<'_>) -> Option<&'static str> + Sync,
) -> (usize, Vec<String>) {
    let results: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let judge = &judge;
        let threads: Vec<_> = JOBS.iter().map(|job| scope.spawn(move || sweep_job(job, fault, judge))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let tried = results.iter().map(|(tried, _)| tried).sum();
    (tried, results.into_iter().flat_map(|(_, faults)| faults).collect())
}

/// How a run with a fault ended.
struct Outcome<'a> {
    status: ExitStatus,
    call: &'a Call,
    old: Files,
    new: &'a Files,
}

fn sweep_job(
    job: &Job,
    fault: Fault,
    judge: &(impl Fn(&Job, &Scene, &Outcome<'_>) -> Option<&'static str> + Sync),
) -> (usize, Vec<String>) {
    let scene = (job.prepare)();
    let calls = traced(job, &scene).calls();
    assert!(!calls.is_empty(), "{} writes nothing", job.name);
    let new = visible_files(&scene);
    let mut found = Vec::new();
    for call in &calls {
        let scene = (job.prepare)();
        let old = visible_files(&scene);
        assert!(old != new, "{} changes nothing", job.name);
        let status = traced(job, &scene).run_with(fault, call);
        if let Some(what) = judge(job, &scene, &Outcome { status, call, old, new: &new }) {
            found.push(format!("{}: {what}, {status}: {}", job.name, call.line()));
        }
    }
    (calls.len(), found)
}

#[test]
fn kill_at_any_write_leaves_old_or_new_files_and_the_next_run_completes_them() {
    let (tried, found) = sweep(Fault::Kill, |job, scene, outcome| {
        if outcome.status.signal() != Some(SIGKILL) {
            return Some("not killed");
        }
        if !job.is_whole(&visible_files(scene), &outcome.old, outcome.new) {
            return Some("half written");
        }
        run_program(scene, job.arguments);
        (visible_files(scene) != *outcome.new).then_some("not completed by the next run")
    });
    println!("killed at {tried} writes of {} commands", JOBS.len());
    assert!(found.is_empty(), "{} of {tried}:\n{}", found.len(), found.join("\n"));
}

/// The number of the signal that strace ends with, after the program that it killed.
const SIGKILL: i32 = 9;

#[test]
fn write_that_fails_is_said_and_leaves_every_file_as_it_was() {
    let refused = AtomicUsize::new(0);
    let (tried, found) = sweep(Fault::Error("ENOSPC"), |_, scene, outcome| {
        let now = visible_files(scene);
        refused.fetch_add(usize::from(outcome.status.code() == Some(2)), Ordering::Relaxed);
        match outcome.status.code() {
            Some(0) if now == *outcome.new => None,
            Some(0) => Some("success without the new files"),
            Some(2) if now != outcome.old => Some("failure with other files than before"),
            Some(2) if !outcome.call.is_cleaning() && !leftovers(scene).is_empty() => Some("failure with leftovers"),
            Some(2) => None,
            _ => Some("neither success nor failure"),
        }
    });
    let refused = refused.into_inner();
    println!("failed {tried} writes of {} commands, of which {refused} stopped the command", JOBS.len());
    assert!(refused > tried / 2, "only {refused} of {tried} failures were noticed");
    assert!(found.is_empty(), "{} of {tried}:\n{}", found.len(), found.join("\n"));
}
