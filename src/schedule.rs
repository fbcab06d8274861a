//! Which keys the eviction must look at, and when. A hint only: entries name a key, are checked when their time comes,
//! and may be stale.
//!
//! Entries are kept in buckets of 64 ms, each a run of packed bytes (name, length, database), so that a watched key
//! costs little more than its name. A key stands in one bucket at a time: its value remembers which, and an entry that
//! the value does not answer to is dropped (`eviction.rs`).

use std::collections::BTreeMap;

use crate::core::time::Millis;

/// How much of the clock one bucket holds, as a shift: 64 ms.
const BUCKET_SHIFT: u32 = 6;
/// The latest time that a key can stand under, in the year 4199: values remember buckets in 5 bytes, of which two numbers
/// mean something else.
pub const LAST: Millis = ((1 << 40) - 3) << BUCKET_SHIFT;

/// The number of the bucket that ends at `slot`, and the other way round.
pub fn bucket_of(slot: Millis) -> u64 {
    slot >> BUCKET_SHIFT
}

/// When a bucket ends.
pub fn slot_of(bucket: u64) -> Millis {
    bucket << BUCKET_SHIFT
}

/// A database, under whatever number it has at the moment. SWAPDB exchanges the numbers of two, FLUSHDB gives a number
/// a new database.
type Token = usize;

/// Keys by the time they must be looked at.
pub struct Schedule {
    buckets: BTreeMap<u64, Vec<u8>>,
    entries: usize,
    /// Bytes of all entries.
    bytes: usize,
    /// The token of each database's number.
    tokens: Vec<Token>,
    next_token: Token,
    inspection: Option<Inspection>,
}

/// A walk over all entries, to drop those that have gone stale before their time.
struct Inspection {
    /// The bucket that is walked. Its entries are taken from its end one by one.
    bucket: u64,
    /// Those of its entries that were put back.
    kept: Vec<u8>,
}

/// A key whose time has come, or that is inspected.
pub struct Entry {
    pub db: i32,
    pub name: Vec<u8>,
    /// What [`Schedule::add`] returned for it.
    pub queued: Millis,
}

/// What an inspection comes upon.
pub enum Inspected {
    /// An entry, taken out: it is to be kept or not.
    Entry(Entry),
    /// An entry of a database that was flushed, dropped.
    Dropped,
    /// The end.
    Done,
}

impl Schedule {
    pub const fn new() -> Schedule {
        Schedule {
            buckets: BTreeMap::new(),
            entries: 0,
            bytes: 0,
            tokens: Vec::new(),
            next_token: 0,
            inspection: None,
        }
    }

    /// How many entries there are, stale ones included.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Bytes of all entries, stale ones included.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of an entry of this name; the token nearly always takes one.
    pub fn entry_bytes(name: &[u8]) -> usize {
        name.len() + 2 + usize::from(name.len() >= 0x80) + usize::from(name.len() >= 0x4000)
    }

    fn token(&mut self, db: i32) -> Token {
        while self.tokens.len() <= db as usize {
            self.tokens.push(self.next_token);
            self.next_token += 1;
        }
        self.tokens[db as usize]
    }

    /// Under which time a key that is due at `due` would stand: the end of its bucket. `Millis::MAX`, for never, where that
    /// is later than any time that can be stored: a dump can have such a member, and no clock comes so far.
    pub fn slot(due: Millis) -> Millis {
        let end = due.checked_next_multiple_of(1 << BUCKET_SHIFT);
        end.filter(|end| *end <= LAST).unwrap_or(Millis::MAX)
    }

    /// Notes that a key must be looked at when `due` has come, if ever. Returns under which time it stands: the value is
    /// to remember it.
    pub fn add(&mut self, db: i32, name: &[u8], due: Millis) -> Millis {
        let slot = Schedule::slot(due);
        if slot == Millis::MAX {
            return slot;
        }
        let bucket = slot >> BUCKET_SHIFT;
        let token = self.token(db);
        push(self.buckets.entry(bucket).or_default(), token, name);
        self.entries += 1;
        self.bytes += Schedule::entry_bytes(name);
        slot
    }

