//! `lre.bazelrc` as the flake writes it, and as `lre bazelrc` prints it: the same bytes, the same refusals.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{FLAKE, command};
use crate::lab::Lab;
use crate::repository::target_directory;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

const ROOT: &str = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1";
const STORE: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy";

#[derive(Serialize)]
#[allow(non_snake_case, reason = "the names of the Nix function's arguments")]
struct Case {
    Env: Option<Vec<String>>,
    kind: Option<String>,
    prefix: Option<String>,
    helper: Option<String>,
    remote: BTreeMap<&'static str, String>,
}

/// What Nix makes of a case.
#[derive(Deserialize, PartialEq, Debug)]
#[serde(untagged)]
enum Made {
    Text { text: String },
    Refusal { problem: String },
}

/// Runs the comparison.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let cases = cases();
    let count = cases.len();
    tally.check(&format!("{count} rc files of the flake are those of `lre bazelrc`, refusals included"), || {
        let made = made_by_nix(lab, &cases)?;
        let refusals = made.iter().filter(|made| matches!(made, Made::Refusal { .. })).count();
        if refusals == 0 || refusals == count {
            bail!("{refusals} of {count} cases are refused, so one side is not compared");
        }
        let folder = tempfile::tempdir()?;
        for (case, made) in cases.iter().zip(made) {
            let what = serde_json::to_string(case)?;
            let printed = printed_by_lre(folder.path(), case).with_context(|| format!("with {what}"))?;
            expect_equal(&what, &format!("{made:#?}"), &format!("{printed:#?}"))?;
        }
        Ok(())
    });
    Ok(())
}

fn made_by_nix(lab: &Lab, cases: &[Case]) -> Result<Vec<Made>> {
    let place = lab.sandbox.place();
    let file = format!("{FLAKE}/cases.json");
    fs::write(place.outside(&file), serde_json::to_string(cases)?)?;
    let entry = command(lab, "nix-instantiate").args(["--store", "dummy://", "--eval", "--strict", "--json"]);
    let text = output(entry.args(["nix/tests/bazelrc.nix", "--argstr", "cases", &place.text(&file)]))?;
    serde_json::from_str(&text).with_context(|| format!("`nix/tests/bazelrc.nix` printed `{text}`"))
}

fn printed_by_lre(folder: &std::path::Path, case: &Case) -> Result<Made> {
    let mut lre = Command::new(target_directory().join("debug/lre"));
    lre.arg("bazelrc").current_dir(folder);
    if let Some(env) = &case.Env {
        fs::write(folder.join("env.json"), serde_json::to_string(env)?)?;
        lre.args(["--env-json", "env.json"]);
    }
    for (option, value) in [("kind", &case.kind), ("prefix", &case.prefix), ("helper", &case.helper)] {
        lre.args(value.iter().map(|value| format!("--{option}={value}")));
    }
    for (setting, value) in &case.remote {
        let option = REMOTE.iter().find(|(name, _)| name == setting).context("a setting without an option")?.1;
        lre.arg(format!("--{option}={value}"));
    }
    let output = lre.output().context("cannot run `lre`")?;
    if output.status.success() {
        return Ok(Made::Text { text: String::from_utf8(output.stdout)? });
    }
    let message = String::from_utf8(output.stderr)?;
    let message = message.strip_prefix("error: ").context("`lre` printed no error")?;
    let message = message.strip_prefix("cannot use `env.json` as Env: ").unwrap_or(message);
    // The hint of each side names its own way to set the value.
    let problem = message.split("\n\n").next().unwrap_or_default().trim_end().to_owned();
    Ok(Made::Refusal { problem })
}

/// The settings of `remote`, and the options of `lre bazelrc`.
const REMOTE: [(&str, &str); 8] = [
    ("cache", "remote-cache"),
    ("executor", "remote-executor"),
    ("instance", "instance"),
    ("ciCache", "ci-remote-cache"),
    ("credentialHelper", "credential-helper"),
    ("tlsCertificate", "tls-certificate"),
    ("tlsClientCertificate", "tls-client-certificate"),
    ("tlsClientKey", "tls-client-key"),
];

