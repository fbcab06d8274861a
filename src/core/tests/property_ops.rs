//! What the property test does to a set: operations, and how they are drawn.
//!
//! Times, ttls and retention are drawn from few values as often as from many, so that members of several lanes are due
//! at one moment, and lanes empty and come back at one moment too: what decides between equals is part of the state.

use std::fmt;

use proptest::prelude::*;

use crate::core::time::{MAX_DURATION, MAX_TIME, Millis};

#[derive(Clone, Debug)]
pub enum Op {
    /// Touches `count` members from `from` on, each `step` further; without a ttl of their own with the key's.
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
    Forget {
        from: u32,
        count: u32,
        step: u32,
    },
    Evict {
        limit: usize,
        ago: Millis,
    },
    /// Time passes, or the clock steps back.
    Clock(i64),
    /// New settings, one or several at once.
    Configure {
        ttl: Option<Millis>,
        retain: Option<Millis>,
        resolution: Option<Millis>,
        cap: Option<u64>,
    },
    Linger(Option<Millis>),
    /// Metadata of so many bytes, as a client sets it or as it is replayed.
    SetMeta {
        from: u32,
        count: u32,
        len: usize,
        judged: bool,
    },
    /// A session comes, of one of `spread` members, with the key's ttl or one of its own, and metadata of so many bytes.
    Attach {
        session: u32,
        spread: u32,
        ttl: Option<Millis>,
        group: Option<u32>,
        meta: Option<usize>,
    },
    Beat {
        from: u32,
        count: u32,
        ttl: Option<Millis>,
    },
    Detach {
        from: u32,
        count: u32,
        grace: Millis,
    },
    SetSessionMeta {
        session: u32,
        spread: u32,
        len: usize,
    },
    Lease {
        group: u32,
        count: u32,
        ttl: Millis,
    },
    Drop {
        group: u32,
        count: u32,
    },
    EndLeases(usize),
    EndDropped(usize),
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
    /// A copy of the set, as `COPY` makes it: from now on both are given the same operations.
    Copy,
    /// The same with a set that is loaded from a dump.
    Load,
    /// The copy goes on in the set's place.
    Replace,
}

/// An operation, and whether everything is compared after it. Answering puts a set's lazy notes in order, so a mistake
/// in them shows only where nobody asked for a while.
#[derive(Clone)]
pub struct Step {
    pub op: Op,
    pub compared: bool,
}

/// One line, however it is asked for: a failure shows the steps that are left.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compared = if self.compared { ", compared" } else { "" };
        write!(f, "{:?}{compared}", self.op)
    }
}

/// Names of every stored form, a different one for each number.
pub fn name(number: u32) -> Vec<u8> {
    let text = match number % 8 {
        0 => format!("{}", u64::from(number) * 1_000_003),
        1 => format!("0{number}"),
        2 => format!("{number:08x}-1111-2222-3333-444455556666"),
        3 => format!("{number:08X}-AAAA-BBBB-CCCC-DDDDEEEEFFFF"),
        4 => format!("user:{number:010}"),
        6 => format!("{number:016x}"),
        5 => format!("a name that fits no slot, number {number}"),
        _ => format!("{number}\0"),
    };
    text.into_bytes()
}

/// Lengths of time about which something is counted in fewer bits than a time has, in ms: one and two hours,
/// 24 and 49 days.
fn long() -> impl Strategy<Value = Millis> {
    let edge = prop::sample::select(vec![1_u64 << 22, 1 << 23, 1 << 31, 1 << 32]);
    (edge, 0..3_u64).prop_map(|(edge, more)| edge - 1 + more)
}

fn ttl() -> impl Strategy<Value = Millis> {
    prop_oneof![
        3 => Just(1000),
        3 => (1..8_u64).prop_map(|tens| tens * 10),
        3 => 1..2000_u64,
        1 => Just(60_000),
        1 => Just(MAX_DURATION),
    ]
}

/// How long members are remembered.
pub fn retain() -> impl Strategy<Value = Millis> {
    prop_oneof![6 => Just(0), 3 => Just(2000), 6 => 1..5000_u64, 1 => Just(MAX_DURATION)]
}

/// How soon after another a touch is not recorded: as often as not each is.
pub fn resolution() -> impl Strategy<Value = Millis> {
    prop_oneof![4 => Just(0), 2 => Just(50), 1 => 1..500_u64, 1 => Just(MAX_DURATION)]
}

/// How many may be online at once: mostly any number.
pub fn cap() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 1 => 1..100_u64]
}

/// When it all begins: in our days, and now and then where times end.
pub fn beginning() -> impl Strategy<Value = Millis> {
    prop_oneof![6 => Just(1_700_000_000_000), 1 => Just(0), 1 => Just(MAX_TIME - 2000)]
}

