//! Where `MODULE.bazel` takes this module from, against the flake input that is this module's repository.

use std::ops::Range;

use super::disagreement::{Disagreement, PinKind, Side};
use super::files::Files;
use super::lock::{FlakeLock, LockedInput};
use super::module_file::{Statement, read_module_file};
use super::place::{Edit, Located, Place};
use super::release::read_release;
use super::{MODULE, MODULE_FILE, MODULE_FILE_OPTION, PinSubject, Pins, absent};

/// Digits of a whole commit.
const COMMIT: usize = 40;
/// Fewer digits of an abbreviated one say nothing.
const ABBREVIATED: usize = 7;

type Failure = Box<Disagreement>;

/// What an override says about the commit.
enum Source {
    /// It names one.
    Commit {
        value: String,
        place: Place,
        /// Every literal that names it; empty if they cannot be changed alone.
        literals: Vec<Located<String>>,
        /// What has to change with them.
        obstacle: Option<String>,
    },
    /// It names a version or a tag.
    Version { value: String, place: Place },
    /// It names neither.
    Nothing { place: Place, reason: String },
}

/// Compares the commit in the override with the locked one.
pub(super) fn compare_override(
    subject: &PinSubject<'_>,
    lock: &FlakeLock,
    locked: &LockedInput,
    files: &mut Files<'_>,
    pins: &mut Pins,
) -> Result<(), Failure> {
    let Some(module) = read_module_file(files, subject.module_file)? else {
        if subject.module_file != MODULE_FILE {
            return Err(absent(files, subject.module_file, MODULE_FILE_OPTION));
        }
        let file = files.shown(subject.module_file);
        pins.notes.push(format!("there is no `{file}` to compare flake input `{}` with", subject.input));
        return Ok(());
    };
    if module.name.as_deref() == Some(MODULE) {
        return Ok(());
    }
    for (_, place) in module.unnamed() {
        pins.notes.push(format!("{place}: it is no literal which module is meant: it is not compared"));
    }
    let overrides: Vec<&Statement> = module.overrides(MODULE).collect();
    if let [_, second, ..] = overrides.as_slice() {
        let message = format!("`{MODULE}` is overridden more than once");
        let subject = format!("`{}`", second.text.file);
        let hint = "keep one of the overrides; Bazel refuses both";
        return Err(Box::new(Disagreement::unreadable(subject, second.place(), message, hint)));
    }
    let dependency = module.dependencies(MODULE).next();
    let source = match overrides.first() {
        Some(statement) => source_of(statement, dependency, pins),
        None => dependency.map(version_of),
    };
    let Some(source) = source else {
        let file = files.shown(subject.module_file);
        pins.notes.push(format!("`{file}` does not name `{MODULE}`: flake input `{}` is not compared", subject.input));
        return Ok(());
    };
    let Some(rev) = &locked.rev else {
        pins.notes.push(format!(
            "{}: flake input `{}` is locked without `rev`: it is not compared with the module's commit",
            locked.place, subject.input
        ));
        return Ok(());
    };
    compare_source(subject, lock, source, rev, pins);
    Ok(())
}

fn compare_source(subject: &PinSubject<'_>, lock: &FlakeLock, source: Source, rev: &Located<String>, pins: &mut Pins) {
    let not_comparable = |place: &Place, reason: &str| {
        format!("{place}: {reason}: it is not compared with flake input `{}` in `{}`", subject.input, lock.file())
    };
    match source {
        Source::Nothing { place, reason } => pins.notes.push(not_comparable(&place, &reason)),
        Source::Commit { value, place, literals, obstacle } => {
            if is_commit_of(&value, &rev.value) {
                return;
            }
            // Nothing else is written into the literal: it might end there.
            let literals = if commit_in(&rev.value) == Some(0..rev.value.len()) { literals } else { Vec::new() };
            let hint = match (&obstacle, literals.is_empty()) {
                (Some(obstacle), _) => format!("set the commit to `{}` and {obstacle}", rev.value),
                (None, true) => format!("set the commit to `{}`", rev.value),
                (None, false) => format!(
                    "set the commit to `{}`, which `{}` does, or lock the flake input at the other one",
                    rev.value,
                    subject.sync_command()
                ),
            };
            let edit = |old: Located<String>| Edit::Literal { name: "commit".to_owned(), old, new: rev.value.clone() };
            let edits = if obstacle.is_some() { Vec::new() } else { literals.into_iter().map(edit).collect() };
            pins.disagreements.push(disagreement(subject, place, &value, rev, hint, edits));
        }
        Source::Version { value, place } => {
            let release = subject.toolchain.and_then(|(folder, _)| read_release(folder));
            let version = value.strip_prefix('v').unwrap_or(&value);
            match release.filter(|release| release.version == version) {
                Some(release) if release.commit == rev.value => {}
                Some(release) => {
                    let hint =
                        format!("lock the flake input at release {version}, which is commit `{}`", release.commit);
                    let value = format!("{value}, which is commit {}", release.commit);
                    pins.disagreements.push(disagreement(subject, place, &value, rev, hint, Vec::new()));
                }
                None => {
                    let reason = format!("no commit is recorded for version `{value}`");
                    pins.notes.push(not_comparable(&place, &reason));
                }
            }
        }
    }
}

