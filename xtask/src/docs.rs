//! `cargo xtask docs`: pages that are written from the sources, and documents whose commands are run.

mod book;
mod docstring;
mod recording;
mod reference;
pub(crate) mod run;
mod session;
mod site;
mod snippet;
mod starlark;

use std::fs;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::engine::EngineKind;
use crate::lab::Lab;
use crate::repository::cargo;
use crate::sandbox::{Tools, workspace};
use crate::test::case::{Tally, expect_equal};

/// What `cargo xtask docs` takes. Without flags, the pages that are written from the sources are written.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Write nothing: compare the pages with the sources, follow the links, run the commands of README and quick start
    #[arg(long)]
    check: bool,
    /// Build the site, look at it in a browser, and put it into `target/site`
    #[arg(long, conflicts_with = "check")]
    site: bool,
    /// Run the demo and draw what it prints: `docs/demo.svg`
    #[arg(long, conflicts_with_all = ["check", "site"])]
    recording: bool,
}

/// Runs what the flags say.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.recording {
        return recording::write();
    }
    if !options.check && !options.site {
        return write();
    }
    let mut tally = Tally::default();
    let lab = Lab::open(Tools::Sandbox, EngineKind::default())?;
    if options.site {
        site::run(&mut tally, &lab)?;
        site::install(&lab)?;
    } else {
        check(&mut tally, &lab)?;
    }
    println!("{tally}");
    if tally.failed > 0 { bail!("documents are not as they should be, see above") } else { Ok(()) }
}

/// Everything that can be held against something else.
pub(crate) fn check(tally: &mut Tally, lab: &Lab) -> Result<()> {
    tally.check("the pages of commands are what the program says, and links lead somewhere", || commands(false));
    for (name, page) in reference::pages(&workspace())? {
        tally.check(&format!("`docs/{name}` is what the docstrings say"), || compare(name, &page));
    }
    site::run(tally, lab)?;
    run::run(tally, lab)
}

fn write() -> Result<()> {
    commands(true)?;
    for (name, page) in reference::pages(&workspace())? {
        let file = workspace().join("docs").join(name);
        if fs::read_to_string(&file).ok().as_ref() != Some(&page) {
            fs::write(&file, page).with_context(|| format!("cannot write `{}`", file.display()))?;
            println!("  written  docs/{name}");
        }
    }
    Ok(())
}

fn compare(name: &str, page: &str) -> Result<()> {
    let written = fs::read_to_string(workspace().join("docs").join(name)).unwrap_or_default();
    expect_equal("the page", &written, page).context("`cargo xtask docs` writes it")
}

/// The tests of the helper that hold `docs/commands.md`, `docs/dependencies.md` and all links; they can write the pages.
fn commands(is_written: bool) -> Result<()> {
    let mut cargo = cargo();
    cargo.args([
        "test",
        "--quiet",
        "--locked",
        "--package",
        "lre",
        "--test",
        "cli",
        "--",
        "reference::",
        "dependencies::",
        "links::",
    ]);
    if is_written {
        cargo.env("LRE_UPDATE_DOCS", "1");
    }
    let output = cargo.output().context("cannot run `cargo test`")?;
    if !output.status.success() {
        bail!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_what_the_docstrings_say() -> Result<()> {
        reference::pages(&workspace())?.iter().try_for_each(|(name, page)| compare(name, page))
    }

    #[test]
    fn every_block_of_readme_and_quick_start_says_what_is_done_with_it() -> Result<()> {
        for document in ["README.md", "docs/quick-start.md"] {
            let text = fs::read_to_string(workspace().join(document))?;
            assert!(!snippet::snippets(document, &text)?.is_empty(), "{document}");
        }
        Ok(())
    }
}
