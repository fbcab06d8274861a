//! The settings that few sets have. A set without them has no byte for them: a small set has them behind the head of its
//! block, where a bit says that they are there, and in a table, which is large anyway, they are a field.

use super::memory::Uint;

/// The resolution and the cap of a set (see [`Settings`](crate::core::Settings)); 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RareSettings {
    pub resolution: Uint<5>,
    pub cap: Uint<4>,
}

impl RareSettings {
    /// How long [`to_bytes`](Self::to_bytes) is.
    pub const BYTES: usize = 9;

    #[inline]
    pub fn is_none(self) -> bool {
        self == RareSettings::default()
    }

    /// As they stand in a block.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (resolution, cap) = bytes.split_at_mut(5);
        resolution.copy_from_slice(&self.resolution.to_bytes());
        cap.copy_from_slice(&self.cap.to_bytes());
        bytes
    }

    /// Of what stands in a block; anything shorter is none.
    pub fn from_bytes(bytes: &[u8]) -> RareSettings {
        let parts = bytes.split_first_chunk::<5>();
        let parts = parts.and_then(|(resolution, cap)| Some((resolution, cap.first_chunk::<4>()?)));
        parts.map_or(RareSettings::default(), |(resolution, cap)| RareSettings {
            resolution: Uint::from_bytes(*resolution),
            cap: Uint::from_bytes(*cap),
        })
    }
}
