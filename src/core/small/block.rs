//! A set with few members: one block of bytes, searched from the front.
//!
//! Most presence keys in a chat are rooms of a few, for which an index and a timeline would cost more than the
//! members. What those of a room have in common is stored once, in the block's head (`head.rs`):
//!
//! ```text
//! head    number of members 1 | base and width of times 4 | common ttl 2
//! entry   time 3 to 6 | length of the name 1 | ttl 5, where it is not the common one | name
//! empty   0 | since when 6
//! ```
//!
//! The high bit of a length says whether a ttl follows; that of the number of members, whether the settings that few sets
//! have follow the head (`rare_settings.rs`).
//!
//! Where a time is out of the head's reach, all entries are written anew: with the oldest one's time as the base, and
//! so wide that half of the reach is left. A room whose members live for minutes has 3 bytes for each time, and is
//! written anew once in an hour or two.
//!
//! Entries stand in the order of the touches: a touched member moves to the end, as it does in a timeline, so that both
//! forms order members of the same millisecond alike.
//!
//! The block is as long as it must be: small sets are many, and a byte to spare in each is more than an allocator's
//! work when one grows.

use super::head::{HEAD, Head, NARROWEST, WIDEST, number};
use crate::core::member::MemberView;
use crate::core::memory::Mover;
use crate::core::rare_settings::RareSettings;
use crate::core::time::{MAX_TIME, Millis};
use crate::core::touch::{Touch, TouchState};

/// A set with more members than this becomes a table.
pub const MAX_MEMBERS: usize = 64;
/// A set with more bytes than this becomes a table.
const MAX_BYTES: usize = 4096;
const MAX_NAME: usize = 127;
/// The bit beside a name's length that says that a ttl of its own follows.
const OWN_TTL: u8 = 0x80;
const TTL: usize = 5;
/// The bit beside the number of members that says that rare settings follow the head.
const HAS_RARE: u8 = 0x80;
/// The bit above a time that says that there never was a member.
const UNTOUCHED: u64 = MAX_TIME + 1;

/// A few members, in the order of their newest touches.
#[derive(Clone)]
pub struct Small {
    /// Begins with a head, or with as many bytes that say since when there are no members.
    bytes: Box<[u8]>,
}

/// An entry in the block.
struct Entry<'a> {
    name: &'a [u8],
    state: TouchState,
    /// Where the next one stands.
    end: usize,
}

impl<'a> Entry<'a> {
    fn member(&self) -> MemberView<'a> {
        MemberView::new(self.name, self.state.touch)
    }
}

impl Small {
    /// Without members since then; `untouched`: there never was one.
    pub fn empty(since: Millis, untouched: bool) -> Small {
        let since = since | if untouched { UNTOUCHED } else { 0 };
        let mut bytes = Box::new([0; HEAD]);
        bytes[1..].copy_from_slice(&since.to_le_bytes()[..HEAD - 1]);
        Small { bytes }
    }

    /// The time since when there have been no members, with its bit.
    fn since(&self) -> Option<u64> {
        (self.len() == 0).then(|| self.bytes.get(1..HEAD).map_or(0, number))
    }

    /// Since when there have been no members; 0 where there are some.
    pub fn empty_since(&self) -> Millis {
        self.since().map_or(0, |since| since & MAX_TIME)
    }

    /// Whether there never was a member.
    pub fn is_untouched(&self) -> bool {
        self.since().is_some_and(|since| since & UNTOUCHED != 0)
    }

    pub fn len(&self) -> usize {
        usize::from(self.first_byte() & !HAS_RARE)
    }

    /// The number of members, and the bit beside it.
    #[inline]
    fn first_byte(&self) -> u8 {
        self.bytes.first().copied().unwrap_or(0)
    }

    /// Where the first entry stands.
    #[inline]
    fn start(&self) -> usize {
        match self.first_byte() & HAS_RARE {
            0 => HEAD,
            _ => HEAD + RareSettings::BYTES,
        }
    }

    /// The rare settings. Nearly all sets have none, which is one test.
    #[inline(always)]
    pub fn rare(&self) -> RareSettings {
        match self.first_byte() & HAS_RARE {
            0 => RareSettings::default(),
            _ => self.stored_rare(),
        }
    }

    #[inline(never)]
    fn stored_rare(&self) -> RareSettings {
        RareSettings::from_bytes(self.bytes.get(HEAD..).unwrap_or_default())
    }

