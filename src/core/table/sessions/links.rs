//! Which group a session is in, and which sessions were attached to that before and after it.

use crate::core::memory::{Mover, Steps};

/// No session, or no group.
pub const NONE: u32 = u32::MAX;
/// Sessions in a page.
const PAGE: usize = 256;

/// A session's place in its group.
#[derive(Clone, Copy)]
pub struct Link {
    pub group: u32,
    pub before: u32,
    pub after: u32,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            group: NONE,
            before: NONE,
            after: NONE,
        }
    }
}

/// Places by the numbers of sessions. Only those of sessions in groups take memory, by the page.
#[derive(Clone, Default)]
pub struct Links {
    /// A page without any such session has no block.
    pages: Vec<Box<[Link]>>,
    blocks: usize,
}

impl Links {
    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.pages.capacity() * size_of::<Box<[Link]>>() + self.blocks * PAGE * size_of::<Link>()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.blocks
    }

    /// Moves the blocks (`memory/mover.rs`).
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        steps.each(&mut self.pages, |page, mover| mover.slice(page));
    }

    /// A session's place, which is none where it is in no group.
    pub fn get(&self, session: u32) -> Link {
        let page = self.pages.get(session as usize / PAGE);
        let link = page.and_then(|page| page.get(session as usize % PAGE));
        link.copied().unwrap_or_default()
    }

    /// A session's place, to be changed.
    pub fn get_mut(&mut self, session: u32) -> &mut Link {
        let page = session as usize / PAGE;
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, Box::default);
        }
        let page = &mut self.pages[page];
        if page.is_empty() {
            *page = vec![Link::default(); PAGE].into_boxed_slice();
            self.blocks += 1;
        }
        &mut page[session as usize % PAGE]
    }
}
