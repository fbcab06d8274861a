//! The head of a small set's block: what its entries have in common, and how an entry's time and ttl are coded with it.
//!
//! A time is counted from the head's base, in as many bytes as they all need, which is the head's width; the high bit
//! says whether the time-out has been reported (`timeline/timeouts.rs`). The base is a multiple of two minutes, so that
//! it takes 30 bits beside the width's two.
//!
//! The common ttl is the first member's, as a number of few digits and the zeros that follow: that is how people write
//! lengths of time. Where it has more digits, the head's is 0, and each entry has its own.

use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchState};

/// How long it is, with the number of members before it.
pub const HEAD: usize = 7;
/// The fewest bytes a time has.
pub const NARROWEST: usize = 3;
/// The most, which is enough for any.
pub const WIDEST: usize = 6;
/// A base is a multiple of this many ms, as a shift.
const BASE_SHIFT: u32 = 17;

/// What the entries of a block have in common: 6 bytes, after the number of members.
#[derive(Clone, Copy)]
pub struct Head {
    /// What times are counted from.
    base: Millis,
    width: usize,
    /// The ttl of the entries that have none of their own.
    ttl: Millis,
}

impl Head {
    /// For a first member.
    pub fn new(touch: Touch) -> Head {
        let ttl = CommonTtl::new(touch.ttl).map_or(0, CommonTtl::get);
        Head::spanning(touch.at, touch.at, ttl)
    }

    /// For times from the oldest to the newest, and as much again ahead of them.
    pub fn spanning(oldest: Millis, newest: Millis, ttl: Millis) -> Head {
        let base = oldest >> BASE_SHIFT << BASE_SHIFT;
        let is_enough = |width: &usize| newest - base < 1 << (8 * width - 2);
        Head {
            base,
            width: (NARROWEST..WIDEST).find(is_enough).unwrap_or(WIDEST),
            ttl,
        }
    }

    /// Of a block that has one.
    #[inline]
    pub fn read(block: &[u8]) -> Head {
        let word = number(&block[..HEAD]);
        let word_low = word >> 8 & u64::from(u32::MAX);
        Head {
            base: word_low >> 2 << BASE_SHIFT,
            width: NARROWEST + (word_low & 3) as usize,
            ttl: CommonTtl((word >> 40) as u16).get(),
        }
    }

    /// The beginning of a block whose first byte is this one, with room for this many bytes.
    pub fn block(self, first: u8, bytes: usize) -> Vec<u8> {
        let word_low = self.base >> BASE_SHIFT << 2 | (self.width - NARROWEST) as u64;
        let ttl = CommonTtl::new(self.ttl).unwrap_or_default();
        let mut block = Vec::with_capacity(bytes);
        block.push(first);
        block.extend_from_slice(&(word_low as u32).to_le_bytes());
        block.extend_from_slice(&ttl.0.to_le_bytes());
        block
    }

    /// How many bytes a time takes.
    #[inline]
    pub fn width(self) -> usize {
        self.width
    }

    /// The ttl of the entries that have none of their own.
    #[inline]
    pub fn ttl(self) -> Millis {
        self.ttl
    }

    /// Whether an entry can have this time.
    #[inline]
    pub fn reaches(self, at: Millis) -> bool {
        at >= self.base && at - self.base < self.reported_bit()
    }

    /// The bit above a time that says that the time-out has been reported.
    #[inline]
    fn reported_bit(self) -> u64 {
        1 << (8 * self.width - 1)
    }

    /// The time that `entry` begins with, and whether the time-out has been reported.
    #[inline]
    pub fn time(self, entry: &[u8]) -> (Millis, bool) {
        // One load, where there are as many bytes behind it; nearly all entries are that long.
        let word = match entry.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => number(&entry[..self.width]),
        };
        let bit = self.reported_bit();
        (self.base + (word & (bit - 1)), word & bit != 0)
    }

    /// Has `entry` begin with this time, which is within reach.
    #[inline]
    pub fn set_time(self, entry: &mut [u8], state: TouchState) {
        let bit = if state.timeout_reported {
            self.reported_bit()
        } else {
            0
        };
        let time = ((state.touch.at - self.base) | bit).to_le_bytes();
        entry[..self.width].copy_from_slice(&time[..self.width]);
    }
}

/// A ttl of few digits: up to 8,191 in 13 bits, and in 3 how many zeros follow.
#[derive(Clone, Copy, Default)]
struct CommonTtl(u16);

impl CommonTtl {
    /// `None` where it has too many digits.
    fn new(ttl: Millis) -> Option<CommonTtl> {
        let (mut digits, mut zeros) = (ttl, 0);
        while digits >= 1 << 13 && digits.is_multiple_of(10) && zeros < 7 {
            digits /= 10;
            zeros += 1;
        }
        (digits < 1 << 13).then_some(CommonTtl((digits << 3) as u16 | zeros))
    }

    #[inline]
    fn get(self) -> Millis {
        const ZEROS: [Millis; 8] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];
        Millis::from(self.0 >> 3) * ZEROS[usize::from(self.0 & 7)]
    }
}

/// The number that stands as these bytes, at most 8.
#[inline]
pub fn number(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::{MAX_DURATION, MAX_TIME};

    #[test]
    fn what_people_set_is_a_common_ttl() {
        for (unit, most) in [
            (1, 8191),
            (1000, 8191),
            (60_000, 1365),
            (3_600_000, 227),
            (86_400_000, 10),
        ] {
            for ttl in (0..=most).map(|count| count * unit) {
                assert_eq!(CommonTtl::new(ttl).map(CommonTtl::get), Some(ttl));
            }
        }
    }

    #[test]
    fn what_is_no_common_ttl_is_refused() {
        for ttl in [8193, 81_921, 123_456_789, MAX_DURATION - 1, MAX_DURATION] {
            assert!(CommonTtl::new(ttl).is_none(), "{ttl}");
        }
    }

    #[test]
    fn a_head_reaches_what_it_was_made_for_and_as_much_again() {
        for oldest in [0, 1, 1 << 17, 1_700_000_000_000, MAX_TIME - 1, MAX_TIME] {
            for bits in 0..47 {
                let newest = (oldest + (1 << bits)).min(MAX_TIME);
                let head = Head::spanning(oldest, newest, 0);
                let head = Head::read(&head.block(1, 0));
                let further = newest + (newest - oldest);
                for at in [oldest, newest, further.min(MAX_TIME)] {
                    assert!(head.reaches(at), "{oldest} {newest} {at}");
                    for timeout_reported in [false, true] {
                        let touch = Touch { at, ttl: 0 };
                        let mut entry = vec![0; head.width];
                        head.set_time(
                            &mut entry,
                            TouchState {
                                touch,
                                timeout_reported,
                            },
                        );
                        assert_eq!(head.time(&entry), (at, timeout_reported));
                    }
                }
            }
        }
    }
}
