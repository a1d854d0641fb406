//! Whether processes speak TLS, and whose certificates each listener takes.
//!
//! NativeLink has no other means to tell clients apart: a listener takes every client whose certificate is from one of its
//! authorities, so each role has a listener and a file of authorities of its own.

use serde_json::{Value, json};

use super::server;

/// How a cluster's processes speak with each other and with clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// In the clear: whoever reaches a port is let in.
    Plain,
    /// With certificates on both sides.
    Tls,
}

/// Who may use a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clients {
    /// Those whose action results are kept: CI, the scheduler and the workers.
    Writers,
    /// Those who look up action results.
    Readers,
    /// Those who run actions.
    Executors,
    /// Those who answer for actions.
    Workers,
}

/// The process's own certificate and key, and the authority of the other processes: a secret of the type
/// `kubernetes.io/tls`, as cert-manager makes it.
const OWN: &str = "${LRE_TLS:-/etc/nativelink-tls}";
/// The authorities of clients.
const AUTHORITIES: &str = "${LRE_AUTHORITIES:-/etc/nativelink-authorities}";

const COMMENT: &str = "
Every port but that of the health check takes TLS, from clients with a certificate of one of its authorities:
LRE_TLS        folder with `tls.crt`, `tls.key` and `ca.crt`: this process, and the authority of the others
LRE_AUTHORITIES   folder with a PEM file of authorities for each port: `writers.pem` for the cache, `readers.pem` for the
               read-only cache, `executors.pem` for the scheduler, `workers.pem` for its port for workers";

impl Transport {
    /// Where its files are.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tls => "tls/",
        }
    }

    /// What a file says of it.
    pub(super) fn comment(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tls => COMMENT,
        }
    }

    pub(super) fn server(self, address: &str, clients: Clients, services: &Value) -> Value {
        let mut server = server(address, services);
        if self == Self::Tls {
            server["listener"]["http"]["tls"] = json!({
                "cert_file": format!("{OWN}/tls.crt"),
                "key_file": format!("{OWN}/tls.key"),
                "client_ca_file": format!("{AUTHORITIES}/{}.pem", clients.file()),
            });
        }
        server
    }

    /// An endpoint whose address stands under `key`.
    pub(super) fn endpoint(self, key: &str, authority: &str) -> Value {
        match self {
            Self::Plain => json!({ key: format!("grpc://{authority}") }),
            Self::Tls => json!({
                key: format!("grpcs://{authority}"),
                "tls_config": {
                    "ca_file": format!("{OWN}/ca.crt"),
                    "cert_file": format!("{OWN}/tls.crt"),
                    "key_file": format!("{OWN}/tls.key"),
                },
            }),
        }
    }
}

impl Clients {
    fn file(self) -> &'static str {
        match self {
            Self::Writers => "writers",
            Self::Readers => "readers",
            Self::Executors => "executors",
            Self::Workers => "workers",
        }
    }
}
