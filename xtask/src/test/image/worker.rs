//! The worker's image, as other programs see it: skopeo, umoci, crun and a registry.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{FOLDER, printed, script};
use crate::lab::{HELLO, Lab};
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

/// Makes the image `out`, and prints its digest.
const BUILD: &str = r#"
    export XDG_CACHE_HOME=/lre/cache
    build() { "$0" image build --manifest "$1/lre-cc/lre.json" --worker "$2/bin/buildbox-worker" --out "${@:3}" 2>log || { cat log >&2; exit 1; }; }
"#;

pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally
        .check("the worker's image agrees with the toolchain, for skopeo and umoci too, and is the same twice", || {
            image(lab)
        });
    tally.check("a second image takes from the cache what is as it was, and makes the rest again", || cache(lab));
    tally.check("an image that was pushed to a registry is pulled with the same digest", || registry(lab));
    match crun(lab) {
        Ok(None) => tally.check("crun runs the image as its user", || Ok(())),
        Ok(Some(reason)) => tally.not_tried(&format!("`crun run` of the worker's image: {reason}")),
        Err(error) => tally.fail("crun runs the image as its user", &error),
    }
}

fn build(lab: &Lab, text: &str) -> Result<String> {
    let hello = lab.sandbox.place().text(HELLO);
    printed(lab, &format!("{BUILD}{text}"), &[&hello, &lab.sandbox.toolchain.worker])
}

fn image(lab: &Lab) -> Result<()> {
    let text = r#"
        build "$1" "$2" oci:worker:1 && build "$1" "$2" oci-archive:worker.tar && build "$1" "$2" oci:gzip --compression gzip >/dev/null
        skopeo inspect --format '{{.Digest}}' oci:worker:1
        "$0" check "$1/lre-cc" --image oci:worker --confirm
        "$0" check "$1/lre-cc" --image oci:gzip --confirm
        build "$1" "$2" docker-archive:saved.tar >/dev/null
        skopeo --insecure-policy copy --quiet docker-archive:saved.tar oci:copied:1
        "$0" check "$1/lre-cc" --image docker-archive:saved.tar --confirm
        umoci unpack --image worker:1 bundle
        umoci unpack --image copied:1 bundle-copied
        diff -r --no-dereference bundle/rootfs bundle-copied/rootfs >&2
        stat -c '%a %u:%g %n' bundle/rootfs/tmp bundle/rootfs/home/nativelink bundle/rootfs/nix/store
        skopeo inspect --config oci:worker:1 >config.json"#;
    let printed = build(lab, text)?;
    let lines: Vec<&str> = printed.lines().collect();
    let digest = *lines.first().context("nothing is printed")?;
    let clean = "lre check: clean\n".repeat(2);
    let expected = format!(
        "{digest}\n{digest}\n{digest}\n{clean}lre check: clean\n1777 0:0 bundle/rootfs/tmp\n\
         755 1000:1000 bundle/rootfs/home/nativelink\n755 0:0 bundle/rootfs/nix/store\n"
    );
    expect_equal("what is printed", &printed, &expected)?;
    let config = fs::read(lab.sandbox.place().outside(FOLDER).join("config.json"))?;
    let config: Value = serde_json::from_slice(&config)?;
    let wanted: Value = serde_json::from_str(&lab.sandbox.toolchain.environment)?;
    expect_equal("Env for skopeo", &config["config"]["Env"].to_string(), &wanted.to_string())?;
    expect_equal("the user for skopeo", &config["config"]["User"].to_string(), "\"1000:1000\"")
}

