//! What the module counts, and the `presence` section of INFO.

use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ffi::context::Context;
use crate::ffi::info::{self, Info, Section};

/// A counter that nearly always changes on the main thread.
///
/// There a change is a plain load and store: a locked add would drain the store buffer, which a touch fills. Changes on
/// other threads go to an atomic of their own.
pub struct Counter {
    here: AtomicU64,
    elsewhere: AtomicU64,
}

impl Counter {
    const fn new() -> Counter {
        Counter {
            here: AtomicU64::new(0),
            elsewhere: AtomicU64::new(0),
        }
    }

    /// On the main thread.
    #[inline]
    pub fn add(&self, more: usize) {
        self.replace(0, more);
    }

    /// Replaces `old` by `new` in the total. On the main thread.
    #[inline]
    pub fn replace(&self, old: usize, new: usize) {
        let change = (new as u64).wrapping_sub(old as u64);
        let before = self.here.load(Ordering::Relaxed);
        self.here
            .store(before.wrapping_add(change), Ordering::Relaxed);
    }

    /// As [`replace`](Self::replace), on any thread.
    pub fn replace_anywhere(&self, old: usize, new: usize) {
        let change = (new as u64).wrapping_sub(old as u64);
        self.elsewhere.fetch_add(change, Ordering::Relaxed);
    }

    /// On the main thread.
    pub fn set(&self, value: u64) {
        self.here.store(value, Ordering::Relaxed);
    }

    /// On the main thread.
    pub fn raise_to(&self, value: u64) {
        self.set(value.max(self.get()));
    }

    pub fn get(&self) -> u64 {
        let elsewhere = self.elsewhere.load(Ordering::Relaxed);
        self.here.load(Ordering::Relaxed).wrapping_add(elsewhere)
    }
}

/// Presence keys that exist, in all databases.
pub static KEYS: Counter = Counter::new();
/// Members stored in them.
pub static MEMBERS: Counter = Counter::new();
/// Bytes allocated for them.
pub static BYTES: Counter = Counter::new();
/// Bytes allocated for the eviction's list of keys to look at, as of its last run.
pub static SCHEDULE_BYTES: Counter = Counter::new();
/// Bytes of members whose keys are gone, until their time-outs are reported (`expiry/orphans.rs`).
pub static ORPHAN_BYTES: Counter = Counter::new();
/// Touches of members by clients.
pub static TOUCHES: Counter = Counter::new();
/// Members who came online.
pub static JOINS: Counter = Counter::new();
/// Members who went offline by PRESENCE.LEAVE.
pub static LEAVES: Counter = Counter::new();
/// Members who went offline because their time was up, counted when that is reported.
pub static TIMEOUTS: Counter = Counter::new();
/// Members removed by the eviction.
pub static EVICTED: Counter = Counter::new();
/// Runs of the eviction that had something to do.
pub static SWEEPS: Counter = Counter::new();
/// What they took together, in µs.
pub static SWEEP_MICROS: Counter = Counter::new();
/// What the longest of them took, in µs.
pub static LONGEST_SWEEP_MICROS: Counter = Counter::new();
/// How long the member that the last run removed first had been due, in ms.
pub static SWEEP_LAG: Counter = Counter::new();
/// How long after a member's time was up its time-out was reported, for the last one reported, in ms.
pub static TIMEOUT_LAG: Counter = Counter::new();

/// The fields of the section; the server puts `presence_` before each name.
static FIELDS: [(&CStr, &Counter); 15] = [
    (c"keys", &KEYS),
    (c"members", &MEMBERS),
    (c"bytes", &BYTES),
    (c"schedule_bytes", &SCHEDULE_BYTES),
    (c"orphan_bytes", &ORPHAN_BYTES),
    (c"touches", &TOUCHES),
    (c"joins", &JOINS),
    (c"leaves", &LEAVES),
    (c"timeouts", &TIMEOUTS),
    (c"evicted", &EVICTED),
    (c"sweeps", &SWEEPS),
    (c"sweep_time_us", &SWEEP_MICROS),
    (c"longest_sweep_us", &LONGEST_SWEEP_MICROS),
    (c"sweep_lag_ms", &SWEEP_LAG),
    (c"timeout_lag_ms", &TIMEOUT_LAG),
];

struct Metrics;

impl Info for Metrics {
    fn write(section: &mut Section) {
        for (name, counter) in &FIELDS {
            section.number(name, counter.get());
        }
    }
}

/// Adds the section to INFO.
pub fn register(ctx: Context) {
    info::register::<Metrics>(ctx);
}
