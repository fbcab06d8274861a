//! A key with many ttls grows a touch at a time, is refreshed, and is weighed.

use std::time::Duration;

use super::{Mixture, described};
use crate::measure::{Bench, REFRESHES};
use crate::names::random::Random;
use crate::report::{Report, Target, Unit};
use crate::stall::{Stall, Whose};
use crate::stalls::{self, WORST_MS};

/// How often a key grows: what the module makes others wait for comes back each time.
const LIVES: usize = 3;

/// A key that has grown.
pub struct Grown {
    /// What others waited meanwhile, the quietest time.
    pub stall: Stall,
    /// The slowest touch, where that took least.
    slowest_touch: Duration,
    /// Bytes a member, once each was refreshed three times in random order.
    bytes: f64,
}

/// Has a key grow to its full size and be refreshed. It stays.
pub fn grow(bench: &mut Bench, mixture: Mixture) -> Grown {
    let size = bench.scale.members;
    let mut lives = Vec::new();
    let mut before = (0.0, 0.0);
    for life in 0..LIVES {
        bench.control.call(&["DEL", mixture.key()]);
        before = weigh(bench);
        let mut random = Random::new(80 + life as u64);
        let numbers = random.shuffled(size);
        let what = format!("a key grows to {}", described(size, mixture));
        let ((), stall) = stalls::watch(bench, Whose::Module, &what, |bench| {
            bench.pump_parts(&numbers, |_, part| {
                mixture.touches(part, size, 1, &mut random)
            });
        });
        lives.push(stall);
    }
    bench.progress("refreshing all of them");
    for seed in 0..REFRESHES as u64 {
        let mut random = Random::new(85 + seed);
        let numbers = random.shuffled(size);
        bench.pump_parts(&numbers, |_, part| {
            mixture.touches(part, size, 1, &mut random)
        });
    }
    let after = weigh(bench);
    let slowest = lives.iter().map(Stall::slowest_took).min();
    Grown {
        slowest_touch: slowest.expect("it has grown"),
        stall: Stall::quietest(lives),
        // Some of those whose ttl is short are gone already.
        bytes: (after.0 - before.0) / (after.1 - before.1),
    }
}

/// All bytes, and all members.
fn weigh(bench: &mut Bench) -> (f64, f64) {
    let members = bench.control.info_number("presence", "presence_members");
    (bench.data_bytes(), members)
}

/// Adds the rows of a mixture.
pub fn judge(report: &mut Report, one: &Grown, many: Grown, size: usize, mixture: Mixture) {
    let key = described(size, mixture);
    let one_ttl = Mixture::One.title();
    let millis = |grown: &Grown| grown.slowest_touch.as_secs_f64() * 1e3;
    report.compare(
        (format!("memory a member, {key}"), one_ttl),
        (one.bytes, many.bytes),
        Unit::Bytes,
        Target::AtMostTimes(1.5),
    );
    report.compare(
        (format!("slowest touch while a key grows to {key}"), one_ttl),
        (millis(one), millis(&many)),
        Unit::Millis,
        Target::AtMost(WORST_MS),
    );
    stalls::judge(report, many.stall, (one_ttl, Some(&one.stall)));
}
