//! Numbers in no more bytes than they need, for what each of many small sets has.

/// A number of `N` bytes, without alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uint<const N: usize>([u8; N]);

impl<const N: usize> Default for Uint<N> {
    fn default() -> Self {
        Uint([0; N])
    }
}

impl<const N: usize> Uint<N> {
    /// The largest number there is.
    pub const MAX: u64 = u64::MAX >> (64 - 8 * N);

    /// The number, or the largest there is where it is larger: what is out of bounds stays at the edge, and does not
    /// come out small.
    #[inline]
    pub fn new(number: u64) -> Uint<N> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&number.min(Self::MAX).to_le_bytes()[..N]);
        Uint(bytes)
    }

    /// The number of these bytes, the lowest first.
    pub fn from_bytes(bytes: [u8; N]) -> Uint<N> {
        Uint(bytes)
    }

    /// The bytes, the lowest first.
    pub fn to_bytes(self) -> [u8; N] {
        self.0
    }

    /// The number.
    #[inline]
    pub fn get(self) -> u64 {
        let mut word = [0; 8];
        word[..N].copy_from_slice(&self.0);
        u64::from_le_bytes(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_stays_at_the_edge() {
        const MAX: u64 = (1 << 48) - 1;
        for (number, kept) in [
            (0, 0),
            (MAX - 1, MAX - 1),
            (MAX, MAX),
            (MAX + 1, MAX),
            (1 << 56, MAX),
            (u64::MAX, MAX),
        ] {
            assert_eq!(Uint::<6>::new(number).get(), kept, "{number:#x}");
        }
        assert_eq!(Uint::<5>::new(MAX).get(), Uint::<5>::MAX);
    }
}
