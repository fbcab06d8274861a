//! A great many rooms, each with one member and a time of its own at which the eviction has to come by: they come, a setting
//! changes, databases are swapped, all are flushed. What others wait for meanwhile, beside as many keys of the server's
//! own. Starts and ends with an empty server.

use std::thread;
use std::time::Duration;

use super::set;
use crate::load::Load;
use crate::measure::Bench;
use crate::names::ids::Ids;
use crate::names::random::Random;
use crate::report::Report;
use crate::scale::grouped;
use crate::stall::{Stall, Whose};
use crate::stalls;

/// How long is watched when a command was sent: what it makes the server do may come later.
const WATCHED: Duration = Duration::from_secs(1);
const HOUR_MS: usize = 3_600_000;
const DAY_MS: usize = 24 * HOUR_MS;
/// Changes of the module's settings that concern keys there are, or the eviction of them. The last ones are what a server
/// starts with, but for the length of a touch.
const CHANGES: [(&str, &str); 8] = [
    ("events", "A"),
    ("sweep-interval", "50"),
    ("sweep-budget", "500"),
    ("default-linger", "0"),
    ("events", ""),
    ("sweep-interval", "100"),
    ("sweep-budget", "1000"),
    ("default-linger", "-1"),
];

/// When rooms are due.
#[derive(Clone, Copy)]
enum Due {
    /// Within a day: each room's touch lasts as long as it happens to.
    Day,
    /// Within ten days: their members were seen in the last ten and are remembered for ten.
    TenDays,
}

impl Due {
    fn title(self) -> &'static str {
        match self {
            Due::Day => "a day",
            Due::TenDays => "ten days",
        }
    }

    /// What new keys retain, in ms.
    fn retain(self) -> usize {
        match self {
            Due::Day => 0,
            Due::TenDays => 10 * DAY_MS,
        }
    }
}

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let empty = bench.data_bytes();
    let all = format!("{} keys", grouped(bench.scale.keys as u64));
    let (growth, rest) = idiom(bench, &all, empty);
    let [swap, flush] = &rest;
    for due in [Due::Day, Due::TenDays] {
        let title = format!("{all} due in {}", due.title());
        let ours = grow(bench, due, &title);
        stalls::judge(report, ours, ("`SET`", Some(&growth)));
        let ours = settings(bench, &format!("settings, {title}"));
        stalls::judge(report, ours, ("", None));
        let ours = once(
            bench,
            Whose::Module,
            &format!("SWAPDB, {title}"),
            &["SWAPDB", "0", "1"],
        );
        stalls::judge(report, ours, ("`SWAPDB` of strings", Some(swap)));
        let what = format!("FLUSHALL ASYNC, {title}");
        let (back, ours) = stalls::free(bench, Whose::Module, &what, &["FLUSHALL", "ASYNC"], empty);
        stalls::judge(report, ours, ("`FLUSHALL ASYNC` of strings", Some(flush)));
        stalls::judge_back(report, what, back);
    }
    report.stalls.push(growth);
    report.stalls.extend(rest);
}

/// The same with strings: their coming, and what is done to all of them.
fn idiom(bench: &mut Bench, all: &str, empty: f64) -> (Stall, [Stall; 2]) {
    let numbers: Vec<usize> = (0..bench.scale.keys).collect();
    let what = format!("strings grow to {all}");
    let ((), growth) = stalls::watch(bench, Whose::Idiom, &what, |bench| {
        bench.pump_parts(&numbers, |_, part| {
            let mut load = Load::default();
            for number in part {
                load.push(&["SET", &key(*number), &Ids::Short.name(*number)]);
            }
            load
        });
    });
    let swap = once(
        bench,
        Whose::Idiom,
        &format!("SWAPDB, {all} of strings"),
        &["SWAPDB", "0", "1"],
    );
    let what = format!("FLUSHALL ASYNC, {all} of strings");
    let (_, flush) = stalls::free(bench, Whose::Idiom, &what, &["FLUSHALL", "ASYNC"], empty);
    (growth, [swap, flush])
}

fn key(number: usize) -> String {
    format!("room:{number:07}")
}

/// Makes all rooms, a command each.
fn grow(bench: &mut Bench, due: Due, title: &str) -> Stall {
    set(bench, "default-retain", &due.retain().to_string());
    let now = bench.now_ms();
    let mut random = Random::new(160);
    let numbers: Vec<usize> = (0..bench.scale.keys).collect();
    let what = format!("rooms grow to {title}");
    let ((), stall) = stalls::watch(bench, Whose::Module, &what, |bench| {
        bench.pump_parts(&numbers, |_, part| {
            let mut load = Load::default();
            for number in part {
                push_touch(&mut load, due, *number, now, &mut random);
            }
            load
        });
    });
    set(bench, "default-retain", "0");
    stall
}

/// Adds the touch that makes a room. None is due in the first hour.
fn push_touch(load: &mut Load, due: Due, number: usize, now: u64, random: &mut Random) {
    let (key, name) = (key(number), Ids::Short.name(number));
    match due {
        Due::Day => {
            let ttl = (HOUR_MS + random.below(DAY_MS - HOUR_MS)).to_string();
            load.push(&["PRESENCE.TOUCHEX", &key, "PX", &ttl, "MEMBERS", "1", &name]);
        }
        Due::TenDays => {
            let ago = random.below(due.retain() - HOUR_MS) as u64;
            let at = (now - ago).to_string();
            load.push(&[
                "PRESENCE.TOUCHEX",
                &key,
                "EX",
                "60",
                "AT",
                &at,
                "MEMBERS",
                "1",
                &name,
            ]);
        }
    }
}

/// Changes settings, one after the other.
fn settings(bench: &mut Bench, what: &str) -> Stall {
    let each = WATCHED / CHANGES.len() as u32 * 2;
    let ((), stall) = stalls::watch(bench, Whose::Module, what, |bench| {
        for (name, value) in CHANGES {
            set(bench, name, value);
            thread::sleep(each);
        }
    });
    stall
}

/// One command, and what follows.
fn once(bench: &mut Bench, whose: Whose, what: &str, command: &[&str]) -> Stall {
    let ((), stall) = stalls::watch(bench, whose, what, |bench| {
        bench.control.call(command);
        thread::sleep(WATCHED);
    });
    stall
}
