//! What is kept of a session beside its id.

use crate::core::memory::Arena;
use crate::core::refs::{EntryId, HashPrefix, MemberRef, MoveListener};

/// Marks the number of an owner in a record.
pub const OWNED: u32 = 1 << 31;

/// Sessions by their numbers.
#[derive(Clone, Default)]
pub struct Records(pub Arena<Record>);

/// A session.
#[derive(Clone, Copy)]
pub struct Record {
    /// Its entry in the timeline of sessions; `NONE` of one that is joint with its member.
    pub entry: EntryId,
    /// The hash prefix of its id.
    pub prefix: HashPrefix,
    /// Its owner, marked as [`OWNED`]; else it is its own, and this is the member's entry.
    pub link: u32,
    /// The hash prefix of the member, where it is its own owner.
    pub member: HashPrefix,
}

impl Default for Record {
    fn default() -> Self {
        Record {
            entry: EntryId::NONE,
            prefix: HashPrefix::default(),
            link: OWNED,
            member: HashPrefix::default(),
        }
    }
}

/// They follow when entries of their timeline move.
impl MoveListener for Records {
    fn moved(&mut self, from: MemberRef, to: EntryId) {
        self.0.get_mut(from.prefix.bits()).entry = to;
    }

    fn prefetch(&self, _prefix: HashPrefix) {}
}
