//! Removing members whose time is up, by the server's own timer.
//!
//! Only a primary evicts. A run takes the keys that have something due, oldest first, and removes members in bites until
//! its budget is spent; for each key it replicates one `PRESENCE.EVICT`, never one command a member. Reads do not depend
//! on it: it gives memory back, and removes keys whose linger is over.
//!
//! While clients' writes are paused, data is loaded, the server is a replica or hands its role over, nothing is done:
//! replicating in a pause kills the server.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis_module::raw;

use crate::core::time::Millis;
use crate::core::{PresenceSet, Seen};
use crate::datatype;
use crate::datatype::value::Value;
use crate::events::{self, Batch};
use crate::ffi::context::Context;
use crate::ffi::key::{Found, OpenKey};
use crate::ffi::main_thread::MainThread;
use crate::ffi::text::SharedString;
use crate::keys::WriteKey;
use crate::schedule::{Entry, Inspected, Schedule};
use crate::timer::Timer;
use crate::{clock, departed, metrics, replication, settings, slot_imports};

static SCHEDULE: MainThread<Schedule> = MainThread::new(Schedule::new());
static TIMER: Timer = Timer::new("the eviction", tick);

/// Timers that sweep one key each, in a cluster.
static ROUND: [Timer; 31] = [const { Timer::new("the eviction", sweep_one) }; 31];
/// What the round of these took, in µs.
static SPENT: AtomicU64 = AtomicU64::new(0);
/// Whether all entries are to be inspected.
static LOOK_AGAIN: AtomicBool = AtomicBool::new(false);

/// Members removed or told between two looks at the clock.
pub const BITE: usize = 64;
/// Stale entries dropped in one step.
const PATIENCE: usize = 64;
/// With a backlog, a run pauses for this many times what it took: a quarter of one core at most.
const REST: u64 = 3;

/// Has the eviction look at a key once `due` is over. Returns what the key's value is to remember of it.
pub fn watch(db: i32, name: &[u8], due: Millis) -> Millis {
    SCHEDULE.borrow().add(db, name, due)
}

/// An entry that was made for a key of this name is stale: the key is gone, or watched for another time.
pub fn outlive(name: &[u8]) {
    SCHEDULE.borrow().outlive(name);
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

/// Takes an entry back that was not to be swept when its time came.
pub fn give_back(entry: &Entry) {
    SCHEDULE.borrow().add(entry.db, &entry.name, entry.queued);
}

/// Has every key looked at for whether it has something to do earlier than it is noted for.
pub fn look_again() {
    LOOK_AGAIN.store(true, Ordering::Relaxed);
}

/// Starts the timer.
pub fn start(ctx: Context) {
    // What is loaded finds the schedule knowing what is far away.
    SCHEDULE.borrow().tidy(clock::wall(), 0);
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
    events::check_settings();
    let next = tidy().min(inspect(ctx)).min(run(ctx));
    metrics::SCHEDULE_BYTES.set(SCHEDULE.borrow().bytes() as u64);
    TIMER.arm(ctx, next);
}

/// Whether this server may change data by itself now.
fn may_write(ctx: Context) -> bool {
    let primary = ctx.flags() & raw::REDISMODULE_CTX_FLAGS_MASTER != 0;
    primary && !ctx.is_loading() && !ctx.is_paused()
}

/// Has the schedule do what it can ahead, and free what was flushed. Returns in how many ms to run again.
fn tidy() -> i64 {
    /// Steps between two looks at the clock.
    const STEPS: usize = 32;
    let (interval, now) = (settings::sweep_interval(), clock::wall());
    let start = clock::monotonic_micros();
    while SCHEDULE.borrow().tidy(now, STEPS) {
        let took = clock::monotonic_micros() - start;
        if took >= settings::sweep_budget() / 2 {
            return rest_after(took, interval);
        }
    }
    interval
}

/// Drops entries whose keys are gone or noted elsewhere by now, once they outweigh the others: a key that is deleted leaves
/// its entry behind until that comes due, which may be years away. Also brings forward what has more to be done at it
/// than when it was noted, after [`look_again`]. Returns in how many ms to run again.
fn inspect(ctx: Context) -> i64 {
    /// Entries looked at between two looks at the clock.
    const STEPS: usize = 32;
    let interval = settings::sweep_interval();
    let keys = metrics::KEYS.get() as usize;
    if !SCHEDULE.borrow().needs_inspection(keys) && !LOOK_AGAIN.swap(false, Ordering::Relaxed) {
        return interval;
    }
    let start = clock::monotonic_micros();
    loop {
        for _ in 0..STEPS {
            let inspected = SCHEDULE.borrow().inspect();
            match inspected {
                Inspected::Done => return interval,
                Inspected::Nothing => {}
                Inspected::Entry(entry) => {
                    with_key(ctx, &entry, |value| keep(&entry, value));
                }
            }
        }
        let took = clock::monotonic_micros() - start;
        if took >= settings::sweep_budget() / 2 {
            return rest_after(took, interval);
        }
    }
}

/// Puts an entry back that its value answers to, or under an earlier time where there is something to do by now.
fn keep(entry: &Entry, value: &mut Value) {
    if value.queued() != entry.queued {
        return;
    }
    let next = value.set().and_then(next_look);
    match next {
        Some(next) if looks_at(next) < entry.queued => {
            value.set_queued(watch(entry.db, &entry.name, next));
        }
        _ => SCHEDULE.borrow().keep(entry),
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
    let is_due = || SCHEDULE.borrow().is_due(now) || !departed::is_empty();
    if !is_due() || !may_write(ctx) {
        return interval;
    }
    let start = clock::monotonic_micros();
    let deadline = start + settings::sweep_budget();
    let mut before = 0;
    // Those whose keys are gone come first: a crowd in another key may take seconds.
    departed::tell(ctx, deadline);
    if ctx.flags() & raw::REDISMODULE_CTX_FLAGS_CLUSTER != 0 {
        before = run_in_cluster(ctx, now, deadline);
    } else {
        while clock::monotonic_micros() < deadline && sweep_next(ctx, now, deadline) {}
    }
    let took = before + clock::monotonic_micros() - start;
    metrics::SWEEPS.add(1);
    metrics::SWEEP_MICROS.add(took as usize);
    metrics::LONGEST_SWEEP_MICROS.raise_to(took);
    match is_due() {
        true => rest_after(took, interval),
        false => interval,
    }
}

/// In a cluster what one callback replicates becomes one transaction, which may not span slots: one key a callback. So
/// the first of a round calls others. Returns what the others of the last round took.
fn run_in_cluster(ctx: Context, now: Millis, deadline: u64) -> u64 {
    let before = SPENT.swap(0, Ordering::Relaxed);
    sweep_next(ctx, now, deadline);
    if SCHEDULE.borrow().is_due(now) {
        for timer in &ROUND {
            timer.arm(ctx, 0);
        }
    }
    before
}

/// One more key of a round, where the round's budget is not spent.
fn sweep_one(ctx: Context) {
    let (start, now) = (clock::monotonic_micros(), clock::wall());
    let left = settings::sweep_budget().saturating_sub(SPENT.load(Ordering::Relaxed));
    if left > 0 && may_write(ctx) {
        sweep_next(ctx, now, start + left);
        let took = clock::monotonic_micros() - start;
        SPENT.fetch_add(took, Ordering::Relaxed);
    }
}

/// Sweeps the next key that is due, if it is come to. Returns whether there is more to do.
fn sweep_next(ctx: Context, now: Millis, deadline: u64) -> bool {
    // Taken in a statement of its own: the schedule may be asked to watch a key meanwhile.
    let entry = SCHEDULE.borrow().pop(now, PATIENCE);
    let Some(entry) = entry else {
        return SCHEDULE.borrow().is_due(now);
    };
    if let Some(entry) = slot_imports::hold(entry) {
        sweep(ctx, &entry, now, deadline);
    }
    true
}

/// Evicts from one key, if it still has what it was noted for, and tells of those whose time was up.
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
        _ => {
            SCHEDULE.borrow().unanswered(entry);
            return;
        }
    }
    if let Some(due) = key.set().and_then(|set| set.next_due())
        && due <= now
    {
        metrics::SWEEP_LAG.set(now - due);
    }
    loop {
        let mut batch = Batch::new();
        let (evicted, done) = take_bites(&mut key, now, deadline, &mut batch);
        if evicted > 0 {
            replication::evict(ctx, name.as_ptr(), now, evicted);
            key.changed();
        }
        if batch.is_empty() {
            break;
        }
        drop(key);
        batch.send(ctx, name.as_ptr());
        match WriteKey::open(ctx, name.as_ptr(), None) {
            Ok(reopened) => key = reopened,
            Err(_) => return,
        }
        if done || clock::monotonic_micros() >= deadline || key.set().is_none() {
            break;
        }
    }
    key.watch();
    key.remove_if_gone(now);
}

