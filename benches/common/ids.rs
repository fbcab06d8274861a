//! The names that members have in practice.

use super::random::mix;

/// A kind of member name.
#[derive(Clone, Copy, Debug)]
pub enum Ids {
    /// `user:0000012345`, 15 bytes.
    Short,
    /// A random UUID in its canonical text, 36 bytes.
    Uuid,
    /// A random decimal number up to 2^63.
    Decimal,
}

impl Ids {
    /// Every kind.
    pub const ALL: [Ids; 3] = [Ids::Short, Ids::Uuid, Ids::Decimal];

    /// What a table calls it.
    pub fn title(self) -> &'static str {
        match self {
            Ids::Short => "15-byte ids",
            Ids::Uuid => "UUIDs",
            Ids::Decimal => "decimals up to 2^63",
        }
    }

    /// The name of member `number`; different numbers have different names.
    pub fn name(self, number: usize) -> String {
        let bits = mix(number as u64 + 1);
        match self {
            Ids::Short => format!("user:{number:010}"),
            Ids::Uuid => format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                bits >> 32,
                bits >> 16 & 0xffff,
                bits & 0xfff,
                mix(bits) >> 52,
                mix(bits) & 0xffff_ffff_ffff,
            ),
            Ids::Decimal => (bits >> 1).to_string(),
        }
    }
}
