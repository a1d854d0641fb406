//! `lre rewrite`: replaces store paths in Starlark files.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::changes::{Changes, Left, diffs};
use super::format::Format;
use super::{Outcome, print_data, read_text, report_error};
use crate::build_file::map_in_parallel;
use crate::diff::ChangedFile;
use crate::rewrite::{Leftover, Replacement, Replacements, Rewritten, replace_all, rewrite};
use crate::store::StorePath;
use crate::talk::say;

/// Replaces store paths inside the string literals of Starlark files. Every other byte stays.
///
/// What depends on more than one literal's text is reported and left as it is: a store path in a comment, in an f-string,
/// or joined to an expression. Either all files are written or none.
#[derive(Debug, Args)]
pub struct RewriteArguments {
    /// The store path to replace, with everything below it: a store root or a path below one.
    #[arg(long, value_name = "OLD", requires = "to", required_unless_present = "map")]
    from: Option<String>,
    /// The store path that replaces it.
    #[arg(long, value_name = "NEW", requires = "from")]
    to: Option<String>,
    /// JSON object from old store paths to new ones. All are replaced at once, the longest first.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    map: Option<PathBuf>,
    /// Print a unified diff and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// `json`: one document on stdout, with the diffs and what is left.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// BUILD files, `.bzl` files, `MODULE.bazel` and the like.
    #[arg(value_name = "FILES", required = true)]
    files: Vec<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
/// If a store path, the map or a file cannot be used, or a file cannot be written. No file is changed then.
pub fn run(arguments: &RewriteArguments) -> anyhow::Result<Outcome> {
    let replacements = read_replacements(arguments)?;
    let mut seen = BTreeSet::new();
    let (mut changes, mut counts, mut leftovers, mut failures) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for result in map_in_parallel(&arguments.files, |file| rewrite_file(file, &replacements)) {
        match result {
            Err(error) => failures.push(error),
            Ok(done) => {
                // The same file twice, perhaps by two names.
                if !seen.insert(done.identity) {
                    continue;
                }
                leftovers.extend(done.leftovers);
                if let Some((change, replaced)) = done.change {
                    changes.push(change);
                    counts.push(replaced);
                }
            }
        }
    }
    if !failures.is_empty() {
        let files = count(arguments.files.len(), "file");
        bail!("cannot rewrite {} of {files} (no file was changed)\n  {}", failures.len(), failures.join("\n  "));
    }
    let is_json = arguments.format == Format::Json;
    // A diff of a large file takes longer than all the rest.
    let changed: Vec<ChangedFile> =
        if arguments.dry_run || is_json { changes.iter().map(describe).collect() } else { Vec::new() };
    if arguments.dry_run && !is_json {
        print_data(&diffs(&changed))?;
    }
    if !arguments.dry_run {
        replace_all(&changes).map_err(|error| anyhow!("{error} (no file was changed)"))?;
    }
    let verb = if arguments.dry_run { "would rewrite" } else { "rewrote" };
    for (change, replaced) in changes.iter().zip(counts) {
        say(format_args!("{verb} {} in `{}`", count(replaced, "store path"), change.path.display()));
    }
    if changes.is_empty() && leftovers.is_empty() {
        say(format_args!("nothing to rewrite in {}", count(arguments.files.len(), "file")));
    }
    let list: Vec<String> = leftovers.iter().map(Left::to_string).collect();
    if is_json {
        Changes::new(!arguments.dry_run, changed).leaving(leftovers).print()?;
    }
    if list.is_empty() {
        return Ok(Outcome::Clean);
    }
    let (places, them) = if list.len() == 1 { ("place is", "it") } else { ("places are", "them") };
    report_error(&format!(
        "{} {places} left as before\n  {}\n\nhint: edit {them} by hand",
        list.len(),
        list.join("\n  ")
    ));
    Ok(Outcome::Findings)
}

/// What became of one file. The text of one that stays is not kept.
struct Done {
    identity: (u64, u64, PathBuf),
    /// With the number of store paths.
    change: Option<(Replacement, usize)>,
    leftovers: Vec<Left>,
}

fn describe(change: &Replacement) -> ChangedFile {
    ChangedFile::new(change.path.display().to_string(), Some(&change.before), &change.after)
}

fn rewrite_file(file: &Path, replacements: &Replacements) -> Result<Done, String> {
    let (metadata, before) = read_file(file).map_err(|error| super::describe(&error))?;
    let identity = identity(file, &metadata);
    let name = file.display().to_string();
    let Rewritten { text, replaced, leftovers } =
        rewrite(&name, &before, replacements).map_err(|error| error.to_string())?;
    let describe = |Leftover { line, column, message }| Left { file: name.clone(), line, column, message };
    let leftovers = leftovers.into_iter().map(describe).collect();
    let change = match text {
        Cow::Owned(after) if after != before => {
            Some((Replacement { path: file.to_owned(), metadata: Some(metadata), before, after }, replaced))
        }
        _ => None,
    };
    Ok(Done { identity, change, leftovers })
}

/// What two names of the same file share. A hard link is a file of its own: it is replaced alone.
fn identity(file: &Path, metadata: &Metadata) -> (u64, u64, PathBuf) {
    let is_alone = metadata.nlink() == 1;
    let resolved = if is_alone { PathBuf::new() } else { file.canonicalize().unwrap_or_else(|_| file.to_owned()) };
    (metadata.dev(), metadata.ino(), resolved)
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn read_replacements(arguments: &RewriteArguments) -> anyhow::Result<Replacements> {
    if let Some(path) = &arguments.map {
        let text = read_text(path)?;
        let cannot_use = || format!("cannot use `{}` as a map of store paths", path.display());
        let pairs: Pairs = serde_json::from_str(&text).with_context(cannot_use)?;
        return Replacements::new(pairs.0).with_context(cannot_use);
    }
    let parse = |flag: &str, text: &Option<String>| {
        StorePath::parse(text.as_deref().unwrap_or_default()).with_context(|| format!("cannot use `{flag}`"))
    };
    let pair = (parse("--from", &arguments.from)?, parse("--to", &arguments.to)?);
    Ok(Replacements::new([pair])?)
}

/// A JSON object whose keys may repeat: a map would silently keep the last.
struct Pairs(Vec<(StorePath, StorePath)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from store paths to store paths")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

/// Reads a file that may be replaced.
pub(super) fn read_file(path: &Path) -> anyhow::Result<(Metadata, String)> {
    let cannot_read = || format!("{}: cannot be read", path.display());
    let metadata = fs::symlink_metadata(path).with_context(cannot_read)?;
    if metadata.is_symlink() {
        let target = fs::read_link(path).with_context(cannot_read)?;
        bail!("{}: is a symbolic link to `{}`, which is not written through", path.display(), target.display());
    }
    if !metadata.is_file() {
        bail!("{}: is no regular file", path.display());
    }
    let bytes = fs::read(path).with_context(cannot_read)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((metadata, text)),
        Err(error) => bail!("{}: is not UTF-8 (byte {})", path.display(), error.utf8_error().valid_up_to() + 1),
    }
}
