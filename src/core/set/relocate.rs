//! Moving a set's memory (`memory/mover.rs`).

use super::members::PresenceSet;
use crate::core::memory::Mover;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::table::Table;
    use crate::core::{Settings, Span, Touch, TouchMode};

    /// Moves everything to new memory, a few blocks at a time.
    struct Copy {
        moved: usize,
    }

    impl Mover for Copy {
        fn slice<T>(&mut self, block: &mut Box<[T]>) {
            let items = std::mem::take(block).into_vec();
            let mut new = Vec::with_capacity(items.len());
            new.extend(items);
            // A free slot of an arena has blocks of no bytes.
            self.moved += usize::from(!new.is_empty());
            *block = new.into_boxed_slice();
        }
        fn single<T>(&mut self, _: &mut Box<T>) {}
        fn is_over(&mut self) -> bool {
            self.moved.is_multiple_of(5)
        }
    }

    fn blocks(table: &mut Table) -> usize {
        table.names.allocations() + table.timeline.blocks_to_move()
    }

    #[test]
    fn a_set_that_is_moved_is_the_same_set() {
        for members in [3, 20_000_u32] {
            let settings = Settings {
                ttl: 1000,
                retain: 0,
                linger: None,
                resolution: 0,
                cap: 0,
            };
            let mut set = PresenceSet::new(settings, 0);
            let names: Vec<_> = (0..members)
                .map(|i| format!("{}{i}", "long names too ".repeat(i as usize % 3)))
                .collect();
            let touch = Touch { at: 5, ttl: 1000 };
            set.touch(
                names.iter().map(String::as_bytes),
                touch,
                TouchMode::Now,
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
