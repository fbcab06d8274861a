//! Which keys the eviction must look at, and when. A hint only: entries name a key, are checked when their time comes,
//! and may be stale.
//!
//! Entries are kept in buckets of 64 ms, each a run of packed bytes (database, length, name), so that a watched key
//! costs little more than its name. A key stands in one bucket at a time: its value remembers which, and an entry that
//! the value does not answer to is dropped (`eviction.rs`).

use std::collections::BTreeMap;

use crate::core::time::Millis;

/// How much of the clock one bucket holds, as a shift: 64 ms.
const BUCKET_SHIFT: u32 = 6;

/// A database, under whatever number it has at the moment. SWAPDB exchanges the numbers of two, FLUSHDB gives a number
/// a new database.
type Token = u32;

/// Keys by the time they must be looked at.
pub struct Schedule {
    buckets: BTreeMap<u64, Vec<u8>>,
    entries: usize,
    /// The token of each database's number.
    tokens: Vec<Token>,
    next_token: Token,
}

/// A key whose time has come.
pub struct Entry {
    pub db: i32,
    pub name: Vec<u8>,
    /// What [`Schedule::add`] returned for it.
    pub queued: Millis,
}

impl Schedule {
    pub const fn new() -> Schedule {
        Schedule {
            buckets: BTreeMap::new(),
            entries: 0,
            tokens: Vec::new(),
            next_token: 0,
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries
    }

    fn token(&mut self, db: i32) -> Token {
        while self.tokens.len() <= db as usize {
            self.tokens.push(self.next_token);
            self.next_token += 1;
        }
        self.tokens[db as usize]
    }

    /// Under which time a key that is due at `due` would stand: the end of its bucket.
    pub fn slot(due: Millis) -> Millis {
        due.next_multiple_of(1 << BUCKET_SHIFT)
    }

    /// Notes that a key must be looked at when `due` has come. Returns under which time it stands: the value is to
    /// remember it.
    pub fn add(&mut self, db: i32, name: &[u8], due: Millis) -> Millis {
        let bucket = Schedule::slot(due) >> BUCKET_SHIFT;
        let token = self.token(db);
        let entries = self.buckets.entry(bucket).or_default();
        let size = 8 + name.len();
        if entries.capacity() - entries.len() < size {
            entries.reserve_exact(size + entries.len() / 4);
        }
        entries.extend_from_slice(&token.to_le_bytes());
        entries.extend_from_slice(name);
        entries.extend_from_slice(&(name.len() as u32).to_le_bytes());
        self.entries += 1;
        bucket << BUCKET_SHIFT
    }

    /// Takes out an entry whose time is over at `now`. Entries of databases that were flushed are dropped on the way, at
    /// most `patience` of them.
    pub fn pop(&mut self, now: Millis, patience: usize) -> Option<Entry> {
        for _ in 0..=patience {
            let mut first = self.buckets.first_entry()?;
            let bucket = *first.key();
            if bucket << BUCKET_SHIFT > now {
                return None;
            }
            let entries = first.get_mut();
            // From the end, where taking is cheap.
            let end = entries.len() - 4;
            let len = read_u32(&entries[end..]) as usize;
            let start = end - len - 4;
            let token = read_u32(&entries[start..]);
            let name = entries[start + 4..end].to_vec();
            entries.truncate(start);
            if entries.is_empty() {
                first.remove();
            } else if entries.capacity() > 4096 && entries.len() < entries.capacity() / 4 {
                entries.shrink_to(entries.len() * 2);
            }
            self.entries -= 1;
            if let Some(db) = self.tokens.iter().position(|at| *at == token) {
                return Some(Entry {
                    db: db as i32,
                    name,
                    queued: bucket << BUCKET_SHIFT,
                });
            }
        }
        None
    }

    /// Whether something has come due.
    pub fn is_due(&self, now: Millis) -> bool {
        self.buckets
            .first_key_value()
            .is_some_and(|(bucket, _)| bucket << BUCKET_SHIFT <= now)
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

fn read_u32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(schedule.len(), 0);
        assert!(!schedule.is_due(u64::MAX >> 8));
    }
}
