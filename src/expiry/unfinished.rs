//! Keys that were not through at the end of their turn, in the order in which they get another.

use std::collections::VecDeque;

use super::schedule::Entry;
use super::watch_list;
use crate::core::time::Millis;
use crate::ffi::main_thread::MainThread;

/// Keys beyond so many go back to the watch list.
const MOST: usize = 128;

static UNFINISHED: MainThread<VecDeque<Entry>> = MainThread::new(VecDeque::new());

/// Queues a key that is not through for another turn. Returns the time that its value has to keep.
pub fn push(entry: Entry, now: Millis) -> Millis {
    let mut unfinished = UNFINISHED.borrow();
    if unfinished.len() >= MOST {
        return watch_list::watch(entry.db, &entry.name, now);
    }
    let queued = watch_list::looks_at(now);
    unfinished.push_back(Entry { queued, ..entry });
    queued
}

/// Takes out the key whose turn it is.
pub fn pop() -> Option<Entry> {
    UNFINISHED.borrow().pop_front()
}

pub fn is_empty() -> bool {
    UNFINISHED.borrow().is_empty()
}

/// Two databases have exchanged their numbers.
pub fn swap_dbs(first: i32, second: i32) {
    for entry in UNFINISHED.borrow().iter_mut() {
        if entry.db == first {
            entry.db = second;
        } else if entry.db == second {
            entry.db = first;
        }
    }
}
