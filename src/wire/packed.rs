//! A touch of members as one argument, of as few bytes as it takes: that of `PRESENCE.T`.
//!
//! It is a row of numbers (`core/leb128.rs`) and names: the time, the ttl times two, plus one if the touch sets no peak, and
//! for each member the length of its name and the name. One argument costs the server as much whatever it holds, where
//! each argument of its own is made, counted and copied: in the stream, in the log, and where these are read.

use crate::core::Touch;
use crate::core::leb128;
use crate::core::member::MAX_MEMBER;
use crate::core::time::{MAX_DURATION, MAX_TIME};

/// Writes a touch.
pub struct Packing(Vec<u8>);

impl Packing {
    pub const fn new() -> Packing {
        Packing(Vec::new())
    }

    /// Begins a touch, in the place of the last one.
    #[inline]
    pub fn begin(&mut self, touch: Touch, sets_peak: bool) {
        /// Room for any touch of one member but those of very long names.
        const ROOM: usize = 256;
        self.0.clear();
        self.0.reserve(ROOM);
        leb128::write(&mut self.0, touch.at);
        leb128::write(&mut self.0, touch.ttl << 1 | u64::from(!sets_peak));
    }

    /// Adds a member.
    #[inline]
    pub fn add(&mut self, name: &[u8]) {
        leb128::write(&mut self.0, name.len() as u64);
        self.0.extend_from_slice(name);
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives back memory that a large touch has taken.
    #[inline]
    pub fn release(&mut self) {
        /// Bytes that are kept for the next one.
        const KEPT: usize = 64 * 1024;
        if self.0.capacity() > KEPT {
            self.0 = Vec::new();
        }
    }
}

/// A touch that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedTouch<'a> {
    pub touch: Touch,
    pub sets_peak: bool,
    pub names: PackedNames<'a>,
}

impl PackedTouch<'_> {
    /// Reads a touch. `None`: the bytes are not what [`Packing`] writes, or there is no member.
    #[inline]
    pub fn read(mut bytes: &[u8]) -> Option<PackedTouch<'_>> {
        let rest = &mut bytes;
        let at = leb128::read(rest)?;
        let ttl = leb128::read(rest)?;
        let touch = Touch { at, ttl: ttl >> 1 };
        let names = PackedNames::read(rest)?;
        let is_valid = at <= MAX_TIME && touch.ttl <= MAX_DURATION && names.len > 0;
        is_valid.then_some(PackedTouch {
            touch,
            sets_peak: ttl & 1 == 0,
            names,
        })
    }
}

/// The names of a touch, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedNames<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> PackedNames<'a> {
    /// Counts and checks them.
    fn read(bytes: &'a [u8]) -> Option<PackedNames<'a>> {
        let (mut rest, mut len) = (bytes, 0);
        while !rest.is_empty() {
            next_name(&mut rest)?;
            len += 1;
        }
        Some(PackedNames { rest: bytes, len })
    }
}

fn next_name<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = leb128::read(rest)?;
    if len > MAX_MEMBER as u64 {
        return None;
    }
    leb128::take(rest, len as usize)
}

impl<'a> Iterator for PackedNames<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let name = next_name(&mut self.rest)?;
        self.len -= 1;
        Some(name)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl ExactSizeIterator for PackedNames<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(touch: Touch, sets_peak: bool, names: &[Vec<u8>]) -> Vec<u8> {
        let mut packing = Packing::new();
        packing.begin(touch, sets_peak);
        names.iter().for_each(|name| packing.add(name));
        packing.bytes().to_vec()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            at in 0..=MAX_TIME,
            ttl in 0..=MAX_DURATION,
            sets_peak: bool,
            names in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20),
        ) {
            let touch = Touch { at, ttl };
            let bytes = packed(touch, sets_peak, &names);
            let read = PackedTouch::read(&bytes).expect("it is what was written");
            prop_assert_eq!((read.touch, read.sets_peak), (touch, sets_peak));
            prop_assert_eq!(read.names.len(), names.len());
            prop_assert!(read.names.eq(names.iter().map(Vec::as_slice)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Some(read) = PackedTouch::read(&bytes) {
                prop_assert_eq!(read.names.len(), read.names.count());
            }
        }
    }

    #[test]
    fn what_is_no_touch_is_refused() {
        let name = b"ann".to_vec();
        let touch = Touch { at: 1, ttl: 1 };
        let (late, long) = (MAX_TIME + 1, MAX_DURATION + 1);
        let giant = vec![b'a'; MAX_MEMBER + 1];
        for bytes in [
            vec![],
            packed(touch, true, &[]),
            packed(
                Touch { at: late, ttl: 1 },
                true,
                std::slice::from_ref(&name),
            ),
            packed(
                Touch { at: 1, ttl: long },
                true,
                std::slice::from_ref(&name),
            ),
            packed(touch, true, &[giant]),
            [
                packed(touch, true, std::slice::from_ref(&name)),
                vec![4, b'b'],
            ]
            .concat(),
        ] {
            assert_eq!(PackedTouch::read(&bytes), None, "{bytes:?}");
        }
        assert!(PackedTouch::read(&packed(touch, true, &[vec![b'a'; MAX_MEMBER]])).is_some());
    }
}
