//! Members that are touched together, and sessions that are beaten together, beside the same ones one after the other.

use super::sets::{settings, stored};
use super::witness::{Witness, apply};
use crate::core::time::Millis;
use crate::core::{Attachment, Change, PresenceSet, Touch, TouchMode};

const TTL: Millis = 1000;
const MEMBERS: u64 = 120;
/// How far ahead somebody asks who is online: a replica, whose clock is not that of its primary.
const AHEAD: Millis = 3 * TTL;

fn name(number: u64) -> Vec<u8> {
    format!("member {number}").into_bytes()
}

fn session(number: u64) -> Vec<u8> {
    format!("session {number}").into_bytes()
}

/// Numbers without order, the same in each run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        const FACTOR: u64 = 6_364_136_223_846_793_005;
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(1);
        (self.0 >> 33) % limit
    }

    /// More than are looked for together, some of them twice.
    fn some(&mut self, of: impl Fn(u64) -> Vec<u8>) -> Vec<Vec<u8>> {
        (0..1 + self.below(60))
            .map(|_| of(self.below(MEMBERS)))
            .collect()
    }
}

/// A set to which changes are applied as a whole, and one to which they are applied for one member after the other.
struct Pair {
    together: PresenceSet,
    one_by_one: PresenceSet,
    now: Millis,
}

impl Pair {
    fn new() -> Pair {
        let set = PresenceSet::new(settings(TTL, 0, None), 0);
        Pair {
            together: set.clone(),
            one_by_one: set,
            now: 1_000_000,
        }
    }

    /// Applies a change, and compares all that is said and kept.
    fn apply(&mut self, change: Change, members: &[Vec<u8>]) {
        let (effects, said) = apply(&mut self.together, change, members, self.now);
        if members.is_empty() {
            let expected = apply(&mut self.one_by_one, change, members, self.now);
            assert_eq!((effects, said), expected);
            return self.compare();
        }
        let mut expected = Witness::default();
        let mut changed = 0;
        for (position, member) in members.iter().enumerate() {
            let member = std::slice::from_ref(member);
            let (one, said) = apply(&mut self.one_by_one, change, member, self.now);
            changed += one.members;
            expected
                .changed
                .extend(said.changed.iter().map(|_| position));
            expected.joined.extend(said.joined);
            expected.left.extend(said.left);
            expected.timed_out.extend(said.timed_out);
        }
        assert_eq!((effects.members, said), (changed, expected));
        self.compare();
    }

    fn evict(&mut self) {
        for set in [&mut self.together, &mut self.one_by_one] {
            set.evict(self.now, usize::MAX, |_, _| {});
        }
        self.compare();
    }

    fn compare(&mut self) {
        let now = self.now;
        let [together, one_by_one] = [&mut self.together, &mut self.one_by_one].map(|set| {
            assert_eq!(set.online(now + AHEAD), 0, "nobody stays so long");
            set.check();
            let sessions: Vec<_> = (0..MEMBERS)
                .flat_map(|number| set.sessions(&name(number), now))
                .collect();
            let next = (set.next_look(), set.peak(), set.online(now));
            let stored = stored(set, now);
            if now.is_multiple_of(3) {
                set.online(now + AHEAD);
            }
            (stored, sessions, next)
        });
        assert_eq!(together, one_by_one);
    }
}

fn attach(session: &[u8]) -> Change<'_> {
    Change::Attach {
        attachment: Attachment::new(session, None, None),
        at: None,
        ttl: None,
        mode: TouchMode::Now,
    }
}

fn retaining(retain: Millis) -> Change<'static> {
    Change::Configure {
        ttl: None,
        retain: Some(retain),
        linger: None,
        resolution: None,
        cap: None,
        since: None,
    }
}

