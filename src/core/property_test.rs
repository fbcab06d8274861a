//! Random operations on a set and on a naive model of one, compared after each.

use std::collections::HashSet;

use proptest::prelude::*;

use super::list::{List, Span};
use super::model::{Model, is_online};
use super::seen::Seen;
use super::set::{PresenceSet, Touch};
use super::settings::{Peak, Settings};
use super::time::Millis;

#[derive(Clone, Debug)]
enum Op {
    /// Touches `count` members from `from` on, each `step` further.
    Touch {
        from: u32,
        count: u32,
        step: u32,
        ttl: Option<Millis>,
    },
    /// The same in the past; `ago` ms before now.
    Import {
        from: u32,
        count: u32,
        ttl: Millis,
        ago: Millis,
    },
    /// The same as a replica applies it.
    Replay {
        from: u32,
        count: u32,
        ttl: Millis,
        at: i64,
    },
    Leave {
        from: u32,
        count: u32,
    },
    Evict {
        limit: usize,
        ago: Millis,
    },
    /// Time passes, or the clock steps back.
    Clock(i64),
    Retain(Millis),
    Linger(Option<Millis>),
    SetPeak(u64),
    List {
        window: Option<Millis>,
        reverse: bool,
        offset: usize,
        limit: usize,
    },
    Scan {
        count: usize,
        touch: u32,
    },
    Clone,
    Reload,
}

/// Names of every stored form, a different one for each number.
fn name(number: u32) -> Vec<u8> {
    let text = match number % 7 {
        0 => format!("{}", u64::from(number) * 1_000_003),
        1 => format!("0{number}"),
        2 => format!("{number:08x}-1111-2222-3333-444455556666"),
        3 => format!("{number:08X}-AAAA-BBBB-CCCC-DDDDEEEEFFFF"),
        4 => format!("user:{number:010}"),
        5 => format!("a name that fits no slot, number {number}"),
        _ => format!("{number}\0"),
    };
    text.into_bytes()
}

fn ops(members: u32, long: bool) -> impl Strategy<Value = Vec<Op>> {
    let from = move || 0..members;
    let count = move || prop_oneof![6 => 1..4_u32, 2 => 1..members / 4 + 2, 1 => Just(members)];
    let ttl = || prop_oneof![3 => Just(1000_u64), 3 => 1..2000_u64, 1 => Just(60_000_u64)];
    let op = prop_oneof![
        8 => (from(), count(), 1..5_u32, prop::option::weighted(0.4, ttl()))
            .prop_map(|(from, count, step, ttl)| Op::Touch { from, count, step, ttl }),
        3 => (from(), count(), ttl(), 0..4000_u64)
            .prop_map(|(from, count, ttl, ago)| Op::Import { from, count, ttl, ago }),
        2 => (from(), count(), prop_oneof![Just(0_u64), ttl()], -3000..3000_i64)
            .prop_map(|(from, count, ttl, at)| Op::Replay { from, count, ttl, at }),
        2 => (from(), count()).prop_map(|(from, count)| Op::Leave { from, count }),
        3 => (prop_oneof![1..20_usize, Just(usize::MAX)], 0..500_u64)
            .prop_map(|(limit, ago)| Op::Evict { limit, ago }),
        6 => prop_oneof![8 => 0..50_i64, 3 => 0..1500_i64, 1 => -2500..0_i64].prop_map(Op::Clock),
        1 => prop_oneof![Just(0_u64), 1..5000_u64].prop_map(Op::Retain),
        1 => prop::option::of(prop_oneof![Just(0), 1..3000_u64]).prop_map(Op::Linger),
        1 => (0..50_u64).prop_map(Op::SetPeak),
        4 => (
            prop::option::of(1..6000_u64),
            any::<bool>(),
            prop_oneof![0..20_usize, 0..members as usize],
            prop_oneof![0..20_usize, Just(usize::MAX)],
        )
            .prop_map(|(window, reverse, offset, limit)| {
                Op::List { window, reverse, offset, limit }
            }),
        1 => (1..30_usize, from()).prop_map(|(count, touch)| Op::Scan { count, touch }),
        1 => Just(Op::Clone),
        1 => Just(Op::Reload),
    ];
    prop::collection::vec(op, if long { 150..300 } else { 100..400 })
}

/// Names the first difference only: the lists are long.
fn assert_same<T: PartialEq + std::fmt::Debug>(ours: &[T], expected: &[T], what: &str) {
    let same = ours
        .iter()
        .zip(expected)
        .take_while(|(a, b)| a == b)
        .count();
    assert!(
        ours == expected,
        "{what} differ at {same}: {:?} for {:?}, {} for {} in all",
        ours.get(same),
        expected.get(same),
        ours.len(),
        expected.len()
    );
}

