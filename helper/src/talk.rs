//! What is said on stderr beside findings and errors, as far as `-q` and `-v` let it, and whether in colour.

use std::ffi::OsStr;
use std::fmt::Arguments;
use std::io::IsTerminal;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::shell::quote_words;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// Findings, warnings and errors alone.
    Quiet,
    /// What is written and what takes long, too.
    Usual,
    /// Each program that is run, too.
    Verbose,
}

/// The process has one stderr, and so one volume.
static VOLUME: AtomicU8 = AtomicU8::new(Volume::Usual as u8);

/// Sets how much is said from now on.
pub fn set_volume(volume: Volume) {
    VOLUME.store(volume as u8, Ordering::Relaxed);
}

/// Whether something of that volume is said.
pub(crate) fn is_heard(volume: Volume) -> bool {
    VOLUME.load(Ordering::Relaxed) >= volume as u8
}

/// Says what was done, or what is done now, on a line.
pub(crate) fn say(line: Arguments<'_>) {
    if is_heard(Volume::Usual) {
        eprintln!("{line}");
    }
}

/// Names a program that is about to run.
pub(crate) fn say_runs(command: &Command) {
    if is_heard(Volume::Verbose) {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        eprintln!("runs {}", quote_words(&words));
    }
}

/// Whether a stream is coloured: on a terminal, unless `NO_COLOR` has a value (<https://no-color.org>).
pub fn is_coloured(stream: &impl IsTerminal) -> bool {
    wants_colour(stream.is_terminal(), std::env::var_os("NO_COLOR").as_deref())
}

fn wants_colour(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// A text in a colour, by the number that terminals have for it.
#[must_use]
pub fn paint(text: &str, colour: u8, is_coloured: bool) -> String {
    if is_coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Errors, and what failed.
pub const RED: u8 = 31;
/// What is well.
pub const GREEN: u8 = 32;
/// Hints.
pub const CYAN: u8 = 36;
/// What matters less.
pub const DIM: u8 = 2;

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn colour_is_for_terminals_whose_user_did_not_refuse_it() {
        assert!(wants_colour(true, None));
        assert!(wants_colour(true, Some("".as_ref())));
        assert!(!wants_colour(true, Some("1".as_ref())));
        assert!(!wants_colour(false, None));
    }

    #[test]
    fn volumes_include_what_is_quieter() {
        assert!(Volume::Quiet < Volume::Usual && Volume::Usual < Volume::Verbose);
    }
}
