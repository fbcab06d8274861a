//! Many ttls at once: lanes that mix them.
//!
//! While ttls are few, a lane for each is best. Applications that jitter their ttls would have a lane for nearly every
//! member, so once [`MAX_LANES`](super::log::MAX_LANES) ttls are in use, further ones share a *mixed lane*. That is
//! still a log in the order its members were seen, and refreshes are as cheap, but each entry has its own ttl
//! (`chunk.rs`), and the expired are not a prefix: they are scattered. One mixed lane takes ttls of up to 24 days,
//! another those from there to 49, and so on.
//!
//! So a mixed lane is searched chunk by chunk. A lazy heap says which chunk has something happening next; when its time
//! comes, that chunk is scanned (`chunk/ends.rs`), which takes a microsecond. How many members of each chunk had
//! expired at the frontier is noted, so that a list finds its beginning by adding up (`mixed/view.rs`).
//!
//! There are two frontiers, because a replica judges what it replays by its primary's clock and answers by its own: a
//! single one would step back and forth between the two, and recount all chunks each time.

mod due;
pub mod view;

use super::chunk::ends::Due;
use super::chunk_tree::ChunkTree;
use super::lazy_heap::LazyHeap;
use crate::core::time::Millis;
use crate::core::touch::Touch;

/// What is noted of mixed lanes and of their chunks.
#[derive(Clone, Default)]
pub struct Mixed {
    /// How many lanes are mixed.
    pub lanes: usize,
    /// By chunk.
    notes: Vec<Notes>,
    frontiers: [Frontier; 2],
    /// The frontier that was asked last.
    recent: usize,
    /// Chunks by when their first member is due for removal, and by its ttl.
    due: LazyHeap,
    /// Chunks by when their first unreported member expires.
    timeouts: LazyHeap,
    /// Members due at one moment may fill many chunks in a row: the moment, and the first of these chunks.
    run: Option<(Due, u32)>,
}

#[derive(Clone)]
struct Notes {
    /// Nobody in the chunk expires earlier.
    first_end: Millis,
    /// Nobody in the chunk expires later.
    last_end: Millis,
    /// Some of those who are due first, as `Chunk::front` finds them; empty where that is not known. The entries of
    /// those who have gone since are dead.
    front: Vec<u16>,
}

impl Default for Notes {
    /// Of a chunk without entries.
    fn default() -> Notes {
        Notes {
            first_end: Millis::MAX,
            last_end: 0,
            front: Vec::new(),
        }
    }
}

/// A moment up to which it is known who has expired.
#[derive(Clone, Default)]
struct Frontier {
    /// `None` where it is not in use.
    at: Option<Millis>,
    expired: usize,
    /// By chunk.
    in_chunk: Vec<u16>,
    /// Chunks by when their next member expires.
    next: LazyHeap,
}

impl Frontier {
    fn set(&mut self, id: u32, expired: usize) {
        let index = id as usize;
        if index >= self.in_chunk.len() {
            self.in_chunk.resize(index + 1, 0);
        }
        self.expired = self.expired + expired - usize::from(self.in_chunk[index]);
        self.in_chunk[index] = expired as u16;
    }

    fn get(&self, id: u32) -> usize {
        self.in_chunk
            .get(id as usize)
            .map_or(0, |expired| (*expired).into())
    }

    /// Counts who has expired in a chunk, and notes when the next one does.
    fn count(&mut self, id: u32, notes: &[Notes], tree: &ChunkTree) {
        let Some(now) = self.at else { return };
        let (chunk, ttl) = tree.chunk_and_ttl(id);
        let noted = &notes[id as usize];
        let (online, next) = if noted.last_end <= now {
            (0, None)
        } else if noted.first_end > now {
            (chunk.alive(), Some(noted.first_end))
        } else {
            chunk.online(ttl, now)
        };
        self.set(id, chunk.alive() - online);
        if let Some(next) = next {
            self.next
                .note(next.max(noted.first_end).max(now + 1), 0, id);
        }
    }

    /// Moves on to `now`, or begins there.
    fn advance(&mut self, now: Millis, notes: &[Notes], tree: &ChunkTree) {
        let goes_on = self.at.is_some_and(|at| at <= now);
        self.at = Some(now);
        if goes_on {
            while let Some((time, _, id)) = self.next.top()
                && time <= now
            {
                self.next.pop();
                self.count(id, notes, tree);
            }
        } else {
            self.next.clear();
            for id in tree.mixed_chunks() {
                self.count(id, notes, tree);
            }
        }
    }
}

