//! NativeLink with the rendered configuration for TLS: whom each port lets in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Child;

use anyhow::{Context, Result, bail};

use super::Consumer;
use crate::engine::{free_port, start_server, wait_until_listening};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};

/// Below the sandbox's place.
const FOLDER: &str = "tls";

/// The authorities, and the certificates that they sign. `ca.crt` is the servers' authority, as in a secret of the type
/// `kubernetes.io/tls`.
const CERTIFICATES: &str = r#"
new="openssl req -quiet -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -x509 -days 2"
for authority in servers developers ci; do
  $new -subj "/CN=$authority" -keyout $authority.ca.key -out $authority.ca.pem
done
issue() {
  $new -CA "$2.ca.pem" -CAkey "$2.ca.key" -subj "/CN=$1" -addext basicConstraints=critical,CA:FALSE \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$1.key" -out "$1.pem"
}
issue server servers; issue developer developers; issue builder ci
mkdir own authorities
cp server.pem own/tls.crt; cp server.key own/tls.key; cp servers.ca.pem own/ca.crt
cat developers.ca.pem ci.ca.pem >authorities/readers.pem
cp authorities/readers.pem authorities/executors.pem
cat ci.ca.pem servers.ca.pem >authorities/writers.pem
cp servers.ca.pem authorities/workers.pem
"#;

/// Runs the checks, if there is a NativeLink.
pub(super) fn run(tally: &mut Tally, lab: &Lab, consumer: &Consumer<'_>) -> Result<()> {
    let Some(binary) = std::env::var_os("LRE_NATIVELINK").map(PathBuf::from) else {
        tally.not_tried("NativeLink with TLS and client certificates: `LRE_NATIVELINK` names no binary of it");
        return Ok(());
    };
    let cluster = Cluster::start(lab, consumer, &binary)?;
    consumer.configure(&cluster.settings().iter().map(String::as_str).collect::<Vec<_>>())?;
    let credentials = lab.sandbox.place().outside(format!("{}/asked", consumer.workspace.path));
    consumer.workspace.write(
        "credentials",
        "#!/bin/sh\ncat >>\"$(dirname \"$0\")/asked\"\necho '{\"headers\": {\"authorization\": [\"Bearer x\"]}}'\n",
    )?;
    let helper = credentials.with_file_name("credentials");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755))?;

    let ci = cluster.certificate("builder");
    let ci: Vec<&str> = ci.iter().map(String::as_str).collect();
    let local = "--remote_executor=";
    tally.check("with certificates, CI's result is a developer's hit", || {
        let wrote = consumer.build("ci", "lre-ci", &[&ci[..], &[local]].concat())?.is_hit()?;
        let read = consumer.build("ci", "lre", &[local])?.is_hit()?;
        expect_equal("the hits", &format!("{wrote} {read}"), "false true")
    });
    tally.check("the credential helper is asked for the cache's host", || {
        let asked = fs::read_to_string(&credentials).context("the helper was not asked")?;
        if !asked.contains("\"uri\":\"https://127.0.0.1") {
            bail!("the helper was asked for {asked}");
        }
        Ok(())
    });
    tally.check("the port that may be written to refuses a developer's certificate", || {
        // Whether Bazel goes on without a cache is its own affair.
        let intruder = consumer.build("intruder", "lre-ci", &[local])?.outcome.stderr;
        if !intruder.contains(&cluster.cache.to_string()) && !intruder.to_lowercase().contains("certificate") {
            bail!("Bazel says nothing of a certificate:\n{intruder}");
        }
        expect_equal("a hit", &consumer.build("intruder", "lre", &[local])?.is_hit()?.to_string(), "false")
    });
    tally.check("the read-only port keeps no result, also of a build that uploads", || {
        for _ in 0..2 {
            let upload = [local, "--remote_upload_local_results"];
            expect_equal("a hit", &consumer.build("upload", "lre", &upload)?.is_hit()?.to_string(), "false")?;
        }
        Ok(())
    });
    tally.check("no port takes a client without a certificate", || {
        for flags in [["--config=lre", local], ["--config=lre-ci", local], ["--config=lre", "--remote_cache="]] {
            let without = ["--tls_client_certificate=", "--tls_client_key="];
            consumer.build("ci", "lre", &[&flags[..], &without].concat())?.refusal()?;
        }
        Ok(())
    });
    tally.check("a developer's action runs on a worker, whose result is kept", || {
        let remote = ["--spawn_strategy=remote"];
        let ran = consumer.build("remote", "lre", &remote)?.runner()?;
        expect_equal("the first", &format!("{ran:?}"), "(\"remote\", false)")?;
        let hit = consumer.build("remote", "lre", &[local])?.is_hit()?;
        expect_equal("a hit of a local build", &hit.to_string(), "true")
    });
    Ok(())
}

