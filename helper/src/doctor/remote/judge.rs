//! What the server's answers mean.

use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::compressor::Value as Compressor;
use reapi::digest_function::Value as DigestFunction;
use tonic::{Code, Status};

use super::action::{End, Trial, words};
use super::client::{NO_TLS, UNKNOWN_HOST};
use super::{Remote, Server};
use crate::doctor::Check;
use crate::doctor::rc_file::Flag;
use crate::shell::quote;

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// That it executes, and stores what that takes.
    Both,
    /// That it executes.
    Executor,
    /// That it stores.
    Cache,
}

impl Role {
    /// The option that names the server.
    fn option(self) -> &'static str {
        if self == Self::Cache { "--remote-cache" } else { "--remote" }
    }

    /// Bazel's flag that names it.
    fn flag(self) -> &'static str {
        if self == Self::Cache { "--remote_cache" } else { "--remote_executor" }
    }
}

/// It answers.
pub(super) fn answers(remote: &Remote, latency: Duration) -> [Check; 2] {
    [
        Check::passed("connection", format!("an answer takes {}", milliseconds(latency))),
        Check::passed("instance", named(&remote.instance)),
    ]
}

/// What storage has to offer.
pub(super) fn storage(
    server: &Server,
    role: Role,
    cache: Option<&reapi::CacheCapabilities>,
    flags: &[Flag],
) -> Vec<Check> {
    match cache {
        Some(cache) => vec![digest_functions(cache), compression(cache, flags), updates(cache)],
        None => vec![Check::failed("digest", "none: nothing is stored at this address", storage_fix(server, role))],
    }
}

/// Whether it executes, which is no fault of a cache that was named alone.
pub(super) fn execution(role: Role, is_enabled: bool) -> Check {
    let name = "execution";
    match (is_enabled, role) {
        (true, _) => Check::passed(name, "enabled"),
        (false, Role::Executor) => {
            Check::failed(name, "not enabled", "name the address of what executes with `--remote`")
        }
        (false, _) => Check::open(name, "not enabled: the server is a cache, and no `--remote_executor`"),
    }
}

fn storage_fix(server: &Server, role: Role) -> String {
    match role {
        Role::Cache => "name the address of what stores with `--remote-cache`".to_owned(),
        Role::Both | Role::Executor => {
            format!("name the address of its storage with `--remote-cache {}`", server.address.form())
        }
    }
}

fn scheme_fix(server: &Server, role: Role) -> String {
    format!("name it with `{} {}`", role.option(), quote(&server.address.with_other_scheme().to_string()))
}

fn named(instance: &str) -> String {
    if instance.is_empty() { "the one without a name".to_owned() } else { format!("`{instance}`") }
}

/// Nobody is there, or nobody who can be trusted.
pub(super) fn no_connection(remote: &Remote, server: &Server, role: Role, reason: String) -> Check {
    let option = role.option();
    let fix = match (server.address.is_tls(), reason.contains("certificate"), &remote.tls.authority) {
        (true, true, None) => "name the authority that signed the server's certificate with `--tls-ca FILE`".to_owned(),
        (true, true, Some(_)) => "let `--tls-ca` name the authority that signed the server's certificate".to_owned(),
        _ if reason.starts_with(NO_TLS) => scheme_fix(server, role),
        _ if reason.starts_with(UNKNOWN_HOST) => format!("name a host that this machine knows with `{option}`"),
        _ => format!("start the server, or name one that listens with `{option}`"),
    };
    Check::failed("connection", reason, fix)
}

/// It speaks TLS, and was not asked to.
pub(super) fn only_tls(server: &Server, role: Role) -> Check {
    Check::failed("connection", "the server speaks TLS", scheme_fix(server, role))
}

/// Whether no answer of this API is what came back: something else may listen.
pub(super) fn is_no_answer(status: &Status) -> bool {
    !matches!(
        status.code(),
        Code::Unauthenticated
            | Code::PermissionDenied
            | Code::InvalidArgument
            | Code::NotFound
            | Code::FailedPrecondition
    )
}