    /// Takes out an entry whose time has come at `now`. Entries of databases that were flushed are dropped on the way,
    /// at most `patience` of them.
    pub fn pop(&mut self, now: Millis, patience: usize) -> Option<Entry> {
        if let Some(inspection) = &self.inspection
            && inspection.bucket << BUCKET_SHIFT <= now
        {
            self.end_bucket();
            self.inspection = None;
        }
        for _ in 0..=patience {
            let bucket = *self.buckets.first_key_value()?.0;
            if bucket << BUCKET_SHIFT > now {
                return None;
            }
            if let Some(entry) = self.take_from(bucket) {
                return Some(entry);
            }
        }
        None
    }

    /// Takes the last entry of a bucket. `None`: it was of a database that is no more.
    fn take_from(&mut self, bucket: u64) -> Option<Entry> {
        let entries = self.buckets.get_mut(&bucket)?;
        let (token, name) = pop(entries)?;
        if entries.is_empty() {
            self.buckets.remove(&bucket);
        } else if entries.capacity() > 4096 && entries.len() < entries.capacity() / 4 {
            entries.shrink_to(entries.len() * 2);
        }
        self.entries -= 1;
        self.bytes -= Schedule::entry_bytes(&name);
        let db = self.tokens.iter().position(|at| *at == token)?;
        Some(Entry {
            db: db as i32,
            name,
            queued: bucket << BUCKET_SHIFT,
        })
    }

    /// Whether something has come due.
    pub fn is_due(&self, now: Millis) -> bool {
        self.buckets
            .first_key_value()
            .is_some_and(|(bucket, _)| bucket << BUCKET_SHIFT <= now)
    }

    /// Whether entries are being inspected.
    pub fn is_inspected(&self) -> bool {
        self.inspection.is_some()
    }

    /// The next entry of a walk over all entries. It begins with the first call, and again after `Done`.
    pub fn inspect(&mut self) -> Inspected {
        let bucket = self.inspection.as_ref().map_or(0, |walk| walk.bucket);
        if self.inspection.is_some() && self.buckets.contains_key(&bucket) {
            return match self.take_from(bucket) {
                Some(entry) => Inspected::Entry(entry),
                None => Inspected::Dropped,
            };
        }
        self.end_bucket();
        let after = self.inspection.as_ref().map_or(0, |walk| walk.bucket + 1);
        let next = self
            .buckets
            .range(after..)
            .next()
            .map(|(bucket, _)| *bucket);
        self.inspection = next.map(|bucket| Inspection {
            bucket,
            kept: Vec::new(),
        });
        match next {
            Some(_) => Inspected::Dropped,
            None => Inspected::Done,
        }
    }

    /// Puts an entry back that was inspected.
    pub fn keep(&mut self, entry: &Entry) {
        let token = self.token(entry.db);
        match &mut self.inspection {
            Some(walk) if walk.bucket << BUCKET_SHIFT == entry.queued => {
                push(&mut walk.kept, token, &entry.name);
                self.entries += 1;
                self.bytes += Schedule::entry_bytes(&entry.name);
            }
            _ => {
                self.add(entry.db, &entry.name, entry.queued);
            }
        }
    }

    /// Puts what was kept of the bucket that is walked back into it.
    fn end_bucket(&mut self) {
        if let Some(walk) = &mut self.inspection
            && !walk.kept.is_empty()
        {
            let kept = std::mem::take(&mut walk.kept);
            let entries = self.buckets.entry(walk.bucket).or_default();
            if entries.is_empty() {
                *entries = kept;
            } else {
                entries.extend_from_slice(&kept);
            }
        }
    }

    /// Two databases have exchanged their numbers.
    pub fn swap(&mut self, first: i32, second: i32) {
        self.token(first.max(second));
        self.tokens.swap(first as usize, second as usize);
    }

    /// A database was emptied, or all of them (-1). Their entries go as their time comes.
    pub fn flush(&mut self, db: i32) {
        if db < 0 {
            *self = Schedule::new();
        } else {
            self.token(db);
            self.tokens[db as usize] = self.next_token;
            self.next_token += 1;
        }
    }
}

/// Packs an entry so that it can be read from its end: the name, its length and the token, both in as many bytes as they
/// need, seven bits each, the last one marked.
fn push(entries: &mut Vec<u8>, token: Token, name: &[u8]) {
    let size = Schedule::entry_bytes(name);
    if entries.capacity() - entries.len() < size {
        // Little ahead: most buckets get no more than a few entries.
        entries.reserve_exact(size + entries.len() / 8);
    }
    entries.extend_from_slice(name);
    push_number(entries, name.len());
    push_number(entries, token);
}

