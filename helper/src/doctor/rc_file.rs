//! Bazel's rc files: which ones are read, what they import, and the flags in them.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::system_error::describe_system_error;

/// What a workspace's Bazel reads.
#[derive(Debug, Default)]
pub struct RcFiles {
    /// Every file that was read, by the name that messages use, in Bazel's order.
    pub names: Vec<String>,
    /// The same files, links not followed.
    pub files: Vec<PathBuf>,
    /// Every flag, in the order of the files.
    pub flags: Vec<Flag>,
    /// Imports of files that cannot be read; Bazel stops there.
    pub failures: Vec<ImportFailure>,
}

/// An `import` that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFailure {
    /// Where it stands, as `FILE:LINE`.
    pub place: String,
    /// What it names.
    pub path: String,
    /// What the system says.
    pub reason: String,
}

/// A flag in an rc file. All flags of a line share its file, command and config: a line may have many, and a long command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The file, by the name that messages use.
    pub file: Rc<str>,
    /// From 1.
    pub line: usize,
    /// Such as `build`.
    pub command: Rc<str>,
    /// Such as `lre` in `build:lre`.
    pub config: Option<Rc<str>>,
    /// The flag as it stands, such as `--action_env=PATH`; a value that follows it as a word of its own is joined with `=`.
    pub text: String,
}

/// Flags of which the value may be a word of its own. Others are not looked at.
const WITH_VALUE: [&str; 8] = [
    "--action_env",
    "--config",
    "--extra_execution_platforms",
    "--host_action_env",
    "--override_module",
    "--platforms",
    "--shell_executable",
    "--test_env",
];

impl Flag {
    /// Its value, if it is called `name` and has one.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.text.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')
    }

    /// `FILE:LINE`, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        format!("`{}:{}`", self.file, self.line)
    }

    /// ` with --config=NAME`, if it takes that.
    #[must_use]
    pub fn condition(&self) -> String {
        self.config.as_ref().map(|config| format!(", with `--config={config}`")).unwrap_or_default()
    }

    /// What to do about a flag that should not be there.
    #[must_use]
    pub fn removal(&self) -> String {
        format!("take `{}` out of {}", self.text, self.place())
    }
}

/// Reads the rc files of system, workspace and user with everything that they import.
#[must_use]
pub fn read_rc_files(workspace: &Path, home: Option<&Path>) -> RcFiles {
    let mut rc = RcFiles::default();
    let system = ("/etc/bazel.bazelrc".to_owned(), PathBuf::from("/etc/bazel.bazelrc"));
    let own = (".bazelrc".to_owned(), workspace.join(".bazelrc"));
    let user = home.map(|home| ("~/.bazelrc".to_owned(), home.join(".bazelrc")));
    for (name, file) in [Some(system), Some(own), user].into_iter().flatten() {
        // Each of these may be absent.
        let _ = rc.read(workspace, name, file);
    }
    rc
}

impl RcFiles {
    fn read(&mut self, workspace: &Path, name: String, file: PathBuf) -> std::io::Result<()> {
        // One that imports itself is Bazel's to refuse.
        if self.files.contains(&file) {
            return Ok(());
        }
        let text = std::fs::read_to_string(&file)?;
        self.names.push(name.clone());
        self.files.push(file);
        for (line, words) in lines(&text) {
            let [command, arguments @ ..] = words.as_slice() else { continue };
            match (command.as_str(), arguments) {
                ("import" | "try-import", [path]) => self.import(workspace, (&name, line), command, path),
                _ => self.add_flags((&name, line), command, arguments),
            }
        }
        Ok(())
    }

    fn import(&mut self, workspace: &Path, (file, line): (&str, usize), command: &str, path: &str) {
        let (shown, target) = match path.strip_prefix("%workspace%/") {
            Some(below) => (below.to_owned(), workspace.join(below)),
            None => (path.to_owned(), PathBuf::from(path)),
        };
        let result = self.read(workspace, shown, target);
        if let (Err(error), "import") = (result, command) {
            let (place, path) = (format!("{file}:{line}"), path.to_owned());
            self.failures.push(ImportFailure { place, path, reason: describe_system_error(&error) });
        }
    }

