//! What users' clients see end to end: requests a second and how long one takes, over many connections at a time, with the
//! network, the kernel and the server's own work in it. On servers of its own.

mod generator;
mod poll;

use std::time::Duration;

use super::common::Server;
use super::load::Load;
use super::measure::{Bench, ROUNDS, median};
use super::members::Members;
use super::names::ids::Ids;
use super::names::random::Random;
use super::report::Report;
use super::scale::Scale;

/// What the server's `io-threads` is.
const IO_THREADS: [usize; 2] = [1, 4];
/// How many requests each connection has under way.
const DEPTHS: [usize; 2] = [1, 16];
/// How long each command is sent in a round, and in a round of a quick run.
const TIME: Duration = Duration::from_millis(500);
const QUICK: Duration = Duration::from_millis(100);

/// A heartbeat, as it is sent.
#[derive(Clone, Copy)]
enum Heartbeat {
    SetEx,
    Zadd,
    Touch,
}

/// What the clients of a server saw.
pub struct Throughput {
    /// What they sent.
    pub command: &'static str,
    /// The server's `io-threads`.
    pub io_threads: usize,
    /// Requests that each connection has under way.
    pub depth: usize,
    /// Requests that were answered in a second.
    pub a_second: f64,
    /// What 99 of 100 requests were answered in, in ms.
    pub p99: f64,
    /// How busy the server's main thread was, in percent of a core.
    pub server: f64,
    /// How busy the threads were that made the requests, in percent of a core each.
    pub generator: f64,
}

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let scale = Scale {
        members: bench.scale.replicated,
        ..bench.scale
    };
    for io_threads in IO_THREADS {
        bench.progress(&format!("many connections, io-threads {io_threads}"));
        let builder = Server::builder().arg(&format!("io-threads {io_threads}"));
        let mut server = Bench::of(scale, builder);
        fill(&mut server);
        for depth in DEPTHS {
            let mut rounds = Heartbeat::ALL.map(|_| Vec::new());
            for _ in 0..ROUNDS {
                for (heartbeat, rounds) in Heartbeat::ALL.into_iter().zip(&mut rounds) {
                    rounds.push(send(&mut server, heartbeat, io_threads, depth));
                }
            }
            report.clients.extend(rounds.map(Throughput::median));
        }
    }
}

/// Everybody has come, and was refreshed.
fn fill(server: &mut Bench) {
    server.populate("presence", "zset");
    let mut load = Load::default();
    for name in Members::SHORT.of(0..server.scale.members) {
        Heartbeat::SetEx.push(&mut load, &name, 0);
    }
    server.pump(&load);
}

/// Sends one command for a while.
fn send(server: &mut Bench, heartbeat: Heartbeat, io_threads: usize, depth: usize) -> Throughput {
    let time = if server.scale.quick { QUICK } else { TIME };
    let members = server.scale.members;
    let request = move |load: &mut Load, random: &mut Random, now: u64| {
        let name = Ids::Short.name(random.below(members));
        heartbeat.push(load, &name, now);
    };
    let before = server.control.main_thread_cpu();
    let seen = generator::run(server.server.port(), depth, time, &request);
    let spent = server.control.main_thread_cpu() - before;
    Throughput {
        command: heartbeat.title(),
        io_threads,
        depth,
        a_second: seen.requests as f64 / seen.took.as_secs_f64(),
        p99: seen.p99.as_secs_f64() * 1e3,
        server: spent / seen.took.as_secs_f64() * 100.0,
        generator: seen.share * 100.0,
    }
}

impl Heartbeat {
    const ALL: [Self; 3] = [Self::SetEx, Self::Zadd, Self::Touch];

    fn title(self) -> &'static str {
        match self {
            Self::SetEx => "`SET key 1 EX 300`",
            Self::Zadd => "`ZADD`",
            Self::Touch => "TOUCH",
        }
    }

    /// Adds that of a member, whose time is `now` in Unix ms.
    fn push(self, load: &mut Load, name: &str, now: u64) {
        match self {
            Self::SetEx => load.push(&["SET", name, "1", "EX", "300"]),
            Self::Zadd => load.push(&["ZADD", "zset", &now.to_string(), name]),
            Self::Touch => load.push(&["PRESENCE.TOUCH", "presence", name]),
        }
    }
}

impl Throughput {
    /// The middle of each figure of several rounds.
    fn median(rounds: Vec<Self>) -> Self {
        let middle = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            a_second: middle(|round| round.a_second),
            p99: middle(|round| round.p99),
            server: middle(|round| round.server),
            generator: middle(|round| round.generator),
            ..rounds[0]
        }
    }
}
