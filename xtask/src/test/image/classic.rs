//! Classic images, of Debian's packages: programs and headers lie in `/usr`.

use anyhow::Result;
use serde_json::{Value, json};

use super::builder::write_saved;
use super::{FOLDER, printed};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};

/// A layer of packages and of what they depend on, as they are installed.
pub(super) const LAYER: &str = r#"
    mkdir -p "$1"
    todo=("${@:2}")
    declare -A seen
    while [ ${#todo[@]} -gt 0 ]; do
        package=${todo[0]}
        todo=("${todo[@]:1}")
        [ -z "${seen[$package]:-}" ] || continue
        seen[$package]=1
        fields=$(dpkg-query -W -f '${Pre-Depends}, ${Depends}\n' "$package" 2>/dev/null) || continue
        for dependency in $(sed 's/([^)]*)//g; s/|[^,]*//g; s/:any//g; s/,/ /g' <<<"$fields"); do
            todo+=("$dependency")
        done
        # Virtual packages have no files.
        dpkg-query -L "$package" 2>/dev/null | grep -v '^/usr/share/\|^/\.$' >>"$1/all" || true
    done
    # Links, and a folder that Debian makes after it has unpacked its packages.
    for file in /bin /lib /lib64 /usr/local/include; do
        echo $file
    done >"$1/files"
    sort -u "$1/all" | while read -r file; do
        [ ! -e "$file" ] && [ ! -L "$file" ] || echo "$file"
    done | grep -vx '/bin\|/lib\|/lib64' >>"$1/files"
    sed -i 's,^/,,' "$1/files"
    tar -C / --no-recursion -T "$PWD/$1/files" -cf "$1/layer.tar""#;

/// Shows what a program of an image sees, in the words of bash alone, and fails.
const SPY: &str = r#"#!/usr/bin/bash
exec 1>&2
for name in /lre /nix /etc/passwd /sys/kernel; do
    [ ! -e $name ] || echo "sees $name"
done
echo "/dev:" /dev/*
echo "/proc:" /proc/[0-9]*
while IFS=: read -r name rest; do
    case "$name" in *Inter*|*face*) ;; *) echo "interface:" $name ;; esac
done </proc/net/dev
while read -r key value; do
    case "$key" in CapEff:|CapPrm:|NoNewPrivs:) echo "$key $value" ;; esac
done </proc/self/status
echo "$CC $PATH $LC_ALL ${HOME:-no home}"
echo x 2>/dev/null >/proc/sys/kernel/hostname || echo "no writing to /proc/sys"
exit 3
"#;

pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally.check("a Debian image gives the toolchain that its files give where they are `/`", || image(lab));
    tally.check("programs of an image see its files alone, without network and without privileges", || spy(lab));
}

fn image(lab: &Lab) -> Result<()> {
    let folder = lab.sandbox.place().outside(FOLDER);
    let path = "PATH=/usr/local/bin:/usr/bin:/bin";
    printed(lab, LAYER, &["gcc", "gcc", "g++", "binutils"])?;
    write_saved(&folder.join("gcc"), &json!([path]), "registry.example/gcc:16")?;
    std::fs::write(folder.join("gcc-env.json"), json!([path, "CC=/usr/bin/gcc"]).to_string())?;
    let regen = r#"
        tar -C gcc -cf gcc.tar layer.tar $(cd gcc && echo *.json)
        rm gcc/layer.tar
        "$0" regen --image docker-archive:gcc.tar --env CC=/usr/bin/gcc --allow-non-store --out gcc-image 2>log ||
            { cat log >&2; exit 1; }
        cat log
        "$0" regen --env-json gcc-env.json --allow-non-store --image-name gcc --out gcc-here 2>log || { cat log >&2; exit 1; }
        diff gcc-image/cc/BUILD gcc-here/cc/BUILD >&2
        grep container-image gcc-image/config/BUILD
        "$0" check gcc-image --confirm 2>log
        head -n 1 log | sed 's/names [0-9]* paths/names N paths/; s/such as `[^`]*`/such as P/'"#;
    let files = ["BUILD.bazel", "cc/BUILD", "config/BUILD", "lre.json"];
    let written: String = files.iter().map(|file| format!("wrote `gcc-image/{file}`\n")).collect();
    let expected = format!(
        "unpacking `docker-archive:gcc.tar`\n{written}        \"container-image\": \"docker://registry.example/gcc:16\",\n\
         lre check: clean\nwarning: toolchain `cc` names N paths outside the store, such as P: nothing here tells whether \
         two machines have the same bytes there\n"
    );
    expect_equal("what is printed", &printed(lab, regen, &[])?, &expected)?;
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("gcc-image/lre.json"))?)?;
    expect_equal("`nonStore`", &manifest["nonStore"].to_string(), "true")?;
    expect_equal("`storeRoots`", &manifest["storeRoots"].to_string(), "[]")
}

fn spy(lab: &Lab) -> Result<()> {
    let folder = lab.sandbox.place().outside(FOLDER);
    printed(lab, LAYER, &["spy", "bash"])?;
    std::fs::write(folder.join("spy/spy"), SPY)?;
    printed(lab, r#"chmod 755 spy/spy && tar -C spy -rf spy/layer.tar spy"#, &[])?;
    write_saved(&folder.join("spy"), &json!(["PATH=/usr/bin", "CC=/spy", "LD_DEBUG=nothing"]), "spy:1")?;
    let regen = r#"
        cd spy
        tar -cf ../spy.tar layer.tar *.json
        cd ..
        chmod 755 . && mkdir -p user && chown nobody user
        cp "$0" user/lre
        run() { "$@" regen --image docker-archive:spy.tar --allow-non-store --out spy-out 2>&1 || echo "exit $?"; }
        run "$0"
        echo "as another user:"
        export TMPDIR=$PWD/user
        run setpriv --reuid=nobody --regid=nogroup --clear-groups user/lre
        ls -A user
        echo "where namespaces are forbidden:"
        unset TMPDIR
        run unshare --user --map-root-user bash -c \
            'echo 0 >/proc/sys/user/max_mnt_namespaces && exec "$0" "$@"' "$0"
        find /tmp -name 'lre-image-*'"#;
    let seen = "unpacking `docker-archive:spy.tar`\n\
        error: `CC` does not run: exit status: 3\n\
        \x20 /spy -dM -E -v -xc empty.c\n\
        \x20 warning: debug option `nothing' unknown; try LD_DEBUG=help\n\
        \x20 /dev: /dev/null\n\
        \x20 /proc: /proc/1\n\
        \x20 interface: lo\n\
        \x20 CapPrm: 0000000000000000\n\
        \x20 CapEff: 0000000000000000\n\
        \x20 NoNewPrivs: 1\n\
        \x20 /spy /usr/bin C no home\n\
        \x20 no writing to /proc/sys\n\n\
        hint: see whether it runs at all with `env -i PATH=/usr/bin CC=/spy LD_DEBUG=nothing /spy --version` in a container \
        of the image\nexit 2\n";
    let forbidden = "unpacking `docker-archive:spy.tar`\n\
        error: cannot run programs of the image here: namespaces are forbidden (no space left on device (os error 28))\n\n\
        hint: allow user namespaces, with `sysctl -w kernel.unprivileged_userns_clone=1` on Debian or `sysctl -w \
        kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, or run as root outside of a container that forbids \
        namespaces\nexit 2\n";
    let expected = format!("{seen}as another user:\n{seen}lre\nwhere namespaces are forbidden:\n{forbidden}");
    expect_equal("what is printed", &printed(lab, regen, &[])?, &expected)
}