    fn add_flags(&mut self, (file, line): (&str, usize), command: &str, arguments: &[String]) {
        let (command, config) = match command.split_once(':') {
            Some((command, config)) => (command, Some(Rc::from(config))),
            None => (command, None),
        };
        let (file, command): (Rc<str>, Rc<str>) = (file.into(), command.into());
        let mut arguments = arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            let mut text = argument.clone();
            if WITH_VALUE.contains(&argument.as_str())
                && let Some(value) = arguments.next()
            {
                text = format!("{argument}={value}");
            }
            let (file, command, config) = (Rc::clone(&file), Rc::clone(&command), config.clone());
            self.flags.push(Flag { file, line, command, config, text });
        }
    }
}

/// The words of each line, as Bazel splits them: quotes keep spaces, a backslash keeps the next character and joins
/// lines, and `#` starts a comment.
fn lines(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut lines = Vec::new();
    let mut number = 1;
    // A carriage return before a line's end is white space.
    let mut rest = text;
    while !rest.is_empty() {
        let start = number;
        let mut line = String::new();
        loop {
            let (first, others) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = others;
            number += 1;
            match first.strip_suffix('\r').unwrap_or(first).strip_suffix('\\') {
                Some(joined) if !rest.is_empty() => line.push_str(joined),
                _ => {
                    line.push_str(first);
                    break;
                }
            }
        }
        let words = words(&line);
        if !words.is_empty() {
            lines.push((start, words));
        }
    }
    lines
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word.get_or_insert_default().extend(characters.next()),
            (character, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            ('#', None) => break,
            (character, None) if character.is_whitespace() => words.extend(word.take()),
            (character, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn lines_are_split_as_bazel_splits_them() {
        let text = "# no\nbuild --a=1 '--b= 2' # c\r\n\nbuild:x \\\n  --d \\\n  --e=\"q\\\"\"\ntest --f\\ g";
        let found: Vec<(usize, String)> =
            lines(text).into_iter().map(|(line, words)| (line, words.join("|"))).collect();
        let wanted = [(2, "build|--a=1|--b= 2"), (4, "build:x|--d|--e=q\""), (7, "test|--f g")];
        assert_eq!(found, wanted.map(|(line, words)| (line, words.to_owned())));
    }

    #[test]
    fn flags_of_one_line_share_what_they_have_in_common() {
        let mut rc = RcFiles::default();
        // A copy for each would take 10 GB.
        let arguments = vec!["--a".to_owned(); 10_000];
        rc.add_flags(("f", 1), &"c:x".repeat(300_000), &arguments);
        let parts =
            |flag: &Flag| [&*flag.file, &flag.command, flag.config.as_deref().unwrap_or_default()].map(str::as_ptr);
        let first = parts(&rc.flags[0]);
        assert_eq!(rc.flags.iter().filter(|flag| parts(flag) == first).count(), 10_000);
    }

    #[test]
    fn imports_are_read_where_they_stand_and_each_file_once() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write(
            ".bazelrc",
            "build --a\nimport %workspace%/b.rc\ntry-import %workspace%/none.rc\nbuild:c --test_env X\n",
        )?;
        write("b.rc", "import %workspace%/.bazelrc\nbuild --b\nimport %workspace%/gone.rc\n")?;
        let rc = read_rc_files(folder.path(), Some(&folder.path().join("home")));
        let flags: Vec<String> =
            rc.flags.iter().map(|flag| format!("{} {}{}", flag.place(), flag.text, flag.condition())).collect();
        let own: Vec<&String> = flags.iter().filter(|flag| !flag.starts_with("`/etc/")).collect();
        assert_eq!(own, ["`.bazelrc:1` --a", "`b.rc:2` --b", "`.bazelrc:4` --test_env=X, with `--config=c`"]);
        let failures: Vec<(&str, &str)> = rc.failures.iter().map(|failure| (&*failure.place, &*failure.path)).collect();
        assert_eq!(failures, [("b.rc:3", "%workspace%/gone.rc")]);
        Ok(())
    }
}
