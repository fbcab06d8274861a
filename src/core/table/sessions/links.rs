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
    pages: Vec<Page>,
    blocks: usize,
}

/// Places of sessions whose numbers follow each other.
#[derive(Clone, Default)]
struct Page {
    /// Without any session in a group there is no block.
    links: Box<[Link]>,
    /// How many sessions are in groups.
    len: usize,
}

impl Links {
    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.pages.capacity() * size_of::<Page>() + self.blocks * PAGE * size_of::<Link>()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.blocks
    }

    /// Moves the blocks (`memory/mover.rs`).
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        steps.each(&mut self.pages, |page, mover| mover.slice(&mut page.links));
    }

    /// A session's place, which is none where it is in no group.
    pub fn get(&self, session: u32) -> Link {
        let page = self.pages.get(session as usize / PAGE);
        let link = page.and_then(|page| page.links.get(session as usize % PAGE));
        link.copied().unwrap_or_default()
    }

    /// The place of a session that is in a group, to be changed.
    pub fn get_mut(&mut self, session: u32) -> &mut Link {
        &mut self.pages[session as usize / PAGE].links[session as usize % PAGE]
    }

    /// A session, which is in no group, gets a place.
    pub fn add(&mut self, session: u32, link: Link) {
        let number = session as usize / PAGE;
        if number >= self.pages.len() {
            self.pages.resize_with(number + 1, Page::default);
        }
        let page = &mut self.pages[number];
        if page.len == 0 {
            page.links = vec![Link::default(); PAGE].into_boxed_slice();
            self.blocks += 1;
        }
        page.links[session as usize % PAGE] = link;
        page.len += 1;
    }

    /// Takes away the place of a session that is in a group.
    pub fn remove(&mut self, session: u32) -> Link {
        let page = &mut self.pages[session as usize / PAGE];
        let link = std::mem::take(&mut page.links[session as usize % PAGE]);
        page.len -= 1;
        if page.len == 0 {
            page.links = Box::default();
            self.blocks -= 1;
        }
        link
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_sessions_in_groups_has_no_block() {
        let mut links = Links::default();
        let link = Link {
            group: 0,
            ..Link::default()
        };
        let sessions = 0..3 * PAGE as u32;
        sessions
            .clone()
            .for_each(|session| links.add(session, link));
        assert_eq!(links.allocations(), 3);
        for session in sessions {
            assert_eq!(links.remove(session).group, 0);
            assert_eq!(links.get(session).group, NONE);
        }
        assert_eq!(links.allocations(), 0);
    }
}
