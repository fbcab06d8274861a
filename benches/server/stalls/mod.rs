//! Whether another client ever has to wait: while a key grows, while many members expire at once, while much is freed.

mod expiry;
mod huge;
mod machine;
mod watch;

pub use watch::{SLOW_MICROS, SOCKET, Stall, Whose};

use std::thread;
use std::time::Duration;

use watch::watch;

use super::measure::Bench;
use super::report::{Report, Row, Target, Unit};

/// How long the server is watched while it has nothing to do.
const IDLE: Duration = Duration::from_secs(2);
/// What no other client waits longer for, and no command of the module takes longer, in ms.
const WORST_MS: f64 = 2.0;
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
    judge_all(report);
}

/// The longest wait, beside that for what people use instead, or for commands that do nothing.
fn judge(report: &mut Report, ours: Stall, (against, theirs): (&str, &Stall)) {
    let millis = |stall: &Stall| stall.without_queue.as_secs_f64() * 1e3;
    report.add(Row {
        what: format!("worst stall: {}", ours.what),
        against: against.into(),
        theirs: Some(millis(theirs)),
        ours: millis(&ours),
        unit: Unit::Millis,
        target: Target::AtMost(WORST_MS),
    });
    report.stalls.push(ours);
}

/// When memory was back.
fn judge_back(report: &mut Report, what: String, back: Duration) {
    report.add(Row {
        what: format!("until the memory is back, {what}"),
        against: String::new(),
        theirs: None,
        ours: back.as_secs_f64() * 1e3,
        unit: Unit::Millis,
        target: Target::AtMost(BACK_MS),
    });
}

/// What holds for all of the module's work, beside the machine by itself: nearly all PINGs, and the slow log.
fn judge_all(report: &mut Report) {
    let of = |whose| {
        report
            .stalls
            .iter()
            .filter(move |stall| stall.whose == whose)
    };
    let p999 = |whose| {
        let waits = of(whose).map(|stall| stall.permille(999.0));
        waits.max().expect("it was watched")
    };
    // What is not in the slow log took less than what is.
    let slowest = |whose| {
        let commands = of(whose).filter_map(|stall| stall.slowest_command.as_ref());
        let slowest = commands.map(|(_, took)| *took).max();
        slowest.unwrap_or(Duration::from_micros(SLOW_MICROS))
    };
    let both = |figure: &dyn Fn(Whose) -> Duration| {
        let millis = |whose| figure(whose).as_secs_f64() * 1e3;
        (millis(Whose::Machine), millis(Whose::Module))
    };
    let (pings, commands) = (both(&p999), both(&slowest));
    for (what, figures, limit) in [
        (
            "p99.9 of another client's PING, the worst of these",
            pings,
            P999_MS,
        ),
        (
            "slowest command in the slow log, of all these",
            commands,
            WORST_MS,
        ),
    ] {
        report.compare(
            (what, "without the module's work"),
            figures,
            Unit::Millis,
            Target::AtMost(limit),
        );
    }
}
