//! `lre.bazelrc`: whether it is there, current and in effect.

use std::path::Path;

use super::Check;
use super::rc_file::RcFiles;
use crate::bazelrc::{RC_FILE, RemoteSettings};
use crate::pin::{Rendered, config_of, environment_count, render_again};
use crate::shell::quote;
use crate::system_error::describe_system_error;

const IMPORT: &str = "put `try-import %workspace%/lre.bazelrc` into `.bazelrc`";

/// One line about the file.
#[must_use]
pub fn check_lre_bazelrc(workspace: &Path, rc: &RcFiles) -> Check {
    let file = workspace.join(RC_FILE);
    let link = std::fs::read_link(&file).ok();
    let is_store_link = link.as_ref().is_some_and(|target| target.starts_with("/nix/store"));
    let shell = "enter the development shell, whose flake module writes it";
    let text = match std::fs::read_to_string(&file) {
        // A shell makes the file before `lre bazelrc` refuses its arguments.
        Ok(text) if text.is_empty() => return Check::failed(RC_FILE, "empty", Options::default().command()),
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = match &link {
                Some(target) => format!("a link to `{}`, which is gone", target.display()),
                None => "not there".to_owned(),
            };
            let fix =
                if is_store_link { shell.to_owned() } else { format!("{shell}, or {}", Options::default().command()) };
            return Check::failed(RC_FILE, message, fix);
        }
        Err(error) => {
            return Check::failed(
                RC_FILE,
                format!("cannot be read: {}", describe_system_error(&error)),
                Options::default().command(),
            );
        }
    };
    let real = |path: &Path| path.canonicalize().ok();
    if !rc.files.iter().any(|read| real(read) == real(&file)) {
        return Check::failed(RC_FILE, "there, and imported by no rc file", IMPORT);
    }
    let flags = || rc.flags.iter().filter(|flag| &*flag.file == RC_FILE);
    let prefix = flags().next().and_then(|flag| flag.config.as_deref());
    let helper = flags().filter_map(|flag| flag.value("repo_env")?.strip_prefix("LRE_HELPER=")).next_back();
    let is_gone = helper.is_some_and(|helper| !Path::new(helper).is_file());
    let again = || {
        let helper = match helper {
            None => Helper::Unnamed,
            Some(_) if is_gone => Helper::Found,
            Some(helper) => Helper::At(helper),
        };
        let options =
            Options { environments: environments(&text), prefix, helper, remote: RemoteSettings::of_rc(&text) };
        if is_store_link { shell.to_owned() } else { options.command() }
    };
    if let Some(helper) = helper.filter(|_| is_gone) {
        return Check::failed(RC_FILE, format!("names the helper `{helper}`, which is not there"), again());
    }
    match render_again(&text) {
        Rendered::Same => {
            let builds = match config_of(&text) {
                Some(config) => format!("for `--config={config}`"),
                None => "for every build".to_owned(),
            };
            Check::passed(RC_FILE, format!("imported, {builds}, and as `lre bazelrc` writes it from the Env in it"))
        }
        Rendered::Different => {
            Check::failed(RC_FILE, "imported, but not what `lre bazelrc` writes from the Env in it", again())
        }
        Rendered::Unknown(reason) => Check::open(RC_FILE, format!("imported; {reason}")),
    }
}

/// The options of `lre bazelrc` that a file was written with.
struct Options<'a> {
    environments: &'static [&'static str],
    prefix: Option<&'a str>,
    helper: Helper<'a>,
    remote: RemoteSettings,
}

/// What the file says of `lre`.
enum Helper<'a> {
    /// Nothing.
    Unnamed,
    /// Its path.
    At(&'a str),
    /// A path that is to be found anew.
    Found,
}

impl Default for Options<'_> {
    fn default() -> Self {
        let (prefix, helper, remote) = (Some("lre"), Helper::Unnamed, RemoteSettings::default());
        Self { environments: &["env.json"], prefix, helper, remote }
    }
}

impl Options<'_> {
    /// How the file is written by hand.
    fn command(&self) -> String {
        let mut command = "lre bazelrc".to_owned();
        let mut add = |option: &str, value: &str| command += &format!(" {option} {value}");
        self.environments.iter().for_each(|file| add("--env-json", file));
        if let Some(prefix) = self.prefix {
            add("--prefix", &quote(prefix));
        }
        match self.helper {
            Helper::Unnamed => {}
            Helper::At(helper) => add("--helper", &quote(helper)),
            Helper::Found => add("--helper", r#""$(realpath "$(command -v lre)")""#),
        }
        for word in self.remote.to_arguments() {
            command += &format!(" {}", quote(&word));
        }
        format!("write it with `{command} >{RC_FILE}`")
    }
}

/// The files of the Envs that an rc file was written from, as documents name them.
fn environments(text: &str) -> &'static [&'static str] {
    match environment_count(text) {
        0 => &[],
        1 => &["env.json"],
        _ => &["cc.json", "java.json"],
    }
}
