//! The table: each figure beside the one it is to beat, and whether it does.

use std::fmt;

use super::scale::grouped;

/// What a row's figures count.
#[derive(Clone, Copy)]
pub enum Unit {
    /// CPU time for one command.
    CpuNanos,
    /// CPU time.
    CpuSeconds,
    /// Time on the wall.
    Millis,
    /// Memory.
    Bytes,
    /// The size of a file.
    Mebibytes,
}

/// What a row should show.
#[derive(Clone, Copy)]
pub enum Target {
    /// The other figure is at least so many times ours.
    TimesLess(f64),
    /// Ours is at most so many times the other.
    AtMostTimes(f64),
    /// Ours is at most this.
    AtMost(f64),
    /// None: a row to compare others with.
    None,
}

/// A line of the table.
pub struct Row {
    /// What is measured.
    pub what: String,
    /// What it is measured against; empty where there is nothing of the kind.
    pub against: String,
    /// The figure of what it is measured against.
    pub theirs: Option<f64>,
    /// The module's figure.
    pub ours: f64,
    /// What the figures count.
    pub unit: Unit,
    /// What they should be.
    pub target: Target,
}

/// What a run has found.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    stalls: Vec<String>,
}

impl Report {
    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a row of two figures.
    pub fn compare(
        &mut self,
        (what, against): (impl Into<String>, impl Into<String>),
        (theirs, ours): (f64, f64),
        unit: Unit,
        target: Target,
    ) {
        self.add(Row {
            what: what.into(),
            against: against.into(),
            theirs: Some(theirs),
            ours,
            unit,
            target,
        });
    }

    /// Adds a line to the table of stalls.
    pub fn add_stall(&mut self, line: String) {
        self.stalls.push(line);
    }
}

impl Row {
    /// Whether the target is reached; `None` without one.
    fn reached(&self) -> Option<bool> {
        let theirs = self.theirs.unwrap_or(f64::NAN);
        match self.target {
            Target::TimesLess(times) => Some(theirs >= times * self.ours),
            Target::AtMostTimes(times) => Some(self.ours <= times * theirs),
            Target::AtMost(limit) => Some(self.ours <= limit),
            Target::None => None,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let theirs = self.theirs.map(|figure| self.unit.show(figure));
        let ratio = match (self.theirs, self.target) {
            (None, _) => String::new(),
            (Some(theirs), Target::AtMostTimes(_)) => format!("{:.2}×", self.ours / theirs),
            (Some(theirs), _) => format!("{} less", times(theirs / self.ours)),
        };
        let target = match self.target {
            Target::TimesLess(1.0) => "less".into(),
            Target::TimesLess(wanted) => format!("{} less", times(wanted)),
            Target::AtMostTimes(wanted) => format!("at most {wanted}×"),
            Target::AtMost(limit) => format!("at most {}", self.unit.show(limit)),
            Target::None => String::new(),
        };
        let reached = match self.reached() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        write!(
            out,
            "| {} | {} | {} | {} | {ratio} | {target} | {reached} |",
            self.what,
            self.against,
            theirs.unwrap_or_default(),
            self.unit.show(self.ours),
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            out,
            "| what | against | its figure | ours | ratio | target | reached |"
        )?;
        writeln!(out, "| --- | --- | --: | --: | --: | --- | --- |")?;
        for row in &self.rows {
            writeln!(out, "{row}")?;
        }
        writeln!(
            out,
            "\nAnother client's PING, sent as fast as it was answered:\n\n\
             | while | PINGs | p50 | p99 | p99.9 | slowest | without waiting for a CPU | slowest command in the slow log |\n\
             | --- | --: | --: | --: | --: | --: | --: | --- |"
        )?;
        for line in &self.stalls {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

impl Unit {
    /// A figure with its unit.
    fn show(self, figure: f64) -> String {
        match self {
            Unit::CpuNanos if figure >= 10e6 => format!("{:.1} ms", figure / 1e6),
            Unit::CpuNanos if figure >= 10e3 => format!("{:.1} µs", figure / 1e3),
            Unit::CpuNanos => format!("{figure:.0} ns"),
            Unit::CpuSeconds => format!("{figure:.2} s"),
            Unit::Millis if figure >= 1e3 => format!("{:.1} s", figure / 1e3),
            Unit::Millis => format!("{figure:.2} ms"),
            Unit::Bytes => format!("{figure:.1} B"),
            Unit::Mebibytes => format!("{figure:.1} MiB"),
        }
    }
}

/// A ratio as text.
fn times(ratio: f64) -> String {
    if ratio >= 100.0 {
        format!("{}×", grouped(ratio as u64))
    } else {
        let text = format!("{ratio:.2}");
        format!("{}×", text.trim_end_matches('0').trim_end_matches('.'))
    }
}
