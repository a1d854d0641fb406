//! The custom toolchain: built the same twice, and enough for a worker that holds nothing else.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::lab::Lab;
use crate::sandbox::toolchain::{nix, output};
use crate::step::run_logged;
use crate::test::case::{Tally, expect_equal};

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let sandbox = &lab.sandbox;
    let place = sandbox.place();
    tally.check("the toolchain builds to the same bytes twice", || {
        let entry = nix(&sandbox.builder, sandbox.tools, &place, "nix-build");
        let arguments = ["toolchain.nix", "-A", "lre-cc", "--no-out-link", "--check"];
        run_logged(&mut entry.args(arguments).limit(Duration::from_secs(600)).build(), &sandbox.steps.log("nix-check"))
    });
    tally.check("every store path of Env is in the toolchain's closure", || {
        let entries: Vec<String> = serde_json::from_str(&sandbox.toolchain.environment)?;
        let named = entries
            .iter()
            .flat_map(|entry| entry.split([':', '=', ' ', ',']))
            .filter(|word| word.starts_with("/nix/store/"));
        for path in named {
            let root: String = path.splitn(5, '/').take(4).collect::<Vec<_>>().join("/");
            if !sandbox.toolchain.closure.contains(&root) {
                bail!("`{path}` is in Env, and its store root is not in the closure");
            }
        }
        Ok(())
    });
    tally.check("the worker's root holds the closure, a user, three links and kernel file systems only", || {
        let Some(worker) = &lab.worker else { bail!("there is no worker") };
        let script = "cd /; ls -A; for f in bin/* usr/bin/*; do echo $f $(readlink $f); done; cat etc/group etc/passwd; ls -A home nix nix/store";
        let shell = worker.command("/bin/sh").args(["-c", script]).env("PATH", format!("{}/bin", sandbox.toolchain.tools));
        let mut store: Vec<&str> = sandbox.toolchain.closure.iter().map(|path| path.trim_start_matches("/nix/store/")).collect();
        store.sort_unstable();
        let tools = &sandbox.toolchain.tools;
        let expected = format!(
            "bin\ndev\netc\nhome\nnix\nproc\ntmp\nusr\nbin/bash {tools}/bin/bash\nbin/sh {tools}/bin/sh\nusr/bin/env {tools}/bin/env\n\
             root:x:0:\nnativelink:x:1000:\nroot:x:0:0:root:/root:/bin/sh\n\
             nativelink:x:1000:1000:worker:/home/nativelink:/bin/sh\nhome:\nnativelink\n\nnix:\nstore\n\nnix/store:\n{}\n",
            store.join("\n")
        );
        expect_equal("the worker's root", &output(shell)?, &expected)
    });
    Ok(())
}