fn cache(lab: &Lab) -> Result<()> {
    let text = r#"
        export XDG_CACHE_HOME=$PWD/own-cache
        build "$1" "$2" oci:first; grep -c ', from the cache$' log || true
        build "$1" "$2" oci:second; grep -c ', from the cache$' log
        smallest=$(ls -S own-cache/lre/layers/*.layer | tail -n 1)
        printf x >"$smallest"
        build "$1" "$2" oci:third; grep -c ', from the cache$' log
        build "$1" "$2" oci:fourth --max-layers 2 >/dev/null; grep -c ', from the cache$' log || true
        ls first/blobs/sha256 | wc -l; ls fourth/blobs/sha256 | wc -l"#;
    let printed = build(lab, text)?;
    let digest = printed.lines().next().context("nothing is printed")?.to_owned();
    // Three store roots and the files on top, with two documents; two layers with two documents.
    expect_equal("what is printed", &printed, &format!("{digest}\n0\n{digest}\n3\n{digest}\n2\n0\n6\n4\n"))
}

/// A registry that ends with the value.
struct Registry {
    server: Child,
    port: u16,
}

impl Registry {
    fn start(lab: &Lab) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let text = r#"
            mkdir -p registry
            cat >registry.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: $PWD/registry}}
http: {addr: "127.0.0.1:$1"}
END
            exec docker-registry serve registry.yml"#;
        let mut command = script(lab, text).args([port.to_string()]).build();
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut registry = Self { server, port };
        for _ in 0..300 {
            if let Some(status) = registry.server.try_wait()? {
                bail!("the registry ended before it listened: {status}");
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(registry);
            }
            thread::sleep(Duration::from_millis(100));
        }
        bail!("the registry does not listen")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn registry(lab: &Lab) -> Result<()> {
    let registry = Registry::start(lab)?;
    let name = format!("docker://127.0.0.1:{}/team/lre-cc:1", registry.port);
    let text = r#"
        build "$1" "$2" oci:pushed
        skopeo --insecure-policy copy --quiet --dest-tls-verify=false oci:pushed "$NAME"
        skopeo --insecure-policy copy --quiet --src-tls-verify=false "$NAME" oci:pulled
        skopeo inspect --format '{{.Digest}}' oci:pulled
        "$0" check "$1/lre-cc" --image oci:pulled --confirm 2>notes
        cat notes"#;
    let printed = build(lab, &format!("NAME={name}\n{text}"))?;
    let digest = printed.lines().next().context("nothing is printed")?;
    let note = "note: the image `oci:pulled` has no name, so that none is compared\n";
    expect_equal("what is printed", &printed, &format!("{digest}\n{digest}\nlre check: clean\n{note}"))
}

/// crun asks what control groups there are, and the sandbox's root shows none.
const CRUN: &str = r#"
    exec 2>crun.log
    unshare --mount --propagation private bash -euc '
        mkdir -p /sys
        mount -t sysfs sysfs /sys
        mount -t cgroup2 none /sys/fs/cgroup
        crun --cgroup-manager=disabled run --bundle bundle lre-test'"#;

/// Runs the bundle as the image's user; returns why this machine forbids it, if it does.
fn crun(lab: &Lab) -> Result<Option<String>> {
    let folder = lab.sandbox.place().outside(FOLDER).join("bundle");
    let file = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&file)?)?;
    let script_text = "echo $HOME; cd && pwd && id -u && id -g && echo x >/tmp/x && \
                       /usr/bin/env true && ! echo x 2>/dev/null >/nix/store/x";
    config["process"]["args"] = serde_json::json!(["/bin/sh", "-c", script_text]);
    config["process"]["terminal"] = false.into();
    fs::write(&file, config.to_string())?;
    let result = output(script(lab, CRUN));
    match result {
        Ok(printed) => {
            expect_equal("what is printed", &printed, "/home/nativelink\n/home/nativelink\n1000\n1000\n").map(|()| None)
        }
        Err(error) => {
            let log = fs::read_to_string(lab.sandbox.place().outside(FOLDER).join("crun.log"))?;
            // A failure of the image is none of the machine.
            let forbidden = ["ermission denied", "ot permitted", "cgroup"];
            if forbidden.iter().any(|word| log.contains(word)) {
                Ok(Some(log.trim().to_owned()))
            } else {
                Err(error.context(log))
            }
        }
    }
}
