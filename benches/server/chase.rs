//! What one random read of memory costs on this machine, by the size of the memory: what the growth of a key's cost is
//! to be seen beside.
//!
//! Each read tells where the next one is, so no two of them overlap. The places are the lines of the processor's cache,
//! in one random circle; pages are of the usual size, as in a server, which asks for no large ones.

use std::hint::black_box;
use std::time::Instant;

use super::names::random::Random;

/// Bytes that the processor reads at once.
const LINE: usize = 64;
/// How many reads make a measurement, and how many measurements are made: the quickest one was disturbed least.
const READS: usize = 2_000_000;
const TRIES: usize = 5;

/// Where the next read is; alone in its line.
#[derive(Clone)]
#[repr(align(64))]
struct Place(usize);

/// ns for each dependent read from `bytes` of memory.
pub fn nanos(bytes: usize) -> f64 {
    let order = Random::new(7).shuffled((bytes / LINE).max(1));
    let mut places = vec![Place(0); order.len()];
    for pair in order.windows(2) {
        places[pair[0]].0 = pair[1];
    }
    places[order[order.len() - 1]].0 = order[0];
    drop(order);

    let (mut at, mut quickest) = (0, f64::MAX);
    for _ in 0..TRIES {
        let start = Instant::now();
        for _ in 0..READS {
            at = places[black_box(at)].0;
        }
        quickest = quickest.min(start.elapsed().as_secs_f64());
    }
    quickest / READS as f64 * 1e9
}
