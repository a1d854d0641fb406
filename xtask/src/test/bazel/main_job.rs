//! The demo as a user runs it, and each of its sabotages: exit code, findings and last line.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::engine::EngineKind;
use crate::test::case::{Tally, expect_equal};

/// The fewest actions that `hello-cc` and abseil may have for the comparison to mean something.
const FEWEST_ACTIONS: usize = 12 + 12 + LIBRARY;
/// Those of abseil.
const LIBRARY: usize = 100;

/// What each sabotage must be named as: how the finding starts, and how it goes on.
const SABOTAGES: [(&str, &str, &str); 3] = [
    ("env", "step 2: ", ": environment variable `LRE_SABOTAGE`: absent in the first build, `1` in the second"),
    ("worker", "step 1: platform property `container-image`: the platform asks for `docker://lre-cc:", ""),
    ("bytes", "step 6: output `bazel-out/", " differs from byte "),
];

/// Runs the checks. The sandbox must be free: each is a process of its own.
pub(crate) fn run(tally: &mut Tally, engine: EngineKind) {
    tally.check("a remote build, then a local build: every action hits, every byte is equal", || {
        parity(engine, &[], FEWEST_ACTIONS)
    });
    for (sabotage, start, rest) in SABOTAGES {
        tally.check(&format!("the sabotage of `{sabotage}` is noticed, named, and ends with 1"), || {
            let run = demo(engine, &["--quick", &format!("--sabotage={sabotage}")])?;
            expect_equal("the exit code", &run.code.to_string(), "1")?;
            let findings = run.findings();
            let odd = findings.iter().find(|finding| !finding.starts_with(start) || !finding.contains(rest));
            match (findings.len(), odd) {
                (0, _) => bail!("the demo found nothing:\n{}", run.table),
                (_, Some(odd)) => bail!("the demo found something else: {odd}"),
                (found, None) if sabotage == "bytes" => expect_equal("the findings", &found.to_string(), "1"),
                _ => Ok(()),
            }
        });
    }
}

/// Runs the demo without its library and the sabotages.
pub(crate) fn run_quick(tally: &mut Tally, engine: EngineKind) {
    tally.check(&format!("through {engine:?} too: every action hits, every byte is equal"), || {
        parity(engine, &["--quick"], FEWEST_ACTIONS - LIBRARY)
    });
}

/// A demo in which everything hits and nothing differs, with at least so many actions.
fn parity(engine: EngineKind, arguments: &[&str], fewest: usize) -> Result<()> {
    let run = demo(engine, arguments)?;
    println!("{}", run.table);
    let [actions, hits, again, same, outputs] = run.numbers()?;
    if run.code != 0 || hits != actions || again != actions || same != outputs {
        bail!("parity is broken (exit {}):\n{}", run.code, run.table);
    }
    if actions < fewest || outputs < 12 {
        bail!("{actions} actions and {outputs} outputs are too few to mean anything");
    }
    Ok(())
}

/// A finished demo.
struct Run {
    code: i32,
    /// What it printed after the steps.
    table: String,
}

impl Run {
    /// The numbers of the last line.
    fn numbers(&self) -> Result<[usize; 5]> {
        let line = self.table.lines().last().unwrap_or_default();
        let numbers: Vec<usize> = line.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
        let numbers: [usize; 5] =
            numbers.try_into().ok().with_context(|| format!("the last line is `{line}`, not the parity line"))?;
        let [actions, hits, again, same, outputs] = numbers;
        let whole = format!(
            "parity: {actions} remote actions, {hits} of {again} hit locally, {same} of {outputs} outputs identical"
        );
        expect_equal("the last line", line, &whole)?;
        Ok(numbers)
    }

    fn findings(&self) -> Vec<&str> {
        self.table
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with("step ") && line.contains(": "))
            .collect()
    }
}

fn demo(engine: EngineKind, arguments: &[&str]) -> Result<Run> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let output =
        Command::new(program).arg("demo").arg(engine.flag()).args(arguments).output().context("cannot run the demo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let table = text.find("\n  step  what").map(|start| text[start..].to_owned());
    let table = table
        .with_context(|| format!("the demo printed no table:\n{text}{}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(Run { code: output.status.code().unwrap_or(-1), table })
}
