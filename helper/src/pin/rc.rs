//! Env in `lre.bazelrc`, against the manifest's.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::disagreement::{Disagreement, PinKind, Side};
use super::files::{Files, Text};
use super::place::{Edit, Place};
use super::{PinSubject, Pins};
use crate::bazelrc::{BazelrcSettings, RC_FILE, RemoteSettings, render_bazelrc, section};
use crate::environment::Environment;
use crate::json::Json;
use crate::manifest::{FILE_NAME, Manifest};
use crate::toolchain_kind::ToolchainKind;

/// What stands below the entries of Env.
const FLAGS_START: &str = "# Bazel-side configuration";
const NO_ENV: &str = "# WARNING: No environment set";
/// The flags whose values come from Env, and the keys that decide them, the first that is there.
const FLAGS: [(&str, &[&str]); 4] = [
    ("--action_env=PATH=", &["PATH"]),
    ("--host_action_env=PATH=", &["PATH"]),
    ("--test_env=PATH=", &["PATH"]),
    ("--shell_executable=", &["BAZEL_SH", "PATH"]),
];

/// What an rc file says; values with their bytes.
#[derive(Default)]
struct Rc {
    entries: BTreeMap<String, (String, Range<usize>)>,
    flags: BTreeMap<&'static str, (String, Range<usize>)>,
    prefix: Option<String>,
    helper: Option<String>,
    remote: RemoteSettings,
    /// The line that says that there is no Env.
    no_env: Option<Range<usize>>,
    /// Whether `lre` or the flake module wrote it.
    is_known: bool,
}

/// Compares each entry, and the flags that were made from them.
pub(super) fn compare_rc(
    subject: &PinSubject<'_>,
    folder: &Path,
    manifest: &Manifest,
    files: &mut Files<'_>,
    pins: &mut Pins,
) -> Result<(), Box<Disagreement>> {
    // Its flags name toolchains of this module.
    if manifest.name != manifest.kind().name() {
        return Ok(());
    }
    let Some(text) = files.read(RC_FILE)? else { return Ok(()) };
    match selected(&text.text)[..] {
        [kind] if kind != manifest.kind() => return Ok(()),
        [_, _] => {
            pins.notes.push(format!("`{}` is for two toolchains: it is not compared", text.file));
            return Ok(());
        }
        _ => {}
    }
    let rc = parse(&text.text);
    if !rc.is_known {
        pins.notes.push(format!("`{}` is none that `lre bazelrc` wrote: it is not compared", text.file));
        return Ok(());
    }
    let environment = Environment::from_entries(&manifest.env);
    let rendered = environment.map_err(|error| error.to_string()).and_then(|environment| {
        render_bazelrc(&rc.settings(manifest.kind(), Some(&environment))).map_err(|error| error.to_string())
    });
    let rendered = match rendered {
        Ok(rendered) => rendered,
        Err(error) => {
            let first = error.lines().next().unwrap_or_default();
            pins.notes.push(format!("`{}` cannot be compared with the manifest's Env: {first}", text.file));
            return Ok(());
        }
    };
    let wanted = parse(&rendered);
    let manifest_text = files.read_outside(&folder.join(FILE_NAME))?;
    let context = Context { text: &text, manifest: manifest_text.as_ref(), hint: hint(subject, &text.file) };
    let is_link = std::fs::symlink_metadata(&text.file).is_ok_and(|metadata| metadata.is_symlink());
    let edit = (!is_link).then(|| Edit::File {
        file: text.file.clone(),
        source: "the manifest's Env".to_owned(),
        text: rendered.clone(),
    });
    let mut found = context.compare(&rc, &wanted);
    for disagreement in &mut found {
        disagreement.edits.extend(edit.clone());
    }
    pins.disagreements.extend(found);
    Ok(())
}

/// An rc file, held against what would be written from the settings in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// The same bytes.
    Same,
    /// Other bytes.
    Different,
    /// Nothing would be written; why.
    Unknown(String),
}

