//! The `lre` command: parses arguments and dispatches. Data goes to stdout, talk to stderr.

use lre::command::Arguments;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    Arguments::of_process().run()
}
