//! Numbers in no more bytes than they need, for what each of many small sets has.

/// A number of `N` bytes, without alignment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Compact<const N: usize>([u8; N]);

impl<const N: usize> Compact<N> {
    /// The largest number there is.
    pub const MAX: u64 = u64::MAX >> (64 - 8 * N);

    /// The number, which must not be larger than [`MAX`](Self::MAX).
    #[inline]
    pub fn new(number: u64) -> Compact<N> {
        debug_assert!(number <= Self::MAX);
        let mut bytes = [0; N];
        bytes.copy_from_slice(&number.to_le_bytes()[..N]);
        Compact(bytes)
    }

    /// The number.
    #[inline]
    pub fn get(self) -> u64 {
        let mut word = [0; 8];
        word[..N].copy_from_slice(&self.0);
        u64::from_le_bytes(word)
    }
}
