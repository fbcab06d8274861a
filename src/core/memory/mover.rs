//! Moving memory, block by block, for an allocator that wants it elsewhere.
//!
//! Nothing in a set points at anything by address, so each block can be moved by itself, at any time between two
//! operations. A table is moved in steps, since a large one has too many blocks for one go.

use super::arena::Arena;

/// Moves blocks of memory.
pub trait Mover {
    /// Moves a block of items, or leaves it where it is.
    fn slice<T>(&mut self, block: &mut Box<[T]>);
    /// Moves a single item.
    fn single<T>(&mut self, item: &mut Box<T>);
    /// Whether it has been long enough, and the rest is to be moved another time.
    fn is_over(&mut self) -> bool;
}

/// Steps are counted through all parts; this is where one part begins.
pub struct Steps<'a, M> {
    mover: &'a mut M,
    /// The step to begin with, and the step that is next.
    from: usize,
    next: usize,
    over: bool,
}

impl<'a, M: Mover> Steps<'a, M> {
    /// The steps from this one on.
    pub fn new(from: usize, mover: &'a mut M) -> Steps<'a, M> {
        Steps {
            mover,
            from,
            next: 0,
            over: false,
        }
    }

    /// The step to go on with, `None` at the end.
    pub fn rest(&self) -> Option<usize> {
        self.over.then_some(self.next)
    }

    /// A step for each item.
    pub fn each<T>(&mut self, items: &mut [T], mut step: impl FnMut(&mut T, &mut M)) {
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

    /// A step for each page of an arena.
    pub fn arena<T>(&mut self, arena: &mut Arena<T>, mut inner: impl FnMut(&mut T, &mut M)) {
        self.each(arena.pages_mut(), |page, mover| {
            mover.slice(page);
            for item in page {
                inner(item, mover);
            }
        });
    }
}
