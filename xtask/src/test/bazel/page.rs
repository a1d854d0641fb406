//! The page of `lre explain` in a real browser: at two widths, and without JavaScript.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::lab::Lab;
use crate::sandbox::debian::install_packages;
use crate::sandbox::workspace;
use crate::test::case::{Tally, expect_equal};

/// The page in three frames, and a script that uses it and writes down what it sees.
const HARNESS: &str = include_str!("page/harness.html");

const EXPECTED: &str = "\
wide: 2 causes shown, 1 open, 0 pixels too wide, search there
wide: 1 shown for `-o1`, 2 shown for nothing, 1 shown for `NOT-CACHEABLE`, 0 shown for `nowhere`
wide: closed by a click, opened by another
phone: 2 causes shown, 1 open, 0 pixels too wide, search there
plain: 2 causes shown, 1 open, 0 pixels too wide, search not there
plain: closed by a click, opened by another
requests: 0
";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let sandbox = &lab.sandbox;
    install_packages("services: browser", &sandbox.services, &sandbox.steps, &["chromium", "fonts-dejavu-core"])?;
    let folder = sandbox.services.directory().join("srv/page");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    tally.check("the page of `lre explain` works in a browser: wide, on a phone, without JavaScript", || {
        let page = page(lab)?;
        fs::write(folder.join("page.html"), &page)?;
        let source = page.replace('&', "&amp;").replace('"', "&quot;");
        fs::write(folder.join("harness.html"), HARNESS.replace("PAGE", &source))?;
        let document = browse(lab, &["--virtual-time-budget=5000", "--dump-dom", "file:///srv/page/harness.html"])?;
        let seen = document.split_once("<pre id=\"seen\">").and_then(|(_, rest)| rest.split_once("</pre>"));
        let (seen, _) = seen.with_context(|| format!("the browser shows no result: {document}"))?;
        expect_equal("what the browser shows", seen, EXPECTED)
    });
    tally.check("a screenshot of the page can be taken", || {
        let flags = ["--hide-scrollbars", "--window-size=1200,1000", "--screenshot=/srv/page/page.png"];
        browse(lab, &[&flags[..], &["file:///srv/page/page.html"]].concat())?;
        expect_picture(&folder.join("page.png"))
    });
    Ok(())
}

/// The page of two logs that differ in an argument.
fn page(lab: &Lab) -> Result<String> {
    let place = lab.sandbox.place();
    fs::create_dir_all(place.outside("logs/page"))?;
    for log in ["base.json", "argument.json"] {
        fs::copy(workspace().join("helper/tests/execution_logs").join(log), place.outside("logs/page").join(log))?;
    }
    let entry = lab.sandbox.command(&lab.helper());
    let entry = entry.args(["explain", "base.json", "argument.json", "--format", "html"]);
    let output = entry.directory(place.inside("logs/page")).build().output()?;
    if output.status.code() != Some(1) {
        bail!("`lre explain` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("the page is not UTF-8")
}

/// Runs the browser and returns what it prints. It asks nothing of any network by itself.
fn browse(lab: &Lab, arguments: &[&str]) -> Result<String> {
    let own = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--user-data-dir=/srv/page/profile",
    ];
    let entry = lab.sandbox.services.command("chromium").args(own).args(arguments).env("HOME", "/srv/page");
    let output = entry.limit(Duration::from_secs(120)).build().output().context("cannot run `chromium`")?;
    if !output.status.success() {
        bail!("chromium ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// An empty page is a picture of some 5 kB.
fn expect_picture(file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    if !bytes.starts_with(b"\x89PNG") || bytes.len() < 20_000 {
        bail!("`{}` shows nothing: {} bytes", file.display(), bytes.len());
    }
    Ok(())
}