/// Every Env with every prefix and every helper that is worth it.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for env in environments() {
        for prefix in [None, Some("lre"), Some("a.b+c_d-1")] {
            for helper in [None, Some("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-lre/bin/lre")] {
                cases.push(case(env.clone(), prefix, helper));
            }
        }
    }
    let both = Some(vec![format!("JAVA_HOME={STORE}-openjdk-21"), format!("CC={ROOT}/bin/clang")]);
    for env in [None, both] {
        for kind in ["cc", "java"] {
            cases.push(Case { kind: Some(kind.to_owned()), ..case(env.clone(), Some("lre"), None) });
        }
    }
    let env = || Some(vec![format!("PATH={ROOT}/bin"), format!("CC={ROOT}/bin/clang")]);
    for prefix in ["", "a b", "a:b", "a\nbuild", "é", "-x", "a/b", "a%b", "--config"] {
        cases.push(case(env(), Some(prefix), None));
        cases.push(case(None, Some(prefix), Some("/lre")));
    }
    let spaces = ["/l re", "/l\tre", "/l\u{a0}re", "/l\u{2003}re", "/l\u{85}re", "/l\u{1}re", "/l\u{200b}re", "/lré"];
    for helper in ["", "lre", "./lre", "/l\"re", "/l're", "/l\\re", "/l#re", "/l%re"].into_iter().chain(spaces) {
        cases.push(case(env(), Some("lre"), Some(helper)));
        cases.push(case(None, None, Some(helper)));
    }
    for remote in remotes() {
        cases.push(Case { remote: remote.clone(), ..case(env(), Some("lre"), None) });
        cases.push(Case { remote, ..case(None, None, Some("/lre")) });
    }
    cases
}

