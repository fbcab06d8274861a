//! Any mixture of ttls in one key, beside the same key with one ttl, in the same run: people jitter theirs, and a key takes
//! up to a million different ones at a time. Starts and ends with an empty server.

mod commands;
mod expiry;
mod growing;
mod log;
mod longest;
mod replica;

use super::load::Load;
use super::measure::Bench;
use super::names::ids::Ids;
use super::names::random::Random;
use super::persistence;
use super::report::{Report, Target, Unit};

/// Ttls that are jittered are five minutes, a fifth more or less.
const JITTERED_MS: (usize, usize) = (240_000, 360_000);
/// Ttls of which each member has its own are spread evenly up to this.
const LONGEST_MS: usize = 1_000_000;
/// That of all members where there is one.
const ONE_MS: usize = 300_000;

/// How many times what one ttl takes the others may, where it is not less that was promised.
const TIMES: f64 = 2.0;

/// How ttls are mixed in a key.
#[derive(Clone, Copy, PartialEq)]
enum Mixture {
    /// Everybody has the same.
    One,
    /// Each touch has one of 120,000, whichever it happens to be.
    Jittered,
    /// Each member keeps one that nobody else has, from a millisecond on.
    Each,
}

impl Mixture {
    /// Those that are judged beside the first.
    const MANY: [Self; 2] = [Self::Jittered, Self::Each];

    /// What a row calls it.
    fn title(self) -> &'static str {
        match self {
            Self::One => "one ttl",
            Self::Jittered => "jittered ttls",
            Self::Each => "a ttl each",
        }
    }

    /// The key with these ttls.
    fn key(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Jittered => "jittered",
            Self::Each => "each",
        }
    }

    /// The ttl of a touch, in ms; `number` is one of `size` members.
    fn ttl(self, number: usize, size: usize, random: &mut Random) -> usize {
        match self {
            Self::One => ONE_MS,
            Self::Jittered => JITTERED_MS.0 + random.below(JITTERED_MS.1 - JITTERED_MS.0),
            // Neighbours in number are no neighbours in time.
            Self::Each => 1 + number * 7919 % size * LONGEST_MS / size,
        }
    }

    /// Touches of these numbers of `size` members, so many in each command.
    fn touches(self, numbers: &[usize], size: usize, in_each: usize, random: &mut Random) -> Load {
        let mut load = Load::default();
        for numbers in numbers.chunks(in_each) {
            let ttl = self.ttl(numbers[0], size, random);
            touch(&mut load, self.key(), ttl, None, numbers);
        }
        load
    }
}

/// Adds a touch: now, or of a moment of the past.
fn touch(load: &mut Load, key: &str, ttl: usize, at: Option<u64>, numbers: &[usize]) {
    let ttl = ttl.to_string();
    let at = at.map(|at| at.to_string());
    let count = numbers.len().to_string();
    let names: Vec<String> = numbers
        .iter()
        .map(|number| Ids::Short.name(*number))
        .collect();
    let mut args = vec!["PRESENCE.TOUCHEX", key, "PX", &ttl];
    if let Some(at) = &at {
        args.extend(["AT", at]);
    }
    args.extend(["MEMBERS", &count]);
    args.extend(names.iter().map(String::as_str));
    load.push(&args);
}

/// A key name for rows: so many members with these ttls.
fn described(size: usize, mixture: Mixture) -> String {
    format!("{}, {}", super::of_members(size), mixture.title())
}

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let one = growing::grow(bench, Mixture::One);
    for mixture in Mixture::MANY {
        let many = growing::grow(bench, mixture);
        growing::judge(report, &one, many, bench.scale.members, mixture);
        commands::run(bench, report, mixture);
        longest::run(bench, report, mixture);
        bench.control.call(&["DEL", mixture.key()]);
    }
    report.stalls.push(one.stall);
    bench.flush();
    longest::offline(bench, report);
    expiry::run(bench, report);
    saved(bench, report);
    log::run(bench.scale, report);
    replica::run(bench.scale, report);
}

/// What saving and loading such a key costs.
fn saved(bench: &mut Bench, report: &mut Report) {
    let size = bench.scale.members;
    let mut measure = |mixture: Mixture| {
        bench.progress(&format!("BGSAVE and load of {}", described(size, mixture)));
        let mut random = Random::new(90);
        let numbers = random.shuffled(size);
        bench.pump_parts(&numbers, |_, part| {
            mixture.touches(part, size, 1, &mut random)
        });
        persistence::save_and_load(bench)
    };
    let one = measure(Mixture::One);
    for mixture in Mixture::MANY {
        let many = measure(mixture);
        for (what, figures, unit) in [
            (
                "BGSAVE, CPU of the child",
                (one.save_cpu, many.save_cpu),
                Unit::CpuSeconds,
            ),
            ("load, CPU", (one.load_cpu, many.load_cpu), Unit::CpuSeconds),
            (
                "RDB file",
                (one.file_mebibytes, many.file_mebibytes),
                Unit::Mebibytes,
            ),
        ] {
            report.compare(
                (
                    format!("{what}, {}", described(size, mixture)),
                    Mixture::One.title(),
                ),
                figures,
                unit,
                Target::AtMostTimes(TIMES),
            );
        }
    }
}
