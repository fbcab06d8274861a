//! Storage for things that never move: fixed-size pages, addressed by a small integer.
//!
//! A growing `Vec` copies everything it holds each time it doubles, which at ten million members stops the server for
//! tens of milliseconds. An arena adds a page of [`PAGE`] items instead; only the first page grows by copying, so that
//! a small set stays small. A freed slot is given out again lowest first, so the high pages drain. A page that holds
//! nothing gives its block back at once, wherever it is: the last item to go never has more than one to free.

/// Items in a page.
pub const PAGE: usize = 256;
const WORDS: usize = PAGE / 64;
/// What the first page starts with; it doubles up to [`PAGE`].
const FIRST: usize = 1;
/// So many pages without a block are dropped at once from the end.
const DROPPED: usize = 64;

/// A paged store of `T`, addressed by index. `T::default()` fills free slots.
#[derive(Clone)]
pub struct Arena<T> {
    /// A page that holds nothing has no block.
    pages: Vec<Box<[T]>>,
    /// How many have one.
    blocks: usize,
    /// Which slots of each page hold an item.
    live: Vec<[u64; WORDS]>,
    /// Which pages have a free slot, one bit a page.
    open: Vec<u64>,
    /// No word of `open` before this one has a bit set.
    first_open: usize,
    len: usize,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena {
            pages: Vec::new(),
            blocks: 0,
            live: Vec::new(),
            open: Vec::new(),
            first_open: 0,
            len: 0,
        }
    }
}

impl<T> Arena<T> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many items the pages have room for.
    pub fn capacity(&self) -> usize {
        match self.pages.as_slice() {
            [] => 0,
            [only] => only.len(),
            _ => self.blocks * PAGE,
        }
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.blocks
    }

    /// Bytes allocated, without what the items own themselves.
    pub fn bytes(&self) -> usize {
        self.capacity() * size_of::<T>()
            + self.pages.capacity() * size_of::<Box<[T]>>()
            + self.live.capacity() * size_of::<[u64; WORDS]>()
            + self.open.capacity() * size_of::<u64>()
    }

    /// The pages, for their blocks to be moved (`mover.rs`).
    pub fn pages_mut(&mut self) -> &mut [Box<[T]>] {
        &mut self.pages
    }

    /// Where there are items, in order.
    pub fn indices(&self) -> impl Iterator<Item = u32> + '_ {
        let words = self.live.iter().flatten().enumerate();
        words.flat_map(|(at, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 != 0);
            bits.map(move |bit| at as u32 * 64 + bit)
        })
    }

    /// The item at `index`. Panics where `index` was never given out.
    #[inline(always)]
    pub fn get(&self, index: u32) -> &T {
        &self.pages[index as usize / PAGE][index as usize % PAGE]
    }

    /// The item at `index`, to be changed. Panics where `index` was never given out.
    #[inline(always)]
    pub fn get_mut(&mut self, index: u32) -> &mut T {
        &mut self.pages[index as usize / PAGE][index as usize % PAGE]
    }

    /// The slot at `index`, to be changed, which may be free; `None` where its page has no block.
    pub fn slot_mut(&mut self, index: u32) -> Option<&mut T> {
        let page = self.pages.get_mut(index as usize / PAGE)?;
        page.get_mut(index as usize % PAGE)
    }

    fn set_open(&mut self, page: usize) {
        let word = page / 64;
        self.open[word] |= 1 << (page % 64);
        self.first_open = self.first_open.min(word);
    }

    /// The lowest page with a free slot, or `None` where all are full.
    fn lowest_open(&mut self) -> Option<usize> {
        while self.first_open < self.open.len() {
            let bits = self.open[self.first_open];
            if bits != 0 {
                return Some(self.first_open * 64 + bits.trailing_zeros() as usize);
            }
            self.first_open += 1;
        }
        None
    }
}

impl<T: Default> Arena<T> {
    /// Stores `item` in the lowest free slot and returns its index.
    pub fn insert(&mut self, item: T) -> u32 {
        let page = match self.lowest_open() {
            Some(page) => page,
            None => self.grow(),
        };
        let slot = self.live[page]
            .iter()
            .enumerate()
            .find_map(|(i, &word)| {
                (word != u64::MAX).then(|| i * 64 + word.trailing_ones() as usize)
            })
            .expect("an open page has a free slot");
        if self.pages[page].is_empty() {
            self.pages[page] = self.new_page();
        }
        self.live[page][slot / 64] |= 1 << (slot % 64);
        self.pages[page][slot] = item;
        self.len += 1;
        if self.next_free(page).is_none() {
            self.open[page / 64] &= !(1 << (page % 64));
        }
        (page * PAGE + slot) as u32
    }

