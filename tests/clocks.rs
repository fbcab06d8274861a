//! Clocks do not matter: a replica whose clock is an hour off holds what its primary holds, hides what is expired by its
//! own and removes nothing, and a clock that steps back loses nobody and makes nobody stay for ever.

use redis::Value;

use std::time::{Duration, Instant};

use crate::common::{Client, LIMIT, Server, touchex, wait_caught_up, wait_until};

const HOUR: i64 = 3_600_000;

/// Half an hour in ms: shorter than what the clocks are off by.
const TTL: i64 = HOUR / 2;

/// Everything that carries a time, on the primary: touches, an import, a leave, settings, a peak begun afresh, a key
/// that goes and members who are evicted.
fn work(primary: &Server, client: &mut Client) {
    let now = client.now_ms();
    for command in [
        touchex("room", TTL, None, ["ann", "bob", "cid"]),
        touchex("room", 3 * HOUR, now - HOUR, ["dan", "ann"]),
        args!["PRESENCE.CONFIG", "room", "RETAIN", 2 * HOUR].to_vec(),
        args!["PRESENCE.LEAVE", "room", "bob"].to_vec(),
        touchex("room", 1, None, ["eve", "fay"]),
        args!["PRESENCE.FORGET", "room", "eve", "fay"].to_vec(),
        touchex("gone", TTL, None, ["ann"]),
        args!["PRESENCE.FORGET", "gone", "ann"].to_vec(),
        args!["PRESENCE.SETMAX", "room", 0, 0].to_vec(),
        args!["PRESENCE.CONFIG", "brief", "LINGER", 0].to_vec(),
        touchex("brief", 50, None, ["ann"]),
        touchex("crowd", 50, None, ["ann", "bob"]),
        touchex("crowd", TTL, None, ["cid"]),
    ] {
        client.cmd(&command);
    }
    primary.wait_members(5);
    wait_until(LIMIT, "the key without linger has gone", || {
        primary.presence("keys") == 3
    });
}

/// A primary and a replica whose clock is off. The replica is loaded with the work once and fed with it once.
fn replica_off_by(offset: &str, by: i64) -> (Server, Server) {
    let primary = Server::start();
    let mut client = primary.client();
    work(&primary, &mut client);
    let replica = Server::builder()
        .clock(offset)
        .module_args("sweep-interval 10")
        .start_replica_of(&primary);
    let mut reader = replica.client();
    let off = reader.now_ms() - client.now_ms();
    assert!(
        (off - by).abs() < 60_000,
        "the clock is off by {off} ms, and should be by {by}"
    );
    assert_eq!(reader.digest(), client.digest());

    client.cmd(&["FLUSHALL"]);
    work(&primary, &mut client);
    wait_caught_up(&primary, &replica);
    assert_eq!(reader.digest(), client.digest());
    // It would have had time enough to do something by itself.
    let start = reader.now_ms();
    wait_until(LIMIT, "runs of its eviction", || {
        reader.now_ms() > start + 300
    });
    assert_eq!(replica.presence("evicted"), 0);
    assert_eq!(reader.digest(), client.digest());
    (primary, replica)
}

#[test]
fn a_replica_an_hour_ahead_hides_more_and_holds_the_same() {
    let (primary, replica) = replica_off_by("+1h", HOUR);
    let (mut client, mut reader) = (primary.client(), replica.client());
    // Online for the primary: ann and cid for half an hour, dan for two.
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), 3);
    assert_eq!(reader.strings(&["PRESENCE.LIST", "room"]), ["dan"]);
    assert_eq!(client.int(&["PRESENCE.COUNT", "crowd"]), 1);
    assert_eq!(reader.int(&["PRESENCE.COUNT", "crowd"]), 0);
    assert_eq!(replica.presence("members"), primary.presence("members"));

    // Promoted, it goes by its own clock at once.
    reader.cmd(&["REPLICAOF", "NO", "ONE"]);
    replica.wait_members(4);
    assert_eq!(
        reader.cmd(&["PRESENCE.SEEN", "crowd", "cid"]),
        Value::Array(vec![Value::Nil])
    );
}

