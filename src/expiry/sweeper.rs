//! One key's turn of the eviction: members who are due are removed, time-outs of those who are still remembered are
//! reported, and a key whose linger is over goes.
//!
//! It is done in batches, and a key that is not through at the end of its turn gets another. For each turn one
//! `PRESENCE.EVICT` is replicated, or one for each batch that is published; never one a member.

use super::removal::{self, BATCH};
use super::schedule::Entry;
use super::turn::Turn;
use super::{unfinished, watch_list};
use crate::core::time::Millis;
use crate::events::Batch;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::SharedString;
use crate::keys::WriteKey;
use crate::{metrics, replication};

/// What was done of a turn.
#[derive(Default)]
struct Progress {
    evicted: usize,
    reported: usize,
    /// Whether there is nothing left to do.
    done: bool,
}

/// A turn of the key that an entry names, if that still has what it was noted for.
pub fn sweep(keyspace: &mut Keyspace, entry: Entry, turn: Turn) {
    let ctx = keyspace.context();
    if !ctx.select_db(entry.db) {
        return;
    }
    let name = SharedString::new(&entry.name);
    let name = name.borrow();
    let Ok(mut key) = WriteKey::open_untouched(keyspace, name) else {
        return;
    };
    match key.value() {
        Some(value) if value.queued() == entry.queued => value.set_queued(Millis::MAX),
        _ => return watch_list::unanswered(&entry),
    }
    if let Some(due) = key.set().and_then(|set| set.next_due())
        && due <= turn.now
    {
        metrics::SWEEP_LAG.set(turn.now - due);
    }
    let mut signalled = false;
    let done = loop {
        let mut batch = Batch::new();
        let progress = take_batches(&mut key, turn, &mut batch);
        if progress.evicted > 0 {
            replication::evict(ctx, name, turn.now, progress.evicted);
        }
        if progress.evicted + progress.reported > 0 && !signalled {
            // Whoever hears of a time-out finds that what they cached of the key holds no longer.
            key.changed();
            signalled = true;
        }
        if batch.is_empty() {
            break progress.done;
        }
        drop(key);
        batch.send(keyspace, name);
        match WriteKey::open_untouched(keyspace, name) {
            Ok(reopened) => key = reopened,
            Err(_) => return,
        }
        if progress.done || turn.is_over() {
            break progress.done;
        }
    };
    key.remove_if_gone(turn.now);
    match key.value() {
        Some(value) if !done => value.set_queued(unfinished::push(entry, turn.now)),
        _ => key.watch(),
    }
}

/// Evicts and reports in batches until nothing is due, the turn is over, or there are messages to be sent.
fn take_batches(key: &mut WriteKey, turn: Turn, batch: &mut Batch) -> Progress {
    let mut progress = Progress::default();
    while key.set().is_some() {
        let (evicted, reported) = key.change(|set| {
            let evicted = removal::evict(set, turn.now, turn.now, BATCH, batch);
            match evicted < BATCH {
                true => (
                    evicted,
                    removal::report_timeouts(set, turn.now, BATCH, batch),
                ),
                false => (evicted, 0),
            }
        });
        progress.evicted += evicted;
        progress.reported += reported;
        progress.done = evicted < BATCH && reported < BATCH;
        if progress.done || !batch.is_empty() || turn.is_over() {
            return progress;
        }
    }
    progress.done = true;
    progress
}
