//! Random operations on a set and on a naive model of one, compared. Where there is a copy of the set, or one loaded
//! from its dump, each gets the same operations, and all have to go the same way: what is not in a copy or a dump may
//! not decide anything.

use proptest::prelude::*;

use super::compare::compare;
use super::model::Model;
use super::property_ops::{Op, Step, beginning, name, resolution, retain, steps};
use super::witness::{Witness, apply};
use crate::core::dump::Items;
use crate::core::set::{Peak, Settings};
use crate::core::time::{MAX_TIME, Millis};
use crate::core::touch::Touch;
use crate::core::{Change, Error, List, Members, PresenceSet, Span, TouchMode};

/// Names the first difference only: the lists are long.
pub fn assert_same<T: PartialEq + std::fmt::Debug>(ours: &[T], expected: &[T], what: &str) {
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

/// A set as a server has it that loads the dump of this one.
fn reloaded(set: &PresenceSet) -> PresenceSet {
    let mut dump = Items::default();
    set.save(&mut dump);
    PresenceSet::load(&mut dump, 0).expect("it is a dump")
}

pub fn names(count: u32, mut number: impl FnMut(u32) -> u32) -> Vec<Vec<u8>> {
    (0..count).map(|i| name(number(i))).collect()
}

pub struct Run {
    /// The set, and perhaps a copy of it.
    pub sets: Vec<PresenceSet>,
    pub model: Model,
    pub now: Millis,
    /// Whether the set becomes a table as soon as it has members, few as they may be.
    table: bool,
}

impl Run {
    /// Starts without members.
    fn new(now: Millis, retain: Millis, resolution: Millis, table: bool) -> Run {
        let settings = Settings {
            ttl: 1000,
            retain,
            linger: None,
            resolution: resolution.min(500),
            cap: 0,
        };
        Run {
            sets: vec![PresenceSet::new(settings, now)],
            model: Model::new(settings, now),
            now,
            table,
        }
    }

    pub fn touch(&mut self, members: &[Vec<u8>], touch: Touch, mode: TouchMode) {
        let now = self.now;
        if self.model.is_capped(members, touch, mode, now) {
            return self.refuse(members, touch, mode);
        }
        let forgotten = self.model.forgotten_with_metadata(members, now);
        for set in &self.sets {
            let names = members.iter().map(Vec::as_slice);
            assert_eq!(set.forgotten_with_metadata(names, now), forgotten);
        }
        let (mut recorded, mut joining) = (Vec::new(), Vec::new());
        for name in members {
            let (records, joins) = self.model.touch(name, touch, mode, now);
            recorded.extend(records.then(|| name.clone()));
            joining.extend(joins.then(|| name.clone()));
        }
        for (index, set) in self.sets.iter_mut().enumerate() {
            // The copy is now and then as a replica has it, which is sent what was recorded.
            let replays = index > 0 && members.len().is_multiple_of(3);
            let (mode, members) = match mode {
                TouchMode::Now if replays => (TouchMode::Replayed, &recorded[..]),
                _ => (mode, members),
            };
            let change = |sets_peak| Change::Touch {
                at: Some(touch.at),
                ttl: Some(touch.ttl),
                mode,
                sets_peak,
            };
            // Many at once, or one by one in two steps, as a command of one member does it.
            let (mut joined, mut applied) = (Vec::new(), Vec::new());
            if members.len().is_multiple_of(2) {
                let (effects, witness) = apply(set, change(true), members, now);
                assert_eq!(effects.joined, witness.joined.len());
                assert_eq!(effects.members, witness.changed.len());
                joined = witness.joined;
                applied.extend(witness.changed.iter().map(|i| members[*i].clone()));
            } else {
                for name in members {
                    let mut witness = Witness::default();
                    let member = set.prefetch(&change(false), name);
                    let member = Members::<std::iter::Empty<_>>::Prefetched(member);
                    let effects = set.apply(change(false), member, now, &mut witness);
                    let count = effects.expect("there is room").members;
                    assert_eq!(count, witness.changed.len());
                    applied.extend(witness.changed.iter().map(|_| name.clone()));
                    joined.extend(witness.joined);
                }
                if !applied.is_empty() && touch.ttl > 0 {
                    set.judge_peak(now);
                }
            }
            assert_same(&joined, &joining, "who came online");
            assert_same(&applied, &recorded, "whose touch was recorded");
        }
        if !recorded.is_empty() && touch.ttl > 0 {
            self.model.judge_peak(now);
        }
        self.set_meta(&forgotten, b"", false);
    }

    pub fn set_meta(&mut self, members: &[Vec<u8>], blob: &[u8], judged: bool) {
        let now = self.now;
        let (mut there, mut updated) = (0, Vec::new());
        for name in members {
            let (is_there, changes) = self.model.set_meta(name, blob, judged, now);
            there += usize::from(is_there);
            updated.extend(changes.then(|| name.clone()));
        }
        for set in &mut self.sets {
            let change = Change::SetMeta {
                session: None,
                blob,
                judged,
            };
            let (effects, witness) = apply(set, change, members, now);
            assert_eq!(effects.members, there);
            assert_eq!(effects.changed, !updated.is_empty());
            assert_same(&witness.updated, &updated, "who has other metadata");
        }
    }

    /// A touch by which more members would be online than the cap allows.
    fn refuse(&mut self, members: &[Vec<u8>], touch: Touch, mode: TouchMode) {
        let now = self.now;
        let online = self.model.count(Span::Online, now) as u64;
        let change = Change::Touch {
            at: Some(touch.at),
            ttl: Some(touch.ttl),
            mode,
            sets_peak: true,
        };
        for set in &mut self.sets {
            let mut witness = Witness::default();
            let members = match members {
                [name] => Members::Prefetched(set.prefetch(&change, name)),
                names => Members::Each(names.iter().map(Vec::as_slice)),
            };
            let refused = set.apply(change, members, now, &mut witness);
            assert_eq!(refused, Err(Error::Capped { online }));
            assert_eq!(witness, Witness::default());
        }
    }

    pub fn leave(&mut self, members: &[Vec<u8>]) {
        let now = self.now;
        let expected: Vec<_> = (0..members.len())
            .filter(|position| self.model.leave(&members[*position], now))
            .collect();
        for set in &mut self.sets {
            let (effects, witness) = apply(set, Change::Leave, members, now);
            assert_same(&witness.changed, &expected, "who left");
            assert_eq!(effects.members, expected.len());
            let names: Vec<_> = expected.iter().map(|i| members[*i].clone()).collect();
            assert_same(&witness.left, &names, "the names of who left");
        }
    }

    fn forget(&mut self, members: &[Vec<u8>]) {
        let (now, retain) = (self.now, self.model.settings.retain);
        let (mut expected, mut remembered) = (Vec::new(), 0);
        for (position, name) in members.iter().enumerate() {
            if let Some(touch) = self.model.forget(name, now) {
                expected.push(position);
                remembered += usize::from(now < touch.due(retain));
            }
        }
        for set in &mut self.sets {
            let (effects, witness) = apply(set, Change::Forget, members, now);
            assert_same(&witness.changed, &expected, "the forgotten");
            let counted = (effects.members, effects.remembered);
            assert_eq!(counted, (expected.len(), remembered));
        }
    }

    fn evict(&mut self, cutoff: Millis, limit: usize) {
        let ended = self.model.evict_sessions(cutoff, limit);
        let limit = limit - ended;
        let expected = self.model.evict(cutoff, limit);
        for set in &mut self.sets {
            assert_eq!(set.evict_sessions(cutoff, limit + ended), ended);
            let mut evicted = Vec::new();
            let count = set.evict(cutoff, limit, |member, _| {
                evicted.push((member.name.to_vec(), member.touch));
            });
            assert_eq!(evicted.len(), count);
            assert_same(&evicted, &expected, "the evicted");
        }
    }

    fn configure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.model.settings);
        // The longest that a set keeps, though no client may ask for more.
        let settings = &mut self.model.settings;
        settings.resolution = settings.resolution.min(settings.ttl / 2);
        let settings = *settings;
        let change = Change::Configure {
            ttl: Some(settings.ttl),
            retain: Some(settings.retain),
            linger: Some(settings.linger),
            resolution: Some(settings.resolution),
            cap: Some(settings.cap),
            since: None,
        };
        for set in &mut self.sets {
            let differs = set.settings() != settings;
            let (effects, _) = apply(set, change, &[], self.now);
            assert_eq!((effects.changed, set.settings()), (differs, settings));
        }
    }

    fn set_peak(&mut self, peak: Peak) {
        self.model.peak = peak;
        for set in &mut self.sets {
            apply(set, Change::SetPeak(peak), &[], self.now);
        }
    }

    /// Goes on with this set beside the first.
    fn go_on_with(&mut self, other: PresenceSet) {
        self.sets.splice(1.., [other]);
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
                let ttl = ttl.unwrap_or(self.model.settings.ttl);
                let members = names(count, |i| from + i * step);
                self.touch(&members, Touch { at: now, ttl }, TouchMode::Now);
            }
            Op::Import {
                from,
                count,
                ttl,
                ago,
            } => {
                let at = now.saturating_sub(ago);
                let members = names(count, |i| from + i);
                self.touch(&members, Touch { at, ttl }, TouchMode::Past);
            }
            Op::Replay {
                from,
                count,
                ttl,
                at,
            } => {
                let at = now.saturating_add_signed(at).min(MAX_TIME);
                let members = names(count, |i| from + i);
                self.touch(&members, Touch { at, ttl }, TouchMode::Replayed);
            }
            Op::Leave { from, count } => self.leave(&names(count, |i| from + i)),
            Op::Forget { from, count, step } => {
                self.forget(&names(count, |i| from + i * step));
            }
            Op::Evict { limit, ago } => self.evict(now.saturating_sub(ago), limit),
            Op::Clock(by) => self.now = now.saturating_add_signed(by).min(MAX_TIME),
            Op::Configure { .. } | Op::Linger(_) | Op::SetMeta { .. } => self.set(op),
            Op::Attach { .. }
            | Op::Beat { .. }
            | Op::Detach { .. }
            | Op::SetSessionMeta { .. }
            | Op::Lease { .. }
            | Op::Drop { .. }
            | Op::EndLeases(_)
            | Op::EndDropped(_) => {
                self.apply_to_sessions(op);
            }
            Op::SetPeak(count) => self.set_peak(Peak { count, at: now }),
            Op::List {
                window,
                reverse,
                offset,
                limit,
            } => self.list(&List {
                span: window.map_or(Span::Online, Span::Within),
                reverse,
                offset,
                limit,
            }),
            Op::Scan { count, touch } => self.scan(count, touch),
            Op::Copy => self.go_on_with(self.sets[0].clone()),
            Op::Load => self.go_on_with(reloaded(&self.sets[0])),
            Op::Replace => {
                self.compare_state();
                self.sets.drain(..self.sets.len() - 1);
            }
        }
    }

    /// Settings and metadata.
    fn set(&mut self, op: &Op) {
        match *op {
            Op::Configure {
                ttl,
                retain,
                resolution,
                cap,
            } => self.configure(|settings| {
                settings.ttl = ttl.unwrap_or(settings.ttl);
                settings.retain = retain.unwrap_or(settings.retain);
                settings.resolution = resolution.unwrap_or(settings.resolution);
                settings.cap = cap.unwrap_or(settings.cap);
            }),
            Op::Linger(linger) => self.configure(|settings| settings.linger = linger),
            Op::SetMeta {
                from,
                count,
                len,
                judged,
            } => {
                let blob = vec![from as u8; len * len * 20];
                self.set_meta(&names(count, |i| from + i), &blob, judged);
            }
            _ => unreachable!("nothing is set by {op:?}"),
        }
    }

    fn compare(&mut self) {
        for set in &mut self.sets {
            compare(set, &self.model, self.now);
        }
    }

    /// All that a dump or a digest has in it, and the order of the members.
    fn compare_state(&self) {
        let with_meta = |(name, touch): &(Vec<u8>, Touch)| {
            (name.clone(), *touch, self.model.metadata.get(name).cloned())
        };
        let mut expected: Vec<_> = self.model.members.iter().map(with_meta).collect();
        expected.sort_by_key(|(_, touch, _)| (touch.ttl, touch.at));
        for set in &self.sets {
            assert_eq!(set.settings(), self.model.settings);
            let mut stored = Vec::new();
            set.each_in_order(|member| {
                let meta = member.meta.map(<[u8]>::to_vec);
                stored.push((member.name.to_vec(), member.touch, meta));
            });
            stored.sort_by_key(|(_, touch, _)| (touch.ttl, touch.at));
            assert_same(&stored, &expected, "all members");
            self.compare_sessions(set);
        }
    }

    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            self.apply(&step.op);
            for set in &mut self.sets {
                if self.table && !set.is_empty() {
                    set.make_table();
                }
            }
            if step.compared {
                self.compare();
            }
        }
        self.compare();
        self.compare_state();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rooms: a small set that may become a table, or a table of few members.
    #[test]
    fn small_sets_agree_with_the_model(
        beginning in beginning(),
        table: bool,
        retain in retain(),
        resolution in resolution(),
        steps in steps(90, 1, 0..500),
    ) {
        Run::new(beginning, retain, resolution, table).run(&steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Audiences: many chunks and segments, compacted, split and joined.
    #[test]
    fn large_sets_agree_with_the_model(
        beginning in beginning(),
        retain in retain(),
        resolution in resolution(),
        steps in steps(2500, 1, 0..450),
    ) {
        Run::new(beginning, retain, resolution, false).run(&steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Members some of whom have sessions.
    #[test]
    fn sets_with_sessions_agree_with_the_model(
        beginning in beginning(),
        table: bool,
        retain in retain(),
        resolution in resolution(),
        steps in steps(90, 40, 0..500),
    ) {
        Run::new(beginning, retain, resolution, table).run(&steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Audiences whose members have sessions.
    #[test]
    fn large_sets_with_sessions_agree_with_the_model(
        beginning in beginning(),
        retain in retain(),
        resolution in resolution(),
        steps in steps(1500, 40, 0..450),
    ) {
        Run::new(beginning, retain, resolution, false).run(&steps);
    }
}
