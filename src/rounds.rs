//! Turns in a cluster, where what one callback replicates becomes one transaction, which may not span slots: one key a
//! callback.
//!
//! So a run is a round of timers that fire together, a millisecond after they were armed. Each gives one key its turn while
//! the budget lasts, and the last one ends the round. A timer costs the server about as much as a small room's sweep, so
//! a round is about as large as what the last one found to do.

use std::os::raw::c_void;
use std::ptr::null_mut;

use redis_module::raw;

use crate::ffi::api;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::ffi::main_thread::MainThread;
use crate::{clock, eviction, settings, turns};

/// The fewest and the most timers of a round.
const FEWEST: usize = 8;
const MOST: usize = 1024;
/// What the server may do from one timer to the next, in µs, that is counted as the round's: what it made of the last one's
/// changes for the log and replicas, and a context for the next one.
const BETWEEN: u64 = 10;
/// After so many µs a round is no longer waited for: the clock has stepped back, and its timers fire some day.
const LOST: u64 = 1_000_000;

struct Round {
    /// How many timers it has.
    size: usize,
    /// How many of them have not fired yet.
    waiting: usize,
    /// How many had something to do.
    served: usize,
    /// Whether there was one that had not.
    idle: bool,
    /// When it began, by the clock that never steps, and when its last timer was through.
    begun: u64,
    last: u64,
    /// What it took so far, in µs.
    took: u64,
}

static ROUND: MainThread<Round> = MainThread::new(Round {
    size: 4 * FEWEST,
    waiting: 0,
    served: 0,
    idle: false,
    begun: 0,
    last: 0,
    took: 0,
});

/// Whether timers have yet to fire.
pub fn is_under_way() -> bool {
    let round = ROUND.borrow();
    round.waiting > 0 && clock::monotonic_micros() - round.begun < LOST
}

/// Begins a round as part of a run that began at `begun`. [`eviction::end_round`] is called when it is over.
pub fn begin(ctx: Context, begun: u64) {
    let size = ROUND.borrow().size;
    for _ in 0..size {
        // SAFETY: the context is live; the callback takes no data.
        unsafe { api!(RedisModule_CreateTimer)(ctx.as_ptr(), 0, Some(fire), null_mut()) };
    }
    let last = clock::monotonic_micros();
    *ROUND.borrow() = Round {
        size,
        waiting: size,
        served: 0,
        idle: false,
        begun,
        last,
        took: last - begun,
    };
}

/// # Safety
/// Called by the server only, with a live context.
unsafe extern "C" fn fire(ctx: *mut raw::RedisModuleCtx, _data: *mut c_void) {
    // SAFETY: the server passes a live context.
    let ctx = unsafe { Context::new(ctx) };
    guard("the eviction", || take_turn(ctx));
}

/// The turn of one timer.
fn take_turn(ctx: Context) {
    let start = clock::monotonic_micros();
    let left = {
        let mut round = ROUND.borrow();
        // One of a round that was given up does no harm.
        round.waiting = round.waiting.saturating_sub(1);
        round.took += (start - round.last).min(BETWEEN);
        round.last = start;
        match round.idle {
            true => 0,
            false => settings::sweep_budget().saturating_sub(round.took),
        }
    };
    if left > 0 && eviction::may_write(ctx) {
        let served = turns::take(ctx, clock::wall(), start + left);
        let mut round = ROUND.borrow();
        round.last = clock::monotonic_micros();
        round.took += round.last - start;
        round.served += usize::from(served);
        round.idle = !served;
    }
    let mut round = ROUND.borrow();
    if round.waiting == 0 {
        round.size = next_size(round.size, round.served);
        let took = round.took;
        drop(round);
        eviction::end_round(ctx, took);
    }
}

/// How many timers the next round has, after one of `size` of which so many had something to do.
fn next_size(size: usize, served: usize) -> usize {
    let wanted = match served == size {
        true => 2 * size,
        false => served + served / 8,
    };
    wanted.clamp(FEWEST, MOST)
}
