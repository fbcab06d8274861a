//! Sessions, one a member with an id of 16 bytes, beside the scripts that people use, and what the end of a million of them
//! costs others.

mod churn;
mod idiom;

use std::time::{Duration, Instant};

use idiom::Scripts;

use super::common::Server;
use super::load::Load;
use super::measure::{BATCH, Bench, TTL_MS};
use super::members::Members;
use super::names::random::Random;
use super::pair::Pair;
use super::replication::with_aof;
use super::report::{Report, Row, Target, Unit};
use super::scale::grouped;
use super::stall::{Stall, Whose};
use super::stalls::{judge, watch};

/// How many sessions go into one beat.
const BEAT: usize = 1000;
/// How many beats make a round.
const BEATS: usize = 20;
/// How often a group ends.
const TIMES: usize = 2;
/// When the sessions of a group have ended, in ms.
const DONE_MS: f64 = 5_000.0;

/// Measures. Starts and ends with an empty server.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.members;
    let of = super::of_members(size);
    bench.progress(&format!("sessions of {of}"));
    let mut scripts = Scripts::load(bench);
    let all = sessions(0..size);
    let theirs = bench.bytes_taken(|bench| {
        let load = scripts.attach(&all, BATCH);
        bench.pump(&load);
    });
    let ours = bench.bytes_taken(|bench| bench.pump(&attach("presence", &all, &[])));
    report.compare(
        (
            "memory a session, 16-byte id, one a member",
            "a hash a user, a set, and a ZSET by due time",
        ),
        (theirs / size as f64, ours / size as f64),
        Unit::Bytes,
        Target::AtMost(90.0),
    );
    beats(bench, report, &mut scripts, &all);
    bench.flush();
    churn::run(bench.scale, report);
    drops(bench, report, "");
    let mut pair = Pair::start(bench.scale, with_aof(), Server::builder());
    drops(&mut pair.primary, report, ", with a replica and AOF");
}

/// Beats, in random order, beside those of the scripts and touches of as many members.
fn beats(bench: &mut Bench, report: &mut Report, scripts: &mut Scripts, all: &[(String, String)]) {
    let size = all.len();
    let load = scripts.attach(all, BATCH);
    bench.pump(&load);
    bench.pump(&attach("presence", all, &[]));
    bench
        .control
        .call(&["PRESENCE.CONFIG", "plain", "TTL", TTL_MS]);
    let names = Members::SHORT.of(0..size);
    bench.pump(&Load::batches(&["PRESENCE.TOUCH", "plain"], &names, BATCH));
    let picks = |round: u64| {
        let mut random = Random::new(300 + round);
        let picks: Vec<_> = (0..BEATS * BEAT).map(|_| random.below(size)).collect();
        picks
    };
    let beats = |round| {
        let ids: Vec<_> = picks(round).into_iter().map(id).collect();
        let count = BEAT.to_string();
        let head = [
            "PRESENCE.BEAT",
            "presence",
            "PX",
            TTL_MS,
            "SESSIONS",
            &count,
        ];
        Load::batches(&head, &ids, BEAT)
    };
    let what = format!("BEAT of {} sessions", grouped(BEAT as u64));
    let figures = bench.compare(
        &what,
        |_, round| {
            let picks: Vec<_> = picks(round).into_iter().map(|at| all[at].clone()).collect();
            scripts.beat(&picks, BEAT)
        },
        |_, round| beats(round),
    );
    report.compare(
        (what.clone(), "the script"),
        figures,
        Unit::CpuNanos,
        Target::TimesLess(10.0),
    );
    let touch = format!("TOUCH of {} members", grouped(BEAT as u64));
    let figures = bench.compare(
        &format!("{what} beside {touch}"),
        |_, round| {
            let names = Members::SHORT.of(picks(round));
            Load::batches(&["PRESENCE.TOUCH", "plain"], &names, BEAT)
        },
        |_, round| beats(round),
    );
    report.compare(
        (what, touch),
        figures,
        Unit::CpuNanos,
        Target::AtMostTimes(1.6),
    );
}

/// A group ends that has all the sessions, dropped or by its lease.
fn drops(bench: &mut Bench, report: &mut Report, beside: &str) {
    let all = sessions(0..bench.scale.members);
    let of = grouped(all.len() as u64);
    for (how, end) in [
        ("a DROP", &["PRESENCE.DROP", "presence", "gateway"][..]),
        (
            "the end of a lease",
            &["PRESENCE.LEASE", "presence", "gateway", "PX", "1"],
        ),
    ] {
        let what = format!("{of} sessions end by {how}{beside}");
        let times = (0..TIMES).map(|_| end_group(bench, &all, &what, end));
        let (took, stalls): (Vec<_>, Vec<_>) = times.unzip();
        judge(report, Stall::quietest(stalls), ("", None));
        let longest = took.into_iter().max().expect("it was done");
        report.add(Row {
            what: format!("until {what}"),
            against: String::new(),
            theirs: None,
            ours: longest.as_secs_f64() * 1e3,
            unit: Unit::Millis,
            target: Target::AtMost(DONE_MS),
        });
    }
}

/// Attaches all the sessions to a group, which `end` ends. Returns how long that took, and what others waited meanwhile.
fn end_group(
    bench: &mut Bench,
    all: &[(String, String)],
    what: &str,
    end: &[&str],
) -> (Duration, Stall) {
    bench.pump(&attach("presence", all, &["GROUP", "gateway"]));
    let ended = watch(bench, Whose::Module, what, |bench| {
        let start = Instant::now();
        bench.control.call(end);
        while bench.control.int(&["PRESENCE.COUNT", "presence"]) > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        start.elapsed()
    });
    bench.flush();
    ended
}

/// The user and the id of each session of these numbers.
fn sessions(numbers: std::ops::Range<usize>) -> Vec<(String, String)> {
    let users = Members::SHORT.of(numbers.clone());
    users.into_iter().zip(numbers.map(id)).collect()
}

/// 16 hexadecimal digits, in no order.
fn id(number: usize) -> String {
    format!(
        "{:016x}",
        (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

/// Attaches sessions, a command each, with these options.
fn attach(key: &str, sessions: &[(String, String)], options: &[&str]) -> Load {
    let mut load = Load::default();
    for (user, id) in sessions {
        let command = ["PRESENCE.ATTACH", key, user, id, "PX", TTL_MS];
        load.push(&[&command, options].concat());
    }
    load
}
