//! Which keys the eviction must look at, and when. It is only a hint: an entry names a key, is checked when its time
//! comes, and may be stale.
//!
//! An entry comes due with its bucket of 64 ms, and takes little more than the key's name. A key is in one bucket at a
//! time, which its value keeps; an entry in another bucket is stale and dropped (`expiry/sweeper.rs`). Every call does
//! a bounded amount of work, however many entries there are.

mod calendar;
mod databases;
#[cfg(test)]
mod model_test;
mod pages;

use calendar::{Calendar, Step, Taken};
use databases::Databases;

use crate::core::time::Millis;

/// The length of a bucket, as a shift: 64 ms.
const BUCKET_SHIFT: u32 = 6;
/// The latest time for which a key can be watched, in the year 4199: values keep buckets in 5 bytes, of which two
/// numbers mean something else.
pub const LAST: Millis = ((1 << 40) - 3) << BUCKET_SHIFT;

/// Stale entries may weigh this much more than the others.
const SLACK: usize = 32 * 1024;

/// The number of the bucket that ends at `slot`, and the other way round.
pub fn bucket_of(slot: Millis) -> u64 {
    slot >> BUCKET_SHIFT
}

/// When a bucket ends.
pub fn slot_of(bucket: u64) -> Millis {
    bucket << BUCKET_SHIFT
}

/// Keys by the time they must be looked at.
///
/// An entry *weighs* what it takes in a page without its bucket, whose bytes become fewer as its time approaches.
pub struct Schedule {
    calendar: Calendar,
    databases: Databases,
    entries: usize,
    /// What all entries weigh.
    weight: usize,
    /// What the entries of flushed databases weigh.
    flushed: usize,
    /// What the entries weigh that were reported stale since the last inspection began.
    outlived: usize,
}

/// A key whose time has come, or that is inspected.
pub struct Entry {
    pub db: i32,
    pub name: Vec<u8>,
    /// What [`Schedule::add`] returned for it.
    pub queued: Millis,
}

/// What an inspection finds.
pub enum Inspected {
    /// An entry, taken out. If it is not stale it must be [kept](Schedule::keep).
    Entry(Entry),
    /// Nothing yet: an entry of a flushed database was dropped, or entries were moved.
    Nothing,
    /// The end.
    Done,
}

impl Schedule {
    pub const fn new() -> Schedule {
        Schedule {
            calendar: Calendar::new(),
            databases: Databases::new(),
            entries: 0,
            weight: 0,
            flushed: 0,
            outlived: 0,
        }
    }

    /// Bytes allocated, including stale entries and what was flushed but not freed yet.
    pub fn bytes(&self) -> usize {
        self.calendar.bytes() + self.databases.bytes()
    }

    /// Bytes that an entry of this name takes among many: three for its bucket, which takes from none to five, and a
    /// sixteenth more for the list of pages and their unused ends.
    pub fn entry_bytes(name: &[u8]) -> usize {
        let packed = weight(name) + 3;
        packed + packed / 16
    }

    /// The time for which a key that is due at `due` would be watched: the end of its bucket. `Millis::MAX`, for never,
    /// where that is later than [`LAST`]: a dump can have such a member, and no clock gets there.
    pub fn slot(due: Millis) -> Millis {
        let end = due.checked_next_multiple_of(1 << BUCKET_SHIFT);
        end.filter(|end| *end <= LAST).unwrap_or(Millis::MAX)
    }

    /// Watches a key that is due at `due`. Returns the time for which it is watched, as its value has to keep it.
    pub fn add(&mut self, db: i32, name: &[u8], due: Millis) -> Millis {
        let slot = Schedule::slot(due);
        if slot == Millis::MAX {
            return slot;
        }
        let weight = weight(name);
        let token = self.databases.enter(db, weight);
        self.calendar.add(bucket_of(slot), token, name);
        self.entries += 1;
        self.weight += weight;
        slot
    }

