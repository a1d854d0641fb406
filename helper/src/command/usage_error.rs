//! What is wrong with a command line, in the words of all other errors.

use std::error::Error as _;
use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};

use super::help::example_of;
use crate::shell::quote;

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
    let (verbs, inner) = verbs(command, words);
    let verb = std::iter::once("lre").chain(verbs.iter().copied()).collect::<Vec<_>>().join(" ");
    let argument = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    let asking = (error.kind() == ErrorKind::MissingRequiredArgument)
        .then(|| Given::asking(error, command, &verbs, words))
        .flatten();
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
        ErrorKind::MissingRequiredArgument => match &asking {
            Some(option) => format!("`--{}` needs {argument}", option.long),
            None => format!("`{verb}` lacks {argument}"),
        },
        ErrorKind::InvalidValue if value == "``" || value.is_empty() => format!("{argument} lacks its value"),
        ErrorKind::InvalidValue => {
            let values = list(text_list(error, ContextKind::ValidValue), " or ");
            format!("{value} is no value of {argument}: expected {values}")
        }
        ErrorKind::ValueValidation => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            // Of some reasons, the value is the first word already.
            if reason.starts_with(&value) {
                format!("{argument}: {reason}")
            } else {
                format!("{value} is no value of {argument}: {reason}")
            }
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
    if message.contains("\n\nhint: ") {
        return Some(message);
    }
    let meant = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .flat_map(|kind| text_list(error, kind))
        .chain(asking.and_then(|option| option.longer(inner, words)))
        .chain((error.kind() == ErrorKind::UnknownArgument).then(|| with_two_dashes(inner, words)).flatten())
        .collect::<Vec<_>>();
    let hint = match example_of(&verbs.join(" "), &text_list(error, ContextKind::InvalidArg)) {
        _ if !meant.is_empty() => format!("did you mean {}? ", list(meant, " or ")),
        Some(example) if !verbs.is_empty() => format!("an example is `{example}`; "),
        _ => String::new(),
    };
    Some(format!("{message}\n\nhint: {hint}`{verb} --help` says what there is"))
}

/// An option that was given, with the word after it.
struct Given {
    long: String,
    value: Option<String>,
}

impl Given {
    /// The option without which nothing would be missing.
    fn asking(error: &Error, command: &Command, verbs: &[&str], words: &[OsString]) -> Option<Self> {
        let missing = text_list(error, ContextKind::InvalidArg);
        let is_missing_without = |id: &str| match without_needs(command.clone(), verbs, id).try_get_matches_from(words)
        {
            Err(other) if other.kind() == ErrorKind::MissingRequiredArgument => {
                text_list(&other, ContextKind::InvalidArg).iter().any(|argument| missing.contains(argument))
            }
            _ => false,
        };
        let inner = verbs.iter().try_fold(command, |command, verb| command.find_subcommand(verb))?;
        let options = inner.get_arguments().filter_map(|option| {
            let long = option.get_long()?;
            given(words, long).map(|value| (option, Self { long: long.to_owned(), value }))
        });
        options.into_iter().find(|(option, _)| !is_missing_without(option.get_id().as_str())).map(|(_, given)| given)
    }

    /// An option whose name goes on where this one's ends, such as `--env-json` for `--env`.
    fn longer(&self, command: &Command, words: &[OsString]) -> Option<String> {
        // What is a pair is meant as one.
        if self.value.as_ref().is_some_and(|value| value.contains('=')) {
            return None;
        }
        let start = format!("{}-", self.long);
        let is_free = |long: &&str| long.starts_with(&start) && given(words, long).is_none();
        let long =
            command.get_arguments().filter(|option| !option.is_hide_set()).filter_map(Arg::get_long).find(is_free)?;
        let value = self.value.iter().map(|value| format!(" {}", quote(value))).collect::<String>();
        Some(format!("--{long}{value}"))
    }
}

/// Whether an option is among the words, and the value after it.
fn given(words: &[OsString], long: &str) -> Option<Option<String>> {
    let mut words = words.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        match word.strip_prefix("--").and_then(|word| word.strip_prefix(long)) {
            Some("") => {
                return Some(words.next().filter(|value| !value.starts_with('-')).map(|value| value.into_owned()));
            }
            Some(rest) if rest.starts_with('=') => return Some(Some(rest[1..].to_owned())),
            _ => {}
        }
    }
    None
}

/// The command with an option of it, or of one below it, that needs no other.
fn without_needs(command: Command, verbs: &[&str], id: &str) -> Command {
    match verbs.split_first() {
        Some((verb, verbs)) => command.mut_subcommand(*verb, |inner| without_needs(inner, verbs, id)),
        None => command.mut_arg(id, |option| option.requires(Resettable::<clap::Id>::Reset)),
    }
}

/// An option that was given with one dash, as it is spelled.
fn with_two_dashes(command: &Command, words: &[OsString]) -> Option<String> {
    let mut longs = command.get_arguments().filter_map(Arg::get_long);
    longs
        .find(|long| words.iter().any(|word| word.to_str() == Some(&format!("-{long}"))))
        .map(|long| format!("--{long}"))
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
