//! Loading an append-only file of millions of refreshes that was never rewritten: what a server has to do before it answers
//! again after a crash, and how large the file is.

use super::load::Load;
use super::measure::Bench;
use super::members::Members;
use super::replication::with_aof;
use super::report::{Report, Target, Unit};
use super::scale::Scale;

/// How many refreshes are made before they are sent.
const PART: usize = 500_000;

/// A file, and what it takes to load it.
struct Aof {
    load_cpu: f64,
    mebibytes: f64,
}

/// Measures on servers of its own.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let scale = Scale {
        members: bench.scale.replicated,
        ..bench.scale
    };
    let refreshes = super::in_words(scale.refreshes);
    let file = format!("AOF of {refreshes} refreshes");
    bench.progress(&file);
    let theirs = measure(scale, &["ZCARD", "z"], |bench, members| {
        bench.zadd("z", members, 1)
    });
    let ours = measure(scale, &["PRESENCE.COUNT", "p"], |_, members| {
        Load::batches(&["PRESENCE.TOUCH", "p"], members, 1)
    });
    report.compare(
        (format!("load, CPU, {file}"), "`ZADD`s"),
        (theirs.load_cpu, ours.load_cpu),
        Unit::CpuSeconds,
        Target::TimesLess(2.5),
    );
    report.compare(
        (file, "`ZADD`s"),
        (theirs.mebibytes, ours.mebibytes),
        Unit::Mebibytes,
        Target::TimesLess(1.0),
    );
}

/// Has a server log refreshes, and load them; `count` is how its members are counted.
fn measure(
    scale: Scale,
    count: &[&str],
    mut load: impl FnMut(&mut Bench, &[String]) -> Load,
) -> Aof {
    let mut bench = Bench::of(scale, with_aof());
    for part in 0..scale.refreshes / PART {
        let picks = Members::SHORT.random(scale.members, PART, 180 + part as u64);
        let load = load(&mut bench, &picks);
        bench.pump(&load);
    }
    let bytes = bench.control.info_number("persistence", "aof_current_size");
    let members = bench.control.int(count);
    // It takes so long that once is enough: what disturbs it is small beside it.
    let load_cpu = reload(&mut bench);
    assert_eq!(bench.control.int(count), members, "everybody is back");
    Aof {
        load_cpu,
        mebibytes: bytes / 1048576.0,
    }
}

/// CPU seconds that it takes to load the server's append-only file in place of what it holds.
pub fn reload(bench: &mut Bench) -> f64 {
    let before = bench.control.main_thread_cpu();
    bench.control.call(&["DEBUG", "LOADAOF"]);
    bench.control.main_thread_cpu() - before
}
