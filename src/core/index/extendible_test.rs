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
            Place::new(number >> 10, number as usize & 1023),
        );
    }

    fn spot(&self, number: u32) -> Option<Spot> {
        self.find(of(number).hash(), |name| *name == of(number))
    }

    fn check(&self, len: usize) {
        assert_eq!(self.len(), len);
        assert_eq!(self.spots().count(), len);
        let lines: usize = self.leaves.iter().map(|leaf| leaf.lines.len()).sum();
        assert_eq!(lines, self.lines);
        assert_eq!(self.directory.len(), 1 << self.depth);
        self.leaves.iter().for_each(Leaf::check);
        for spot in self.spots() {
            let (hash, place) = (self.name(spot).hash(), self.place(spot));
            assert_eq!(self.find_place(point_of(hash), place), Some(spot));
        }
    }

    /// Visits everybody, in the order of their lines.
    fn walk(&self) -> Vec<u32> {
        let (mut all, mut point) = (Vec::new(), 0);
        while point < POINTS {
            let from = point;
            point = self.visit(from, |spot| {
                all.push(self.name(spot).0[0]);
                assert!(point_of(self.name(spot).hash()) >= from);
            });
            assert!(point > from);
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
    assert!(index.leaves.len() > 80);
    assert!((0..total).all(|number| index.spot(number).is_some()));
    assert_eq!(index.spot(total), None);
    let mut walked = index.walk();
    walked.sort_unstable();
    assert!(walked.into_iter().eq(0..total), "each is visited once");
    for number in 0..total - 10 {
        let spot = index.spot(number).expect("it is there");
        assert!(index.remove(point_of(of(number).hash()), spot).0 == of(number));
        if number == 5_000 {
            index.check((total - 1 - number) as usize);
        }
    }
    index.check(10);
    assert!(index.directory.len() <= 4, "{}", index.directory.len());
    assert!((total - 10..total).all(|number| index.spot(number).is_some()));
}

#[test]
fn a_walk_goes_on_where_it_was_whatever_grows_and_shrinks() {
    let mut index = Numbers::default();
    (0..1000).for_each(|number| index.add(number));
    let (mut seen, mut point, mut turn) = (Vec::new(), 0, 0);
    while point < POINTS {
        point = index.visit(point, |spot| seen.push(index.name(spot).0[0]));
        // Others come for a while, and then they go.
        for number in (1000..).skip(turn % 200 * 50).take(50) {
            if turn % 400 < 200 {
                index.add(number);
            } else {
                let spot = index.spot(number).expect("it is there");
                index.remove(point_of(of(number).hash()), spot);
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
            // A leaf by itself goes up in steps; of many the load is the same at every size.
            let most = if number < 50_000 { 34.0 } else { 28.4 };
            assert!(bytes < most, "{bytes} bytes a member at {number}");
        }
    }
}

#[test]
fn leaves_split_one_after_the_other() {
    let mut index = Numbers::default();
    let mut splits = Vec::new();
    for number in 0..400_000 {
        let leaves = index.leaves.len();
        index.add(number);
        if index.leaves.len() > leaves {
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
    assert!(spiral(POINTS - 1) >= u64::MAX - (1 << 35));
    for point in (0..POINTS - 65_536).step_by(65_537) {
        assert!(spiral(point) < spiral(point + 65_536));
    }
    for depth in [1, 7, 20] {
        for bits in [1, (1 << depth) / 3 + 1, (1 << depth) - 1] {
            let first = first_point(bits, depth);
            assert_eq!(prefix(first, depth), bits);
            assert_eq!(prefix(first - 1, depth), bits - 1);
        }
    }
}
