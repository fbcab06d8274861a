//! Removing members whose time is up, by the server's own timer.
//!
//! Only a primary evicts. A run takes the keys that have something due, oldest first, and removes members in bites until
//! its budget is spent; for each key it replicates one `PRESENCE.EVICT`, never one command a member. Reads do not depend
//! on it: it gives memory back, and removes keys whose linger is over.
//!
//! While clients' writes are paused, data is loaded, the server is a replica or hands its role over, nothing is done:
//! replicating in a pause kills the server.

use redis_module::raw;

use crate::core::PresenceSet;
use crate::core::time::Millis;
use crate::datatype;
use crate::datatype::value::Value;
use crate::ffi::api;
use crate::ffi::context::Context;
use crate::ffi::key::{Found, OpenKey};
use crate::ffi::main_thread::MainThread;
use crate::ffi::text::SharedString;
use crate::keys::WriteKey;
use crate::schedule::{Entry, Inspected, Schedule};
use crate::timer::Timer;
use crate::{clock, metrics, replication, settings};

static SCHEDULE: MainThread<Schedule> = MainThread::new(Schedule::new());
static TIMER: Timer = Timer::new("the eviction", tick);

/// Members removed between two looks at the clock.
const BITE: usize = 64;
/// Stale entries dropped in one step.
const PATIENCE: usize = 64;
/// With a backlog, a run pauses for this many times what it took: a quarter of one core at most.
const REST: u64 = 3;

/// Has the eviction look at a key once `due` is over. Returns what the key's value is to remember of it.
pub fn watch(db: i32, name: &[u8], due: Millis) -> Millis {
    SCHEDULE.borrow().add(db, name, due)
}

/// Bytes that watching a key of this name takes.
pub fn entry_bytes(name: &[u8]) -> usize {
    Schedule::entry_bytes(name)
}

/// When the eviction would look at a key that is due at `due`.
pub fn looks_at(due: Millis) -> Millis {
    Schedule::slot(due)
}

/// Two databases have exchanged their numbers.
pub fn swap_dbs(first: i32, second: i32) {
    SCHEDULE.borrow().swap(first, second);
}

/// A database was emptied, or all of them (-1).
pub fn flush_db(db: i32) {
    SCHEDULE.borrow().flush(db);
}

/// Starts the timer.
pub fn start(ctx: Context) {
    TIMER.arm(ctx, settings::sweep_interval());
}

/// Starts the timer anew where it runs: the interval has changed.
pub fn restart(ctx: Context) {
    if TIMER.is_armed() {
        start(ctx);
    }
}

/// Keeps the timer going where the clock has stepped back.
pub fn check_timer(ctx: Context) {
    TIMER.check(ctx);
}

fn tick(ctx: Context) {
    let next = inspect(ctx).min(run(ctx));
    metrics::SCHEDULE_BYTES.set(SCHEDULE.borrow().bytes() as u64);
    TIMER.arm(ctx, next);
}

/// Whether this server may change data by itself now.
fn may_write(ctx: Context) -> bool {
    let flags = ctx.flags();
    let primary = flags & raw::REDISMODULE_CTX_FLAGS_MASTER != 0;
    let loading = raw::REDISMODULE_CTX_FLAGS_LOADING | raw::REDISMODULE_CTX_FLAGS_ASYNC_LOADING;
    // SAFETY: the function takes nothing.
    let paused = unsafe { api!(RedisModule_AvoidReplicaTraffic)() } != 0;
    primary && flags & loading == 0 && !paused
}

/// Drops entries whose keys are gone or noted elsewhere by now, once they outnumber the keys. A key that is deleted
/// leaves its entry behind until that comes due, which may be years away. Returns in how many ms to run again.
fn inspect(ctx: Context) -> i64 {
    /// Entries looked at between two looks at the clock.
    const STEPS: usize = 32;
    let interval = settings::sweep_interval();
    {
        let schedule = SCHEDULE.borrow();
        if !schedule.is_inspected() && schedule.len() < 1024 + 2 * metrics::KEYS.get() as usize {
            return interval;
        }
    }
    let start = clock::monotonic_micros();
    loop {
        for _ in 0..STEPS {
            let inspected = SCHEDULE.borrow().inspect();
            match inspected {
                Inspected::Done => return interval,
                Inspected::Dropped => {}
                Inspected::Entry(entry) => {
                    let answers = with_key(ctx, &entry, |value| value.queued() == entry.queued);
                    if answers == Some(true) {
                        SCHEDULE.borrow().keep(&entry);
                    }
                }
            }
        }
        let took = clock::monotonic_micros() - start;
        if took >= settings::sweep_budget() / 2 {
            return rest_after(took, interval);
        }
    }
}

