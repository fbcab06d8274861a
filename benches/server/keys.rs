//! The idiom of a key a user: `SET … EX` at each sign of life, and a `SCAN` of all keys to count who is there.

use super::load::Load;
use super::measure::{BATCH, Bench, ROUNDS, median};
use super::members::Members;
use super::memory;
use super::names::ids::Ids;
use super::report::{Report, Target, Unit};

/// What the keys' names begin with.
const PREFIX: &str = "online:";
/// How long a key stays: longer than the run.
const SECONDS: &str = "36000";
/// How many keys one SCAN looks at.
const AT_ONCE: &str = "1000";
/// How many COUNTs make one measurement.
const COUNTS: usize = 100_000;

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let (size, commands) = (bench.scale.members, bench.scale.commands);
    bench.progress(&format!("a key each, {}", super::of_members(size)));
    let all = Members::SHORT.shuffled(size, 1, 1);
    let ours = memory::presence(bench, Ids::Short);
    let before = bench.data_bytes();
    bench.pump(&sets(&all));
    let theirs = bench.data_bytes() - before;
    bench.pump(&touches(&all, BATCH));

    let picks = |round: u64| Members::SHORT.random(size, commands, 50 + round);
    let refresh = bench.compare(
        "TOUCH beside SET EX",
        |_, round| sets(&picks(round)),
        |_, round| touches(&picks(round), 1),
    );
    let mut scans = Vec::new();
    let mut counts = Vec::new();
    for _ in 0..ROUNDS {
        scans.push(count_by_scan(bench, size));
        counts.push(bench.cost(&Load::repeat(&["PRESENCE.COUNT", "presence"], COUNTS)));
    }
    let members = super::of_members(size);
    report.compare(
        ("TOUCH, refresh of one member", "`SET key 1 EX seconds`"),
        refresh,
        Unit::CpuNanos,
        Target::None,
    );
    report.compare(
        (
            format!("COUNT, {members}"),
            "counting the keys by `SCAN … MATCH`",
        ),
        (median(scans), median(counts)),
        Unit::CpuNanos,
        Target::None,
    );
    report.compare(
        ("memory a member, 15-byte ids", "`SET key 1 EX seconds`"),
        (theirs / size as f64, ours),
        Unit::Bytes,
        Target::None,
    );
    bench.flush();
}

fn touches(members: &[String], in_each: usize) -> Load {
    Load::batches(&["PRESENCE.TOUCH", "presence"], members, in_each)
}

fn sets(members: &[String]) -> Load {
    let mut load = Load::default();
    for member in members {
        load.push(&["SET", &format!("{PREFIX}{member}"), "1", "EX", SECONDS]);
    }
    load
}

/// Counts the keys as one does it: CPU time of the server, in ns.
fn count_by_scan(bench: &mut Bench, expected: usize) -> f64 {
    let pattern = format!("{PREFIX}*");
    let before = bench.control.main_thread_cpu();
    let (mut cursor, mut online) = (String::from("0"), 0);
    loop {
        let page = bench
            .control
            .call(&["SCAN", &cursor, "MATCH", &pattern, "COUNT", AT_ONCE]);
        let (next, keys): (String, Vec<String>) =
            redis::from_redis_value(page).expect("a cursor and keys");
        online += keys.len();
        cursor = next;
        if cursor == "0" {
            break;
        }
    }
    let spent = bench.control.main_thread_cpu() - before;
    assert_eq!(online, expected, "nobody comes or goes meanwhile");
    spent * 1e9
}