    /// Sets the rare settings.
    pub fn set_rare(&mut self, rare: RareSettings) {
        if rare == self.rare() {
            return;
        }
        let stored = rare.to_bytes();
        let (bit, stored) = match rare.is_none() {
            true => (0, &stored[..0]),
            false => (HAS_RARE, &stored[..]),
        };
        let entries = &self.bytes[self.start()..];
        let mut bytes = [&self.bytes[..HEAD], stored, entries].concat();
        bytes[0] = bytes[0] & !HAS_RARE | bit;
        self.bytes = bytes.into_boxed_slice();
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The block itself.
    #[allow(clippy::borrowed_box)] // that it is a box tells the allocator that it begins here
    pub fn buffer(&self) -> &Box<[u8]> {
        &self.bytes
    }

    /// Moves the bytes (`memory/mover.rs`).
    pub fn relocate(&mut self, mover: &mut impl Mover) {
        mover.slice(&mut self.bytes);
    }

    /// Whether a member of this name could be added.
    pub fn has_room_for(&self, name: &[u8]) -> bool {
        self.len() < MAX_MEMBERS
            && name.len() <= MAX_NAME
            && self.bytes.len() + WIDEST + 1 + TTL + name.len() <= MAX_BYTES
    }

    /// The head of a block that has members.
    #[inline]
    fn head(&self) -> Option<Head> {
        (self.len() > 0).then(|| Head::read(&self.bytes))
    }

    /// Where the name of the entry at `at` begins and ends, and whether a ttl stands before it.
    #[inline(always)]
    fn name(&self, head: Head, at: usize) -> Option<(usize, usize, bool)> {
        let at = at + head.width();
        let length = *self.bytes.get(at)?;
        let own_ttl = length & OWN_TTL != 0;
        let name = at + 1 + if own_ttl { TTL } else { 0 };
        Some((name, name + (length & !OWN_TTL) as usize, own_ttl))
    }

    #[inline(always)]
    fn entry(&self, head: Head, at: usize) -> Option<Entry<'_>> {
        let (name, end, own_ttl) = self.name(head, at)?;
        let ttl = if own_ttl {
            number(&self.bytes[name - TTL..name])
        } else {
            head.ttl()
        };
        let (at, timeout_reported) = head.time(&self.bytes[at..]);
        Some(Entry {
            name: &self.bytes[name..end],
            state: TouchState {
                touch: Touch { at, ttl },
                timeout_reported,
            },
            end,
        })
    }

