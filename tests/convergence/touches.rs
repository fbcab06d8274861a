//! The random part of touches: who, for how long, and when.

use crate::common::{Random, touchex};

/// How many members the few keys have among them, and how many a crowd has.
const FEW: u64 = 150;
pub const MANY: u64 = 3000;

/// A name of one of the four stored forms.
pub fn name(number: u64) -> Vec<u8> {
    match number % 4 {
        0 => number.to_string(),
        1 => format!("member {number}"),
        2 => format!("0b5e55ed-{number:04x}-4000-8000-00c0ffee0000"),
        _ => format!("a member with a name that is rather longer than most of them {number}"),
    }
    .into_bytes()
}

/// One of the few.
pub fn member(random: &mut Random) -> Vec<u8> {
    name(random.below(FEW))
}

/// A few members, now and then many.
pub fn members(random: &mut Random) -> Vec<Vec<u8>> {
    let count = match random.below(20) {
        0 => 100 + random.below(100),
        _ => 1 + random.below(6),
    };
    let mut members: Vec<_> = (0..count).map(|_| member(random)).collect();
    members.dedup();
    members
}

/// Mostly one of a few ttls, and else any: of less than a second, of minutes, and of hours, which is what clocks are off by.
pub fn ttl(random: &mut Random) -> i64 {
    let ttl = match random.below(8) {
        0 => 1 + random.below(1000),
        1 => 60_000 + random.below(60_000),
        2 => 1 + random.below(4 * 3_600_000),
        _ => random.pick(&[1, 20, 20, 100, 300, 300, 1000, 60_000]),
    };
    ttl as i64
}

/// A touch with a ttl of its own, every third an import.
pub fn touch_ex(random: &mut Random, key: &str, now: i64) -> Vec<Vec<u8>> {
    let at = (random.below(3) == 0).then(|| now - random.below(400) as i64);
    touchex(key, ttl(random), at, members(random))
}

/// So many touches, each with a ttl that no other has: people jitter theirs. Half of them are imports, in no order.
pub fn crowd(random: &mut Random, key: &str, now: i64, touches: u64) -> Vec<Vec<Vec<u8>>> {
    let base = random.pick(&[200, 60_000, 3_600_000]);
    let touch = |_| {
        let ttl = (base + random.below(base)) as i64;
        let at = (random.below(2) == 0).then(|| now - random.below(300_000) as i64);
        touchex(key, ttl, at, [name(random.below(MANY))])
    };
    (0..touches).map(touch).collect()
}
