//! The compact form of a set with few members: one block of bytes, searched from the front.
//!
//! Most presence keys in a chat are rooms of a few, for which an index and a timeline would cost more than the
//! members. The block begins with their number (1 byte) and the ttl that most of them have (5). An entry is its time (6
//! bytes, of which the high bit says whether it has been told, see `told.rs`), the length of the name (1), the ttl where it is not that one (5), and the name; the high bit of the length
//! says whether a ttl follows. Entries stand in the order of the touches: a touched member moves to the end, as it does
//! in a timeline, so that both forms order members of the same millisecond alike.
//!
//! The block is as long as it must be: small sets are many, and a byte to spare in each is more than an allocator's work
//! when one grows.

use super::relocate::Mover;
use super::seen::{Kept, Seen};
use super::time::{MAX_TIME, Millis};

/// A set with more members than this becomes a table.
pub const MAX_MEMBERS: usize = 64;
/// A set with more bytes than this becomes a table.
const MAX_BYTES: usize = 4096;
const MAX_NAME: usize = 127;
/// The bit beside a name's length that says that a ttl of its own follows.
const OWN_TTL: u8 = 0x80;
const TIME: usize = 6;
const TTL: usize = 5;
/// The bit above a time that says that the entry has been told.
const TOLD: u64 = MAX_TIME + 1;
/// Where the first entry stands.
const FIRST: usize = 1 + TTL;

/// A few members, in the order of their newest touches.
#[derive(Clone, Default)]
pub struct Small {
    /// Nothing at all while there is no member.
    bytes: Box<[u8]>,
}

/// An entry in the block.
struct Entry<'a> {
    name: &'a [u8],
    kept: Kept,
    /// Where the next one stands.
    end: usize,
}

impl Small {
    pub fn len(&self) -> usize {
        self.bytes.first().map_or(0, |len| *len as usize)
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The block itself.
    pub fn buffer(&self) -> &[u8] {
        &self.bytes
    }

    /// Moves the bytes (`relocate.rs`).
    pub(super) fn relocate(&mut self, mover: &mut impl Mover) {
        mover.slice(&mut self.bytes);
    }

    /// Whether a member of this name could be added.
    pub fn has_room_for(&self, name: &[u8]) -> bool {
        self.len() < MAX_MEMBERS
            && name.len() <= MAX_NAME
            && self.bytes.len() + TIME + 1 + TTL + name.len() <= MAX_BYTES
    }

    #[inline]
    fn common_ttl(&self) -> Millis {
        number(&self.bytes[1..FIRST])
    }

    #[inline]
    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let length = *self.bytes.get(at + TIME)?;
        let (ttl, name) = if length & OWN_TTL == 0 {
            (self.common_ttl(), at + TIME + 1)
        } else {
            let name = at + TIME + 1 + TTL;
            (number(&self.bytes[name - TTL..name]), name)
        };
        let end = name + (length & !OWN_TTL) as usize;
        let time = number(&self.bytes[at..at + TIME]);
        let at = time & MAX_TIME;
        Some(Entry {
            name: &self.bytes[name..end],
            kept: Kept {
                seen: Seen { at, ttl },
                told: time & TOLD != 0,
            },
            end,
        })
    }