struct Pair {
    set: PresenceSet,
    model: Model,
    now: Millis,
}

impl Pair {
    fn new(retain: Millis) -> Pair {
        let settings = Settings {
            ttl: 1000,
            retain,
            linger: None,
        };
        let now = 1_700_000_000_000;
        Pair {
            set: PresenceSet::new(settings, now),
            model: Model::new(settings, now),
            now,
        }
    }

    fn touch(&mut self, members: &[Vec<u8>], seen: Seen, touch: Touch, judge: bool) {
        let now = self.now;
        let (mut joined, mut applied) = (Vec::new(), false);
        let names = members.iter().map(Vec::as_slice);
        self.set
            .touch(names, seen, touch, now, |_, touched| {
                joined.push(touched.joined);
                applied |= touched.applied;
            })
            .expect("there is room");
        let expected: Vec<bool> = members
            .iter()
            .map(|name| self.model.touch(name, seen, touch, now))
            .collect();
        assert_same(&joined, &expected, "who came online");
        if judge && applied {
            self.set.judge_peak(now);
            self.model.judge_peak(now);
        }
    }

    fn apply(&mut self, op: &Op) {
        let now = self.now;
        match *op {
            Op::Touch {
                from,
                count,
                step,
                ttl,
            } => {
                let members: Vec<_> = (0..count).map(|i| name(from + i * step)).collect();
                let ttl = ttl.unwrap_or(self.model.settings.ttl);
                self.touch(&members, Seen { at: now, ttl }, Touch::Now, true);
            }
            Op::Import {
                from,
                count,
                ttl,
                ago,
            } => {
                let members: Vec<_> = (0..count).map(|i| name(from + i)).collect();
                let at = now - ago;
                self.touch(&members, Seen { at, ttl }, Touch::Past, true);
            }
            Op::Replay {
                from,
                count,
                ttl,
                at,
            } => {
                let members: Vec<_> = (0..count).map(|i| name(from + i)).collect();
                let at = now.saturating_add_signed(at);
                self.touch(&members, Seen { at, ttl }, Touch::Replayed, ttl > 0);
            }
            Op::Leave { from, count } => {
                let members: Vec<_> = (0..count).map(|i| name(from + i)).collect();
                let mut left = Vec::new();
                self.set
                    .leave(members.iter().map(Vec::as_slice), now, |position| {
                        left.push(position);
                    });
                let expected: Vec<_> = (0..members.len())
                    .filter(|position| self.model.leave(&members[*position], now))
                    .collect();
                assert_same(&left, &expected, "who left");
            }
            Op::Evict { limit, ago } => {
                let mut evicted = Vec::new();
                let count = self.set.evict(now - ago, limit, |name, seen| {
                    evicted.push((name.to_vec(), seen));
                });
                assert_eq!(evicted.len(), count);
                assert_same(&evicted, &self.model.evict(now - ago, limit), "the evicted");
            }
            Op::Clock(by) => self.now = now.saturating_add_signed(by),
            Op::Retain(retain) => {
                self.model.settings.retain = retain;
                self.set.configure(self.model.settings);
            }
            Op::Linger(linger) => {
                self.model.settings.linger = linger;
                self.set.configure(self.model.settings);
            }
            Op::SetPeak(count) => {
                let peak = Peak { count, at: now };
                self.model.peak = peak;
                self.set.set_peak(peak);
            }
            Op::List {
                window,
                reverse,
                offset,
                limit,
            } => {
                let list = List {
                    span: window.map_or(Span::Online, Span::Within),
                    reverse,
                    offset,
                    limit,
                };
                let page = self.set.list(&list, now);
                let mut listed = Vec::with_capacity(page.len());
                let len = page.len();
                page.each(|name, seen| listed.push((name.to_vec(), seen)));
                assert_eq!(listed.len(), len);
                let times = |list: &[(Vec<u8>, Seen)]| -> Vec<Seen> {
                    list.iter().map(|(_, seen)| *seen).collect()
                };
                let expected = self.model.list(&list, now);
                assert_same(&times(&listed), &times(&expected), "the order of a list");
                assert_same(&listed, &expected, "the members of a list");
            }
            Op::Scan { count, touch } => self.scan(count, touch),
            Op::Clone => self.set = self.set.clone(),
            Op::Reload => {
                let mut loaded = PresenceSet::new(self.set.settings(), 0);
                loaded.set_peak(self.set.peak());
                if self.set.is_untouched() {
                    loaded = PresenceSet::new(self.set.settings(), self.set.empty_since());
                    loaded.set_peak(self.set.peak());
                } else {
                    loaded.set_emptied(self.set.empty_since());
                }
                self.set.each_in_order(|name, seen| {
                    assert_eq!(loaded.restore(name, seen), Ok(true));
                });
                self.set = loaded;
            }
        }
    }

