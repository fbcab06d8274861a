//! Every end of somebody's time is reported exactly once: random operations, and a model that keeps a list of the
//! reported.

use std::collections::HashSet;

use proptest::prelude::*;

use super::model::{Model, is_online};
use super::witness::apply;
use crate::core::TouchMode;
use crate::core::set::Settings;
use crate::core::time::Millis;
use crate::core::touch::Touch;
use crate::core::{Change, PresenceSet};

#[derive(Clone, Debug)]
enum Op {
    /// Members `from` and after it are touched, `ago` ms in the past where that is not 0.
    Touch {
        from: u32,
        count: u32,
        ttl: Millis,
        ago: Millis,
    },
    Leave(u32),
    Forget(u32),
    Clock(i64),
    Retain(Millis),
    Evict(usize),
    Report(usize),
    Copy,
}

fn op(members: u32) -> impl Strategy<Value = Op> {
    let ttl = prop_oneof![4 => Just(1000_u64), 2 => 1..2000_u64, 1 => Just(10)];
    let ago = prop_oneof![4 => Just(0_u64), 1 => 1..3000_u64];
    prop_oneof![
        6 => (0..members, 1..40_u32, ttl, ago)
            .prop_map(|(from, count, ttl, ago)| Op::Touch { from, count, ttl, ago }),
        2 => (0..members).prop_map(Op::Leave),
        1 => (0..members).prop_map(Op::Forget),
        4 => prop_oneof![6 => 0..900_i64, 1 => -700..0_i64].prop_map(Op::Clock),
        1 => prop_oneof![Just(0_u64), 100..4000_u64].prop_map(Op::Retain),
        2 => (1..60_usize).prop_map(Op::Evict),
        4 => (1..60_usize).prop_map(Op::Report),
        1 => Just(Op::Copy),
    ]
}

struct Run {
    set: PresenceSet,
    model: Model,
    /// Those of the model's members whose end was reported, or who came with their time up.
    reported: HashSet<Vec<u8>>,
    now: Millis,
}

impl Run {
    fn new() -> Run {
        let settings = Settings {
            ttl: 1000,
            retain: 2000,
            linger: None,
            resolution: 0,
            cap: 0,
        };
        let now = 1_700_000_000_000;
        Run {
            set: PresenceSet::new(settings, now),
            model: Model::new(settings, now),
            reported: HashSet::new(),
            now,
        }
    }

    fn is_unreported(&self, name: &[u8], touch: Touch) -> bool {
        touch.ttl > 0 && !is_online(touch, self.now) && !self.reported.contains(name)
    }

    fn touch(&mut self, name: Vec<u8>, touch: Touch, mode: TouchMode) {
        let now = self.now;
        let old = self.model.get(&name);
        let was_unreported = old.is_some_and(|old| self.is_unreported(&name, old));
        self.model.touch(&name, touch, mode, now);
        // A touch that was applied stands last; one that was ignored has changed nothing.
        let applied = self.model.get(&name) == Some(touch) && old != Some(touch);
        let ended = old.is_some_and(|old| is_online(old, now)) && !is_online(touch, now);
        let change = Change::Touch {
            at: Some(touch.at),
            ttl: Some(touch.ttl),
            mode,
            sets_peak: false,
        };
        let (_, witness) = apply(&mut self.set, change, std::slice::from_ref(&name), now);
        let timed_out = witness.timed_out.first().map(|(_, touch)| *touch);
        if old == Some(touch) {
            // The same touch again: whatever was said of it stays said.
            assert_eq!(timed_out.is_some(), was_unreported);
            if !is_online(touch, now) {
                self.reported.insert(name);
            }
            return;
        }
        let expected = old.filter(|_| applied && (was_unreported || ended));
        assert_eq!(timed_out, expected);
        if applied {
            self.reported.remove(&name);
            if !is_online(touch, now) {
                self.reported.insert(name);
            }
        }
    }

    fn report_timeouts(&mut self, limit: usize) {
        let mut unreported: HashSet<Vec<u8>> = HashSet::new();
        for (name, touch) in &self.model.members {
            if self.is_unreported(name, *touch) {
                unreported.insert(name.clone());
            }
        }
        let mut said = Vec::new();
        let count = self.set.report_timeouts(self.now, limit, |member| {
            assert_eq!(self.model.get(member.name), Some(member.touch));
            said.push(member.name.to_vec());
        });
        assert_eq!(
            (said.len(), count),
            (unreported.len().min(limit), said.len())
        );
        for name in said {
            assert!(unreported.remove(&name), "reported twice, or early");
            self.reported.insert(name);
        }
    }

