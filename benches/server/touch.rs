//! TOUCH beside ZADD: the heartbeat, which is most of the work of a presence system.

use super::load::Load;
use super::measure::{BATCH, Bench};
use super::members::Members;
use super::report::{Report, Target, Unit};

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.members;
    bench.progress("growing keys a member at a time");
    let members = Members::SHORT.shuffled(size, 1, 1);
    let new = bench.compare(
        "TOUCH new",
        |bench, round| bench.zadd(&key("zset", round), &members, 1),
        |_, round| Load::batches(&["PRESENCE.TOUCH", &key("presence", round)], &members, 1),
    );
    drop(members);
    bench.flush();
    bench.populate("presence", "zset");

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
    bench.flush();
}

fn key(name: &str, round: u64) -> String {
    format!("{name}:{round}")
}