/// Everything that each setting is with what it needs beside it, and what it lacks alone.
fn remotes() -> Vec<BTreeMap<&'static str, String>> {
    let mut remotes = Vec::new();
    let addresses = [
        "",
        "h:1",
        "grpc://h",
        "grpc://127.0.0.1:8980",
        "grpcs://cache.example.com:443",
        "grpcs://h",
        "grpcs://[::1]:1",
        "https://a-b.example/bazel/main",
        "http://h:80/",
        "unix:/run/cas.sock",
        "unix:run",
        "unix:/",
        "unix:///run/x",
        "grpcs://user:secret@h.x",
        "https://h.x/?key=1",
        "grpc://h/path",
        "grpc://h:0",
        "grpc://h:00080",
        "grpc://h:65535",
        "grpc://h:65536",
        "grpc://h:",
        "grpc://h_x",
        "grpc://-h",
        "grpc://h..x",
        "grpc://h.",
        "grpc://[::g]",
        "grpc://[]",
        "ftp://h",
        "grpc://h\n",
        "grpc://h o",
        "grpc://h#x",
        "grpc://é",
        "https://h.x/a%20b",
        "GRPC://h",
    ];
    let good = [
        ("cache", "grpcs://cache.example.com"),
        ("executor", "grpcs://scheduler.example.com:50052"),
        ("instance", "main"),
        ("ciCache", "grpcs://ci.example.com"),
        ("credentialHelper", "%workspace%/tools/credentials"),
        ("tlsCertificate", "/etc/lre/ca.pem"),
        ("tlsClientCertificate", "/etc/lre/client.pem"),
        ("tlsClientKey", "/etc/lre/client.key"),
    ];
    let map = |pairs: &[(&'static str, &str)]| -> BTreeMap<&'static str, String> {
        pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let full = map(&good);
    remotes.push(full.clone());
    for (index, pair) in good.iter().enumerate() {
        // Each alone, each beside an address, and all without it.
        remotes.push(map(&[*pair]));
        remotes.push(map(&[good[0], *pair]));
        remotes.push(map(&good
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != index)
            .map(|(_, pair)| *pair)
            .collect::<Vec<_>>()));
    }
    for address in addresses {
        for name in ["cache", "executor", "ciCache"] {
            let mut remote = full.clone();
            remote.insert(name, address.to_owned());
            remotes.push(remote);
            remotes.push(map(&[("cache", "grpc://h"), (name, address)]));
            remotes.push(map(&[(name, address), ("credentialHelper", "/bin/credentials")]));
            remotes.push(map(&[(name, address), ("tlsCertificate", "/ca.pem")]));
        }
    }
    for (name, values) in [
        (
            "instance",
            &["", "a/b", "a//b", "/a", "projects/x/instances/y.z_0~+:-", "a b", "a/blobs", "blobsa", "é", "a\nb"][..],
        ),
        (
            "credentialHelper",
            &["", "credentials", "%workspace%", "%workspace%/a b", "%workspace%/%workspace%/a", "/a%b", "/a=b"],
        ),
        ("tlsCertificate", &["", "ca.pem", "%workspace%/ca.pem", "/a b", "/nix/store/ca.pem"]),
        ("tlsClientKey", &["", "key", "/a'b", "/nix/store/key.pem"]),
    ] {
        for value in values {
            let mut remote = full.clone();
            remote.insert(name, (*value).to_owned());
            remotes.push(remote);
        }
    }
    remotes
}

fn case(env: Option<Vec<String>>, prefix: Option<&str>, helper: Option<&str>) -> Case {
    Case {
        Env: env,
        kind: None,
        prefix: prefix.map(str::to_owned),
        helper: helper.map(str::to_owned),
        remote: BTreeMap::new(),
    }
}

fn environments() -> Vec<Option<Vec<String>>> {
    let root = format!("{ROOT}/bin");
    let path = |path: &str| vec![format!("PATH={path}")];
    let shell = |shell: &str| vec![format!("BAZEL_SH={shell}")];
    let named = |name: &str| vec![format!("PATH={root}:{STORE}-{name}/bin")];
    let mut lists: Vec<Vec<String>> = vec![
        vec![],
        vec!["A=1".into(), "B=".into(), "C=x=y".into(), "D= spaces and \t tabs ".into(), "E=é\u{2028}\"'#%\\".into()],
        path(""),
        path(&root),
        path(&format!("{root}:{STORE}-coreutils-9.5/bin/")),
        path("/usr/bin"),
        path(&format!("{root}:")),
        path(&format!("{root}::{root}")),
        path("bin"),
        path("/nix/store"),
        path("/nix/store/"),
        path("/nix/store/zz"),
        path(&format!("{root}/../../..")),
        path(&format!("{root}/./../bin")),
        path(&format!("{ROOT}/%workspace%")),
        path(&format!("{ROOT}/a b")),
        path(&format!("{ROOT}/a\u{3000}b")),
        path("/nix/store/esqa3kfq3maclk7cqqhrjvp7vriw6ahy-x/bin"),
        path("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ah-x/bin"),
        path(&format!("{STORE}-{}/bin", "n".repeat(211))),
        path(&format!("{STORE}-{}/bin", "n".repeat(212))),
        path(&vec![root.clone(); 400].join(":")),
        shell("/bin/bash"),
        shell(&format!("{root}/bash")),
        shell(&format!("{root}//./x/../bash/")),
        shell(&format!("{root}/../../x")),
        shell(&format!("{root}/ba sh")),
        shell(""),
        [path(&format!("{STORE}-bash-5.2/bin")), shell(&format!("{root}/bash"))].concat(),
        [path("/usr/bin"), shell("/bin/bash")].concat(),
        vec![format!("JAVA_HOME={STORE}-openjdk-21/lib/openjdk")],
        [path(&root), vec![format!("JAVA_HOME={STORE}-openjdk-21"), format!("BAZEL_JAVA_TOOLS={ROOT}")]].concat(),
        vec![format!("JAVA_HOME={STORE}-openjdk-21"), format!("CC={root}/clang")],
        vec!["A".into()],
        vec!["=x".into()],
        vec!["".into()],
        vec!["A=1".into(), "B=2".into(), "A=3".into()],
        vec!["A=1\nbuild --x".into()],
        vec!["A=1\r".into()],
        vec!["A\r\n\"'\\=1".into()],
        vec!["A=\r\n".into(), "B".into()],
        vec!["A=1".into(), "\n".into()],
        vec!["PATH=/usr/bin".into(), "A".into()],
    ];
    let shells =
        ["bash", "bash-5.2", "bash-interactive-5.2", "bash-completion-2", "bash-", "bash5", "bash-interactive-x"];
    lists.extend(shells.map(named));
    lists.extend([".x", "..x", ".-x", "..-x", ".", "..", "a~b", "a+b_c?d=e"].map(named));
    let mut environments: Vec<Option<Vec<String>>> = lists.into_iter().map(Some).collect();
    environments.push(None);
    environments
}
