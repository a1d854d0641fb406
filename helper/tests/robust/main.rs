//! What the system can do to the real binary: kill it at any write, fail any write, fill the disk, change the clock.
//!
//! Needs root, `strace` and `faketime`: `cargo xtask test robust` runs it where they are. What needs neither is in `cli`.

#[path = "../oci/builder.rs"]
#[allow(dead_code, reason = "half of it makes bad images, which `tests/oci.rs` is about")]
mod builder;
mod clock;
#[path = "../cli/database.rs"]
#[allow(dead_code, reason = "transactions that stay in the log are for `cli`")]
mod database;
mod disk;
mod harmless;
mod injection;
mod job;
mod jobs;
mod memory;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "it is written for `cli`")]
mod support;
mod writes;