fn push_number(entries: &mut Vec<u8>, mut number: usize) {
    let mut mark = 0x80;
    while number >= 0x80 {
        entries.push(number as u8 & 0x7f | mark);
        mark = 0;
        number >>= 7;
    }
    entries.push(number as u8 | mark);
}

/// Takes the last entry off.
fn pop(entries: &mut Vec<u8>) -> Option<(Token, Vec<u8>)> {
    let token = pop_number(entries)?;
    let len = pop_number(entries)?;
    let name = entries.split_off(entries.len() - len);
    Some((token, name))
}

fn pop_number(entries: &mut Vec<u8>) -> Option<usize> {
    let mut number = 0;
    loop {
        let byte = entries.pop()?;
        number = number << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            return Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::MAX_TIME;

    #[test]
    fn entries_come_when_due_under_the_number_their_database_has_then() {
        let mut schedule = Schedule::new();
        let early = schedule.add(0, b"early", 1000);
        schedule.add(3, b"late", 2000);
        schedule.add(1, b"flushed", 1500);
        assert!(schedule.pop(1000, 10).is_none(), "never early");
        let entry = schedule.pop(1064, 10).expect("it is due");
        assert_eq!(
            (entry.db, entry.name.as_slice(), entry.queued),
            (0, &b"early"[..], early)
        );
        schedule.swap(3, 5);
        schedule.flush(1);
        let entry = schedule.pop(5000, 10).expect("it is due");
        assert_eq!((entry.db, entry.name.as_slice()), (5, &b"late"[..]));
        assert_eq!((schedule.len(), schedule.bytes()), (0, 0));
        assert!(!schedule.is_due(u64::MAX >> 8));
    }

    #[test]
    fn what_is_due_when_no_clock_comes_is_never_looked_at() {
        let mut schedule = Schedule::new();
        for due in [LAST + 1, MAX_TIME, MAX_TIME + 1, u64::MAX - 1, u64::MAX] {
            assert_eq!(Schedule::slot(due), Millis::MAX, "{due}");
            assert_eq!(schedule.add(0, b"key", due), Millis::MAX, "{due}");
        }
        assert_eq!(schedule.len(), 0);
        assert!(schedule.pop(u64::MAX, 10).is_none());
        for due in [0, 1, LAST - 1, LAST] {
            let queued = schedule.add(0, b"key", due);
            assert!(queued >= due && queued <= LAST, "{due} stands at {queued}");
            assert!(due == 0 || schedule.pop(queued - 1, 10).is_none());
            assert_eq!(
                schedule.pop(queued, 10).map(|entry| entry.queued),
                Some(queued)
            );
        }
    }

    #[test]
    fn names_of_any_length_are_packed_and_unpacked() {
        let mut schedule = Schedule::new();
        let lengths = [0, 1, 127, 128, 300, 16_383, 16_384, 100_000];
        for length in lengths {
            for _ in 0..200 {
                schedule.flush(7);
            }
            schedule.add(7, &vec![b'x'; length], 10);
        }
        // All but the last are of databases that were flushed.
        let entry = schedule.pop(1000, 0).expect("the last");
        assert_eq!((entry.db, entry.name.len()), (7, 100_000));
        assert!(schedule.pop(1000, 1000).is_none());
        assert_eq!(schedule.len(), 0);
    }

    #[test]
    fn an_inspection_sees_every_entry_once_and_loses_none() {
        let mut schedule = Schedule::new();
        for i in 0..500_u64 {
            schedule.add(0, format!("key {i}").as_bytes(), 1000 + i % 7 * 100);
        }
        let (mut seen, mut kept) = (Vec::new(), 0);
        loop {
            match schedule.inspect() {
                Inspected::Entry(entry) => {
                    if seen.len() % 3 == 0 {
                        schedule.keep(&entry);
                        kept += 1;
                    }
                    seen.push(entry.name);
                    if seen.len() == 100 {
                        schedule.add(0, b"new", 900);
                    }
                }
                Inspected::Dropped => {}
                Inspected::Done => break,
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 500);
        assert!(!schedule.is_inspected());
        assert_eq!(schedule.len(), kept + 1);
        assert!(schedule.bytes() > 7 * kept);
        schedule.inspect();
        schedule.inspect();
        let popped = std::iter::from_fn(|| schedule.pop(10_000, 1000)).count();
        assert_eq!(
            (popped, schedule.len(), schedule.bytes()),
            (kept, 0, 0),
            "one was being inspected"
        );
    }
}
