//! Moving a set's memory, block by block, for an allocator that wants it elsewhere.
//!
//! Nothing in a set points at anything by address, so each block can be moved by itself, at any time between two
//! operations. A table is moved in steps, since a large one has too many blocks for one go.

use super::arena::Arena;
use super::index::Index;
use super::leaf::{Line, Stored};
use super::set::PresenceSet;
use super::table::Table;

/// Moves blocks of memory.
pub trait Mover {
    /// Moves a block of items, or leaves it where it is.
    fn slice<T>(&mut self, block: &mut Box<[T]>);
    /// Moves a single item.
    fn single<T>(&mut self, item: &mut Box<T>);
    /// Whether it has been long enough, and the rest is to be moved another time.
    fn is_over(&mut self) -> bool;
}

impl PresenceSet {
    /// Moves the blocks from step `from` on (0: all of them). Returns the step to go on with, `None` at the end.
    pub fn relocate(&mut self, from: usize, mover: &mut impl Mover) -> Option<usize> {
        if let Some(small) = self.small_mut() {
            small.relocate(mover);
            return None;
        }
        let table = self.table_box_mut()?;
        if from == 0 {
            mover.single(table);
        }
        table.relocate(from, mover)
    }
}

/// Steps are counted through all parts; this is where one part begins.
struct Steps<'a, M> {
    mover: &'a mut M,
    /// The step to begin with, and the step that is next.
    from: usize,
    next: usize,
    over: bool,
}

impl<M: Mover> Steps<'_, M> {
    fn each<T>(&mut self, items: &mut [T], mut step: impl FnMut(&mut T, &mut M)) {
        for item in items {
            if self.over {
                return;
            }
            if self.next >= self.from {
                step(item, self.mover);
                self.over = self.mover.is_over();
            }
            self.next += 1;
        }
    }

    fn index<N: Stored, const K: usize>(
        &mut self,
        index: &mut Index<N, K>,
        mut inner: impl FnMut(&mut N, &mut M),
    ) {
        self.each(index.leaves_mut(), |leaf, mover| {
            mover.slice(&mut leaf.lines);
            for name in leaf.lines.iter_mut().flat_map(Line::names_mut) {
                inner(name, mover);
            }
        });
    }

    fn arena<T>(&mut self, arena: &mut Arena<T>, mut inner: impl FnMut(&mut T, &mut M)) {
        self.each(arena.pages_mut(), |page, mover| {
            mover.slice(page);
            for item in page {
                inner(item, mover);
            }
        });
    }
}

impl Table {
    fn relocate(&mut self, from: usize, mover: &mut impl Mover) -> Option<usize> {
        let mut steps = Steps {
            mover,
            from,
            next: 0,
            over: false,
        };
        let names = &mut self.names;
        steps.index(&mut names.numbers, |_, _| {});
        steps.index(&mut names.shorts, |_, _| {});
        steps.index(&mut names.uuids, |_, _| {});
        steps.index(&mut names.longs, |name, mover| mover.slice(name));
        steps.arena(&mut self.timeline.chunks, |chunk, mover| {
            for block in chunk.blocks_mut() {
                mover.slice(block);
            }
        });
        steps.arena(&mut self.timeline.blocks, |_, _| {});
        steps.over.then_some(steps.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Seen, Settings, Span, Touch};

    /// Moves everything to new memory, a few blocks at a time.
    struct Copy {
        moved: usize,
    }

    impl Mover for Copy {
        fn slice<T>(&mut self, block: &mut Box<[T]>) {
            let items = std::mem::take(block).into_vec();
            let mut new = Vec::with_capacity(items.len());
            new.extend(items);
            // A place that holds nothing has blocks of no bytes.
            self.moved += usize::from(!new.is_empty());
            *block = new.into_boxed_slice();
        }
        fn single<T>(&mut self, _: &mut Box<T>) {}
        fn is_over(&mut self) -> bool {
            self.moved.is_multiple_of(5)
        }
    }

    fn blocks(table: &mut Table) -> usize {
        let (names, timeline) = (&table.names, &mut table.timeline);
        let pages = timeline.chunks.pages_mut().len() + timeline.blocks.pages_mut().len();
        names.allocations() + pages + 2 * timeline.chunks.len()
    }

    #[test]
    fn a_set_that_is_moved_is_the_same_set() {
        for members in [3, 20_000_u32] {
            let settings = Settings {
                ttl: 1000,
                retain: 0,
                linger: None,
            };
            let mut set = PresenceSet::new(settings, 0);
            let names: Vec<_> = (0..members)
                .map(|i| format!("{}{i}", "long names too ".repeat(i as usize % 3)))
                .collect();
            let seen = Seen { at: 5, ttl: 1000 };
            set.touch(
                names.iter().map(String::as_bytes),
                seen,
                Touch::Now,
                5,
                |_, _| {},
            )
            .expect("there is room");
            let mut mover = Copy { moved: 0 };
            let mut from = Some(0);
            while let Some(step) = from {
                from = set.relocate(step, &mut mover);
            }
            let blocks = set.table_box_mut().map_or(1, |table| blocks(table));
            assert_eq!(mover.moved, blocks, "each block is moved once");
            set.check();
            assert_eq!(set.count(Span::Online, 6), members as usize);
        }
    }
}