    /// Takes out an entry whose time has come at `now`. Before it, up to `max_stale` entries are moved, or dropped
    /// since their database was flushed. `None` while something [is due](Self::is_due): call again.
    pub fn pop(&mut self, now: Millis, max_stale: usize) -> Option<Entry> {
        for _ in 0..=max_stale {
            match self.calendar.step(bucket_of(now)) {
                Step::End => return None,
                Step::Moved => {}
                Step::Entry(taken) => {
                    if let Some(entry) = self.release(taken) {
                        return Some(entry);
                    }
                }
            }
        }
        None
    }

    /// An entry was taken out of the calendar. `None`: its database was flushed.
    fn release(&mut self, taken: Taken) -> Option<Entry> {
        let weight = weight(&taken.name);
        self.entries -= 1;
        self.weight -= weight;
        let Some(db) = self.databases.leave(taken.token, weight) else {
            self.flushed -= weight;
            return None;
        };
        Some(Entry {
            db,
            name: taken.name,
            queued: slot_of(taken.bucket),
        })
    }

    /// Whether something has come due.
    pub fn is_due(&self, now: Millis) -> bool {
        self.calendar.is_due(bucket_of(now))
    }

    /// Works ahead and frees what was flushed, in up to so many small steps. Returns whether there is more to do.
    pub fn tidy(&mut self, now: Millis, steps: usize) -> bool {
        self.calendar.tidy(bucket_of(now), steps)
    }

    /// An entry of this name has become stale: its key is gone, or watched for another time.
    pub fn outlive(&mut self, name: &[u8]) {
        self.outlived += weight(name);
    }

    /// An entry was taken out that was stale.
    pub fn unanswered(&mut self, entry: &Entry) {
        // What an inspection drops was reported stale before it began.
        if !self.calendar.is_walked() {
            self.outlived = self.outlived.saturating_sub(weight(&entry.name));
        }
    }

    /// Whether entries are to be inspected: once the stale ones weigh more than the others. A replica that loads a new
    /// data set beside its old one, and then swaps them, leaves stale entries that nobody reported; they show as too
    /// many for the number of `keys`.
    pub fn needs_inspection(&self, keys: usize) -> bool {
        let stale = (self.flushed + self.outlived).min(self.weight);
        self.calendar.is_walked()
            || stale > self.weight - stale + SLACK
            || self.entries > 1024 + 2 * keys
    }

    /// The next entry of a walk over all entries. It begins with the first call, and again after `Done`.
    pub fn inspect(&mut self) -> Inspected {
        if !self.calendar.is_walked() {
            self.outlived = 0;
        }
        match self.calendar.walk() {
            Step::End => Inspected::Done,
            Step::Moved => Inspected::Nothing,
            Step::Entry(taken) => self
                .release(taken)
                .map_or(Inspected::Nothing, Inspected::Entry),
        }
    }

    /// Puts an inspected entry back, one bucket earlier. Returns the time for which its key is watched now. A key that
    /// was watched for this time, for an earlier one and for this one again has two entries here, which its value
    /// cannot tell apart: the second one is stale from now on.
    pub fn keep(&mut self, entry: &Entry) -> Millis {
        let before = entry.queued.saturating_sub(1 << BUCKET_SHIFT);
        self.add(entry.db, &entry.name, before)
    }

    /// Two databases have exchanged their numbers.
    pub fn swap(&mut self, first: i32, second: i32) {
        self.databases.swap(first, second);
    }

    /// A database was emptied, or all of them (-1). The entries of one are dropped when they come due or are inspected;
    /// those of all are freed by [`tidy`](Self::tidy).
    pub fn flush(&mut self, db: i32) {
        if db < 0 {
            self.calendar.clear();
            self.databases = Databases::new();
            (self.entries, self.weight) = (0, 0);
            (self.flushed, self.outlived) = (0, 0);
        } else {
            self.flushed += self.databases.flush(db);
        }
    }
}

