//! Sets of small numbers as bits, which words are asked about.

/// The lowest bit at or above `from` that is set.
#[inline]
pub fn first_from(words: &[u64], from: usize) -> Option<usize> {
    let mut word = from / 64;
    let mut mask = u64::MAX << (from % 64);
    while let Some(bits) = words.get(word) {
        if bits & mask != 0 {
            return Some(word * 64 + (bits & mask).trailing_zeros() as usize);
        }
        word += 1;
        mask = u64::MAX;
    }
    None
}

/// The highest bit below `before` that is set; `before` is at most one beyond the last bit.
#[inline]
pub fn last_before(words: &[u64], before: usize) -> Option<usize> {
    let last = before.checked_sub(1)?;
    let (mut word, mut mask) = (last / 64, u64::MAX >> (63 - last % 64));
    loop {
        let bits = words[word] & mask;
        if bits != 0 {
            return Some(word * 64 + bits.ilog2() as usize);
        }
        word = word.checked_sub(1)?;
        mask = u64::MAX;
    }
}

/// Calls `f` with each bit that is set, upwards.
#[inline]
pub fn each(words: &[u64], mut f: impl FnMut(usize)) {
    for (word, &bits) in words.iter().enumerate() {
        let mut left = bits;
        while left != 0 {
            f(word * 64 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

/// How many bits are set.
pub fn count(words: &[u64]) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
}

/// How many bits below `before` are set.
#[inline]
pub fn count_before(words: &[u64], before: usize) -> usize {
    let word = before / 64;
    let rest = match before % 64 {
        0 => 0,
        bits => (words[word] << (64 - bits)).count_ones() as usize,
    };
    count(&words[..word]) + rest
}

/// The bit that has `rank` set ones below it.
pub fn select(words: &[u64], rank: usize) -> Option<usize> {
    let mut left = rank;
    for (word, &bits) in words.iter().enumerate() {
        let ones = bits.count_ones() as usize;
        if left < ones {
            let bits = (0..left).fold(bits, |bits, _| bits & (bits - 1));
            return Some(word * 64 + bits.trailing_zeros() as usize);
        }
        left -= ones;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_and_select_see_the_same_bits() {
        let set: Vec<usize> = (0..256).filter(|i| i * i % 7 == 2 || *i > 250).collect();
        let mut words = [0; 4];
        for i in &set {
            words[i / 64] |= 1 << (i % 64);
        }
        assert_eq!(count(&words), set.len());
        for i in 0..=256 {
            assert_eq!(
                count_before(&words, i),
                set.iter().filter(|at| **at < i).count()
            );
            assert_eq!(
                first_from(&words, i),
                set.iter().copied().find(|at| *at >= i)
            );
            assert_eq!(
                last_before(&words, i),
                set.iter().copied().rfind(|at| *at < i)
            );
        }
        for (rank, i) in set.iter().enumerate() {
            assert_eq!(select(&words, rank), Some(*i));
        }
        assert_eq!(select(&words, set.len()), None);
    }
}