    /// Takes the item at `index` out; its slot may be given out again.
    pub fn remove(&mut self, index: u32) -> T {
        let (page, slot) = (index as usize / PAGE, index as usize % PAGE);
        let bit = 1 << (slot % 64);
        debug_assert!(
            self.live[page][slot / 64] & bit != 0,
            "double free of {index}"
        );
        self.live[page][slot / 64] &= !bit;
        self.len -= 1;
        self.set_open(page);
        let item = std::mem::take(&mut self.pages[page][slot]);
        if self.live[page] == [0; WORDS] {
            self.pages[page] = Box::default();
            self.blocks -= 1;
        }
        self.drop_empty_tail();
        item
    }

    fn next_free(&self, page: usize) -> Option<usize> {
        self.live[page].iter().enumerate().find_map(|(i, &word)| {
            let slot = i * 64 + word.trailing_ones() as usize;
            (word != u64::MAX && slot < self.pages[page].len()).then_some(slot)
        })
    }

    /// A block for a page; the only page starts small.
    fn new_page(&mut self) -> Box<[T]> {
        self.blocks += 1;
        let size = if self.pages.len() > 1 { PAGE } else { FIRST };
        let mut items = Vec::with_capacity(size);
        items.resize_with(size, T::default);
        items.into_boxed_slice()
    }

    /// Makes room: the only page doubles, or a page is added. Returns a page with a free slot.
    fn grow(&mut self) -> usize {
        if let [only] = self.pages.as_mut_slice()
            && only.len() < PAGE
        {
            let size = only.len() * 2;
            let mut items = std::mem::take(only).into_vec();
            items.reserve_exact(size - items.len());
            items.resize_with(size, T::default);
            *only = items.into_boxed_slice();
            self.set_open(0);
            return 0;
        }
        let page = self.pages.len();
        self.pages.push(Box::default());
        self.live.push([0; WORDS]);
        if page / 64 == self.open.len() {
            self.open.push(0);
        }
        self.set_open(page);
        page
    }

    /// Drops pages at the end that hold nothing.
    fn drop_empty_tail(&mut self) {
        for _ in 0..DROPPED {
            if self.pages.last().is_none_or(|page| !page.is_empty()) {
                break;
            }
            self.pages.pop();
            self.live.pop();
            let page = self.pages.len();
            self.open[page / 64] &= !(1 << (page % 64));
            self.open.truncate(page.div_ceil(64));
        }
        let room = self.pages.capacity();
        if room > 64 && self.pages.len() < room / 4 {
            self.pages.shrink_to(room / 2);
            self.live.shrink_to(room / 2);
            self.open.shrink_to(room / 128);
        }
        self.first_open = self.first_open.min(self.open.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_slot_first_and_pages_returned() {
        let mut arena = Arena::default();
        for i in 0..2000_u32 {
            assert_eq!(arena.insert(i), i);
        }
        assert_eq!((arena.len(), arena.capacity()), (2000, 2048));
        assert_eq!(arena.remove(700), 700);
        assert_eq!(arena.remove(3), 3);
        assert_eq!((arena.insert(7), arena.insert(8)), (3, 700));
        for i in (100..2000).rev() {
            arena.remove(i);
        }
        assert_eq!((arena.len(), arena.capacity()), (100, PAGE));
    }

    #[test]
    fn each_page_gives_its_block_back_when_it_is_empty() {
        let mut arena = Arena::default();
        let len = 200 * PAGE as u32;
        for i in 0..len {
            arena.insert(i);
        }
        for i in 0..len {
            assert_eq!(arena.remove(i), i);
            let left = (len - i - 1) as usize;
            assert_eq!(arena.allocations(), left.div_ceil(PAGE));
        }
        assert_eq!(arena.capacity(), 0);
        assert_eq!(arena.insert(7), 0);
        assert_eq!((*arena.get(0), arena.allocations()), (7, 1));
    }

    #[test]
    fn the_first_page_grows_in_steps() {
        let mut arena = Arena::default();
        assert_eq!(arena.capacity(), 0);
        for i in 0..9_u32 {
            arena.insert(i);
        }
        assert_eq!(arena.capacity(), 16);
        assert!((0..9).all(|i| *arena.get(i) == i));
        for i in 0..9 {
            arena.remove(i);
        }
        assert_eq!((arena.len(), arena.capacity()), (0, 0));
    }
}