/// What an entry of this name weighs; the token nearly always takes one byte.
fn weight(name: &[u8]) -> usize {
    name.len() + pages::width(name.len()) + 1
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
        assert_eq!((schedule.entries, schedule.weight), (0, 0));
        assert!(!schedule.is_due(u64::MAX >> 8));
    }

    #[test]
    fn what_is_due_when_no_clock_comes_is_never_looked_at() {
        let mut schedule = Schedule::new();
        for due in [LAST + 1, MAX_TIME, MAX_TIME + 1, u64::MAX - 1, u64::MAX] {
            assert_eq!(Schedule::slot(due), Millis::MAX, "{due}");
            assert_eq!(schedule.add(0, b"key", due), Millis::MAX, "{due}");
        }
        assert_eq!(schedule.bytes(), 0);
        assert!(schedule.pop(u64::MAX, 10).is_none());
        for due in [0, 1, LAST - 1, LAST] {
            let queued = schedule.add(0, b"key", due);
            assert!(queued >= due && queued <= LAST, "{due} stands at {queued}");
            assert!(due == 0 || schedule.pop(queued - 1, 10).is_none());
            let popped = schedule.pop(queued, 100).map(|entry| entry.queued);
            assert_eq!(popped, Some(queued));
        }
    }

    #[test]
    fn names_of_any_length_come_back() {
        let mut schedule = Schedule::new();
        for length in [0, 1, 127, 128, 300, 16_383, 16_384, 100_000] {
            for _ in 0..200 {
                schedule.flush(7);
            }
            schedule.add(7, &vec![b'x'; length], 10);
        }
        // All but the last are of databases that were flushed.
        let entry = schedule.pop(1000, 100).expect("the last");
        assert_eq!((entry.db, entry.name.len()), (7, 100_000));
        assert!(schedule.pop(1000, 1000).is_none());
        assert_eq!((schedule.entries, schedule.flushed), (0, 0));
    }

    #[test]
    fn an_inspection_sees_every_entry_once_and_loses_none() {
        let mut schedule = Schedule::new();
        for i in 0..500_u64 {
            let name = format!("key {i}");
            schedule.add(0, name.as_bytes(), 1000 + i % 7 * 100_000);
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
                Inspected::Nothing => {}
                Inspected::Done => break,
            }
        }
        assert_eq!(seen.len(), 500);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 500);
        assert!(!schedule.needs_inspection(1000));
        assert_eq!(schedule.entries, kept + 1);
        schedule.inspect();
        let popped = std::iter::from_fn(|| schedule.pop(1_000_000, 1000)).count();
        assert_eq!((popped, schedule.weight), (kept, 0), "one was inspected");
    }

    #[test]
    fn an_inspection_leaves_one_entry_of_each_key() {
        const FAR: Millis = 1_000_000_000;
        let mut schedule = Schedule::new();
        let mut values = vec![Schedule::slot(FAR); 2000];
        for cycle in 0..5 {
            for (key, value) in values.iter_mut().enumerate() {
                let name = key.to_string();
                if cycle > 0 {
                    // Watched for an earlier time, looked at then, and watched for the same time as before.
                    schedule.outlive(name.as_bytes());
                }
                schedule.add(0, name.as_bytes(), FAR + key as Millis);
                *value = Schedule::slot(FAR + key as Millis);
            }
        }
        assert!(schedule.needs_inspection(values.len()));
        loop {
            match schedule.inspect() {
                Inspected::Done => break,
                Inspected::Nothing => {}
                Inspected::Entry(entry) => {
                    let key: usize = String::from_utf8(entry.name.clone())
                        .unwrap()
                        .parse()
                        .unwrap();
                    if values[key] == entry.queued {
                        values[key] = schedule.keep(&entry);
                    }
                }
            }
        }
        assert_eq!(schedule.entries, values.len());
        assert!(!schedule.needs_inspection(values.len()));
    }

    #[test]
    fn stale_entries_are_weighed() {
        let mut schedule = Schedule::new();
        let name = vec![b'x'; 65_000];
        schedule.add(0, &name, 1_000_000_000);
        assert!(!schedule.needs_inspection(1));
        // Watched for an earlier time, again and again.
        for i in 0..10 {
            schedule.outlive(&name);
            schedule.add(0, &name, 900_000_000 - i * 64);
        }
        assert!(schedule.needs_inspection(1));
        let mut dropped = 0;
        while !matches!(schedule.inspect(), Inspected::Done) {
            dropped += 1;
        }
        assert!(dropped >= 11);
        assert!(!schedule.needs_inspection(1));
        // Gone with their database: the one that weighs less than the other, then both.
        for (db, length) in [(1, 65_000), (2, 20_000), (3, 60_000)] {
            schedule.add(db, &name[..length], 1_000_000_000);
        }
        schedule.flush(3);
        assert!(!schedule.needs_inspection(2));
        schedule.flush(1);
        assert!(schedule.needs_inspection(1));
    }

    #[test]
    fn what_comes_due_as_stale_is_not_inspected_for() {
        let mut schedule = Schedule::new();
        for i in 0..100_000 {
            schedule.outlive(b"a name of some length");
            schedule.add(0, b"a name of some length", i * 64);
            let entry = schedule.pop(i * 64, 100).expect("it is due");
            schedule.unanswered(&entry);
            assert!(!schedule.needs_inspection(1));
        }
    }

    #[test]
    fn a_flush_of_all_is_freed_in_batches() {
        const ENTRIES: u64 = 200_000;
        const STEPS: usize = 32;
        /// What so many steps may free: pages, and spans that are empty then.
        const BATCH: usize = STEPS * (pages::PAGE + 128);
        for length in [86_400_000, 864_000_000_u64] {
            let (mut schedule, start) = (Schedule::new(), 1_700_000_000_000);
            schedule.tidy(start, 0);
            for i in 0..ENTRIES {
                let due = start + i * (length / ENTRIES);
                schedule.add(0, format!("room:{i}").as_bytes(), due);
            }
            let full = schedule.bytes();
            assert!(full as u64 > ENTRIES * 10);
            schedule.flush(-1);
            assert!(!schedule.is_due(u64::MAX));
            assert!(schedule.bytes() > full - BATCH, "hardly anything is freed");
            schedule.add(0, b"new", start);
            let mut calls = 0;
            loop {
                let before = schedule.bytes();
                let more = schedule.tidy(start, STEPS);
                assert!(
                    schedule.bytes() + BATCH > before,
                    "no more than so many pages"
                );
                if !more {
                    break;
                }
                calls += 1;
            }
            assert!(calls > ENTRIES as usize * 10 / BATCH);
            let entry = schedule.pop(start + 64, 0).expect("the new one");
            assert_eq!(
                (entry.name.as_slice(), schedule.calendar.bytes()),
                (&b"new"[..], 0)
            );
        }
    }

    #[test]
    fn an_entry_takes_what_is_said_of_it() {
        const ENTRIES: u64 = 50_000;
        for hours in [0, 1, 6, 24, 240, 2400] {
            let (mut schedule, start) = (Schedule::new(), 1_700_000_000_000);
            schedule.tidy(start, 0);
            let mut said = 0;
            for i in 0..ENTRIES {
                // In no order.
                let due = start + 60_000 + i * 7919 % ENTRIES * (hours * 3_600_000 / ENTRIES);
                let name = format!("room:{i:06}");
                schedule.add(0, name.as_bytes(), due);
                said += Schedule::entry_bytes(name.as_bytes());
            }
            while schedule.tidy(start, 1000) {}
            let took = schedule.bytes();
            assert!(took <= said, "{hours} h: {said} for {took}");
            assert!(took >= said / 5 * 4, "{hours} h: {said} for {took}");
        }
    }
}
