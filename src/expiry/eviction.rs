//! The eviction: on a timer, it removes members who are due, reports time-outs, and deletes keys whose linger is over.
//! Reads do not depend on it.
//!
//! A run gives the keys that have something due their turns (`turns.rs`) until its budget is spent; `sweeper.rs` is one
//! turn. Nothing is done on a replica, while data is loaded, and while writes are paused, by CLIENT PAUSE or a
//! failover: replicating in a pause kills the server.

use super::rounds::{self, Pacing};
use super::schedule::{Entry, Inspected};
use super::{orphans, turn, turns, unfinished, watch_list};
use crate::datatype::value::Value;
use crate::ffi::context::Context;
use crate::ffi::key::{Mode, OpenKey};
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::SharedString;
use crate::ffi::timer::Timer;
use crate::settings::Number;
use crate::{clock, events, metrics};

static TIMER: Timer = Timer::new("the eviction", tick);

/// With a backlog, a run is followed by a pause of this many times what it took: a quarter of one core at most.
const REST: u64 = 3;

/// ms between two runs of the eviction.
pub static SWEEP_INTERVAL: Number =
    Number::new("sweep-interval", 100, 1, 60_000).applied_by(restart);
/// µs that one run of the eviction may take.
pub static SWEEP_BUDGET: Number = Number::new("sweep-budget", 1000, 100, 100_000);

static PACING: Pacing = Pacing {
    budget: sweep_budget,
    rest_after,
    may_write,
    count: count_run,
    end: end_rounds,
};

fn sweep_budget() -> u64 {
    SWEEP_BUDGET.get() as u64
}

/// Starts the timer.
pub fn start(ctx: Context) {
    // Before anything is loaded the schedule has to know the present, by which it sizes its spans.
    watch_list::tidy(clock::wall(), 0);
    TIMER.arm(ctx, SWEEP_INTERVAL.get());
}

/// The interval has changed: a timer that runs is armed anew.
fn restart(ctx: Context) {
    if TIMER.is_armed() {
        start(ctx);
    }
}

/// Two databases have exchanged their numbers.
pub fn swap_dbs(first: i32, second: i32) {
    watch_list::swap_dbs(first, second);
    unfinished::swap_dbs(first, second);
}

/// Keeps the timer going where the clock has stepped back.
pub fn check_timer(ctx: Context) {
    TIMER.check(ctx);
}

fn tick(keyspace: &mut Keyspace) {
    let ctx = keyspace.context();
    events::run();
    let start = clock::monotonic_micros();
    let deadline = start + sweep_budget() / 2;
    let chores = [tidy(deadline), inspect(keyspace, deadline), free(deadline)].contains(&true);
    let more = run(keyspace) || chores;
    metrics::SCHEDULE_BYTES.set(watch_list::bytes() as u64);
    let next = match more {
        true => rest_after(clock::monotonic_micros() - start),
        false => SWEEP_INTERVAL.get(),
    };
    TIMER.arm(ctx, next);
}

/// Whether this server may change data by itself now.
fn may_write(ctx: Context) -> bool {
    ctx.is_primary() && !ctx.is_loading() && !ctx.is_paused()
}

/// Repeats small steps of a chore until `step` returns `false`, since nothing is left, or until `deadline`. Returns
/// whether there is more to do.
fn chore(deadline: u64, mut step: impl FnMut() -> bool) -> bool {
    loop {
        if !step() {
            return false;
        }
        if clock::monotonic_micros() >= deadline {
            return true;
        }
    }
}

/// Steps of a chore between two looks at the clock.
const STEPS: usize = 32;

/// Lets the schedule work ahead and free what was flushed.
fn tidy(deadline: u64) -> bool {
    let now = clock::wall();
    chore(deadline, || watch_list::tidy(now, STEPS))
}

/// Drops stale entries, whose keys are gone or watched for another time, once they outweigh the others: a deleted key
/// leaves its entry behind until that comes due, which may be in years.
fn inspect(keyspace: &mut Keyspace, deadline: u64) -> bool {
    let keys = metrics::KEYS.get() as usize;
    if !watch_list::needs_inspection(keys) {
        return false;
    }
    chore(deadline, || (0..STEPS).all(|_| inspect_next(keyspace)))
}

/// Looks at the next entry. Returns whether there was one.
fn inspect_next(keyspace: &mut Keyspace) -> bool {
    match watch_list::inspect() {
        Inspected::Done => return false,
        Inspected::Nothing => {}
        Inspected::Entry(entry) => {
            with_key(keyspace, &entry, |value| {
                if value.queued() == entry.queued {
                    value.set_queued(watch_list::keep(&entry));
                }
            });
        }
    }
    true
}

/// Frees members of keys that are gone whose time-outs are not to be reported.
fn free(deadline: u64) -> bool {
    chore(deadline, orphans::free)
}

/// How many ms to pause after a run that left something to do.
fn rest_after(took: u64) -> i64 {
    (took * REST)
        .div_ceil(1000)
        .clamp(1, SWEEP_INTERVAL.get() as u64) as i64
}

/// Sweeps until nothing is due or the budget is spent. Returns whether there is more to do for the timer.
fn run(keyspace: &mut Keyspace) -> bool {
    let ctx = keyspace.context();
    let now = clock::wall();
    if !turn::are_wanted(now) || rounds::is_under_way() || !may_write(ctx) {
        return false;
    }
    let start = clock::monotonic_micros();
    let deadline = start + sweep_budget();
    let in_cluster = ctx.is_in_cluster();
    let mut clock = start;
    while clock < deadline && turns::take(keyspace, now, clock, deadline) {
        clock = clock::monotonic_micros();
        if in_cluster {
            break;
        }
    }
    count_run(clock - start);
    let more = turn::are_wanted(now);
    if more && in_cluster {
        // The end of the rounds arms the timer.
        rounds::begin(ctx, rest_after(clock - start), &PACING);
        return false;
    }
    more
}

/// A series of rounds in a cluster is over: nothing more is due, or nothing may be done.
fn end_rounds(ctx: Context) {
    TIMER.arm(ctx, SWEEP_INTERVAL.get());
}

/// Counts a run that took so many µs.
fn count_run(took: u64) {
    metrics::SWEEPS.add(1);
    metrics::SWEEP_MICROS.add(took as usize);
    metrics::LONGEST_SWEEP_MICROS.raise_to(took);
}

/// Looks at the value of the key that an entry names, without a trace: its LRU and LFU state and the server's
/// statistics stay as they are, and nothing is notified.
fn with_key<R>(
    keyspace: &mut Keyspace,
    entry: &Entry,
    look: impl FnOnce(&mut Value) -> R,
) -> Option<R> {
    let ctx = keyspace.context();
    if !ctx.select_db(entry.db) {
        return None;
    }
    let name = SharedString::new(&entry.name);
    // No server counts a hit or a miss for a key that is opened for writing.
    let mode = match may_write(ctx) {
        true => Mode::WRITE,
        false => Mode::READ,
    };
    let mut key = OpenKey::open(keyspace, name.borrow(), mode.unseen()).ok()??;
    key.value().map(look)
}
