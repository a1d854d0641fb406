//! Findings of a check, for people and for programs.

pub mod github;
pub mod sarif;

use std::fmt::Write as _;

use serde::Serialize;

/// What kind of finding it is. The JSON spelling is stable: programs select by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A store root is not on this machine.
    MissingStoreRoot,
    /// A store root is on disk, and Nix's database does not know it.
    UnregisteredStoreRoot,
    /// Nix's database has a store root that is not on disk.
    DeletedStoreRoot,
    /// Nix's database has another NAR hash for a store root than the manifest.
    NarHashMismatch,
    /// The manifest has no NAR hash for a store root.
    NarHashNotRecorded,
    /// The bytes of a store root are not those that were recorded.
    ContentsMismatch,
    /// A store root cannot be hashed.
    UnreadableStoreRoot,
    /// A tool is absent inside a present store root.
    MissingTool,
    /// A tool is there but cannot be executed.
    ToolNotExecutable,
    /// A generated file is absent.
    MissingFile,
    /// A generated file differs from what the manifest recorded.
    ChangedFile,
    /// A BUILD file is there that the manifest does not list.
    UnlistedFile,
    /// A BUILD file is not Starlark.
    SyntaxError,
    /// A file is there but cannot be read as text.
    UnreadableFile,
    /// A BUILD file or Env names a store root that the manifest does not list.
    UnknownStoreRoot,
    /// A BUILD file mentions the store, but no well-formed store path.
    MalformedStorePath,
}

impl Kind {
    /// Every kind, in the order of the codes.
    pub const ALL: [Self; 16] = [
        Self::MissingStoreRoot,
        Self::UnregisteredStoreRoot,
        Self::DeletedStoreRoot,
        Self::MissingTool,
        Self::ToolNotExecutable,
        Self::ChangedFile,
        Self::MissingFile,
        Self::UnlistedFile,
        Self::UnknownStoreRoot,
        Self::MalformedStorePath,
        Self::NarHashMismatch,
        Self::NarHashNotRecorded,
        Self::ContentsMismatch,
        Self::UnreadableStoreRoot,
        Self::SyntaxError,
        Self::UnreadableFile,
    ];

    /// The code under which `docs/findings.md` explains it. A code never changes its meaning.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingStoreRoot => "LRE001",
            Self::UnregisteredStoreRoot => "LRE002",
            Self::DeletedStoreRoot => "LRE003",
            Self::MissingTool => "LRE004",
            Self::ToolNotExecutable => "LRE005",
            Self::ChangedFile => "LRE006",
            Self::MissingFile => "LRE007",
            Self::UnlistedFile => "LRE008",
            Self::UnknownStoreRoot => "LRE009",
            Self::MalformedStorePath => "LRE010",
            Self::NarHashMismatch => "LRE011",
            Self::NarHashNotRecorded => "LRE012",
            Self::ContentsMismatch => "LRE013",
            Self::UnreadableStoreRoot => "LRE014",
            Self::SyntaxError => "LRE015",
            Self::UnreadableFile => "LRE016",
        }
    }

    /// What is wrong, without a subject.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::MissingStoreRoot => "store root is missing",
            Self::UnregisteredStoreRoot => "store root is on disk and not valid in Nix's database",
            Self::DeletedStoreRoot => "store root is valid in Nix's database and not on disk",
            Self::MissingTool => "tool is absent",
            Self::ToolNotExecutable => "tool cannot be executed",
            Self::ChangedFile => "generated file differs from the manifest",
            Self::MissingFile => "generated file is absent",
            Self::UnlistedFile => "file replaces a generated one, or is not in the manifest",
            Self::UnknownStoreRoot => "store root is not in the manifest",
            Self::MalformedStorePath => "text is no well-formed store path",
            Self::NarHashMismatch => "Nix's database has another NAR hash than the manifest",
            Self::NarHashNotRecorded => "manifest has no NAR hash",
            Self::ContentsMismatch => "bytes of a store root are not the recorded ones",
            Self::UnreadableStoreRoot => "store root cannot be hashed",
            Self::SyntaxError => "file is not Starlark",
            Self::UnreadableFile => "file cannot be read",
        }
    }

    /// Whether a part of the folder or of the store could not be checked because of it.
    #[must_use]
    pub fn hides_findings(self) -> bool {
        matches!(self, Self::SyntaxError | Self::UnreadableFile | Self::UnreadableStoreRoot)
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// File that it is about or that causes it, relative to the checked folder.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// Column in the line, from 1, in characters.
    pub column: Option<usize>,
    /// The store root that it is about.
    pub root: Option<String>,
    /// One line: the subject with where it is needed.
    pub message: String,
    /// What mends it.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding about a file as a whole, whose message is still to be said.
    pub(crate) fn of_file(kind: Kind, name: &str) -> Self {
        let (file, message) = (Some(name.to_owned()), String::new());
        Self { kind, file, line: None, column: None, root: None, message, hint: None }
    }
}

/// Findings of one kind under one headline, as people read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What failed, with counts.
    pub headline: String,
    /// The findings.
    pub findings: Vec<Finding>,
    /// What mends all of them.
    pub hint: String,
}

impl Group {
    /// The codes of its findings, each once, sorted.
    fn codes(&self) -> Vec<&'static str> {
        let mut codes: Vec<&str> = self.findings.iter().map(|finding| finding.kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u64,
    findings: Vec<Coded<'a>>,
}

#[derive(Serialize)]
struct Coded<'a> {
    code: &'static str,
    #[serde(flatten)]
    finding: &'a Finding,
}

/// The groups as text for a terminal.
#[must_use]
pub fn render_human(groups: &[Group]) -> String {
    let mut text = String::new();
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "error[{}]: {}", group.codes().join(", "), group.headline);
        for finding in &group.findings {
            let _ = writeln!(text, "  {}", finding.message);
        }
        let _ = writeln!(text, "\nhint: {}", group.hint);
    }
    text
}

/// The findings as one JSON document.
///
/// # Errors
/// None that findings can cause; serde's signature has one.
pub fn render_json(groups: &[Group]) -> Result<String, serde_json::Error> {
    let findings = groups.iter().flat_map(|group| &group.findings);
    let findings = findings.map(|finding| Coded { code: finding.kind.code(), finding }).collect();
    Ok(serde_json::to_string_pretty(&Report { schema: 1, findings })? + "\n")
}