#[test]
fn a_replica_an_hour_behind_holds_and_evicts_the_same() {
    let (primary, replica) = replica_off_by("-1h", -HOUR);
    let (mut client, mut reader) = (primary.client(), replica.client());
    for key in ["room", "crowd"] {
        let online = client.int(&["PRESENCE.COUNT", key]);
        assert_eq!(reader.int(&["PRESENCE.COUNT", key]), online, "{key}");
    }
    // What the primary evicts goes, though by the replica's clock it is online for another hour.
    client.cmd(&[
        "PRESENCE.TOUCHEX",
        "crowd",
        "PX",
        "300",
        "MEMBERS",
        "1",
        "eve",
    ]);
    wait_caught_up(&primary, &replica);
    assert_eq!(reader.ints(&["PRESENCE.ISONLINE", "crowd", "eve"]), [1]);
    primary.wait_members(5);
    wait_caught_up(&primary, &replica);
    assert_eq!(replica.presence("members"), 5);
    assert_eq!(reader.digest(), client.digest());

    // Promoted, it counts a touch from its own time, and nobody is lost or stays for ever.
    reader.cmd(&["REPLICAOF", "NO", "ONE"]);
    reader.cmd(&[
        "PRESENCE.TOUCHEX",
        "crowd",
        "PX",
        "50",
        "MEMBERS",
        "1",
        "cid",
    ]);
    replica.wait_members(4);
    assert_eq!(
        reader.ints(&["PRESENCE.ISONLINE", "room", "ann", "bob", "cid", "dan"]),
        [1, 0, 1, 1]
    );
}

#[test]
fn a_clock_that_steps_back_loses_nobody_and_makes_nobody_immortal() {
    let mut server = Server::builder().arg("appendonly yes").clock("+1h").start();
    let mut client = server.client();
    client.touchex("room", TTL, None, ["ann", "bob"]);
    client.touchex("room", 100, None, ["cid"]);
    client.touchex("hall", 100, None, ["dan"]);
    let seen = client.ints(&["PRESENCE.SEEN", "room", "ann"])[0];
    // Who has been looked for is known to be offline by then, and the eviction has been there.
    wait_until(LIMIT, "some are offline", || {
        client.int(&["PRESENCE.COUNT", "room"]) == 2
    });
    server.wait_members(2);
    client.touchex("room", 60_000, None, ["cid"]);

    server.set_clock("+0");
    wait_until(LIMIT, "the clock has stepped back", || {
        client.now_ms() < seen - HOUR / 2
    });
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), 3);
    assert_eq!(client.ints(&["PRESENCE.SEEN", "room", "ann"]), [seen]);
    // A touch counts from the new time, though that is earlier than the one before, and ends by it.
    client.touchex("room", 300, None, ["ann", "eve"]);
    let touched = client.ints(&["PRESENCE.SEEN", "room", "ann"])[0];
    assert!((touched - client.now_ms()).abs() < 60_000, "{touched}");
    assert_eq!(
        client
            .strings(&["PRESENCE.LIST", "room", "REV", "LIMIT", "0", "2"])
            .len(),
        2
    );
    server.wait_members(2);
    assert_eq!(client.strings(&["PRESENCE.LIST", "room"]), ["cid", "bob"]);

    // And a restart, from the log that was written under both times.
    let digest = client.digest();
    server.restart();
    let mut client = server.client();
    assert_eq!(client.digest(), digest);
    client.touchex("room", 50, None, ["bob", "cid"]);
    server.wait_members(0);
}

#[test]
fn a_clock_that_steps_forward_ends_the_time_of_those_it_ends() {
    let mut server = Server::builder().clock("+0").start();
    let mut client = server.client();
    client.touchex("room", TTL, None, ["ann", "bob"]);
    client.touchex("room", 2 * HOUR, None, ["cid"]);
    server.set_clock("+1h");
    wait_until(LIMIT, "the clock has stepped", || {
        client.int(&["PRESENCE.COUNT", "room"]) == 1
    });
    server.wait_members(1);
    assert_eq!(client.strings(&["PRESENCE.LIST", "room"]), ["cid"]);
}

/// A server that fires timers fires all that were due when it began to. One that is armed when the clock has just stepped
/// back is due by that measure, and so is the next: for the hour that the clock has gone back, unless it waits. One that
/// is armed when the clock has just stepped forward seems to be due in that hour, and the server would sleep for it.
#[test]
fn a_clock_that_steps_in_the_middle_of_a_run_stops_neither_the_server_nor_the_eviction() {
    let mut server = Server::builder()
        .module_args("sweep-interval 1 sweep-budget 1000")
        .clock("+0")
        .start();
    let mut client = server.client();
    let members: Vec<String> = (0..50_000).map(|i| format!("member:{i}")).collect();
    // With work for many runs, each of which has a quarter of the time, and steps at all points of that.
    for round in 0..60 {
        server.set_clock("+1h");
        let evicted = server.presence("evicted");
        client.touchex("room", 1, None, &members);
        wait_until(LIMIT, "the eviction is at it", || {
            server.presence("evicted") > evicted
        });
        let step = Instant::now() + round * Duration::from_micros(67);
        while Instant::now() < step {
            std::hint::spin_loop();
        }
        server.set_clock("+0");
        assert_eq!(client.answer("PING"), "PONG");
        server.set_clock("+1h");
        server.wait_members(0);
    }
}
