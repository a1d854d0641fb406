//! A real browser in the sandbox, for the pages that this repository makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::lab::Lab;
use crate::sandbox::debian::install_packages;

/// Chromium, and a folder that it sees under `/srv`.
pub(crate) struct Browser<'a> {
    lab: &'a Lab,
    name: &'static str,
}

impl<'a> Browser<'a> {
    /// The browser with the empty folder `/srv/NAME`.
    pub(crate) fn with_folder(lab: &'a Lab, name: &'static str) -> Result<Self> {
        let sandbox = &lab.sandbox;
        install_packages("services: browser", &sandbox.services, &sandbox.steps, &["chromium", "fonts-dejavu-core"])?;
        let browser = Self { lab, name };
        let folder = browser.folder();
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        Ok(browser)
    }

    /// The folder as this program sees it.
    pub(crate) fn folder(&self) -> PathBuf {
        self.lab.sandbox.services.directory().join("srv").join(self.name)
    }

    /// The document that scripts make of a page, after five seconds of the page's time.
    pub(crate) fn document(&self, page: &str) -> Result<String> {
        self.browse(&["--virtual-time-budget=5000", "--dump-dom", &self.url(page)])
    }

    /// Takes a picture of a page, 1200 pixels wide; fails if it shows nothing.
    pub(crate) fn picture(&self, page: &str) -> Result<PathBuf> {
        let flag = format!("--screenshot={}/page.png", self.inside());
        let flags = ["--hide-scrollbars", "--window-size=1200,1000", "--virtual-time-budget=5000", &flag];
        self.browse(&[&flags[..], &[&self.url(page)]].concat())?;
        let file = self.folder().join("page.png");
        expect_picture(&file)?;
        Ok(file)
    }

    /// The folder as the browser sees it.
    fn inside(&self) -> String {
        format!("/srv/{}", self.name)
    }

    fn url(&self, page: &str) -> String {
        format!("file://{}/{page}", self.inside())
    }

    /// Runs the browser and returns what it prints. It asks nothing of any network by itself.
    fn browse(&self, arguments: &[&str]) -> Result<String> {
        let home = self.inside();
        let profile = format!("--user-data-dir={home}/profile");
        let own = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
        ];
        let entry = self.lab.sandbox.services.command("chromium").args(own).args(arguments).env("HOME", home);
        let output = entry.limit(Duration::from_secs(120)).build().output().context("cannot run `chromium`")?;
        if !output.status.success() {
            bail!("chromium ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// An empty page is a picture of some 5 kB.
fn expect_picture(file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    if !bytes.starts_with(b"\x89PNG") || bytes.len() < 20_000 {
        bail!("`{}` shows nothing: {} bytes", file.display(), bytes.len());
    }
    Ok(())
}
