//! The most memory that each command has, on inputs of the usual size and many times that.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::input::{self, ROOT};
use crate::bench::Measured;
use crate::bench::explain::release;
use crate::lab::Lab;
use crate::sandbox::toolchain::{nix, output};

/// The folder of the inputs, below the sandbox's place.
const FOLDER: &str = "bench-limits";
/// How many times the usual size.
const TIMES: [usize; 3] = [1, 10, 100];
/// Actions in each of two logs.
const ACTIONS: usize = 1_000;
/// How many times the memory a hundred times the input may take.
const GROWTH: f64 = 25.0;

/// What grows, and the arguments of a command. Later ones find what earlier ones wrote.
const COMMANDS: [(&str, &str); 14] = [
    ("store roots in Env", "regen --env-json env.json --out new --store store"),
    (
        "store roots",
        "check --confirm out --store store --workspace . --flake-lock flake.lock --module-file MODULE.bazel",
    ),
    ("store roots of 1 MiB", "check out --store store --deep"),
    ("the same, JSON", "check out --no-store --format json"),
    ("store roots in Env", "bazelrc --env-json env.json"),
    ("inputs of the flake and modules", "pin out"),
    ("modules", "init --path ../../src --dry-run"),
    ("lines of `.bazelrc`", "doctor --store store"),
    ("bytes of a BUILD file", "rewrite --from ROOT --to OTHER BUILD --dry-run"),
    ("store roots", "deploy render --manifest out"),
    ("store roots of 1 MiB", "image build --store store --manifest out/lre.json --out oci:image"),
    ("the image of those", "image inspect oci:image --max-ratio 100000"),
    (
        "the same image as a base",
        "image wrap --base oci:image --worker storeROOT/bin/ar --max-layers 127 --max-ratio 100000 --out oci:wrapped",
    ),
    ("actions in two logs", "explain first.log second.log"),
];

/// Measures all commands and prints the table.
pub(super) fn run(lab: &Lab, helper: &str) -> Result<Vec<Measured>> {
    let folder = lab.sandbox.place().outside(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let measured = TIMES.iter().map(|times| measure(lab, helper, *times)).collect::<Result<Vec<_>>>();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let measured = measured?;
    println!("\nlimits: the most memory of one process, in MiB, on the usual input and many times that\n");
    println!(
        "| command | what grows | 1 × | 10 × | 100 × | ratio of 10 × | ratio of 100 × |\n|---|---|---|---|---|---|---|"
    );
    let mut largest: (f64, &str) = (0.0, "");
    for (index, (grows, arguments)) in COMMANDS.iter().enumerate() {
        let [usual, ten, hundred] = [0, 1, 2].map(|times: usize| measured[times][index]);
        let name = arguments.split(" --").next().unwrap_or(arguments);
        println!(
            "| `lre {arguments}` | {grows} | {usual:.1} | {ten:.1} | {hundred:.1} | {:.1} | {:.1} |",
            ten / usual,
            hundred / usual
        );
        if hundred / usual > largest.0 {
            largest = (hundred / usual, name);
        }
    }
    let (ratio, command) = largest;
    let is_met = ratio <= GROWTH;
    let word = if is_met { "kept" } else { "exceeded" };
    let text = format!(
        "limits: 100 times the input takes at most {ratio:.1} times the memory (`lre {command}`), and the limit of {GROWTH} is {word}"
    );
    println!("\n{text}");
    Ok(vec![Measured { is_met, text }])
}

/// What each command takes, in MiB.
fn measure(lab: &Lab, helper: &str, times: usize) -> Result<Vec<f64>> {
    let place = lab.sandbox.place();
    let name = format!("{FOLDER}/{times}");
    let folder = place.outside(&name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    input::write(&folder, times)?;
    let generator = release(lab, &["--release", "--example", "synthetic_log"], "examples/synthetic_log")?;
    for build in ["first", "second"] {
        let actions = (ACTIONS * times).to_string();
        let status =
            Command::new(&generator).args([build, &actions]).arg(folder.join(format!("{build}.log"))).status()?;
        if !status.success() {
            bail!("cannot generate `{build}.log`");
        }
    }
    let script = |text: &str, arguments: &[&str]| {
        let shell = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "bash");
        let shell = shell.args(["-euo", "pipefail", "-c", text, helper]).args(arguments).directory(place.inside(&name));
        output(shell).with_context(|| format!("on {times} times the usual input"))
    };
    script(PREPARE, &[])?;
    let peak = |(_, arguments): &(&str, &str)| {
        let arguments = arguments.replace("ROOT", ROOT).replace("OTHER", input::OTHER_ROOT);
        let text = script(MEASURE, &arguments.split(' ').collect::<Vec<_>>())?;
        let kibibytes: f64 = text.trim().parse().with_context(|| format!("`time` prints no number: {text}"))?;
        Ok(kibibytes / 1024.0)
    };
    COMMANDS.iter().map(peak).collect()
}

/// Registers the store roots in a database of Nix's, and makes the toolchain's folder with their NAR hashes.
const PREPARE: &str = r#"
    while read -r root; do
        case $root in
            *-toolchain-1 | *-part-1) nix-store --dump "store$root" >nar
                hash=$(sha256sum <nar | cut -d ' ' -f 1)
                size=$(stat -c %s nar) ;;
        esac
        printf '%s\n%s\n%s\n\n0\n' "$root" "$hash" "$size"
    done <roots >registration
    nix-store --store "$PWD/store" --load-db <registration
    "$0" regen --env-json env.json --out out --store store 2>log || { cat log >&2; exit 1; }"#;

/// Prints what a command takes at most, in KiB. It finds no program that it could start: theirs would count too. Findings are
/// well.
const MEASURE: &str = r#"
    code=0
    command time -q -f %M -o memory env -i PATH=/nowhere XDG_CACHE_HOME="$PWD/cache" "$0" "$@" >/dev/null 2>log ||
        code=$?
    [ $code -le 1 ] || { cat log >&2; exit 1; }
    cat memory"#;
