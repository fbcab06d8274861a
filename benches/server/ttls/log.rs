//! Loading a log that was rewritten without an RDB preamble: commands, as many as there are members when no two were seen
//! in the same millisecond. They come in the order in which members were seen, and so their ttls come shuffled.

use std::thread;
use std::time::Duration;

use super::{Mixture, TIMES, described, touch};
use crate::aof;
use crate::common::Server;
use crate::load::Load;
use crate::measure::Bench;
use crate::names::random::Random;
use crate::report::{Report, Target, Unit};
use crate::scale::Scale;

/// How often it is looked whether the log is written.
const LOOK: Duration = Duration::from_millis(10);
/// Added to all ttls, so that everybody is still online.
const LONGER_MS: usize = 1_000_000;

/// Measures on a server of its own.
pub fn run(scale: Scale, report: &mut Report) {
    let builder = Server::builder()
        .arg("appendonly yes")
        .arg("aof-use-rdb-preamble no");
    let mut bench = Bench::of(scale, builder);
    let size = scale.log;
    let one = load(&mut bench, Mixture::One, size);
    for mixture in Mixture::MANY {
        let many = load(&mut bench, mixture, size);
        report.compare(
            (
                format!("loading a log, a member, {}", described(size, mixture)),
                Mixture::One.title(),
            ),
            (one, many),
            Unit::CpuNanos,
            Target::AtMostTimes(TIMES),
        );
    }
}

/// CPU time of loading the log of such a key, for each member, in ns.
fn load(bench: &mut Bench, mixture: Mixture, size: usize) -> f64 {
    bench.progress(&format!("loading a log, {}", described(size, mixture)));
    let mut random = Random::new(140);
    let past = bench.now_ms() - size as u64;
    let mut load = Load::default();
    for (at, number) in random.shuffled(size).into_iter().enumerate() {
        let ttl = LONGER_MS + mixture.ttl(number, size, &mut random);
        touch(
            &mut load,
            mixture.key(),
            ttl,
            Some(past + at as u64),
            &[number],
        );
    }
    bench.pump(&load);
    bench.control.call(&["BGREWRITEAOF"]);
    let mut field = |field| bench.control.info("persistence", field);
    while field("aof_rewrite_in_progress") != "0" || field("aof_rewrite_scheduled") != "0" {
        thread::sleep(LOOK);
    }
    let spent = aof::reload(bench);
    let members = bench.control.int(&["PRESENCE.COUNT", mixture.key()]) as usize;
    assert_eq!(members, size, "everybody is there again");
    bench.flush();
    spent / size as f64 * 1e9
}