    fn forget(&mut self, name: Vec<u8>) {
        let now = self.now;
        let forgotten = self.model.forget(&name, now);
        let unreported = forgotten.is_some_and(|touch| self.is_unreported(&name, touch));
        self.reported.remove(&name);
        let (_, witness) = apply(&mut self.set, Change::Forget, &[name], now);
        let said = !witness.timed_out.is_empty();
        assert_eq!(
            said, unreported,
            "the forgotten whose time-outs were not reported"
        );
    }

    fn evict(&mut self, limit: usize) {
        let now = self.now;
        let mut unreported = Vec::new();
        for (name, touch) in self.model.evict(now, limit) {
            if self.is_unreported(&name, touch) {
                unreported.push(name.clone());
            }
            self.reported.remove(&name);
        }
        let mut said = Vec::new();
        self.set.evict(now, limit, |member, state| {
            if state.is_unreported(now) {
                said.push(member.name.to_vec());
            }
        });
        assert!(
            said == unreported,
            "the evicted of whom nobody was reported"
        );
    }

    /// The next time-out is announced no later than it comes.
    fn check_next_timeout(&mut self) {
        let retain = self.model.settings.retain;
        let shortest = self.model.members.iter().map(|(_, touch)| touch.ttl);
        let shortest = shortest.filter(|ttl| *ttl > 0).min();
        let next = self.set.next_timeout();
        if shortest.is_some_and(|ttl| ttl < retain) || self.set.mixes_ttls() {
            let unreported = self.model.members.iter();
            let ends = unreported
                .filter(|(name, touch)| touch.ttl > 0 && !self.reported.contains(name))
                .map(|(_, touch)| touch.at + touch.ttl);
            // A small set leaves those out who are removed when their time is up.
            match (next, ends.min()) {
                (Some(next), Some(first)) => assert!(next >= first),
                (Some(next), None) => panic!("nobody's time is up at {next}"),
                (None, _) => {}
            }
        } else {
            assert_eq!(next, None);
        }
    }

    fn apply(&mut self, op: &Op) {
        let now = self.now;
        match *op {
            Op::Touch {
                from,
                count,
                ttl,
                ago,
            } => {
                let how = if ago == 0 {
                    TouchMode::Now
                } else {
                    TouchMode::Past
                };
                for i in from..from + count {
                    self.touch(name(i), Touch { at: now - ago, ttl }, how);
                }
            }
            Op::Leave(who) => {
                let name = name(who);
                if self.model.leave(&name, now) {
                    self.reported.remove(&name);
                }
                apply(&mut self.set, Change::Leave, &[name], now);
            }
            Op::Forget(who) => self.forget(name(who)),
            Op::Clock(by) => self.now = now.saturating_add_signed(by),
            Op::Retain(retain) => {
                self.model.settings.retain = retain;
                self.set.configure(self.model.settings);
            }
            Op::Evict(limit) => self.evict(limit),
            Op::Report(limit) => self.report_timeouts(limit),
            Op::Copy => self.set = self.set.clone(),
        }
        self.set.check();
        self.check_next_timeout();
    }
}

fn name(number: u32) -> Vec<u8> {
    format!("user:{number}").into_bytes()
}

fn run(ops: &[Op]) {
    let mut run = Run::new();
    for op in ops {
        run.apply(op);
    }
    // In the end nobody is left who was not reported, however small the batches.
    run.now += 10_000;
    for _ in 0..=run.model.members.len() / 7 {
        run.report_timeouts(7);
    }
    run.report_timeouts(usize::MAX);
    assert_eq!(run.set.report_timeouts(run.now, usize::MAX, |_| ()), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_timeout_is_reported_once_in_small_sets(ops in prop::collection::vec(op(20), 1..60)) {
        run(&ops);
    }

    #[test]
    fn every_timeout_is_reported_once_in_tables(ops in prop::collection::vec(op(400), 1..60)) {
        run(&ops);
    }
}
