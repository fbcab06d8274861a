//! What names and timeline know of each other: a name is found by its hash prefix, an entry by its id.

/// Where to look for a name, however large the set: the form it is stored in (3 bits) and the high bits of its hash
/// (29). It never changes. Names may share one; their [`EntryId`]s differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashPrefix(u32);

const HASH_BITS: u32 = 29;

/// [`HashPrefix::hash_bits`] are below this.
pub const HASH_RANGE: u32 = 1 << HASH_BITS;

impl HashPrefix {
    #[inline]
    pub fn new(form: u32, hash: u64) -> HashPrefix {
        HashPrefix(form << HASH_BITS | hash_bits_of(hash))
    }

    /// The form of the name (`member/packed.rs`).
    #[inline]
    pub fn form(self) -> u32 {
        self.0 >> HASH_BITS
    }

    /// The high bits of the hash: names are spread evenly from 0 to [`HASH_RANGE`].
    #[inline]
    pub fn hash_bits(self) -> u32 {
        self.0 & (HASH_RANGE - 1)
    }

    /// Of a form and the high bits of a hash.
    pub fn at(form: u32, hash_bits: u32) -> HashPrefix {
        HashPrefix(form << HASH_BITS | hash_bits)
    }

    #[inline]
    pub fn from_bits(bits: u32) -> HashPrefix {
        HashPrefix(bits)
    }

    #[inline]
    pub fn bits(self) -> u32 {
        self.0
    }
}

/// The bits of a name's hash that its prefix has.
#[inline]
pub fn hash_bits_of(hash: u64) -> u32 {
    (hash >> (64 - HASH_BITS)) as u32
}

/// A member's entry in the timeline: its chunk, and the index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId(u32);

const INDEX_BITS: u32 = 10;

impl EntryId {
    /// No entry, and no owner.
    pub const NONE: EntryId = EntryId(u32::MAX);

    pub fn new(chunk: u32, index: usize) -> EntryId {
        EntryId(chunk << INDEX_BITS | index as u32)
    }

    /// The id of the entry that stands so many behind this one in its chunk.
    #[inline]
    pub fn plus(self, more: usize) -> EntryId {
        EntryId(self.0 + more as u32)
    }

    pub fn chunk(self) -> u32 {
        self.0 >> INDEX_BITS
    }

    pub fn index(self) -> usize {
        (self.0 & ((1 << INDEX_BITS) - 1)) as usize
    }

    /// Of a number that stands for something else than an entry (`table/metadata.rs`).
    pub fn from_bits(bits: u32) -> EntryId {
        EntryId(bits)
    }

    pub fn bits(self) -> u32 {
        self.0
    }

    /// In the place of the entry of a member who has sessions: the number of their owner (`table/sessions/`).
    pub fn of_owner(owner: u32) -> EntryId {
        EntryId(OWNER | owner)
    }

    /// The number of an owner, where this stands for one and not for an entry.
    #[inline]
    pub fn owner(self) -> Option<u32> {
        (self.0 & OWNER != 0).then_some(self.0 & !OWNER)
    }
}

/// The bit that no entry's id has.
const OWNER: u32 = 1 << 31;

/// The most chunks a timeline can have, so that no id of an entry is that of an owner.
pub const MAX_CHUNKS: usize = 1 << (31 - INDEX_BITS);

/// A member as the timeline knows it. No two share both parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberRef {
    pub prefix: HashPrefix,
    pub entry_id: EntryId,
}

/// Keeps the ids of the entries, and has to follow when entries move.
pub trait MoveListener {
    /// A member's entry gets another id. No other member of the same prefix has that one at this moment.
    fn moved(&mut self, from: MemberRef, to: EntryId);
    /// An entry of this prefix is about to move.
    fn prefetch(&self, prefix: HashPrefix);
}