    /// The members in order: where each stands, its name and its touch.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u8], Kept)> + '_ {
        let mut at = FIRST;
        std::iter::from_fn(move || {
            let entry = self.entry(at)?;
            let place = std::mem::replace(&mut at, entry.end);
            Some((place, entry.name, entry.kept))
        })
    }

    /// A member's place and touch.
    pub fn find(&self, name: &[u8]) -> Option<(usize, Kept)> {
        let mut at = FIRST;
        while let Some(entry) = self.entry(at) {
            if entry.name == name {
                return Some((at, entry.kept));
            }
            at = entry.end;
        }
        None
    }

    /// Adds a member that is not here, at the end; `has_room_for` must have said yes.
    pub fn push(&mut self, name: &[u8], kept: Kept) {
        let seen = kept.seen;
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        if bytes.is_empty() {
            bytes.reserve_exact(FIRST + TIME + 1 + name.len());
            bytes.push(0);
            bytes.extend_from_slice(&seen.ttl.to_le_bytes()[..TTL]);
        }
        bytes[0] += 1;
        let own_ttl = number(&bytes[1..FIRST]) != seen.ttl;
        bytes.reserve_exact(TIME + 1 + usize::from(own_ttl) * TTL + name.len());
        bytes.extend_from_slice(&time_of(kept));
        if own_ttl {
            bytes.push(name.len() as u8 | OWN_TTL);
            bytes.extend_from_slice(&seen.ttl.to_le_bytes()[..TTL]);
        } else {
            bytes.push(name.len() as u8);
        }
        bytes.extend_from_slice(name);
        self.bytes = bytes.into_boxed_slice();
    }

    /// Takes a member out.
    pub fn take(&mut self, name: &[u8]) -> Option<Kept> {
        let (place, kept) = self.find(name)?;
        self.remove(place);
        Some(kept)
    }

    /// Removes the member that stands at `place`.
    pub fn remove(&mut self, place: usize) {
        let Some(end) = self.entry(place).map(|entry| entry.end) else {
            return;
        };
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        bytes.drain(place..end);
        bytes[0] -= 1;
        if bytes[0] > 0 {
            self.bytes = bytes.into_boxed_slice();
        }
    }

    /// A touch of the member that stands at `place`: it moves to the end.
    pub fn set(&mut self, place: usize, kept: Kept) {
        let Some(entry) = self.entry(place) else {
            return;
        };
        if entry.kept.seen.ttl == kept.seen.ttl {
            let size = entry.end - place;
            self.bytes[place..].rotate_left(size);
            let last = self.bytes.len() - size;
            self.bytes[last..last + TIME].copy_from_slice(&time_of(kept));
        } else {
            let name = entry.name.to_vec();
            self.remove(place);
            self.push(&name, kept);
        }
    }

    /// See [`PresenceSet::tell`](super::PresenceSet::tell).
    pub fn tell(&mut self, now: Millis, limit: usize, mut f: impl FnMut(&[u8], Seen)) -> usize {
        let (mut at, mut told) = (FIRST, 0);
        while told < limit
            && let Some(entry) = self.entry(at)
        {
            let end = entry.end;
            if entry.kept.is_untold(now) {
                f(entry.name, entry.kept.seen);
                self.bytes[at + TIME - 1] |= 0x80;
                told += 1;
            }
            at = end;
        }
        told
    }

    /// See [`PresenceSet::next_untold`](super::PresenceSet::next_untold).
    pub fn next_untold(&self, retain: Millis) -> Option<Millis> {
        self.iter()
            .filter(|(_, _, kept)| !kept.told && (1..retain).contains(&kept.seen.ttl))
            .map(|(_, _, kept)| kept.seen.due(0))
            .min()
    }

    /// How many members have a touch of which `f` says yes.
    pub fn count(&self, mut f: impl FnMut(Seen) -> bool) -> usize {
        self.iter().filter(|(_, _, kept)| f(kept.seen)).count()
    }

    /// The members of which `f` says yes, oldest seen first; of those seen in the same millisecond the shorter ttl
    /// first, then the one touched first.
    pub fn in_order(&self, mut f: impl FnMut(Seen) -> bool) -> Vec<(&[u8], Seen)> {
        let mut members: Vec<_> = self
            .iter()
            .filter(|(_, _, kept)| f(kept.seen))
            .map(|(_, name, kept)| (name, kept.seen))
            .collect();
        members.sort_by_key(|(_, seen)| (seen.at, seen.ttl));
        members
    }
}

/// The time of an entry with its bit.
fn time_of(kept: Kept) -> [u8; TIME] {
    let time = kept.seen.at.min(MAX_TIME) | if kept.told { TOLD } else { 0 };
    let mut bytes = [0; TIME];
    bytes.copy_from_slice(&time.to_le_bytes()[..TIME]);
    bytes
}

fn number(bytes: &[u8]) -> Millis {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    Millis::from_le_bytes(word)
}
