//! What the operating system says of a failure, as it stands in this program's messages.

use std::io;

/// The reason in lower case. What is not the system's own text stays as it is.
#[must_use]
pub fn describe_system_error(error: &io::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    match (error.raw_os_error(), letters.next()) {
        (Some(_), Some(first)) => first.to_lowercase().chain(letters).collect(),
        _ => text,
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn texts_of_the_system_are_in_lower_case_and_others_stay() {
        assert_eq!(describe_system_error(&io::Error::from_raw_os_error(111)), "connection refused (os error 111)");
        assert_eq!(describe_system_error(&io::Error::other("No")), "No");
    }
}