/// How many ms to pause after a run that did not come to an end.
fn rest_after(took: u64, interval: i64) -> i64 {
    (took * REST).div_ceil(1000).clamp(1, interval as u64) as i64
}

/// Evicts until nothing is due or the budget is spent. Returns in how many ms to run again.
fn run(ctx: Context) -> i64 {
    let interval = settings::sweep_interval();
    let now = clock::wall();
    if !SCHEDULE.borrow().is_due(now) || !may_write(ctx) {
        return interval;
    }
    let start = clock::monotonic_micros();
    let deadline = start + settings::sweep_budget();
    // In a cluster what one callback replicates becomes one transaction, which may not span slots: one key a run.
    let one_key = ctx.flags() & raw::REDISMODULE_CTX_FLAGS_CLUSTER != 0;
    loop {
        // Taken in a statement of its own: the schedule may be asked to watch a key meanwhile.
        let entry = SCHEDULE.borrow().pop(now, PATIENCE);
        let Some(entry) = entry else { break };
        sweep(ctx, &entry, now, deadline);
        if one_key || clock::monotonic_micros() >= deadline {
            break;
        }
    }
    let took = clock::monotonic_micros() - start;
    metrics::SWEEPS.add(1);
    metrics::SWEEP_MICROS.add(took as usize);
    metrics::LONGEST_SWEEP_MICROS.raise_to(took);
    if SCHEDULE.borrow().is_due(now) {
        rest_after(took, interval)
    } else {
        interval
    }
}

/// Evicts from one key, if it still has what it was noted for.
fn sweep(ctx: Context, entry: &Entry, now: Millis, deadline: u64) {
    if !ctx.select_db(entry.db) {
        return;
    }
    let name = SharedString::new(&entry.name);
    let Ok(mut key) = WriteKey::open(ctx, name.as_ptr(), None) else {
        return;
    };
    match key.value() {
        Some(value) if value.queued() == entry.queued => value.set_queued(Millis::MAX),
        _ => return,
    }
    let mut evicted = 0;
    loop {
        let bite = key.change(|set| {
            if evicted == 0
                && let Some(due) = set.next_due()
            {
                metrics::SWEEP_LAG.set(now.saturating_sub(due));
            }
            evict(set, now, BITE)
        });
        evicted += bite;
        if bite < BITE || clock::monotonic_micros() >= deadline {
            break;
        }
    }
    let due = key.set().and_then(|set| set.next_due());
    if evicted > 0 {
        replication::evict(ctx, name.as_ptr(), now, evicted);
        key.changed(due);
    } else {
        key.watch(due);
    }
    key.remove_if_gone(now);
}

/// Looks at the value of a key that an entry names, without a trace: neither what the server's own eviction goes by nor
/// its statistics are touched, and nobody is notified. Redis 7.0, which knows fewer modes, counts a key that is not
/// there as a miss on a replica.
fn with_key<R>(ctx: Context, entry: &Entry, look: impl FnOnce(&mut Value) -> R) -> Option<R> {
    if !ctx.select_db(entry.db) {
        return None;
    }
    let name = SharedString::new(&entry.name);
    let mut mode = raw::REDISMODULE_READ
        | raw::REDISMODULE_OPEN_KEY_NOTOUCH
        | raw::REDISMODULE_OPEN_KEY_NONOTIFY
        | raw::REDISMODULE_OPEN_KEY_NOSTATS
        | raw::REDISMODULE_OPEN_KEY_NOEXPIRE;
    if may_write(ctx) {
        // A key that is opened to be written is in no server's statistics of hits and misses.
        mode |= raw::REDISMODULE_WRITE;
    }
    // SAFETY: the name outlives the key.
    let key = unsafe { OpenKey::open(ctx, name.as_ptr(), mode) }?;
    match key.find::<Value>(datatype::raw_type()) {
        // SAFETY: values of the type are boxed `Value`s, and no other reference to it exists.
        Found::Value(mut value) => Some(look(unsafe { value.as_mut() })),
        _ => None,
    }
}

/// Removes what is due, oldest first, and counts it as this server's doing.
pub fn evict(set: &mut PresenceSet, cutoff: Millis, limit: usize) -> usize {
    let mut timed_out = 0;
    let evicted = set.evict(cutoff, limit, |_, seen| {
        timed_out += usize::from(seen.ttl > 0);
    });
    metrics::TIMEOUTS.add(timed_out);
    metrics::EVICTED.add(evicted);
    evicted
}
