//! Docstrings as Bazel's tools read them: a summary, then `Args:` with a line for each parameter, then `Returns:`.

use std::collections::BTreeMap;

/// A docstring of a macro.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Docstring {
    /// Everything before `Args:`, as Markdown.
    pub(super) summary: String,
    /// What is said of each parameter, on one line.
    pub(super) arguments: BTreeMap<String, String>,
}

impl Docstring {
    pub(super) fn parse(text: &str) -> Self {
        let text = clean(text);
        let (summary, rest) = text.split_once("\nArgs:\n").unwrap_or((&text, ""));
        let mut arguments: Vec<(String, String)> = Vec::new();
        // The next section starts at the margin.
        for line in rest.lines().take_while(|line| line.is_empty() || line.starts_with(' ')) {
            match (line.strip_prefix("  "), arguments.last_mut()) {
                (Some(more), Some((_, doc))) if more.starts_with(' ') => *doc += &format!(" {}", more.trim()),
                (Some(argument), _) => {
                    let (name, doc) = argument.split_once(": ").unwrap_or((argument, ""));
                    arguments.push((name.to_owned(), doc.to_owned()));
                }
                (None, _) => {}
            }
        }
        Self { summary: summary.trim().to_owned(), arguments: arguments.into_iter().collect() }
    }
}

/// A docstring without the margin that its lines have in the file.
pub(super) fn clean(text: &str) -> String {
    let rest = || text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let margin = rest().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines = text.lines().enumerate();
    let lines = lines.map(|(number, line)| if number == 0 { line } else { line.get(margin..).unwrap_or("") });
    lines.map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_and_parameters_are_told_apart_and_lines_are_joined() {
        let text = "Defines a thing.\n\n    And says more.\n\n    Args:\n      name: its name,\n        whatever it is.\n      \
                    **kwargs: others.\n\n    Returns:\n      nothing: at all.\n    ";
        let arguments = [("name", "its name, whatever it is."), ("**kwargs", "others.")];
        assert_eq!(
            Docstring::parse(text),
            Docstring {
                summary: "Defines a thing.\n\nAnd says more.".to_owned(),
                arguments: arguments.map(|(name, doc)| (name.to_owned(), doc.to_owned())).into(),
            }
        );
    }
}