/// Writes an rc file again from what it says itself, and compares.
#[must_use]
pub fn render_again(text: &str) -> Rendered {
    let rc = parse(text);
    let kinds = selected(text);
    if kinds.is_empty() {
        return Rendered::Unknown("it is for no toolchain of this module, and not compared".to_owned());
    }
    if !rc.is_known {
        return Rendered::Unknown("it is none that `lre bazelrc` wrote, and not compared".to_owned());
    }
    let environments = match kinds[..] {
        [_] => Environment::from_entries(&entries(text)).map(|environment| (environment, None)),
        _ => {
            let Some((cc, java)) = joint_environments(text) else { return Rendered::Different };
            Ok((cc, Some(java)))
        }
    };
    let (environment, java) = match environments {
        Ok((environment, java)) => ((rc.no_env.is_none() || !rc.entries.is_empty()).then_some(environment), java),
        Err(error) => return Rendered::Unknown(error.to_string()),
    };
    let settings = BazelrcSettings { java: java.as_ref(), ..rc.settings(kinds[0], environment.as_ref()) };
    match render_bazelrc(&settings) {
        Ok(rendered) if rendered == text => Rendered::Same,
        // A file from which `lre` would write nothing is none that it wrote.
        Ok(_) | Err(_) => Rendered::Different,
    }
}

/// From how many Envs an rc file was written.
#[must_use]
pub fn environment_count(text: &str) -> usize {
    match selected(text).len() {
        1 if text.lines().any(|line| line.starts_with(NO_ENV)) => 0,
        count => count,
    }
}

/// The config that the flags of an rc file belong to; `None` where they are of every build.
#[must_use]
pub fn config_of(text: &str) -> Option<String> {
    parse(text).prefix
}

/// Whether the flags of an rc file select a toolchain of this kind.
#[must_use]
pub fn selects(text: &str, kind: ToolchainKind) -> bool {
    selected(text).contains(&kind)
}

/// The entries of an Env in a part of an rc file, in its order.
fn entries(text: &str) -> Vec<String> {
    let lines = text.lines().take_while(|line| !line.starts_with(FLAGS_START));
    let entries = lines.filter_map(|line| line.strip_prefix("# "));
    entries.filter(|entry| entry.split_once('=').is_some_and(|(key, _)| is_key(key))).map(str::to_owned).collect()
}

/// The Envs of the C++ and of the Java toolchain, in a file that selects both.
fn joint_environments(text: &str) -> Option<(Environment, Environment)> {
    let start = |kind| format!("\n{}\n", section(kind));
    let (_, rest) = text.split_once(&start(ToolchainKind::Cc))?;
    let rest = format!("\n{rest}");
    let (cc, java) = rest.split_once(&start(ToolchainKind::Java))?;
    let environment = |text: &str| Environment::from_entries(&entries(text)).ok();
    Some((environment(cc)?, environment(java)?))
}

/// The toolchains that the flags of an rc file select. What Env says in comments is no flag.
fn selected(text: &str) -> Vec<ToolchainKind> {
    let flags = text.lines().filter_map(|line| line.split_once(' ')?.1.strip_prefix("--extra_toolchains="));
    let labels: Vec<&str> = flags.flat_map(|labels| labels.split(',')).collect();
    let is_selected = |kind: &ToolchainKind| {
        let package = format!("@local-remote-execution//generated-{kind}/config:");
        labels.iter().any(|label| label.starts_with(&package))
    };
    [ToolchainKind::Cc, ToolchainKind::Java].into_iter().filter(is_selected).collect()
}

fn hint(subject: &PinSubject<'_>, file: &str) -> String {
    let target = std::fs::read_link(file).unwrap_or_default();
    if target.starts_with("/nix/store") {
        return "enter the development shell again, whose flake module writes the file".to_owned();
    }
    // Nothing in the workspace says that this toolchain is meant.
    let other = if subject.owns_toolchain() {
        ""
    } else {
        "; if it is right, a tag `lre.toolchain(name = …, manifest = …)` in `MODULE.bazel` names its toolchain"
    };
    format!("write it again from the manifest with `{}`, or from Env with `lre bazelrc`{other}", subject.sync_command())
}

