//! What must hold inside a timeline between any two operations.

use super::chunk::Chunk;
use super::chunk_tree::BLOCK;
use super::log::{MAX_LANES, Timeline};
use crate::core::refs::{EntryId, MemberRef};
use crate::core::time::{Millis, has_expired};

impl Timeline {
    /// Panics where the timeline contradicts itself.
    pub fn check(&self) {
        let (mut alive, mut expired, mut bytes) = (0, 0, 0);
        let (mut chunks, mut blocks, mut links) = (0, 0, 0);
        let own_lanes = self.tree.own_lanes().filter(|(_, ttl)| *ttl > 0).count();
        assert!(own_lanes <= MAX_LANES);
        let mixed = self.tree.mixed_lanes().count();
        assert_eq!(self.mixed.as_ref().map_or(0, |mixed| mixed.lanes), mixed);
        for (_, lane) in self.tree.lanes() {
            let ttl = lane.ttl;
            let (mut last, mut in_lane, mut expired_in_lane) = (0, 0, 0);
            for (at, root) in lane.root.iter().enumerate() {
                let block = self.tree.blocks.get(root.block);
                assert_eq!(block.seq, lane.front + at as u64);
                assert!((1..=BLOCK).contains(&block.links.len()));
                assert_eq!(
                    root.alive,
                    block.links.iter().map(|link| link.alive).sum::<u32>()
                );
                assert_eq!(root.first, block.links[0].first);
                blocks += 1;
                links += block.links.capacity();
                for (at, link) in block.links.iter().enumerate() {
                    let chunk = self.tree.chunks.get(link.chunk);
                    assert_eq!(
                        (chunk.block, chunk.link as usize),
                        (root.block, at),
                        "a chunk knows where it is"
                    );
                    assert_eq!(link.first, chunk.base());
                    assert!(link.first >= last, "chunks are in order");
                    assert_eq!(link.alive as usize, chunk.alive());
                    assert!(chunk.alive() > 0, "an empty chunk is removed");
                    let queued = self.sparse.ids().filter(|id| *id == link.chunk).count();
                    assert!(queued > 0 || !chunk.queued, "who queued is in the queue");
                    check_order(chunk, &mut last);
                    bytes += chunk.bytes();
                    chunks += 1;
                    in_lane += chunk.alive();
                    assert_eq!(chunk.is_mixed(), lane.mixed);
                    if lane.mixed {
                        self.check_mixed(link.chunk, ttl);
                        continue;
                    }
                    expired_in_lane += chunk
                        .living_from(0)
                        .filter(|(_, entry)| has_expired(entry.time, ttl, self.frontier))
                        .count();
                }
            }
            assert_eq!(lane.alive, in_lane);
            assert_eq!(lane.expired, expired_in_lane);
            alive += in_lane;
            expired += expired_in_lane;
        }
        assert_eq!((self.alive, self.expired), (alive, expired));
        assert_eq!(
            (self.tree.chunks.len(), self.tree.blocks.len()),
            (chunks, blocks)
        );
        assert_eq!(self.tree.chunk_bytes, bytes);
        assert_eq!(self.tree.links, links);
    }

    /// Panics where a member's entry is not what it is known by.
    pub fn check_entry(&self, member: MemberRef) {
        let MemberRef { prefix, entry_id } = member;
        let chunk = self.tree.chunks.get(entry_id.chunk());
        assert!(chunk.is_alive(entry_id.index()));
        assert_eq!(chunk.entry(entry_id.index()).prefix, prefix);
    }

    /// How many blocks of memory a relocation moves.
    pub fn blocks_to_move(&mut self) -> usize {
        let pages = self.tree.chunks.pages_mut().len() + self.tree.blocks.pages_mut().len();
        pages + 2 * self.tree.chunks.len()
    }

    /// Whether there is a mixed lane.
    pub fn mixes_ttls(&self) -> bool {
        self.mixed.is_some()
    }

    /// What is noted of a chunk of a mixed lane.
    fn check_mixed(&self, id: u32, ttl: Millis) {
        let chunk = self.tree.chunks.get(id);
        let mixed = self.mixed.as_ref().expect("there is a mixed lane");
        let due = |retain: Millis| {
            let living = chunk.living_from(0);
            living.map(move |(index, _)| (chunk.due(index, ttl, retain), index))
        };
        let ends: Vec<_> = due(0).map(|((end, _), _)| end).collect();
        let first = due(self.due_retain).min().expect("it is not empty");
        mixed.check(id, &ends, first, |index| chunk.is_alive(index));
    }
}

fn check_order(chunk: &Chunk, last: &mut u64) {
    chunk.check();
    let mut living = 0;
    for (_, entry) in chunk.living_from(0) {
        assert!(entry.time >= *last, "entries are in order");
        *last = entry.time;
        living += 1;
    }
    assert_eq!(living, chunk.alive());
    assert!(chunk.last_time() >= *last);
    *last = chunk.last_time();
    assert_eq!(EntryId::new(1, chunk.len() - 1).chunk(), 1);
}
