//! The test binary `robust`, in the sandbox: it needs root, `strace` and `faketime`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::case::Tally;
use super::unit::counts;
use crate::lab::{Lab, install};
use crate::repository::cargo;
use crate::sandbox::debian::install_packages;

/// Its place below the sandbox's.
const BINARY: &str = "bin/robust";

/// It takes half a minute.
const LIMIT: Duration = Duration::from_secs(900);

/// Builds it, runs it and adds its counts.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let sandbox = &lab.sandbox;
    install_packages("builder: faketime", &sandbox.builder, &sandbox.steps, &["faketime"])?;
    let place = sandbox.place();
    let binary = place.outside(BINARY);
    install(&build()?, &binary)?;
    let command = sandbox.command(&place.text(BINARY)).args(["--nocapture"]).limit(LIMIT);
    let output =
        command.env("LRE_BIN", lab.helper()).env("HOME", "/root").env("RUST_BACKTRACE", "0").build().output()?;
    fs::remove_file(&binary)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (passed, failed) = counts(&text);
    tally.passed += passed;
    tally.failed += failed;
    let said =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with("running ") && !line.starts_with("test "));
    for line in said {
        println!("  {line}");
    }
    println!("  robust: {passed} passed, {failed} failed");
    match (output.status.success(), passed, failed) {
        (true, 0, _) => bail!("no test ran"),
        (false, _, _) => {
            println!("{text}{}", String::from_utf8_lossy(&output.stderr));
            if failed == 0 { bail!("it ended with {}", output.status) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// Builds the tests with Cargo, and returns the binary.
fn build() -> Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args([
        "test",
        "--quiet",
        "--locked",
        "--package",
        "lre",
        "--test",
        "robust",
        "--no-run",
        "--message-format=json",
    ]);
    let output = cargo.output().context("cannot run `cargo test`")?;
    if !output.status.success() {
        bail!("`cargo test --test robust --no-run` failed\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut binaries = messages.filter(|message| message["target"]["name"] == "robust");
    let binary = binaries.find_map(|message| message["executable"].as_str().map(|path| Path::new(path).to_owned()));
    binary.context("Cargo built no test `robust`")
}