    /// A walk during which others come, go and are touched.
    fn scan(&mut self, count: usize, touch: u32) {
        let now = self.now;
        let online = |pair: &Pair| -> HashSet<Vec<u8>> {
            let members = pair.model.members.iter();
            members
                .filter(|(_, seen)| is_online(*seen, now))
                .map(|(name, _)| name.clone())
                .collect()
        };
        let mut throughout = online(self);
        let mut found = HashSet::new();
        let mut cursor = 0;
        for round in 0.. {
            cursor = self.set.scan(cursor, count, now, |name| {
                found.insert(name.to_vec());
            });
            if cursor == 0 {
                break;
            }
            if round < 40 {
                let others: Vec<_> = (0..5).map(|i| name(touch + round * 5 + i)).collect();
                let seen = Seen { at: now, ttl: 1000 };
                self.touch(&others[..3], seen, Touch::Now, true);
                for name in &others[3..] {
                    self.set.leave([name.as_slice()].into_iter(), now, |_| {});
                    self.model.leave(name, now);
                }
                throughout.retain(|name| !others[3..].contains(name));
            }
        }
        assert!(throughout.is_subset(&found), "scan missed someone");
        let known: HashSet<_> = self.model.members.iter().map(|(name, _)| name).collect();
        assert!(
            found
                .iter()
                .all(|name| known.contains(name) || name.is_empty() || !throughout.contains(name))
        );
    }

    fn compare(&mut self) {
        let now = self.now;
        let (set, model) = (&mut self.set, &self.model);
        set.check();
        assert_eq!(set.len(), model.members.len(), "len");
        assert_eq!(set.peak(), model.peak, "peak");
        assert_eq!(set.is_untouched(), model.untouched);
        if model.members.is_empty() {
            assert_eq!(set.empty_since(), model.empty_since);
        }
        for now in [now, now + 700, now - 300, now] {
            let online = model.count(Span::Online, now);
            assert_eq!(set.online(now), online, "online at {now}");
            for window in [1, 500, 1000, 3000] {
                let span = Span::Within(window);
                assert_eq!(set.count(span, now), model.count(span, now), "{span:?}");
            }
            let remembers = |seen: &Seen| model.remembers(*seen, now);
            let remembered = model.members.iter().filter(|(_, seen)| remembers(seen));
            assert_eq!(set.remembered(now), remembered.count(), "remembered");
        }
        let first_due = model.members.iter().map(|(_, seen)| model.due(*seen)).min();
        let last_due = model.members.iter().map(|(_, seen)| model.due(*seen)).max();
        let awaits_first = model.untouched;
        let linger = model.settings.linger;
        let linger = linger.filter(|linger| *linger > 0 || !awaits_first);
        assert_eq!(
            set.next_due(),
            first_due.or(linger.map(|linger| model.empty_since + linger))
        );
        let gone_at = linger.map(|linger| last_due.unwrap_or(model.empty_since) + linger);
        assert_eq!(set.is_gone(now), gone_at.is_some_and(|at| at <= now));
        let mut looked_up = Vec::new();
        let names: Vec<_> = (0..40).map(|i| name(i * 3)).collect();
        set.look_up(names.iter().map(Vec::as_slice), now, |_, seen| {
            looked_up.push(seen);
        });
        let known = |name: &Vec<u8>| model.get(name).filter(|seen| model.remembers(*seen, now));
        assert_eq!(looked_up, names.iter().map(known).collect::<Vec<_>>());
    }

    fn compare_all(&self) {
        let mut expected = self.model.members.clone();
        expected.sort_by_key(|(_, seen)| (seen.ttl, seen.at));
        let mut stored = Vec::new();
        self.set
            .each_in_order(|name, seen| stored.push((name.to_vec(), seen)));
        assert_same(&stored, &expected, "all members");
    }

    fn run(&mut self, ops: &[Op]) {
        for op in ops {
            self.apply(op);
            self.compare();
        }
        self.compare_all();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_shrink_iters: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rooms: a compact set that may become a table.
    #[test]
    fn small_sets_agree_with_the_model(retain in prop_oneof![Just(0), 1..5000_u64], ops in ops(90, false)) {
        Pair::new(retain).run(&ops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Audiences: many chunks and tables, squeezed, split and joined.
    #[test]
    fn large_sets_agree_with_the_model(retain in prop_oneof![Just(0), 1..5000_u64], ops in ops(2500, true)) {
        Pair::new(retain).run(&ops);
    }
}
