//! The newest idioms, those whose parts time out by themselves: a hash whose fields do (`HSETEX`, or `HSET` and `HPEXPIRE`
//! where that is all there is), and a set whose members do (`SADDEX`). A server without them has no rows of them.

use super::load::Load;
use super::measure::{BATCH, Bench};
use super::members::Members;
use super::memory;
use super::names::ids::Ids;
use super::report::{Report, Target, Unit};

/// How long a part stays: longer than the run.
const MILLIS: &str = "36000000";

/// How a server gives a part its time.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// A field and its time, by one command.
    Hsetex,
    /// A field, and then its time.
    HsetHpexpire,
    /// A member of a set and its time.
    Saddex,
}

impl Way {
    /// Those that a server has; of hashes the better one.
    fn all(bench: &mut Bench) -> Vec<Self> {
        let hash = if bench.has_command("HSETEX") {
            Some(Way::Hsetex)
        } else if bench.has_command("HPEXPIRE") {
            Some(Way::HsetHpexpire)
        } else {
            None
        };
        let set = bench.has_command("SADDEX").then_some(Way::Saddex);
        hash.into_iter().chain(set).collect()
    }

    fn title(self) -> &'static str {
        match self {
            Way::Hsetex => "`HSETEX`",
            Way::HsetHpexpire => "`HSET` and `HPEXPIRE`",
            Way::Saddex => "`SADDEX`",
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
                Way::Saddex => load.push(&["SADDEX", "set", "PX", MILLIS, "MEMBERS", "1", member]),
            }
        }
        load
    }

    /// How many commands it takes to refresh a member.
    fn commands(self) -> f64 {
        match self {
            Way::Hsetex | Way::Saddex => 1.0,
            Way::HsetHpexpire => 2.0,
        }
    }
}

/// Measures, where the server has any of it.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let ways = Way::all(bench);
    if ways.is_empty() {
        return;
    }
    let ours = memory::presence(bench, Ids::Short);
    for way in ways {
        beside(bench, report, way, ours);
        bench.flush();
    }
}

/// A refresh, and the memory of a member: `ours` bytes.
fn beside(bench: &mut Bench, report: &mut Report, way: Way, ours: f64) {
    let (size, commands) = (bench.scale.members, bench.scale.commands);
    bench.progress(&format!("{} of {}", way.title(), super::of_members(size)));
    let all = Members::SHORT.shuffled(size, 1, 1);
    let before = bench.data_bytes();
    bench.pump(&way.load(&all));
    let theirs = bench.data_bytes() - before;
    bench.pump(&Load::batches(&["PRESENCE.TOUCH", "presence"], &all, BATCH));

    let picks = |round: u64| Members::SHORT.random(size, commands, 60 + round);
    let (a_command, ours_each) = bench.compare(
        "TOUCH beside it",
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
}
