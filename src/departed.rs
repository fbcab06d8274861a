//! The members of keys that went before their time-outs were told.
//!
//! A key that does not linger is gone the moment its last member is, and the next write begins another key under its
//! name, at once and however many members nobody has come by to remove. They wait here for their time-outs to be told, a
//! bite at a time, and their memory to be given back. No command sees them, and they are no part of any state.

use std::collections::VecDeque;

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
    key: Vec<u8>,
    set: PresenceSet,
}

static DEPARTED: MainThread<VecDeque<Departed>> = MainThread::new(VecDeque::new());

/// The key is gone, with these members in it.
pub fn add(db: i32, key: &[u8], set: PresenceSet) {
    let key = key.to_vec();
    DEPARTED.borrow().push_back(Departed { db, key, set });
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
    for departed in DEPARTED.borrow().iter_mut() {
        if departed.db == db
            && departed.key == key
            && let Some(kept) = departed.set.take(member)
            && kept.is_untold(MAX_TIME)
        {
            batch.timeout(member, kept.seen, departed.set.settings().retain);
        }
    }
}

/// Tells of those who wait, the longest first, until the deadline. Returns whether more wait.
pub fn tell(ctx: Context, deadline: u64) -> bool {
    while clock::monotonic_micros() < deadline {
        let Some(mut departed) = DEPARTED.borrow().pop_front() else {
            return false;
        };
        let mut batch = Batch::new();
        eviction::evict(&mut departed.set, MAX_TIME, eviction::BITE, &mut batch);
        if ctx.select_db(departed.db) {
            let key = SharedString::new(&departed.key);
            batch.send(ctx, key.as_ptr());
        }
        if !departed.set.is_empty() {
            DEPARTED.borrow().push_front(departed);
        }
    }
    !is_empty()
}

/// This server has become a replica: another one tells from now on.
pub fn clear() {
    DEPARTED.borrow().clear();
}
