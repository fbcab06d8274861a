//! The members of keys that went before their time-outs were told.
//!
//! A key that does not linger is gone the moment its last member is, and the next write begins another key under its
//! name, at once and however many members nobody has come by to remove. They wait here for their time-outs to be told, a
//! bite at a time, and their memory to be given back. No command sees them, and they are no part of any state.

use std::collections::BTreeMap;

use crate::clock;
use crate::core::PresenceSet;
use crate::core::time::MAX_TIME;
use crate::events::Batch;
use crate::eviction;
use crate::ffi::context::Context;
use crate::ffi::main_thread::MainThread;
use crate::ffi::text::{self, Name, SharedString};

struct Departed {
    db: i32,
    set: PresenceSet,
}

/// By the names of the keys; of one name in the order they went.
static DEPARTED: MainThread<BTreeMap<Vec<u8>, Vec<Departed>>> = MainThread::new(BTreeMap::new());

/// The key is gone, with these members in it.
pub fn add(db: i32, key: &[u8], set: PresenceSet) {
    let mut departed = DEPARTED.borrow();
    let of_name = departed.entry(key.to_vec()).or_default();
    of_name.push(Departed { db, set });
}

/// Whether nobody waits.
#[inline]
pub fn is_empty() -> bool {
    DEPARTED.borrow().is_empty()
}

/// Tells ahead of the others of a member of such a key, who is back.
pub fn tell_of(db: i32, key: Name, member: &[u8], batch: &mut Batch) {
    // SAFETY: the caller's key, which lives during this call.
    let key = unsafe { text::bytes(key) };
    for departed in DEPARTED.borrow().get_mut(key).into_iter().flatten() {
        if departed.db == db
            && let Some(kept) = departed.set.take(member)
            && kept.is_untold(MAX_TIME)
        {
            batch.timeout(member, kept.seen, departed.set.settings().retain);
        }
    }
}

/// Tells of those who wait, until the deadline.
pub fn tell(ctx: Context, deadline: u64) {
    while clock::monotonic_micros() < deadline {
        let Some((key, mut of_name)) = DEPARTED.borrow().pop_first() else {
            return;
        };
        let mut batch = Batch::new();
        let first = &mut of_name[0];
        eviction::evict(&mut first.set, MAX_TIME, eviction::BITE, &mut batch);
        if ctx.select_db(first.db) {
            batch.send(ctx, SharedString::new(&key).as_ptr());
        }
        if first.set.is_empty() {
            of_name.remove(0);
        }
        if !of_name.is_empty() {
            DEPARTED
                .borrow()
                .entry(key)
                .or_default()
                .splice(..0, of_name);
        }
    }
}

/// This server has become a replica: another one tells from now on.
pub fn clear() {
    DEPARTED.borrow().clear();
}
