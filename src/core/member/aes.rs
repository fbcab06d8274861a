//! A hash of one block: four rounds of AES, each under a key of its own. That no two blocks collide more often than chance has
//! it is proved of this many rounds for their whole result (Minematsu and Tsunoo, "Provably secure MACs from
//! differentially-uniform permutations and AES-based implementations", 2006); 64 bits of it are the hash.

/// What is hashed.
pub type Block = [u8; 16];

/// A key for each round, after the one that the block is mixed with before.
pub type RoundKeys = [u128; 5];

#[cfg(not(target_arch = "x86_64"))]
pub use without::BlockHash;
#[cfg(target_arch = "x86_64")]
pub use x86_64::BlockHash;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::{Block, RoundKeys};
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{__m128i, _mm_aesenc_si128, _mm_cvtsi128_si64, _mm_set_epi64x};

    /// The hash, on a processor that has instructions for it.
    pub struct BlockHash(RoundKeys);

    impl BlockHash {
        /// The hash under these keys. `None`: the processor has no instructions for it.
        pub fn new(keys: RoundKeys) -> Option<Self> {
            is_x86_feature_detected!("aes").then_some(Self(keys))
        }

        /// The hash of a block.
        #[inline]
        pub fn of(&self, block: &Block) -> u64 {
            // SAFETY: there is a `BlockHash` only where the processor has these instructions.
            unsafe { hash(&self.0, block) }
        }
    }

    #[target_feature(enable = "aes")]
    fn hash([before, rounds @ ..]: &RoundKeys, block: &Block) -> u64 {
        let mut state = vector(u128::from_le_bytes(*block) ^ before);
        for key in rounds {
            state = _mm_aesenc_si128(state, vector(*key));
        }
        _mm_cvtsi128_si64(state) as u64
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn vector(number: u128) -> __m128i {
        _mm_set_epi64x((number >> 64) as i64, number as i64)
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod without {
    use super::{Block, RoundKeys};

    /// There is none.
    pub enum BlockHash {}

    impl BlockHash {
        /// `None`: no processor of this kind is known to have instructions for it.
        pub fn new(_: RoundKeys) -> Option<Self> {
            None
        }

        /// The hash of a block.
        pub fn of(&self, _: &Block) -> u64 {
            match *self {}
        }
    }
}
