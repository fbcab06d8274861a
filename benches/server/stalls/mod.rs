//! Whether another client ever has to wait: while a key grows, while many members expire at once, while much is freed.

mod expiry;
mod free;
mod huge;
mod machine;
mod watch;

pub use expiry::until_gone;
pub use free::free;
pub use watch::watch;

use std::thread;
use std::time::Duration;

use super::measure::Bench;
use super::report::{Report, Row, Target, Unit};
use super::stall::{Stall, Whose};

/// How long the server is watched while it has nothing to do.
const IDLE: Duration = Duration::from_secs(2);
/// What no other client waits longer for, and no command of the module takes longer, in ms.
pub const WORST_MS: f64 = 2.0;
/// What 999 of 1000 PINGs are answered in, in ms.
const P999_MS: f64 = 5.0;
/// When the memory of what has gone is back, in ms.
const BACK_MS: f64 = 5_000.0;

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let ((), idle) = watch(bench, Whose::Machine, "there is nothing to do", |_| {
        thread::sleep(IDLE);
    });
    report.stalls.push(idle);
    report.stalls.push(machine::watch(bench));
    expiry::run(bench, report);
    huge::run(bench, report);
}

/// The longest wait, beside that for what people use instead, or for commands that do nothing, where there is such a thing.
pub fn judge(report: &mut Report, ours: Stall, (against, theirs): (&str, Option<&Stall>)) {
    let millis = |stall: &Stall| stall.without_queue.as_secs_f64() * 1e3;
    report.add(Row {
        what: format!("worst stall: {}", ours.what),
        against: against.into(),
        theirs: theirs.map(millis),
        ours: millis(&ours),
        unit: Unit::Millis,
        target: Target::AtMost(WORST_MS),
    });
    report.stalls.push(ours);
}

/// When memory was back.
pub fn judge_back(report: &mut Report, what: String, back: Duration) {
    report.add(Row {
        what: format!("until the memory is back, {what}"),
        against: String::new(),
        theirs: None,
        ours: back.as_secs_f64() * 1e3,
        unit: Unit::Millis,
        target: Target::AtMost(BACK_MS),
    });
}

/// What holds for all of the module's work that was watched, beside the machine by itself where that was: nearly all PINGs,
/// and the slow log.
pub fn judge_all(report: &mut Report) {
    for (what, figure, limit) in [
        (
            "p99.9 of another client's PING, the worst of these",
            (|stall| stall.permille(999.0)) as fn(&Stall) -> Duration,
            P999_MS,
        ),
        (
            "slowest command in the slow log, of all these",
            Stall::slowest_took,
            WORST_MS,
        ),
    ] {
        let worst = |whose| {
            let stalls = report.stalls.iter().filter(|stall| stall.whose == whose);
            let worst = stalls.map(figure).max();
            worst.map(|time| time.as_secs_f64() * 1e3)
        };
        let Some(ours) = worst(Whose::Module) else {
            return;
        };
        let theirs = worst(Whose::Machine);
        report.add(Row {
            what: what.into(),
            against: theirs.map_or("", |_| "without the module's work").into(),
            theirs,
            ours,
            unit: Unit::Millis,
            target: Target::AtMost(limit),
        });
    }
}
