//! The members of keys that went before their time-outs were told.
//!
//! A key that does not linger is gone the moment its last member is, and the next write begins another key under its
//! name, at once and however many members nobody has come by to remove. They wait here for their time-outs to be told, a
//! bite at a time, and their memory to be given back. No command sees them, and they are no part of any state: what becomes
//! of the key's name or its database later is nothing to them.
//!
//! A replica tells nobody. What members of such keys hold there is freed, likewise in bites.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use super::sweeper::{self, BITE};
use super::turns::Turn;
use crate::core::PresenceSet;
use crate::core::time::MAX_TIME;
use crate::events::Batch;
use crate::ffi::context::Context;
use crate::ffi::main_thread::MainThread;
use crate::ffi::text::{self, Name, SharedString};
use crate::metrics::DEPARTED_BYTES;

struct Departed {
    db: i32,
    set: PresenceSet,
    /// What is counted for it.
    bytes: usize,
}

/// By the names of the keys; of one name in the order they went.
type ByName = BTreeMap<Vec<u8>, VecDeque<Departed>>;

struct Waiting {
    /// Those of whom somebody is to be told.
    to_tell: ByName,
    /// The key that had the last turn: the next one is behind it.
    last: Vec<u8>,
    /// Those of whom nobody is.
    to_free: Vec<ByName>,
}

static WAITING: MainThread<Waiting> = MainThread::new(Waiting {
    to_tell: BTreeMap::new(),
    last: Vec::new(),
    to_free: Vec::new(),
});

impl Departed {
    fn new(db: i32, set: PresenceSet) -> Departed {
        let bytes = set.bytes();
        DEPARTED_BYTES.replace(0, bytes);
        Departed { db, set, bytes }
    }

    /// Frees a bite of the members, of whom nobody is told.
    fn free(&mut self) {
        self.set.evict(MAX_TIME, BITE, |_, _| {});
        self.count();
    }

    /// Brings what is counted up to date.
    fn count(&mut self) {
        let bytes = self.set.bytes();
        DEPARTED_BYTES.replace(self.bytes, bytes);
        self.bytes = bytes;
    }
}

impl Drop for Departed {
    fn drop(&mut self) {
        DEPARTED_BYTES.replace(self.bytes, 0);
    }
}

/// The key is gone, with these members in it, whose time-outs are to be told.
pub fn add(db: i32, key: &[u8], set: PresenceSet) {
    let departed = Departed::new(db, set);
    let mut waiting = WAITING.borrow();
    let of_name = waiting.to_tell.entry(key.to_vec()).or_default();
    of_name.push_back(departed);
}

/// The key is gone, with these members in it, whom nobody is told of.
pub fn drop_in_bites(set: PresenceSet) {
    if set.len() > BITE {
        let of_name = VecDeque::from([Departed::new(0, set)]);
        let by_name = ByName::from([(Vec::new(), of_name)]);
        WAITING.borrow().to_free.push(by_name);
    }
}

/// Whether nobody waits to be told of.
#[inline]
pub fn is_empty() -> bool {
    WAITING.borrow().to_tell.is_empty()
}

/// Tells ahead of the others of a member of such a key, who is back.
pub fn tell_of(db: i32, key: Name, member: &[u8], batch: &mut Batch) {
    // SAFETY: the caller's key, which lives during this call.
    let key = unsafe { text::bytes(key) };
    for departed in WAITING.borrow().to_tell.get_mut(key).into_iter().flatten() {
        if departed.db == db {
            let retain = departed.set.settings().retain;
            departed.set.forget([member].into_iter(), 0, |_, kept| {
                if kept.is_untold(MAX_TIME) {
                    batch.timeout(member, kept.seen, retain);
                }
            });
        }
    }
}

/// A turn of the next key's members. Returns whether there was one.
pub fn tell(ctx: Context, turn: Turn) -> bool {
    let Some((key, mut departed)) = take_next() else {
        return false;
    };
    let selected = ctx.select_db(departed.db);
    let name = SharedString::new(&key);
    loop {
        let mut batch = Batch::new();
        sweeper::evict(&mut departed.set, MAX_TIME, turn.now, BITE, &mut batch);
        if selected {
            batch.send(ctx, name.as_ptr());
        }
        if departed.set.is_empty() || turn.is_over() {
            break;
        }
    }
    let mut waiting = WAITING.borrow();
    if !departed.set.is_empty() {
        departed.count();
        let of_name = waiting.to_tell.entry(key.clone()).or_default();
        of_name.push_front(departed);
    }
    waiting.last = key;
    true
}

/// Takes out the first set of the key behind the one that had the last turn.
fn take_next() -> Option<(Vec<u8>, Departed)> {
    let mut waiting = WAITING.borrow();
    let waiting = &mut *waiting;
    let behind = (Bound::Excluded(waiting.last.as_slice()), Bound::Unbounded);
    let key = match waiting.to_tell.range::<[u8], _>(behind).next() {
        Some((key, _)) => key.clone(),
        None => waiting.to_tell.first_key_value()?.0.clone(),
    };
    let of_name = waiting.to_tell.get_mut(&key)?;
    let departed = of_name.pop_front()?;
    if of_name.is_empty() {
        waiting.to_tell.remove(&key);
    }
    Some((key, departed))
}

/// This server has become a replica: another one tells from now on.
pub fn clear() {
    let mut waiting = WAITING.borrow();
    let waiting = &mut *waiting;
    if !waiting.to_tell.is_empty() {
        waiting.to_free.push(std::mem::take(&mut waiting.to_tell));
    }
}

/// Frees a bite of those of whom nobody is told. Returns whether there was anything.
pub fn free() -> bool {
    let mut waiting = WAITING.borrow();
    let Some(by_name) = waiting.to_free.last_mut() else {
        return false;
    };
    if let Some(mut first) = by_name.first_entry() {
        let of_name = first.get_mut();
        match of_name.front_mut() {
            Some(departed) if !departed.set.is_empty() => departed.free(),
            Some(_) => drop(of_name.pop_front()),
            None => drop(first.remove()),
        }
    } else {
        waiting.to_free.pop();
    }
    true
}
