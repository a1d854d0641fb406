//! Cache and executor in the rc file: their addresses, how Bazel shows who it is, and who may write.

use std::fmt;

use super::address::{Address, AddressError, Role};
use super::is_plain;

/// What a user says of cache and executor; values as they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteSettings {
    /// `--remote_cache`.
    pub cache: Option<String>,
    /// `--remote_executor`.
    pub executor: Option<String>,
    /// `--remote_instance_name`.
    pub instance: Option<String>,
    /// `--remote_cache` in CI's config.
    pub ci_cache: Option<String>,
    /// Path of the program that prints headers with credentials.
    pub credential_helper: Option<String>,
    /// `--tls_certificate`.
    pub tls_certificate: Option<String>,
    /// `--tls_client_certificate`.
    pub tls_client_certificate: Option<String>,
    /// `--tls_client_key`.
    pub tls_client_key: Option<String>,
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// An address with a secret in it, which the message does not repeat.
    #[error(
        "the address of the {0} has a user name, a password or a query in it: no secret belongs into an rc file\n\n\
         hint: name the server alone, and with `--credential-helper PATH` a program that prints the headers"
    )]
    Secret(Role),
    /// A header on the command line.
    #[error(
        "a header would stand in the rc file with its credential: no secret belongs into an rc file\n\n\
         hint: name with `--credential-helper PATH` a program that prints the headers"
    )]
    Header,
    /// No address.
    #[error("`{text}` is no address of a {role}: expected {}", role.expectation())]
    Address {
        /// What should be there.
        role: Role,
        /// The text.
        text: String,
    },
    /// Bazel refuses the combination.
    #[error(
        "`{0}` is a cache over HTTP, with which Bazel executes nothing remotely\n\nhint: name the cache's gRPC address"
    )]
    HttpCache(String),
    /// No name of an instance.
    #[error(
        "`{0}` is no name of an instance: expected letters, digits, `.`, `_`, `~`, `+`, `-`, `:` and `/`, and no part that \
         the protocol uses itself, such as `blobs`\n\nhint: leave it out for the server's default instance"
    )]
    Instance(String),
    /// Something without the address that it is for.
    #[error("{0} is of no use without the address of a remote cache")]
    Lonely(Setting),
    /// A path that would not survive the rc file.
    #[error("`{path}` is no usable path of {thing}: it must {}, without white space, quotes, `\\`, `#` and `%`", thing.start())]
    Path {
        /// The setting.
        thing: Setting,
        /// The path.
        path: String,
    },
    /// Credentials without TLS.
    #[error("credentials would go to `{0}` unencrypted\n\nhint: name an address with `grpcs://` or `https://`")]
    Unencrypted(String),
    /// Bazel matches helpers with names alone.
    #[error("Bazel asks no credential helper for the host `{0}`: expected a name with a dot in it")]
    Host(String),
    /// A key that everybody can read.
    #[error("the TLS client key `{0}` is in the store, where every user of the machine reads it")]
    KeyInStore(String),
    /// One file of two.
    #[error("a TLS client certificate and its key are named together or not at all")]
    Pair,
    /// TLS files for servers without TLS.
    #[error("TLS files are of no use for addresses without TLS\n\nhint: name an address with `grpcs://` or `https://`")]
    NoTls,
}

/// A setting that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `RemoteSettings::instance`.
    Instance,
    /// `RemoteSettings::ci_cache`.
    CiCache,
    /// `RemoteSettings::credential_helper`.
    CredentialHelper,
    /// `RemoteSettings::tls_certificate`.
    Certificate,
    /// `RemoteSettings::tls_client_certificate`.
    ClientCertificate,
    /// `RemoteSettings::tls_client_key`.
    ClientKey,
}

impl Setting {
    fn start(self) -> &'static str {
        if self == Self::CredentialHelper { "be absolute or start with `%workspace%/`" } else { "be absolute" }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "the name of an instance",
            Self::CiCache => "the address of CI's cache",
            Self::CredentialHelper => "the credential helper",
            Self::Certificate => "the TLS certificate",
            Self::ClientCertificate => "the TLS client certificate",
            Self::ClientKey => "the TLS client key",
        })
    }
}

/// One group of lines in the rc file.
pub(super) struct Section {
    /// Why they are there, for a comment.
    pub(super) reason: String,
    /// The command with its config, and the flag.
    pub(super) flags: Vec<(String, String)>,
}

