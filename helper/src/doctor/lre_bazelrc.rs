//! `lre.bazelrc`: whether it is there, current and in effect.

use std::path::Path;

use super::Check;
use super::rc_file::RcFiles;
use crate::bazelrc::RemoteSettings;
use crate::pin::{Rendered, render_again};
use crate::shell::quote;

/// The file's name in the root workspace.
pub const NAME: &str = "lre.bazelrc";

const IMPORT: &str = "put `try-import %workspace%/lre.bazelrc` into `.bazelrc`";

/// One line about the file.
#[must_use]
pub fn check_lre_bazelrc(workspace: &Path, rc: &RcFiles) -> Check {
    let file = workspace.join(NAME);
    let link = std::fs::read_link(&file).ok();
    let is_store_link = link.as_ref().is_some_and(|target| target.starts_with("/nix/store"));
    let shell = "enter the development shell, whose flake module writes it";
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = match &link {
                Some(target) => format!("a link to `{}`, which is gone", target.display()),
                None => "not there".to_owned(),
            };
            let fix = if is_store_link {
                shell.to_owned()
            } else {
                format!("{shell}, or {}", command(None, None, &RemoteSettings::default()))
            };
            return Check::failed(NAME, message, fix);
        }
        Err(error) => {
            return Check::failed(
                NAME,
                format!("cannot be read: {error}"),
                command(None, None, &RemoteSettings::default()),
            );
        }
    };
    let real = |path: &Path| path.canonicalize().ok();
    if !rc.files.iter().any(|read| real(read) == real(&file)) {
        return Check::failed(NAME, "there, and imported by no rc file", IMPORT);
    }
    let prefix = rc.flags.iter().find(|flag| &*flag.file == NAME).and_then(|flag| flag.config.as_deref());
    let helper = rc.flags.iter().filter(|flag| &*flag.file == NAME);
    let helper = helper.filter_map(|flag| flag.value("repo_env")?.strip_prefix("LRE_HELPER=")).next_back();
    let remote = RemoteSettings::of_rc(&text);
    let again = |helper| if is_store_link { shell.to_owned() } else { command(prefix, helper, &remote) };
    if let Some(helper) = helper.filter(|helper| !Path::new(helper).is_file()) {
        return Check::failed(NAME, format!("names the helper `{helper}`, which is not there"), again(None));
    }
    match render_again(&text) {
        Rendered::Same => Check::passed(NAME, "imported, and as `lre bazelrc` writes it"),
        Rendered::Different => {
            Check::failed(NAME, "imported, but not what `lre bazelrc` writes from the Env in it", again(helper))
        }
        Rendered::Unknown(reason) => Check::open(NAME, format!("imported; {reason}")),
    }
}

/// How the file is written by hand.
fn command(prefix: Option<&str>, helper: Option<&str>, remote: &RemoteSettings) -> String {
    let helper = helper.map_or_else(|| r#""$(realpath "$(command -v lre)")""#.to_owned(), quote);
    let prefix = quote(prefix.unwrap_or("lre"));
    let remote: String = remote.to_arguments().iter().map(|word| format!(" {}", quote(word))).collect();
    format!("write it with `lre bazelrc --env-json env.json --prefix {prefix} --helper {helper}{remote} >{NAME}`")
}
