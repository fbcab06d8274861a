//! How names and timeline find each other: a name by its home, an entry by its place.

/// Where to look for a name among all of a set, however many there are: the form it is stored in (2 bits) and the high
/// bits of its hash (30). Several names may have the same one; a [`Place`] tells them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home(u32);

const POINT_BITS: u32 = 30;

/// How many points there are: what [`Home::point`] is below.
pub const POINTS: u32 = 1 << POINT_BITS;

impl Home {
    #[inline]
    pub fn new(form: u32, hash: u64) -> Home {
        Home(form << POINT_BITS | point_of(hash))
    }

    /// The form of the name (`names.rs`).
    #[inline]
    pub fn form(self) -> u32 {
        self.0 >> POINT_BITS
    }

    /// The part of the hash: names are evenly spread over the points from 0 to [`POINTS`].
    #[inline]
    pub fn point(self) -> u32 {
        self.0 & (POINTS - 1)
    }

    /// The home of this form and point.
    pub fn at(form: u32, point: u32) -> Home {
        Home(form << POINT_BITS | point)
    }

    #[inline]
    pub fn from_bits(bits: u32) -> Home {
        Home(bits)
    }

    #[inline]
    pub fn bits(self) -> u32 {
        self.0
    }
}

/// The point of a name's hash.
#[inline]
pub fn point_of(hash: u64) -> u32 {
    (hash >> (64 - POINT_BITS)) as u32
}

/// Where a member's entry is: the chunk, and the index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u32);

const INDEX_BITS: u32 = 10;

impl Place {
    /// No entry's place.
    pub const NONE: Place = Place(u32::MAX);

    pub fn new(chunk: u32, index: usize) -> Place {
        Place(chunk << INDEX_BITS | index as u32)
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
pub struct Address {
    pub home: Home,
    pub place: Place,
}

/// Who must be told where a member's entry is now.
pub trait Places {
    /// A member's entry moves. No other member of this home has an entry at `to` at that moment.
    fn moved(&mut self, from: Address, to: Place);
    /// A member of this home is about to be told of.
    fn prefetch(&self, home: Home);
}
