//! What is wrong with a command line, in the words of all other errors.

use std::error::Error as _;
use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// The words of a command line without those that ask for help of help: `lre help --help` is `lre help`.
pub(super) fn without_help_of_help(command: &Command, words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let (verbs, inner) = verbs(command, &words);
    let is_option = |word: &OsString| word.to_string_lossy().starts_with('-');
    let after = words.iter().enumerate().skip(1).filter(|(_, word)| !is_option(word)).nth(verbs.len());
    if let Some((at, word)) = after
        && word == "help"
        && inner.has_subcommands()
    {
        let asked = words.split_off(at);
        words.extend(asked.into_iter().filter(|word| word != "--help" && word != "-h"));
    }
    words
}

/// The subcommands that words name, from the outermost inwards, and the last of them.
fn verbs<'a>(command: &'a Command, words: &[OsString]) -> (Vec<&'a str>, &'a Command) {
    let (mut found, mut command) = (Vec::new(), command);
    for word in words.iter().skip(1).filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-')) {
        let Some(inner) = command.find_subcommand(word) else { break };
        found.push(inner.get_name());
        command = inner;
    }
    (found, command)
}

/// The message and its hint; `None` for what is no error, such as help.
pub(super) fn describe_usage(error: &Error, command: &Command, words: &[OsString]) -> Option<String> {
    let verb = std::iter::once("lre").chain(verbs(command, words).0).collect::<Vec<_>>().join(" ");
    let argument = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    let message = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return None;
        }
        ErrorKind::UnknownArgument => {
            let kind = if argument.starts_with("`-") { "is no option of" } else { "is one word too many for" };
            format!("{argument} {kind} `{verb}`")
        }
        ErrorKind::InvalidSubcommand => {
            format!("{} is no command of `{verb}`", text(error, ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("`{verb}` lacks {argument}"),
        ErrorKind::InvalidValue if value == "``" || value.is_empty() => format!("{argument} lacks its value"),
        ErrorKind::InvalidValue => {
            let values = list(text_list(error, ContextKind::ValidValue), " or ");
            format!("{value} is no value of {argument}: expected {values}")
        }
        ErrorKind::ValueValidation => {
            let reason = error.source().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{value} is no value of {argument}{reason}")
        }
        ErrorKind::ArgumentConflict if argument == text(error, ContextKind::PriorArg) => {
            format!("{argument} is given more than once")
        }
        ErrorKind::ArgumentConflict => {
            format!("{argument} and {} exclude each other", text(error, ContextKind::PriorArg))
        }
        ErrorKind::TooManyValues => format!("{value} is one value too many for {argument}"),
        ErrorKind::WrongNumberOfValues => {
            let number = |kind| match error.get(kind) {
                Some(ContextValue::Number(number)) => number.to_string(),
                _ => "other".to_owned(),
            };
            let (wanted, given) = (number(ContextKind::ExpectedNumValues), number(ContextKind::ActualNumValues));
            format!("{argument} takes {wanted} values, and has {given}")
        }
        // Of what is left, the library's own first line.
        _ => error.kind().to_string(),
    };
    let meant = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .flat_map(|kind| text_list(error, kind))
        .collect::<Vec<_>>();
    let meant = if meant.is_empty() { String::new() } else { format!("did you mean {}? ", list(meant, " or ")) };
    Some(format!("{message}\n\nhint: {meant}`{verb} --help` says what there is"))
}

/// A part of the error, in backticks.
fn text(error: &Error, kind: ContextKind) -> String {
    list(text_list(error, kind), " and ")
}

fn list(items: Vec<String>, last: &str) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
    match items.split_last() {
        Some((end, start)) if !start.is_empty() => format!("{}{last}{end}", start.join(", ")),
        _ => items.concat(),
    }
}

fn text_list(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