    /// The entries in order, each with its offset in the block.
    fn entries(&self) -> impl Iterator<Item = (usize, Entry<'_>)> + '_ {
        let head = Head::read(&self.bytes);
        let mut at = self.start();
        std::iter::from_fn(move || {
            let entry = self.entry(head, at)?;
            let offset = std::mem::replace(&mut at, entry.end);
            Some((offset, entry))
        })
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = MemberView<'_>> + '_ {
        self.entries().map(|(_, entry)| entry.member())
    }

    /// The members in order, each with its touch as it is stored.
    pub fn iter_states(&self) -> impl Iterator<Item = (&[u8], TouchState)> + '_ {
        self.entries().map(|(_, entry)| (entry.name, entry.state))
    }

    /// A member's offset in the block, and its touch.
    pub fn find(&self, name: &[u8]) -> Option<(usize, TouchState)> {
        let head = self.head()?;
        let mut at = self.start();
        loop {
            let (from, to, _) = self.name(head, at)?;
            if self.bytes[from..to] == *name {
                return self.entry(head, at).map(|entry| (at, entry.state));
            }
            at = to;
        }
    }

    /// Adds a member that is not here, at the end; `has_room_for` must have said yes.
    pub fn push(&mut self, name: &[u8], state: TouchState) {
        let (head, mut bytes) = match self.head() {
            Some(head) => {
                let head = self.reach(head, state.touch.at);
                (head, std::mem::take(&mut self.bytes).into_vec())
            }
            None => {
                let head = Head::new(state.touch);
                (head, self.begin(head, head.width() + 1 + name.len()))
            }
        };
        bytes[0] += 1;
        append(&mut bytes, head, name, state);
        self.bytes = bytes.into_boxed_slice();
    }

    /// The beginning of a block for the same members with this head, with room for entries of so many bytes.
    fn begin(&self, head: Head, entries: usize) -> Vec<u8> {
        let mut bytes = head.block(self.first_byte(), self.start() + entries);
        bytes.extend_from_slice(&self.bytes[HEAD..self.start()]);
        bytes
    }

    /// Has a time within reach. Returns the head for that.
    fn reach(&mut self, head: Head, at: Millis) -> Head {
        if head.reaches(at) {
            return head;
        }
        let new = self.head_for(head, Some(at));
        self.rewrite(head, new);
        new
    }

    /// The head that these members should have, and one more seen then.
    fn head_for(&self, head: Head, more: Option<Millis>) -> Head {
        let times = self.iter().map(|member| member.touch.at).chain(more);
        let (oldest, newest) = times.fold((MAX_TIME, 0), |(oldest, newest), at| {
            (oldest.min(at), newest.max(at))
        });
        Head::spanning(oldest, newest, head.ttl())
    }

    /// Writes all entries anew for another head.
    fn rewrite(&mut self, old: Head, new: Head) {
        let len = self.len();
        let entries = self.bytes.len() - self.start();
        let mut bytes = self.begin(new, entries + len * new.width() - len * old.width());
        for (name, state) in self.iter_states() {
            append(&mut bytes, new, name, state);
        }
        self.bytes = bytes.into_boxed_slice();
    }

    /// Takes a member out, who is given to `f` before. Returns whether it was there.
    pub fn take(&mut self, name: &[u8], f: impl FnOnce(MemberView, TouchState)) -> bool {
        let Some((offset, state)) = self.find(name) else {
            return false;
        };
        f(MemberView::new(name, state.touch), state);
        self.remove(offset);
        true
    }

    /// Removes members that are due at `cutoff`, oldest due first, at most `limit`; `f` is given each one before it
    /// goes. Returns how many.
    pub fn evict(
        &mut self,
        cutoff: Millis,
        retain: Millis,
        limit: usize,
        mut f: impl FnMut(MemberView, TouchState),
    ) -> usize {
        let due = |entry: &Entry| entry.state.touch.due(retain);
        let mut evicted = 0;
        while evicted < limit
            && let Some((offset, entry)) = self
                .entries()
                .filter(|(_, entry)| due(entry) <= cutoff)
                .min_by_key(|(_, entry)| (due(entry), entry.state.touch.ttl))
        {
            f(entry.member(), entry.state);
            self.remove(offset);
            evicted += 1;
        }
        evicted
    }

    /// Removes the member that stands at `offset`. After the last one the caller has to say since when there is none.
    fn remove(&mut self, offset: usize) {
        let Some(head) = self.head() else { return };
        let Some(end) = self.entry(head, offset).map(|entry| entry.end) else {
            return;
        };
        if self.len() == 1 {
            let rare = self.rare();
            *self = Small::empty(0, false);
            self.set_rare(rare);
            return;
        }
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        bytes.drain(offset..end);
        bytes[0] -= 1;
        self.bytes = bytes.into_boxed_slice();
        if head.width() > NARROWEST {
            // The others may be so wide because of this one.
            let new = self.head_for(head, None);
            if new.width() < head.width() {
                self.rewrite(head, new);
            }
        }
    }

    /// A touch of the member that stands at `offset`: it moves to the end.
    pub fn set(&mut self, offset: usize, state: TouchState) {
        let Some(head) = self.head() else { return };
        let Some(entry) = self.entry(head, offset) else {
            return;
        };
        if entry.state.touch.ttl == state.touch.ttl && head.reaches(state.touch.at) {
            let size = entry.end - offset;
            let entries = &mut self.bytes[offset..];
            entries.rotate_left(size);
            let last = entries.len() - size;
            head.set_time(&mut entries[last..], state);
        } else {
            let name = entry.name.to_vec();
            self.remove(offset);
            self.push(&name, state);
        }
    }

    /// See [`PresenceSet::report_timeouts`](crate::core::PresenceSet::report_timeouts).
    pub fn report_timeouts(
        &mut self,
        now: Millis,
        limit: usize,
        mut f: impl FnMut(MemberView),
    ) -> usize {
        let Some(head) = self.head() else { return 0 };
        let (mut at, mut reported) = (self.start(), 0);
        while reported < limit
            && let Some(entry) = self.entry(head, at)
        {
            let end = entry.end;
            if entry.state.is_unreported(now) {
                f(entry.member());
                self.bytes[at + head.width() - 1] |= 0x80;
                reported += 1;
            }
            at = end;
        }
        reported
    }

    /// See [`PresenceSet::next_timeout`](crate::core::PresenceSet::next_timeout).
    pub fn next_timeout(&self, retain: Millis) -> Option<Millis> {
        self.iter_states()
            .filter(|(_, state)| !state.timeout_reported)
            .filter(|(_, state)| (1..retain).contains(&state.touch.ttl))
            .map(|(_, state)| state.touch.due(0))
            .min()
    }

    /// How many members have a touch of which `f` says yes.
    pub fn count(&self, mut f: impl FnMut(Touch) -> bool) -> usize {
        self.iter().filter(|member| f(member.touch)).count()
    }

    /// The members of which `f` says yes, oldest seen first; of those seen in the same millisecond the shorter ttl
    /// first, then the one touched first.
    pub fn in_order(&self, mut f: impl FnMut(Touch) -> bool) -> Vec<MemberView<'_>> {
        let mut members: Vec<_> = self.iter().filter(|member| f(member.touch)).collect();
        members.sort_by_key(|member| (member.touch.at, member.touch.ttl));
        members
    }
}

/// Appends an entry whose time is within reach.
fn append(bytes: &mut Vec<u8>, head: Head, name: &[u8], state: TouchState) {
    let own_ttl = state.touch.ttl != head.ttl();
    bytes.reserve_exact(head.width() + 1 + usize::from(own_ttl) * TTL + name.len());
    let at = bytes.len();
    bytes.resize(at + head.width(), 0);
    head.set_time(&mut bytes[at..], state);
    if own_ttl {
        bytes.push(name.len() as u8 | OWN_TTL);
        bytes.extend_from_slice(&state.touch.ttl.to_le_bytes()[..TTL]);
    } else {
        bytes.push(name.len() as u8);
    }
    bytes.extend_from_slice(name);
}

#[cfg(test)]
#[path = "block_test.rs"]
mod tests;
