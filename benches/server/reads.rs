//! COUNT, LIST and ISONLINE beside what is asked of sorted sets and of per-minute sets.

use super::intersection;
use super::load::Load;
use super::measure::{BATCH, Bench};
use super::members::Members;
use super::names::random::Random;
use super::report::{Report, Target, Unit};

/// How many members are asked after at once.
const ASKED: usize = 500;
/// How many such questions make one measurement.
const QUESTIONS: usize = 500;
/// How many members a page has, and how many pages make one measurement.
const PAGE: usize = 50;
const PAGES: usize = 10_000;
/// How many lists of everything, and unions of five minutes, make one measurement.
const WHOLE: usize = 3;
/// Members of the smallest key.
const FEW: usize = 1_000;

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    bench.populate("presence", "zset");
    let few = Members::SHORT.of(0..FEW);
    bench.pump(&Load::batches(&["PRESENCE.TOUCH", "few"], &few, FEW));
    let commands = bench.scale.commands;
    let zcount = bench.compare(
        "COUNT beside ZCOUNT",
        |_, _| Load::repeat(&["ZCOUNT", "zset", "1", "+inf"], commands),
        |_, _| Load::repeat(&["PRESENCE.COUNT", "presence"], commands),
    );
    report.compare(("COUNT", "`ZCOUNT`"), zcount, Unit::CpuNanos, Target::None);
    count_at(bench, report, "few", FEW);
    count_at(bench, report, "presence", bench.scale.members);
    windows_at(bench, report, "presence", bench.scale.members);
    minutes(bench, report);
    lists(bench, report);
    let size = bench.scale.members;
    let ask = |command: &'static str, key: &'static str| {
        move |_: &mut Bench, round| {
            let asked = Members::SHORT.random(size, ASKED * QUESTIONS, 30 + round);
            Load::batches(&[command, key], &asked, ASKED)
        }
    };
    let online = bench.compare(
        "ISONLINE",
        ask("ZMSCORE", "zset"),
        ask("PRESENCE.ISONLINE", "presence"),
    );
    report.compare(
        ("ISONLINE, 500 members", "`ZMSCORE` of 500"),
        online,
        Unit::CpuNanos,
        Target::TimesLess(2.0),
    );
    intersection::run(bench, report, "presence");
    bench.flush();
}

/// COUNT of a key with so many members, beside a command that only opens the key.
pub fn count_at(bench: &mut Bench, report: &mut Report, key: &str, members: usize) {
    let what = format!("COUNT, {}", super::of_members(members));
    let commands = bench.scale.commands;
    let count = bench.compare(
        &what,
        |_, _| Load::repeat(&["FLOOR.OPEN", key], commands),
        |_, _| Load::repeat(&["PRESENCE.COUNT", key], commands),
    );
    report.compare(
        (what, "a module command that opens its key and closes it"),
        count,
        Unit::CpuNanos,
        Target::AtMostTimes(1.15),
    );
}

/// COUNT WINDOW over random windows of a key with so many members, beside a command that does nothing.
pub fn windows_at(bench: &mut Bench, report: &mut Report, key: &str, members: usize) {
    let what = format!("COUNT WINDOW, any, {}", super::of_members(members));
    let commands = bench.scale.commands;
    // The oldest touch that still counts was made at most so long ago.
    let span = bench.seconds() as usize * 1_000;
    let windows = |command: &'static str| {
        move |_: &mut Bench, round| {
            let mut random = Random::new(20 + round);
            let windows = (0..commands).map(|_| (random.below(span) + 1).to_string());
            Load::batches(&[command, key, "WINDOW"], &windows.collect::<Vec<_>>(), 1)
        }
    };
    let window = bench.compare(&what, windows("FLOOR.READ"), windows("PRESENCE.COUNT"));
    report.compare(
        (what, "a module command that does nothing"),
        window,
        Unit::CpuNanos,
        Target::AtMostTimes(2.0),
    );
}

/// Who was here in the last five minutes: a count, and the union of a set for each minute.
fn minutes(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.a_minute;
    let members = Members::SHORT.of(0..size);
    let sets: Vec<String> = (0..5).map(|minute| format!("minute:{minute}")).collect();
    for set in &sets {
        bench.pump(&Load::batches(&["SADD", set], &members, BATCH));
    }
    bench.pump(&Load::batches(
        &["PRESENCE.TOUCH", "minutes"],
        &members,
        BATCH,
    ));
    let counts = bench.compare(
        "COUNT of 5 minutes",
        |_, _| Load::batches(&["SUNION"], &[sets.as_slice(); WHOLE].concat(), sets.len()),
        |_, _| Load::repeat(&["PRESENCE.COUNT", "minutes", "WINDOW", "300000"], 100_000),
    );
    report.compare(
        (
            format!("COUNT of 5 minutes, {}", super::of_members(size)),
            "`SUNION` of five per-minute sets",
        ),
        counts,
        Unit::CpuNanos,
        Target::TimesLess(10_000.0),
    );
}

fn lists(bench: &mut Bench, report: &mut Report) {
    let all = bench.compare(
        "LIST of all",
        |_, _| Load::repeat(&["ZREVRANGEBYSCORE", "zset", "+inf", "1"], WHOLE),
        |_, _| Load::repeat(&["PRESENCE.LIST", "presence"], WHOLE),
    );
    report.compare(
        ("LIST of all", "`ZREVRANGEBYSCORE` of all"),
        all,
        Unit::CpuNanos,
        Target::TimesLess(1.3),
    );
    let middle = bench.scale.members / 2;
    let page = |offset: usize| {
        let (offset, limit) = (offset.to_string(), PAGE.to_string());
        move |_: &mut Bench, _| {
            Load::repeat(
                &["PRESENCE.LIST", "presence", "LIMIT", &offset, &limit],
                PAGES,
            )
        }
    };
    let pages = bench.compare("LIST LIMIT", page(0), page(middle));
    report.compare(
        (
            format!("LIST LIMIT {middle} {PAGE}"),
            format!("LIST LIMIT 0 {PAGE}"),
        ),
        pages,
        Unit::CpuNanos,
        Target::AtMostTimes(2.0),
    );
}
