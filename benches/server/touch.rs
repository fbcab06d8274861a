//! TOUCH beside ZADD: the heartbeat, which is most of the work of a presence system.

use super::load::Load;
use super::measure::Bench;
use super::members::Members;
use super::report::{Report, Target, Unit};

/// How many members a command with many of them has.
const BATCH: usize = 100;

/// Measures, and leaves the keys `presence` and `zset`, whose members were then refreshed three times each, in random
/// order, and more.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.members;
    bench.progress("growing keys a member at a time");
    let members = Members::SHORT.shuffled(size, 1, 1);
    let new = bench.compare(
        "TOUCH new",
        |bench, round| bench.zadd(&key("zset", round), &members, 1),
        |_, round| Load::batches(&["PRESENCE.TOUCH", &key("presence", round)], &members, 1),
    );
    bench
        .control
        .call(&["DEL", "zset:1", "presence:1", "zset:2", "presence:2"]);
    bench.control.call(&["RENAME", "zset:0", "zset"]);
    bench.control.call(&["RENAME", "presence:0", "presence"]);

    bench.progress("refreshing each member three times, in random order");
    let members = Members::SHORT.shuffled(size, 3, 2);
    let load = bench.zadd("zset", &members, BATCH);
    bench.pump(&load);
    bench.pump(&Load::batches(
        &["PRESENCE.TOUCH", "presence"],
        &members,
        BATCH,
    ));
    drop(members);

    let commands = bench.scale.commands;
    let picks = |round: u64| Members::SHORT.random(size, commands, 10 + round);
    let one = |command: &'static str| {
        move |_: &mut Bench, round| Load::batches(&[command, "presence"], &picks(round), 1)
    };
    let refresh = bench.compare(
        "TOUCH refresh",
        |bench, round| bench.zadd("zset", &picks(round), 1),
        one("PRESENCE.TOUCH"),
    );
    let floor = bench.compare("the floor of it", one("FLOOR.WRITE"), one("PRESENCE.TOUCH"));
    let batch = bench.compare(
        "TOUCH refresh of 100",
        |bench, round| bench.zadd("zset", &picks(round), BATCH),
        |_, round| Load::batches(&["PRESENCE.TOUCH", "presence"], &picks(round), BATCH),
    );

    let wanted = if bench.is_valkey() { 3.0 } else { 5.0 };
    report.compare(
        ("TOUCH, refresh of one member", "`ZADD`"),
        refresh,
        Unit::CpuNanos,
        Target::TimesLess(wanted),
    );
    report.compare(
        (
            "the same",
            "a module command that does nothing, same arguments",
        ),
        floor,
        Unit::CpuNanos,
        Target::AtMostTimes(2.2),
    );
    report.compare(
        ("TOUCH, refresh of 100 members", "`ZADD` of 100"),
        batch,
        Unit::CpuNanos,
        Target::TimesLess(12.0),
    );
    report.compare(
        ("TOUCH, new member", "`ZADD`"),
        new,
        Unit::CpuNanos,
        Target::TimesLess(2.0),
    );
}

fn key(name: &str, round: u64) -> String {
    format!("{name}:{round}")
}
