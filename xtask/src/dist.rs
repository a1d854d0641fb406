//! `cargo xtask dist`: the files of a release, as a runner uploads them, with nothing that another machine makes otherwise.
//!
//! Each platform's runner makes its `helper`; one of them then makes the `module` from all of these in one folder.

mod again;
mod archive;
mod helper;
pub mod module;
pub mod registry;
pub mod release;
mod sbom;
pub mod source;
mod target;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::repository::{target_directory, workspace};
use crate::step::{Attempts, Steps};
use release::Release;
use source::Source;
use target::Target;

/// What `cargo xtask dist` takes.
#[derive(Args, Clone)]
pub struct Options {
    /// What to make; both if nothing is named
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Where it is put [default: `dist` in Cargo's target folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The platform of the helper, as Rust calls it [default: this machine's; on Linux with musl, if it is installed]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Where the files are going to be downloaded from [default: the release's page of the repository]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The tag that is released; anything but `v` and the version is refused
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Make everything again, from other folders, and fail unless each byte is the same
    #[arg(long)]
    check: bool,
    /// Pack files that no commit has; nothing like this may be published
    #[arg(long)]
    allow_dirty: bool,
}

impl Options {
    fn makes(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}

/// A part of a release.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The program of this platform, with completions and manual pages, and its bill of materials
    Helper,
    /// The module's archive and its entry in a registry, for every program that is in the folder, and the sums
    Module,
}

/// Makes the files and prints their sums.
pub fn run(options: &Options) -> Result<()> {
    let out = options.out.clone().unwrap_or_else(|| target_directory().join("dist"));
    if options.out.is_none() && options.parts.is_empty() && out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot remove `{}`", out.display()))?;
    }
    let target = Target::choose(options.target.as_deref())?;
    if let Some(note) = target.note() {
        eprintln!("note: {note}");
    }
    let root = workspace();
    let source = Source::read(&root, options.allow_dirty)?;
    let release = Release::new(&source, options.url.as_deref());
    if options.tag.as_ref().is_some_and(|tag| *tag != release.tag()) {
        bail!(
            "the tag is `{}`, and the version in `Cargo.toml` is {}\n\nhint: the tag of this commit is `{}`",
            options.tag.as_deref().unwrap_or_default(),
            release.version,
            release.tag()
        );
    }
    let place = Place { root, target_directory: target_directory(), cargo_home: cargo_home()? };
    let steps = Steps::new(&target_directory().join("dist-steps"))?;
    make(options, &steps, &place, &target, &source, &release, &out)?;
    if options.check {
        let second = again::Copy::create(&place, &source)?;
        if !options.makes(Part::Helper) {
            second.take_helpers(&out)?;
        }
        make(options, &steps, &second.place, &target, &source, &release, &second.out)?;
        again::compare(&out, &second.out)?;
        println!("made twice, from other folders: the same bytes");
    }
    print!("{}", release::sums(&out)?);
    Ok(())
}

/// What a build's output must not depend on.
struct Place {
    root: PathBuf,
    target_directory: PathBuf,
    cargo_home: PathBuf,
}

fn make(
    options: &Options,
    steps: &Steps,
    place: &Place,
    target: &Target,
    source: &Source,
    release: &Release,
    out: &Path,
) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot create `{}`", out.display()))?;
    if options.makes(Part::Helper) {
        let program = steps.run(&format!("lre for {}", target.triple), Attempts::Once, |log| {
            helper::build(place, target, source, log)
        })?;
        helper::pack(&place.root, &program, target, source, release, out)?;
        sbom::write(place, target, source, release, out)?;
    }
    if options.makes(Part::Module) {
        module::pack(&place.root, source, release, out)?;
    }
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::home_dir().context("neither `CARGO_HOME` nor `HOME` is set")?;
    Ok(home.join(".cargo"))
}
