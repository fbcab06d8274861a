//! The schedule against a plain list of what must come when, with clocks that jump both ways.

use std::collections::BTreeMap;

use super::{Inspected, Millis, Schedule, slot_of};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    /// Mostly short, sometimes years.
    fn time(&mut self) -> Millis {
        let most = [1, 100, 5000, 100_000, 10_000_000, 1 << 36, 1 << 39];
        let most = most[self.below(7) as usize];
        self.below(most)
    }
}

/// What the schedule has to hold: by name, the database's number and the time.
struct Model {
    schedule: Schedule,
    expected: BTreeMap<Vec<u8>, (i32, Millis)>,
    now: Millis,
    names: u64,
}

impl Model {
    fn add(&mut self, random: &mut Random) {
        let db = [0, 1, 7, i32::MAX][random.below(4) as usize];
        self.names += 1;
        let mut name = format!("{}:", self.names).into_bytes();
        let length = [5, 30, 200, 6000][random.below(4) as usize];
        name.resize(name.len() + random.below(length) as usize, b'x');
        let due = match random.below(4) {
            0 => self.now.saturating_sub(random.time()),
            _ => self.now + random.time(),
        };
        let queued = self.schedule.add(db, &name, due);
        assert!(queued >= due && queued < due + 64);
        self.expected.insert(name, (db, queued));
    }

    /// Takes out all that is due, or a few.
    fn pop(&mut self, limit: usize, patience: usize) {
        for _ in 0..limit {
            let entry = loop {
                match self.schedule.pop(self.now, patience) {
                    None if self.schedule.is_due(self.now) => {}
                    entry => break entry,
                }
            };
            let first = self.expected.values().map(|(_, queued)| *queued).min();
            let Some(entry) = entry else {
                assert!(first.is_none_or(|first| first > self.now), "one is missing");
                return;
            };
            assert!(entry.queued <= self.now, "never early");
            assert_eq!(Some(entry.queued), first, "the earliest first");
            let known = self.expected.remove(&entry.name);
            assert_eq!(
                known,
                Some((entry.db, entry.queued)),
                "once, as it was watched"
            );
        }
    }

    fn swap(&mut self, first: i32, second: i32) {
        self.schedule.swap(first, second);
        for (db, _) in self.expected.values_mut() {
            if *db == first {
                *db = second;
            } else if *db == second {
                *db = first;
            }
        }
    }

    fn flush(&mut self, db: i32) {
        self.schedule.flush(db);
        self.expected.retain(|_, (of, _)| db >= 0 && *of != db);
    }

    /// A part of a walk over all entries, of which some are forgotten.
    fn inspect(&mut self, steps: u64, random: &mut Random) {
        for _ in 0..steps {
            match self.schedule.inspect() {
                Inspected::Entry(entry) => {
                    let expected = (entry.db, entry.queued);
                    assert_eq!(self.expected.get(&entry.name), Some(&expected));
                    if random.below(20) == 0 {
                        self.expected.remove(&entry.name);
                    } else {
                        let queued = self.schedule.keep(&entry);
                        self.expected.insert(entry.name, (entry.db, queued));
                    }
                }
                Inspected::Nothing => {}
                Inspected::Done => return,
            }
        }
    }

    fn operate(&mut self, random: &mut Random) {
        match random.below(100) {
            0..60 => (0..random.below(10)).for_each(|_| self.add(random)),
            60..70 => self.pop(random.below(20) as usize, random.below(5) as usize),
            70..75 => self.now += random.time() / 10,
            75..78 => self.now = self.now.saturating_sub(random.time() / 10),
            78..80 => self.pop(usize::MAX, 64),
            80..85 => self.inspect(random.below(500), random),
            85..95 => {
                self.schedule.tidy(self.now, random.below(300) as usize);
            }
            95..98 => self.swap(
                random.below(9) as i32,
                [1, i32::MAX][random.below(2) as usize],
            ),
            98 => self.flush(random.below(8) as i32),
            _ if random.below(20) == 0 => self.flush(-1),
            _ => self.now += 64,
        }
        let schedule = &self.schedule;
        assert_eq!(
            schedule.weight - schedule.flushed,
            self.expected
                .keys()
                .map(|name| super::weight(name))
                .sum::<usize>()
        );
        assert!(schedule.bytes() >= schedule.weight);
    }
}

#[test]
fn nothing_is_early_late_lost_or_left() {
    for seed in 0..100 {
        let mut random = Random(seed);
        let mut model = Model {
            schedule: Schedule::new(),
            expected: BTreeMap::new(),
            now: [0, 1_700_000_000_000][seed as usize % 2],
            names: 0,
        };
        for _ in 0..1000 {
            model.operate(&mut random);
        }
        model.now = slot_of(1 << 41);
        model.pop(usize::MAX, 64);
        while model.schedule.tidy(model.now, 64) {}
        let schedule = &model.schedule;
        assert_eq!((model.expected.len(), schedule.entries), (0, 0));
        assert_eq!((schedule.weight, schedule.flushed), (0, 0));
        assert_eq!(schedule.calendar.bytes(), 0, "with seed {seed}");
    }
}

#[test]
fn entries_move_a_few_times_however_far_ahead_they_are_due() {
    const ENTRIES: u64 = 20_000;
    let mut random = Random(1);
    let (mut schedule, mut now) = (Schedule::new(), 1_700_000_000_000);
    schedule.tidy(now, 0);
    for i in 0..ENTRIES {
        let due = now + random.below(864_000_000);
        schedule.add(0, &i.to_le_bytes(), due);
    }
    let (mut steps, mut popped) = (0, 0);
    while popped < ENTRIES {
        now += 10_000;
        while schedule.is_due(now) {
            steps += 1;
            popped += u64::from(schedule.pop(now, 0).is_some());
        }
    }
    // Each is moved no more often than there are levels of spans up to ten days, and there are some steps a span.
    assert!(steps < 7 * ENTRIES, "{steps} steps");
}
