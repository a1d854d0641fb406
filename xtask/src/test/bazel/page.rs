//! The page of `lre explain` in a real browser: at two widths, and without JavaScript.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::browser::Browser;
use crate::lab::Lab;
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
    let browser = Browser::with_folder(lab, "page")?;
    let folder = browser.folder();
    tally.check("the page of `lre explain` works in a browser: wide, on a phone, without JavaScript", || {
        let page = page(lab)?;
        fs::write(folder.join("page.html"), &page)?;
        let source = page.replace('&', "&amp;").replace('"', "&quot;");
        fs::write(folder.join("harness.html"), HARNESS.replace("PAGE", &source))?;
        let document = browser.document("harness.html")?;
        let seen = document.split_once("<pre id=\"seen\">").and_then(|(_, rest)| rest.split_once("</pre>"));
        let (seen, _) = seen.with_context(|| format!("the browser shows no result: {document}"))?;
        expect_equal("what the browser shows", seen, EXPECTED)
    });
    tally.check("a screenshot of the page can be taken", || browser.picture("page.html").map(drop));
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
