//! Small rooms whose members time out while a crowd of another key does: how late that is published. Starts and ends
//! with an empty server.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::set;
use crate::common::Subscriber;
use crate::load::Load;
use crate::measure::{BATCH, Bench};
use crate::members::Members;
use crate::report::{Report, Target, Unit};
use crate::stall::Whose;
use crate::stalls;

/// How many members time out at one moment, in a quick run as well: fewer are gone before it matters.
const CROWD: usize = 1_000_000;
/// How many small rooms there are.
const ROOMS: usize = 20;
/// How long a touch lasts there.
const ROOM_MS: u64 = 300;
/// How long after one room is touched the next one is.
const APART: Duration = Duration::from_millis(50);
/// From the beginning of the touches to the moment when the crowd goes: it takes less to send them all.
const LEAD: Duration = Duration::from_secs(5);
/// How late a time-out may be published, in ms.
const LATE_MS: f64 = 200.0;
/// What they are heard by.
const PATTERN: &str = "__presence@0__:timeout:room:*";

/// Measures, with the crowd and without.
pub fn run(bench: &mut Bench, report: &mut Report) {
    set(bench, "events", "t");
    let quiet = rooms(bench);

    let moment = Instant::now() + LEAD;
    let at = bench.now_ms().to_string();
    let ttl = LEAD.as_millis().to_string();
    let in_each = BATCH.to_string();
    let head = [
        "PRESENCE.TOUCHEX",
        "crowd",
        "PX",
        &ttl,
        "AT",
        &at,
        "MEMBERS",
        &in_each,
    ];
    bench.pump(&Load::batches(&head, &Members::SHORT.of(0..CROWD), BATCH));
    let online = bench.control.int(&["PRESENCE.COUNT", "crowd"]) as usize;
    assert_eq!(online, CROWD, "it took longer to send them than they stay");
    thread::sleep(moment.saturating_duration_since(Instant::now()));
    let what = format!(
        "{} of a crowd time out, and are told",
        crate::of_members(CROWD)
    );
    let (late, stall) = stalls::watch(bench, Whose::Module, &what, |bench| {
        let late = rooms(bench);
        stalls::until_gone(bench, 0, f64::MAX);
        late
    });
    report.compare(
        (
            format!(
                "latest time-out of {ROOMS} small rooms beside {} of a crowd",
                crate::of_members(CROWD)
            ),
            "without the crowd",
        ),
        (quiet, late),
        Unit::Millis,
        Target::AtMost(LATE_MS),
    );
    stalls::judge(report, stall, ("", None));
    set(bench, "events", "");
    bench.flush();
}

/// Has the members of small rooms time out one after the other. How late the latest of these time-outs was published,
/// in ms.
fn rooms(bench: &mut Bench) -> f64 {
    let mut subscriber = Subscriber::new(bench.server.client(), &[PATTERN]);
    let heard = thread::scope(|scope| {
        let heard = scope.spawn(move || {
            let mut next = || {
                let (channel, _) = subscriber.next();
                let channel = String::from_utf8(channel).expect("a channel of ours");
                let (_, room) = channel.rsplit_once(':').expect("the room's name");
                (room.to_owned(), Instant::now())
            };
            (0..ROOMS).map(|_| next()).collect::<BTreeMap<_, _>>()
        });
        let ttl = ROOM_MS.to_string();
        let touched: Vec<(String, Instant)> = (0..ROOMS)
            .map(|room| {
                let (room, now) = (room.to_string(), Instant::now());
                let key = format!("room:{room}");
                bench
                    .control
                    .call(&["PRESENCE.TOUCHEX", &key, "PX", &ttl, "MEMBERS", "1", "ann"]);
                thread::sleep(APART);
                (room, now + Duration::from_millis(ROOM_MS))
            })
            .collect();
        let heard = heard.join().expect("every room is published");
        let late = touched
            .iter()
            .map(|(room, due)| heard[room].saturating_duration_since(*due));
        late.max()
    });
    heard.expect("there are rooms").as_secs_f64() * 1e3
}
