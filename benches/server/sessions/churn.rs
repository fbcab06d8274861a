//! What it costs that sessions begin and end: as many as there are come, and go again.
//!
//! The idiom's hash tables are moved to larger ones in between, and each look-up of a key moves a part of that of all keys,
//! whoever looks for which. So each side has a server to itself, all commands count until it holds twice as much, and the
//! mean is compared: the rounds in which a table is moved pay for all others.

use super::super::common::Server;
use super::super::load::Load;
use super::super::measure::{BATCH, Bench, ROUNDS};
use super::super::report::{Report, Target, Unit};
use super::super::scale::Scale;
use super::idiom::Scripts;
use super::{attach, sessions};

/// A user and the id of a session.
type Session = (String, String);

/// The server of the idiom, and that of the module.
struct Sides {
    theirs: Bench,
    scripts: Scripts,
    ours: Bench,
}

/// Measures, on servers of its own.
pub fn run(scale: Scale, report: &mut Report) {
    let mut sides = Sides::start(scale);
    let more: Vec<_> = (1..=ROUNDS as usize)
        .map(|round| {
            let end = |round| scale.members + scale.members * round / ROUNDS as usize;
            sessions(end(round - 1)..end(round))
        })
        .collect();
    let attach = |round: &[Session]| attach("presence", round, &[]);
    let figures = sides.compare(
        "ATTACH",
        &more,
        |scripts, round| scripts.attach(round, 1),
        attach,
    );
    add_row(
        report,
        "ATTACH, new member",
        figures,
        Target::TimesLess(5.0),
    );
    let halves = more.iter().map(|round| round.split_at(round.len() / 2));
    let (alone, together): (Vec<_>, Vec<_>) = halves.unzip();
    let figures = sides.compare(
        "DETACH",
        &alone,
        |scripts, round| scripts.detach(round, 1),
        |round| detach(round, 1),
    );
    let what = "DETACH, last session of its member";
    add_row(report, what, figures, Target::TimesLess(5.0));
    let what = format!("DETACH of {BATCH}, last sessions of their members");
    let figures = sides.compare(
        &what,
        &together,
        |scripts, round| scripts.detach(round, BATCH),
        |round| detach(round, BATCH),
    );
    add_row(report, what, figures, Target::None);
}

impl Sides {
    /// Starts both servers, and gives them the sessions.
    fn start(scale: Scale) -> Self {
        let all = sessions(0..scale.members);
        let mut theirs = Bench::of(scale, Server::builder());
        let mut scripts = Scripts::load(&mut theirs);
        let load = scripts.attach(&all, BATCH);
        theirs.pump(&load);
        let mut ours = Bench::of(scale, Server::builder());
        ours.pump(&attach("presence", &all, &[]));
        Self {
            theirs,
            scripts,
            ours,
        }
    }

    /// CPU of each command, in ns, of the idiom and of the module, over all rounds, which are measured in turns.
    fn compare(
        &mut self,
        what: &str,
        rounds: &[impl AsRef<[Session]>],
        theirs: impl Fn(&mut Scripts, &[Session]) -> Load,
        ours: impl Fn(&[Session]) -> Load,
    ) -> (f64, f64) {
        let mut sums = (0.0, 0.0);
        for round in rounds.iter().map(AsRef::as_ref) {
            let load = theirs(&mut self.scripts, round);
            sums.0 += self.theirs.cost(&load);
            sums.1 += self.ours.cost(&ours(round));
        }
        let rounds = rounds.len() as f64;
        let (theirs, ours) = (sums.0 / rounds, sums.1 / rounds);
        self.ours
            .progress(&format!("{what}: {ours:.0} ns beside {theirs:.0} ns"));
        (theirs, ours)
    }
}

fn detach(sessions: &[Session], in_each: usize) -> Load {
    let ids: Vec<_> = sessions.iter().map(|(_, id)| id.clone()).collect();
    let count = in_each.to_string();
    let head = ["PRESENCE.DETACH", "presence", "SESSIONS", &count];
    Load::batches(&head, &ids, in_each)
}

fn add_row(report: &mut Report, what: impl Into<String>, figures: (f64, f64), target: Target) {
    report.compare((what, "the script"), figures, Unit::CpuNanos, target);
}
