//! What the demo found: a table, the findings, and the line that sums them up.

use std::fmt;

use crate::parity::Miss;

/// Collects what each step showed.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    problems: Vec<String>,
    remote_actions: usize,
    local_hits: usize,
    outputs: usize,
    identical: usize,
}

struct Row {
    step: u8,
    what: String,
    actions: usize,
    result: String,
}

impl Report {
    /// Records a build whose actions all had to run; `failed` says how many did not run as they had to.
    pub(crate) fn ran(&mut self, step: u8, what: &str, actions: usize, failed: Vec<String>) {
        let result = format!("{} of {actions} ran", actions - failed.len().min(actions));
        self.push(step, what, actions, result, failed);
    }

    /// Records a build whose actions all had to hit.
    pub(crate) fn hit(&mut self, step: u8, what: &str, actions: usize, misses: &[Miss]) {
        let hits = actions - misses.len().min(actions);
        self.push(
            step,
            what,
            actions,
            format!("{hits} of {actions} hit"),
            misses.iter().map(Miss::to_string).collect(),
        );
    }

    /// Records what `lre explain` says: hits alone, or a cause, which is a finding of its own unless misses `are_known`.
    pub(crate) fn explained(
        &mut self,
        step: u8,
        what: &str,
        actions: usize,
        said: Result<String, String>,
        are_known: bool,
    ) {
        let problems = said.as_ref().err().filter(|_| !are_known).cloned().into_iter().collect();
        let result = said.unwrap_or_else(|_| "misses, explained".to_owned());
        self.push(step, what, actions, result, problems);
    }

    /// Counts remote actions and how many of them hit in the local build after it.
    pub(crate) fn count(&mut self, remote_actions: usize, misses: usize) {
        self.remote_actions += remote_actions;
        self.local_hits += remote_actions - misses.min(remote_actions);
    }

    /// Records a comparison of bytes.
    pub(crate) fn compared(&mut self, step: u8, what: &str, outputs: usize, differences: Vec<String>) {
        self.outputs += outputs;
        self.identical += outputs - differences.len().min(outputs);
        let result = format!("{} of {outputs} identical", outputs - differences.len().min(outputs));
        self.push(step, what, outputs, result, differences);
    }

    /// Records a step that could not finish.
    pub(crate) fn stopped(&mut self, step: u8, what: &str, problem: String) {
        self.push(step, what, 0, "stopped".to_owned(), vec![problem]);
    }

    fn push(&mut self, step: u8, what: &str, actions: usize, result: String, problems: Vec<String>) {
        self.rows.push(Row { step, what: what.to_owned(), actions, result });
        self.problems.extend(problems.into_iter().map(|problem| format!("step {step}: {problem}")));
    }

    /// Whether there was something to compare, every hit was had and every byte was equal.
    pub(crate) fn holds(&self) -> bool {
        self.problems.is_empty()
            && self.remote_actions > 0
            && self.local_hits == self.remote_actions
            && self.outputs > 0
            && self.identical == self.outputs
    }

    /// Every finding, in the order of the steps.
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        writeln!(formatter, "\n  step  {:<width$}  actions  result", "what")?;
        for row in &self.rows {
            writeln!(formatter, "  {:>4}  {:<width$}  {:>7}  {}", row.step, row.what, row.actions, row.result)?;
        }
        writeln!(formatter)?;
        for problem in self.problems.iter().take(10) {
            writeln!(formatter, "  {problem}")?;
        }
        if self.problems.len() > 10 {
            writeln!(formatter, "  … and {} more", self.problems.len() - 10)?;
        }
        writeln!(
            formatter,
            "parity: {} remote actions, {} of {} hit locally, {} of {} outputs identical",
            self.remote_actions, self.local_hits, self.remote_actions, self.identical, self.outputs
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Report {
        let mut report = Report::default();
        report.ran(1, "remote build", 2, Vec::new());
        report.count(2, 0);
        report.compared(6, "bytes", 3, Vec::new());
        report
    }

    #[test]
    fn report_ends_with_the_parity_line() {
        assert_eq!(
            full().to_string(),
            "\n  step  what          actions  result\
             \n     1  remote build        2  2 of 2 ran\
             \n     6  bytes               3  3 of 3 identical\
             \n\nparity: 2 remote actions, 2 of 2 hit locally, 3 of 3 outputs identical\n"
        );
    }

    #[test]
    fn one_miss_one_byte_or_nothing_at_all_breaks_parity() {
        assert!(full().holds());
        assert!(!Report::default().holds());
        let mut missed = full();
        missed.count(1, 1);
        assert!(!missed.holds());
        let mut different = full();
        different.compared(6, "bytes", 1, vec!["a.o".to_owned()]);
        assert!(!different.holds());
    }
}
