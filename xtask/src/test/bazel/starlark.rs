//! Every Starlark file that Debian's Bazel packages install goes through `lre`.

use anyhow::{Result, bail};

use crate::lab::Lab;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

/// The ordinary build asserts of each file that what its quick recognizer accepts, the parser accepts too, and that no
/// literal is passed over.
const SCRIPT: &str = r#"
find /usr -path '*bazel*' -type f \( -name '*.bzl' -o -name BUILD -o -name BUILD.bazel \) | sort >/tmp/starlark-files
wc -l </tmp/starlark-files
xargs "$0" rewrite --from "$1" --to "$2" --dry-run </tmp/starlark-files 2>&1 && rm /tmp/starlark-files"#;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    tally.check("Bazel's own Starlark is read whole, by the recognizer and by the parser alike", || {
        let root = |name: &str| format!("/nix/store/{}-{name}", "0".repeat(32));
        let (from, to) = (root("a"), root("b"));
        let command = lab.sandbox.command("bash").args(["-euc", SCRIPT, &lab.helper(), &from, &to]);
        let text = output(command)?;
        let (files, said) = text.split_once('\n').unwrap_or_default();
        if files.trim().parse::<usize>().is_ok_and(|files| files < 500) {
            bail!("there are only {files} Starlark files to read");
        }
        expect_equal("what `lre rewrite` says", said, &format!("nothing to rewrite in {files} files\n"))
    });
    Ok(())
}
