//! Hashes under a key drawn at start-up, so that those who choose the names cannot choose the collisions.
//!
//! Nearly all names are stored in 8 or 16 bytes, which fit a block of AES. Where the processor has instructions for it, their hash
//! is that (`aes.rs`): 39 instructions with the choice of it. All others are hashed with SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast
//! short-input PRF", 2012), which is what the standard library hashes with: 126, of 16 bytes. That takes its input in pieces of any length; here
//! it is all there.

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

/// The hash of a name that is stored as one block.
#[inline]
pub fn hash_block(block: &Block) -> u64 {
    KEYS.hash_block(block)
}

/// The hash of a name of any length.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    sip_1_3(KEYS.sip, bytes)
}

/// One word of input is mixed in with one round, and three rounds end it.
#[inline]
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
        let block = b"sixteen letters.";
        let of_zeros = BlockHash::new(Default::default()).map(|hash| hash.of(block));
        assert_ne!(Some(hash_block(block)), of_zeros);
        assert_ne!(hash_block(block), sip_1_3([0, 0], block));
        assert_eq!(hash_block(block), hash_block(block));
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
}