fn disagreement(
    subject: &PinSubject<'_>,
    place: Place,
    value: &str,
    rev: &Located<String>,
    hint: String,
    edits: Vec<Edit>,
) -> Disagreement {
    Disagreement {
        kind: PinKind::Override,
        subject: format!("module `{MODULE}`"),
        ours: Side::new(Some(place), value, "Bazel takes the module from here"),
        theirs: Side::new(Some(rev.place.clone()), &rev.value, format!("flake input `{}`", subject.input)),
        hint,
        edits,
    }
}

/// The same commit, or its first digits.
fn is_commit_of(value: &str, rev: &str) -> bool {
    value == rev
        || (value.len() >= ABBREVIATED && value.bytes().all(|b| b.is_ascii_hexdigit()) && rev.starts_with(value))
}

/// The version in `bazel_dep`.
fn version_of(dependency: &Statement) -> Source {
    let nothing = |reason: &str| Source::Nothing { place: dependency.place(), reason: reason.to_owned() };
    match dependency.argument("version").map(|version| version.one().map(|words| (words.value.clone(), words.place())))
    {
        Some(Ok((value, place))) if !value.is_empty() => Source::Version { value, place },
        Some(Err(_)) => nothing("its version is no literal"),
        _ => nothing("it names neither a version nor a commit"),
    }
}

fn source_of(statement: &Statement, dependency: Option<&Statement>, pins: &mut Pins) -> Option<Source> {
    let nothing = |reason: &str| Source::Nothing { place: statement.place(), reason: reason.to_owned() };
    let text = |name: &str| {
        statement.argument(name).map(|argument| argument.one().map(|words| (words.value.clone(), words.place())))
    };
    Some(match statement.call.function.as_str() {
        "local_path_override" => nothing("a local path names no commit"),
        "git_override" => match (text("commit"), text("tag"), text("branch")) {
            (Some(Ok((value, place))), ..) => {
                let literal =
                    statement.argument("commit").and_then(|argument| argument.one().ok()?.part(0..value.len()));
                Source::Commit { value, place, literals: literal.into_iter().collect(), obstacle: None }
            }
            (Some(Err(place)), ..) => Source::Nothing { place, reason: "the commit is no literal".to_owned() },
            (None, Some(Ok((value, place))), _) => Source::Version { value, place },
            (None, Some(Err(place)), _) => Source::Nothing { place, reason: "the tag is no literal".to_owned() },
            (None, None, Some(_)) => nothing("a branch names no commit"),
            (None, None, None) => nothing("it names no commit"),
        },
        "archive_override" => archive(statement, pins),
        "multiple_version_override" => {
            let versions = statement.argument("versions");
            match versions.as_ref().map(super::module_file::Argument::texts) {
                Some(Ok(texts)) if texts.len() == 1 => {
                    Source::Version { value: texts[0].value.clone(), place: texts[0].place() }
                }
                _ => nothing("several versions name no commit"),
            }
        }
        _ => match text("version") {
            Some(Ok((value, place))) if !value.is_empty() => Source::Version { value, place },
            Some(Err(place)) => Source::Nothing { place, reason: "the version is no literal".to_owned() },
            _ => return dependency.map(version_of).or_else(|| Some(nothing("it names no version"))),
        },
    })
}

