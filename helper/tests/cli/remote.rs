//! `lre doctor --remote` against a server with TLS, one that wants credentials, cache and executor apart, and with Ctrl-C.

use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustix::process::{Pid, Signal, kill_process};
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::doctor::healthy;
use crate::server::{Behaviour, Part, Queue, Server};
use crate::support::Scene;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

/// A certificate for a name, and its key.
fn certificate(authority: &Authority, name: &str) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

/// `lre doctor` in a scene, which trusts `trusted.pem` beside it and nothing of the machine.
fn doctor(scene: &Scene, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lre"));
    command.args(["doctor", "--store", "store"]).args(options).current_dir(scene.path()).env_clear();
    command.env("PATH", scene.path().join("bin")).env("SSL_CERT_FILE", scene.path().join("trusted.pem"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What is said of the server; times are not.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let remote = text.split_once("\nremote ").map_or("", |(_, remote)| remote);
    // Two addresses have two titles.
    let (title, remote) = remote.split_once('\n').unwrap_or_default();
    let title = title.strip_prefix("cache ").map_or(String::new(), |cache| format!("remote cache {cache}\n"));
    let lines = remote.lines().map(|line| match line.split_once("an answer takes ") {
        Some((before, _)) => format!("{before}an answer takes …\n"),
        None => format!("{line}\n"),
    });
    let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
    format!("exit {code}\n{title}{}--- stderr\n{}", lines.collect::<String>(), String::from_utf8_lossy(&output.stderr))
}

fn asked(scene: &Scene, options: &[&str]) -> String {
    said(&doctor(scene, options).output().expect("the binary runs"))
}

#[test]
fn server_with_tls_is_trusted_by_the_authority_that_signed_its_certificate() {
    let scene = healthy();
    let [ours, other] = ["ours", "other"].map(authority);
    scene.write("ours.pem", &ours.pem());
    scene.write("trusted.pem", &other.pem());
    let (certificate, key) = certificate(&ours, "127.0.0.1");
    let tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
    let server = Server::start(Behaviour { tls: Some(tls), ..Behaviour::default() });
    let address = format!("grpcs://{}", server.address);
    let remote = ["--remote", &address, "--deadline", "1"];
    assert_snapshot!("tls-stranger", asked(&scene, &remote));
    assert_snapshot!("tls-wrong-authority", asked(&scene, &[&remote[..], &["--tls-ca", "trusted.pem"]].concat()));
    let trusted = asked(&scene, &[&remote[..], &["--tls-ca", "ours.pem"]].concat());
    assert_snapshot!("tls-trusted", trusted);
    // Without the option, what the machine trusts counts.
    scene.write("trusted.pem", &ours.pem());
    assert_eq!(asked(&scene, &remote), trusted);
    assert_eq!(server.queue(), Queue { waiting: Vec::new(), cancelled: 2 });
}

#[test]
fn server_that_asks_for_a_certificate_gets_it() {
    let scene = healthy();
    let ours = authority("ours");
    scene.write("ours.pem", &ours.pem());
    let [server, client] = ["127.0.0.1", "client"].map(|name| certificate(&ours, name));
    scene.write("client.pem", &client.0);
    scene.write("client.key", &client.1);
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(server.0, server.1))
        .client_ca_root(Certificate::from_pem(ours.pem()));
    let server = Server::start(Behaviour { tls: Some(tls), ..Behaviour::default() });
    let address = format!("grpcs://{}", server.address);
    let remote = ["--remote", &address, "--tls-ca", "ours.pem", "--deadline", "1"];
    let without = asked(&scene, &remote);
    assert!(without.starts_with("exit 1\n  ✗ connection"), "{without}");
    let shown = ["--tls-client-certificate", "client.pem", "--tls-client-key", "client.key"];
    assert_snapshot!("tls-client", asked(&scene, &[&remote[..], &shown].concat()));
}

#[test]
fn credentials_are_those_of_the_helper_and_no_message_has_them() {
    let scene = healthy();
    let server = Server::start(Behaviour { authorization: Some("Bearer secret"), ..Behaviour::default() });
    let address = format!("grpc://{}", server.address);
    let remote = ["--remote", &address, "--deadline", "1"];
    let with_helper = [&remote[..], &["--credential_helper", "bin/helper"]].concat();
    assert_snapshot!("credentials-absent", asked(&scene, &remote));
    let answer = r#"{"headers": {"Authorization": ["Bearer secret"]}, "expires": "2100-01-01T00:00:00Z"}"#;
    // `read` is the shell's own: it has no other program here.
    let script =
        |end: &str| format!("#!/bin/sh\nread -r request\nprintf '%s %s\\n' \"$1\" \"$request\" >asked\n{end}\n");
    scene.write_program("bin/helper", &script(&format!("echo '{answer}'")));
    assert_snapshot!("credentials", asked(&scene, &with_helper));
    let uri = format!("https://{}/build.bazel.remote.execution.v2.Capabilities", server.address);
    assert_eq!(scene.read("asked"), format!("get {{\"uri\":\"{uri}\"}}\n"));
    scene.write_program("bin/helper", &script("echo 'log in first' >&2; exit 3"));
    let without_port = |text: String| text.replace(&server.address.to_string(), "HOST:PORT");
    assert_snapshot!("credentials-refused", without_port(asked(&scene, &with_helper)));
    scene.write_program("bin/helper", &script("echo 'Bearer secret'"));
    assert_snapshot!("credentials-malformed", without_port(asked(&scene, &with_helper)));
}

/// Ports are others each time.
fn with_names(text: &str, servers: &[(&Server, &str)]) -> String {
    servers.iter().fold(text.to_owned(), |text, (server, name)| text.replace(&server.address.to_string(), name))
}

#[test]
fn server_is_told_with_the_scheme_that_it_speaks() {
    let scene = healthy();
    // The machine trusts nobody.
    let ours = authority("ours");
    let (certificate, key) = certificate(&ours, "127.0.0.1");
    let tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
    let [secure, plain] = [Some(tls), None].map(|tls| Server::start(Behaviour { tls, ..Behaviour::default() }));
    let asked = |scheme: &str, server: &Server| {
        let address = format!("{scheme}://{}", server.address);
        with_names(&asked(&scene, &["--remote", &address, "--deadline", "1"]), &[(server, "HOST:PORT")])
    };
    assert_snapshot!("scheme-without-tls", asked("grpcs", &plain));
    assert_snapshot!("scheme-with-tls", asked("grpc", &secure));
    assert_snapshot!("scheme-trusted-by-nobody", asked("grpcs", &secure));
    assert_eq!([plain.stored(), secure.stored()], [0, 0]);
}

#[test]
fn cache_and_executor_at_two_addresses_are_judged_each_for_its_part() {
    let scene = healthy();
    let [cache, scheduler] =
        [Part::Cache, Part::Scheduler].map(|part| Server::start(Behaviour { part, ..Behaviour::default() }));
    let [at_cache, at_scheduler] = [&cache, &scheduler].map(|server| format!("grpc://{}", server.address));
    let asked = |options: &[&str]| {
        let result = asked(&scene, &[options, &["--deadline", "1"]].concat());
        with_names(&result, &[(&cache, "CACHE"), (&scheduler, "SCHEDULER")])
    };
    assert_snapshot!("two", asked(&["--remote", &at_scheduler, "--remote-cache", &at_cache]));
    assert_eq!([cache.stored(), scheduler.stored()], [3, 0]);
    assert_eq!(scheduler.queue(), Queue { waiting: Vec::new(), cancelled: 1 });
    assert_snapshot!("two-of-which-one-is-named", asked(&["--remote", &at_scheduler]));
    assert_snapshot!("two-exchanged", asked(&["--remote", &at_cache, "--remote_cache", &at_scheduler]));
    assert_snapshot!("two-the-same", asked(&["--remote", &at_scheduler, "--remote-cache", &at_scheduler]));
    assert_snapshot!("two-no-cache", asked(&["--remote", &at_scheduler, "--remote-cache", "grpc://127.0.0.1:1"]));
    assert_snapshot!("two-not-addressed", asked(&["--remote", &at_scheduler, "--remote-cache", "http://127.0.0.1:1"]));
    assert_snapshot!("two-cache-alone", asked(&["--remote-cache", &at_cache]));
    assert_eq!([cache.stored(), scheduler.stored()], [3, 0]);
}

#[test]
fn credentials_are_asked_for_each_address() {
    let scene = healthy();
    let behaviour =
        |part, authorization| Behaviour { part, authorization: Some(authorization), ..Behaviour::default() };
    let cache = Server::start(behaviour(Part::Cache, "Bearer cache"));
    let scheduler = Server::start(behaviour(Part::Scheduler, "Bearer scheduler"));
    let answer = |name: &str| format!(r#"{{"headers": {{"Authorization": ["Bearer {name}"]}}}}"#);
    let (cached, scheduled) = (answer("cache"), answer("scheduler"));
    let script = format!(
        "#!/bin/sh\nread -r request\ncase $request in *{}/*) echo '{cached}';; *) echo '{scheduled}';; esac\n",
        cache.address
    );
    scene.write_program("bin/helper", &script);
    let [at_cache, at_scheduler] = [&cache, &scheduler].map(|server| format!("grpc://{}", server.address));
    let options = ["--remote", &at_scheduler, "--remote-cache", &at_cache, "--credential-helper", "bin/helper"];
    let result = asked(&scene, &[&options[..], &["--deadline", "1"]].concat());
    assert_snapshot!("two-credentials", with_names(&result, &[(&cache, "CACHE"), (&scheduler, "SCHEDULER")]));
    assert_eq!([cache.stored(), scheduler.stored()], [3, 0]);
}

#[test]
fn interrupted_doctor_leaves_nothing_in_the_queue() {
    let scene = healthy();
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start(Behaviour::default());
        let address = format!("grpc://{}", server.address);
        let child = doctor(&scene, &["--remote", &address, "--deadline", "60"]).spawn().expect("the binary runs");
        let start = Instant::now();
        while server.queue().waiting.is_empty() {
            assert!(start.elapsed() < Duration::from_secs(30), "no action comes");
            sleep(Duration::from_millis(10));
        }
        kill_process(Pid::from_child(&child), signal).expect("it runs");
        let output = child.wait_with_output().expect("its output");
        assert!(start.elapsed() < Duration::from_secs(30), "it waited for its deadline");
        assert_snapshot!("interrupted", said(&output));
        assert_eq!(server.queue(), Queue { waiting: Vec::new(), cancelled: 1 });
    }
}