/// Cache, scheduler and worker; they end with it.
struct Cluster<'a> {
    lab: &'a Lab,
    processes: Vec<Child>,
    cache: u16,
    read_only: u16,
    scheduler: u16,
}

impl<'a> Cluster<'a> {
    fn start(lab: &'a Lab, consumer: &Consumer<'_>, binary: &PathBuf) -> Result<Self> {
        let place = lab.sandbox.place();
        let folder = place.outside(FOLDER);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fs::copy(binary, folder.join("nativelink")).with_context(|| format!("cannot copy `{}`", binary.display()))?;
        let openssl = lab.sandbox.command("sh").args(["-euc", CERTIFICATES]).directory(place.inside(FOLDER));
        let output = openssl.build().output().context("cannot run openssl")?;
        if !output.status.success() {
            bail!("openssl made no certificates:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        consumer.lre(&[
            "deploy",
            "render",
            "--manifest",
            "lre-cc",
            "--out",
            &place.text(format!("{FOLDER}/deploy")),
        ])?;
        let [cache, read_only, scheduler, api] = [free_port()?, free_port()?, free_port()?, free_port()?];
        let mut cluster = Self { lab, processes: Vec::new(), cache, read_only, scheduler };
        let local = |port: u16| format!("127.0.0.1:{port}");
        cluster.process(
            "cas",
            cache,
            &[("LRE_CACHE_LISTEN", local(cache)), ("LRE_READ_ONLY_LISTEN", local(read_only))],
        )?;
        let listens = [("LRE_SCHEDULER_LISTEN", local(scheduler)), ("LRE_API_LISTEN", local(api))];
        cluster.process("scheduler", scheduler, &[&listens[..], &[("LRE_CAS", local(cache))]].concat())?;
        let health = free_port()?;
        let addresses = [("LRE_CAS", local(cache)), ("LRE_SCHEDULER", local(api))];
        cluster.process("worker", health, &[&addresses[..], &[("LRE_HEALTH_LISTEN", local(health))]].concat())?;
        Ok(cluster)
    }

    /// Starts a process with its file of the rendered configuration, and waits until it listens on `port`.
    fn process(&mut self, name: &str, port: u16, variables: &[(&str, String)]) -> Result<()> {
        let place = self.lab.sandbox.place();
        let text = |file: &str| place.text(format!("{FOLDER}/{file}"));
        let health = format!("127.0.0.1:{}", free_port()?);
        // What is entered through `nsenter` outlives it otherwise.
        let words = ["--pdeathsig", "KILL", &text("nativelink"), &text(&format!("deploy/nativelink/tls/{name}.json5"))]
            .map(str::to_owned);
        let mut entry = self.lab.sandbox.command("setpriv").args(words).env("LRE_HEALTH_LISTEN", health);
        for (variable, folder) in [("LRE_TLS", "own"), ("LRE_AUTHORITIES", "authorities")] {
            entry = entry.env(variable, text(folder));
        }
        entry = entry.env("LRE_DATA", text(&format!("data-{name}")));
        for (variable, value) in variables {
            entry = entry.env(variable, value);
        }
        let log = self.lab.sandbox.directory().join(format!("logs/nativelink-{name}.log"));
        let mut process = start_server(entry.build(), &log)?;
        wait_until_listening("NativeLink", &mut process, port, &log)?;
        self.processes.push(process);
        Ok(())
    }

    /// What `lre bazelrc` is told, with a developer's certificate.
    fn settings(&self) -> Vec<String> {
        let file = |name: &str| self.lab.sandbox.place().text(format!("{FOLDER}/{name}"));
        let address = |port: u16| format!("grpcs://127.0.0.1:{port}");
        [
            ("--remote-cache", address(self.read_only)),
            ("--remote-executor", address(self.scheduler)),
            ("--ci-remote-cache", address(self.cache)),
            ("--instance", "main".to_owned()),
            ("--credential-helper", "%workspace%/credentials".to_owned()),
            ("--tls-certificate", file("servers.ca.pem")),
            ("--tls-client-certificate", file("developer.pem")),
            ("--tls-client-key", file("developer.key")),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
    }

    /// Bazel's flags for somebody else's certificate.
    fn certificate(&self, name: &str) -> [String; 2] {
        let file = |ending: &str| self.lab.sandbox.place().text(format!("{FOLDER}/{name}.{ending}"));
        [format!("--tls_client_certificate={}", file("pem")), format!("--tls_client_key={}", file("key"))]
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // One that has ended already is what is wanted.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
