//! What TOUCH, COUNT and ISONLINE cost by the number of members, from a thousand to ten million.

use super::chase;
use super::curve::{Curve, Growth};
use super::load::Load;
use super::measure::{BATCH, Bench, ROUNDS, median};
use super::members::Members;
use super::names::random::Random;
use super::reads;
use super::report::{Report, Target, Unit};

/// What growth is judged by: the largest key beside one of this many members.
const BASE: usize = 100_000;
/// How much more the largest key may cost.
const TIMES: f64 = 1.6;
/// How many members are asked after at once.
const ASKED: usize = 500;
/// What a member takes, roughly: by it is chosen how much memory the random read goes over.
const BYTES_A_MEMBER: usize = 40;

/// A command whose cost is followed.
struct Subject {
    title: &'static str,
    command: &'static str,
    /// How many members it has.
    in_each: usize,
    /// Whether the growth of its cost is a target.
    judged: bool,
}

const SUBJECTS: [Subject; 6] = [
    Subject {
        title: "TOUCH",
        command: "PRESENCE.TOUCH",
        in_each: 1,
        judged: true,
    },
    Subject {
        title: "TOUCH of 100, a member",
        command: "PRESENCE.TOUCH",
        in_each: 100,
        judged: false,
    },
    Subject {
        title: "COUNT",
        command: "PRESENCE.COUNT",
        in_each: 0,
        judged: true,
    },
    Subject {
        title: "ISONLINE",
        command: "PRESENCE.ISONLINE",
        in_each: 1,
        judged: false,
    },
    Subject {
        title: "ISONLINE of 500, a member",
        command: "PRESENCE.ISONLINE",
        in_each: ASKED,
        judged: true,
    },
    Subject {
        title: ZADD,
        command: "ZADD",
        in_each: 1,
        judged: false,
    },
];
const ZADD: &str = "`ZADD`";

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let sizes = bench.scale.sizes;
    for size in sizes {
        grow(bench, *size);
    }
    let mut curves: Vec<Curve> = SUBJECTS
        .iter()
        .map(|subject| follow(bench, subject))
        .collect();
    for subject in &SUBJECTS {
        judge(bench, report, subject, &curves);
    }
    let huge = bench.scale.huge;
    reads::count_at(bench, report, &presence(huge), huge);
    reads::windows_at(bench, report, &presence(huge), huge);
    bench.flush();

    bench.progress("random reads of memory");
    let read = |size: &usize| chase::nanos(size * BYTES_A_MEMBER);
    curves.push(Curve {
        title: "a random read",
        nanos: sizes.iter().map(read).collect(),
    });
    report.growth = Some(Growth {
        sizes: sizes.to_vec(),
        curves,
    });
}

fn presence(size: usize) -> String {
    format!("presence:{size}")
}

fn zset(size: usize) -> String {
    format!("zset:{size}")
}

/// Makes the keys of a size: each member comes, and is refreshed, in random order. A sorted set is none the worse for
/// being refreshed, so its members only come.
fn grow(bench: &mut Bench, size: usize) {
    /// How many members are made before they are sent.
    const PART: usize = 1_000_000;
    bench.progress(&format!("keys of {}", super::of_members(size)));
    for seed in [8, 9] {
        for part in Random::new(seed).shuffled(size).chunks(PART) {
            let members = Members::SHORT.of(part.iter().copied());
            let head = ["PRESENCE.TOUCH", &presence(size)];
            bench.pump(&Load::batches(&head, &members, BATCH));
            if seed == 8 {
                let load = bench.zadd(&zset(size), &members, BATCH);
                bench.pump(&load);
            }
        }
    }
}

/// The cost of a command at each size; all sizes take turns.
fn follow(bench: &mut Bench, subject: &Subject) -> Curve {
    let sizes = bench.scale.sizes;
    let mut figures = vec![Vec::new(); sizes.len()];
    for round in 0..ROUNDS {
        for (size, figures) in sizes.iter().zip(&mut figures) {
            let load = load(bench, subject, *size, round);
            figures.push(bench.cost(&load) / subject.in_each.max(1) as f64);
        }
    }
    let nanos: Vec<f64> = figures.into_iter().map(median).collect();
    let shown: Vec<String> = nanos.iter().map(|nanos| format!("{nanos:.0}")).collect();
    bench.progress(&format!("{}: {} ns", subject.title, shown.join(", ")));
    Curve {
        title: subject.title,
        nanos,
    }
}

fn load(bench: &mut Bench, subject: &Subject, size: usize, round: u64) -> Load {
    // By those that are not judged a line of the chart is drawn: fewer of them show it as well.
    let commands = bench.scale.commands / if subject.judged { 1 } else { 4 };
    if subject.in_each == 0 {
        return Load::repeat(&[subject.command, &presence(size)], commands);
    }
    let members = Members::SHORT.random(size, commands, 40 + round);
    if subject.title == ZADD {
        return bench.zadd(&zset(size), &members, subject.in_each);
    }
    Load::batches(
        &[subject.command, &presence(size)],
        &members,
        subject.in_each,
    )
}

/// Adds the row of a command whose growth is a target.
fn judge(bench: &Bench, report: &mut Report, subject: &Subject, curves: &[Curve]) {
    let sizes = bench.scale.sizes;
    let curve = curves.iter().find(|curve| curve.title == subject.title);
    let (Some(curve), true) = (curve, subject.judged) else {
        return;
    };
    let base = sizes.iter().position(|size| *size == BASE);
    let base = base.expect("one of the sizes");
    report.compare(
        (
            format!("{}, {}", subject.title, super::of_members(bench.scale.huge)),
            super::of_members(BASE),
        ),
        (curve.nanos[base], curve.nanos[sizes.len() - 1]),
        Unit::CpuNanos,
        Target::AtMostTimes(TIMES),
    );
}
