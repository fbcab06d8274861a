//! Where members live: one slot each, in an arena for each stored form of a name, so that a slot is no wider than its
//! form needs (12 bytes for a number, 20 for a UUID or a short text).
//!
//! A slot holds the name and the member's place in the timeline; the time itself stands in the timeline only.

use super::arena::Arena;
use super::member::{Packed, Text};
use super::place::{Place, Places, SlotId};
use super::prefetch::prefetch;

/// A slot's id is the form of its name in the two high bits, and the index in that form's arena below.
const FORM_SHIFT: u32 = 30;
const INDEX_MASK: u32 = (1 << FORM_SHIFT) - 1;
const NUMBER: u32 = 0;
const SHORT: u32 = 1;
const UUID: u32 = 2;
const LONG: u32 = 3;

/// The most members of one form in a set.
pub const MAX_SLOTS: usize = 1 << FORM_SHIFT;

#[derive(Clone, Default)]
pub(super) struct Slot<N> {
    place: Place,
    pub(super) name: N,
}

/// The slots of a set.
#[derive(Clone, Default)]
pub struct Slots {
    /// Two halves instead of a `u64`, which would be padded to 16 bytes a slot.
    pub(super) numbers: Arena<Slot<[u32; 2]>>,
    pub(super) shorts: Arena<Slot<[u8; 16]>>,
    pub(super) uuids: Arena<Slot<[u8; 16]>>,
    pub(super) longs: Arena<Slot<Box<[u8]>>>,
    /// Bytes in the boxes of `longs`.
    long_bytes: usize,
}

/// Runs `$body` with `$arena` bound to the arena of the slot's form and `$index` to its index there.
macro_rules! with_arena {
    ($self:ident . $borrow:ident, $id:expr, |$arena:ident, $index:ident| $body:expr) => {{
        let $index = $id & INDEX_MASK;
        match $id >> FORM_SHIFT {
            NUMBER => {
                let $arena = with_arena!(@ $borrow, $self.numbers);
                $body
            }
            SHORT => {
                let $arena = with_arena!(@ $borrow, $self.shorts);
                $body
            }
            UUID => {
                let $arena = with_arena!(@ $borrow, $self.uuids);
                $body
            }
            _ => {
                let $arena = with_arena!(@ $borrow, $self.longs);
                $body
            }
        }
    }};
    (@ shared, $arena:expr) => { &$arena };
    (@ unique, $arena:expr) => { &mut $arena };
}

impl Slots {
    /// How many members there are.
    pub fn len(&self) -> usize {
        self.numbers.len() + self.shorts.len() + self.uuids.len() + self.longs.len()
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.numbers.bytes()
            + self.shorts.bytes()
            + self.uuids.bytes()
            + self.longs.bytes()
            + self.long_bytes
    }

    /// How many separate allocations there are, near enough to weigh the work of freeing them.
    pub fn allocations(&self) -> usize {
        self.len() / super::arena::PAGE + self.longs.len()
    }

    /// Stores a member whose place in the timeline is not known yet.
    pub fn insert(&mut self, member: &Packed) -> SlotId {
        let place = Place::default();
        match *member {
            Packed::Number(number) => {
                let name = [number as u32, (number >> 32) as u32];
                self.numbers.insert(Slot { place, name }) | NUMBER << FORM_SHIFT
            }
            Packed::Short(name) => self.shorts.insert(Slot { place, name }) | SHORT << FORM_SHIFT,
            Packed::Uuid(name) => self.uuids.insert(Slot { place, name }) | UUID << FORM_SHIFT,
            Packed::Long(name) => {
                self.long_bytes += name.len();
                let name = name.into();
                self.longs.insert(Slot { place, name }) | LONG << FORM_SHIFT
            }
        }
    }

    /// Gives a slot back.
    pub fn remove(&mut self, id: SlotId) {
        let index = id & INDEX_MASK;
        match id >> FORM_SHIFT {
            NUMBER => drop(self.numbers.remove(index)),
            SHORT => drop(self.shorts.remove(index)),
            UUID => drop(self.uuids.remove(index)),
            _ => self.long_bytes -= self.longs.remove(index).name.len(),
        }
    }

