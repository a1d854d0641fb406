//! NativeLink with the rendered configuration for TLS: whom each port lets in, and what it lets them do.
//!
//! The client is BuildGrid's Python: Debian's Bazel has no TLS.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::engine::nativelink::named_binary;
use crate::engine::{free_port, start_server, wait_until_listening};
use crate::lab::Lab;
use crate::sandbox::debian::shell;
use crate::sandbox::{tool, workspace};
use crate::test::case::{Tally, expect_equal};

/// In the root of the services.
const FOLDER: &str = "/lre/tls";

/// The authorities, and the certificates that they sign. The folders are those of the configuration's variables; `own` is
/// as a secret of the type `kubernetes.io/tls`.
const CERTIFICATES: &str = r#"
new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -x509 -days 2"
for authority in servers developers builders; do
  $new -subj "/CN=$authority" -keyout $authority.ca.key -out $authority.ca.pem
done
issue() {
  $new -CA "$2.ca.pem" -CAkey "$2.ca.key" -subj "/CN=$1" -addext basicConstraints=critical,CA:FALSE \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$1.key" -out "$1.pem"
}
issue server servers; issue developer developers; issue ci builders
mkdir own authorities
cp server.pem own/tls.crt; cp server.key own/tls.key; cp servers.ca.pem own/ca.crt
cat developers.ca.pem builders.ca.pem >authorities/readers.pem
cp authorities/readers.pem authorities/executors.pem
cat builders.ca.pem servers.ca.pem >authorities/writers.pem
cp servers.ca.pem authorities/workers.pem
"#;

const TOLD: &str = "\
CI writes a result: OK
a developer looks it up: OK
a developer writes a result at the port for developers: PERMISSION_DENIED
a developer writes a result at the port for CI: UNAVAILABLE
CI writes a result at the port for developers: PERMISSION_DENIED
that result: NOT_FOUND
nobody at the port of the cache: UNAVAILABLE
nobody at the port of the read-only cache: UNAVAILABLE
nobody at the port of the scheduler: UNAVAILABLE
nobody at the port of the workers: UNAVAILABLE
a developer at the port of the workers: UNAVAILABLE
CI at the port of the workers: UNAVAILABLE
a developer's action: exit 0, code 0
its result: OK
";

/// Of cache and scheduler, to CI. The action gets to the worker, whose root has no toolchain here.
const EXAMINED: &str = "\
remote cache ADDRESS
  ✓ connection      an answer takes …
  ✓ instance        `main`
  ✓ digest          SHA256, BLAKE3
  ✓ compression     none, and no rc file asks for it
  ✓ cache updates   allowed

remote ADDRESS
  ✓ connection      an answer takes …
  ✓ instance        `main`
  ✓ execution       enabled
  ✗ action          … is refused: No such file or directory (os error 2) …
";

/// Runs the check, if there is a NativeLink.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    match named_binary()? {
        Some(binary) => {
            let mut started = None;
            tally.check("NativeLink lets developers read, CI write, and nobody in without a certificate", || {
                let cluster = started.insert(Cluster::start(lab, &binary)?);
                expect_equal("what clients are told", &cluster.ask()?, TOLD)
            });
            if let Some(cluster) = started {
                tally.check("NativeLink's cache and scheduler are examined by `lre doctor`, each for its part", || {
                    expect_equal("what it says of them", &cluster.examine()?, EXAMINED)
                });
            }
        }
        None => tally.not_tried("NativeLink with TLS and client certificates: `LRE_NATIVELINK` names no binary of it"),
    }
    Ok(())
}

/// Cache, scheduler and worker; they end with it.
struct Cluster<'a> {
    lab: &'a Lab,
    processes: Vec<Child>,
    /// Cache, read-only cache, scheduler and workers.
    ports: [u16; 4],
}

