//! Saving and loading one key of ten million members, beside a sorted set, and what the memory of both is copied for
//! meanwhile. Each member has been refreshed once, in random order, as those of a key in use have, or has such a time: then what
//! stands side by side in order of time does not in memory, in a sorted set neither.

mod copying;

use std::thread;
use std::time::Duration;

use copying::Copied;

use super::common::Server;
use super::load::Load;
use super::measure::{BATCH, Bench};
use super::members::Members;
use super::names::random::Random;
use super::report::{Report, Target, Unit};

/// How many members are made before they are sent.
const PART: usize = 1_000_000;
/// How often it is looked whether the file is written.
const LOOK: Duration = Duration::from_millis(10);

/// What saving and loading a key costs.
pub struct Persistence {
    /// CPU seconds of the child that saves.
    pub save_cpu: f64,
    /// CPU seconds of the main thread that loads.
    pub load_cpu: f64,
    /// The size of the file.
    pub file_mebibytes: f64,
}

/// Measures on servers of its own.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let members = super::of_members(bench.scale.huge);
    bench.progress(&format!("saving a ZSET of {members}"));
    let (their_copies, theirs) = measure(
        bench,
        |bench, order| {
            let mut numbers = 0..order.len();
            for places in order.chunks(PART) {
                let part = numbers.by_ref().take(places.len());
                let names = Members::SHORT.of(part);
                let load = bench.zadd_refreshed("huge", &names, places);
                bench.pump(&load);
            }
        },
        |bench, names| bench.zadd("huge", names, 1),
    );
    bench.progress(&format!("saving {members}"));
    let touch =
        |names: &[String], in_each| Load::batches(&["PRESENCE.TOUCH", "huge"], names, in_each);
    let (our_copies, ours) = measure(
        bench,
        |bench, order| {
            let numbers: Vec<_> = (0..order.len()).collect();
            for part in numbers.chunks(PART).chain(order.chunks(PART)) {
                let names = Members::SHORT.of(part.iter().copied());
                bench.pump(&touch(&names, BATCH));
            }
        },
        |_, names| touch(names, 1),
    );
    for (what, figures, unit) in [
        (
            "BGSAVE, CPU of the child",
            (theirs.save_cpu, ours.save_cpu),
            Unit::CpuSeconds,
        ),
        (
            "load, CPU",
            (theirs.load_cpu, ours.load_cpu),
            Unit::CpuSeconds,
        ),
        (
            "RDB file",
            (theirs.file_mebibytes, ours.file_mebibytes),
            Unit::Mebibytes,
        ),
    ] {
        report.compare(
            (format!("{what}, {members}"), "ZSET"),
            figures,
            unit,
            Target::TimesLess(1.0),
        );
    }
    copying::judge(report, &members, their_copies, our_copies);
}

/// Has the key of a server of its own filled, as refreshes in the order that `fill` is given leave it, and measures; `load`
/// makes commands about members, one in each.
fn measure(
    bench: &Bench,
    fill: impl FnOnce(&mut Bench, &[usize]),
    load: impl FnMut(&mut Bench, &[String]) -> Load,
) -> (Copied, Persistence) {
    let order = Random::new(8).shuffled(bench.scale.huge);
    let builder = Server::builder().arg("repl-diskless-sync yes");
    let mut bench = Bench::of(bench.scale, builder);
    fill(&mut bench, &order);
    let copied = copying::measure(&mut bench, load);
    (copied, save_and_load(&mut bench))
}

/// Saves the one key that there is, forgets it and loads it again. Ends with an empty server.
pub fn save_and_load(bench: &mut Bench) -> Persistence {
    let before = bench.control.children_cpu();
    bench.control.call(&["BGSAVE"]);
    while bench.control.info("persistence", "rdb_bgsave_in_progress") != "0" {
        thread::sleep(LOOK);
    }
    let status = bench.control.info("persistence", "rdb_last_bgsave_status");
    assert_eq!(status, "ok");
    let save_cpu = bench.control.children_cpu() - before;
    let file = bench.server.dir().join("dump.rdb");
    let bytes = file.metadata().expect("BGSAVE has written it").len();
    bench.flush();

    let before = bench.control.main_thread_cpu();
    bench.control.call(&["DEBUG", "RELOAD", "NOSAVE"]);
    let load_cpu = bench.control.main_thread_cpu() - before;
    let keys = bench.control.int(&["DBSIZE"]);
    assert_eq!(keys, 1, "the key that was saved is there again");
    bench.flush();
    Persistence {
        save_cpu,
        load_cpu,
        file_mebibytes: bytes as f64 / 1048576.0,
    }
}
