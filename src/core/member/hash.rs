//! Hashes under a key drawn at start-up, so that those who choose the names cannot choose the collisions.
//!
//! Nearly all stored names have 16 bytes, or 8, which are one block of AES. Where the processor has instructions for that, four
//! rounds of it under independent keys are the hash (`aes.rs`). Any other name, and any on another processor, is hashed with
//! SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), which is what the standard library hashes with.
//! That takes its input in pieces of any length; here it is all there.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use super::aes::{Block, BlockHash};

/// This process's keys.
struct Keys {
    sip: [u64; 2],
    /// Where the processor has the instructions.
    block: Option<BlockHash>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let random = RandomState::new();
    let mut counter = 0..;
    let mut word = || random.hash_one(counter.next());
    Keys {
        sip: [word(), word()],
        block: BlockHash::new(std::array::from_fn(|_| {
            u128::from(word()) << 64 | u128::from(word())
        })),
    }
});

impl Keys {
    #[inline]
    fn hash_block(&self, block: &Block) -> u64 {
        match &self.block {
            Some(hash) => hash.of(block),
            None => sip_1_3(self.sip, block),
        }
    }
}

/// The hash of a name of 16 bytes.
#[inline]
pub fn hash_block(block: &Block) -> u64 {
    KEYS.hash_block(block)
}

/// The hash of a name of any length.
pub fn hash(bytes: &[u8]) -> u64 {
    sip_1_3(KEYS.sip, bytes)
}

/// One word of input is mixed in with one round, and three rounds end it.
fn sip_1_3([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    let mut state = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut mix = |word| {
        state[3] ^= word;
        round(&mut state);
        state[0] ^= word;
    };
    let (words, rest) = bytes.as_chunks();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(u64::from_le_bytes(last) | (bytes.len() as u64) << 56);
    state[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut state);
    }
    state[0] ^ state[1] ^ state[2] ^ state[3]
}

#[inline(always)]
fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v2 = v2.wrapping_add(*v3);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v1);
    *v0 = v0.wrapping_add(*v3);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hasher};

    /// The standard library's default hasher is SipHash-1-3 with a key of zeros.
    #[test]
    fn it_is_the_hash_of_the_standard_library() {
        let bytes: Vec<u8> = (0..100_u32).map(|i| (i * 37 + 5) as u8).collect();
        for len in 0..=bytes.len() {
            let mut hasher = DefaultHasher::new();
            hasher.write(&bytes[..len]);
            assert_eq!(sip_1_3([0, 0], &bytes[..len]), hasher.finish(), "{len}");
        }
    }

    #[test]
    fn the_key_is_this_process_own() {
        assert_ne!(hash(b"ann"), sip_1_3([0, 0], b"ann"));
        assert_eq!(hash(b"ann"), hash(b"ann"));
        let ann = b"sixteen letters.";
        assert_ne!(Some(hash_block(ann)), of_key(0).map(|keys| keys.of(ann)));
        assert_eq!(hash_block(ann), hash_block(ann));
    }

    fn of_key(key: u128) -> Option<BlockHash> {
        BlockHash::new([key; 5])
    }

    #[test]
    fn without_instructions_a_block_is_hashed_as_any_name() {
        let keys = Keys {
            sip: [1, 2],
            block: None,
        };
        let block = b"sixteen letters.";
        assert_eq!(keys.hash_block(block), sip_1_3([1, 2], block));
    }

    /// Each bit of a block, and of each key, changes about half of all bits of the hash, and so does the key of the whole.
    #[test]
    fn each_bit_of_a_block_and_of_its_keys_counts() {
        let block = 0x0123_4567_89ab_cdef_u128;
        let keys = std::array::from_fn(|at| u128::MAX / 7 * at as u128);
        let hash = |keys, block: u128| Some(BlockHash::new(keys)?.of(&block.to_le_bytes()));
        let Some(unchanged) = hash(keys, block) else {
            return; // There are no instructions, and so no such hash.
        };
        let mut flipped = Vec::new();
        for bit in 0..128 {
            flipped.push(hash(keys, block ^ 1 << bit));
            // A bit of the last keys changes few bits: no round follows that would spread it.
            for key in 0..3 {
                let mut keys: [u128; 5] = keys;
                keys[key] ^= 1 << bit;
                flipped.push(hash(keys, block));
            }
        }
        for hash in flipped.into_iter().flatten() {
            let changed = (hash ^ unchanged).count_ones();
            assert!((10..54).contains(&changed), "{changed} of 64");
        }
    }
}