/// It does not say what it can do.
pub(super) fn no_capabilities(remote: &Remote, role: Role, status: &Status) -> Check {
    if is_no_answer(status) {
        let message = format!("no server of the Remote Execution API: {}", words(status));
        return Check::failed("connection", message, format!("name the port that `{}` names", role.flag()));
    }
    let fix = match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => {
            "add credentials with `--remote-header authorization=…` or `--credential-helper PROGRAM`"
        }
        _ => "name the server's instance with `--remote-instance-name NAME`",
    };
    Check::failed("instance", format!("{}: {}", named(&remote.instance), words(status)), fix)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn digest_functions(cache: &reapi::CacheCapabilities) -> Check {
    let name = "digest";
    let known: Vec<DigestFunction> = cache.digest_functions().collect();
    let names: Vec<&str> = known.iter().map(DigestFunction::as_str_name).collect();
    let names = names.join(", ");
    if known.contains(&DigestFunction::Sha256) {
        Check::passed(name, names)
    } else if known.contains(&DigestFunction::Blake3) {
        Check::failed(
            name,
            format!("{names}, but not Bazel's SHA256"),
            "add `startup --digest_function=BLAKE3` to `.bazelrc`",
        )
    } else {
        let names = if names.is_empty() { "none".to_owned() } else { names };
        Check::failed(name, format!("{names}, but not Bazel's SHA256"), "configure the server for SHA256")
    }
}

fn compression(cache: &reapi::CacheCapabilities, flags: &[Flag]) -> Check {
    let name = "compression";
    let has_zstd = cache.supported_compressors().any(|compressor| compressor == Compressor::Zstd);
    let is_asked = |flag: &&Flag| {
        let text = flag.text.replace("--experimental_", "--");
        matches!(text.strip_prefix("--remote_cache_compression"), Some("" | "=1" | "=true" | "=yes"))
    };
    match (has_zstd, flags.iter().find(is_asked)) {
        (true, _) => Check::passed(name, "zstd"),
        (false, Some(flag)) => {
            Check::failed(name, format!("none, and {} asks for it{}", flag.place(), flag.condition()), flag.removal())
        }
        (false, None) => Check::passed(name, "none, and no rc file asks for it"),
    }
}

fn updates(cache: &reapi::CacheCapabilities) -> Check {
    let name = "cache updates";
    if cache.action_cache_update_capabilities.is_some_and(|updates| updates.update_enabled) {
        Check::passed(name, "allowed")
    } else {
        Check::open(name, "not allowed to this client: what it builds locally nobody else hits")
    }
}

