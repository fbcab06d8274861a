//! The compact form of a set with few members: one block of bytes, searched from the front.
//!
//! Most presence keys in a chat are rooms of a few, for which an index and a timeline would cost more than the
//! members. An entry is its time (6 bytes), its ttl (5), the length of the name (1) and the name, in the order of the
//! touches: a touched member moves to the end, as it does in a timeline, so that both forms order members of the same
//! millisecond alike.

use super::relocate::Mover;
use super::seen::Seen;
use super::time::Millis;

/// A set with more members than this becomes a table.
pub const MAX_MEMBERS: usize = 64;
/// A set with more bytes than this becomes a table.
const MAX_BYTES: usize = 4096;
const MAX_NAME: usize = 255;
const TIME: usize = 6;
const TTL: usize = 5;
const HEADER: usize = TIME + TTL + 1;

/// A few members, in the order of their newest touches.
#[derive(Clone, Default)]
pub struct Small {
    bytes: Vec<u8>,
    len: u8,
}

impl Small {
    pub fn len(&self) -> usize {
        self.len as usize
    }

    pub fn bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Moves the bytes (`relocate.rs`).
    pub(super) fn relocate(&mut self, mover: &mut impl Mover) {
        mover.buffer(&mut self.bytes);
    }

    /// Whether a member of this name could be added.
    pub fn has_room_for(&self, name: &[u8]) -> bool {
        self.len() < MAX_MEMBERS
            && name.len() <= MAX_NAME
            && self.bytes.len() + HEADER + name.len() <= MAX_BYTES
    }

    /// The members in order: where each stands, its name and its touch.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u8], Seen)> + '_ {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at;
            let header = self.bytes.get(at..at + HEADER)?;
            let length = header[HEADER - 1] as usize;
            at += HEADER + length;
            let seen = Seen {
                at: number(&header[..TIME]),
                ttl: number(&header[TIME..TIME + TTL]),
            };
            Some((start, &self.bytes[start + HEADER..at], seen))
        })
    }

    /// A member's place and touch.
    pub fn find(&self, name: &[u8]) -> Option<(usize, Seen)> {
        let mut at = 0;
        while at < self.bytes.len() {
            let end = at + HEADER + self.bytes[at + HEADER - 1] as usize;
            if &self.bytes[at + HEADER..end] == name {
                let header = &self.bytes[at..at + HEADER];
                let seen = Seen {
                    at: number(&header[..TIME]),
                    ttl: number(&header[TIME..TIME + TTL]),
                };
                return Some((at, seen));
            }
            at = end;
        }
        None
    }

    /// Adds a member that is not here, at the end; `has_room_for` must have said yes.
    pub fn push(&mut self, name: &[u8], seen: Seen) {
        let size = HEADER + name.len();
        if self.bytes.capacity() - self.bytes.len() < size {
            // A little ahead, not the doubling of a Vec: small sets are many, and seldom grow.
            self.bytes.reserve_exact(size + self.bytes.len() / 8);
        }
        self.bytes.extend_from_slice(&seen.at.to_le_bytes()[..TIME]);
        self.bytes.extend_from_slice(&seen.ttl.to_le_bytes()[..TTL]);
        self.bytes.push(name.len() as u8);
        self.bytes.extend_from_slice(name);
        self.len += 1;
    }

    /// Removes the member that stands at `place`.
    pub fn remove(&mut self, place: usize) {
        let end = place + HEADER + self.bytes[place + HEADER - 1] as usize;
        self.bytes.drain(place..end);
        self.len -= 1;
        if self.bytes.capacity() > 64 && self.bytes.len() < self.bytes.capacity() / 2 {
            self.bytes
                .shrink_to(self.bytes.len() + self.bytes.len() / 8);
        }
    }

    /// A touch of the member that stands at `place`: it moves to the end.
    pub fn set(&mut self, place: usize, seen: Seen) {
        let size = HEADER + self.bytes[place + HEADER - 1] as usize;
        self.bytes[place..].rotate_left(size);
        let last = self.bytes.len() - size;
        self.bytes[last..last + TIME].copy_from_slice(&seen.at.to_le_bytes()[..TIME]);
        self.bytes[last + TIME..last + TIME + TTL].copy_from_slice(&seen.ttl.to_le_bytes()[..TTL]);
    }

    /// How many members have a touch of which `f` says yes.
    pub fn count(&self, mut f: impl FnMut(Seen) -> bool) -> usize {
        self.iter().filter(|(_, _, seen)| f(*seen)).count()
    }

    /// The members of which `f` says yes, oldest seen first; of those seen in the same millisecond the shorter ttl
    /// first, then the one touched first.
    pub fn in_order(&self, mut f: impl FnMut(Seen) -> bool) -> Vec<(&[u8], Seen)> {
        let mut members: Vec<_> = self
            .iter()
            .filter(|(_, _, seen)| f(*seen))
            .map(|(_, name, seen)| (name, seen))
            .collect();
        members.sort_by_key(|(_, seen)| (seen.at, seen.ttl));
        members
    }
}

fn number(bytes: &[u8]) -> Millis {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    Millis::from_le_bytes(word)
}
