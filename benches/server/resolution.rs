//! A key with `RESOLUTION` whose members are touched far more often than that: a page that sends a touch with each move of
//! the mouse. All but a few touches change nothing, and cost what a read does.

use std::thread;
use std::time::{Duration, Instant};

use super::common::Server;
use super::load::Load;
use super::measure::{Bench, ROUNDS, median};
use super::members::Members;
use super::pair::Pair;
use super::report::{Report, Target, Unit};

/// The key's resolution, in ms.
const RESOLUTION: &str = "1000";
/// How often each member is touched in that time.
const TIMES: usize = 20;
/// The most that a refresh replicates (`replication.rs`). Of so many only each first one does.
const BYTES: f64 = 64.0;
/// How long after one touch of a member the next one is.
const APART: Duration = Duration::from_millis(50);
/// How many members are touched, and how many where a replica has to follow: it takes the server a small part of [`APART`].
const MEMBERS: usize = 10_000;
const FOLLOWED: usize = 1_000;

/// The key, and one like it without a resolution.
const COARSE: &str = "c";
const FINE: &str = "f";

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    bench.progress("touches within a resolution");
    let touch = format!("TOUCH of each member {TIMES} times a second, RESOLUTION {RESOLUTION}");
    let cpu = beside_count(bench);
    report.compare(
        (touch.clone(), "COUNT of that key"),
        cpu,
        Unit::CpuNanos,
        Target::AtMostTimes(1.3),
    );
    report.compare(
        (
            format!("replicated bytes of a {touch}"),
            "without RESOLUTION",
        ),
        replicated(bench),
        Unit::Bytes,
        Target::AtMost(BYTES / TIMES as f64),
    );
}

/// CPU time of a COUNT and of a touch, which take turns. Ends with an empty server.
fn beside_count(bench: &mut Bench) -> (f64, f64) {
    let count = Load::repeat(&["PRESENCE.COUNT", COARSE], MEMBERS);
    let touch = touches(COARSE, MEMBERS);
    come(bench, MEMBERS);
    let (mut counts, mut touched) = (Vec::new(), Vec::new());
    let mut pace = Pace::start();
    for _ in 0..ROUNDS {
        let mut sums = (0.0, 0.0);
        for time in 0..TIMES {
            pace.wait();
            // Who comes first after the pause wakes the server up.
            if time % 2 == 0 {
                sums.0 += bench.cost(&count);
                sums.1 += bench.cost(&touch);
            } else {
                sums.1 += bench.cost(&touch);
                sums.0 += bench.cost(&count);
            }
        }
        counts.push(sums.0 / TIMES as f64);
        touched.push(sums.1 / TIMES as f64);
    }
    bench.flush();
    (median(counts), median(touched))
}

/// Bytes that a touch replicates, on average: without a resolution and with one.
fn replicated(bench: &Bench) -> (f64, f64) {
    let mut pair = Pair::start(bench.scale, Server::builder(), Server::builder());
    let [fine, coarse] = [FINE, COARSE].map(|key| touches(key, FOLLOWED));
    come(&mut pair.primary, FOLLOWED);
    let mut sums = (0.0, 0.0);
    let mut pace = Pace::start();
    for _ in 0..TIMES {
        pace.wait();
        sums.0 += pair.spend(&fine).bytes;
        sums.1 += pair.spend(&coarse).bytes;
    }
    (sums.0 / TIMES as f64, sums.1 / TIMES as f64)
}

fn touches(key: &str, members: usize) -> Load {
    Load::batches(&["PRESENCE.TOUCH", key], &Members::SHORT.of(0..members), 1)
}

/// Makes the key with a resolution. Its members come spread over that time, so that in each part of it as many are due.
fn come(bench: &mut Bench, members: usize) {
    let config = ["PRESENCE.CONFIG", COARSE, "RESOLUTION", RESOLUTION];
    bench.control.call(&config);
    let mut pace = Pace::start();
    for part in Members::SHORT.of(0..members).chunks(members / TIMES) {
        pace.wait();
        bench.pump(&Load::batches(&["PRESENCE.TOUCH", COARSE], part, 1));
    }
}

/// The moments at which members are touched.
struct Pace(Instant);

impl Pace {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Waits for the next moment.
    fn wait(&mut self) {
        self.0 += APART;
        thread::sleep(self.0.saturating_duration_since(Instant::now()));
    }
}
