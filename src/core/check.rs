//! What must hold inside a set between any two operations.

use super::chunk::Chunk;
use super::place::{Address, Place};
use super::set::PresenceSet;
use super::sought::Sought;
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
        let names = &self.names;
        assert_eq!(names.len(), self.timeline.len());
        assert_eq!(names.len(), names.spots().len());
        for spot in names.spots() {
            let member = names.member(spot);
            let home = names.with_name(spot, |name| {
                let sought = Sought::new(name);
                assert_eq!(names.find(&sought), Some(spot), "{member:?} is found");
                sought.home()
            });
            let place = names.place(spot);
            let chunk = self.timeline.chunks.get(place.chunk());
            assert!(chunk.is_alive(place.index()));
            assert_eq!(chunk.entry(place.index()).home, home);
            assert_eq!(names.at(Address { home, place }), spot);
        }
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
                    let queued = self.thin.ids().filter(|id| *id == link.chunk).count();
                    assert!(queued > 0 || !chunk.waits, "who waits is in the queue");
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
    assert_eq!(Place::new(1, chunk.len() - 1).chunk(), 1);
}
