//! The checks as one screen of a terminal.

use std::fmt::Write as _;

use super::{Check, Section, Verdict};
use crate::talk::{DIM, GREEN, RED, paint};

/// Columns of the names, so that messages stand below one another.
const NAME: usize = 15;

/// A line for each check, with its fix below it, and how many failed.
#[must_use]
pub fn render_screen(sections: &[Section], is_coloured: bool) -> String {
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "{}", section.title);
        for Check { name, message, verdict } in &section.checks {
            let _ = writeln!(text, "  {} {name:<NAME$} {message}", sign(verdict, is_coloured));
            if let Verdict::Failed { fix, .. } = verdict {
                let _ = writeln!(text, "    {:<NAME$} fix: {fix}", "");
            }
        }
        text.push('\n');
    }
    let count = |is_meant: fn(&Verdict) -> bool| {
        sections.iter().flat_map(|section| &section.checks).filter(|check| is_meant(&check.verdict)).count()
    };
    let passed = count(|verdict| *verdict == Verdict::Passed);
    let failed = count(|verdict| matches!(verdict, Verdict::Failed { .. }));
    let open = count(|verdict| *verdict == Verdict::Open);
    let _ = writeln!(text, "{passed} passed, {failed} failed, {open} not checked");
    text
}

fn sign(verdict: &Verdict, is_coloured: bool) -> String {
    let (sign, colour) = match verdict {
        Verdict::Passed => ("✓", GREEN),
        Verdict::Failed { .. } => ("✗", RED),
        Verdict::Open => ("–", DIM),
    };
    paint(sign, colour, is_coloured)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn screen_has_a_sign_for_each_verdict() {
        let checks =
            vec![Check::passed("a", "fine"), Check::failed("b", "bad", "mend it"), Check::open("c", "who knows")];
        let sections = [Section { title: "this machine".to_owned(), checks }];
        let plain = "this machine\n  ✓ a               fine\n  ✗ b               bad\n                    fix: mend it\n  \
                     – c               who knows\n\n1 passed, 1 failed, 1 not checked\n";
        assert_eq!(render_screen(&sections, false), plain);
        let coloured = plain.replace('✓', "\x1b[32m✓\x1b[0m").replace('✗', "\x1b[31m✗\x1b[0m");
        assert_eq!(render_screen(&sections, true), coloured.replace('–', "\x1b[2m–\x1b[0m"));
    }
}
