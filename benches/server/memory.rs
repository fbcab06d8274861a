//! What members take in memory, beside sorted sets. Starts and ends with an empty server.

use super::load::Load;
use super::measure::Bench;
use super::members::Members;
use super::names::ids::Ids;
use super::report::{Report, Target, Unit};
use super::scale::grouped;

/// How many members go into one command.
const BATCH: usize = 100;
/// How often each member is refreshed before it is weighed.
const REFRESHES: usize = 3;

/// Measures large keys with each kind of name, and small ones.
pub fn run(bench: &mut Bench, report: &mut Report) {
    for ids in Ids::ALL {
        large(bench, report, ids);
    }
    one_room(bench, report);
    many_rooms(bench, report);
}

/// Bytes a member of a key whose members have each been refreshed three times, all in random order.
fn large(bench: &mut Bench, report: &mut Report, ids: Ids) {
    let size = bench.scale.members;
    bench.progress(&format!(
        "memory of {}, {}",
        super::of_members(size),
        ids.title()
    ));
    let load = [
        Members(ids).shuffled(size, 1, 3),
        Members(ids).shuffled(size, REFRESHES, 4),
    ];
    let theirs = bytes_taken(bench, |bench| {
        for members in &load {
            let load = bench.zadd("zset", members, BATCH);
            bench.pump(&load);
        }
    });
    let ours = bytes_taken(bench, |bench| {
        for members in &load {
            bench.pump(&Load::batches(
                &["PRESENCE.TOUCH", "presence"],
                members,
                BATCH,
            ));
        }
    });
    let wanted = match ids {
        Ids::Short => 40.0,
        Ids::Uuid => 48.0,
        Ids::Decimal => 32.0,
    };
    let members = size as f64;
    report.compare(
        (format!("memory a member, {}", ids.title()), "ZSET"),
        (theirs / members, ours / members),
        Unit::Bytes,
        Target::AtMost(wanted),
    );
}

/// `MEMORY USAGE` of a room of five.
fn one_room(bench: &mut Bench, report: &mut Report) {
    let members = Members::SHORT.range(0..5);
    let load = bench.zadd("zset", &members, 5);
    bench.pump(&load);
    bench.pump(&Load::batches(&["PRESENCE.TOUCH", "room"], &members, 5));
    let mut usage = |key| bench.control.int(&["MEMORY", "USAGE", key]) as f64;
    let figures = (usage("zset"), usage("room"));
    report.compare(
        ("memory of a room of 5", "ZSET (listpack), `MEMORY USAGE`"),
        figures,
        Unit::Bytes,
        Target::AtMostTimes(1.5),
    );
    bench.flush();
}

/// What a great many rooms of three take, keys and all.
fn many_rooms(bench: &mut Bench, report: &mut Report) {
    let rooms = bench.scale.rooms;
    let what = format!("memory of each of {} rooms of 3", grouped(rooms as u64));
    bench.progress(&what);
    let key = |room: usize| format!("room:{room:06}");
    let members = |room: usize| Members::SHORT.range(room * 3..room * 3 + 3);
    let theirs = bytes_taken(bench, |bench| {
        let mut load = Load::default();
        for room in 0..rooms {
            load.append(bench.zadd(&key(room), &members(room), 3));
        }
        bench.pump(&load);
    });
    let ours = bytes_taken(bench, |bench| {
        let mut load = Load::default();
        for room in 0..rooms {
            load.append(Load::batches(
                &["PRESENCE.TOUCH", &key(room)],
                &members(room),
                3,
            ));
        }
        bench.pump(&load);
    });
    let rooms = rooms as f64;
    report.compare(
        (what, "ZSETs (listpacks), `used_memory`"),
        (theirs / rooms, ours / rooms),
        Unit::Bytes,
        Target::AtMostTimes(1.5),
    );
}

/// By how much the server's data grows when `fill` fills it; it is emptied again.
fn bytes_taken(bench: &mut Bench, fill: impl FnOnce(&mut Bench)) -> f64 {
    let before = bench.data_bytes();
    fill(bench);
    let after = bench.data_bytes();
    bench.flush();
    after - before
}
