//! The watch list: which keys the eviction must look at, and when.
//!
//! A key's value keeps the time for which it is watched ([`watch`] returns it), and an entry with another time is
//! stale.

use super::schedule::{Entry, Inspected, Schedule};
use crate::core::time::Millis;
use crate::ffi::main_thread::MainThread;

static SCHEDULE: MainThread<Schedule> = MainThread::new(Schedule::new());

/// Stale entries dropped by one call at most.
const MAX_STALE: usize = 64;

/// Has the eviction look at a key once `due` is over. Returns the time that the key's value has to keep.
pub fn watch(db: i32, name: &[u8], due: Millis) -> Millis {
    SCHEDULE.borrow().add(db, name, due)
}

/// An entry of this name has become stale: its key is gone, or watched for another time.
pub fn outlive(name: &[u8]) {
    SCHEDULE.borrow().outlive(name);
}

/// An entry was taken out that was stale.
pub fn unanswered(entry: &Entry) {
    SCHEDULE.borrow().unanswered(entry);
}

/// Bytes that watching a key of this name takes.
pub fn entry_bytes(name: &[u8]) -> usize {
    Schedule::entry_bytes(name)
}

/// Bytes that the whole list takes.
pub fn bytes() -> usize {
    SCHEDULE.borrow().bytes()
}

/// When the eviction would look at a key that is due at `due`.
pub fn looks_at(due: Millis) -> Millis {
    Schedule::slot(due)
}

/// Takes out a key that is due at `now`. `None` while something [is due](is_due): only stale entries were dropped, call
/// again.
pub fn next_due(now: Millis) -> Option<Entry> {
    SCHEDULE.borrow().pop(now, MAX_STALE)
}

/// Whether a key is due at `now`.
pub fn is_due(now: Millis) -> bool {
    SCHEDULE.borrow().is_due(now)
}

/// Two databases have exchanged their numbers.
pub fn swap_dbs(first: i32, second: i32) {
    SCHEDULE.borrow().swap(first, second);
}

/// A database was emptied, or all of them (-1).
pub fn flush_db(db: i32) {
    SCHEDULE.borrow().flush(db);
}

/// Works ahead, in up to so many small steps. Returns whether there is more to do.
pub fn tidy(now: Millis, steps: usize) -> bool {
    SCHEDULE.borrow().tidy(now, steps)
}

/// Whether stale entries outweigh the others, where there are so many presence keys.
pub fn needs_inspection(keys: usize) -> bool {
    SCHEDULE.borrow().needs_inspection(keys)
}

/// The next entry of a walk over all of the list.
pub fn inspect() -> Inspected {
    SCHEDULE.borrow().inspect()
}

/// Puts an inspected entry back. Returns the time that the key's value has to keep.
pub fn keep(entry: &Entry) -> Millis {
    SCHEDULE.borrow().keep(entry)
}
