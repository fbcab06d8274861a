//! Chunks in blocks, blocks in the root of their lane, and the numbers of the living on the way up.

use super::log::{BLOCK, Block, Link, Root, Timeline};
use crate::core::time::Millis;

impl Timeline {
    /// Adds to the number of the living in a link, its block and nothing else. Returns the lane.
    pub fn add_alive(&mut self, block: u32, link: u8, more: i32) -> u32 {
        let block = self.blocks.get_mut(block);
        let link = &mut block.links[link as usize];
        link.alive = link.alive.wrapping_add_signed(more);
        let lane = &mut self.lanes[block.lane as usize];
        let root = &mut lane.root[(block.seq - lane.front) as usize];
        root.alive = root.alive.wrapping_add_signed(more);
        block.lane
    }

    /// Adds `more` to what a chunk's link and block count, after `replace_chunk`.
    pub fn recount(&mut self, id: u32, more: i32) {
        let chunk = self.chunks.get(id);
        self.add_alive(chunk.block, chunk.link, more);
    }

    pub fn link_after(&mut self, id: u32, new: u32) {
        let chunk = self.chunks.get(id);
        let (block, link) = (chunk.block, chunk.link);
        self.insert_link(block, link as usize + 1, new);
    }

    /// Puts an empty chunk into a block, before the link that is `at` now.
    pub fn insert_link(&mut self, block: u32, at: usize, chunk: u32) {
        if self.blocks.get(block).links.len() < BLOCK {
            let first = self.chunks.get(chunk).base();
            let links = &mut self.blocks.get_mut(block).links;
            let room = links.capacity();
            links.insert(
                at,
                Link {
                    first,
                    chunk,
                    alive: 0,
                },
            );
            self.links += links.capacity() - room;
            self.renumber_links(block, at);
            return;
        }
        let keep = if at == BLOCK { BLOCK } else { BLOCK / 2 };
        let upper = self.blocks.get_mut(block).links.split_off(keep);
        let new = self.add_block_after(block, upper);
        if at <= keep && keep < BLOCK {
            self.insert_link(block, at, chunk);
        } else {
            self.insert_link(new, at - keep, chunk);
        }
    }

    /// A new block behind another in its lane, with these links.
    fn add_block_after(&mut self, block: u32, links: Vec<Link>) -> u32 {
        let (lane, seq) = {
            let block = self.blocks.get(block);
            (block.lane, block.seq)
        };
        let alive: u32 = links.iter().map(|link| link.alive).sum();
        let first = links.first().map_or(0, |link| link.first);
        self.links += links.capacity();
        let new = self.blocks.insert(Block {
            lane,
            seq: 0,
            links,
        });
        let lane = &mut self.lanes[lane as usize];
        let at = (seq - lane.front) as usize;
        lane.root[at].alive -= alive;
        lane.root.insert(
            at + 1,
            Root {
                first,
                block: new,
                alive,
            },
        );
        self.renumber_blocks(new, at + 1);
        self.renumber_links(new, 0);
        new
    }

    /// Takes an empty chunk out.
    pub fn remove_chunk(&mut self, id: u32) {
        let chunk = self.chunks.remove(id);
        self.chunk_bytes -= chunk.bytes();
        if let Some(mixed) = &mut self.mixed {
            mixed.forget(id, self.chunks.capacity());
        }
        let block = self.blocks.get_mut(chunk.block);
        block.links.remove(chunk.link as usize);
        if !block.links.is_empty() {
            self.renumber_links(chunk.block, chunk.link as usize);
            return;
        }
        let block = self.blocks.remove(chunk.block);
        self.links -= block.links.capacity();
        let lane = &mut self.lanes[block.lane as usize];
        let at = (block.seq - lane.front) as usize;
        lane.root.remove(at);
        if at == 0 {
            lane.front += 1;
        } else if let Some(next) = lane.root.get(at) {
            let next = next.block;
            self.renumber_blocks(next, at);
        }
    }

    /// Tells the chunks from link `from` on where they stand, and the root what the block begins with.
    fn renumber_links(&mut self, block: u32, from: usize) {
        let links = &self.blocks.get(block).links;
        for (at, link) in links.iter().enumerate().skip(from) {
            let chunk = self.chunks.get_mut(link.chunk);
            chunk.link = at as u8;
            chunk.block = block;
        }
        if let (0, Some(link)) = (from, links.first()) {
            let first = link.first;
            self.set_first(block, 0, first);
        }
    }

    fn renumber_blocks(&mut self, block: u32, from: usize) {
        let lane = &self.lanes[self.blocks.get(block).lane as usize];
        for (at, root) in lane.root.iter().enumerate().skip(from) {
            self.blocks.get_mut(root.block).seq = lane.front + at as u64;
        }
    }

    /// What a link begins with, in the block and where it is the first also in the root.
    pub fn set_first(&mut self, block: u32, link: u8, first: Millis) {
        let block = self.blocks.get_mut(block);
        block.links[link as usize].first = first;
        if link == 0 {
            let lane = &mut self.lanes[block.lane as usize];
            lane.root[(block.seq - lane.front) as usize].first = first;
        }
    }
}
