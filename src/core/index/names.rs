//! The names of a set's members, by hash: an index for each stored form, so that a member is no wider than its form
//! needs (12 bytes for a number, 20 for a UUID or a text of up to 16 bytes, the id of its entry included).

use super::extendible::{Index, SlotRef};
use super::segment::Stored;
use crate::core::member::LookupKey;
use crate::core::member::form::{LONG, NUMBER, SHORT, SIXTEEN, UUID};
use crate::core::member::{Packed, Text};
use crate::core::memory::{Mover, Steps};
use crate::core::refs::{EntryId, HASH_RANGE, HashPrefix, MemberRef};

/// The most members of one form in a set.
pub const MAX_NAMES: usize = HASH_RANGE as usize;

/// Two halves instead of a `u64`, whose alignment would waste room in a bucket.
type Number = [u32; 2];

impl Stored for Number {
    #[inline]
    fn hash(&self) -> u64 {
        number(self).hash()
    }

    #[inline]
    fn take(&mut self) -> Self {
        *self
    }
}

impl Stored for [u8; 16] {
    #[inline]
    fn hash(&self) -> u64 {
        Packed::Short(*self).hash()
    }

    #[inline]
    fn take(&mut self) -> Self {
        *self
    }
}

impl Stored for Box<[u8]> {
    fn hash(&self) -> u64 {
        Packed::Long(self).hash()
    }
}

#[inline]
fn number([low, high]: &Number) -> Packed<'static> {
    Packed::Number(u64::from(*low) | u64::from(*high) << 32)
}

#[inline]
fn halves(number: u64) -> Number {
    [number as u32, (number >> 32) as u32]
}

/// A member's name among them, until the next one is added or removed. The default is a placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameRef {
    form: u32,
    at: SlotRef,
}

/// The names of a set, each with the id of its member's entry.
#[derive(Clone, Default)]
pub struct Names {
    numbers: Index<Number, 5>,
    shorts: Index<[u8; 16], 3>,
    uuids: Index<[u8; 16], 3>,
    sixteens: Index<[u8; 16], 3>,
    longs: Index<Box<[u8]>, 3>,
    /// Bytes in the boxes of `longs`.
    long_bytes: usize,
}

/// Runs `$body` with `$index` bound to the index of a form.
macro_rules! with_index {
    ($self:ident . $borrow:ident, $form:expr, |$index:ident| $body:expr) => {
        match $form {
            NUMBER => {
                let $index = with_index!(@ $borrow, $self.numbers);
                $body
            }
            SHORT => {
                let $index = with_index!(@ $borrow, $self.shorts);
                $body
            }
            UUID => {
                let $index = with_index!(@ $borrow, $self.uuids);
                $body
            }
            SIXTEEN => {
                let $index = with_index!(@ $borrow, $self.sixteens);
                $body
            }
            _ => {
                let $index = with_index!(@ $borrow, $self.longs);
                $body
            }
        }
    };
    (@ shared, $index:expr) => { &$index };
    (@ unique, $index:expr) => { &mut $index };
}