impl Mixed {
    /// Nothing is noted yet. One frontier begins with the first entry, so that it never has to begin with all chunks.
    pub fn new() -> Mixed {
        let mut mixed = Mixed::default();
        mixed.frontiers[0].at = Some(0);
        mixed
    }

    fn note_of(&mut self, id: u32) -> &mut Notes {
        let index = id as usize;
        if index >= self.notes.len() {
            self.notes.resize_with(index + 1, Notes::default);
        }
        &mut self.notes[index]
    }

    /// The frontier to be asked about `now`: the nearest that needs not step back, else the one that was not asked
    /// last.
    fn choose(&self, now: Millis) -> usize {
        let reached = |index: &usize| self.frontiers[*index].at.filter(|at| *at <= now);
        let nearest = (0..2).filter(|index| reached(index).is_some());
        nearest.max_by_key(reached).unwrap_or(1 - self.recent)
    }

    /// Moves a frontier to `now`. Returns which.
    fn advance(&mut self, now: Millis, tree: &ChunkTree) -> usize {
        let index = self.choose(now);
        self.recent = index;
        self.frontiers[index].advance(now, &self.notes, tree);
        index
    }

    /// Nobody in a chunk expires before this, as far as is known without going over it.
    fn first_end(&self, id: u32) -> Millis {
        let ends = self.frontiers.iter().filter_map(|frontier| {
            let none_yet = frontier.at.is_some() && frontier.get(id) == 0;
            frontier.next.queued(id).filter(|_| none_yet)
        });
        let first = ends.map(|(end, _)| end).max().unwrap_or(0);
        first.max(self.notes[id as usize].first_end)
    }

    /// How many of a chunk had expired at the frontier that was asked last.
    pub fn expired_in(&self, id: u32) -> usize {
        self.frontiers[self.recent].get(id)
    }

    /// How many members are offline at `now`.
    pub fn expired(&mut self, now: Millis, tree: &ChunkTree) -> usize {
        let frontier = self.advance(now, tree);
        self.frontiers[frontier].expired
    }

    /// An entry has come to a chunk. `note_timeout`: its time-out is to be reported.
    pub fn added(&mut self, id: u32, touch: Touch, retain: Millis, note_timeout: bool) {
        let end = touch.due(0);
        let notes = self.note_of(id);
        notes.first_end = notes.first_end.min(end);
        notes.last_end = notes.last_end.max(end);
        notes.front.clear();
        for frontier in &mut self.frontiers {
            match frontier.at {
                None => {}
                Some(at) if end <= at => frontier.set(id, frontier.get(id) + 1),
                Some(_) => frontier.next.note(end, 0, id),
            }
        }
        self.due.note(touch.due(retain), touch.ttl, id);
        if note_timeout {
            self.timeouts.note(end, 0, id);
        }
    }

    /// An entry of a chunk has been killed.
    pub fn removed(&mut self, id: u32, index: usize, tree: &ChunkTree) {
        let (chunk, ttl) = tree.chunk_and_ttl(id);
        let (end, _) = chunk.due(index, ttl, 0);
        for frontier in &mut self.frontiers {
            if frontier.at.is_some_and(|at| end <= at) {
                frontier.set(id, frontier.get(id) - 1);
            }
        }
    }

    /// The entries of a chunk have other indices now.
    pub fn renumbered(&mut self, id: u32) {
        self.note_of(id).front.clear();
    }

    /// Some members of one chunk are another's now.
    pub fn split(&mut self, from: u32, to: u32, tree: &ChunkTree) {
        if tree.chunks.get(from).is_mixed() {
            self.share(from, to);
            self.note_of(from).front.clear();
            for frontier in &mut self.frontiers {
                frontier.count(from, &self.notes, tree);
                frontier.count(to, &self.notes, tree);
            }
        }
    }

    /// All members of a chunk are another's now.
    pub fn joined(&mut self, from: u32, to: u32) {
        self.share(from, to);
        self.run = None;
        for frontier in &mut self.frontiers {
            let moved = frontier.get(from);
            frontier.set(from, 0);
            frontier.set(to, frontier.get(to) + moved);
        }
    }

