//! The members of a mixed lane whom a question is about, in the order they were seen in.
//!
//! They are counted by chunk, newest first, so that a rank is found by a binary search and a scan of one chunk. Chunks
//! without any of them are skipped.

use super::super::chunk_tree::ChunkTree;
use super::Mixed;
use crate::core::query::Query;
use crate::core::refs::{EntryId, MemberRef};
use crate::core::time::Millis;
use crate::core::touch::Touch;

/// The members of a mixed lane that a query is about.
pub struct View<'a> {
    tree: &'a ChunkTree,
    mixed: &'a Mixed,
    ttl: Millis,
    query: Query,
    /// Newest first, up to the last one that has anybody of them.
    parts: Vec<Part>,
}

struct Part {
    chunk: u32,
    /// No entry is earlier.
    first: Millis,
    /// How many there are up to the end of this chunk.
    upto: usize,
}

/// A gap between two entries.
pub struct Gap {
    part: usize,
    /// The entry of the chunk that the gap is before.
    entry: usize,
}

impl<'a> View<'a> {
    /// A frontier must stand at the query's moment (`Timeline::keep_up`).
    pub fn new(tree: &'a ChunkTree, mixed: &'a Mixed, lane: u32, query: Query) -> View<'a> {
        let lane = &tree.lanes[lane as usize];
        let mut view = View {
            tree,
            mixed,
            ttl: lane.ttl,
            query,
            parts: Vec::new(),
        };
        let (mut upto, mut last) = (0, Millis::MAX);
        let blocks = lane.root.iter().rev();
        let links = blocks.flat_map(|root| tree.blocks.get(root.block).links.iter().rev());
        for link in links {
            if !query.reaches(last) {
                break;
            }
            upto += view.count(link.chunk, link.first, last);
            view.parts.push(Part {
                chunk: link.chunk,
                first: link.first,
                upto,
            });
            last = link.first;
        }
        view
    }

    /// How many a chunk has, with entries from `first` to `last`.
    fn count(&self, id: u32, first: Millis, last: Millis) -> usize {
        let (chunk, query) = (self.tree.chunks.get(id), &self.query);
        if query.reaches(first) && query.has_all_from(first) {
            return chunk.alive();
        }
        // The next chunk's base mostly decides it, without a look at the entries.
        let is_before = || !query.has_all_from(last) || !query.has_all_from(chunk.last_time());
        if query.reaches(first) && is_before() {
            return chunk.alive() - self.mixed.expired_in(id);
        }
        self.count_after(id, None)
    }

    /// How many of a chunk were seen later than that, all where it is not said.
    fn count_after(&self, id: u32, time: Option<Millis>) -> usize {
        let chunk = self.tree.chunks.get(id);
        let from = time.map_or(0, |time| chunk.after(time));
        let living = chunk.living_from(from);
        living
            .filter(|(_, entry)| self.query.has(entry.touch(self.ttl)))
            .count()
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.parts.last().map_or(0, |part| part.upto)
    }

    /// How many there are before a part.
    fn before(&self, part: usize) -> usize {
        part.checked_sub(1)
            .map_or(0, |before| self.parts[before].upto)
    }

    /// How many were seen later than that.
    pub fn after(&self, time: Millis) -> usize {
        let at = self.parts.partition_point(|part| part.first > time);
        let in_part = self.parts.get(at);
        self.before(at) + in_part.map_or(0, |part| self.count_after(part.chunk, Some(time)))
    }

    /// The gap that has `newer` of them on its newer side.
    pub fn gap(&self, newer: usize) -> Gap {
        let at = self.parts.partition_point(|part| part.upto <= newer);
        let mut gap = Gap {
            part: at,
            entry: usize::MAX,
        };
        if at == self.parts.len() {
            gap = Gap {
                part: at.saturating_sub(1),
                entry: 0,
            };
        }
        for _ in self.before(at)..newer.min(self.total()) {
            if at < self.parts.len() {
                self.older(&mut gap);
            }
        }
        gap
    }

    fn found(&self, part: usize, index: usize) -> Option<(Touch, MemberRef)> {
        let id = self.parts[part].chunk;
        let entry = self.tree.chunks.get(id).entry(index);
        let (touch, entry_id) = (entry.touch(self.ttl), EntryId::new(id, index));
        let prefix = entry.prefix;
        let found = (touch, MemberRef { prefix, entry_id });
        self.query.has(touch).then_some(found)
    }

    /// Steps over the next older one.
    pub fn older(&self, gap: &mut Gap) -> Option<(Touch, MemberRef)> {
        loop {
            let part = self.parts.get(gap.part)?;
            let chunk = self.tree.chunks.get(part.chunk);
            while let Some(index) = chunk.alive_before(gap.entry) {
                gap.entry = index;
                if let Some(found) = self.found(gap.part, index) {
                    return Some(found);
                }
            }
            let next = self.parts[gap.part..].partition_point(|other| other.upto <= part.upto);
            gap.part += next;
            gap.entry = usize::MAX;
        }
    }

    /// Steps over the next newer one.
    pub fn newer(&self, gap: &mut Gap) -> Option<(Touch, MemberRef)> {
        loop {
            let part = self.parts.get(gap.part)?;
            let chunk = self.tree.chunks.get(part.chunk);
            while let Some(index) = chunk.alive_from(gap.entry) {
                gap.entry = index + 1;
                if let Some(found) = self.found(gap.part, index) {
                    return Some(found);
                }
            }
            // The nearest part before it that adds something.
            let before = self.before(gap.part);
            if before == 0 {
                return None;
            }
            gap.part = self.parts.partition_point(|other| other.upto < before);
            gap.entry = 0;
        }
    }
}
