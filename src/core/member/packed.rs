//! How a member's name is stored.
//!
//! Names are bytes, but most are identifiers with less information than they have letters. Two spellings are packed:
//! a decimal number that fits 64 bits, and a UUID in lower case. Both are packed only in their canonical form, so
//! that unpacking gives back exactly the bytes that came in: `007`, `-0`, `+1` and an upper-case UUID stay as text.

use super::hash::{hash, hash_block};

/// The longest member, in bytes.
pub const MAX_MEMBER: usize = 65_535;
/// The longest metadata of a member, in bytes.
pub const MAX_META: usize = 65_535;
/// The longest id of a session, in bytes.
pub const MAX_SESSION: usize = 255;
/// The longest text kept inside a slot.
pub const MAX_SHORT: usize = 15;
const UUID_TEXT: usize = 36;
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];

/// The forms, as a [`HashPrefix`](crate::core::refs::HashPrefix) has them.
pub mod form {
    pub const NUMBER: u32 = 0;
    pub const SHORT: u32 = 1;
    pub const UUID: u32 = 2;
    pub const SIXTEEN: u32 = 3;
    pub const LONG: u32 = 4;
}

/// A member's name in its stored form. Two names are equal exactly if their packed forms are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed<'a> {
    /// A canonical decimal number.
    Number(u64),
    /// A canonical UUID in lower case.
    Uuid([u8; 16]),
    /// At most [`MAX_SHORT`] bytes, zero padded; the last byte is the length.
    Short([u8; 16]),
    /// A text of exactly 16 bytes.
    Sixteen([u8; 16]),
    /// Anything longer.
    Long(&'a [u8]),
}

impl<'a> Packed<'a> {
    /// The stored form of `name`.
    #[inline(always)]
    pub fn new(name: &'a [u8]) -> Packed<'a> {
        if let Some(number) = parse_number(name) {
            Packed::Number(number)
        } else if name.len() <= MAX_SHORT {
            Packed::Short(pack_short(name))
        } else if let Some(uuid) = parse_uuid(name) {
            Packed::Uuid(uuid)
        } else if let Ok(sixteen) = name.try_into() {
            Packed::Sixteen(sixteen)
        } else {
            Packed::Long(name)
        }
    }

    /// The name's bytes, written into `text` where they are not stored as they are.
    #[inline]
    pub fn unpack<'b>(&'b self, text: &'b mut Text) -> &'b [u8] {
        match self {
            Packed::Number(number) => text.write_number(*number),
            Packed::Uuid(uuid) => text.write_uuid(uuid),
            Packed::Short(short) => &short[..short[MAX_SHORT] as usize],
            Packed::Sixteen(text) => text,
            Packed::Long(name) => name,
        }
    }

    /// Which form it is. A UUID and a text of the same bytes are two names.
    #[inline]
    pub fn form(&self) -> u32 {
        match self {
            Packed::Number(_) => form::NUMBER,
            Packed::Short(_) => form::SHORT,
            Packed::Uuid(_) => form::UUID,
            Packed::Sixteen(_) => form::SIXTEEN,
            Packed::Long(_) => form::LONG,
        }
    }

    /// The hash of the packed form.
    #[inline]
    pub fn hash(&self) -> u64 {
        match self {
            Packed::Number(number) => hash_block(&u128::from(*number).to_le_bytes()),
            Packed::Uuid(bytes) | Packed::Short(bytes) | Packed::Sixteen(bytes) => {
                hash_block(bytes)
            }
            Packed::Long(name) => hash(name),
        }
    }
}

/// Room to write a packed name out in.
pub struct Text([u8; UUID_TEXT]);

impl Default for Text {
    fn default() -> Self {
        Text([0; UUID_TEXT])
    }
}

impl Text {
    fn write_number(&mut self, mut number: u64) -> &[u8] {
        let mut start = UUID_TEXT;
        loop {
            start -= 1;
            self.0[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return &self.0[start..];
            }
        }
    }

    fn write_uuid(&mut self, uuid: &[u8; 16]) -> &[u8] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut at = 0;
        for byte in uuid {
            if UUID_DASHES.contains(&at) {
                self.0[at] = b'-';
                at += 1;
            }
            self.0[at] = HEX[usize::from(byte >> 4)];
            self.0[at + 1] = HEX[usize::from(byte & 15)];
            at += 2;
        }
        &self.0
    }
}

