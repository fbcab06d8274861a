//! Members as bytes, for a dump.
//!
//! A dump is a sequence of blocks of some ten thousand bytes, so that neither side ever needs room for all of it. Each
//! block stands by itself: groups of members with the same ttl, in the order they were seen, each with the time
//! since the one before. A member is a byte that says its form, with the length of a short text in it, the name in that
//! form, and the time in a variable number of bytes (LEB128).
//!
//! What is decoded may come from anywhere: every length and number is checked, and nothing is allocated by a size that
//! is claimed.

use crate::core::leb128;
use crate::core::member::{MAX_MEMBER, MAX_SHORT, MemberView, Packed};
use crate::core::time::{MAX_DURATION, MAX_TIME, Millis};
use crate::core::touch::Touch;

/// A block is given out when it has this many bytes.
const BLOCK: usize = 32 * 1024;
/// No block is longer: one member more than `BLOCK`.
pub const MAX_BLOCK: usize = BLOCK + MAX_MEMBER + 64;

/// Up to `MAX_SHORT`: a text of that many bytes.
const NUMBER: u8 = 16;
const UUID: u8 = 17;
const LONG: u8 = 18;
/// Begins a group: its ttl, and the time that its first member's is counted from.
const GROUP: u8 = 19;

/// Writes members into blocks.
#[derive(Default)]
pub struct Encoder {
    block: Vec<u8>,
    /// The ttl of the group that is open, and the time of its last member.
    group: Option<Touch>,
}

impl Encoder {
    /// Adds a member. Returns a block when one is full.
    pub fn add(&mut self, member: MemberView) -> Option<Vec<u8>> {
        let MemberView { name, touch, .. } = member;
        let base = match self.group {
            Some(group) if group.ttl == touch.ttl && group.at <= touch.at => group.at,
            _ => {
                self.block.push(GROUP);
                leb128::write(&mut self.block, touch.ttl);
                leb128::write(&mut self.block, touch.at);
                touch.at
            }
        };
        self.group = Some(touch);
        match Packed::new(name) {
            Packed::Number(number) => {
                self.block.push(NUMBER);
                leb128::write(&mut self.block, number);
            }
            Packed::Uuid(uuid) => {
                self.block.push(UUID);
                self.block.extend_from_slice(&uuid);
            }
            Packed::Short(_) => {
                self.block.push(name.len() as u8);
                self.block.extend_from_slice(name);
            }
            Packed::Sixteen(_) | Packed::Long(_) => {
                self.block.push(LONG);
                leb128::write(&mut self.block, name.len() as u64);
                self.block.extend_from_slice(name);
            }
        }
        leb128::write(&mut self.block, touch.at - base);
        (self.block.len() >= BLOCK).then(|| self.take())
    }

    /// The last block, which may be empty.
    pub fn finish(mut self) -> Vec<u8> {
        self.take()
    }

    fn take(&mut self) -> Vec<u8> {
        self.group = None;
        std::mem::take(&mut self.block)
    }
}

/// The bytes are not what the encoder writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// The members of a block, until something is wrong: each in a form of which [`Packed::unpack`] makes its name, which
/// is not always the one that it is to be stored in.
pub struct Decoder<'a> {
    rest: &'a [u8],
    group: Option<Touch>,
}

impl<'a> Decoder<'a> {
    /// Of one block.
    pub fn new(block: &'a [u8]) -> Self {
        Decoder {
            rest: block,
            group: None,
        }
    }

    fn member(&mut self) -> Result<Option<(Packed<'a>, Touch)>, Corrupt> {
        let rest = &mut self.rest;
        while let Some((&form, after)) = rest.split_first() {
            *rest = after;
            if form == GROUP {
                let ttl = bounded(read_number(rest)?, MAX_DURATION)?;
                let at = bounded(read_number(rest)?, MAX_TIME)?;
                self.group = Some(Touch { at, ttl });
                continue;
            }
            let name = match form {
                NUMBER => Packed::Number(read_number(rest)?),
                UUID => Packed::Uuid(take(rest, 16)?.try_into().map_err(|_| Corrupt)?),
                LONG => {
                    let len = bounded(read_number(rest)?, MAX_MEMBER as u64)?;
                    Packed::Long(take(rest, len as usize)?)
                }
                len if usize::from(len) <= MAX_SHORT => Packed::Long(take(rest, len.into())?),
                _ => return Err(Corrupt),
            };
            let group = self.group.as_mut().ok_or(Corrupt)?;
            let later = bounded(read_number(rest)?, MAX_TIME)?;
            group.at = bounded(group.at + later, MAX_TIME)?;
            return Ok(Some((name, *group)));
        }
        Ok(None)
    }
}

impl<'a> Iterator for Decoder<'a> {
    type Item = Result<(Packed<'a>, Touch), Corrupt>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.member().transpose()
    }
}

fn bounded(number: u64, max: u64) -> Result<Millis, Corrupt> {
    if number <= max {
        Ok(number)
    } else {
        Err(Corrupt)
    }
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], Corrupt> {
    leb128::take(rest, len).ok_or(Corrupt)
}

fn read_number(rest: &mut &[u8]) -> Result<u64, Corrupt> {
    leb128::read(rest).ok_or(Corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::member::Text;
    use proptest::prelude::*;

    fn members() -> impl Strategy<Value = Vec<(Vec<u8>, Touch)>> {
        let name = prop_oneof![
            any::<u64>().prop_map(|number| number.to_string().into_bytes()),
            prop::collection::vec(any::<u8>(), 0..40),
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
                .prop_map(String::into_bytes),
        ];
        let touch = (
            0..=MAX_TIME,
            prop_oneof![Just(0), Just(1000), 1..=MAX_DURATION],
        )
            .prop_map(|(at, ttl)| Touch { at, ttl });
        prop::collection::vec((name, touch), 0..200)
    }

    fn view(name: &[u8], touch: Touch) -> MemberView<'_> {
        MemberView::new(name, touch)
    }

    fn decode_all(blocks: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, Touch)>, Corrupt> {
        let mut decoded = Vec::new();
        for block in blocks {
            for member in Decoder::new(block) {
                let (name, touch) = member?;
                decoded.push((name.unpack(&mut Text::default()).to_vec(), touch));
            }
        }
        Ok(decoded)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_encoded_is_decoded(members in members()) {
            let mut encoder = Encoder::default();
            let mut blocks = Vec::new();
            for (name, touch) in &members {
                blocks.extend(encoder.add(view(name, *touch)));
            }
            blocks.push(encoder.finish());
            prop_assert_eq!(decode_all(&blocks), Ok(members));
        }

        #[test]
        fn no_bytes_make_it_panic(block in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_all(&[block]);
        }

        #[test]
        fn a_block_cut_short_is_no_other_block(members in members(), cut in 1..50_usize) {
            let mut encoder = Encoder::default();
            for (name, touch) in &members {
                encoder.add(view(name, *touch));
            }
            let mut block = encoder.finish();
            block.truncate(block.len().saturating_sub(cut));
            if let Ok(decoded) = decode_all(&[block]) {
                prop_assert!(decoded.len() < members.len() || members.is_empty());
            }
        }
    }

    #[test]
    fn blocks_are_bounded() {
        let mut encoder = Encoder::default();
        let touch = Touch { at: 5, ttl: 7 };
        for i in 0..3000_u32 {
            let name = [&i.to_le_bytes()[..], &vec![7; (i as usize * 37) % 65_000]].concat();
            if let Some(block) = encoder.add(view(&name, touch)) {
                assert!((BLOCK..=MAX_BLOCK).contains(&block.len()));
            }
        }
    }
}
