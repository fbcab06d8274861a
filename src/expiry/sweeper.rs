//! One key's turn of the eviction: members who are due are removed, time-outs of those who are still remembered are
//! reported, and a key whose linger is over is deleted.
//!
//! It works in batches, and a key that is not through at the end of its turn gets another. A turn replicates one
//! `PRESENCE.EVICT`, or one for each batch with events; never one a member.

use super::schedule::Entry;
use super::turn::Turn;
use super::{BATCH, unfinished, watch_list};
use crate::core::Change;
use crate::core::time::Millis;
use crate::ffi::args::Args;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::SharedString;
use crate::keys::WriteKey;
use crate::metrics;
use crate::transaction::{Changed, Transaction, Turn as Done};

/// A turn of the key that an entry names, unless the entry is stale.
pub fn sweep(keyspace: &mut Keyspace, entry: Entry, turn: Turn) {
    if !keyspace.context().select_db(entry.db) {
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
    let is_through = loop {
        let mut transaction = Transaction::of_eviction(key, turn.now);
        let is_through = take_batches(&mut transaction, turn);
        if !transaction.has_events() {
            key = transaction.keep_open();
            break is_through;
        }
        transaction.close().finish(keyspace, name);
        match WriteKey::open_untouched(keyspace, name) {
            Ok(reopened) => key = reopened,
            Err(_) => return,
        }
        if is_through || turn.is_over() {
            break is_through;
        }
    };
    key.remove_if_gone(turn.now);
    match key.value() {
        Some(value) if !is_through => value.set_queued(unfinished::push(entry, turn.now)),
        _ => key.watch(),
    }
}

/// Works in batches until nothing is due, the turn is over, or there is something to be published. Returns whether nothing is
/// due.
fn take_batches(transaction: &mut Transaction, turn: Turn) -> bool {
    let mut done = Done::default();
    let is_through = take_all(transaction, turn, &mut done);
    transaction.settle_turn(done);
    is_through.unwrap_or(true)
}

/// `None`: the key holds no set any more.
fn take_all(transaction: &mut Transaction, turn: Turn, done: &mut Done) -> Option<bool> {
    let (at, limit) = (Some(turn.now), BATCH);
    let evict = Change::Evict {
        cutoff: turn.now,
        limit,
    };
    let report = Change::ReportTimeouts { limit };
    // What comes later may depend on what came before, so replicas are told of it in the same order.
    let steps = [
        (Change::EndLeases { at, limit }, &mut done.leases),
        (Change::EndDropped { at, limit }, &mut done.dropped),
        (evict, &mut done.evicted),
    ];
    for (change, count) in steps {
        loop {
            let batch = take_batch(transaction, change)?;
            *count += batch;
            if batch < BATCH {
                break;
            }
            if transaction.has_events() || turn.is_over() {
                return Some(false);
            }
        }
    }
    loop {
        let batch = take_batch(transaction, report)?;
        done.reported += batch;
        if batch < BATCH {
            return Some(true);
        }
        if transaction.has_events() || turn.is_over() {
            return Some(false);
        }
    }
}

/// Applies a change to a key that holds a set. `None`: it holds none, or the change was cut short.
fn take_batch(transaction: &mut Transaction, change: Change) -> Option<usize> {
    transaction.key().set()?;
    let effects = transaction.apply(change, Args::NONE, None, &mut Changed::default(), None);
    effects.ok().map(|effects| effects.members)
}
