//! INTER of sets and sorted sets, beside FILTER of the same names, which the client then has to have and to send.

use super::load::Load;
use super::measure::{BATCH, Bench};
use super::members::Members;
use super::report::{Report, Target, Unit};

/// Members of the sets.
const SIZES: [usize; 3] = [10, 1_000, 100_000];
/// How many names are looked up in one measurement, at least.
const NAMES: usize = 200_000;

/// Measures on a key of so many members; half of each set's are among them.
pub fn run(bench: &mut Bench, report: &mut Report, key: &str) {
    for size in SIZES {
        let stride = bench.scale.members * 2 / size;
        let names = Members::SHORT.of((0..size).map(|number| number * stride));
        bench.pump(&Load::batches(&["SADD", "set"], &names, BATCH));
        let scored = bench.zadd("zset:other", &names, BATCH.min(size));
        bench.pump(&scored);
        let times = NAMES.div_ceil(size);
        for (other, what) in [("set", "a set"), ("zset:other", "a sorted set")] {
            let what = format!("INTER of {what} of {}", super::of_members(size));
            let costs = bench.compare(
                &what,
                |_, _| {
                    let mut filters = Load::default();
                    for _ in 0..times {
                        filters.append(Load::batches(&["PRESENCE.FILTER", key], &names, size));
                    }
                    filters
                },
                |_, _| Load::repeat(&["PRESENCE.INTER", key, other], times),
            );
            report.compare(
                (what, "`FILTER` of the same names, sent along"),
                costs,
                Unit::CpuNanos,
                Target::None,
            );
        }
        bench.pump(&Load::repeat(&["DEL", "set", "zset:other"], 1));
    }
}