/// What is done to sessions; each is of few members, so that some have several.
fn sessions(members: u32) -> impl Strategy<Value = Op> {
    let session = move || prop_oneof![0..20_u32, 0..members];
    let spread = || prop_oneof![1 => Just(1), 3 => Just(4), 3 => Just(1000)];
    let ttl = || prop::option::weighted(0.3, ttl());
    let count = move || prop_oneof![4 => 1..5_u32, 1 => Just(members)];
    prop_oneof![
        6 => (
            session(),
            spread(),
            ttl(),
            prop::option::weighted(0.5, 0..4_u32),
            prop::option::weighted(0.3, 0..3_usize),
        )
            .prop_map(|(session, spread, ttl, group, meta)| {
                Op::Attach { session, spread, ttl, group, meta }
            }),
        1 => (0..4_u32, 1..3_u32, self::ttl()).prop_map(|(group, count, ttl)| Op::Lease { group, count, ttl }),
        1 => (0..4_u32, 1..3_u32).prop_map(|(group, count)| Op::Drop { group, count }),
        1 => (0..4_usize).prop_map(Op::EndLeases),
        1 => (0..10_usize).prop_map(Op::EndDropped),
        4 => (session(), count(), ttl()).prop_map(|(from, count, ttl)| Op::Beat { from, count, ttl }),
        3 => (session(), count(), prop_oneof![Just(0), 1..1500_u64])
            .prop_map(|(from, count, grace)| Op::Detach { from, count, grace }),
        1 => (session(), spread(), 0..3_usize)
            .prop_map(|(session, spread, len)| Op::SetSessionMeta { session, spread, len }),
    ]
}

/// Steps on a set of up to `members`; `with_sessions` says how often something is done to sessions, of 43 steps.
pub fn steps(
    members: u32,
    with_sessions: u32,
    len: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<Step>> {
    let from = move || 0..members;
    let count = move || prop_oneof![6 => 1..4_u32, 2 => 1..members / 4 + 2, 1 => Just(members)];
    let window = prop::option::of(1..6000_u64);
    let offset = prop_oneof![0..20_usize, 0..members as usize];
    let limit = || prop_oneof![1..20_usize, Just(usize::MAX)];
    let op = prop_oneof![
        8 => (from(), count(), 1..5_u32, prop::option::weighted(0.5, ttl()))
            .prop_map(|(from, count, step, ttl)| Op::Touch { from, count, step, ttl }),
        3 => (from(), count(), ttl(), prop_oneof![6 => Just(0), 6 => 0..4000_u64, 1 => long()])
            .prop_map(|(from, count, ttl, ago)| Op::Import { from, count, ttl, ago }),
        2 => (from(), count(), prop_oneof![Just(0), ttl()], prop_oneof![Just(0), -3000..3000_i64])
            .prop_map(|(from, count, ttl, at)| Op::Replay { from, count, ttl, at }),
        2 => (from(), count()).prop_map(|(from, count)| Op::Leave { from, count }),
        2 => (from(), count(), 1..5_u32)
            .prop_map(|(from, count, step)| Op::Forget { from, count, step }),
        4 => (limit(), 0..500_u64).prop_map(|(limit, ago)| Op::Evict { limit, ago }),
        6 => prop_oneof![
            8 => 0..50_i64,
            8 => (0..8_i64).prop_map(|tens| tens * 10),
            6 => 0..1500_i64,
            2 => Just(2000),
            2 => -2500..0_i64,
            1 => long().prop_map(Millis::cast_signed),
            1 => long().prop_map(|by| -by.cast_signed()),
        ]
        .prop_map(Op::Clock),
        1 => (
            prop::option::of(ttl()),
            prop::option::of(retain()),
            prop::option::of(resolution()),
            prop::option::of(cap()),
        )
            .prop_map(|(ttl, retain, resolution, cap)| {
                Op::Configure { ttl, retain, resolution, cap }
            }),
        1 => prop::option::of(prop_oneof![Just(0), 1..3000_u64]).prop_map(Op::Linger),
        2 => (from(), count(), 0..4_usize, any::<bool>())
            .prop_map(|(from, count, len, judged)| Op::SetMeta { from, count, len, judged }),
        1 => (0..50_u64).prop_map(Op::SetPeak),
        with_sessions => sessions(members),
        3 => (window, any::<bool>(), offset, prop_oneof![Just(0), limit()])
            .prop_map(|(window, reverse, offset, limit)| {
                Op::List { window, reverse, offset, limit }
            }),
        1 => (1..30_usize, from()).prop_map(|(count, touch)| Op::Scan { count, touch }),
        1 => Just(Op::Copy),
        1 => Just(Op::Load),
        1 => Just(Op::Replace),
    ];
    let step = (op, any::<bool>()).prop_map(|(op, compared)| Step { op, compared });
    prop::collection::vec(step, len)
}
