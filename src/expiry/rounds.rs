//! Turns in a cluster. Whatever one callback replicates becomes one transaction, which may not span slots, so a
//! callback sweeps one key only.
//!
//! A run is therefore a round of timers that fire one after the other, each giving one key its turn while the budget
//! lasts. A timer that had something to do arms a successor in the next round, two while less than half of the budget
//! is used; one that had not arms none. So a round grows and shrinks with what is due, and the series ends when nothing
//! is.
//!
//! Successors are not armed together at the end of a round: the server keys its timers by the microsecond at which they
//! fire, and probes for a free one linearly, so arming hundreds at once would take as long as sweeping the keys.

use super::turns;
use crate::clock;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::main_thread::MainThread;
use crate::ffi::timer::{self, OneShot};

/// How many timers the first round has, and the most that one may have.
const FIRST: usize = 16;
const MOST: usize = 2048;
/// How much of the time between two timers counts as the round's, in µs at most: the server propagates the last one's
/// changes, and makes a context for the next.
const BETWEEN: u64 = 10;
/// After so many µs a round is given up: the clock has stepped back, and its timers will fire much later.
const LOST: u64 = 1_000_000;

/// What the eviction lets the rounds call.
pub struct Pacing {
    /// µs that one round may take.
    pub budget: fn() -> u64,
    /// How many ms to pause after a round that took so many µs and did not come to an end.
    pub rest_after: fn(u64) -> i64,
    /// Whether this server may change data by itself now.
    pub may_write: fn(Context) -> bool,
    /// A round is over, and took so many µs.
    pub count: fn(u64),
    /// The series is over: nothing more is due, or nothing may be done.
    pub end: fn(Context),
}

struct Rounds {
    /// The number of this series of rounds. Timers of an earlier series do nothing.
    series: usize,
    /// Timers of the round that have not fired yet.
    waiting: usize,
    /// Timers of the next one.
    successors: usize,
    /// Whether a timer arms two of them.
    grows: bool,
    /// In how many ms they fire.
    pause: i64,
    /// Whether one found nothing to do.
    idle: bool,
    /// When the round was armed, by the monotonic clock, and when its last timer was through.
    armed: u64,
    last: u64,
    /// What it took so far, in µs.
    took: u64,
    pacing: Option<&'static Pacing>,
}

static ROUNDS: MainThread<Rounds> = MainThread::new(Rounds {
    series: 0,
    waiting: 0,
    successors: 0,
    grows: true,
    pause: 1,
    idle: false,
    armed: 0,
    last: 0,
    took: 0,
    pacing: None,
});

/// Whether timers have yet to fire.
pub fn is_under_way() -> bool {
    let rounds = ROUNDS.borrow();
    rounds.waiting > 0 && clock::monotonic_micros() - rounds.armed < LOST
}

/// Begins a series of rounds in so many ms.
pub fn begin(ctx: Context, millis: i64, pacing: &'static Pacing) {
    let mut rounds = ROUNDS.borrow();
    let series = rounds.series + 1;
    let armed = (0..FIRST).filter(|_| arm(ctx, millis, series)).count();
    let now = clock::monotonic_micros();
    *rounds = Rounds {
        series,
        waiting: armed,
        successors: 0,
        grows: true,
        pause: 1,
        idle: false,
        armed: now,
        last: now,
        took: 0,
        pacing: Some(pacing),
    };
}

/// Arms a timer of a round. Returns whether that was possible.
fn arm(ctx: Context, millis: i64, series: usize) -> bool {
    timer::arm_once::<Rounds>(ctx, millis, series)
}

impl OneShot for Rounds {
    const WHAT: &'static str = "the eviction";

    fn fire(keyspace: &mut Keyspace, series: usize) {
        // Taken in a statement of its own: the rounds are used below.
        let pacing = match &*ROUNDS.borrow() {
            rounds if rounds.series == series => rounds.pacing,
            _ => None,
        };
        if let Some(pacing) = pacing {
            take_turn(keyspace, pacing);
        }
    }
}

/// The turn of one timer.
fn take_turn(keyspace: &mut Keyspace, pacing: &Pacing) {
    let ctx = keyspace.context();
    let start = clock::monotonic_micros();
    let budget = (pacing.budget)();
    let left = {
        let mut rounds = ROUNDS.borrow();
        // None: the turn before was cut short by an internal error, and the next run begins another series.
        let Some(waiting) = rounds.waiting.checked_sub(1) else {
            return;
        };
        rounds.waiting = waiting;
        rounds.took += (start - rounds.last).min(BETWEEN);
        rounds.last = start;
        match rounds.idle {
            true => 0,
            false => budget.saturating_sub(rounds.took),
        }
    };
    if left > 0 && (pacing.may_write)(ctx) {
        let served = turns::take(keyspace, clock::wall(), start, start + left);
        let mut rounds = ROUNDS.borrow();
        rounds.idle = !served;
        if served {
            let successors = if rounds.grows { 2 } else { 1 };
            for _ in 0..successors.min(MOST - rounds.successors) {
                let armed = arm(ctx, rounds.pause, rounds.series);
                rounds.successors += usize::from(armed);
            }
        }
        rounds.last = clock::monotonic_micros();
        rounds.took += rounds.last - start;
    }
    if ROUNDS.borrow().waiting == 0 {
        end_round(ctx, pacing, budget);
    }
}

fn end_round(ctx: Context, pacing: &Pacing, budget: u64) {
    let mut rounds = ROUNDS.borrow();
    let took = std::mem::take(&mut rounds.took);
    rounds.grows = took < budget / 2;
    rounds.pause = (pacing.rest_after)(took);
    rounds.idle = false;
    rounds.waiting = std::mem::take(&mut rounds.successors);
    rounds.armed = rounds.last;
    let is_last = rounds.waiting == 0;
    drop(rounds);
    (pacing.count)(took);
    if is_last {
        (pacing.end)(ctx);
    }
}
