//! A classic image becomes a worker's, by the script of the flake's `lib.createWorker`.

use anyhow::Result;
use serde_json::json;

use super::builder::write_saved;
use super::classic::LAYER;
use super::{FOLDER, printed};
use crate::lab::Lab;
use crate::sandbox::toolchain::REPOSITORY;
use crate::test::case::{Tally, expect_equal};

pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally.check("a Debian image becomes a worker's, whose worker runs in it as its user", || wrap(lab));
}

fn wrap(lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    printed(lab, LAYER, &["base", "dash", "coreutils"])?;
    write_saved(&place.outside(FOLDER).join("base"), &json!(["PATH=/usr/bin:/bin", "LANG=C.UTF-8"]), "debian:sid")?;
    let text = r#"
        tar -C base -czf base.tar.gz layer.tar $(cd base && echo *.json)
        mkdir -p registered
        nix-store --dump-db $(nix-store --query --requisites "$2") >registered/registration
        export image=$PWD/base.tar.gz closure=$PWD/registered worker=$2/bin/buildbox-worker out=$PWD/wrapped.tar imageName=
        mkdir build
        (cd build && PATH=/lre/bin:$PATH bash -eu "$1/nix/create-worker.sh") >log 2>&1 || { cat log >&2; exit 1; }
        skopeo --insecure-policy copy --quiet docker-archive:wrapped.tar oci:wrapped:1
        umoci unpack --image wrapped:1 bundle-wrapped
        run() { chroot --userspec=1000:1000 bundle-wrapped/rootfs "$@"; }
        [ "$(run "$worker" --version 2>&1)" = "$("$worker" --version 2>&1)" ]
        run /bin/sh -c 'id -u; id -un; cd ~nativelink && pwd; echo x >/tmp/x && rm /tmp/x'
        skopeo inspect --config oci:wrapped:1 | tr -d ' \n' | grep -o '"Env":[^]]*\]'
        "$0" image inspect docker-archive:wrapped.tar | sed -n '3p'
        ! "$0" image inspect oci:wrapped:1 | grep '"User"' | grep -v 1000:1000"#;
    let expected = "1000\nnativelink\n/home/nativelink\n\"Env\":[\"PATH=/usr/bin:/bin\",\"LANG=C.UTF-8\"]\n    \
                    \"nativelink-worker-debian:sid\"\n";
    let arguments = [&*place.text(REPOSITORY), &lab.sandbox.toolchain.worker];
    expect_equal("what is printed", &printed(lab, text, &arguments)?, expected)
}
