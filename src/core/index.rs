//! From a name's hash to its slot: extendible hashing over small tables.
//!
//! One big hash table rehashes everything it holds when it grows. Here the high bits of the hash choose one of many
//! tables of at most 1,344 places, each of which grows by itself in steps and at last splits in two (Fagin et al.,
//! "Extendible hashing", 1979), so that the worst any insertion waits for is one table's worth of work, and the load
//! of a table stays between 0.61 and 0.875.
//!
//! A hash fills all tables alike, so all would be full, and split, at nearly the same time, and memory would go up in
//! steps. So they are filled unevenly: the first one twice as fast as the last, and those between in such a way that
//! while the number of entries doubles, the tables split one after the other (Martin, "Spiral storage", 1979). The load
//! of all together is the same at every size.

use super::group::{Group, Hashes, Table, WIDTH};
use super::place::SlotId;

/// Sizes of a table in groups; each a size that allocators serve without waste.
const SIZES: [usize; 11] = [2, 4, 6, 8, 12, 16, 24, 32, 64, 80, 112];
/// The size of the halves of a table that splits.
const HALF: usize = 80;

/// The bits that choose the table: the high half of the hash, bent so that values near 0 are twice as frequent as those
/// at the other end. That takes 2^x - 1 for an x between 0 and 1, which 0.66 x + 0.34 x² is near enough to.
#[inline]
fn spiral(hash: u64) -> u64 {
    /// 0.66 and 0.34 in units of 2^-32.
    const LINEAR: u64 = 0xa8f5_c28f;
    const SQUARE: u64 = (1 << 32) - LINEAR;
    let x = hash >> 32;
    x * (LINEAR + ((SQUARE * x) >> 32))
}

/// Finds slots by their names' hashes.
#[derive(Clone, Default)]
pub struct Index {
    /// For each value of the high `depth` bits of a hash's [`spiral`], a table. Tables of a lesser depth stand here repeatedly.
    directory: Vec<u32>,
    depth: u32,
    tables: Vec<Table>,
    /// Tables that were joined into another.
    free: Vec<u32>,
    groups: usize,
}

