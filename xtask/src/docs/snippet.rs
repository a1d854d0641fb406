//! The fenced blocks of a document, and what their info strings say is to be done with each.
//!
//! ````text
//! ```sh run                  the commands are run
//! ```sh skip="reason"        they are not, because of what only another machine has
//! ```python file=MODULE.bazel    the block is that file's content
//! ```text printed            what the commands before print has these lines; `…` is anything
//! ```text shown              an example that nothing here can print, or an illustration
//! ````
//!
//! The first word is the language, for what colours it; nothing of the rest is seen on a page.

use anyhow::{Context, Result, bail};

/// What is done with a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Its commands are run.
    Run,
    /// Its commands cannot be run here, for this reason.
    Skip(String),
    /// It becomes a file below the folder in which commands run.
    File(String),
    /// The commands before it print its lines.
    Printed,
    /// It is to be looked at.
    Shown,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    /// The section of level two that it is in; empty before the first.
    pub(super) section: String,
    /// The line of its first fence, from 1.
    pub(super) line: usize,
    pub(super) action: Use,
    pub(super) text: String,
}

/// Every block of `text`, the content of document `name`. Fails where one does not say what is done with it.
pub(super) fn snippets(name: &str, text: &str) -> Result<Vec<Snippet>> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut section);
        }
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
        let text: String = body.map(|line| format!("{line}\n")).collect();
        let action = action(info).with_context(|| format!("{name}:{}", number + 1))?;
        found.push(Snippet { section: section.clone(), line: number + 1, action, text });
    }
    Ok(found)
}

fn action(info: &str) -> Result<Use> {
    let (language, directive) = info.split_once(' ').unwrap_or((info, ""));
    let value =
        |key: &str| Some(directive.strip_prefix(key)?.trim_matches('"').to_owned()).filter(|value| !value.is_empty());
    // Markdown has no such blocks.
    if info.contains('`') {
        bail!("the first line of a block has a backtick: ```{info}");
    }
    match (language, directive) {
        ("sh", "run") => Ok(Use::Run),
        ("mermaid", "") | ("text", "shown") => Ok(Use::Shown),
        ("text", "printed") => Ok(Use::Printed),
        _ => {
            let skip = value("skip=").filter(|_| language == "sh").map(Use::Skip);
            match skip.or_else(|| value("file=").map(Use::File)) {
                Some(action) => Ok(action),
                None => bail!("the block ```` ```{info} ```` does not say what is done with it, such as `sh run`"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_sections_lines_and_uses() -> Result<()> {
        let text = "```sh run\na\n\nb\n```\n# T\n## One\n```python file=M\nc\n```\n### Deeper\n```sh skip=\"no net\"\nd\n```\n";
        let block = |section: &str, line, action, text: &str| Snippet {
            section: section.to_owned(),
            line,
            action,
            text: text.to_owned(),
        };
        let wanted = [
            block("", 1, Use::Run, "a\n\nb\n"),
            block("One", 8, Use::File("M".to_owned()), "c\n"),
            block("One", 12, Use::Skip("no net".to_owned()), "d\n"),
        ];
        assert_eq!(snippets("a.md", text)?, wanted);
        Ok(())
    }

    #[test]
    fn block_without_a_use_is_refused_where_it_stands() {
        for info in ["", "sh", "sh skip=", "text", "python", "python run", "text skip=\"x\""] {
            let said = snippets("a.md", &format!("\n```{info}\n```\n")).err().map(|error| format!("{error:#}"));
            let wanted =
                format!("a.md:2: the block ```` ```{info} ```` does not say what is done with it, such as `sh run`");
            assert_eq!(said, Some(wanted), "{info}");
        }
        let said = snippets("a.md", "```sh skip=\"`b`\"\n```\n").err().map(|error| format!("{error:#}"));
        assert_eq!(said.as_deref(), Some("a.md:1: the first line of a block has a backtick: ```sh skip=\"`b`\""));
    }
}
