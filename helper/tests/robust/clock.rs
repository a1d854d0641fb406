//! What a clock says decides nothing that is written.

use std::process::Command;

use crate::injection::{run_in_place, run_program, words};
use crate::job::visible_files;
use crate::jobs::JOBS;

#[test]
fn clock_at_1970_and_2100_changes_no_byte() {
    for job in &JOBS {
        let now = (job.prepare)();
        run_program(&now, job.arguments);
        let expected = visible_files(&now);
        for time in ["1970-01-01 00:00:10", "2100-06-01 12:00:00"] {
            let scene = (job.prepare)();
            let mut command = Command::new("faketime");
            command.args(["-f", time]).args(words(job.arguments));
            let status = run_in_place(&scene, &mut command);
            assert!(status.success(), "{} at {time}: {status}", job.name);
            assert!(visible_files(&scene) == expected, "{} writes other bytes at {time}", job.name);
        }
    }
}
