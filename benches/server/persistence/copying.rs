//! Copy-on-write while a key in use is saved and while it is sent to a new replica. A page that the server writes to
//! meanwhile is copied, so what counts is how many pages a touch writes to, and how long the child is at it.

use std::thread;
use std::time::{Duration, Instant};

use crate::common::Server;
use crate::load::Load;
use crate::measure::Bench;
use crate::members::Members;
use crate::names::random::Random;
use crate::report::{Report, Target, Unit};
use crate::scale::grouped;

/// Writes a second, one member each.
const RATE: usize = 20_000;
/// So many are sent at a time.
const AT_ONCE: usize = 100;
/// What none of it takes longer than.
const TOO_LONG: Duration = Duration::from_secs(300);

/// What was copied.
pub struct Copied {
    save: Copies,
    sync: Copies,
}

/// The copies of one child process.
struct Copies {
    mebibytes: f64,
    /// How long it took, from the command on.
    took: Duration,
}

/// Saves the server's one key, and has a new replica load it without a file; `load` makes writes of it.
pub fn measure(bench: &mut Bench, mut load: impl FnMut(&mut Bench, &[String]) -> Load) -> Copied {
    bench.control.call(&["BGSAVE"]);
    // Who is written to is another choice each time: who was written one after the other stands side by side from then on.
    let save = write_until(bench, Random::new(190), &mut load, |_| true);
    let replica = Server::start();
    let mut client = replica.client();
    let port = bench.server.port().to_string();
    client
        .raw(&["REPLICAOF", "127.0.0.1", &port])
        .expect("it becomes a replica");
    let sync = write_until(bench, Random::new(191), &mut load, is_online);
    Copied { save, sync }
}

/// Sends writes at a fixed rate until the child that saves has ended and the rest is done: what was copied for that child.
fn write_until(
    bench: &mut Bench,
    mut random: Random,
    load: &mut impl FnMut(&mut Bench, &[String]) -> Load,
    mut done: impl FnMut(&mut Bench) -> bool,
) -> Copies {
    let size = bench.scale.huge;
    let (start, mut sent) = (Instant::now(), 0);
    while !done(bench) || bench.control.info("persistence", "rdb_bgsave_in_progress") != "0" {
        assert!(start.elapsed() < TOO_LONG, "it does not end");
        let names = Members::SHORT.of((0..AT_ONCE).map(|_| random.below(size)));
        let load = load(bench, &names);
        bench.pump(&load);
        sent += AT_ONCE;
        let due = start + Duration::from_secs(1) * sent as u32 / RATE as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let took = start.elapsed();
    // The largest of what the child has found of itself, of one that sends to replicas as well.
    let bytes = bench
        .control
        .info_number("persistence", "rdb_last_cow_size");
    let mebibytes = bytes / 1048576.0;
    bench.progress(&format!(
        "{sent} writes in {took:.1?}, {mebibytes:.0} MiB copied"
    ));
    Copies { mebibytes, took }
}

/// Whether the one replica has all that there is.
fn is_online(bench: &mut Bench) -> bool {
    let mut field = |field| bench.control.info("replication", field);
    field("connected_slaves") != "0" && field("slave0").contains("state=online")
}

/// Adds the rows.
pub fn judge(report: &mut Report, members: &str, theirs: Copied, ours: Copied) {
    let touches = format!("{members}, {} touches a second", grouped(RATE as u64));
    for (what, end, theirs, ours) in [
        ("BGSAVE", "the end of that BGSAVE", theirs.save, ours.save),
        (
            "a full resynchronisation",
            "the replica of that is online",
            theirs.sync,
            ours.sync,
        ),
    ] {
        report.compare(
            (
                format!("copy-on-write in {what}, {touches}"),
                "ZSET, as many `ZADD`s a second",
            ),
            (theirs.mebibytes, ours.mebibytes),
            Unit::Mebibytes,
            Target::TimesLess(3.0),
        );
        let millis = |copies: Copies| copies.took.as_secs_f64() * 1e3;
        report.compare(
            (format!("until {end}"), "ZSET"),
            (millis(theirs), millis(ours)),
            Unit::Millis,
            Target::None,
        );
    }
}
