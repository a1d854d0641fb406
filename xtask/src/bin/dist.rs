//! `cargo xtask dist` on systems without namespaces, which all else of `cargo xtask` needs.

use clap::Parser;

/// The files of a release, for this platform.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: xtask::dist::Options,
}

fn main() -> std::process::ExitCode {
    match xtask::dist::run(&Arguments::parse().options) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::from(1)
        }
    }
}
