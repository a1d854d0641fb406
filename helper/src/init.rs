//! What a workspace needs to use the toolchain, added to its files. Nothing of the user's is changed or moved.

mod flake;
mod flake_text;
mod module_file;

pub use flake::{FLAKE_FILE, FlakeError, with_flake};
pub use module_file::{InitError, ModuleSource, with_module_file};

/// The rc file that `lre bazelrc` writes, in the root of a workspace.
pub const RC_FILE: &str = "lre.bazelrc";

/// `.bazelrc` with a line that imports `lre.bazelrc`; `None` if it has one.
#[must_use]
pub fn with_import(bazelrc: &str) -> Option<String> {
    let imports = |line: &str| {
        let mut words = line.split_whitespace();
        let is_import = matches!(words.next(), Some("import" | "try-import"));
        is_import && words.next().is_some_and(|file| file.rsplit('/').next() == Some(RC_FILE))
    };
    if bazelrc.lines().any(imports) { None } else { Some(with_line(bazelrc, "try-import %workspace%/lre.bazelrc")) }
}

/// `.gitignore` with a line for `lre.bazelrc`, which names this machine's `lre`; `None` if it has one.
#[must_use]
pub fn with_ignored_rc(gitignore: &str) -> Option<String> {
    let is_there = gitignore.lines().any(|line| matches!(line.trim(), "lre.bazelrc" | "/lre.bazelrc"));
    if is_there { None } else { Some(with_line(gitignore, "/lre.bazelrc")) }
}

/// `.bazelignore` with a toolchain's folder, in which `//...` has nothing to find; `None` if it has the folder.
#[must_use]
pub fn with_ignored_folder(bazelignore: &str, folder: &str) -> Option<String> {
    let is_there = bazelignore.lines().any(|line| line.trim().trim_end_matches('/') == folder);
    if is_there { None } else { Some(with_line(bazelignore, folder)) }
}

/// A text with another line at its end, with the line ends that it has.
fn with_line(text: &str, line: &str) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{line}{end}")
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn lines_are_added_once_and_at_the_end() {
        let imported = "build -c opt\ntry-import %workspace%/lre.bazelrc\n";
        assert_eq!(with_import("build -c opt").as_deref(), Some(imported));
        for text in [imported, "import %workspace%/lre.bazelrc", "  try-import  lre.bazelrc  # why"] {
            assert_eq!(with_import(text), None, "{text}");
        }
        assert_eq!(
            with_import("# try-import lre.bazelrc\r\n").as_deref(),
            Some("# try-import lre.bazelrc\r\ntry-import %workspace%/lre.bazelrc\r\n")
        );
        assert_eq!(with_ignored_rc("").as_deref(), Some("/lre.bazelrc\n"));
        assert_eq!(with_ignored_rc("lre.bazelrc\n"), None);
        assert_eq!(with_ignored_folder("a\n", "lre-cc").as_deref(), Some("a\nlre-cc\n"));
        assert_eq!(with_ignored_folder("lre-cc/", "lre-cc"), None);
    }
}