/// What became of an action.
pub(super) fn judge_action(remote: &Remote, trial: &Trial, end: Result<End, Status>) -> Check {
    let name = "action";
    let asked = trial.asked();
    let Trial { name: toolchain, program, argument, .. } = trial;
    let worker = |worker: &str| if worker.is_empty() { "a worker".to_owned() } else { format!("worker `{worker}`") };
    let image = "give a worker these properties, and the image or store paths that they stand for".to_owned();
    match end {
        Err(status) => {
            let fix = match (status.code(), &remote.cache) {
                (Code::Unimplemented, None) => storage_fix(&remote.executor, Role::Both),
                (Code::Unimplemented, Some(cache)) => storage_fix(cache, Role::Cache),
                _ => "let this client write to the server's storage".to_owned(),
            };
            Check::failed(name, format!("`{toolchain}`: cannot be uploaded: {}", words(&status)), fix)
        }
        Ok(End::Ran { exit_code: 0, worker: who, time }) => Check::passed(
            name,
            format!("`{toolchain}`: {} ran `{program} {argument}` in {}", worker(&who), seconds(time)),
        ),
        Ok(End::Ran { exit_code, worker: who, .. }) => {
            let message = format!("`{toolchain}`: on {}, `{program} {argument}` ends with {exit_code}", worker(&who));
            Check::failed(
                name,
                message,
                "give that worker the toolchain's store paths, or no properties of this platform",
            )
        }
        Ok(End::Refused(reason)) => Check::failed(name, format!("`{toolchain}`: {asked} is refused: {reason}"), image),
        Ok(End::Late { is_taken, not_cancelled }) => {
            let limit = seconds(remote.deadline);
            let rest = match not_cancelled {
                None => format!("cancelled after {limit}"),
                Some(reason) => format!("after {limit} it could not be cancelled: {reason}"),
            };
            let (what, fix) = match is_taken {
                false => (format!("no worker offers {asked}"), image),
                true => ("a worker took it and did not finish".to_owned(), "look at that worker's log".to_owned()),
            };
            Check::failed(name, format!("`{toolchain}`: {what} ({rest})"), fix)
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::doctor::Section;
    use crate::doctor::remote::Tls;
    use crate::doctor::screen::render_screen;

    /// The lines of a check, without the signs' section.
    fn lines(check: Check) -> Vec<String> {
        let section = Section { title: String::new(), checks: vec![check] };
        let screen = render_screen(&[section], false);
        let lines = screen.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.take_while(|line| !line.contains(" passed, ")).map(str::to_owned).collect()
    }

    fn server(address: &str) -> Server {
        Server { address: address.parse().unwrap_or_else(|error| panic!("{error}")), headers: Vec::new() }
    }

    fn ended(end: Result<End, Status>) -> Vec<String> {
        let (instance, tls, deadline) = (String::new(), Tls::default(), Duration::from_secs(3));
        let remote = Remote { executor: server("grpc://h:1"), cache: None, instance, tls, deadline };
        let properties = [("OSFamily", "Linux"), ("container-image", "docker://lre-cc:x")];
        let trial = Trial {
            name: "lre-cc".to_owned(),
            properties: properties.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            program: "/nix/store/x/bin/clang".to_owned(),
            argument: "--version",
            path: None,
        };
        lines(judge_action(&remote, &trial, end))
    }

    #[test]
    fn every_end_of_an_action_says_whose_fault_it_is() {
        let late = |is_taken, reason: Option<&str>| {
            ended(Ok(End::Late { is_taken, not_cancelled: reason.map(str::to_owned) })).swap_remove(0)
        };
        assert_eq!(
            late(false, None),
            "✗ action          `lre-cc`: no worker offers `OSFamily=Linux` with `container-image=docker://lre-cc:x` \
             (cancelled after 3.0 s)"
        );
        assert_eq!(
            late(true, Some("Unimplemented")),
            "✗ action          `lre-cc`: a worker took it and did not finish (after 3.0 s it could not be cancelled: \
             Unimplemented)"
        );
        let ran = |exit_code, worker: &str| {
            ended(Ok(End::Ran { exit_code, worker: worker.to_owned(), time: Duration::from_millis(210) }))
                .swap_remove(0)
        };
        assert_eq!(ran(0, ""), "✓ action          `lre-cc`: a worker ran `/nix/store/x/bin/clang --version` in 0.2 s");
        assert_eq!(
            ran(127, "w1"),
            "✗ action          `lre-cc`: on worker `w1`, `/nix/store/x/bin/clang --version` ends with 127"
        );
        assert_eq!(
            ended(Err(Status::permission_denied("read only"))),
            [
                "✗ action          `lre-cc`: cannot be uploaded: read only",
                "fix: let this client write to the server's storage"
            ]
        );
    }

    #[test]
    fn server_that_says_nothing_of_storage_has_it_elsewhere() {
        let checks =
            |role| storage(&server("grpcs://h:1"), role, None, &[]).into_iter().flat_map(lines).collect::<Vec<_>>();
        assert_eq!(
            checks(Role::Both),
            [
                "✗ digest          none: nothing is stored at this address",
                "fix: name the address of its storage with `--remote-cache grpcs://HOST:PORT`"
            ]
        );
        assert_eq!(checks(Role::Cache)[1], "fix: name the address of what stores with `--remote-cache`");
    }

    #[test]
    fn digest_functions_and_compression_are_held_against_what_bazel_uses() {
        let cache = |digests: &[DigestFunction], compressors: &[Compressor]| reapi::CacheCapabilities {
            digest_functions: digests.iter().map(|value| i32::from(*value)).collect(),
            supported_compressors: compressors.iter().map(|value| i32::from(*value)).collect(),
            ..Default::default()
        };
        let digest = |digests: &[DigestFunction]| lines(digest_functions(&cache(digests, &[]))).join("\n");
        assert_eq!(digest(&[DigestFunction::Blake3, DigestFunction::Sha256]), "✓ digest          BLAKE3, SHA256");
        assert_eq!(
            digest(&[DigestFunction::Blake3]),
            "✗ digest          BLAKE3, but not Bazel's SHA256\nfix: add `startup --digest_function=BLAKE3` to `.bazelrc`"
        );
        assert_eq!(digest(&[]), "✗ digest          none, but not Bazel's SHA256\nfix: configure the server for SHA256");
        let flag = Flag {
            file: ".bazelrc".into(),
            line: 2,
            command: "build".into(),
            config: Some("remote".into()),
            text: "--remote_cache_compression".into(),
        };
        let asked = |compressors: &[Compressor], text: &str| {
            let flag = Flag { text: text.to_owned(), ..flag.clone() };
            lines(compression(&cache(&[], compressors), &[flag])).swap_remove(0)
        };
        assert_eq!(asked(&[Compressor::Zstd], "--remote_cache_compression"), "✓ compression     zstd");
        assert_eq!(
            asked(&[Compressor::Identity], "--experimental_remote_cache_compression=true"),
            "✗ compression     none, and `.bazelrc:2` asks for it, with `--config=remote`"
        );
        assert_eq!(
            asked(&[], "--remote_cache_compression=false"),
            "✓ compression     none, and no rc file asks for it"
        );
    }
}