    /// The member's name.
    #[inline]
    pub fn member(&self, id: SlotId) -> Packed<'_> {
        let index = id & INDEX_MASK;
        match id >> FORM_SHIFT {
            NUMBER => {
                let [low, high] = self.numbers.get(index).name;
                Packed::Number(u64::from(low) | u64::from(high) << 32)
            }
            SHORT => Packed::Short(self.shorts.get(index).name),
            UUID => Packed::Uuid(self.uuids.get(index).name),
            _ => Packed::Long(&self.longs.get(index).name),
        }
    }

    /// Whether the slot holds this member. A slot of another form is not even read.
    #[inline]
    pub fn holds(&self, id: SlotId, member: &Packed) -> bool {
        let index = id & INDEX_MASK;
        match (id >> FORM_SHIFT, member) {
            (NUMBER, Packed::Number(number)) => {
                self.numbers.get(index).name == [*number as u32, (*number >> 32) as u32]
            }
            (SHORT, Packed::Short(name)) => self.shorts.get(index).name == *name,
            (UUID, Packed::Uuid(name)) => self.uuids.get(index).name == *name,
            (LONG, Packed::Long(name)) => *self.longs.get(index).name == **name,
            _ => false,
        }
    }

    /// Calls `f` with the member's bytes.
    #[inline]
    pub fn with_name<R>(&self, id: SlotId, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.member(id).unpack(&mut Text::default()))
    }

    /// The member's place in the timeline.
    #[inline]
    pub fn place(&self, id: SlotId) -> Place {
        with_arena!(self.shared, id, |arena, index| arena.get(index).place)
    }

    /// Asks the processor to fetch the slot ahead of its use.
    #[inline]
    pub fn prefetch(&self, id: SlotId) {
        with_arena!(self.shared, id, |arena, index| prefetch(arena.get(index)));
    }

    /// The largest slot in use that is at most `from`, over all forms.
    pub fn live_at_or_below(&self, from: SlotId) -> Option<SlotId> {
        let mut from = from;
        loop {
            let form = from >> FORM_SHIFT;
            let below = with_arena!(self.shared, from, |arena, index| arena
                .live_at_or_below(index));
            if let Some(index) = below {
                return Some(index | form << FORM_SHIFT);
            }
            from = (form << FORM_SHIFT).checked_sub(1)?;
        }
    }

    /// Moves the highest member of a sparsely filled form into a lower slot, so that its page can be returned.
    /// Returns the slot it left and the slot it has now. Moves go downwards only: a walk in descending order, such as
    /// SCAN's, may meet a moved member twice but never misses it.
    pub fn move_down(&mut self) -> Option<(SlotId, SlotId)> {
        macro_rules! move_in {
            ($arena:expr, $form:expr) => {
                if $arena.is_sparse() {
                    let from = $arena.live_at_or_below(u32::MAX)?;
                    let slot = $arena.remove(from);
                    let to = $arena.insert(slot);
                    return Some((from | $form << FORM_SHIFT, to | $form << FORM_SHIFT));
                }
            };
        }
        move_in!(self.numbers, NUMBER);
        move_in!(self.shorts, SHORT);
        move_in!(self.uuids, UUID);
        move_in!(self.longs, LONG);
        None
    }
}

impl Places for Slots {
    #[inline]
    fn set_place(&mut self, id: SlotId, place: Place) {
        with_arena!(self.unique, id, |arena, index| arena.get_mut(index).place =
            place);
    }

    #[inline]
    fn prefetch(&self, id: SlotId) {
        Slots::prefetch(self, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_no_wider_than_their_form() {
        assert_eq!(size_of::<Slot<[u32; 2]>>(), 12);
        assert_eq!(size_of::<Slot<[u8; 16]>>(), 20);
    }
}