#[test]
fn touches_together_are_touches_one_after_the_other() {
    let mut numbers = Numbers(17);
    let mut pair = Pair::new();
    let all: Vec<_> = (0..MEMBERS).map(name).collect();
    for round in 0..600 {
        pair.now += numbers.below(8);
        let touch = |ttl| Change::Touch {
            at: None,
            ttl,
            mode: match round % 3 {
                0 => TouchMode::Replayed,
                _ => TouchMode::Now,
            },
            sets_peak: true,
        };
        let members = numbers.some(name);
        match round % 40 {
            // Most of the time all are online, by touches of one ttl; else this brings some back who are not.
            0 => pair.apply(touch(None), &all),
            // Somebody's time is up, and that is so at the frontier when the clock has stepped back.
            13 => {
                pair.now += TTL - 20;
                pair.apply(touch(None), &members);
                pair.now -= numbers.below(50);
            }
            14 => pair.evict(),
            // Others have another ttl, until they are touched again.
            17 | 35 => pair.apply(touch(Some(TTL / 2)), &members),
            // Time-outs are reported while they are retained, and who left has a ttl of 0.
            22 => pair.apply(retaining(2 * TTL), &[]),
            23 | 27 | 33 => pair.apply(Change::ReportTimeouts { limit: 40 }, &[]),
            24 => pair.apply(Change::Leave, &members[..members.len().min(9)]),
            26 => {
                pair.now += TTL - 20;
                pair.apply(touch(None), &members);
            }
            38 => pair.apply(retaining(0), &[]),
            39 => pair.evict(),
            _ => pair.apply(touch(None), &members),
        }
    }
}

#[test]
fn beats_together_are_beats_one_after_the_other() {
    let mut numbers = Numbers(23);
    let mut pair = Pair::new();
    for round in 0..600 {
        pair.now += numbers.below(8);
        let beat = Change::Beat {
            at: None,
            ttl: (round % 40 == 27).then_some(TTL / 2),
            mode: TouchMode::Now,
        };
        match round % 40 {
            0 => {
                for number in 0..MEMBERS {
                    pair.apply(attach(&session(number)), &[name(number)]);
                }
            }
            // A second session of one member, which has an owner then.
            7 => pair.apply(attach(b"second"), &[name(round)]),
            13 => {
                pair.now += TTL - 20;
                pair.apply(beat, &numbers.some(session));
                pair.now -= numbers.below(50);
            }
            14 => pair.evict(),
            20 => pair.apply(retaining(TTL / 2), &[]),
            24 => pair.apply(retaining(0), &[]),
            _ => pair.apply(beat, &numbers.some(session)),
        }
    }
}

#[test]
fn a_session_beaten_while_members_are_retained_goes_before_its_member() {
    let mut set = Pair::new().together;
    for number in 0..MEMBERS {
        apply(&mut set, attach(&session(number)), &[name(number)], 1000);
    }
    apply(&mut set, retaining(10 * TTL), &[], 1000);
    let beat = Change::Beat {
        at: None,
        ttl: None,
        mode: TouchMode::Now,
    };
    let all: Vec<_> = (0..MEMBERS).map(session).collect();
    apply(&mut set, beat, &all, 1500);
    assert_eq!(set.session_count(), all.len());
    set.evict_sessions(1500 + TTL, usize::MAX);
    assert_eq!(set.session_count(), 0);
    assert_eq!(set.remembered(1500 + TTL), all.len());
    set.check();
}

/// The clock has stepped back, and the newest touch is of another ttl.
#[test]
fn a_beat_does_not_take_back_when_members_were_seen() {
    /// Few enough for the first lane's chunk to have room for a batch.
    const FEW: u64 = 70;
    let mut set = Pair::new().together;
    for number in 0..FEW {
        apply(&mut set, attach(&session(number)), &[name(number)], 1000);
    }
    let beat = |ttl| Change::Beat {
        at: None,
        ttl,
        mode: TouchMode::Now,
    };
    // Enough stay behind for that chunk to keep its room.
    let others: Vec<_> = (FEW / 2..FEW).map(session).collect();
    apply(&mut set, beat(Some(TTL / 2)), &others, 1050);
    apply(&mut set, beat(None), &others, 1020);
    let later = |(_, touch): &(String, Touch)| touch.at == 1050 && touch.end() == 1020 + TTL;
    let stored = stored(&mut set, 1050);
    assert_eq!(stored.iter().filter(|one| later(one)).count(), others.len());
    set.check();
}
