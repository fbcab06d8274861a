//! Orphans: members of keys that went before their time-outs were reported.
//!
//! A key that does not linger is gone the moment its last member is, and the next write makes a new key of that name,
//! at once and however many members the eviction has yet to remove. They wait here until their time-outs are reported
//! and their memory is freed, a batch at a time. No command sees them, and they are not part of any key's state: what
//! happens to the name or to its database later does not concern them.
//!
//! A replica reports nothing; it only frees its orphans, in batches too.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use super::BATCH;
use crate::core::time::{MAX_TIME, Millis};
use crate::core::{Change, MemberView, Members, Observer, PresenceSet};
use crate::events::Outbox;
use crate::ffi::main_thread::MainThread;
use crate::ffi::string::KeyName;
use crate::metrics::{self, ORPHAN_BYTES};

/// The members of one key that is gone.
pub struct Orphans {
    /// The database that the key was in.
    pub db: i32,
    set: PresenceSet,
    /// What it counts for in `ORPHAN_BYTES`.
    bytes: usize,
}

/// By the names of the keys; those of one name in the order in which the keys went.
type ByName = BTreeMap<Vec<u8>, VecDeque<Orphans>>;

struct Waiting {
    /// Those whose time-outs are to be reported.
    to_report: ByName,
    /// The key that had the last turn: the next one in order has the next.
    last: Vec<u8>,
    /// Those that are only to be freed.
    to_free: Vec<ByName>,
}

static WAITING: MainThread<Waiting> = MainThread::new(Waiting {
    to_report: BTreeMap::new(),
    last: Vec::new(),
    to_free: Vec::new(),
});

impl Orphans {
    fn new(db: i32, set: PresenceSet) -> Orphans {
        let bytes = set.bytes();
        ORPHAN_BYTES.replace(0, bytes);
        Orphans { db, set, bytes }
    }

    /// Removes a batch of the members, whose time-outs are added to `outbox`. Returns whether there are more.
    pub fn report(&mut self, outbox: &mut Outbox) -> bool {
        let removed = self.remove(&mut Reporter(outbox));
        metrics::EVICTED.add(removed);
        !self.set.is_empty()
    }

    /// Removes a batch of the members without reporting them.
    fn free(&mut self) {
        self.remove(&mut ());
        self.count();
    }

    fn remove(&mut self, observer: &mut impl Observer) -> usize {
        let change = Change::Evict {
            cutoff: MAX_TIME,
            limit: BATCH,
        };
        apply(&mut self.set, change, None, observer)
    }

    /// Brings `ORPHAN_BYTES` up to date.
    fn count(&mut self) {
        let bytes = self.set.bytes();
        ORPHAN_BYTES.replace(self.bytes, bytes);
        self.bytes = bytes;
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        ORPHAN_BYTES.replace(self.bytes, 0);
    }
}

/// The key is gone, with these members in it, whose time-outs are to be reported.
pub fn add(db: i32, key: &[u8], set: PresenceSet) {
    let orphans = Orphans::new(db, set);
    let mut waiting = WAITING.borrow();
    let of_name = waiting.to_report.entry(key.to_vec()).or_default();
    of_name.push_back(orphans);
}

/// The key is gone, with these members in it, whose time-outs are not this server's to report.
pub fn free_in_batches(set: PresenceSet) {
    if set.len() + set.session_count() > BATCH {
        let of_name = VecDeque::from([Orphans::new(0, set)]);
        let by_name = ByName::from([(Vec::new(), of_name)]);
        WAITING.borrow().to_free.push(by_name);
    }
}

/// Whether there are none whose time-outs are to be reported.
#[inline]
pub fn is_empty() -> bool {
    WAITING.borrow().to_report.is_empty()
}

/// A member of such a key is back, or forgotten: its time-out is reported ahead of the others.
pub fn report_member(db: i32, key: KeyName, member: &[u8], outbox: &mut Outbox) {
    let mut waiting = WAITING.borrow();
    let of_name = waiting.to_report.get_mut(key.bytes());
    for orphans in of_name.into_iter().flatten() {
        if orphans.db == db {
            let set = &mut orphans.set;
            apply(set, Change::Forget, Some(member), &mut Reporter(outbox));
        }
    }
}

/// Applies a change to orphans, as of a time at which all of them have timed out. Returns how many it was about.
fn apply(
    set: &mut PresenceSet,
    change: Change,
    member: Option<&[u8]>,
    observer: &mut impl Observer,
) -> usize {
    let members = Members::Each(member.into_iter());
    let applied = set.apply(change, members, MAX_TIME, observer);
    applied.map_or(0, |effects| effects.members)
}

/// Reports time-outs, and nothing else of orphans.
struct Reporter<'a>(&'a mut Outbox);

impl Observer for Reporter<'_> {
    fn changed(&mut self, _position: usize) {}
    fn joined(&mut self, _member: MemberView) {}
    fn left(&mut self, _member: MemberView) {}
    fn timed_out(&mut self, member: MemberView, retain: Millis) {
        self.0.timed_out(member.name, member.touch, retain);
    }
    fn updated(&mut self, _member: MemberView) {}
}

/// Takes out the first orphans of the key after the one that had the last turn, with their key's name.
pub fn take() -> Option<(Vec<u8>, Orphans)> {
    let mut waiting = WAITING.borrow();
    let waiting = &mut *waiting;
    let behind = (Bound::Excluded(waiting.last.as_slice()), Bound::Unbounded);
    let key = match waiting.to_report.range::<[u8], _>(behind).next() {
        Some((key, _)) => key.clone(),
        None => waiting.to_report.first_key_value()?.0.clone(),
    };
    let of_name = waiting.to_report.get_mut(&key)?;
    let orphans = of_name.pop_front()?;
    if of_name.is_empty() {
        waiting.to_report.remove(&key);
    }
    waiting.last.clone_from(&key);
    Some((key, orphans))
}

/// Queues the orphans of a key that were not through at the end of their turn for another.
pub fn put_back(key: Vec<u8>, mut orphans: Orphans) {
    orphans.count();
    let mut waiting = WAITING.borrow();
    waiting
        .to_report
        .entry(key)
        .or_default()
        .push_front(orphans);
}

/// This server has become a replica: another one reports from now on.
pub fn clear() {
    let mut waiting = WAITING.borrow();
    let waiting = &mut *waiting;
    if !waiting.to_report.is_empty() {
        waiting.to_free.push(std::mem::take(&mut waiting.to_report));
    }
}

/// Frees a batch of those that are only to be freed. Returns whether there was anything.
pub fn free() -> bool {
    let mut waiting = WAITING.borrow();
    let Some(by_name) = waiting.to_free.last_mut() else {
        return false;
    };
    if let Some(mut first) = by_name.first_entry() {
        let of_name = first.get_mut();
        match of_name.front_mut() {
            Some(orphans) if !orphans.set.is_empty() => orphans.free(),
            Some(_) => drop(of_name.pop_front()),
            None => drop(first.remove()),
        }
    } else {
        waiting.to_free.pop();
    }
    true
}
