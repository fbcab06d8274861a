//! How names and timeline find each other: a name by its home, an entry by its place.

/// Where to look for a name among all of a set, however many there are: the form it is stored in (2 bits) and the high
/// bits of its hash (30). Several names may have the same one; a [`EntryId`] tells them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashPrefix(u32);

const HASH_BITS: u32 = 30;

/// How many points there are: what [`HashPrefix::hash_bits`] is below.
pub const HASH_RANGE: u32 = 1 << HASH_BITS;

impl HashPrefix {
    #[inline]
    pub fn new(form: u32, hash: u64) -> HashPrefix {
        HashPrefix(form << HASH_BITS | hash_bits_of(hash))
    }

    /// The form of the name (`names.rs`).
    #[inline]
    pub fn form(self) -> u32 {
        self.0 >> HASH_BITS
    }

    /// The part of the hash: names are evenly spread over the points from 0 to [`HASH_RANGE`].
    #[inline]
    pub fn hash_bits(self) -> u32 {
        self.0 & (HASH_RANGE - 1)
    }

    /// The home of this form and point.
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

/// The point of a name's hash.
#[inline]
pub fn hash_bits_of(hash: u64) -> u32 {
    (hash >> (64 - HASH_BITS)) as u32
}

/// Where a member's entry is: the chunk, and the index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId(u32);

const INDEX_BITS: u32 = 10;

impl EntryId {
    /// No entry's place.
    pub const NONE: EntryId = EntryId(u32::MAX);

    pub fn new(chunk: u32, index: usize) -> EntryId {
        EntryId(chunk << INDEX_BITS | index as u32)
    }

    pub fn chunk(self) -> u32 {
        self.0 >> INDEX_BITS
    }

    pub fn index(self) -> usize {
        (self.0 & ((1 << INDEX_BITS) - 1)) as usize
    }
}

/// The most chunks a timeline can have. The last would have a place that is none.
pub const MAX_CHUNKS: usize = (1 << (32 - INDEX_BITS)) - 1;

/// A member as the timeline knows it: no other has both the same home and the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberRef {
    pub prefix: HashPrefix,
    pub entry_id: EntryId,
}

/// Who must be told where a member's entry is now.
pub trait MoveListener {
    /// A member's entry moves. No other member of this home has an entry at `to` at that moment.
    fn moved(&mut self, from: MemberRef, to: EntryId);
    /// A member of this home is about to be told of.
    fn prefetch(&self, prefix: HashPrefix);
}
