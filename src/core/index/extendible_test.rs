//! An index that grows, shrinks and is walked meanwhile.

use super::*;

/// Names whose hash is a bijection of their number.
#[derive(Clone, Copy, Default, PartialEq)]
struct Number([u32; 4]);

impl Stored for Number {
    fn hash(&self) -> u64 {
        u64::from(self.0[0])
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
}

type Numbers = Index<Number, 3>;

fn of(number: u32) -> Number {
    Number([number; 4])
}

impl Numbers {
    fn add(&mut self, number: u32) {
        let name = of(number);
        self.insert(
            name.hash(),
            name,
            EntryId::new(number >> 10, number as usize & 1023),
        );
    }

    fn slot_ref(&self, number: u32) -> Option<SlotRef> {
        self.find(of(number).hash(), |name| *name == of(number))
            .map(|(slot_ref, _)| slot_ref)
    }

    fn check(&self, len: usize) {
        assert_eq!(self.len(), len);
        assert_eq!(self.slot_refs().count(), len);
        let buckets: usize = self
            .segments
            .iter()
            .map(|segment| segment.buckets.len())
            .sum();
        assert_eq!(buckets, self.buckets as usize);
        assert_eq!(self.directory.len(), 1 << self.depth);
        self.segments.iter().for_each(Segment::check);
        for slot_ref in self.slot_refs() {
            let (hash, entry_id) = (self.name(slot_ref).hash(), self.entry_id(slot_ref));
            assert_eq!(
                self.find_entry(hash_bits_of(hash), entry_id),
                Some(slot_ref)
            );
        }
    }

    /// Visits everybody, in the order of their lines.
    fn walk(&self) -> Vec<u32> {
        let (mut all, mut hash_bits) = (Vec::new(), 0);
        while hash_bits < HASH_RANGE {
            let from = hash_bits;
            hash_bits = self.visit(from, |slot_ref| {
                all.push(self.name(slot_ref).0[0]);
                assert!(hash_bits_of(self.name(slot_ref).hash()) >= from);
            });
            assert!(hash_bits > from);
        }
        all
    }
}

#[test]
fn grows_splits_shrinks_and_joins() {
    let mut index = Numbers::default();
    let total = 60_000;
    for number in 0..total {
        index.add(number);
    }
    index.check(total as usize);
    assert!(index.segments.len() > 80);
    assert!((0..total).all(|number| index.slot_ref(number).is_some()));
    assert_eq!(index.slot_ref(total), None);
    let mut walked = index.walk();
    walked.sort_unstable();
    assert!(walked.into_iter().eq(0..total), "each is visited once");
    for number in 0..total - 10 {
        let slot_ref = index.slot_ref(number).expect("it is there");
        assert!(index.remove(hash_bits_of(of(number).hash()), slot_ref).0 == of(number));
        if number == 5_000 {
            index.check((total - 1 - number) as usize);
        }
    }
    index.check(10);
    assert!(index.directory.len() <= 4, "{}", index.directory.len());
    assert!((total - 10..total).all(|number| index.slot_ref(number).is_some()));
}

#[test]
fn a_walk_goes_on_where_it_was_whatever_grows_and_shrinks() {
    let mut index = Numbers::default();
    (0..1000).for_each(|number| index.add(number));
    let (mut seen, mut hash_bits, mut turn) = (Vec::new(), 0, 0);
    while hash_bits < HASH_RANGE {
        hash_bits = index.visit(hash_bits, |slot_ref| seen.push(index.name(slot_ref).0[0]));
        // Others come for a while, and then they go.
        for number in (1000..).skip(turn % 200 * 50).take(50) {
            if turn % 400 < 200 {
                index.add(number);
            } else {
                let slot_ref = index.slot_ref(number).expect("it is there");
                index.remove(hash_bits_of(of(number).hash()), slot_ref);
            }
        }
        turn += 1;
    }
    seen.retain(|number| *number < 1000);
    seen.sort_unstable();
    assert!(turn > 400);
    assert!(seen.into_iter().eq(0..1000), "each is visited once");
}

#[test]
fn load_stays_high() {
    let mut index = Numbers::default();
    for number in 0..300_000 {
        index.add(number);
        if number > 2000 && number % 997 == 0 {
            let bytes = index.bytes() as f64 / f64::from(number);
            // A single segment grows in steps; of many the load is the same at every size.
            let most = if number < 50_000 { 34.0 } else { 28.4 };
            assert!(bytes < most, "{bytes} bytes a member at {number}");
        }
    }
}

#[test]
fn segments_split_one_after_the_other() {
    let mut index = Numbers::default();
    let mut splits = Vec::new();
    for number in 0..400_000 {
        let segments = index.segments.len();
        index.add(number);
        if index.segments.len() > segments {
            splits.push(number);
        }
    }
    // While the names double: in no twentieth of it more than three times its share.
    let of = |from, to| splits.iter().filter(|at| (from..to).contains(*at)).count();
    let all = of(200_000, 400_000);
    assert!(all > 300, "{all}");
    for part in (200_000..400_000).step_by(10_000) {
        let here = of(part, part + 10_000);
        assert!(here <= all * 3 / 20, "{here} of {all} from {part} on");
    }
}

#[test]
fn the_spiral_keeps_order_and_fills_its_range() {
    assert_eq!(spiral(0), 0);
    assert!(spiral(HASH_RANGE - 1) >= u64::MAX - (1 << 36));
    for hash_bits in (0..HASH_RANGE - 65_536).step_by(65_537) {
        assert!(spiral(hash_bits) < spiral(hash_bits + 65_536));
    }
    for depth in [1, 7, 20] {
        for bits in [1, (1 << depth) / 3 + 1, (1 << depth) - 1] {
            let first = first_hash_bits(bits, depth);
            assert_eq!(directory_index(first, depth), bits);
            assert_eq!(directory_index(first - 1, depth), bits - 1);
        }
    }
}
