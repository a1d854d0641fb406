//! What an action costs an engine: the bytes that it needs there, with our toolchain and with Bazel's own configuration of
//! the same compiler, and how many look-ups an engine answers.

mod meter;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::meter::Meter;
use super::Measured;
use crate::bazel::{Execution, OWN_CONFIGURATION};
use crate::execution_log::Spawn;
use crate::generated_workspace::write_workspace;
use crate::lab::{Lab, build_with_cargo};
use crate::step::Attempts;

/// Actions of each build.
const ACTIONS: usize = 100;
/// Seconds of look-ups, and how many are under way at once.
const SECONDS: &str = "5";
const AT_ONCE: &str = "32";

/// What may be more than nothing of a toolchain among the inputs of a compile action: its source, and nothing else.
const FILES: usize = 1;

/// What the compile actions of a build need, and what the build sent.
struct Need {
    /// Inputs of one compile action.
    files: usize,
    /// The bytes of those inputs.
    bytes: u64,
    /// Bytes to the engine, for each action of the build.
    sent: u64,
}

/// Builds remotely through a meter with either configuration; then asks for results as fast as it goes.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let ours = need(lab, "bench-scale-ours", "", &[])?;
    let entries: Vec<String> = serde_json::from_str(&lab.sandbox.toolchain.environment)?;
    let mut flags: Vec<String> = entries.iter().map(|entry| format!("--repo_env={entry}")).collect();
    flags.push("--repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=0".to_owned());
    flags.push("--extra_toolchains=@local_config_cc_toolchains//:all".to_owned());
    let bazels = need(lab, "bench-scale-bazels", OWN_CONFIGURATION, &flags)?;
    println!("\nscale: {ACTIONS} actions, built remotely, nothing cached\n");
    println!("| configuration of one compiler | inputs of a compile action | their bytes | bytes sent, an action |");
    println!("|---|---|---|---|");
    for (name, need) in [("ours", &ours), ("Bazel's own", &bazels)] {
        println!("| {name} | {} | {} | {} |", need.files, need.bytes, need.sent);
    }
    let is_met = ours.files == FILES && bazels.bytes > 100 * ours.bytes;
    let word = if is_met { "met" } else { "missed" };
    let text = format!(
        "scale: a compile action has {} of our inputs ({} bytes) and {} of Bazel's own ({} bytes); the target of one, the source, is {word}",
        ours.files, ours.bytes, bazels.files, bazels.bytes
    );
    println!("\n{text}");
    look_up(lab)?;
    Ok(vec![Measured { is_met, text }])
}

/// Builds remotely through a meter.
fn need(lab: &Lab, name: &str, module: &str, flags: &[String]) -> Result<Need> {
    let bazel = write_workspace(lab, name, ACTIONS, module)?;
    let meter = Meter::start(&lab.engine.address())?;
    let executor = format!("--remote_executor=grpc://{}", meter.address());
    let mut arguments: Vec<&str> = vec![&executor];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.push("//...");
    let spawns = bazel.spawns("build", Execution::Remote, &arguments);
    bazel.shutdown()?;
    bazel.forget()?;
    let spawns = spawns?;
    let stray = spawns.iter().find(|spawn| spawn.runner != "remote");
    if let Some(stray) = stray {
        bail!("{} ran as `{}`", stray.target_label, stray.runner);
    }
    let compile: &Spawn = spawns.iter().find(|spawn| spawn.mnemonic == "CppCompile").context("nothing is compiled")?;
    let bytes = input_bytes(&lab.sandbox.place().outside(bazel.log()), compile.primary_output())?;
    Ok(Need { files: compile.inputs.len(), bytes, sent: meter.bytes() / spawns.len() as u64 })
}

/// The bytes of a spawn's inputs, which cache keys know nothing of: read from Bazel's JSON, where they are texts.
fn input_bytes(log: &Path, output: &str) -> Result<u64> {
    let context = || format!("cannot read the sizes of inputs in `{}`", log.display());
    let text = std::fs::read_to_string(log).with_context(context)?;
    for spawn in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let spawn = spawn.with_context(context)?;
        if spawn["listedOutputs"][0] == output {
            let inputs = spawn["inputs"].as_array().with_context(context)?;
            let size = |input: &Value| input["digest"]["sizeBytes"].as_str()?.parse::<u64>().ok();
            return inputs.iter().map(size).sum::<Option<u64>>().with_context(context);
        }
    }
    bail!("no spawn of `{}` writes `{output}`", log.display())
}

/// Looks up what one action left, again and again; the figure is of this machine, where both ends share its cores.
fn look_up(lab: &Lab) -> Result<()> {
    let program = lab.sandbox.steps.run("cache_lookups (release)", Attempts::Once, |log| {
        build_with_cargo(&["--release", "--example", "cache_lookups"], "release", "examples/cache_lookups", log)
    })?;
    println!();
    let status = Command::new(program)
        .args([&format!("grpc://{}", lab.engine.address()), AT_ONCE, SECONDS])
        .stdin(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("the look-ups ended with {status}");
    }
    Ok(())
}