impl RemoteSettings {
    /// Reads the settings back from the text of an rc file.
    #[must_use]
    pub fn of_rc(text: &str) -> Self {
        let mut settings = Self::default();
        let flags = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
        let mut main = None;
        for (command, flag) in flags {
            let config = command.split_once(':').map(|(_, config)| config);
            let is_main = *main.get_or_insert(config) == config;
            let Some((name, value)) = flag.split_once('=') else { continue };
            let field = match (name, is_main) {
                ("--remote_cache", true) => &mut settings.cache,
                ("--remote_cache", false) => &mut settings.ci_cache,
                ("--remote_executor", _) => &mut settings.executor,
                ("--remote_instance_name", _) => &mut settings.instance,
                ("--credential_helper", _) => &mut settings.credential_helper,
                ("--tls_certificate", _) => &mut settings.tls_certificate,
                ("--tls_client_certificate", _) => &mut settings.tls_client_certificate,
                ("--tls_client_key", _) => &mut settings.tls_client_key,
                _ => continue,
            };
            let is_helper = name == "--credential_helper";
            let value = if is_helper { value.split_once('=').map_or(value, |(_, path)| path) } else { value };
            *field = Some(value.to_owned());
        }
        settings
    }

    /// The settings as arguments of `lre bazelrc`.
    #[must_use]
    pub fn to_arguments(&self) -> Vec<String> {
        let pairs = [
            ("--remote-cache", &self.cache),
            ("--remote-executor", &self.executor),
            ("--instance", &self.instance),
            ("--ci-remote-cache", &self.ci_cache),
            ("--credential-helper", &self.credential_helper),
            ("--tls-certificate", &self.tls_certificate),
            ("--tls-client-certificate", &self.tls_client_certificate),
            ("--tls-client-key", &self.tls_client_key),
        ];
        let given = pairs.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value.clone()?]));
        given.flatten().collect()
    }

    /// The lines of the rc file for a config, or for every build.
    ///
    /// # Errors
    /// See [`RemoteError`]. `nix/remote.nix` finds the same, in the same order.
    pub(super) fn sections(&self, prefix: Option<&str>) -> Result<Vec<Section>, RemoteError> {
        let cache = parse(self.cache.as_deref(), Role::Cache)?;
        let executor = parse(self.executor.as_deref(), Role::Executor)?;
        let ci_cache = parse(self.ci_cache.as_deref(), Role::CiCache)?;
        let caches = [&cache, &ci_cache].into_iter().flatten();
        if let (Some(cache), Some(_)) = (caches.clone().find(|cache| cache.is_http()), &executor) {
            return Err(RemoteError::HttpCache(cache.to_string()));
        }
        if let Some(name) = self.instance.as_ref().filter(|name| !is_instance(name)) {
            return Err(RemoteError::Instance(name.clone()));
        }
        let addresses: Vec<&Address> = caches.chain(&executor).collect();
        self.check_company(cache.is_some(), !addresses.is_empty())?;
        let hosts = self.check_credentials(&addresses)?;
        self.check_tls(&addresses)?;
        if addresses.is_empty() {
            return Ok(Vec::new());
        }

        let main = prefix.map_or_else(|| "build".to_owned(), |prefix| format!("build:{prefix}"));
        let named = |pairs: &[(&str, &Option<String>)]| -> Vec<(String, String)> {
            let given = pairs.iter().filter_map(|(flag, value)| Some((flag, value.as_ref()?)));
            given.map(|(flag, value)| (main.clone(), format!("--{flag}={value}"))).collect()
        };
        let mut sections = vec![Section {
            reason: "The cache, and the service that runs actions.".to_owned(),
            flags: named(&[
                ("remote_cache", &self.cache),
                ("remote_executor", &self.executor),
                ("remote_instance_name", &self.instance),
            ]),
        }];
        if let Some(helper) = &self.credential_helper {
            let flag = |host: &&str| (main.clone(), format!("--credential_helper={host}={helper}"));
            sections.push(Section {
                reason:
                    "A program prints the headers with credentials, for these hosts alone. No secret is in this file."
                        .to_owned(),
                flags: hosts.iter().map(flag).collect(),
            });
        }
        let tls = named(&[
            ("tls_certificate", &self.tls_certificate),
            ("tls_client_certificate", &self.tls_client_certificate),
            ("tls_client_key", &self.tls_client_key),
        ]);
        if !tls.is_empty() {
            let reason = "Whom Bazel trusts, and how it shows who it is: files of this machine.".to_owned();
            sections.push(Section { reason, flags: tls });
        }
        sections.push(self.who_writes(prefix, main));
        Ok(sections)
    }

    /// Developers read, CI writes.
    fn who_writes(&self, prefix: Option<&str>, main: String) -> Section {
        let ci = format!("{}-ci", prefix.unwrap_or("lre"));
        let mut flags = vec![(main, "--noremote_upload_local_results".to_owned())];
        // `common`, so that `query` knows the config too.
        flags.extend(prefix.map(|prefix| (format!("common:{ci}"), format!("--config={prefix}"))));
        let build = format!("build:{ci}");
        flags.extend(self.ci_cache.as_ref().map(|cache| (build.clone(), format!("--remote_cache={cache}"))));
        flags.push((build, "--remote_upload_local_results".to_owned()));
        let reason = format!(
            "What this machine builds itself stays here: only CI, with `--config={ci}`, writes into the cache. The server \
             has\n# to refuse others, see docs/security.md."
        );
        Section { reason, flags }
    }

    fn check_company(&self, has_cache: bool, has_any: bool) -> Result<(), RemoteError> {
        let settings = [
            (Setting::CiCache, &self.ci_cache, has_cache),
            (Setting::Instance, &self.instance, has_any),
            (Setting::CredentialHelper, &self.credential_helper, has_any),
            (Setting::Certificate, &self.tls_certificate, has_any),
            (Setting::ClientCertificate, &self.tls_client_certificate, has_any),
            (Setting::ClientKey, &self.tls_client_key, has_any),
        ];
        match settings.into_iter().find(|(_, value, has_company)| value.is_some() && !has_company) {
            Some((thing, ..)) => Err(RemoteError::Lonely(thing)),
            None => Ok(()),
        }
    }

    /// The hosts that a helper is asked for.
    fn check_credentials<'a>(&self, addresses: &[&'a Address]) -> Result<Vec<&'a str>, RemoteError> {
        let Some(helper) = &self.credential_helper else { return Ok(Vec::new()) };
        let plain = helper.strip_prefix("%workspace%").unwrap_or(helper);
        if !plain.starts_with('/') || !is_plain(plain) {
            return Err(RemoteError::Path { thing: Setting::CredentialHelper, path: helper.clone() });
        }
        let is_safe = |address: &&&Address| address.tls_host().is_some() || address.is_socket();
        let open = addresses.iter().find(|address| !is_safe(address));
        let mut hosts: Vec<&str> = Vec::new();
        for host in addresses.iter().filter_map(|address| address.tls_host()) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        if let Some(open) = open.or(addresses.first().filter(|_| hosts.is_empty())) {
            return Err(RemoteError::Unencrypted(open.to_string()));
        }
        match hosts.iter().find(|host| !host.contains('.') || host.starts_with('[')) {
            Some(host) => Err(RemoteError::Host((*host).to_owned())),
            None => Ok(hosts),
        }
    }

    fn check_tls(&self, addresses: &[&Address]) -> Result<(), RemoteError> {
        let files = [
            (Setting::Certificate, &self.tls_certificate),
            (Setting::ClientCertificate, &self.tls_client_certificate),
            (Setting::ClientKey, &self.tls_client_key),
        ];
        for (thing, path) in files {
            if let Some(path) = path.as_ref().filter(|path| !path.starts_with('/') || !is_plain(path)) {
                return Err(RemoteError::Path { thing, path: path.clone() });
            }
        }
        if let Some(key) = self.tls_client_key.as_ref().filter(|key| key.starts_with("/nix/store/")) {
            return Err(RemoteError::KeyInStore(key.clone()));
        }
        if self.tls_client_certificate.is_some() != self.tls_client_key.is_some() {
            return Err(RemoteError::Pair);
        }
        let has_files = files.iter().any(|(_, path)| path.is_some());
        if has_files && addresses.iter().all(|address| address.tls_host().is_none()) {
            return Err(RemoteError::NoTls);
        }
        Ok(())
    }
}

fn parse(text: Option<&str>, role: Role) -> Result<Option<Address>, RemoteError> {
    let parsed = text.map(|text| {
        Address::parse(text, role).map_err(|error| match error {
            AddressError::Secret => RemoteError::Secret(role),
            AddressError::Malformed => RemoteError::Address { role, text: text.to_owned() },
        })
    });
    parsed.transpose()
}

/// The parts of a resource name that stand behind the instance's name in it.
const RESERVED: [&str; 7] =
    ["blobs", "uploads", "actions", "actionResults", "operations", "capabilities", "compressed-blobs"];

fn is_instance(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !RESERVED.contains(&part)
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._~+:-".contains(c))
    };
    name.split('/').all(is_part)
}
