//! Commands that have to find their way through all ttls: the longest of each kind, and what those cost that are to answer
//! at once when everybody in the key is offline.

use super::{LONGEST_MS, Mixture, described, touch};
use crate::load::Load;
use crate::measure::Bench;
use crate::names::random::Random;
use crate::report::{Report, Target, Unit};
use crate::stalls::WORST_MS;

/// How often each command is asked, with touches in between, so that none finds ready what the last one has left. The
/// quickest time counts: what the module needs comes back each time.
const TIMES: usize = 3;
/// A command that took longer than this, in ns, is not asked again.
const HOPELESS: f64 = WORST_MS * 10.0 * 1e6;
/// How many touches that are.
const TOUCHES: usize = 200;
/// How long a page is.
const PAGE: &str = "50";
/// Windows in ms: the first ones have nobody in them, the last one has everybody.
const WINDOWS: [&str; 8] = [
    "1", "100", "1000", "3000", "10000", "30000", "100000", "36000000",
];
/// How many pages of SCAN are asked for, from different places on.
const PLACES: usize = 8;
/// A retention that is longer than most ttls: it changes when members are due.
const RETAIN: &str = "600000";

/// How long members are remembered who are all offline, in ms.
const REMEMBERED_MS: &str = "86400000";
/// How long their key stays without them: each command has to know whether it is still there.
const LINGER_MS: &str = "0";
/// How many commands about it make one measurement.
const COMMANDS: usize = 2_000;

/// Measures, with the key of one ttl beside the one with many.
pub fn run(bench: &mut Bench, report: &mut Report, mixture: Mixture) {
    type Kind = (
        &'static str,
        fn(&mut Bench, &'static str) -> Vec<Vec<String>>,
    );
    let kinds: [Kind; 5] = [
        ("COUNT WINDOW, any", windows),
        ("LIST LIMIT, any offset, both directions", pages),
        ("SCAN, 100 at a time", scans),
        ("INFO and MEMORY USAGE", |_, key| {
            vec![
                words(&["PRESENCE.INFO", key]),
                words(&["MEMORY", "USAGE", key]),
            ]
        }),
        ("CONFIG RETAIN", |_, key| {
            let config = |retain| words(&["PRESENCE.CONFIG", key, "RETAIN", retain]);
            vec![config(RETAIN), config("0")]
        }),
    ];
    for (kind, commands) in kinds {
        let what = format!(
            "the longest of {kind}, {}",
            described(bench.scale.members, mixture)
        );
        bench.progress(&what);
        let figures = [Mixture::One, mixture].map(|mixture| {
            let commands = commands(bench, mixture.key());
            longest(bench, mixture, &commands)
        });
        report.compare(
            (what, Mixture::One.title()),
            (figures[0], figures[1]),
            Unit::Millis,
            Target::AtMost(WORST_MS),
        );
    }
}

/// CPU time in ms of the longest of these commands.
fn longest(bench: &mut Bench, mixture: Mixture, commands: &[Vec<String>]) -> f64 {
    let size = bench.scale.members;
    let mut random = Random::new(120);
    let mut quickest = vec![f64::MAX; commands.len()];
    for time in 0..TIMES {
        for (command, quickest) in commands.iter().zip(&mut quickest) {
            if time > 0 && *quickest > HOPELESS {
                continue;
            }
            let numbers: Vec<usize> = (0..TOUCHES).map(|_| random.below(size)).collect();
            bench.pump(&mixture.touches(&numbers, size, 1, &mut random));
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            *quickest = quickest.min(bench.cost(&Load::repeat(&command, 1)));
        }
    }
    quickest.into_iter().fold(0.0, f64::max) / 1e6
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn windows(_: &mut Bench, key: &'static str) -> Vec<Vec<String>> {
    let count = |window| words(&["PRESENCE.COUNT", key, "WINDOW", window]);
    WINDOWS.into_iter().map(count).collect()
}

/// Pages at the beginning, at the end and in between, from both sides, of those online and of those in a window.
fn pages(bench: &mut Bench, key: &'static str) -> Vec<Vec<String>> {
    let size = bench.scale.members;
    let mut pages = Vec::new();
    for offset in [0, size / 100, size / 2, size - size / 10] {
        let offset = offset.to_string();
        let limit = ["LIMIT", &offset, PAGE];
        for more in [
            &[][..],
            &["REV"],
            &["WINDOW", "5000"],
            &["REV", "WITHSEEN", "WITHTTL"],
        ] {
            pages.push(words(&[&["PRESENCE.LIST", key], more, &limit].concat()));
        }
    }
    pages
}

fn scans(bench: &mut Bench, key: &'static str) -> Vec<Vec<String>> {
    let stride = (bench.scale.members / PLACES).to_string();
    let mut cursor = String::from("0");
    let mut scans = Vec::new();
    for _ in 0..PLACES {
        scans.push(words(&["PRESENCE.SCAN", key, &cursor, "COUNT", "100"]));
        let page = bench
            .control
            .call(&["PRESENCE.SCAN", key, &cursor, "COUNT", &stride]);
        let (next, _): (String, Vec<String>) =
            redis::from_redis_value(page).expect("a cursor and members");
        cursor = next;
    }
    scans
}

/// What COUNT, MAX and SEEN cost where everybody is offline and remembered. Starts and ends with an empty server.
pub fn offline(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.members / 10;
    let past = bench.now_ms() - 2 * LONGEST_MS as u64;
    for mixture in [Mixture::One, Mixture::Each] {
        let key = mixture.key();
        bench.control.call(&[
            "PRESENCE.CONFIG",
            key,
            "RETAIN",
            REMEMBERED_MS,
            "LINGER",
            LINGER_MS,
        ]);
        let (mut load, mut random) = (Load::default(), Random::new(125));
        for number in 0..size {
            let ttl = mixture.ttl(number, size, &mut random);
            touch(&mut load, key, ttl, Some(past), &[number]);
        }
        bench.pump(&load);
    }
    for (command, member) in [
        ("COUNT", None),
        ("MAX", None),
        ("SEEN", Some("user:0000000001")),
    ] {
        let name = format!("PRESENCE.{command}");
        let what = format!(
            "{command}, {} offline, {}",
            crate::of_members(size),
            Mixture::Each.title()
        );
        let ask = |mixture: Mixture| {
            let mut args = vec![name.as_str(), mixture.key()];
            args.extend(member);
            move |_: &mut Bench, _| Load::repeat(&args, COMMANDS)
        };
        let figures = bench.compare(&what, ask(Mixture::One), ask(Mixture::Each));
        report.compare(
            (what, Mixture::One.title()),
            figures,
            Unit::CpuNanos,
            Target::AtMostTimes(1.3),
        );
    }
    bench.flush();
}
