//! The eviction in a cluster: what a callback of a module's replicates is one transaction there, whose keys have to be
//! in one slot, so rooms are looked at one by one. A great many of them time out in every second, for some seconds.

use std::thread;
use std::time::{Duration, Instant};

use super::common::{Cluster, Server};
use super::connection::Connection;
use super::load::Load;
use super::measure::{Bench, TTL_MS};
use super::names::ids::Ids;
use super::report::{Report, Row, Target, Unit};
use super::scale::{Scale, grouped};

/// For how long rooms time out, and from when on it is measured.
const FLOW: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(1);
/// From the beginning of the touches to the first time-out: it takes less to send them all.
const LEAD: Duration = Duration::from_secs(6);
/// How often it is looked how late the eviction is.
const LOOK: Duration = Duration::from_millis(20);
/// How late it may be, in ms: a time-out is promised to be reported within a second.
const LATE_MS: f64 = 1_000.0;
/// What share of a core it may take for all the rooms that time out in a second, in percent.
const SHARE: f64 = 25.0;
/// What part of those that time out has to be evicted in the same time: the rest is what may be between two runs.
const KEEPS_UP: f64 = 0.98;

/// What was seen.
struct Seen {
    /// Rooms that were evicted in each second.
    keys_a_second: f64,
    /// Of a core, in percent.
    share: f64,
    /// The largest lag that `INFO` has shown, in ms.
    late: f64,
}

/// Measures, with rooms that stay when they are empty and with rooms that go.
pub fn run(bench: &mut Bench, report: &mut Report) {
    let scale = bench.scale;
    for (linger, what) in [("-1", "stay when empty"), ("0", "go when empty")] {
        let rooms = grouped(scale.rooms_a_second as u64);
        let what = format!("{rooms} rooms a second time out in a cluster, and {what}");
        bench.progress(&what);
        let seen = time_out(scale, linger);
        for (figure, ours, unit, target) in [
            (
                "rooms evicted in each second",
                seen.keys_a_second,
                Unit::KeysASecond,
                Target::AtLeast(scale.rooms_a_second as f64 * KEEPS_UP),
            ),
            (
                "share of a core",
                seen.share,
                Unit::Percent,
                Target::AtMost(SHARE),
            ),
            (
                "latest time-out",
                seen.late,
                Unit::Millis,
                Target::AtMost(LATE_MS),
            ),
        ] {
            report.add(Row {
                what: format!("{figure}, {what}"),
                against: String::new(),
                theirs: None,
                ours,
                unit,
                target,
            });
        }
    }
}

/// Has rooms of one member time out, evenly, on the one node of a cluster.
fn time_out(scale: Scale, linger: &str) -> Seen {
    let args = format!("default-ttl {TTL_MS} default-linger {linger}");
    let cluster = Cluster::start(&Server::builder().module_args(&args), 1, 0);
    let mut node = Connection::new(cluster.node(0).port());
    let rooms = FLOW.as_secs() as usize * scale.rooms_a_second;
    let start = Instant::now();
    let time: Vec<u64> = redis::from_redis_value(node.call(&["TIME"])).expect("TIME");
    let now = time[0] * 1000 + time[1] / 1000;
    let mut load = Load::default();
    for room in 0..rooms {
        let ttl = LEAD.as_millis() as usize + room * 1000 / scale.rooms_a_second;
        let (key, at, ttl) = (format!("room:{room:07}"), now.to_string(), ttl.to_string());
        load.push(&[
            "PRESENCE.TOUCHEX",
            &key,
            "PX",
            &ttl,
            "AT",
            &at,
            "MEMBERS",
            "1",
            &Ids::Short.name(room),
        ]);
    }
    node.pump(&load);
    drop(load);
    let left = LEAD.saturating_sub(start.elapsed());
    assert!(
        !left.is_zero(),
        "it took longer to send them than they stay"
    );
    thread::sleep(left);
    watch(&mut node)
}

/// Watches while rooms time out, from the second second on.
fn watch(node: &mut Connection) -> Seen {
    let start = Instant::now();
    let mut late = 0.0_f64;
    thread::sleep(WARM_UP);
    let [from, to] = [WARM_UP, FLOW].map(|end| {
        while start.elapsed() < end {
            thread::sleep(LOOK);
            late = late.max(node.info_number("presence", "presence_timeout_lag_ms"));
        }
        let members = node.info_number("presence", "presence_members");
        (
            start.elapsed().as_secs_f64(),
            members,
            node.main_thread_cpu(),
        )
    });
    let took = to.0 - from.0;
    Seen {
        keys_a_second: (from.1 - to.1) / took,
        share: (to.2 - from.2) / took * 100.0,
        late,
    }
}
