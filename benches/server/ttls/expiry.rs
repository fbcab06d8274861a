//! Everybody in a key with many ttls goes, at one moment or over some seconds, but for a few who stay: what others wait for
//! meanwhile, when the memory is back, and what is left. Starts and ends with an empty server.

use std::thread;
use std::time::{Duration, Instant};

use super::{Mixture, touch};
use crate::load::Load;
use crate::measure::Bench;
use crate::names::random::Random;
use crate::report::{Report, Row, Target, Unit};
use crate::stall::{Stall, Whose};
use crate::stalls;

/// From the beginning of the touches to the first time-out there is so much time for each, and some more: it takes less to
/// send them all.
const EACH: Duration = Duration::from_micros(10);
const MORE: Duration = Duration::from_secs(2);
/// The shortest ttl is longer than that and the time over which they go: a touch is never in the future.
const SHORTEST_MS: usize = 20_000;
/// How long before the first time-out the watch begins.
const AHEAD: Duration = Duration::from_millis(300);
/// Over how long they go, in ms.
const SPREADS: [(usize, &str); 2] = [(0, "at one moment"), (4_000, "within 4 s")];
/// How many stay, and how long: longer than the run.
const STAY: usize = 200;
const STAY_MS: usize = 36_000_000;
/// How many times as much may be left as with one ttl: that of those who stay, and what all tables keep for them.
const LEFT_TIMES: f64 = 1.5;

/// What was seen when they went.
struct Gone {
    stall: Stall,
    back: Duration,
    /// MiB more than before the key was.
    left: f64,
}

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    for (spread, how) in SPREADS {
        let one = expire(bench, Mixture::One, spread, how);
        for mixture in Mixture::MANY {
            let many = expire(bench, mixture, spread, how);
            judge_left(report, &many, &one);
            let what = many.stall.what.clone();
            stalls::judge(report, many.stall, (Mixture::One.title(), Some(&one.stall)));
            stalls::judge_back(report, what, many.back);
        }
        report.stalls.push(one.stall);
    }
}

fn judge_left(report: &mut Report, gone: &Gone, one: &Gone) {
    report.add(Row {
        what: format!("what is left after {}, {STAY} stay", gone.stall.what),
        against: Mixture::One.title().into(),
        theirs: Some(one.left),
        ours: gone.left,
        unit: Unit::Mebibytes,
        target: Target::AtMostTimes(LEFT_TIMES),
    });
}

fn expire(bench: &mut Bench, mixture: Mixture, spread: usize, how: &str) -> Gone {
    let size = bench.scale.members;
    let key = mixture.key();
    let before = bench.data_bytes();
    let mut stay = Load::default();
    for number in size..size + STAY {
        let ttl = match mixture {
            Mixture::One => STAY_MS,
            _ => STAY_MS + number,
        };
        touch(&mut stay, key, ttl, None, &[number]);
    }
    bench.pump(&stay);
    let what = format!("{}, {}, go {how}", crate::of_members(size), mixture.title());
    bench.progress(&format!("a key whose {what}"));
    let lead = MORE + EACH * size as u32;
    let (start, first) = (Instant::now(), bench.now_ms() + lead.as_millis() as u64);
    bench.pump(&crowd(mixture, size, first, spread));
    let online = bench.control.int(&["PRESENCE.COUNT", key]) as usize;
    assert_eq!(
        online,
        size + STAY,
        "it took longer to send them than they stay"
    );
    let full = bench.data_bytes() - before;

    thread::sleep((lead - AHEAD).saturating_sub(start.elapsed()));
    let last = start + lead + Duration::from_millis(spread as u64);
    let (back, stall) = stalls::watch(bench, Whose::Module, &what, |bench| {
        stalls::until_gone(bench, STAY, before + full / 20.0);
        last.elapsed()
    });
    let left = (bench.data_bytes() - before) / 1048576.0;
    bench.flush();
    Gone { stall, back, left }
}

/// Touches, in the order of their times, of members who go from `first` on.
fn crowd(mixture: Mixture, size: usize, first: u64, spread: usize) -> Load {
    let mut random = Random::new(130);
    let mut touches: Vec<(u64, usize, usize)> = (0..size)
        .map(|number| {
            let ttl = SHORTEST_MS + mixture.ttl(number, size, &mut random);
            let due = first + (number * spread / size) as u64;
            (due - ttl as u64, ttl, number)
        })
        .collect();
    touches.sort_unstable();
    let mut load = Load::default();
    for (at, ttl, number) in touches {
        touch(&mut load, mixture.key(), ttl, Some(at), &[number]);
    }
    load
}