/// A short text, zero padded, with its length in the last byte. It is read in overlapping words: a copy of variable
/// length is a call of memcpy, and reading back what that wrote byte by byte is a store-forwarding stall.
#[inline]
fn pack_short(name: &[u8]) -> [u8; 16] {
    let len = name.len();
    let (low, high) = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => {
            let last = u64::from_le_bytes(*last);
            // Drops the bytes that `first` has already. In two steps, since the shift may be by 64, which overflows.
            (
                u64::from_le_bytes(*first),
                last >> (8 * (MAX_SHORT - len)) >> 8,
            )
        }
        _ => (short_word(name), 0),
    };
    let text = u128::from(low) | u128::from(high) << 64 | (len as u128) << (8 * MAX_SHORT);
    text.to_le_bytes()
}

/// Up to 7 bytes as a number.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (len - 4));
    }
    let byte = |at: usize| u64::from(bytes[at]) << (8 * at);
    match len {
        0 => 0,
        _ => byte(0) | byte(len / 2) | byte(len - 1),
    }
}

/// The number that `name` spells, where it is spelled in the one canonical way.
#[inline]
fn parse_number(name: &[u8]) -> Option<u64> {
    match name {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] if name.len() <= 20 => parse_digits(name),
        _ => None,
    }
}

fn parse_digits(name: &[u8]) -> Option<u64> {
    name.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The UUID that `name` spells, where it is spelled in lower case with dashes.
fn parse_uuid(name: &[u8]) -> Option<[u8; 16]> {
    if name.len() != UUID_TEXT {
        return None;
    }
    let mut uuid = [0; 16];
    let mut at = 0;
    for byte in &mut uuid {
        if UUID_DASHES.contains(&at) {
            if name[at] != b'-' {
                return None;
            }
            at += 1;
        }
        *byte = parse_nibble(name[at])? << 4 | parse_nibble(name[at + 1])?;
        at += 2;
    }
    Some(uuid)
}

fn parse_nibble(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(name: &[u8]) -> Packed<'_> {
        let packed = Packed::new(name);
        assert_eq!(packed.unpack(&mut Text::default()), name);
        packed
    }

    #[test]
    fn canonical_spellings_are_packed() {
        assert_eq!(there_and_back(b"0"), Packed::Number(0));
        assert_eq!(
            there_and_back(b"18446744073709551615"),
            Packed::Number(u64::MAX)
        );
        assert!(matches!(
            there_and_back(b"0f8fad5b-d9cb-469f-a165-70867728950e"),
            Packed::Uuid(_)
        ));
    }

    #[test]
    fn every_other_spelling_keeps_its_bytes() {
        for len in 0..=MAX_SHORT {
            let text: Vec<u8> = (0..len).map(|at| b'z' - at as u8).collect();
            let mut padded = [0; 16];
            padded[..len].copy_from_slice(&text);
            padded[MAX_SHORT] = len as u8;
            assert_eq!(there_and_back(&text), Packed::Short(padded));
        }
        for name in [
            &b""[..],
            b"007",
            b"-0",
            b"-1",
            b"+1",
            b"1 ",
            b"00",
            b"EX",
            b"a\0b",
            b"fifteen letters",
        ] {
            assert!(matches!(there_and_back(name), Packed::Short(_)), "{name:?}");
        }
        for name in [
            &b"18446744073709551616"[..],
            b"99999999999999999999",
            b"0F8FAD5B-D9CB-469F-A165-70867728950E",
            b"0f8fad5b-d9cb-469f-a165-70867728950g",
            b"0f8fad5bd-9cb-469f-a165-70867728950e",
            b"seventeen letters",
        ] {
            assert!(matches!(there_and_back(name), Packed::Long(_)), "{name:?}");
        }
        for name in [b"sixteen letters.", b"0123456789abcdef", &[0; 16]] {
            assert_eq!(there_and_back(name), Packed::Sixteen(*name));
        }
        there_and_back(&[0xff; MAX_MEMBER]);
    }
}
