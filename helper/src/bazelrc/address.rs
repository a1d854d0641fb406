//! Addresses of caches and executors, as Bazel takes them in flags.
//!
//! Less than Bazel accepts: a scheme has to be there, because without one Bazel takes `grpcs`, and no secret may be in it.
//! `nix/remote.nix` has the same rules.

use std::fmt;

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `--remote_cache`.
    Cache,
    /// `--remote_cache` of CI.
    CiCache,
    /// `--remote_executor`.
    Executor,
}

impl Role {
    /// Whether Bazel speaks HTTP with it too.
    fn takes_http(self) -> bool {
        self != Self::Executor
    }

    /// What an address has to look like, in words.
    #[must_use]
    pub fn expectation(self) -> &'static str {
        if self.takes_http() {
            "`grpc[s]://HOST[:PORT]`, `http[s]://HOST[:PORT][/PATH]` or `unix:/PATH`"
        } else {
            "`grpc[s]://HOST[:PORT]` or `unix:/PATH`"
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cache => "remote cache",
            Self::CiCache => "remote cache of CI",
            Self::Executor => "remote executor",
        })
    }
}

/// An address without a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    text: String,
    transport: Transport,
}

/// How a server is spoken with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Transport {
    Socket,
    Network { host: String, is_http: bool, is_tls: bool },
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressError {
    /// It has a place for a secret.
    Secret,
    /// Anything else.
    Malformed,
}

impl Address {
    pub(super) fn parse(text: &str, role: Role) -> Result<Self, AddressError> {
        // Looked for first: what follows may quote the text.
        if text.contains(['@', '?']) {
            return Err(AddressError::Secret);
        }
        let transport = transport(text, role).ok_or(AddressError::Malformed)?;
        Ok(Self { text: text.to_owned(), transport })
    }

    pub(super) fn is_http(&self) -> bool {
        matches!(self.transport, Transport::Network { is_http: true, .. })
    }

    pub(super) fn is_socket(&self) -> bool {
        self.transport == Transport::Socket
    }

    /// The host that is spoken with over TLS.
    pub(super) fn tls_host(&self) -> Option<&str> {
        match &self.transport {
            Transport::Network { host, is_tls: true, .. } => Some(host),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn transport(text: &str, role: Role) -> Option<Transport> {
    if let Some(path) = text.strip_prefix("unix:") {
        let is_path = path.starts_with('/') && path.len() > 1 && path.chars().all(is_path_character);
        return is_path.then_some(Transport::Socket);
    }
    let (scheme, rest) = text.split_once("://")?;
    let (is_http, is_tls) = match scheme {
        "grpc" => (false, false),
        "grpcs" => (false, true),
        "http" => (true, false),
        "https" => (true, true),
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host_length = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(host_length);
    let is_allowed = (role.takes_http() || !is_http)
        && (is_name(host) || is_ipv6(host))
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        && (path.is_empty() || is_http && path.chars().all(is_path_character));
    is_allowed.then(|| Transport::Network { host: host.to_owned(), is_http, is_tls })
}

/// Labels of letters, digits and `-`, as of RFC 1123.
fn is_name(host: &str) -> bool {
    host.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

fn is_ipv6(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.is_some_and(|inner| !inner.is_empty() && inner.chars().all(|c| c.is_ascii_hexdigit() || ":.".contains(c)))
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(text.parse::<u32>(), Ok(1..=65535))
}

fn is_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._~/-".contains(c)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn addresses_are_those_of_bazel_with_a_scheme_and_without_a_secret() {
        let parse = |text: &str, role| Address::parse(text, role).map(|address| address.tls_host().map(str::to_owned));
        let both = ["grpc://127.0.0.1:8980", "grpc://cas", "grpc://[::1]:1", "unix:/run/cas.sock"];
        for text in both {
            assert_eq!(parse(text, Role::Cache), Ok(None), "{text}");
            assert_eq!(parse(text, Role::Executor), Ok(None), "{text}");
        }
        assert_eq!(parse("grpcs://cache.example.com", Role::Executor), Ok(Some("cache.example.com".to_owned())));
        assert_eq!(parse("https://a-b.example/bazel/main", Role::CiCache), Ok(Some("a-b.example".to_owned())));
        assert_eq!(parse("http://h:80/", Role::Cache), Ok(None));
        assert_eq!(parse("http://h:80/", Role::Executor), Err(AddressError::Malformed));
        for text in ["grpcs://me:pass@h:1", "grpcs://token@h", "https://h/?key=1", "@"] {
            assert_eq!(parse(text, Role::Cache), Err(AddressError::Secret), "{text}");
        }
        for text in [
            "",
            "h:1",
            "grpc:h",
            "grpc://",
            "grpc://:1",
            "grpc://h:",
            "grpc://h:0",
            "grpc://h:65536",
            "grpc://h:+1",
            "grpc://h:000001",
            "grpc://h/path",
            "grpc://h/",
            "ftp://h",
            "grpc://-h",
            "grpc://h-.x",
            "grpc://h..x",
            "grpc://h_x",
            "grpc://[::1",
            "grpc://[]",
            "grpc://[::g]",
            "grpc://[::1]x",
            "unix:",
            "unix:/",
            "unix:rel",
            "unix://h o",
            "https://h/a b",
            "https://h/%41",
            "grpc://h\n",
            "grpc://h#x",
        ] {
            assert_eq!(parse(text, Role::Cache), Err(AddressError::Malformed), "{text}");
        }
    }
}