/// An archive's commit is in its URLs and, for most services, in the folder that is stripped.
fn archive(statement: &Statement, pins: &mut Pins) -> Source {
    let nothing = |reason: &str| Source::Nothing { place: statement.place(), reason: reason.to_owned() };
    let urls = statement.argument("urls").or_else(|| statement.argument("url"));
    let urls = match urls.as_ref().map(super::module_file::Argument::texts) {
        Some(Ok(urls)) if !urls.is_empty() => urls,
        Some(Err(place)) => return Source::Nothing { place, reason: "a URL is no literal".to_owned() },
        _ => return nothing("it has no URL"),
    };
    let prefix = statement.argument("strip_prefix");
    let prefix = prefix.as_ref().and_then(|prefix| prefix.one().ok());
    let Some(first) = urls.iter().find_map(|url| commit_in(&url.value).map(|part| (url, part))) else {
        let tag = urls.iter().find_map(|url| Some((tag_in(&url.value)?, url.place())));
        return match tag {
            Some((value, place)) => Source::Version { value, place },
            None => nothing("its URLs name no commit"),
        };
    };
    let value = first.0.value[first.1.clone()].to_owned();
    let place = first.0.part(first.1).map_or_else(|| first.0.place(), |located| located.place);
    let mut literals = Vec::new();
    let mut whole = true;
    for words in urls.iter().chain(&prefix) {
        let Some(part) = commit_in(&words.value) else { continue };
        let found = &words.value[part.clone()];
        if found != value {
            let theirs = Side::new(Some(place.clone()), &value, "the first URL");
            pins.disagreements.push(Disagreement {
                kind: PinKind::Override,
                subject: format!("part of the archive of `{MODULE}`"),
                ours: Side::new(Some(words.place()), found, "another commit in the same override"),
                theirs,
                hint: "name one commit in `urls` and `strip_prefix`".to_owned(),
                edits: Vec::new(),
            });
            whole = false;
        }
        match words.part(part) {
            Some(located) => literals.push(located),
            None => whole = false,
        }
    }
    if !whole {
        literals.clear();
    }
    let obstacle = ["integrity", "sha256"]
        .iter()
        .find(|name| statement.argument(name).is_some())
        .map(|name| format!("remove `{name}`, which is that of the old archive: Bazel then prints the new one"));
    Source::Commit { value, place, literals, obstacle }
}

/// The first run of exactly forty hexadecimal digits.
fn commit_in(text: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for word in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        if digits.len() == COMMIT {
            return Some(start..start + COMMIT);
        }
        start += word.len();
    }
    None
}

/// The tag in the URLs of the common services.
fn tag_in(url: &str) -> Option<String> {
    let named = |(_, rest): (&str, &str)| rest.to_owned();
    let tag = url.split_once("/refs/tags/").map(named).or_else(|| {
        url.split_once("/releases/download/").map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_owned())
    })?;
    let endings = [".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".zip"];
    let tag = endings.iter().find_map(|ending| tag.strip_suffix(ending)).unwrap_or(&tag);
    (!tag.is_empty() && !tag.contains('/')).then(|| tag.to_owned())
}

#[cfg(test)]
mod unit {
    use super::{commit_in, is_commit_of, tag_in};

    #[test]
    fn commits_and_tags_are_found_in_urls() {
        let commit = "64ed20a40964b8c606c7d65f76af840bcfc837fd";
        let found = |text: &str| commit_in(text).map(|part| text[part].to_owned());
        assert_eq!(found(&format!("https://x.org/a/archive/{commit}.tar.gz")).as_deref(), Some(commit));
        assert_eq!(found(&format!("a-{commit}")).as_deref(), Some(commit));
        assert_eq!(found(&format!("https://x.org/{commit}0.zip")), None);
        assert_eq!(tag_in("https://x.org/a/archive/refs/tags/v1.2.tar.gz").as_deref(), Some("v1.2"));
        assert_eq!(tag_in("https://x.org/a/releases/download/1.2/a.tar.gz").as_deref(), Some("1.2"));
        assert_eq!(tag_in("https://x.org/a.tar.gz"), None);
    }

    #[test]
    fn abbreviated_commits_are_the_commit_that_they_begin() {
        let commit = "64ed20a40964b8c606c7d65f76af840bcfc837fd";
        for (value, is_same) in [(commit, true), ("64ed20a", true), ("64ed20", false), ("64ed20b", false), ("", false)]
        {
            assert_eq!(is_commit_of(value, commit), is_same, "{value}");
        }
    }
}
