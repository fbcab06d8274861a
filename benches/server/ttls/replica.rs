//! What a replica's CPU spends on a command beside what the primary's does: where it is more the replica falls behind.

use super::{Mixture, described, touch};
use crate::common::Server;
use crate::load::Load;
use crate::measure::{Bench, ROUNDS};
use crate::names::ids::Ids;
use crate::names::random::Random;
use crate::pair::{Pair, Spent};
use crate::report::{Report, Target, Unit};
use crate::scale::Scale;

/// How much more a replica may spend.
const TIMES: f64 = 1.1;
/// How far in the past an import is, in ms.
const PAST_MS: usize = 100_000;

/// Measures on servers of its own.
pub fn run(scale: Scale, report: &mut Report) {
    let mut pair = Pair::start(scale, Server::builder(), Server::builder());
    let (size, commands) = (scale.log, scale.log);
    for mixture in [Mixture::One, Mixture::Jittered, Mixture::Each] {
        let mut random = Random::new(150);
        let all = random.shuffled(size);
        pair.spend(&mixture.touches(&all, size, 1, &mut random));
        let title = described(size, mixture);
        judge(
            &mut pair,
            report,
            &format!("TOUCH on a replica, {title}"),
            |_, _| {
                let numbers: Vec<usize> = (0..commands).map(|_| random.below(size)).collect();
                mixture.touches(&numbers, size, 1, &mut random)
            },
        );
        let what = format!("touches and imports in turn on a replica, {title}");
        judge(&mut pair, report, &what, |primary, round| {
            let past = primary.now_ms() - PAST_MS as u64;
            let mut load = Load::default();
            for turn in 0..commands / 20 {
                let touched = random.below(size);
                let ttl = mixture.ttl(touched, size, &mut random);
                touch(&mut load, mixture.key(), ttl, None, &[touched]);
                // Who was seen since would not be imported, and whose time is up would not stay.
                let new = size + round as usize * commands + turn;
                let ttl = PAST_MS + mixture.ttl(new, size, &mut random);
                touch(&mut load, mixture.key(), ttl, Some(past), &[new]);
            }
            load
        });
        pair.primary.flush();
    }
    judge(&mut pair, report, "a new room on a replica", |_, round| {
        let mut load = Load::default();
        for room in 0..commands {
            let key = format!("room:{round}:{room}");
            load.push(&["PRESENCE.TOUCH", &key, &Ids::Short.name(room)]);
        }
        load
    });
}

/// Adds a row of what both spend, the middle of several rounds.
fn judge(
    pair: &mut Pair,
    report: &mut Report,
    what: &str,
    mut load: impl FnMut(&mut Bench, u64) -> Load,
) {
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let load = load(&mut pair.primary, round);
        rounds.push(pair.spend(&load));
    }
    let Spent {
        primary, replica, ..
    } = Spent::median(&rounds);
    pair.primary
        .progress(&format!("{what}: {replica:.0} ns beside {primary:.0} ns"));
    report.compare(
        (what, "on the primary"),
        (primary, replica),
        Unit::CpuNanos,
        Target::AtMostTimes(TIMES),
    );
}
