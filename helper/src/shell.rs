//! Quoting for the commands in hints, which run as pasted into a POSIX shell.

use std::path::Path;

/// A word of a command line.
#[must_use]
pub fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A path as a word of a command line. The working folder, which has an empty path, is `.`.
#[must_use]
pub fn quote_path(path: &Path) -> String {
    let text = path.display().to_string();
    match text.as_str() {
        "" => ".".to_owned(),
        // A command would take it for an option.
        _ if text.starts_with('-') => quote(&format!("./{text}")),
        _ => quote(&text),
    }
}

/// Words of a command line, separated by spaces.
#[must_use]
pub fn quote_words<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    words.into_iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn words_that_a_shell_would_split_or_expand_are_quoted() {
        assert_eq!(
            quote_words(["a/b-c.d", "", "o ut", "it's", "$HOME", "a?=b"]),
            r"a/b-c.d '' 'o ut' 'it'\''s' '$HOME' 'a?=b'"
        );
    }

    #[test]
    fn paths_are_never_options() {
        assert_eq!(quote_path(Path::new("-x")), "./-x");
        assert_eq!(quote_path(Path::new("")), ".");
    }
}
