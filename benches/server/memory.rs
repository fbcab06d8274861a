//! What members take in memory, beside sorted sets. Starts and ends with an empty server.

use super::load::Load;
use super::measure::{BATCH, Bench, REFRESHES};
use super::members::Members;
use super::names::ids::Ids;
use super::report::{Report, Target, Unit};
use super::scale::grouped;

/// Measures large keys with each kind of name, and small ones.
pub fn run(bench: &mut Bench, report: &mut Report) {
    for ids in Ids::ALL {
        large(bench, report, ids);
    }
    one_room(bench, report);
    many_rooms(bench, report);
}

/// Bytes a member of a presence key, whose members have each been refreshed three times, all in random order, and of a
/// sorted set, which takes no more for being refreshed.
fn large(bench: &mut Bench, report: &mut Report, ids: Ids) {
    let life = life(bench, ids);
    let ours = weigh(bench, &life);
    let [come, _] = &life;
    let theirs = bench.bytes_taken(|bench| {
        let load = bench.zadd("zset", come, BATCH);
        bench.pump(&load);
    });
    let wanted = match ids {
        Ids::Short => 40.0,
        Ids::Uuid => 48.0,
        Ids::Decimal => 32.0,
    };
    report.compare(
        (format!("memory a member, {}", ids.title()), "ZSET"),
        (theirs / bench.scale.members as f64, ours),
        Unit::Bytes,
        Target::AtMost(wanted),
    );
}

/// Bytes a member of a presence key alone. Starts and ends with an empty server.
pub fn presence(bench: &mut Bench, ids: Ids) -> f64 {
    let life = life(bench, ids);
    weigh(bench, &life)
}

fn weigh(bench: &mut Bench, life: &[Vec<String>; 2]) -> f64 {
    let bytes = bench.bytes_taken(|bench| {
        for members in life {
            bench.pump(&Load::batches(
                &["PRESENCE.TOUCH", "presence"],
                members,
                BATCH,
            ));
        }
    });
    bytes / life[0].len() as f64
}

/// Who is touched before a key is weighed: everybody once, then three times more, in random order.
fn life(bench: &Bench, ids: Ids) -> [Vec<String>; 2] {
    let size = bench.scale.members;
    bench.progress(&format!(
        "memory of {}, {}",
        super::of_members(size),
        ids.title()
    ));
    [
        Members(ids).shuffled(size, 1, 3),
        Members(ids).shuffled(size, REFRESHES, 4),
    ]
}

/// `MEMORY USAGE` of a room of five.
fn one_room(bench: &mut Bench, report: &mut Report) {
    let members = Members::SHORT.of(0..5);
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
    let members = |room: usize| Members::SHORT.of(room * 3..room * 3 + 3);
    let theirs = bench.bytes_taken(|bench| {
        let mut load = Load::default();
        for room in 0..rooms {
            load.append(bench.zadd(&key(room), &members(room), 3));
        }
        bench.pump(&load);
    });
    let ours = bench.bytes_taken(|bench| {
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
