//! The idiom of a hash whose fields have times of their own: `HSETEX`, or `HSET` and `HPEXPIRE` where that is all there
//! is. Servers without either have no rows of it.

use super::load::Load;
use super::measure::{BATCH, Bench};
use super::members::Members;
use super::memory;
use super::names::ids::Ids;
use super::report::{Report, Target, Unit};

/// How long a field stays: longer than the run.
const MILLIS: &str = "36000000";

/// How a server gives a field its time.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// One command does both.
    Hsetex,
    /// One sets the field, another its time.
    HsetHpexpire,
}

impl Way {
    fn of(bench: &mut Bench) -> Option<Self> {
        if bench.has_command("HSETEX") {
            Some(Way::Hsetex)
        } else if bench.has_command("HPEXPIRE") {
            Some(Way::HsetHpexpire)
        } else {
            None
        }
    }

    fn title(self) -> &'static str {
        match self {
            Way::Hsetex => "`HSETEX`",
            Way::HsetHpexpire => "`HSET` and `HPEXPIRE`",
        }
    }

    /// Commands that refresh each member.
    fn load(self, members: &[String]) -> Load {
        let mut load = Load::default();
        for member in members {
            match self {
                Way::Hsetex => {
                    load.push(&["HSETEX", "hash", "PX", MILLIS, "FIELDS", "1", member, "1"]);
                }
                Way::HsetHpexpire => {
                    load.push(&["HSET", "hash", member, "1"]);
                    load.push(&["HPEXPIRE", "hash", MILLIS, "FIELDS", "1", member]);
                }
            }
        }
        load
    }

    /// How many commands it takes to refresh a member.
    fn commands(self) -> f64 {
        match self {
            Way::Hsetex => 1.0,
            Way::HsetHpexpire => 2.0,
        }
    }
}

/// Measures, where the server has such fields.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let Some(way) = Way::of(bench) else { return };
    let (size, commands) = (bench.scale.members, bench.scale.commands);
    bench.progress(&format!("a hash field each, {}", super::of_members(size)));
    let all = Members::SHORT.shuffled(size, 1, 1);
    let touch = Load::batches(&["PRESENCE.TOUCH", "presence"], &all, BATCH);
    let ours = memory::presence(bench, Ids::Short);
    let before = bench.data_bytes();
    bench.pump(&way.load(&all));
    let theirs = bench.data_bytes() - before;
    bench.pump(&touch);

    let picks = |round: u64| Members::SHORT.random(size, commands, 60 + round);
    let (a_command, ours_each) = bench.compare(
        "TOUCH beside a field's time",
        |_, round| way.load(&picks(round)),
        |_, round| Load::batches(&["PRESENCE.TOUCH", "presence"], &picks(round), 1),
    );
    report.compare(
        ("TOUCH, refresh of one member", way.title()),
        (a_command * way.commands(), ours_each),
        Unit::CpuNanos,
        Target::None,
    );
    report.compare(
        ("memory a member, 15-byte ids", way.title()),
        (theirs / size as f64, ours),
        Unit::Bytes,
        Target::None,
    );
    bench.flush();
}
