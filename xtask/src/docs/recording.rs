//! `docs/demo.svg`: what `cargo xtask demo` prints, as a picture of a terminal made of text.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::sandbox::workspace;

/// The picture, below the repository.
const FILE: &str = "docs/demo.svg";
/// Of a character and of a line, in pixels.
const CELL: (usize, usize) = (8, 20);
/// Around the text, in pixels.
const MARGIN: usize = 20;

/// Runs the demo and draws its table and its last line. The times of the steps before it are this machine's, and left out.
pub(super) fn write() -> Result<()> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let output = Command::new(program).arg("demo").output().context("cannot run the demo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let table = text.split_once("\n  step  ").map(|(_, rest)| format!("  step  {rest}"));
    let Some(table) = table.filter(|_| output.status.success()) else {
        bail!("the demo failed:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    };
    let file = workspace().join(FILE);
    fs::write(&file, draw("cargo xtask demo", &table)).with_context(|| format!("cannot write `{}`", file.display()))?;
    println!("  written  {FILE}");
    Ok(())
}

/// The picture of a command and what it printed.
fn draw(command: &str, printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().collect();
    let columns = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(command.len() + 2);
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, (lines.len() + 2) * CELL.1 + 2 * MARGIN);
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>What `{command}` prints</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#161b22\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"13\" \
         fill=\"#d0d7de\" xml:space=\"preserve\">\n"
    );
    let mut text = |row: usize, line: &str, style: &str| {
        let characters = line.chars().count();
        if characters > 0 {
            let y = MARGIN + row * CELL.1 + CELL.1 / 2;
            let length = characters * CELL.0;
            // Whatever the font is, columns stay columns.
            let _ = writeln!(
                picture,
                "<text x=\"{MARGIN}\" y=\"{y}\" textLength=\"{length}\"{style}>{}</text>",
                escape(line)
            );
        }
    };
    text(0, &format!("$ {command}"), " fill=\"#7ee787\"");
    for (number, line) in lines.iter().enumerate() {
        let style = match number {
            0 => " fill=\"#8b949e\"",
            _ if line.starts_with("parity: ") => " fill=\"#7ee787\" font-weight=\"bold\"",
            _ => "",
        };
        text(number + 2, line, style);
    }
    picture + "</g>\n</svg>\n"
}

/// The lines of a picture that [`draw`] made.
#[cfg(test)]
fn lines(picture: &str) -> Vec<String> {
    let lines =
        picture.lines().filter_map(|line| line.strip_prefix("<text ")?.strip_suffix("</text>")?.split_once('>'));
    lines.map(|(_, text)| text.replace("&lt;", "<").replace("&amp;", "&").replace('\u{a0}', " ")).collect()
}

/// Text of an element. Spaces do not collapse, whatever reads it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_has_the_lines_that_were_printed() {
        let picture = draw("demo", "  step  <what> & why\n\nparity: 1\n");
        assert_eq!(lines(&picture), ["$ demo", "  step  <what> & why", "parity: 1"]);
    }

    #[test]
    fn readme_quotes_the_recorded_parity() -> Result<()> {
        let picture = fs::read_to_string(workspace().join(FILE)).with_context(|| format!("cannot read `{FILE}`"))?;
        let last = lines(&picture).pop().context("the picture is empty")?;
        let readme = fs::read_to_string(workspace().join("README.md"))?;
        let quoted = readme.lines().find(|line| line.starts_with("parity: ")).context("README quotes no parity")?;
        assert_eq!(quoted, last, "`cargo xtask docs --recording` draws what README quotes");
        Ok(())
    }
}
