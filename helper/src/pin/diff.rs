//! A unified diff of a file that is written again as a whole, so that its lines need not correspond one to one.

use std::fmt::Write as _;

/// Unchanged lines around the change, as `diff -u` shows.
const CONTEXT: usize = 3;

/// The diff that `patch -p1` applies: one hunk from the first line that differs to the last.
#[must_use]
pub fn render_block_diff(file: &str, before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let same = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    if same == old.len() && same == new.len() {
        return String::new();
    }
    let rest = old[same..].iter().rev().zip(new[same..].iter().rev());
    let tail = rest.take_while(|(one, other)| one == other).count();
    let start = same.saturating_sub(CONTEXT);
    let after_context = tail.min(CONTEXT);
    let count = |lines: &[&str]| lines.len() - tail + after_context - start;
    // A range without lines names the line before it.
    let range = |count: usize| if count == 0 { "0,0".to_owned() } else { format!("{},{count}", start + 1) };
    let file = file.trim_start_matches("./").trim_start_matches('/');
    let mut diff = format!("--- a/{file}\n+++ b/{file}\n@@ -{} +{} @@\n", range(count(&old)), range(count(&new)));
    let mut push = |sign: char, lines: &[&str]| {
        for line in lines {
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            let _ = write!(diff, "{sign}{line}{end}");
        }
    };
    push(' ', &old[start..same]);
    push('-', &old[same..old.len() - tail]);
    push('+', &new[same..new.len() - tail]);
    push(' ', &old[old.len() - tail..old.len() - tail + after_context]);
    diff
}

#[cfg(test)]
mod unit {
    use super::render_block_diff;

    #[test]
    fn added_and_removed_lines_are_counted() {
        let wanted = "--- a/f\n+++ b/f\n@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-5\n+x\n+y\n 6\n 7\n 8\n";
        assert_eq!(render_block_diff("/f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\ny\n6\n7\n8\n9\n"), wanted);
        assert_eq!(render_block_diff("f", "", "a\n"), "--- a/f\n+++ b/f\n@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(render_block_diff("f", "a\na\n", "a\n"), "--- a/f\n+++ b/f\n@@ -1,2 +1,1 @@\n a\n-a\n");
        let wanted = "--- a/f\n+++ b/f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n";
        assert_eq!(render_block_diff("f", "a", "a\n"), wanted);
        assert_eq!(render_block_diff("f", "a", "a"), "");
    }
}
