//! What others wait for while all there is is freed in the background.

use std::thread;
use std::time::{Duration, Instant};

use super::watch::watch;
use crate::measure::Bench;
use crate::stall::{Stall, Whose};

/// How long is watched: memory is back so soon that there would not be the thousand PINGs that p99.9 is about.
const WATCHED: Duration = Duration::from_secs(1);
/// How often it is looked whether memory is back.
const LOOK: Duration = Duration::from_millis(10);

/// Watches a command that frees all there is in the background, and what follows; an empty server takes `empty` bytes. When
/// all but a twentieth of the memory was back, and what was seen.
pub fn free(
    bench: &mut Bench,
    whose: Whose,
    what: &str,
    command: &[&str],
    empty: f64,
) -> (Duration, Stall) {
    let left = empty + (bench.data_bytes() - empty) / 20.0;
    watch(bench, whose, what, |bench| {
        thread::sleep(LOOK);
        let start = Instant::now();
        bench.control.call(command);
        while bench.control.info("memory", "lazyfree_pending_objects") != "0"
            || bench.data_bytes() > left
        {
            thread::sleep(LOOK);
        }
        let back = start.elapsed();
        thread::sleep(WATCHED.saturating_sub(back));
        back
    })
}
