//! What a run has found: each figure beside the one it is to beat, and whether it does; stalls; growth.

use std::fmt;
use std::time::Duration;

use super::clients::Throughput;
use super::curve::Growth;
use super::scale::grouped;
use super::stall::{SLOW_MICROS, Stall};

/// What a row's figures count.
#[derive(Clone, Copy)]
pub enum Unit {
    /// CPU time for one command.
    CpuNanos,
    /// CPU time.
    CpuSeconds,
    /// Time on the wall, or of a single command.
    Millis,
    /// Memory.
    Bytes,
    /// The size of a file, or of what is left in memory.
    Mebibytes,
    /// A share of a core.
    Percent,
    /// Keys that are worked off in each second.
    KeysASecond,
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
    /// Ours is at least this.
    AtLeast(f64),
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
    /// The table of targets.
    pub rows: Vec<Row>,
    /// What another client saw during each piece of work.
    pub stalls: Vec<Stall>,
    /// What commands cost at each size, where that was measured.
    pub growth: Option<Growth>,
    /// What the clients of a server saw.
    pub clients: Vec<Throughput>,
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
}

impl Row {
    /// Whether the target is reached; `None` without one.
    fn reached(&self) -> Option<bool> {
        let theirs = self.theirs.unwrap_or(f64::NAN);
        match self.target {
            Target::TimesLess(times) => Some(theirs >= times * self.ours),
            Target::AtMostTimes(times) => Some(self.ours <= times * theirs),
            Target::AtMost(limit) => Some(self.ours <= limit),
            Target::AtLeast(limit) => Some(self.ours >= limit),
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
            Target::AtLeast(limit) => format!("at least {}", self.unit.show(limit)),
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
        write!(out, "{}", Targets(&self.rows))?;
        if let Some(growth) = &self.growth {
            write!(out, "\n{growth}")?;
        }
        if !self.stalls.is_empty() {
            write!(out, "\n{}", Stalls(&self.stalls))?;
        }
        if !self.clients.is_empty() {
            write!(out, "\n{}", Clients(&self.clients))?;
        }
        Ok(())
    }
}

/// The table of targets.
pub struct Targets<'a>(pub &'a [Row]);

impl fmt::Display for Targets<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let header = "| what | against | its figure | ours | ratio | target | reached |";
        writeln!(out, "{header}\n| --- | --- | --: | --: | --: | --- | --- |")?;
        self.0.iter().try_for_each(|row| writeln!(out, "{row}"))
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let titles: Vec<&str> = self.curves.iter().map(|curve| curve.title).collect();
        writeln!(out, "| members | {} |", titles.join(" | "))?;
        writeln!(out, "| --: |{}", " --: |".repeat(titles.len()))?;
        for (at, size) in self.sizes.iter().enumerate() {
            write!(out, "| {} |", grouped(*size as u64))?;
            for curve in &self.curves {
                write!(out, " {} |", Unit::CpuNanos.show(curve.nanos[at]))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// The table of stalls.
pub struct Stalls<'a>(pub &'a [Stall]);

impl fmt::Display for Stalls<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let header = "| while | PINGs | p50 | p99 | p99.9 | slowest | without waiting for a CPU \
                      | slowest command in the slow log |";
        writeln!(
            out,
            "{header}\n| --- | --: | --: | --: | --: | --: | --: | --- |"
        )?;
        for stall in self.0 {
            let command = match &stall.slowest_command {
                Some((name, took)) => format!("`{name}`, {}", millis(*took)),
                None => format!("none over {SLOW_MICROS} µs"),
            };
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {command} |",
                stall.what,
                grouped(stall.pings as u64),
                millis(stall.permille(500.0)),
                millis(stall.permille(990.0)),
                millis(stall.permille(999.0)),
                millis(stall.slowest()),
                millis(stall.without_queue),
            )?;
        }
        Ok(())
    }
}

/// The table of what clients see.
pub struct Clients<'a>(pub &'a [Throughput]);

impl fmt::Display for Clients<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let header = "| `io-threads` | requests under way on each connection | command | requests a second | p99 \
                      | the server's main thread | the load generator |";
        writeln!(out, "{header}\n| --: | --: | --- | --: | --: | --: | --: |")?;
        self.0.iter().try_for_each(|seen| {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                seen.io_threads,
                seen.depth,
                seen.command,
                grouped(seen.a_second as u64),
                Unit::Millis.show(seen.p99),
                Unit::Percent.show(seen.server),
                Unit::Percent.show(seen.generator),
            )
        })
    }
}

fn millis(time: Duration) -> String {
    Unit::Millis.show(time.as_secs_f64() * 1e3)
}

impl Unit {
    /// A figure with its unit.
    fn show(self, figure: f64) -> String {
        match self {
            Unit::CpuNanos if figure >= 10e6 => format!("{:.1} ms", figure / 1e6),
            Unit::CpuNanos if figure >= 10e3 => format!("{:.1} µs", figure / 1e3),
            Unit::CpuNanos if figure < 100.0 => format!("{figure:.1} ns"),
            Unit::CpuNanos => format!("{figure:.0} ns"),
            Unit::CpuSeconds => format!("{figure:.2} s"),
            Unit::Millis if figure >= 1e3 => format!("{:.1} s", figure / 1e3),
            Unit::Millis => format!("{figure:.2} ms"),
            Unit::Bytes => format!("{figure:.1} B"),
            Unit::Mebibytes if figure < 1.0 => format!("{:.1} KiB", figure * 1024.0),
            Unit::Mebibytes => format!("{figure:.1} MiB"),
            Unit::Percent => format!("{figure:.1} %"),
            Unit::KeysASecond => grouped(figure as u64),
        }
    }
}

/// A ratio as text.
pub fn times(ratio: f64) -> String {
    if ratio >= 100.0 {
        format!("{}×", grouped(ratio as u64))
    } else {
        let text = format!("{ratio:.2}");
        format!("{}×", text.trim_end_matches('0').trim_end_matches('.'))
    }
}
