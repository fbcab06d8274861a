//! The presence set by itself, without a server: what one operation costs, by the number of members, and what a member
//! takes in memory. `BENCH_10M=1` adds ten million members.
//!
//! Members are `user:0000012345`, refreshes and questions go to random ones.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use redis_presence::core::time::Millis;
use redis_presence::core::{Change, List, Members, PresenceSet, Settings, Span, TouchMode};

mod common;

use common::ids::Ids;
use common::random::Random;

/// When the sets are made.
const START: Millis = 1_700_000_000_000;
/// How long a touch keeps a member online: longer than the clock below moves.
const TTL: Millis = 3_600_000;
/// How many touches fall into one millisecond, as they do in a busy server.
const TOUCHES_A_MILLI: u64 = 400;
/// How many random members are prepared for the operations to go through, over and over.
const PICKS: usize = 1 << 20;
/// How many members a command with many of them has.
const BATCH: usize = 100;
/// How many members are asked after at once.
const ASKED: usize = 500;
/// How many members the eviction removes between two looks at the clock.
const EVICTED_AT_ONCE: usize = 64;

const SETTINGS: Settings = Settings {
    ttl: TTL,
    retain: 0,
    linger: None,
    resolution: 0,
    cap: 0,
};

/// A set that is touched in time that passes.
#[derive(Clone)]
struct Room {
    set: PresenceSet,
    touches: u64,
}

impl Room {
    fn new() -> Self {
        Self {
            set: PresenceSet::new(SETTINGS, START),
            touches: 0,
        }
    }

    /// A set of the first `count` members, which came in random order.
    fn of(ids: Ids, count: usize) -> Self {
        let mut room = Self::new();
        room.touch_each(ids, count, 1);
        room
    }

    /// Touches each of the first `count` members so many times, all in random order.
    fn touch_each(&mut self, ids: Ids, count: usize, times: usize) {
        for number in Random::new(1).shuffled(count * times) {
            self.touch([ids.name(number % count).as_bytes()].into_iter());
        }
    }

    fn now(&self) -> Millis {
        START + self.touches / TOUCHES_A_MILLI
    }

    /// What a TOUCH command does.
    fn touch<'a>(&mut self, members: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> usize {
        let now = self.now();
        self.touches += members.len() as u64;
        let change = Change::Touch {
            at: None,
            ttl: None,
            mode: TouchMode::Now,
            sets_peak: true,
        };
        let touched = self.set.apply(change, Members::Each(members), now, &mut ());
        touched.expect("far fewer members than fit").joined
    }
}

/// Evicts a batch of who is due at `cutoff`. Returns how many there were.
fn evict(set: &mut PresenceSet, cutoff: Millis) -> usize {
    let limit = EVICTED_AT_ONCE;
    let nobody = Members::Each(std::iter::empty());
    let evicted = set.apply(Change::Evict { cutoff, limit }, nobody, cutoff, &mut ());
    evicted.expect("it is never refused").members
}

/// Random members to go through in a circle.
struct Picks {
    names: Vec<String>,
    next: usize,
}

impl Picks {
    fn new(members: usize) -> Self {
        let mut random = Random::new(2);
        let names = (0..PICKS).map(|_| Ids::Short.name(random.below(members)));
        Self {
            names: names.collect(),
            next: 0,
        }
    }

    /// The next `count` of them.
    fn take(&mut self, count: usize) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        if self.next + count > PICKS {
            self.next = 0;
        }
        let names = &self.names[self.next..self.next + count];
        self.next += count;
        names.iter().map(String::as_bytes)
    }
}

/// The operations on a set of so many members.
fn operations(group: &mut BenchmarkGroup<WallTime>, members: usize) {
    let case = |name: &str| BenchmarkId::new(name, members);
    let (mut room, mut picks) = (Room::of(Ids::Short, members), Picks::new(members));
    let now = room.now();

    for count in [1, BATCH] {
        group.throughput(Throughput::Elements(count as u64));
        let name = match count {
            1 => "touch refresh",
            _ => "touch refresh, 100 at once",
        };
        group.bench_function(case(name), |bencher| {
            bencher.iter(|| room.touch(picks.take(count)));
        });
    }

    group.throughput(Throughput::Elements(1));
    group.bench_function(case("count"), |bencher| {
        bencher.iter(|| room.set.count(Span::Online, black_box(now)));
    });
    let (mut random, span) = (Random::new(3), (room.now() - START) as usize);
    group.bench_function(case("count window"), |bencher| {
        let now = room.now();
        bencher.iter(|| {
            let window = random.below(span) as Millis + 1;
            room.set.count(Span::Within(window), now)
        });
    });
    group.bench_function(case("list page of 50 from the middle"), |bencher| {
        let (page, now) = (
            List {
                span: Span::Online,
                reverse: false,
                offset: members / 2,
                limit: 50,
            },
            room.now(),
        );
        bencher.iter(|| {
            room.set
                .list(&page, now)
                .each(|member| _ = black_box(member.name))
        });
    });
    group.throughput(Throughput::Elements(ASKED as u64));
    group.bench_function(case("isonline, 500 at once"), |bencher| {
        let now = room.now();
        bencher.iter(|| {
            let mut online = 0;
            room.set.look_up(picks.take(ASKED), now, |_, member| {
                online += usize::from(member.is_some_and(|member| member.touch.is_online(now)));
            });
            online
        });
    });
}

/// Growing a set from nothing to so many members, and removing them all again.
fn life_and_death(group: &mut BenchmarkGroup<WallTime>, members: usize) {
    group.throughput(Throughput::Elements(members as u64));
    group.sampling_mode(SamplingMode::Flat);
    let shuffled = Random::new(1).shuffled(members);
    let names: Vec<String> = shuffled.into_iter().map(|n| Ids::Short.name(n)).collect();
    group.bench_function(BenchmarkId::new("touch new, all", members), |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                let mut room = Room::new();
                let start = Instant::now();
                for name in &names {
                    room.touch([name.as_bytes()].into_iter());
                }
                spent += start.elapsed();
            }
            spent
        });
    });
    let room = Room::of(Ids::Short, members);
    let over = room.now() + TTL;
    group.bench_function(
        BenchmarkId::new("evict all, 64 at once", members),
        |bencher| {
            bencher.iter_batched_ref(
                || room.set.clone(),
                |set| while evict(set, over) > 0 {},
                BatchSize::PerIteration,
            );
        },
    );
    group.sampling_mode(SamplingMode::Auto);
}

/// Prints what a member takes once each was refreshed three times, all in random order: the timeline is then as full
/// of the dead as it is in use.
fn print_memory(members: usize) {
    for ids in Ids::ALL {
        let mut room = Room::of(ids, members);
        let loaded = room.set.bytes() as f64 / members as f64;
        room.touch_each(ids, members, 3);
        let refreshed = room.set.bytes() as f64 / members as f64;
        println!(
            "memory/{}/{members}: {refreshed:.1} bytes a member after three random refreshes, {loaded:.1} before",
            ids.title()
        );
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1000))
        .nresamples(2000)
        .without_plots()
        .configure_from_args();
    let mut sizes = vec![100_000, 1_000_000];
    if std::env::var_os("BENCH_10M").is_some() {
        sizes.push(10_000_000);
    }
    let mut group = criterion.benchmark_group("core");
    for members in &sizes {
        operations(&mut group, *members);
        life_and_death(&mut group, *members);
    }
    group.finish();
    sizes.into_iter().for_each(print_memory);
    criterion.final_summary();
}
