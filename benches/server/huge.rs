//! One key of ten million members: growing, counting, saving, loading, unlinking. Starts and ends with an empty server.

use std::thread;
use std::time::Duration;

use super::load::Load;
use super::measure::Bench;
use super::members::Members;
use super::reads;
use super::report::{Report, Target, Unit};
use super::stall;

/// How many members go into one command.
const BATCH: usize = 100;
/// How many members are sent before their replies are awaited: what the server has at hand it works off in one turn, and
/// others wait for that.
const PART: usize = 1_000;
/// What growth is compared with: a key this large.
const SMALL: usize = 100_000;
/// How many members are asked after at once.
const ASKED: usize = 500;
/// How often it is looked whether something has ended.
const LOOK: Duration = Duration::from_millis(10);

/// What saving and loading a key costs.
struct Persistence {
    save_cpu: f64,
    load_cpu: f64,
    file_bytes: f64,
}

/// Measures everything about a huge key.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.huge;
    let members = super::of_members(size);
    let grows = format!("a key grows to {members}");
    stall::watch(
        bench,
        report,
        "commands of as many members do nothing",
        |bench| {
            grow(bench, |_, members| {
                Load::batches(&["FLOOR.WRITE", "huge"], members, BATCH)
            });
        },
    );

    let ((), ours) = stall::watch(bench, report, &grows, |bench| {
        grow(bench, |_, members| {
            Load::batches(&["PRESENCE.TOUCH", "huge"], members, BATCH)
        });
    });
    growth(bench, report);
    let our_files = persist(bench);
    let unlinked = unlink(
        bench,
        report,
        &format!("UNLINK of {members}"),
        &["UNLINK", "huge"],
    );
    reload(bench);
    let flushed = unlink(
        bench,
        report,
        &format!("FLUSHALL ASYNC of {members}"),
        &["FLUSHALL", "ASYNC"],
    );

    let ((), theirs) = stall::watch(
        bench,
        report,
        &format!("a ZSET grows to {members}"),
        |bench| {
            grow(bench, |bench, members| bench.zadd("huge", members, BATCH));
        },
    );
    let their_files = persist(bench);
    let what = format!("UNLINK of a ZSET of {members}");
    let their_unlink = unlink(bench, report, &what, &["UNLINK", "huge"]);

    let mut stall = |what: String, against: &str, figures| {
        report.compare((what, against), figures, Unit::Millis, Target::AtMost(2.0));
    };
    stall(format!("worst stall while {grows}"), "ZSET", (theirs, ours));
    stall(
        format!("worst stall in UNLINK of {members}"),
        "ZSET",
        (their_unlink, unlinked),
    );
    stall(
        format!("worst stall in FLUSHALL ASYNC of {members}"),
        "UNLINK of a ZSET",
        (their_unlink, flushed),
    );
    for (what, theirs, ours, unit) in [
        (
            "BGSAVE, CPU of the child",
            their_files.save_cpu,
            our_files.save_cpu,
            Unit::CpuSeconds,
        ),
        (
            "load, CPU",
            their_files.load_cpu,
            our_files.load_cpu,
            Unit::CpuSeconds,
        ),
        (
            "RDB file",
            their_files.file_bytes / 1048576.0,
            our_files.file_bytes / 1048576.0,
            Unit::Mebibytes,
        ),
    ] {
        report.compare(
            (format!("{what}, {members}"), "ZSET"),
            (theirs, ours),
            unit,
            Target::TimesLess(1.0),
        );
    }
}

/// Sends commands about every member, a few at a time.
fn grow(bench: &mut Bench, mut load: impl FnMut(&mut Bench, &[String]) -> Load) {
    let size = bench.scale.huge;
    for start in (0..size).step_by(PART) {
        let members = Members::SHORT.range(start..size.min(start + PART));
        let load = load(bench, &members);
        bench.pump(&load);
    }
}

/// Commands on the huge key beside the same on a small one, and beside the floor.
fn growth(bench: &mut Bench, report: &mut Report) {
    let (size, commands) = (bench.scale.huge, bench.scale.commands);
    reads::count_at(bench, report, "huge", size);
    reads::windows_at(bench, report, "huge", size);
    let small = Members::SHORT.range(0..SMALL);
    bench.pump(&Load::batches(&["PRESENCE.TOUCH", "small"], &small, BATCH));
    for (command, in_each) in [("PRESENCE.TOUCH", 1), ("PRESENCE.ISONLINE", ASKED)] {
        let load = |key: &'static str, size: usize| {
            move |_: &mut Bench, round| {
                let members = Members::SHORT.random(size, commands, 40 + round);
                Load::batches(&[command, key], &members, in_each)
            }
        };
        let figures = bench.compare(command, load("small", SMALL), load("huge", size));
        let name = command.trim_start_matches("PRESENCE.");
        report.compare(
            (
                format!("{name}, {in_each} a command, {}", super::of_members(size)),
                super::of_members(SMALL),
            ),
            figures,
            Unit::CpuNanos,
            Target::AtMostTimes(1.6),
        );
    }
    bench.control.call(&["DEL", "small"]);
}

/// Saves what there is, forgets it and loads it again.
fn persist(bench: &mut Bench) -> Persistence {
    bench.progress("BGSAVE and load");
    let before = bench.children_cpu();
    bench.control.call(&["BGSAVE"]);
    wait_for(bench, "persistence", "rdb_bgsave_in_progress");
    assert_eq!(
        bench.control.info("persistence", "rdb_last_bgsave_status"),
        "ok"
    );
    let save_cpu = bench.children_cpu() - before;
    let file = bench.server.dir().join("dump.rdb");
    let file_bytes = file.metadata().expect("BGSAVE has written it").len() as f64;
    bench.flush();
    Persistence {
        save_cpu,
        load_cpu: reload(bench),
        file_bytes,
    }
}

/// Loads what was saved into the empty server. The CPU seconds it took.
fn reload(bench: &mut Bench) -> f64 {
    let before = bench.main_thread_cpu();
    bench.control.call(&["DEBUG", "RELOAD", "NOSAVE"]);
    let seconds = bench.main_thread_cpu() - before;
    let keys = bench.control.int(&["DBSIZE"]);
    assert_eq!(keys, 1, "the key that was saved is there again");
    seconds
}

/// Watches a command that frees memory in the background. The longest wait of another client in ms.
fn unlink(bench: &mut Bench, report: &mut Report, what: &str, command: &[&str]) -> f64 {
    let (_, slowest) = stall::watch(bench, report, what, |bench| {
        thread::sleep(LOOK);
        bench.control.call(command);
        wait_for(bench, "memory", "lazyfree_pending_objects");
    });
    slowest
}

/// Waits until a field of INFO is 0.
fn wait_for(bench: &mut Bench, section: &str, field: &str) {
    while bench.control.info(section, field) != "0" {
        thread::sleep(LOOK);
    }
}
