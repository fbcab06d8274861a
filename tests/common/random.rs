//! Random choices that can be made again.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of numbers (SplitMix64). The same seed gives the same numbers.
pub struct Random(u64);

impl Random {
    /// Seeded by `PRESENCE_SEED`, else by the clock. The seed is printed: a test that fails shows it.
    pub fn new() -> Self {
        let seed = match env::var("PRESENCE_SEED") {
            Ok(seed) => seed.parse().expect("PRESENCE_SEED is a number"),
            Err(_) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                now.expect("a clock after 1970").subsec_nanos().into()
            }
        };
        println!("PRESENCE_SEED={seed}");
        Self(seed)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len() as u64);
        from[usize::try_from(index).expect("an index")]
    }
}
