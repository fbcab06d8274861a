//! What a replica's CPU spends on a command beside what the primary's does: where it is more the replica falls behind.

use super::{Mixture, described, touch};
use crate::common::Server;
use crate::connection::Connection;
use crate::load::Load;
use crate::measure::{Bench, ROUNDS, TTL_MS, median};
use crate::names::ids::Ids;
use crate::names::random::Random;
use crate::report::{Report, Target, Unit};
use crate::scale::Scale;

/// How much more a replica may spend.
const TIMES: f64 = 1.1;
/// How far in the past an import is, in ms.
const PAST_MS: usize = 100_000;

/// A primary and its replica.
struct Pair {
    primary: Bench,
    /// To ask the replica what it has spent.
    replica: Connection,
}

/// Measures on servers of its own.
pub fn run(scale: Scale, report: &mut Report) {
    let primary = Bench::of(scale, Server::builder());
    let replica = Server::builder()
        .module_args(&format!("default-ttl {TTL_MS}"))
        .start_replica_of(&primary.server);
    let mut pair = Pair {
        replica: Connection::new(replica.port()),
        primary,
    };
    let (size, commands) = (scale.log, scale.log);
    for mixture in [Mixture::One, Mixture::Jittered, Mixture::Each] {
        let mut random = Random::new(150);
        let all = random.shuffled(size);
        pair.spend(&mixture.touches(&all, size, 1, &mut random));
        let title = described(size, mixture);
        pair.judge(report, &format!("TOUCH on a replica, {title}"), |_, _| {
            let numbers: Vec<usize> = (0..commands).map(|_| random.below(size)).collect();
            mixture.touches(&numbers, size, 1, &mut random)
        });
        let what = format!("touches and imports in turn on a replica, {title}");
        pair.judge(report, &what, |primary, round| {
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
    pair.judge(report, "a new room on a replica", |_, round| {
        let mut load = Load::default();
        for room in 0..commands {
            let key = format!("room:{round}:{room}");
            load.push(&["PRESENCE.TOUCH", &key, &Ids::Short.name(room)]);
        }
        load
    });
}

impl Pair {
    /// CPU time of the primary and of the replica for each command of a load, in ns.
    fn spend(&mut self, load: &Load) -> (f64, f64) {
        let before = self.replica.main_thread_cpu();
        let primary = self.primary.cost(load);
        // By the connection of the load, whose last write it is that the replica has to have.
        self.primary.pump(&Load::repeat(&["WAIT", "1", "0"], 1));
        let spent = self.replica.main_thread_cpu() - before;
        (primary, spent / load.commands as f64 * 1e9)
    }

    /// Adds a row of what both spend, the middle of several rounds.
    fn judge(
        &mut self,
        report: &mut Report,
        what: &str,
        mut load: impl FnMut(&mut Bench, u64) -> Load,
    ) {
        let (mut primary, mut replica) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let load = load(&mut self.primary, round);
            let spent = self.spend(&load);
            primary.push(spent.0);
            replica.push(spent.1);
        }
        let figures = (median(primary), median(replica));
        self.primary.progress(&format!(
            "{what}: {:.0} ns beside {:.0} ns",
            figures.1, figures.0
        ));
        report.compare(
            (what, "on the primary"),
            figures,
            Unit::CpuNanos,
            Target::AtMostTimes(TIMES),
        );
    }
}
