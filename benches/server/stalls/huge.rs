//! One key of ten million members: it grows, is refreshed and is freed. Starts and ends with an empty server.

use super::free::free;
use super::watch::watch;
use super::{judge, judge_back};
use crate::load::Load;
use crate::measure::{BATCH, Bench};
use crate::members::Members;
use crate::names::random::Random;
use crate::report::Report;
use crate::stall::{Stall, Whose};

/// How many ttls a mixture has.
const TTLS: usize = 64;
/// The shortest of them in ms; each further one is longer by as much. Nobody goes offline meanwhile.
const TTL_MS: usize = 36_000_000;
/// How often the key grows, is refreshed and is freed.
const LIVES: usize = 2;
/// What ends these lives; later ones are not watched in that.
const FREEING: [(&str, [&str; 2]); 2] = [
    ("UNLINK", ["UNLINK", "huge"]),
    ("FLUSHALL ASYNC", ["FLUSHALL", "ASYNC"]),
];

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let empty = bench.data_bytes();
    let members = crate::of_members(bench.scale.huge);
    let what = format!("commands of {members} do nothing");
    let ((), floor) = watch(bench, Whose::Machine, &what, |bench| {
        grow(bench, |_, names| batches("FLOOR.WRITE", names));
    });

    let what = format!("commands of {members} take memory only");
    let ((), taken) = watch(bench, Whose::Machine, &what, |bench| {
        grow(bench, |_, names| batches("FLOOR.TAKE", names));
    });
    report.stalls.push(taken);
    bench.control.call(&["FLOOR.RELEASE", "huge"]);

    let what = format!("a ZSET grows to {members}");
    let ((), their_growth) = watch(bench, Whose::Idiom, &what, |bench| {
        grow(bench, |bench, names| bench.zadd("huge", names, BATCH));
    });
    let (_, their_unlink) = free(
        bench,
        Whose::Idiom,
        "UNLINK of a ZSET",
        &["UNLINK", "huge"],
        empty,
    );

    let (mut seen, mut freeing) = ([const { Vec::new() }; 3], Vec::new());
    for life in 0..LIVES {
        for (times, stall) in seen.iter_mut().zip(live(bench, &members)) {
            times.push(stall);
        }
        match FREEING.get(life) {
            None => bench.flush(),
            Some((what, command)) => {
                let what = format!("{what} of {members}");
                let (back, ours) = free(bench, Whose::Module, &what, command, empty);
                freeing.push((what, back, ours));
            }
        }
    }
    let [growing, refreshing, mixing] = seen.map(Stall::quietest);
    judge(report, growing, ("a ZSET", Some(&their_growth)));
    report.stalls.push(their_growth);
    for ours in [refreshing, mixing] {
        judge(report, ours, ("commands that do nothing", Some(&floor)));
    }
    for (what, back, ours) in freeing {
        judge(report, ours, ("`UNLINK` of a ZSET", Some(&their_unlink)));
        judge_back(report, what, back);
    }
    report.stalls.extend([floor, their_unlink]);
}

/// A key grows, is refreshed and is refreshed with many ttls.
fn live(bench: &mut Bench, members: &str) -> [Stall; 3] {
    let what = format!("a key grows to {members}");
    let ((), growing) = watch(bench, Whose::Module, &what, |bench| {
        grow(bench, |_, names| batches("PRESENCE.TOUCH", names));
    });
    // Each refresh leaves a dead entry somewhere in the timeline: all of it is squeezed.
    let what = format!("{members} are refreshed at random");
    let ((), refreshing) = watch(bench, Whose::Module, &what, |bench| {
        refresh(bench, |_, names| batches("PRESENCE.TOUCH", names));
    });
    let what = format!("{members} are refreshed with {TTLS} ttls");
    let mut random = Random::new(6);
    let ((), mixing) = watch(bench, Whose::Module, &what, |bench| {
        refresh(bench, |_, names| mixture(&mut random, names));
    });
    [growing, refreshing, mixing]
}

/// Sends commands about every member in turn, a few at a time.
fn grow(bench: &mut Bench, load: impl FnMut(&mut Bench, &[String]) -> Load) {
    let numbers: Vec<usize> = (0..bench.scale.huge).collect();
    send(bench, &numbers, load);
}

/// Sends commands about every member in random order, a few at a time.
fn refresh(bench: &mut Bench, load: impl FnMut(&mut Bench, &[String]) -> Load) {
    let numbers = Random::new(5).shuffled(bench.scale.huge);
    send(bench, &numbers, load);
}

fn send(bench: &mut Bench, numbers: &[usize], mut load: impl FnMut(&mut Bench, &[String]) -> Load) {
    bench.pump_parts(numbers, |bench, part| {
        load(bench, &Members::SHORT.of(part.iter().copied()))
    });
}

fn batches(command: &str, names: &[String]) -> Load {
    Load::batches(&[command, "huge"], names, BATCH)
}

/// Touches with one of the ttls in each command.
fn mixture(random: &mut Random, names: &[String]) -> Load {
    let mut load = Load::default();
    for names in names.chunks(BATCH) {
        let ttl = (TTL_MS * (1 + random.below(TTLS))).to_string();
        let count = names.len().to_string();
        let head = ["PRESENCE.TOUCHEX", "huge", "PX", &ttl, "MEMBERS", &count];
        load.append(Load::batches(&head, names, BATCH));
    }
    load
}
