//! The lanes of a timeline as trees of fixed height: a lane's root lists blocks, a block lists chunks, and both levels
//! carry the number of the living, so that a rank is a binary search and a sum over at most a few hundred small numbers
//! (`rank.rs`).
//!
//! Chunks and blocks stand in arenas and know their parents, so whoever has an entry's id finds its lane.

use std::collections::VecDeque;

use super::chunk::Chunk;
use crate::core::memory::{Arena, Mover, Steps};
use crate::core::time::Millis;

/// Chunks in a block.
pub const BLOCK: usize = 64;

/// A chunk in its block.
#[derive(Clone)]
pub struct Link {
    /// The chunk's base: no entry of it is earlier, none of the chunk before it later.
    pub first: Millis,
    pub chunk: u32,
    pub alive: u32,
}

/// Up to [`BLOCK`] chunks in order of time. Never empty, except in free slots of the arena.
#[derive(Default)]
pub struct Block {
    pub lane: u32,
    /// Its position in the lane's root, counted from `Lane::front`.
    pub seq: u64,
    pub links: Vec<Link>,
}

impl Clone for Block {
    /// With as much room, which is counted ([`ChunkTree::links`]).
    fn clone(&self) -> Block {
        let mut links = Vec::with_capacity(self.links.capacity());
        links.extend_from_slice(&self.links);
        Block { links, ..*self }
    }
}

/// A block in its lane's root.
#[derive(Clone)]
pub struct Root {
    pub first: Millis,
    pub block: u32,
    pub alive: u32,
}

/// The members of one ttl, or of many, in the order they were seen.
#[derive(Clone, Default)]
pub struct Lane {
    /// Of a mixed lane: the least that a ttl in it can be.
    pub ttl: Millis,
    /// Whether each entry has an own ttl.
    pub mixed: bool,
    pub alive: usize,
    /// How many of them had expired at the frontier (`online.rs`). Not of a mixed lane.
    pub expired: usize,
    /// What `seq` of the first block of the root is.
    pub front: u64,
    /// The time-outs of members seen before this moment have been reported (`timeouts.rs`).
    pub reported_upto: Millis,
    pub root: VecDeque<Root>,
}

/// All chunks of all lanes.
#[derive(Clone, Default)]
pub struct ChunkTree {
    pub lanes: Vec<Lane>,
    pub chunks: Arena<Chunk>,
    pub blocks: Arena<Block>,
    /// Bytes of the chunks' own blocks of memory.
    pub chunk_bytes: usize,
    /// How many links there is room for in all blocks.
    pub links: usize,
}

impl ChunkTree {
    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.chunk_bytes
            + self.chunks.bytes()
            + self.blocks.bytes()
            + self.lanes.capacity() * size_of::<Lane>()
            + self.links * size_of::<Link>()
            + (2 * self.blocks.len() + 4 * self.lanes.len()) * size_of::<Root>()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        2 * self.chunks.len() + 2 * self.blocks.len() + self.lanes.len()
    }

    /// Moves the chunks' blocks.
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        steps.arena(&mut self.chunks, |chunk, mover| {
            for block in chunk.blocks_mut() {
                mover.slice(block);
            }
        });
        steps.arena(&mut self.blocks, |_, _| {});
    }

    #[inline]
    pub fn lane_of(&self, chunk: &Chunk) -> &Lane {
        if let [only] = self.lanes.as_slice() {
            only
        } else {
            &self.lanes[self.blocks.get(chunk.block).lane as usize]
        }
    }

    /// A chunk, and the ttl of its lane.
    pub fn chunk_and_ttl(&self, id: u32) -> (&Chunk, Millis) {
        let chunk = self.chunks.get(id);
        (chunk, self.lane_of(chunk).ttl)
    }

    /// The chunks of mixed lanes.
    pub fn mixed_chunks(&self) -> impl Iterator<Item = u32> + '_ {
        let lanes = self.lanes.iter().filter(|lane| lane.mixed);
        let blocks = lanes.flat_map(|lane| &lane.root).map(|root| root.block);
        let links = blocks.flat_map(move |block| &self.blocks.get(block).links);
        links.map(|link| link.chunk)
    }

    /// The chunk before one in its lane.
    pub fn chunk_before(&self, id: u32) -> Option<u32> {
        let chunk = self.chunks.get(id);
        let block = self.blocks.get(chunk.block);
        if let Some(link) = chunk.link.checked_sub(1) {
            return Some(block.links[usize::from(link)].chunk);
        }
        let lane = &self.lanes[block.lane as usize];
        let at = (block.seq - lane.front).checked_sub(1)?;
        let links = &self.blocks.get(lane.root[at as usize].block).links;
        links.last().map(|link| link.chunk)
    }

    /// The chunk after one in its lane.
    pub fn chunk_after(&self, id: u32) -> Option<u32> {
        let chunk = self.chunks.get(id);
        let block = self.blocks.get(chunk.block);
        if let Some(link) = block.links.get(usize::from(chunk.link) + 1) {
            return Some(link.chunk);
        }
        let lane = &self.lanes[block.lane as usize];
        let root = lane.root.get((block.seq - lane.front) as usize + 1)?;
        let links = &self.blocks.get(root.block).links;
        links.first().map(|link| link.chunk)
    }

    /// Adds to the number of the living in a link, its block and nothing else. Returns the lane. Inlined, since each
    /// touch does it.
    #[inline(always)]
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
