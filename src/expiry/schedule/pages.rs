//! Entries packed into pages: a watched key costs little more than its name, and a list of any length grows and is
//! freed one page at a time.

use std::collections::LinkedList;

/// The size to which a page grows. A larger one holds a single entry.
pub const PAGE: usize = 4096;
/// What a page's node in the list takes.
const NODE: usize = 48;

/// A database, under whatever number it has at the moment.
pub type Token = usize;

/// One entry.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    pub token: Token,
    /// The low bits of the entry's bucket; the list's span has the others.
    pub low: u64,
    pub name: &'a [u8],
}

/// Entries, taken from the end of the first page and added to the end of the last. `held` is the caller's count of the
/// bytes that its lists have allocated. `low_bytes` is how many bytes `low` takes, the same for all entries of a list.
pub struct Pages {
    /// The first is never empty.
    list: LinkedList<Vec<u8>>,
}

impl Pages {
    pub const fn new() -> Pages {
        Pages {
            list: LinkedList::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many pages there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Adds an entry, packed so that it can be read backwards: the name, the low bits of its bucket, then the name's
    /// length and the token in base 128, each marked at its low digit, which is read last.
    pub fn push(&mut self, entry: Packed, low_bytes: usize, held: &mut usize) {
        let size = entry.name.len() + low_bytes + width(entry.name.len()) + width(entry.token);
        let fits = |page: &Vec<u8>| page.is_empty() || page.len() + size <= PAGE;
        if !self.list.back().is_some_and(fits) {
            self.list.push_back(Vec::new());
            *held += NODE;
        }
        let page = self.list.back_mut().expect("there is a last page");
        if page.capacity() - page.len() < size {
            *held -= page.capacity();
            page.reserve_exact(room(page.len() + size) - page.len());
            *held += page.capacity();
        }
        page.extend_from_slice(entry.name);
        page.extend_from_slice(&entry.low.to_le_bytes()[..low_bytes]);
        push_number(page, entry.name.len());
        push_number(page, entry.token);
    }

    /// The entry that comes next, and its size.
    pub fn next(&self, low_bytes: usize) -> Option<(Packed<'_>, usize)> {
        let page = self.list.front()?;
        let (rest, token) = split_number(page);
        let (rest, len) = split_number(rest);
        let (rest, packed) = rest.split_at(rest.len() - low_bytes);
        let mut low = [0; 8];
        low[..low_bytes].copy_from_slice(packed);
        let (rest, name) = rest.split_at(rest.len() - len);
        let low = u64::from_le_bytes(low);
        Some((Packed { token, low, name }, page.len() - rest.len()))
    }

    /// Removes the entry that comes next, of this size.
    pub fn remove(&mut self, size: usize, held: &mut usize) {
        if let Some(page) = self.list.front_mut() {
            page.truncate(page.len() - size);
        }
        while self.list.front().is_some_and(Vec::is_empty) {
            self.free_page(held);
        }
    }

    /// Begins a new page for what is added from now on. The list must not be empty.
    pub fn turn_page(&mut self, held: &mut usize) {
        self.list.push_back(Vec::new());
        *held += NODE;
    }

    /// Takes over all pages of another list, none of whose entries will be read.
    pub fn append(&mut self, other: &mut Pages) {
        self.list.append(&mut other.list);
    }

    /// Frees the first page, whatever is in it.
    pub fn free_page(&mut self, held: &mut usize) {
        if let Some(page) = self.list.pop_front() {
            *held -= page.capacity() + NODE;
        }
    }
}

/// The size of a page that has to hold `len` bytes. Little ahead: many lists get no more than a few entries.
fn room(len: usize) -> usize {
    if len > PAGE / 2 {
        return len.max(PAGE.min(len + len / 8));
    }
    (len + len / 4).next_multiple_of(32)
}

/// How many bytes a number takes.
pub fn width(number: usize) -> usize {
    let bits = usize::BITS - number.leading_zeros();
    (bits as usize).div_ceil(7).max(1)
}

fn push_number(page: &mut Vec<u8>, mut number: usize) {
    let mut mark = 0x80;
    while number >= 0x80 {
        page.push(number as u8 & 0x7f | mark);
        mark = 0;
        number >>= 7;
    }
    page.push(number as u8 | mark);
}

/// The number at the end, and what is before it.
fn split_number(mut page: &[u8]) -> (&[u8], usize) {
    let mut number = 0;
    while let Some((byte, rest)) = page.split_last() {
        page = rest;
        number = number << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            break;
        }
    }
    (page, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_any_size_are_packed_and_unpacked() {
        let lengths = [0, 1, 127, 128, 300, 4080, 4096, 16_383, 16_384, 100_000];
        let tokens = [0, 127, 128, 1 << 14, 1 << 35];
        for low_bytes in 0..=5 {
            let (mut pages, mut held, mut pushed) = (Pages::new(), 0, Vec::new());
            for (i, length) in lengths.into_iter().cycle().take(1000).enumerate() {
                let low = 0x0123_4567_89ab_cdef & ((1 << (8 * low_bytes)) - 1);
                let name = vec![i as u8; length];
                let token = tokens[i % 5];
                let entry = Packed {
                    token,
                    low,
                    name: &name,
                };
                pages.push(entry, low_bytes, &mut held);
                pushed.push((token, low, name));
            }
            let mut popped = Vec::new();
            while let Some((entry, size)) = pages.next(low_bytes) {
                popped.push((entry.token, entry.low, entry.name.to_vec()));
                pages.remove(size, &mut held);
            }
            pushed.sort();
            popped.sort();
            assert!(pushed == popped, "with {low_bytes} bytes");
            assert_eq!((pages.len(), held), (0, 0));
        }
    }

    #[test]
    fn pages_are_small_and_little_is_wasted() {
        let (mut pages, mut held, mut used) = (Pages::new(), 0, 0);
        for i in 0..100_000 {
            let name = format!("room:{i}");
            let entry = Packed {
                token: 0,
                low: 0,
                name: name.as_bytes(),
            };
            pages.push(entry, 2, &mut held);
            used += name.len() + 4;
            assert!(held <= used * 3 / 2 + 128, "{held} for {used} bytes");
        }
        assert!(pages.list.iter().all(|page| page.capacity() <= PAGE));
        assert!(held <= used + used / 20, "{held} for {used} bytes");
        let many = pages.len();
        pages.free_page(&mut held);
        assert_eq!(pages.len(), many - 1, "one page goes, and no more");
    }
}
