//! What TLS needs beside an address: whom to trust, and who this client is.

use std::fmt;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// PEM texts, as files of Bazel's flags hold them.
#[derive(Clone, Default)]
pub struct Tls {
    /// The authority that signed the server's certificate, as in `--tls_certificate`. Without it, those that this machine
    /// trusts.
    pub authority: Option<String>,
    /// The client's certificate and its key, as in `--tls_client_certificate` and `--tls_client_key`.
    pub client: Option<(String, String)>,
}

impl Tls {
    /// As a build has it.
    pub(super) fn config(&self) -> ClientTlsConfig {
        let config = match &self.authority {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        self.identified(config)
    }

    /// Where this machine trusts nobody: the server's certificate is still seen, and refused.
    pub(super) fn distrust(&self) -> ClientTlsConfig {
        self.identified(ClientTlsConfig::new())
    }

    fn identified(&self, config: ClientTlsConfig) -> ClientTlsConfig {
        match &self.client {
            Some((certificate, key)) => config.identity(Identity::from_pem(certificate, key)),
            None => config,
        }
    }
}

/// The key is a secret.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { authority, client } = self;
        f.debug_struct("Tls").field("authority", authority).field("client", &client.as_ref().map(|_| "…")).finish()
    }
}