fn parse(text: &str) -> Rc {
    let mut rc = Rc { remote: RemoteSettings::of_rc(text), ..Rc::default() };
    let mut first = true;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begin = start;
        start += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let value_at = |value: &str| (value.to_owned(), begin + line.len() - value.len()..begin + line.len());
        if line.starts_with(FLAGS_START) {
            rc.is_known = true;
        } else if line.starts_with(NO_ENV) {
            rc.no_env = Some(begin..begin + line.len());
        } else if let Some((key, value)) = line.strip_prefix("# ").and_then(|line| line.split_once('=')) {
            if !rc.is_known && is_key(key) {
                rc.entries.insert(key.to_owned(), value_at(value));
            }
        } else if let Some((command, flag)) = line.split_once(' ').filter(|_| !line.starts_with('#')) {
            // Later lines may be CI's.
            if std::mem::take(&mut first) {
                rc.prefix = command.split_once(':').map(|(_, prefix)| prefix.to_owned());
            }
            rc.flag(flag, value_at);
        }
    }
    rc
}

impl Rc {
    fn settings<'a>(&'a self, kind: ToolchainKind, environment: Option<&'a Environment>) -> BazelrcSettings<'a> {
        let Self { prefix, helper, remote, .. } = self;
        let (prefix, helper) = (prefix.as_deref(), helper.as_deref());
        BazelrcSettings { kind, environment, java: None, prefix, helper, remote }
    }

    fn flag(&mut self, flag: &str, value_at: impl Fn(&str) -> (String, Range<usize>)) {
        if let Some(helper) = flag.strip_prefix("--repo_env=LRE_HELPER=") {
            self.helper = Some(helper.to_owned());
        }
        for (name, _) in FLAGS {
            if let Some(value) = flag.strip_prefix(name) {
                self.flags.insert(name, value_at(value));
            }
        }
    }
}

fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Context<'a> {
    text: &'a Text,
    manifest: Option<&'a Text>,
    hint: String,
}

impl Context<'_> {
    fn compare(&self, rc: &Rc, wanted: &Rc) -> Vec<Disagreement> {
        if let (true, Some(line)) = (rc.entries.is_empty(), &rc.no_env) {
            let ours = Side::new(Some(self.text.place(line.clone())), "", "it has no Env at all");
            return vec![self.disagreement("Env", ours, self.entry("", ""))];
        }
        let keys: std::collections::BTreeSet<&String> = rc.entries.keys().chain(wanted.entries.keys()).collect();
        let mut found = Vec::new();
        for key in keys {
            let (ours, theirs) = (rc.entries.get(key), wanted.entries.get(key));
            if ours.map(|(value, _)| value) != theirs.map(|(value, _)| value) {
                found.push(self.different(&format!("`{key}`"), key, ours, theirs));
            }
        }
        for (name, keys) in FLAGS {
            let (Some(ours), Some(theirs)) = (rc.flags.get(name), wanted.flags.get(name)) else { continue };
            // An entry that differs explains its flags.
            let differs = |key: &&&str| {
                rc.entries.get(**key).map(|(value, _)| value) != wanted.entries.get(**key).map(|(value, _)| value)
            };
            let key = keys.iter().find(|key| wanted.entries.contains_key(**key)).unwrap_or(&keys[0]);
            if ours.0 != theirs.0 && !keys.iter().any(|key| differs(&key)) {
                found.push(self.different(&format!("`{}`", name.trim_end_matches('=')), key, Some(ours), Some(theirs)));
            }
        }
        found
    }

    fn different(
        &self,
        subject: &str,
        key: &str,
        ours: Option<&(String, Range<usize>)>,
        theirs: Option<&(String, Range<usize>)>,
    ) -> Disagreement {
        let (our_element, their_element) = first_difference(text_of(ours), text_of(theirs));
        let place = ours.map(|(value, span)| {
            let element = our_element.clone().unwrap_or(0..value.len());
            self.text.place(span.start + element.start..span.start + element.end)
        });
        let place = place.or_else(|| Some(Place::start(&self.text.file)));
        let element = |side: Option<&str>, part: &Option<Range<usize>>| match (side, part) {
            (Some(value), Some(part)) => value[part.clone()].to_owned(),
            _ => String::new(),
        };
        let word = |side: Option<&str>, part: &Option<Range<usize>>, present: &str| match (side, part) {
            (None, _) => "absent".to_owned(),
            (Some(_), None) => "ends before".to_owned(),
            _ => present.to_owned(),
        };
        let side = Side::new(
            place,
            element(text_of(ours), &our_element),
            word(text_of(ours), &our_element, "in `lre.bazelrc`"),
        );
        let wanted = element(text_of(theirs), &their_element);
        let mut theirs_side = self.entry(key, &wanted);
        theirs_side.label = word(text_of(theirs), &their_element, "in the manifest's Env");
        self.disagreement(&format!("{subject} of `{}`", self.text.file), side, theirs_side)
    }

    /// The manifest's entry of a key.
    fn entry(&self, key: &str, value: &str) -> Side {
        let label = "the manifest's Env";
        let place = self.manifest.and_then(|text| {
            let json = Json::parse(&text.text).ok()?;
            let env = json.get("env")?;
            let start = format!("{key}=");
            let entry =
                env.elements()?.iter().find(|entry| entry.as_str().is_some_and(|entry| entry.starts_with(&start)));
            let Some(entry) = entry.filter(|_| !key.is_empty()) else {
                return Some(text.place(env.span.start..env.span.start + 1));
            };
            let offset = text.text[entry.span.clone()].find(value).filter(|_| !value.is_empty());
            Some(text.place(match offset {
                Some(offset) => entry.span.start + offset..entry.span.start + offset + value.len(),
                None => entry.span.clone(),
            }))
        });
        Side::new(place, value, label)
    }

    fn disagreement(&self, subject: &str, ours: Side, theirs: Side) -> Disagreement {
        let (subject, hint) = (subject.to_owned(), self.hint.clone());
        Disagreement { kind: PinKind::Environment, subject, ours, theirs, hint, edits: Vec::new() }
    }
}

