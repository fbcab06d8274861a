//! What commands cost in a key with many ttls that are to cost what they do in one with one.

use super::{Mixture, TIMES, described};
use crate::load::Load;
use crate::measure::{BATCH, Bench};
use crate::members::Members;
use crate::names::random::Random;
use crate::report::{Report, Target, Unit};
use crate::scale::Scale;

/// How much more a command may cost that does not look at ttls.
const READ_TIMES: f64 = 1.3;

/// What a command has besides the key.
#[derive(Clone, Copy)]
enum Arguments {
    /// A ttl and so many members.
    Touch(usize),
    /// One member.
    Member,
    /// Nothing.
    None,
}

const SUBJECTS: [(&str, &str, Arguments, f64); 6] = [
    (
        "TOUCH, refresh of one member",
        "PRESENCE.TOUCHEX",
        Arguments::Touch(1),
        TIMES,
    ),
    (
        "TOUCH, refresh of 100 members",
        "PRESENCE.TOUCHEX",
        Arguments::Touch(BATCH),
        TIMES,
    ),
    ("COUNT", "PRESENCE.COUNT", Arguments::None, READ_TIMES),
    ("MAX", "PRESENCE.MAX", Arguments::None, READ_TIMES),
    (
        "ISONLINE",
        "PRESENCE.ISONLINE",
        Arguments::Member,
        READ_TIMES,
    ),
    ("SEEN", "PRESENCE.SEEN", Arguments::Member, READ_TIMES),
];

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report, mixture: Mixture) {
    let scale = bench.scale;
    for (title, command, arguments, times) in SUBJECTS {
        let what = format!("{title}, {}", described(scale.members, mixture));
        let load =
            |mixture| move |_: &mut Bench, round| load(scale, mixture, command, arguments, round);
        let figures = bench.compare(&what, load(Mixture::One), load(mixture));
        report.compare(
            (what, Mixture::One.title()),
            figures,
            Unit::CpuNanos,
            Target::AtMostTimes(times),
        );
    }
}

fn load(scale: Scale, mixture: Mixture, command: &str, arguments: Arguments, round: u64) -> Load {
    // There are many rows: a quarter as many commands show it as well.
    let (size, commands) = (scale.members, scale.commands / 4);
    match arguments {
        Arguments::Touch(in_each) => {
            let mut random = Random::new(100 + round);
            let numbers: Vec<usize> = (0..commands).map(|_| random.below(size)).collect();
            mixture.touches(&numbers, size, in_each, &mut random)
        }
        Arguments::Member => {
            let members = Members::SHORT.random(size, commands, 110 + round);
            Load::batches(&[command, mixture.key()], &members, 1)
        }
        Arguments::None => Load::repeat(&[command, mixture.key()], commands),
    }
}
