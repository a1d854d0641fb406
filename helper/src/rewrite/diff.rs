//! A unified diff of two texts whose lines correspond one to one, so that no algorithm has to pair them.

use std::fmt::Write as _;
use std::ops::Range;

/// Unchanged lines around a change, as `diff -u` shows.
const CONTEXT: usize = 3;

/// The diff that `patch -p1` applies, or nothing if the texts are the same. A rewrite adds and removes no line.
#[must_use]
pub fn render_diff(file: &str, before: &str, after: &str) -> String {
    let (before, after) = (lines(before), lines(after));
    let mut hunks: Vec<Range<usize>> = Vec::new();
    let changed = before.iter().zip(&after).enumerate().filter(|(_, (old, new))| old != new);
    for (line, _) in changed {
        let hunk = line.saturating_sub(CONTEXT)..(line + CONTEXT + 1).min(before.len());
        match hunks.last_mut() {
            Some(last) if hunk.start <= last.end => last.end = hunk.end,
            _ => hunks.push(hunk),
        }
    }
    let mut diff = String::new();
    if !hunks.is_empty() {
        let file = file.trim_start_matches("./").trim_start_matches('/');
        let _ = writeln!(diff, "--- a/{file}\n+++ b/{file}");
    }
    for hunk in hunks {
        let place = format!("{},{}", hunk.start + 1, hunk.len());
        let _ = writeln!(diff, "@@ -{place} +{place} @@");
        let mut line = hunk.start;
        while line < hunk.end {
            let is_changed = |line: &usize| before[*line] != after[*line];
            let block = line..(line..hunk.end).find(|next| is_changed(next) != is_changed(&line)).unwrap_or(hunk.end);
            if is_changed(&line) {
                block.clone().for_each(|line| push_line(&mut diff, '-', before[line]));
                block.clone().for_each(|line| push_line(&mut diff, '+', after[line]));
            } else {
                block.clone().for_each(|line| push_line(&mut diff, ' ', before[line]));
            }
            line = block.end;
        }
    }
    diff
}

/// Lines with their ends.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn push_line(diff: &mut String, sign: char, line: &str) {
    diff.push(sign);
    diff.push_str(line);
    if !line.ends_with('\n') {
        diff.push_str("\n\\ No newline at end of file\n");
    }
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
        assert_eq!(render_diff("./BUILD", &before, &after), expected);
        assert_eq!(render_diff("BUILD", &before, &before), "");
    }
}
