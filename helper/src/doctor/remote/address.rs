//! The address of a server, as Bazel's `--remote_executor` and `--remote_cache` take it.

use std::fmt;
use std::str::FromStr;

/// `grpc://HOST:PORT` or `grpcs://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    is_tls: bool,
    authority: String,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of a server: expected `grpc://HOST:PORT`, or `grpcs://HOST:PORT` with TLS")]
pub struct AddressError(String);

impl AddressError {
    /// The address that is meant, if another scheme is all that the text lacks.
    #[must_use]
    pub fn meant(&self) -> Option<Address> {
        let meant = match self.0.split_once("://") {
            None => format!("grpc://{}", self.0),
            Some(("http", rest)) => format!("grpc://{rest}"),
            Some(("https", rest)) => format!("grpcs://{rest}"),
            Some(_) => return None,
        };
        meant.parse().ok()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let refusal = || AddressError(text.to_owned());
        let (scheme, authority) = text.split_once("://").ok_or_else(refusal)?;
        let is_tls = match scheme {
            "grpc" => false,
            "grpcs" => true,
            _ => return Err(refusal()),
        };
        let authority = authority.trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':') {
            Some(parts) if !parts.1.ends_with(']') => parts,
            // As Bazel, which knows the port of TLS alone.
            _ if is_tls => (authority, "443"),
            _ => return Err(refusal()),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        if host.is_empty() || !host.chars().all(is_plain) || port.parse::<u16>().is_err() {
            return Err(refusal());
        }
        Ok(Self { is_tls, authority: format!("{host}:{port}") })
    }
}

impl Address {
    /// Whether TLS is spoken.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The same host and port, with TLS where there is none here, and the other way round.
    pub(super) fn with_other_scheme(&self) -> Self {
        Self { is_tls: !self.is_tls, authority: self.authority.clone() }
    }

    /// What an address of the same scheme looks like.
    pub(super) fn form(&self) -> &'static str {
        if self.is_tls { "grpcs://HOST:PORT" } else { "grpc://HOST:PORT" }
    }

    /// Host and port.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The URI that HTTP/2 is spoken with.
    pub(super) fn uri(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.authority)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.is_tls { "grpcs" } else { "grpc" }, self.authority)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn address_that_lacks_its_scheme_is_known_by_what_is_meant() {
        let meant = |text: &str| text.parse::<Address>().err()?.meant().map(|address| address.to_string());
        for (text, address) in
            [("127.0.0.1:1", "grpc://127.0.0.1:1"), ("http://h:1", "grpc://h:1"), ("https://h", "grpcs://h:443")]
        {
            assert_eq!(meant(text), Some(address.to_owned()));
        }
        for text in ["h", "ftp://h:1", "grpc://:1", ""] {
            assert_eq!(meant(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_those_of_bazel() {
        let parse = |text: &str| text.parse::<Address>().map(|address| address.uri());
        assert_eq!(parse("grpc://127.0.0.1:8980"), Ok("http://127.0.0.1:8980".to_owned()));
        assert_eq!(parse("grpc://[::1]:8980/"), Ok("http://[::1]:8980".to_owned()));
        assert_eq!(parse("grpcs://h:1"), Ok("https://h:1".to_owned()));
        assert_eq!(parse("grpcs://remote.example.com"), Ok("https://remote.example.com:443".to_owned()));
        assert_eq!(parse("grpcs://[::1]"), Ok("https://[::1]:443".to_owned()));
        let refused = ["h:1", "grpc://h", "grpc://:1", "grpc://h:99999", "http://h:1", "grpcs://u@h:1", "unix:/s", ""];
        for text in refused {
            assert_eq!(parse(text), Err(AddressError(text.to_owned())));
        }
    }
}
