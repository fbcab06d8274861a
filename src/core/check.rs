//! What must hold inside a set between any two operations.

use super::chunk::Chunk;
use super::place::Place;
use super::set::PresenceSet;
use super::table::Table;
use super::time::has_expired;
use super::timeline::{BLOCK, Timeline};

impl PresenceSet {
    /// Panics where the set contradicts itself.
    pub fn check(&self) {
        if let Some(table) = self.table() {
            table.check();
        }
    }
}

impl Table {
    fn check(&self) {
        self.timeline.check();
        assert_eq!(self.slots.len(), self.timeline.len());
        let mut from = Some(u32::MAX);
        let mut walked = 0;
        while let Some(slot) = from.and_then(|from| self.slots.live_at_or_below(from)) {
            let member = self.slots.member(slot);
            assert_eq!(
                self.slots.with_name(slot, |name| self.index_find(name)),
                Some(slot),
                "{member:?} is not indexed"
            );
            let place = self.slots.place(slot);
            let chunk = self.timeline.chunks.get(place.chunk());
            assert!(chunk.is_alive(place.index()));
            assert_eq!(chunk.slot(place.index()), slot);
            walked += 1;
            from = slot.checked_sub(1);
        }
        assert_eq!(walked, self.slots.len());
    }
}

impl Timeline {
    fn check(&self) {
        let (mut alive, mut expired, mut chunks, mut blocks, mut bytes) = (0, 0, 0, 0, 0);
        for (lane, ttl) in self.lanes() {
            let lane = &self.lanes[lane as usize];
            let (mut last, mut in_lane, mut expired_in_lane) = (0, 0, 0);
            for (at, root) in lane.root.iter().enumerate() {
                let block = self.blocks.get(root.block);
                assert_eq!(block.seq, lane.front + at as u64);
                assert!((1..=BLOCK).contains(&block.links.len()));
                assert_eq!(
                    root.alive,
                    block.links.iter().map(|link| link.alive).sum::<u32>()
                );
                assert_eq!(root.first, block.links[0].first);
                blocks += 1;
                for (at, link) in block.links.iter().enumerate() {
                    let chunk = self.chunks.get(link.chunk);
                    assert_eq!(
                        (chunk.block, chunk.link as usize),
                        (root.block, at),
                        "a chunk knows where it is"
                    );
                    assert_eq!(link.first, chunk.base());
                    assert!(link.first >= last, "chunks are in order");
                    assert_eq!(link.alive as usize, chunk.alive());
                    assert!(chunk.alive() > 0, "an empty chunk is removed");
                    check_order(chunk, &mut last);
                    bytes += chunk.bytes();
                    chunks += 1;
                    in_lane += chunk.alive();
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
        assert_eq!((self.chunks.len(), self.blocks.len()), (chunks, blocks));
        assert_eq!(self.chunk_bytes, bytes);
    }
}

fn check_order(chunk: &Chunk, last: &mut u64) {
    for index in 0..chunk.len() {
        assert!(chunk.time(index) >= *last, "entries are in order");
        *last = chunk.time(index);
    }
    assert_eq!(chunk.living_from(0).count(), chunk.alive());
    assert_eq!(Place::new(1, chunk.len() - 1).chunk(), 1);
}