/// Evicts in bites until nothing is due, the deadline is over, or somebody has to be told of those who went. Returns how
/// many were evicted, and whether there is nothing left to do.
fn take_bites(key: &mut WriteKey, now: Millis, deadline: u64, batch: &mut Batch) -> (usize, bool) {
    let mut evicted = 0;
    loop {
        let (bite, told) = key.change(|set| {
            let bite = evict(set, now, BITE, batch);
            let told = match bite < BITE && events::tell_timeouts() {
                true => tell(set, now, BITE, batch),
                false => 0,
            };
            (bite, told)
        });
        evicted += bite;
        let done = bite < BITE && told < BITE;
        if done || !batch.is_empty() || clock::monotonic_micros() >= deadline {
            return (evicted, done);
        }
    }
}

/// Tells of members whose time was up and who are still remembered.
fn tell(set: &mut PresenceSet, now: Millis, limit: usize, batch: &mut Batch) -> usize {
    if set.next_untold().is_none_or(|time| time > now) {
        return 0;
    }
    let retain = set.settings().retain;
    set.tell(now, limit, |name, seen| {
        metrics::TIMEOUT_LAG.set(now.saturating_sub(seen.due(0)));
        batch.timeout(name, seen, retain);
    })
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

/// Removes what is due, oldest first, and counts it as this server's doing. Those of whom nobody has been told that their
/// time was up are added to `batch`.
pub fn evict(set: &mut PresenceSet, cutoff: Millis, limit: usize, batch: &mut Batch) -> usize {
    let (retain, now) = (set.settings().retain, clock::wall());
    let evicted = set.evict(cutoff, limit, |name, kept| {
        if kept.is_untold(cutoff) {
            metrics::TIMEOUT_LAG.set(now.saturating_sub(kept.seen.due(0)));
            batch.timeout(name, kept.seen, retain);
        }
    });
    metrics::EVICTED.add(evicted);
    evicted
}

/// When the eviction has to look at a key next: when something is to be removed, or a time-out to be told.
pub fn next_look(set: &mut PresenceSet) -> Option<Millis> {
    let due = set.next_due();
    let told = match events::tell_timeouts() {
        true => set.next_untold(),
        false => None,
    };
    due.into_iter().chain(told).min()
}

/// When the eviction has to look at a key because of one touch.
#[inline]
pub fn look_after(seen: Seen, retain: Millis) -> Millis {
    if seen.ttl < retain && seen.ttl > 0 && events::tell_timeouts() {
        seen.due(0)
    } else {
        seen.due(retain)
    }
}