impl Index {
    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.groups * size_of::<Group>()
            + self.directory.capacity() * size_of::<u32>()
            + self.tables.capacity() * size_of::<Table>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.tables.len()
    }

    /// The tables, for their blocks to be moved (`relocate.rs`).
    pub(super) fn tables_mut(&mut self) -> &mut [Table] {
        &mut self.tables
    }

    #[inline]
    fn table_of(&self, hash: u64) -> Option<u32> {
        match self.directory.as_slice() {
            [] => None,
            [only] => Some(*only),
            directory => Some(directory[(spiral(hash) >> (64 - self.depth)) as usize]),
        }
    }

    /// The slot whose name has this hash, and for which `is_it` says yes.
    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(SlotId) -> bool) -> Option<SlotId> {
        let table = &self.tables[self.table_of(hash)? as usize];
        let (group, place) = table.find(hash, &mut is_it)?;
        Some(table.groups[group].ids[place])
    }

    /// Asks the processor for the group a search for this hash begins with.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        if let Some(table) = self.table_of(hash) {
            self.tables[table as usize].prefetch(hash);
        }
    }

    /// The first slot with a matching tag: what a search will most likely find.
    #[inline]
    pub fn guess(&self, hash: u64) -> Option<SlotId> {
        self.find(hash, |_| true)
    }

    /// Adds a slot that is not in the index.
    pub fn insert(&mut self, hash: u64, id: SlotId, hashes: &impl Hashes) {
        let mut table = match self.table_of(hash) {
            Some(table) => table,
            None => {
                self.directory.push(0);
                self.tables.push(Table::new(SIZES[0], 0));
                self.groups = SIZES[0];
                0
            }
        };
        loop {
            let at = &self.tables[table as usize];
            if (at.items as usize) < at.capacity() - at.capacity() / 8 {
                break;
            }
            self.grow(table, hashes);
            table = self.table_of(hash).expect("the directory is not empty");
        }
        self.tables[table as usize].insert(hash, id);
    }

    /// Takes a slot out.
    pub fn remove(&mut self, hash: u64, id: SlotId, hashes: &impl Hashes) {
        let table = self.table_of(hash).expect("the slot is in the index");
        let at = &mut self.tables[table as usize];
        let place = at
            .find(hash, |found| found == id)
            .expect("the slot is in the index");
        at.remove(hash, place);
        if at.groups.len() > SIZES[0] && (at.items as usize) < at.capacity() / 4 {
            self.shrink(table, hash, hashes);
        }
    }

    /// The slot of a name has another number now.
    pub fn renumber(&mut self, hash: u64, from: SlotId, to: SlotId) {
        let table = self.table_of(hash).expect("the slot is in the index");
        let table = &mut self.tables[table as usize];
        let (group, place) = table
            .find(hash, |found| found == from)
            .expect("the slot is in the index");
        table.groups[group].ids[place] = to;
    }

    /// Gives a full table the next size, or splits it.
    #[cold]
    fn grow(&mut self, table: u32, hashes: &impl Hashes) {
        let old = std::mem::take(&mut self.tables[table as usize]);
        if let Some(&size) = SIZES.iter().find(|size| **size > old.groups.len()) {
            self.tables[table as usize] = old;
            return self.resize(table, size, hashes);
        }
        if old.depth == self.depth {
            self.directory = self.directory.iter().flat_map(|id| [*id, *id]).collect();
            self.depth += 1;
        }
        let depth = old.depth + 1;
        let mut low = Table::new(HALF, depth);
        let mut high = Table::new(HALF, depth);
        let mut first_hash = 0;
        let mut spill = Vec::new();
        old.each_hash(hashes, |hash, id| {
            first_hash = hash;
            let half = if spiral(hash) >> (64 - depth) & 1 == 0 {
                &mut low
            } else {
                &mut high
            };
            if (half.items as usize) < half.capacity() {
                half.insert(hash, id);
            } else {
                spill.push((hash, id));
            }
        });
        self.groups = self.groups + 2 * HALF - old.groups.len();
        let high_id = self.free.pop().unwrap_or_else(|| {
            self.tables.push(Table::default());
            (self.tables.len() - 1) as u32
        });
        self.tables[table as usize] = low;
        self.tables[high_id as usize] = high;
        // The run of the directory that named the old table: its upper half names the new one.
        let run = 1_usize << (self.depth - old.depth);
        let start = if old.depth == 0 {
            0
        } else {
            (spiral(first_hash) >> (64 - old.depth)) as usize * run
        };
        self.directory[start + run / 2..start + run].fill(high_id);
        for (hash, id) in spill {
            self.insert(hash, id, hashes);
        }
    }

    /// Gives a table that has become empty a smaller size, or joins it with the one it was split from.
    #[cold]
    fn shrink(&mut self, table: u32, hash: u64, hashes: &impl Hashes) {
        let at = &self.tables[table as usize];
        if at.groups.len() <= HALF && at.depth > 0 {
            return self.join(table, hash, hashes);
        }
        let wanted = at.items as usize * 2 / WIDTH + 1;
        let floor = if at.depth > 0 { HALF } else { SIZES[0] };
        let size = SIZES
            .iter()
            .copied()
            .find(|size| *size >= wanted.max(floor));
        if let Some(size) = size
            && size < at.groups.len()
        {
            self.resize(table, size, hashes);
        }
    }

    fn resize(&mut self, table: u32, groups: usize, hashes: &impl Hashes) {
        let old = std::mem::take(&mut self.tables[table as usize]);
        let mut new = Table::new(groups, old.depth);
        old.each_hash(hashes, |hash, id| new.insert(hash, id));
        self.groups = self.groups + groups - old.groups.len();
        self.tables[table as usize] = new;
    }

    /// Joins a table with its other half, where that is of the same depth and both fit comfortably.
    fn join(&mut self, table: u32, hash: u64, hashes: &impl Hashes) {
        let depth = self.tables[table as usize].depth;
        let other = self.directory
            [((spiral(hash) >> (64 - self.depth)) ^ 1 << (self.depth - depth)) as usize];
        let (a, b) = (&self.tables[table as usize], &self.tables[other as usize]);
        if a.depth != b.depth || (a.items + b.items) as usize > HALF * WIDTH / 2 {
            return;
        }
        let (a, b) = (
            std::mem::take(&mut self.tables[table as usize]),
            std::mem::take(&mut self.tables[other as usize]),
        );
        let mut joined = Table::new(HALF, depth - 1);
        for half in [&a, &b] {
            half.each_hash(hashes, |hash, id| joined.insert(hash, id));
        }
        self.groups = self.groups + HALF - a.groups.len() - b.groups.len();
        self.tables[table as usize] = joined;
        self.free.push(other);
        let run = 1_usize << (self.depth - depth + 1);
        let start = (spiral(hash) >> (64 - self.depth)) as usize & !(run - 1);
        self.directory[start..start + run].fill(table);
        self.halve_directory();
    }

    /// Halves the directory while no table needs its full depth. Looks at it only after many joins.
    fn halve_directory(&mut self) {
        let in_use = self.tables.len() - self.free.len();
        while self.depth > 0 && in_use * 4 <= self.directory.len() {
            if self.directory.chunks(2).any(|pair| pair[0] != pair[1]) {
                break;
            }
            self.directory = self.directory.chunks(2).map(|pair| pair[0]).collect();
            self.depth -= 1;
        }
        if self.depth == 0 && self.tables.len() > 1 {
            let only = std::mem::take(&mut self.tables[self.directory[0] as usize]);
            self.tables = vec![only];
            self.directory = vec![0];
            self.free = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots whose hash is a bijection of their number.
    struct Numbers;
    impl Hashes for Numbers {
        fn hash_of(&self, slot: SlotId) -> u64 {
            u64::from(slot)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29)
                .wrapping_mul(0xbf58_476d_1ce4_e5b9)
        }
        fn prefetch(&self, _: SlotId) {}
    }

    fn check(index: &Index, items: usize) {
        assert_eq!(
            index.tables.iter().map(|t| t.items as usize).sum::<usize>(),
            items
        );
        assert_eq!(
            index.tables.iter().map(|t| t.groups.len()).sum::<usize>(),
            index.groups
        );
        assert_eq!(index.directory.len(), 1 << index.depth);
    }

    #[test]
    fn grows_splits_shrinks_and_joins() {
        let mut index = Index::default();
        let total = 60_000;
        for id in 0..total {
            index.insert(Numbers.hash_of(id), id, &Numbers);
        }
        check(&index, total as usize);
        assert!(index.tables.len() > 40);
        for id in 0..total {
            assert_eq!(
                index.find(Numbers.hash_of(id), |found| found == id),
                Some(id)
            );
        }
        assert_eq!(
            index.find(Numbers.hash_of(total), |found| found == total),
            None
        );
        for id in 0..total - 10 {
            index.remove(Numbers.hash_of(id), id, &Numbers);
        }
        check(&index, 10);
        assert!(index.directory.len() <= 4, "{}", index.directory.len());
        for id in total - 10..total {
            assert_eq!(
                index.find(Numbers.hash_of(id), |found| found == id),
                Some(id)
            );
        }
    }

    #[test]
    fn load_stays_high() {
        let mut index = Index::default();
        for id in 0..300_000 {
            index.insert(Numbers.hash_of(id), id, &Numbers);
            if id > 2000 && id % 997 == 0 {
                let bytes = index.bytes() as f64 / f64::from(id);
                // A table by itself goes up in steps; of many the load is the same at every size.
                let most = if id < 50_000 { 9.5 } else { 7.8 };
                assert!(bytes < most, "{bytes} bytes an entry at {id}");
            }
        }
    }

    #[test]
    fn tables_split_one_after_the_other() {
        let mut index = Index::default();
        let mut splits = Vec::new();
        for id in 0..400_000 {
            let tables = index.tables.len();
            index.insert(Numbers.hash_of(id), id, &Numbers);
            if index.tables.len() > tables {
                splits.push(id);
            }
        }
        // While the entries double: in no twentieth of it more than three times its share.
        let of = |from, to| splits.iter().filter(|at| (from..to).contains(*at)).count();
        let all = of(200_000, 400_000);
        assert!(all > 150, "{all}");
        for part in (200_000..400_000).step_by(10_000) {
            let here = of(part, part + 10_000);
            assert!(here <= all * 3 / 20, "{here} of {all} from {part} on");
        }
    }

    #[test]
    fn the_spiral_keeps_order_and_fills_its_range() {
        let at = |x: u64| spiral(x << 32);
        assert_eq!(at(0), 0);
        assert!(at(u64::from(u32::MAX)) >= u64::MAX - (1 << 34));
        for x in (0..u64::from(u32::MAX) - 65_536).step_by(65_537) {
            assert!(at(x) < at(x + 65_536));
        }
    }
}