impl Names {
    /// How many members there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
            + self.shorts.len()
            + self.uuids.len()
            + self.sixteens.len()
            + self.longs.len()
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.numbers.bytes()
            + self.shorts.bytes()
            + self.uuids.bytes()
            + self.sixteens.bytes()
            + self.longs.bytes()
            + self.long_bytes
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.numbers.allocations()
            + self.shorts.allocations()
            + self.uuids.allocations()
            + self.sixteens.allocations()
            + self.longs.allocations()
            + self.longs.len()
    }

    /// Moves the names' blocks.
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        self.numbers.relocate(steps, |_, _| {});
        self.shorts.relocate(steps, |_, _| {});
        self.uuids.relocate(steps, |_, _| {});
        self.sixteens.relocate(steps, |_, _| {});
        self.longs.relocate(steps, |name, mover| mover.slice(name));
    }

    /// The name of a member, and its entry.
    #[inline]
    pub fn find(&self, member: &LookupKey) -> Option<(NameRef, EntryId)> {
        let hash = member.hash();
        let packed = member.packed();
        let (at, entry_id) = match packed {
            Packed::Number(number) => {
                let wanted = halves(*number);
                self.numbers.find(hash, |name| *name == wanted)
            }
            Packed::Short(wanted) => self.shorts.find(hash, |name| name == wanted),
            Packed::Uuid(wanted) => self.uuids.find(hash, |name| name == wanted),
            Packed::Sixteen(wanted) => self.sixteens.find(hash, |name| name == wanted),
            Packed::Long(wanted) => self.longs.find(hash, |name| **name == **wanted),
        }?;
        let form = packed.form();
        Some((NameRef { form, at }, entry_id))
    }

    /// The name beside which stands this entry, or whatever stands in its place.
    #[inline]
    pub fn at(&self, member: MemberRef) -> Option<NameRef> {
        let MemberRef { prefix, entry_id } = member;
        let form = prefix.form();
        let at = with_index!(self.shared, form, |index| index
            .find_entry(prefix.hash_bits(), entry_id))?;
        Some(NameRef { form, at })
    }

    /// A name of this prefix, for whose entry `is_it` says yes. No name of another prefix may have such an entry.
    pub fn find_where(
        &self,
        prefix: HashPrefix,
        is_it: impl Fn(EntryId) -> bool,
    ) -> Option<NameRef> {
        let form = prefix.form();
        let at = with_index!(self.shared, form, |index| index
            .find_where(prefix.hash_bits(), is_it))?;
        Some(NameRef { form, at })
    }

    /// Adds a member who is not there.
    pub fn insert(&mut self, member: &LookupKey, entry_id: EntryId) {
        let hash = member.hash();
        match *member.packed() {
            Packed::Number(number) => self.numbers.insert(hash, halves(number), entry_id),
            Packed::Short(name) => self.shorts.insert(hash, name, entry_id),
            Packed::Uuid(name) => self.uuids.insert(hash, name, entry_id),
            Packed::Sixteen(name) => self.sixteens.insert(hash, name, entry_id),
            Packed::Long(name) => {
                self.long_bytes += name.len();
                self.longs.insert(hash, name.into(), entry_id);
            }
        }
    }

    /// Takes out a member of this prefix. Returns its entry.
    pub fn remove(&mut self, prefix: HashPrefix, name: NameRef) -> EntryId {
        let (hash_bits, at) = (prefix.hash_bits(), name.at);
        match prefix.form() {
            NUMBER => self.numbers.remove(hash_bits, at).1,
            SHORT => self.shorts.remove(hash_bits, at).1,
            UUID => self.uuids.remove(hash_bits, at).1,
            SIXTEEN => self.sixteens.remove(hash_bits, at).1,
            _ => {
                let (name, entry_id) = self.longs.remove(hash_bits, at);
                self.long_bytes -= name.len();
                entry_id
            }
        }
    }

    /// The member's name.
    #[inline]
    pub fn member(&self, name: NameRef) -> Packed<'_> {
        let at = name.at;
        match name.form {
            NUMBER => number(self.numbers.name(at)),
            SHORT => Packed::Short(*self.shorts.name(at)),
            UUID => Packed::Uuid(*self.uuids.name(at)),
            SIXTEEN => Packed::Sixteen(*self.sixteens.name(at)),
            _ => Packed::Long(self.longs.name(at)),
        }
    }

    /// Calls `f` with the bytes of the member's name.
    #[inline]
    pub fn with_name<R>(&self, name: NameRef, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.member(name).unpack(&mut Text::default()))
    }

    /// The member's entry in the timeline.
    #[inline(always)]
    pub fn entry_id(&self, name: NameRef) -> EntryId {
        with_index!(self.shared, name.form, |index| index.entry_id(name.at))
    }

    /// The member's entry is this one from now on. Returns the old one.
    #[inline(always)]
    pub fn replace_entry_id(&mut self, name: NameRef, entry_id: EntryId) -> EntryId {
        with_index!(self.unique, name.form, |index| index
            .replace_entry_id(name.at, entry_id))
    }

    /// Prefetches what finding a member of this prefix reads.
    #[inline]
    pub fn prefetch(&self, prefix: HashPrefix) {
        with_index!(self.shared, prefix.form(), |index| index
            .prefetch(prefix.hash_bits()));
    }

    /// Visits a few members, in the order of their prefixes from this one on. Returns the prefix to go on with, `None`
    /// at the end. Whoever is there throughout a walk is visited exactly once.
    pub fn visit(&self, from: HashPrefix, mut f: impl FnMut(NameRef)) -> Option<HashPrefix> {
        let form = from.form();
        let next = with_index!(self.shared, form, |index| index
            .visit(from.hash_bits(), |at| f(NameRef { form, at })));
        if next < HASH_RANGE {
            Some(HashPrefix::at(form, next))
        } else {
            (form < LONG).then(|| HashPrefix::at(form + 1, 0))
        }
    }

    /// All of them.
    #[cfg(test)]
    pub fn name_refs(&self) -> Vec<NameRef> {
        let mut name_refs = Vec::new();
        for form in [NUMBER, SHORT, UUID, SIXTEEN, LONG] {
            with_index!(self.shared, form, |index| name_refs
                .extend(index.slot_refs().map(|at| NameRef { form, at })));
        }
        name_refs
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::Bucket;
    use super::*;

    #[test]
    fn a_bucket_is_a_cache_line() {
        assert_eq!(size_of::<Bucket<Number, 5>>(), 64);
        assert_eq!(size_of::<Bucket<[u8; 16], 3>>(), 64);
        assert_eq!(size_of::<Bucket<Box<[u8]>, 3>>(), 64);
    }
}