impl<'a> Cluster<'a> {
    fn start(lab: &'a Lab, binary: &Path) -> Result<Self> {
        let folder = lab.sandbox.services.directory().join(FOLDER.trim_start_matches('/'));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fs::copy(binary, folder.join("nativelink")).with_context(|| format!("cannot copy `{}`", binary.display()))?;
        let script = format!("cd {FOLDER}\n{CERTIFICATES}");
        let output = shell(&lab.sandbox.services, &script, Duration::from_secs(60)).output()?;
        if !output.status.success() {
            bail!("openssl made no certificates:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
        let [cache, read_only, scheduler, api] = ports.map(|port| format!("127.0.0.1:{port}"));
        let mut cluster = Self { lab, processes: Vec::new(), ports };
        cluster.process("cas", &[("LRE_CACHE_LISTEN", &cache), ("LRE_READ_ONLY_LISTEN", &read_only)])?;
        let listens = [("LRE_SCHEDULER_LISTEN", &scheduler), ("LRE_API_LISTEN", &api)];
        cluster.process("scheduler", &[&listens[..], &[("LRE_CAS", &cache)]].concat())?;
        cluster.process("worker", &[("LRE_CAS", &cache), ("LRE_SCHEDULER", &api)])?;
        Ok(cluster)
    }

    /// Starts a process with its file of the rendered configuration.
    fn process(&mut self, name: &str, variables: &[(&str, &String)]) -> Result<()> {
        let health = free_port()?;
        let config = format!("/{}/nativelink/tls/{name}.json5", super::documents::FOLDER);
        // What is entered through `nsenter` outlives it otherwise.
        let words = ["--pdeathsig", "KILL", &format!("{FOLDER}/nativelink"), &config].map(str::to_owned);
        let mut entry = self.lab.sandbox.services.command("setpriv").args(words);
        for (variable, value) in [
            ("LRE_TLS", format!("{FOLDER}/own")),
            ("LRE_AUTHORITIES", format!("{FOLDER}/authorities")),
            ("LRE_DATA", format!("{FOLDER}/data-{name}")),
            ("LRE_HEALTH_LISTEN", format!("127.0.0.1:{health}")),
        ] {
            entry = entry.env(variable, value);
        }
        for (variable, value) in variables {
            entry = entry.env(variable, value);
        }
        let log = self.lab.sandbox.directory().join(format!("logs/nativelink-{name}.log"));
        let mut process = start_server(entry.build(), &log)?;
        let listens = wait_until_listening("NativeLink", &mut process, health, &log);
        self.processes.push(process);
        listens
    }

    /// What `lre doctor` says of cache and scheduler.
    fn examine(&self) -> Result<String> {
        let [cache, _, scheduler, _] = self.ports.map(|port| format!("grpcs://127.0.0.1:{port}"));
        let folder = self.lab.sandbox.services.directory().join(FOLDER.trim_start_matches('/'));
        let mut doctor = Command::new(tool(&self.lab.sandbox, "lre"));
        doctor.current_dir(workspace()).args(["doctor", "--no-store", "--toolchain", "cc=generated-cc"]);
        doctor.args(["--remote", &scheduler, "--remote-cache", &cache, "--remote-instance-name", "main"]);
        for (option, file) in
            [("--tls-ca", "own/ca.crt"), ("--tls-client-certificate", "ci.pem"), ("--tls-client-key", "ci.key")]
        {
            doctor.arg(option).arg(folder.join(file));
        }
        let output = doctor.output().context("cannot run `lre doctor`")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let remote = said.lines().skip_while(|line| !line.starts_with("remote "));
        let remote = remote.take_while(|line| !line.trim_start().starts_with("fix: "));
        let masked = remote.map(|line| match line.split_once("an answer takes ") {
            Some((start, _)) => format!("{start}an answer takes …\n"),
            None if line.starts_with("remote ") => {
                format!("{}ADDRESS\n", line.trim_end_matches(|letter: char| letter != ' '))
            }
            None if line.starts_with("  ✗ action ") => {
                let reason = line.split_once(" is refused: ").map_or(line, |(_, reason)| reason);
                format!("  ✗ action          … is refused: {} …\n", reason.split(" : ").next().unwrap_or_default())
            }
            None => format!("{line}\n"),
        });
        Ok(masked.collect())
    }

    /// What each client is told.
    fn ask(&self) -> Result<String> {
        let client = self.lab.sandbox.services.directory().join(FOLDER.trim_start_matches('/')).join("client.py");
        fs::write(&client, include_str!("client.py"))?;
        let manifest = fs::read_to_string(workspace().join("generated-cc/lre.json"))?;
        let manifest: Value = serde_json::from_str(&manifest)?;
        let properties = manifest["image"]["execProperties"].as_object().context("the manifest asks for nothing")?;
        let properties =
            properties.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
        let python = [format!("{FOLDER}/client.py"), FOLDER.to_owned()].into_iter();
        let arguments = python.chain(self.ports.map(|port| port.to_string())).chain(properties);
        let command = self.lab.sandbox.services.command("/lre/buildgrid/bin/python").args(arguments);
        let output = command.limit(Duration::from_secs(180)).build().output().context("cannot run the client")?;
        if !output.status.success() {
            bail!("the client failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
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
