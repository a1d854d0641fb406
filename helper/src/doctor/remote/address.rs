//! The address of a server, as Bazel's `--remote_executor` takes it.

use std::fmt;
use std::str::FromStr;

/// `grpc://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    authority: String,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// TLS.
    #[error(
        "`{0}` needs TLS, which `lre doctor` does not speak\n\n\
         hint: name a port of the server, or of a proxy on this machine, that takes `grpc://`"
    )]
    Tls(String),
    /// Anything else.
    #[error("`{0}` is no address of a server: expected `grpc://HOST:PORT`")]
    Malformed(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(text.to_owned());
        let (scheme, authority) = text.split_once("://").ok_or_else(malformed)?;
        match scheme {
            "grpc" => {}
            "grpcs" => return Err(AddressError::Tls(text.to_owned())),
            _ => return Err(malformed()),
        }
        let authority = authority.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or_else(malformed)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        if host.is_empty() || !host.chars().all(is_plain) || port.parse::<u16>().is_err() {
            return Err(malformed());
        }
        Ok(Self { authority: authority.to_owned() })
    }
}

impl Address {
    /// The URI that HTTP/2 without TLS is spoken with.
    pub(super) fn uri(&self) -> String {
        format!("http://{}", self.authority)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grpc://{}", self.authority)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn addresses_are_those_of_bazel_without_tls() {
        let parse = |text: &str| text.parse::<Address>().map(|address| address.uri());
        assert_eq!(parse("grpc://127.0.0.1:8980"), Ok("http://127.0.0.1:8980".to_owned()));
        assert_eq!(parse("grpc://[::1]:8980/"), Ok("http://[::1]:8980".to_owned()));
        assert_eq!(parse("grpcs://h:1"), Err(AddressError::Tls("grpcs://h:1".to_owned())));
        for text in ["h:1", "grpc://h", "grpc://:1", "grpc://h:99999", "http://h:1", "grpc://u@h:1", "unix:/s", ""] {
            assert_eq!(parse(text), Err(AddressError::Malformed(text.to_owned())));
        }
    }
}
