//! JSON whose every value knows where it stands, for messages and for edits that leave all other bytes alone.

use std::ops::Range;

use jsonc_parser::ast::Value as Parsed;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// No extension of JSON is allowed: Nix and Bazel would refuse the file.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    /// One line, without the place.
    pub message: String,
    /// Where in the text, in bytes.
    pub offset: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json {
    /// The value.
    pub value: JsonValue,
    /// Its bytes in the text, with the quotes of a string.
    pub span: Range<usize>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonValue {
    /// `null`, `true` or `false`, as it is spelled.
    Word(&'static str),
    /// A number as it is spelled.
    Number(String),
    /// What a string says.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// Keys and values in the order of the text.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses a text that is all JSON.
    ///
    /// # Errors
    /// If it is no JSON, or nested more than 127 levels deep.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        // It bounds the depth; the parser with positions recurses without a limit.
        if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
            let message = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
            return Err(JsonError { message, offset: offset(text, error.line(), error.column()) });
        }
        let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| JsonError {
            message: error.kind().to_string(),
            offset: error.range().start.min(text.len()),
        })?;
        let nothing = || JsonError { message: "there is no value".to_owned(), offset: 0 };
        Ok(Self::of(parsed.value.ok_or_else(nothing)?))
    }

    fn of(parsed: Parsed<'_>) -> Self {
        let range = parsed.range();
        let value = match parsed {
            Parsed::StringLit(text) => JsonValue::String(text.value.into_owned()),
            Parsed::NumberLit(number) => JsonValue::Number(number.value.to_owned()),
            Parsed::BooleanLit(boolean) => JsonValue::Word(if boolean.value { "true" } else { "false" }),
            Parsed::NullKeyword(_) => JsonValue::Word("null"),
            Parsed::Array(array) => JsonValue::Array(array.elements.into_iter().map(Self::of).collect()),
            Parsed::Object(object) => {
                let members = object.properties.into_iter();
                JsonValue::Object(members.map(|member| (member.name.into_string(), Self::of(member.value))).collect())
            }
        };
        Self { value, span: range.start..range.end }
    }

    /// A member of an object. Of several with one name it is the last, as for Nix and `serde_json`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value at the end of member names, each in the value of the one before.
    #[must_use]
    pub fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    /// The members of an object; none of any other value.
    #[must_use]
    pub fn members(&self) -> &[(String, Self)] {
        match &self.value {
            JsonValue::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of a list.
    #[must_use]
    pub fn elements(&self) -> Option<&[Self]> {
        match &self.value {
            JsonValue::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// What a string says.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            JsonValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// What a string says or how a number is spelled, and its bytes without quotes.
    #[must_use]
    pub fn scalar(&self) -> Option<(&str, Range<usize>)> {
        match &self.value {
            JsonValue::String(text) => Some((text, self.span.start + 1..self.span.end - 1)),
            JsonValue::Number(text) => Some((text, self.span.clone())),
            _ => None,
        }
    }

    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            JsonValue::Word(word) => word,
            JsonValue::Number(_) => "a number",
            JsonValue::String(_) => "a string",
            JsonValue::Array(_) => "a list",
            JsonValue::Object(_) => "an object",
        }
    }
}

/// The offset of what `serde_json` calls a line and a column: columns count bytes, and 0 is the end of the line before.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let mut offset = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod unit {
    use super::*;

    fn error(text: &str) -> Option<(String, usize)> {
        Json::parse(text).err().map(|error| (error.message, error.offset))
    }

    #[test]
    fn every_value_knows_its_bytes() -> Result<(), JsonError> {
        let text = "{\"é\": [1, \"a\\u0062\", null],\r\n \"b\": {\"c\": -1.5e3}, \"b\": true}\n";
        let json = Json::parse(text)?;
        let list = json.get("é").and_then(Json::elements).unwrap_or_default();
        assert_eq!(list.iter().map(|item| &text[item.span.clone()]).collect::<Vec<_>>(), ["1", "\"a\\u0062\"", "null"]);
        assert_eq!(list[1].as_str(), Some("ab"));
        assert_eq!(list[1].scalar().map(|(_, span)| &text[span]), Some("a\\u0062"));
        assert_eq!(json.get("b").map(Json::kind), Some("true"));
        assert_eq!(json.at(&["é", "c"]), None);
        Ok(())
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_offset() {
        assert_eq!(error("{\n  \"nodes\": }\n"), Some(("expected value".to_owned(), 13)));
        assert_eq!(error(""), Some(("EOF while parsing a value".to_owned(), 0)));
        assert_eq!(error("[1, // a\n2]"), Some(("expected value".to_owned(), 4)));
        assert_eq!(error("[1,]"), Some(("trailing comma".to_owned(), 3)));
        assert_eq!(error("{'a': 1}"), Some(("key must be a string".to_owned(), 1)));
        assert_eq!(error("[é]"), Some(("expected value".to_owned(), 1)));
        assert_eq!(error("{} {}"), Some(("trailing characters".to_owned(), 3)));
        assert_eq!(error("\u{feff}{}"), Some(("expected value".to_owned(), 0)));
    }

    #[test]
    fn endless_nesting_is_an_error_not_an_abort() {
        let text = "[".repeat(1_000_000);
        assert_eq!(error(&text).map(|(message, _)| message), Some("recursion limit exceeded".to_owned()));
    }
}
