//! One key's turn of the eviction: members who are due are removed, those whose time was up are told of, and a key whose
//! linger is over goes.
//!
//! It is done in bites, and a key that is not through at the end of its turn gets another. For each turn one
//! `PRESENCE.EVICT` is replicated, or one for each batch that is told of; never one a member.

use super::eviction;
use super::schedule::Entry;
use super::turns::{self, Turn};
use crate::core::PresenceSet;
use crate::core::time::Millis;
use crate::events::Batch;
use crate::ffi::context::Context;
use crate::ffi::text::SharedString;
use crate::keys::WriteKey;
use crate::{metrics, replication};

/// Members removed or told between two looks at the clock.
pub const BITE: usize = 64;

/// What was done of a turn.
#[derive(Default)]
struct Bites {
    evicted: usize,
    told: usize,
    /// Whether there is nothing left to do.
    done: bool,
}

/// A turn of the key that an entry names, if that still has what it was noted for.
pub fn sweep(ctx: Context, entry: Entry, turn: Turn) {
    if !ctx.select_db(entry.db) {
        return;
    }
    let name = SharedString::new(&entry.name);
    let Ok(mut key) = WriteKey::open_untouched(ctx, name.as_ptr()) else {
        return;
    };
    match key.value() {
        Some(value) if value.queued() == entry.queued => value.set_queued(Millis::MAX),
        _ => return eviction::unanswered(&entry),
    }
    if let Some(due) = key.set().and_then(|set| set.next_due())
        && due <= turn.now
    {
        metrics::SWEEP_LAG.set(turn.now - due);
    }
    let mut signalled = false;
    let done = loop {
        let mut batch = Batch::new();
        let bites = take_bites(&mut key, turn, &mut batch);
        if bites.evicted > 0 {
            replication::evict(ctx, name.as_ptr(), turn.now, bites.evicted);
        }
        if bites.evicted + bites.told > 0 && !signalled {
            // Whoever hears of a time-out finds that what they cached of the key holds no longer.
            key.changed();
            signalled = true;
        }
        if batch.is_empty() {
            break bites.done;
        }
        drop(key);
        batch.send(ctx, name.as_ptr());
        match WriteKey::open_untouched(ctx, name.as_ptr()) {
            Ok(reopened) => key = reopened,
            Err(_) => return,
        }
        if bites.done || turn.is_over() {
            break bites.done;
        }
    };
    key.remove_if_gone(turn.now);
    match key.value() {
        Some(value) if !done => value.set_queued(turns::put_back(entry, turn.now)),
        _ => key.watch(),
    }
}

/// Evicts and tells in bites until nothing is due, the turn is over, or there are messages to be sent.
fn take_bites(key: &mut WriteKey, turn: Turn, batch: &mut Batch) -> Bites {
    let mut bites = Bites::default();
    while key.set().is_some() {
        let (evicted, told) = key.change(|set| {
            let evicted = evict(set, turn.now, turn.now, BITE, batch);
            match evicted < BITE {
                true => (evicted, tell(set, turn.now, BITE, batch)),
                false => (evicted, 0),
            }
        });
        bites.evicted += evicted;
        bites.told += told;
        bites.done = evicted < BITE && told < BITE;
        if bites.done || !batch.is_empty() || turn.is_over() {
            return bites;
        }
    }
    bites.done = true;
    bites
}

/// Notes of members whose time was up and who are still remembered that it was. Returns how many.
fn tell(set: &mut PresenceSet, now: Millis, limit: usize, batch: &mut Batch) -> usize {
    if set.next_untold().is_none_or(|time| time > now) {
        return 0;
    }
    let retain = set.settings().retain;
    set.tell(now, limit, |name, seen| {
        if batch.timeout(name, seen, retain) {
            metrics::TIMEOUT_LAG.set(now.saturating_sub(seen.due(0)));
        }
    })
}

/// Removes what is due at `cutoff`, oldest first, and counts it as this server's doing. Those whose time was up without
/// anybody having noticed are added to `batch`.
pub fn evict(
    set: &mut PresenceSet,
    cutoff: Millis,
    now: Millis,
    limit: usize,
    batch: &mut Batch,
) -> usize {
    let retain = set.settings().retain;
    let evicted = set.evict(cutoff, limit, |name, kept| {
        if kept.is_untold(cutoff) && batch.timeout(name, kept.seen, retain) {
            metrics::TIMEOUT_LAG.set(now.saturating_sub(kept.seen.due(0)));
        }
    });
    metrics::EVICTED.add(evicted);
    evicted
}
