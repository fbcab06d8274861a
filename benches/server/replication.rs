//! What a refresh costs where it is replicated, where it is logged, and where both are done. Each on servers of its own.

use super::common::{Builder, Server};
use super::load::Load;
use super::measure::{BATCH, Bench, ROUNDS, median};
use super::members::Members;
use super::pair::{Pair, Spent};
use super::report::{Report, Row, Target, Unit};
use super::scale::Scale;

/// The keys. Their names are of one length, and short: what is replicated is counted in bytes.
const PRESENCE: &str = "p";
const ZSET: &str = "z";

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let scale = Scale {
        members: bench.scale.replicated,
        // There are many rows: half as many commands show it as well.
        commands: bench.scale.commands / 2,
        ..bench.scale
    };
    replicated(scale, report);
    logged(scale, report);
    replicated_and_logged(scale, report);
}

/// A server that logs all writes, and writes them to the disk each second. No rewrite comes between.
pub fn with_aof() -> Builder {
    Server::builder()
        .arg("appendonly yes")
        .arg("appendfsync everysec")
        .arg("auto-aof-rewrite-percentage 0")
}

fn touches(bench: &mut Bench, in_each: usize, round: u64) -> Load {
    Load::batches(&["PRESENCE.TOUCH", PRESENCE], &picks(bench, round), in_each)
}

fn zadds(bench: &mut Bench, in_each: usize, round: u64) -> Load {
    let picks = picks(bench, round);
    bench.zadd(ZSET, &picks, in_each)
}

fn picks(bench: &Bench, round: u64) -> Vec<String> {
    Members::SHORT.random(bench.scale.members, bench.scale.commands, 170 + round)
}

/// TOUCH with a replica beside TOUCH without one, and what the replica gets and does.
fn replicated(scale: Scale, report: &mut Report) {
    let mut alone = Bench::of(scale, Server::builder());
    let mut pair = Pair::start(scale, Server::builder(), Server::builder());
    alone.populate(PRESENCE, ZSET);
    pair.primary.populate(PRESENCE, ZSET);
    let (mut without, mut ours, mut theirs, mut batches) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let load = touches(&mut alone, 1, round);
        without.push(alone.cost(&load));
        ours.push(pair.spend(&load));
        let load = zadds(&mut pair.primary, 1, round);
        theirs.push(pair.spend(&load));
        let load = touches(&mut alone, BATCH, round);
        batches.push(pair.spend(&load));
    }
    let without = median(without);
    let [ours, theirs, batches] = [ours, theirs, batches].map(|rounds| Spent::median(&rounds));
    pair.primary.progress(&format!(
        "TOUCH with a replica: {:.0} ns beside {without:.0} ns without",
        ours.primary
    ));
    let refresh = "TOUCH, refresh of one member, with a replica";
    report.compare(
        (refresh, "the same without a replica"),
        (without, ours.primary),
        Unit::CpuNanos,
        Target::AtMostTimes(1.25),
    );
    report.compare(
        (refresh, "`ZADD` with a replica"),
        (theirs.primary, ours.primary),
        Unit::CpuNanos,
        Target::None,
    );
    report.compare(
        ("the same on the replica", "`ZADD` on a replica"),
        (theirs.replica, ours.replica),
        Unit::CpuNanos,
        Target::AtMostTimes(0.4),
    );
    report.compare(
        ("replicated bytes of a refresh", "`ZADD`"),
        (theirs.bytes, ours.bytes),
        Unit::Bytes,
        Target::AtMost(64.0),
    );
    report.add(Row {
        what: "replicated bytes of a refresh of 100 members, a member".into(),
        against: String::new(),
        theirs: None,
        ours: batches.bytes / BATCH as f64,
        unit: Unit::Bytes,
        target: Target::AtMost(30.0),
    });
}

/// TOUCH with an append-only file beside ZADD with one.
fn logged(scale: Scale, report: &mut Report) {
    let mut bench = Bench::of(scale, with_aof());
    bench.populate(PRESENCE, ZSET);
    let figures = bench.compare(
        "TOUCH with AOF",
        |bench, round| zadds(bench, 1, round),
        |bench, round| touches(bench, 1, round),
    );
    report.compare(
        (
            "TOUCH, refresh of one member, with AOF `everysec`",
            "`ZADD` with AOF",
        ),
        figures,
        Unit::CpuNanos,
        Target::TimesLess(2.2),
    );
}

/// TOUCH of many with a replica and an append-only file beside ZADD of as many with both.
fn replicated_and_logged(scale: Scale, report: &mut Report) {
    let mut pair = Pair::start(scale, with_aof(), Server::builder());
    pair.primary.populate(PRESENCE, ZSET);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let load = zadds(&mut pair.primary, BATCH, round);
        theirs.push(pair.spend(&load));
        let load = touches(&mut pair.primary, BATCH, round);
        ours.push(pair.spend(&load));
    }
    let [ours, theirs] = [ours, theirs].map(|rounds| Spent::median(&rounds).primary);
    pair.primary.progress(&format!(
        "TOUCH of 100 with a replica and AOF: {ours:.0} ns beside {theirs:.0} ns"
    ));
    report.compare(
        (
            "TOUCH, refresh of 100 members, with a replica and AOF",
            "`ZADD` of 100 with both",
        ),
        (theirs, ours),
        Unit::CpuNanos,
        Target::TimesLess(10.0),
    );
}
