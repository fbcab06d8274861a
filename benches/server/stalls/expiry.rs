//! A million members whose time is up at one and the same moment. Starts and ends with an empty server.

use std::thread;
use std::time::{Duration, Instant};

use super::watch::{Whose, watch};
use super::{WORST_MS, judge, judge_back};
use crate::load::Load;
use crate::measure::{BATCH, Bench};
use crate::members::Members;
use crate::report::{Report, Row, Target, Unit};

/// How long members stay online: longer than it takes to load them.
const TTL_MS: u64 = 10_000;
/// How long before the moment the watch begins.
const AHEAD_MS: u64 = 300;
/// How often it is looked whether all are gone.
const LOOK: Duration = Duration::from_millis(20);

/// Measures the stall and how soon the memory is back, beside one ZREMRANGEBYSCORE.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.members;
    let members = Members::SHORT.of(0..size);
    let what = format!("{} expire at one moment", crate::of_members(size));

    bench.pump(&Load::zadd("zset", &members, BATCH, || 1));
    let (_, theirs) = watch(
        bench,
        Whose::Idiom,
        "ZREMRANGEBYSCORE removes as many",
        |bench| bench.control.int(&["ZREMRANGEBYSCORE", "zset", "1", "1"]),
    );

    let before = bench.data_bytes();
    let seen = bench.now_ms();
    let (ttl, at, in_each) = (TTL_MS.to_string(), seen.to_string(), BATCH.to_string());
    let head = [
        "PRESENCE.TOUCHEX",
        "moment",
        "PX",
        &ttl,
        "AT",
        &at,
        "MEMBERS",
        &in_each,
    ];
    bench.pump(&Load::batches(&head, &members, BATCH));
    let online = bench.control.int(&["PRESENCE.COUNT", "moment"]) as usize;
    assert_eq!(online, size, "loading took longer than the members stay");
    let left = seen + TTL_MS - bench.now_ms();
    let moment = Instant::now() + Duration::from_millis(left);
    let full = bench.data_bytes() - before;

    thread::sleep(Duration::from_millis(left.saturating_sub(AHEAD_MS)));
    let (back, ours) = watch(bench, Whose::Module, &what, |bench| {
        loop {
            thread::sleep(LOOK);
            let left = bench.control.info("presence", "presence_members");
            if left == "0" && bench.data_bytes() - before < full / 20.0 {
                return moment.elapsed();
            }
            assert!(
                moment.elapsed() < Duration::from_secs(60),
                "{left} members stay"
            );
        }
    });
    let sweep = bench.control.info("presence", "presence_longest_sweep_us");
    let sweep: f64 = sweep.parse().expect("a number");
    judge(report, ours, ("`ZREMRANGEBYSCORE` of as many", &theirs));
    report.stalls.push(theirs);
    report.add(Row {
        what: "the longest turn of the eviction in it".into(),
        against: String::new(),
        theirs: None,
        ours: sweep / 1e3,
        unit: Unit::Millis,
        target: Target::AtMost(WORST_MS),
    });
    judge_back(report, what, back);
    bench.flush();
}
