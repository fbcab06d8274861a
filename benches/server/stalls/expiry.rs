//! A million members whose time is up at one and the same moment. Starts and ends with an empty server.

use std::thread;
use std::time::{Duration, Instant};

use super::watch::watch;
use super::{WORST_MS, judge, judge_back};
use crate::load::Load;
use crate::measure::{BATCH, Bench};
use crate::members::Members;
use crate::report::{Report, Row, Target, Unit};
use crate::stall::Whose;

/// How long members stay online: longer than it takes to load them.
const TTL_MS: u64 = 10_000;
/// How long before the moment the watch begins.
const AHEAD_MS: u64 = 300;
/// How often it is looked whether all are gone.
const LOOK: Duration = Duration::from_millis(20);
/// Memory that has not come back so long after the last member was removed stays.
const STAYS: Duration = Duration::from_secs(10);
/// How long an eviction may take.
const TOO_LONG: Duration = Duration::from_secs(120);

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
        until_gone(bench, 0, before + full / 20.0);
        moment.elapsed()
    });
    let sweep = bench
        .control
        .info_number("presence", "presence_longest_sweep_us");
    judge(
        report,
        ours,
        ("`ZREMRANGEBYSCORE` of as many", Some(&theirs)),
    );
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

/// Waits until the eviction has left only so many members, and no more memory than these bytes is taken; where some stays,
/// until that is certain.
pub fn until_gone(bench: &mut Bench, members: usize, bytes: f64) {
    let start = Instant::now();
    let mut gone = None;
    loop {
        thread::sleep(LOOK);
        let left = bench.control.info_number("presence", "presence_members");
        if gone.is_none() && left <= members as f64 {
            gone = Some(Instant::now());
        }
        match gone {
            Some(gone) if bench.data_bytes() < bytes || gone.elapsed() > STAYS => return,
            Some(_) => {}
            None => assert!(start.elapsed() < TOO_LONG, "{left} members stay"),
        }
    }
}