    /// All heaps.
    fn heaps(&mut self) -> impl Iterator<Item = &mut LazyHeap> {
        let [first, second] = &mut self.frontiers;
        [
            &mut first.next,
            &mut second.next,
            &mut self.due,
            &mut self.timeouts,
        ]
        .into_iter()
    }

    /// Whatever happens to members of one chunk may happen to members of another one now.
    fn share(&mut self, from: u32, to: u32) {
        for heap in self.heaps() {
            if let Some((time, ttl)) = heap.queued(from) {
                heap.note(time, ttl, to);
            }
        }
        let Notes {
            first_end,
            last_end,
            ..
        } = *self.note_of(from);
        let notes = self.note_of(to);
        notes.first_end = notes.first_end.min(first_end);
        notes.last_end = notes.last_end.max(last_end);
        notes.front.clear();
    }

    /// The chunk is gone.
    pub fn forget(&mut self, id: u32, room: usize) {
        for heap in self.heaps() {
            heap.forget(id);
        }
        *self.note_of(id) = Notes::default();
        self.run = self.run.filter(|(_, first)| *first != id);
        if self.notes.len() > 64 && room < self.notes.len() / 4 {
            self.notes.truncate(room);
            self.notes.shrink_to_fit();
            for heap in self.heaps() {
                heap.truncate(room);
            }
            for frontier in &mut self.frontiers {
                frontier.in_chunk.truncate(room);
                frontier.in_chunk.shrink_to_fit();
            }
        }
    }

    /// Notes when unreported members expire, from now on.
    pub fn note_timeout(&mut self, tree: &ChunkTree) {
        for id in tree.mixed_chunks() {
            self.timeouts.note(self.first_end(id), 0, id);
        }
    }

    /// The chunk whose next unreported member expires first, and when.
    pub fn next_timeout(&mut self, tree: &ChunkTree) -> Option<(Millis, u32)> {
        let next = self.timeouts.earliest(|id| {
            let (chunk, ttl) = tree.chunk_and_ttl(id);
            chunk.first_unreported_end(ttl).map(|end| (end, 0))
        });
        next.map(|(end, _, id)| (end, id))
    }

    /// When the time of the last member is up.
    pub fn last_end(&mut self, tree: &ChunkTree) -> Millis {
        let mut last = 0;
        for id in tree.mixed_chunks() {
            let (chunk, ttl) = tree.chunk_and_ttl(id);
            let notes = &mut self.notes[id as usize];
            if notes.last_end > last {
                notes.last_end = chunk.last_end(ttl);
                last = last.max(notes.last_end);
            }
        }
        last
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        let [first, second] = &self.frontiers;
        let heaps = [&first.next, &second.next, &self.due, &self.timeouts];
        size_of::<Mixed>()
            + self.notes.capacity() * size_of::<Notes>()
            + (first.in_chunk.capacity() + second.in_chunk.capacity()) * 2
            + heaps.map(LazyHeap::bytes).iter().sum::<usize>()
    }
}

#[cfg(test)]
impl Mixed {
    /// Panics where what is noted of a chunk is wrong. `ends`: when its members' time is up; `due`: when the first one
    /// is due, and which.
    pub fn check(
        &self,
        id: u32,
        ends: &[Millis],
        (due, first): (Due, usize),
        is_alive: impl Fn(usize) -> bool,
    ) {
        let notes = &self.notes[id as usize];
        let noted = notes.first_end..=notes.last_end;
        assert!(ends.iter().all(|end| noted.contains(end)));
        let mut front = notes.front.iter().rev().map(|index| usize::from(*index));
        let front = front.find(|index| is_alive(*index));
        assert!(front.is_none_or(|front| front == first));
        assert!(self.due.queued(id).is_some_and(|queued| queued <= due));
        for frontier in &self.frontiers {
            let Some(at) = frontier.at else { continue };
            let expired = ends.iter().filter(|end| **end <= at).count();
            assert_eq!(frontier.get(id), expired);
            let next = ends.iter().filter(|end| **end > at).min();
            let queued = frontier
                .next
                .queued(id)
                .map_or(Millis::MAX, |(time, _)| time);
            assert!(next.is_none_or(|next| queued <= *next));
        }
    }
}