fn text_of(side: Option<&(String, Range<usize>)>) -> Option<&str> {
    side.map(|(value, _)| value.as_str())
}

/// The first elements of two lists with `:` that differ, in bytes; `None` where a list is absent or ends before.
fn first_difference(ours: Option<&str>, theirs: Option<&str>) -> (Option<Range<usize>>, Option<Range<usize>>) {
    let elements = |list: Option<&str>| -> Vec<(Range<usize>, String)> {
        let mut start = 0;
        let split = list.into_iter().flat_map(|list| list.split(':'));
        split
            .map(|element| {
                let range = start..start + element.len();
                start = range.end + 1;
                (range, element.to_owned())
            })
            .collect()
    };
    let (ours, theirs) = (elements(ours), elements(theirs));
    let index = ours.iter().zip(&theirs).take_while(|((_, a), (_, b))| a == b).count();
    let at = |list: &[(Range<usize>, String)]| list.get(index).map(|(range, _)| range.clone());
    (at(&ours), at(&theirs))
}

#[cfg(test)]
mod unit {
    use super::{Rendered, first_difference, render_again};
    use crate::bazelrc::{BazelrcSettings, RemoteSettings, render_bazelrc};
    use crate::environment::Environment;
    use crate::toolchain_kind::ToolchainKind;

    #[test]
    fn entry_of_env_that_looks_like_a_flag_selects_nothing() -> anyhow::Result<()> {
        let label = "@local-remote-execution//generated-java/config:all";
        let entries = [format!("NOTE={label}"), format!("FLAGS=build --extra_toolchains={label}")];
        let environment = Environment::from_entries(&entries)?;
        let rc = render_bazelrc(&BazelrcSettings {
            kind: ToolchainKind::Cc,
            environment: Some(&environment),
            java: None,
            prefix: None,
            helper: None,
            remote: &RemoteSettings::default(),
        })?;
        assert_eq!(render_again(&rc), Rendered::Same);
        Ok(())
    }

    #[test]
    fn first_elements_that_differ_are_found() {
        assert_eq!(first_difference(Some("a:b:c"), Some("a:x:c")), (Some(2..3), Some(2..3)));
        assert_eq!(first_difference(Some("a"), Some("a:xy")), (None, Some(2..4)));
        assert_eq!(first_difference(Some("a:b"), Some("a")), (Some(2..3), None));
        assert_eq!(first_difference(None, Some("a")), (None, Some(0..1)));
    }
}
