//! What waiting there is on this machine for a program that asks nothing of the kernel and touches no memory, while all of
//! its CPUs are busy, as they are while a server, its load and a watcher run: time that the host of a virtual machine takes
//! is seen here as well as in every other row.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::Bench;
use crate::stall::{Queue, Stall, Wait, Whose};

/// How long it is watched.
const WATCHED: Duration = Duration::from_secs(10);
/// How far each round counts: some 50 µs, as a few commands take.
const ROUND: u32 = 50_000;

/// Counts on every CPU, and gives how long each round took on one of them.
pub fn watch(bench: &Bench) -> Stall {
    let what = "all CPUs count, without a server";
    bench.progress(&format!("stalls while {what}"));
    let others = thread::available_parallelism().map_or(1, usize::from) - 1;
    let stop = AtomicBool::new(false);
    let rounds = thread::scope(|scope| {
        for _ in 0..others {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    count();
                }
            });
        }
        let rounds = timed_rounds();
        stop.store(true, Ordering::Relaxed);
        rounds
    });
    Stall::of(what, Whose::Machine, &rounds, None)
}

fn timed_rounds() -> Vec<Wait> {
    let queue = Queue::of("thread-self");
    let end = Instant::now() + WATCHED;
    let mut rounds = Vec::new();
    while Instant::now() < end {
        rounds.push(Wait::time(&[&queue], count));
    }
    rounds
}

fn count() {
    for number in 0..ROUND {
        black_box(number);
    }
}
