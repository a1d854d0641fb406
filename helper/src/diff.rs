//! A unified diff of two texts, as `patch -p1` applies it.

use serde::Serialize;
use similar::TextDiff;

/// A file that changes, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    /// Its path.
    pub file: String,
    /// Whether there was no such file.
    pub is_new: bool,
    /// The unified diff; empty for a new file without content.
    pub diff: String,
}

impl ChangedFile {
    /// The change from one text to another. An absent text is an absent file.
    #[must_use]
    pub fn new(file: String, before: Option<&str>, after: &str) -> Self {
        let diff = render_diff(&file, before, after);
        Self { file, is_new: before.is_none(), diff }
    }
}

/// The diff of a file, or nothing if the texts are the same. An absent text is an absent file.
#[must_use]
pub fn render_diff(file: &str, before: Option<&str>, after: &str) -> String {
    let file = file.trim_start_matches("./").trim_start_matches('/');
    let old = before.map_or("/dev/null".to_owned(), |_| format!("a/{file}"));
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after);
    diff.unified_diff().header(&old, &format!("b/{file}")).to_string()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn near_changes_share_a_hunk_and_far_ones_do_not() {
        let before: String = (1..=20).map(|line| format!("{line}\n")).collect();
        let after = before.replace("\n2\n", "\ntwo\n").replace("\n8\n", "\neight\n").replace("\n20\n", "\ntwenty");
        let expected = "--- a/BUILD\n+++ b/BUILD\n@@ -1,11 +1,11 @@\n 1\n-2\n+two\n 3\n 4\n 5\n 6\n 7\n-8\n+eight\n 9\n 10\n \
                        11\n@@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+twenty\n\\ No newline at end of file\n";
        assert_eq!(render_diff("./BUILD", Some(&before), &after), expected);
        assert_eq!(render_diff("BUILD", Some(&before), &before), "");
    }

    #[test]
    fn added_and_removed_lines_and_files_are_told() {
        let wanted = "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n a\n-a\n";
        assert_eq!(render_diff("/f", Some("a\na\n"), "a\n"), wanted);
        assert_eq!(render_diff("f", None, "a\n"), "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n");
    }
}
