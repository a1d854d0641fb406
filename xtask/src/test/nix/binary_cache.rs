//! The binary cache of a team, filled and read as the quick start says: an empty store gets the toolchain from it.

use super::command;
use crate::lab::Lab;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

const SCRIPT: &str = r#"
    rm -rf binary-cache && mkdir -p binary-cache/fresh && cd binary-cache
    export NIX_CONFIG="$NIX_CONFIG
experimental-features = nix-command"
    nix key generate-secret --key-name team-1 >secret
    nix key convert-secret-to-public <secret >public-key
    nix copy --to "file://$PWD/cache?compression=zstd&secret-key=$PWD/secret" $(jq -r '.storeRoots[].path' "$1/lre.json")
    check() { "$0" check "$1" --store "$PWD/fresh" "${@:2}" 2>said && status=0 || status=$?; }
    check "$1"
    echo "empty: $status"
    check "$1" --realise
    echo "without the cache: $status"
    export NIX_CONFIG="$NIX_CONFIG
extra-substituters = file://$PWD/cache"
    check "$1" --realise
    echo "without its key: $status"
    export NIX_CONFIG="$NIX_CONFIG
extra-trusted-public-keys = $(cat public-key)"
    check "$1" --realise || cat said
    echo "with it: $status"
    check "$1" --deep
    echo "every byte: $status"
    cd .. && chmod -R u+w binary-cache && rm -rf binary-cache"#;

/// Runs the check.
pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally.check("an empty store gets the toolchain from a binary cache, once its key is trusted", || {
        let toolchain = lab.sandbox.place().text("src/examples/hello-cc/lre-cc");
        let said = output(command(lab, "bash").args(["-euc", SCRIPT, &lab.helper(), &toolchain]))?;
        let expected = "empty: 1\nwithout the cache: 1\nwithout its key: 1\nwith it: 0\nevery byte: 0\n";
        expect_equal("what the checks end with", &said, expected)
    });
}
