//! What a workspace needs to use the toolchain, added to its files. Nothing of the user's is changed or moved.

mod checkout;
mod flake;
mod flake_text;
mod kept;
mod module_file;

pub use checkout::{absent_checkout, absolute, is_checkout};
pub use flake::{FLAKE_FILE, FlakeError, with_flake};
pub use kept::{Kept, find_kept};
pub use module_file::{InitError, ModuleSource, with_module_file};

use crate::bazelrc::RC_FILE;

/// The rc file of one machine and its user, in the root of a workspace.
pub const USER_RC_FILE: &str = "user.bazelrc";

/// `.bazelrc` with the lines that import `lre.bazelrc` and then `user.bazelrc`; `None` if it has both.
#[must_use]
pub fn with_imports(bazelrc: &str) -> Option<String> {
    let is_imported = |file: &str| {
        bazelrc.lines().any(|line| {
            let mut words = line.split_whitespace();
            let is_import = matches!(words.next(), Some("import" | "try-import"));
            is_import && words.next().is_some_and(|named| named.rsplit('/').next() == Some(file))
        })
    };
    let absent = [RC_FILE, USER_RC_FILE].into_iter().filter(|file| !is_imported(file));
    with_lines(bazelrc, absent.map(|file| format!("try-import %workspace%/{file}")))
}

/// `.gitignore` with a line for each of these files in the root of the workspace; `None` if it has them.
#[must_use]
pub fn with_ignored_files(gitignore: &str, files: &[&str]) -> Option<String> {
    let is_there = |file: &str| gitignore.lines().any(|line| line.trim().trim_start_matches('/') == file);
    with_lines(gitignore, files.iter().filter(|file| !is_there(file)).map(|file| format!("/{file}")))
}

/// `.bazelignore` with a toolchain's folder, in which `//...` has nothing to find; `None` if it has the folder.
#[must_use]
pub fn with_ignored_folder(bazelignore: &str, folder: &str) -> Option<String> {
    let is_there = bazelignore.lines().any(|line| line.trim().trim_end_matches('/') == folder);
    with_lines(bazelignore, (!is_there).then(|| folder.to_owned()))
}

/// A text with other lines at its end, with the line ends that it has; `None` without any.
fn with_lines(text: &str, lines: impl IntoIterator<Item = String>) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let added: String = lines.into_iter().map(|line| line + end).collect();
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    (!added.is_empty()).then(|| format!("{text}{gap}{added}"))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn lines_are_added_once_and_at_the_end() {
        let both = "try-import %workspace%/lre.bazelrc\ntry-import %workspace%/user.bazelrc\n";
        assert_eq!(with_imports("build -c opt"), Some(format!("build -c opt\n{both}")));
        for text in [both, "import %workspace%/lre.bazelrc\nimport user.bazelrc", "  try-import  lre.bazelrc # why\n"] {
            let user = "try-import %workspace%/user.bazelrc\n";
            let expected = (!text.contains("user")).then(|| format!("{text}{user}"));
            assert_eq!(with_imports(text), expected, "{text}");
        }
        let windows = both.replace('\n', "\r\n");
        let comment = "# try-import lre.bazelrc\r\n";
        assert_eq!(with_imports(comment), Some(format!("{comment}{windows}")));
        let files = ["lre.bazelrc", "user.bazelrc"];
        assert_eq!(with_ignored_files("", &files).as_deref(), Some("/lre.bazelrc\n/user.bazelrc\n"));
        assert_eq!(with_ignored_files("lre.bazelrc\n/user.bazelrc", &files), None);
        assert_eq!(with_ignored_folder("a\n", "lre-cc").as_deref(), Some("a\nlre-cc\n"));
        assert_eq!(with_ignored_folder("lre-cc/", "lre-cc"), None);
    }
}
