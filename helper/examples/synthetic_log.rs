//! `synthetic_log first|second|third SPAWNS FILE`: writes one of three compact execution logs, for `cargo xtask bench explain`.

use std::fs::File;
use std::io::BufWriter;

use lre::execlog::synthetic::{Build, write_synthetic_log};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [build, spawns, file] = arguments.as_slice() else {
        return Err("usage: first|second|third SPAWNS FILE".into());
    };
    let build = match build.as_str() {
        "first" => Build::First,
        "second" => Build::Second,
        "third" => Build::Third,
        other => return Err(format!("`{other}` is no build: expected `first`, `second` or `third`").into()),
    };
    write_synthetic_log(BufWriter::new(File::create(file)?), build, spawns.parse()?)?;
    Ok(())
}
