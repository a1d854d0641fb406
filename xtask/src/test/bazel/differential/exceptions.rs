//! The table of `docs/regen.md` that explains every difference between Bazel's configuration and ours.

use anyhow::{Context, Result, bail};

use super::difference::{Difference, Side};

/// The line before the table.
const MARK: &str = "<!-- The differential test reads this table. -->";

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exception {
    /// The attributes, as [`Difference::field`] names them; the row is for each of them.
    fields: Vec<String>,
    /// The compilers that it is for.
    compilers: Vec<String>,
    /// Items that Bazel's configuration alone has; `…` stands for anything.
    bazel: Vec<String>,
    /// Items that ours alone has.
    ours: Vec<String>,
}

/// Reads the table.
pub(super) fn read_exceptions(document: &str) -> Result<Vec<Exception>> {
    let (_, rest) = document.split_once(MARK).context("the document has no table of exceptions")?;
    let lines = rest.lines().skip_while(|line| line.is_empty()).take_while(|line| line.starts_with('|'));
    lines.skip(2).map(read_row).collect()
}

fn read_row(line: &str) -> Result<Exception> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [field, compilers, bazel, ours, reason] = cells[..] else {
        bail!("the row `{line}` has not five cells");
    };
    if reason.is_empty() {
        bail!("the row `{line}` gives no reason");
    }
    let fields = literals(field);
    let compilers = compilers.split(", ").map(str::to_owned).collect();
    Ok(Exception { fields, compilers, bazel: literals(bazel), ours: literals(ours) })
}

/// What stands between backticks.
fn literals(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

impl Exception {
    fn items(&self, side: Side) -> &[String] {
        match side {
            Side::Bazel => &self.bazel,
            Side::Ours => &self.ours,
        }
    }

    fn explains(&self, difference: &Difference) -> bool {
        self.fields.contains(&difference.field)
            && self.items(difference.side).iter().any(|pattern| matches(pattern, &difference.item))
    }

    /// Every difference that the row is about, with its pattern in place of the item.
    fn claims(&self) -> Vec<Difference> {
        let mut claims = Vec::new();
        for field in &self.fields {
            for side in [Side::Bazel, Side::Ours] {
                let items = self.items(side).iter();
                claims.extend(items.map(|item| Difference { field: field.clone(), side, item: item.clone() }));
            }
        }
        claims
    }
}

/// What the table and the differences for one compiler do not have in common, a line each.
pub(super) fn unexplained(exceptions: &[Exception], compiler: &str, differences: &[Difference]) -> Vec<String> {
    let rows: Vec<&Exception> =
        exceptions.iter().filter(|row| row.compilers.iter().any(|name| name == compiler)).collect();
    let unknown = differences.iter().filter(|difference| !rows.iter().any(|row| row.explains(difference)));
    let claims = rows.iter().flat_map(|row| row.claims());
    let gone = claims.filter(|claim| {
        let occurs = |difference: &&Difference| {
            difference.field == claim.field && difference.side == claim.side && matches(&claim.item, &difference.item)
        };
        differences.iter().find(occurs).is_none()
    });
    let unknown = unknown.map(|difference| format!("unexplained: {difference}"));
    unknown.chain(gone.map(|claim| format!("no longer: {claim}"))).collect()
}

/// Whether a text is as a pattern says, in which `…` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('…') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod unit {
    use super::*;

    fn difference(side: Side, item: &str) -> Difference {
        Difference { field: "flags".to_owned(), side, item: item.to_owned() }
    }

    #[test]
    fn rows_explain_differences_and_must_occur() -> Result<()> {
        let table = format!(
            "{MARK}\n\n| field | compiler | Bazel | ours | why |\n|---|---|---|---|---|\n\
             | `flags` | clang, gcc | `-a=…/x`, `-b` | `-c` | so |\n| `flags` | gcc | | `-d` | so |\n\ntext\n"
        );
        let rows = read_exceptions(&table)?;
        let found = [difference(Side::Bazel, "-a=/y/x"), difference(Side::Ours, "-c"), difference(Side::Ours, "-e")];
        let expected = ["unexplained: ours alone has `-e` in `flags`", "no longer: Bazel's alone has `-b` in `flags`"];
        assert_eq!(unexplained(&rows, "clang", &found), expected);
        let fields = read_exceptions(&table.replace("`flags`", "`flags`, `other`"))?;
        assert_eq!(unexplained(&fields, "clang", &found).len(), 5);
        let with_d = [found.as_slice(), &[difference(Side::Ours, "-d"), difference(Side::Bazel, "-b")]].concat();
        assert_eq!(unexplained(&rows, "gcc", &with_d), ["unexplained: ours alone has `-e` in `flags`"]);
        Ok(())
    }

    #[test]
    fn row_without_a_reason_is_refused() {
        let table =
            format!("{MARK}\n\n| a | b | c | d | e |\n|---|---|---|---|---|\n| `flags` | gcc | `-a` | `-b` |  |\n");
        assert!(read_exceptions(&table).is_err());
        assert!(read_exceptions("no table").is_err());
    }

    #[test]
    fn ellipsis_stands_for_any_text() {
        assert!(matches("-L…/lib…", "-L/nix/store/x/lib"));
        assert!(!matches("-L…/lib", "-L/nix/store/x/lib64"));
        assert!(matches("a", "a") && !matches("a", "ab"));
    }
}
