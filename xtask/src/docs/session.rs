//! A document's section as one shell session: its files are written, its commands run, what they print is compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use super::snippet::{Snippet, Use};

/// Starts what a block prints.
const MARK: &str = "@@ block of line ";
/// Ends a file's text.
const END: &str = "@@ end of file";

/// The blocks of one section, in order.
pub(super) struct Session {
    pub(super) document: String,
    pub(super) section: String,
    snippets: Vec<Snippet>,
}

impl Session {
    /// The sessions of a document: its sections in order, each after the blocks before the first one. Sections in which
    /// nothing runs are left out.
    pub(super) fn of_document(document: &str, snippets: &[Snippet]) -> Vec<Self> {
        let mut sections: Vec<&str> = snippets.iter().map(|snippet| snippet.section.as_str()).collect();
        sections.dedup();
        let is_run =
            |section: &&str| snippets.iter().any(|snippet| snippet.section == **section && snippet.action == Use::Run);
        let session = |section: &str| Self {
            document: document.to_owned(),
            section: section.to_owned(),
            snippets: snippets.iter().filter(|one| one.section.is_empty() || one.section == section).cloned().collect(),
        };
        sections.into_iter().filter(|section| !section.is_empty()).filter(is_run).map(session).collect()
    }

    /// The session for bash. `replaced` are words that stand for what this machine has.
    pub(super) fn script(&self, replaced: &[(&str, &str)]) -> String {
        let mut script = "set -euo pipefail\n".to_owned();
        for snippet in &self.snippets {
            let text = replaced.iter().fold(snippet.text.clone(), |text, (old, new)| text.replace(old, new));
            match &snippet.action {
                Use::Run => drop(write!(script, "echo '{MARK}{}'\n{text}", snippet.line)),
                Use::File(file) => {
                    let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
                    let _ = write!(script, "mkdir -p '{folder}'\ncat >'{file}' <<'{END}'\n{text}{END}\n");
                }
                Use::Skip(_) | Use::Printed | Use::Shown => {}
            }
        }
        script
    }

    /// Compares what the session printed, both streams together, with the blocks that say so.
    pub(super) fn compare(&self, output: &str, replaced: &[(&str, &str)]) -> Result<()> {
        let outputs: BTreeMap<usize, &str> = output
            .split(MARK)
            .filter_map(|part| part.split_once('\n'))
            .filter_map(|(line, text)| Some((line.parse().ok()?, text)))
            .collect();
        let mut before = None;
        for snippet in &self.snippets {
            match snippet.action {
                Use::Run => before = Some(snippet.line),
                Use::Printed => {
                    let printed = before.and_then(|line| outputs.get(&line)).copied();
                    let printed =
                        printed.with_context(|| format!("{}:{}: nothing ran", self.document, snippet.line))?;
                    let wanted = replaced.iter().fold(snippet.text.clone(), |text, (old, new)| text.replace(old, new));
                    if let Some(lacking) = first_lacking(printed, &wanted) {
                        bail!("{}:{}: `{lacking}` is not printed, but\n{printed}", self.document, snippet.line);
                    }
                }
                Use::Skip(_) => before = None,
                Use::File(_) | Use::Shown => {}
            }
        }
        Ok(())
    }
}

/// The first of the `wanted` lines that is not among the `printed` ones, after those before it.
fn first_lacking<'a>(printed: &str, wanted: &'a str) -> Option<&'a str> {
    let mut lines = printed.lines().map(str::trim_end);
    wanted.lines().map(str::trim_end).filter(|line| *line != "…").find(|pattern| !lines.any(|line| fits(pattern, line)))
}

/// Whether a line is the pattern, whose `…` stand for anything.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|start| line.strip_prefix(start)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::snippet::snippets;

    const DOCUMENT: &str = "```sh run\necho all\n```\n## One\n```text file=a/b\n$x\n```\n```sh run\ncat a/b # HERE\n```\n\
                            ```text printed\n$…\n```\n## Two\n```text shown\n```\n";

    fn sessions() -> Result<Vec<Session>> {
        Ok(Session::of_document("a.md", &snippets("a.md", DOCUMENT)?))
    }

    #[test]
    fn session_is_a_script_of_what_stands_before_and_in_its_section() -> Result<()> {
        let sessions = sessions()?;
        assert_eq!(sessions.len(), 1);
        let wanted = "set -euo pipefail\necho '@@ block of line 1'\necho all\nmkdir -p 'a'\ncat >'a/b' <<'@@ end of file'\n$x\n\
                      @@ end of file\necho '@@ block of line 8'\ncat a/b # there\n";
        assert_eq!(sessions[0].script(&[("HERE", "there")]), wanted);
        Ok(())
    }

    #[test]
    fn what_is_printed_has_the_lines_in_their_order() -> Result<()> {
        let session = &sessions()?[0];
        let output = "@@ block of line 1\nall\n@@ block of line 8\nnoise\n$x\n";
        assert!(session.compare(output, &[]).is_ok());
        let said = session.compare("@@ block of line 8\nx\n", &[]).err().map(|error| error.to_string());
        assert_eq!(said.as_deref(), Some("a.md:11: `$…` is not printed, but\nx\n"));
        assert_eq!(first_lacking("a\nb\n", "b\na"), Some("a"));
        Ok(())
    }

    #[test]
    fn dots_stand_for_anything() {
        for (pattern, line, is_fit) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a…", "ab", true),
            ("…b", "ab", true),
            ("a…c…e", "abcde", true),
            ("a…x…e", "abcde", false),
        ] {
            assert_eq!(fits(pattern, line), is_fit, "{pattern} {line}");
        }
    }
}
