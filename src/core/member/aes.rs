//! A hash of one block: AES with the ten rounds of AES-128 (FIPS 197), of whose result 64 bits are the hash. The keys of the
//! rounds are drawn, not derived from one.

/// What is hashed.
pub type Block = [u8; 16];

/// The key that a block is mixed with first, and that of each round.
pub type RoundKeys = [u128; 11];

#[cfg(not(target_arch = "x86_64"))]
pub use without::BlockHash;
#[cfg(target_arch = "x86_64")]
pub use x86_64::BlockHash;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::{Block, RoundKeys};
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{
        __m128i, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_cvtsi128_si64, _mm_set_epi64x,
    };

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
    fn hash([before, rounds @ .., last]: &RoundKeys, block: &Block) -> u64 {
        let mut state = vector(u128::from_le_bytes(*block) ^ before);
        for key in rounds {
            state = _mm_aesenc_si128(state, vector(*key));
        }
        _mm_cvtsi128_si64(_mm_aesenclast_si128(state, vector(*last))) as u64
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

    /// There is none: it is written for x86-64 only.
    pub enum BlockHash {}

    impl BlockHash {
        /// `None`.
        pub fn new(_: RoundKeys) -> Option<Self> {
            None
        }

        /// The hash of a block.
        pub fn of(&self, _: &Block) -> u64 {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of FIPS 197, appendix B, with the keys of its rounds.
    #[test]
    fn it_is_aes() {
        let keys = [
            0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c,
            0xa0fa_fe17_8854_2cb1_23a3_3939_2a6c_7605,
            0xf2c2_95f2_7a96_b943_5935_807a_7359_f67f,
            0x3d80_477d_4716_fe3e_1e23_7e44_6d7a_883b,
            0xef44_a541_a852_5b7f_b671_253b_db0b_ad00,
            0xd4d1_c6f8_7c83_9d87_caf2_b8bc_11f9_15bc,
            0x6d88_a37a_110b_3efd_dbf9_8641_ca00_93fd,
            0x4e54_f70e_5f5f_c9f3_84a6_4fb2_4ea6_dc4f,
            0xead2_7321_b58d_bad2_312b_f560_7f8d_292f,
            0xac77_66f3_19fa_dc21_28d1_2941_575c_006e,
            0xd014_f9a8_c9ee_2589_e13f_0cc8_b663_0ca6,
        ];
        let block = 0x3243_f6a8_885a_308d_3131_98a2_e037_0734_u128.to_be_bytes();
        let Some(hash) = BlockHash::new(keys.map(u128::swap_bytes)) else {
            return; // Without instructions there is no such hash.
        };
        let result = 0x3925_841d_02dc_09fb_dc11_8597_196a_0b32_u128.to_be_bytes();
        assert_eq!(Some(&hash.of(&block).to_le_bytes()), result.first_chunk());
    }
}
