//! Members go by themselves when their time is up, the oldest first, and with the last of them a key whose linger is
//! over: nothing has to be scheduled outside, and whoever watches or tracks the key is signalled.

use std::time::Duration;

use redis::{PushKind, Value};

use crate::common::{Client, LIMIT, Server, text, touchex, wait_until};

/// Long enough that it does not end during a test.
const LONG: i64 = 600_000;

/// A day in ms.
const DAY: i64 = 86_400_000;

/// Members who time out in `ttl` ms.
fn touch(client: &mut Client, key: &str, ttl: i64, members: &[&str]) {
    assert_eq!(
        client.touchex(key, ttl, None, members),
        members.len() as i64
    );
}

/// All members stored, the longest unseen first, whether their time is up or not.
fn stored(client: &mut Client, key: &str) -> Vec<String> {
    client.cmd(&args!["PRESENCE.CONFIG", key, "RETAIN", LONG]);
    let members = client.strings(&args!["PRESENCE.LIST", key, "WINDOW", LONG, "REV"]);
    client.cmd(&args!["PRESENCE.CONFIG", key, "RETAIN", 0]);
    members
}

#[test]
fn members_go_when_their_time_is_up_and_others_stay() {
    let server = Server::start();
    let mut client = server.client();
    touch(&mut client, "room", 50, &["ann", "bob", "cid"]);
    touch(&mut client, "room", LONG, &["dan"]);
    assert_eq!(server.presence("members"), 4);
    server.wait_members(1);
    assert_eq!(client.strings(&["PRESENCE.LIST", "room"]), ["dan"]);
    assert_eq!(server.presence("evicted"), 3);
    assert_eq!(client.int(&["DBSIZE"]), 1);
}

#[test]
fn retained_members_go_when_they_are_no_longer_remembered() {
    let server = Server::start();
    let mut client = server.client();
    client.cmd(&args!["PRESENCE.CONFIG", "room", "RETAIN", LONG]);
    touch(&mut client, "room", 1, &["ann"]);
    wait_until(LIMIT, "ann is offline", || {
        client.int(&["PRESENCE.COUNT", "room"]) == 0
    });
    // Due now, and two runs of the eviction later she would be gone, were it not for the retention.
    touch(&mut client, "other", 1, &["bob"]);
    server.wait_members(1);
    assert_ne!(
        client.cmd(&["PRESENCE.SEEN", "room", "ann"]),
        Value::Array(vec![Value::Nil])
    );
    client.cmd(&args!["PRESENCE.CONFIG", "room", "RETAIN", 10]);
    server.wait_members(0);
}

#[test]
fn many_keys_in_many_databases_are_emptied() {
    let server = Server::builder().module_args("default-linger 0").start();
    let mut client = server.client();
    for db in [0, 3, 15] {
        client.cmd(&args!["SELECT", db]);
        for key in 0..1000 {
            client.send(&touchex(&key.to_string(), 100 + key, None, ["ann"]));
        }
        (0..1000).for_each(|_| assert_eq!(client.receive(LIMIT), Value::Int(1)));
    }
    server.wait_members(0);
    wait_until(LIMIT, "the keys are gone", || server.presence("keys") == 0);
    assert_eq!(client.int(&["DBSIZE"]), 0);
}

#[test]
fn the_memory_of_a_mass_expiry_comes_back() {
    let server = Server::start();
    let mut client = server.client();
    touch(&mut client, "crowd", 1, &["warm-up"]);
    server.wait_members(0);
    let before = server.used_memory();
    let at = client.now_ms();
    let members = (0..50_000).map(|number| format!("user:{number:010}"));
    client.touch_crowd("crowd", 1500, at, members);
    assert!(server.used_memory() > before + 1_000_000);
    server.wait_members(0);
    wait_until(LIMIT, "the memory is back", || {
        server.used_memory() < before + 100_000
    });
}

#[test]
fn the_oldest_due_go_first() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    let now = client.now_ms();
    // Due at 40, 10, 30, 20 and 50 ms from now, seen in another order.
    for (member, ttl, ago) in [
        ("fourth", 140, 100),
        ("first", 60, 50),
        ("third", 230, 200),
        ("second", 20, 0),
        ("fifth", 75, 25),
    ] {
        client.touchex("room", ttl, now - ago, [member]);
    }
    wait_until(LIMIT, "the clock has moved", || client.now_ms() > now + 60);
    let mut left = vec!["third", "fourth", "first", "fifth", "second"];
    assert_eq!(stored(&mut client, "room"), left);
    for (order, gone) in ["first", "second", "third", "fourth", "fifth"]
        .iter()
        .enumerate()
    {
        let due = now + 10 * (order as i64 + 1);
        let evict = |client: &mut Client, cutoff: i64| {
            client.int(&args!["PRESENCE.EVICT", "room", cutoff, "LIMIT", 1])
        };
        assert_eq!(evict(&mut client, due - 1), 0, "{gone} is not due yet");
        assert_eq!(evict(&mut client, now + 60), 1);
        left.retain(|member| member != gone);
        assert_eq!(stored(&mut client, "room"), left);
    }
}

#[test]
fn a_key_lingers_as_its_settings_say() {
    let server = Server::start();
    let mut client = server.client();
    for (key, linger) in [("never", 0), ("a while", 1500), ("for ever", -1)] {
        client.cmd(&args!["PRESENCE.CONFIG", key, "LINGER", linger]);
        touch(&mut client, key, 50, &["ann"]);
    }
    server.wait_members(0);
    wait_until(
        LIMIT,
        "a key without linger goes with its last member",
        || client.int(&["EXISTS", "never"]) == 0,
    );
    assert_eq!(client.int(&["EXISTS", "a while", "for ever"]), 2);
    assert_eq!(
        client.cmd(&["PRESENCE.MAX", "never"]),
        Value::Array(vec![Value::Int(0), Value::Nil])
    );
    assert_eq!(
        client.fields(&["PRESENCE.INFO", "a while"])["peak"],
        Value::Int(1)
    );
    wait_until(LIMIT, "a key goes when its linger is over", || {
        server.presence("keys") == 1
    });
    assert_eq!(client.strings(&["KEYS", "*"]), ["for ever"]);
}

#[test]
fn a_new_linger_holds_for_an_empty_key_at_once() {
    let server = Server::start();
    let mut client = server.client();
    for (key, linger) in [("none", 0), ("short", 20)] {
        touch(&mut client, key, 20, &["ann"]);
        server.wait_members(0);
        assert_eq!(client.int(&["EXISTS", key]), 1);
        client.cmd(&args!["PRESENCE.CONFIG", key, "LINGER", linger]);
        wait_until(LIMIT, "the key has gone", || server.presence("keys") == 0);
        assert_eq!(client.int(&["DBSIZE"]), 0);
    }
}

#[test]
fn a_key_that_goes_is_notified_and_replicated() {
    let server = Server::builder()
        .arg("appendonly yes")
        .arg("notify-keyspace-events KEA")
        .module_args("default-linger 0")
        .start();
    let mut listener = server.client3();
    listener.send(&["SUBSCRIBE", "__keyevent@0__:del"]);
    listener.receive(LIMIT);
    let mut gone = |key: &str| match listener.receive(LIMIT) {
        Value::Push {
            kind: PushKind::Message,
            data,
        } => {
            assert_eq!(text(data[1].clone()), key);
            // The server may put a write of the log off while the disk is busy.
            let dels = || {
                let log = server.aof();
                log.iter()
                    .filter(|line| **line == format!("DEL {key}"))
                    .count()
            };
            wait_until(LIMIT, "a DEL in the log", || dels() > 0);
            assert_eq!(dels(), 1, "{:?}", server.aof());
        }
        other => panic!("not a message: {other:?}"),
    };
    let mut client = server.client();
    touch(&mut client, "evicted", 20, &["ann"]);
    gone("evicted");
    touch(&mut client, "left", LONG, &["ann"]);
    client.cmd(&["PRESENCE.LEAVE", "left", "ann"]);
    gone("left");
    client.cmd(&args!["PRESENCE.CONFIG", "configured", "LINGER", -1]);
    touch(&mut client, "configured", 20, &["ann"]);
    server.wait_members(0);
    client.cmd(&args!["PRESENCE.CONFIG", "configured", "LINGER", 0]);
    gone("configured");
}

#[test]
fn a_touch_of_a_key_that_is_over_begins_it_anew() {
    let server = Server::builder()
        .arg("appendonly yes")
        .module_args("sweep-interval 60000 default-linger 0 default-ttl 600000")
        .start();
    let mut client = server.client();
    client.cmd(&args![
        "PRESENCE.CONFIG",
        "room",
        "TTL",
        1,
        "RETAIN",
        5,
        "LINGER",
        5
    ]);
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob"]);
    let start = client.now_ms();
    wait_until(LIMIT, "the key is over", || client.now_ms() > start + 15);
    assert_eq!(client.err(&["PRESENCE.INFO", "room"]), "ERR no such key");
    assert_eq!(client.int(&["PRESENCE.TOUCH", "room", "cid"]), 1);
    let fields = client.fields(&["PRESENCE.INFO", "room"]);
    for (field, value) in [("peak", 1), ("ttl", 600_000), ("retain", 0), ("linger", 0)] {
        assert_eq!(fields[field], Value::Int(value), "{field}");
    }
    assert!(
        server.aof().contains(&"DEL room".into()),
        "{:?}",
        server.aof()
    );
}

#[test]
fn a_transaction_that_watched_the_key_fails() {
    let server = Server::start();
    let (mut watcher, mut client) = (server.client(), server.client());
    // Whether she is removed when her time is up, or remembered for days.
    for (key, retain, time_outs) in [("room", 0, 1), ("kept", 3 * DAY, 2)] {
        client.cmd(&args!["PRESENCE.CONFIG", key, "RETAIN", retain]);
        touch(&mut client, key, 300, &["ann"]);
        touch(&mut client, key, LONG, &["bob"]);
        watcher.cmd(&["WATCH", key]);
        wait_until(LIMIT, "ann's time is up", || {
            server.presence("timeouts") == time_outs
        });
        watcher.cmd(&["MULTI"]);
        watcher.cmd(&["PRESENCE.COUNT", key]);
        assert_eq!(watcher.cmd(&["EXEC"]), Value::Nil, "{key}");
        // And where nobody's time is up it goes through.
        watcher.cmd(&["WATCH", key]);
        watcher.cmd(&["MULTI"]);
        watcher.cmd(&["PRESENCE.COUNT", key]);
        assert_eq!(watcher.cmd(&["EXEC"]), Value::Array(vec![Value::Int(1)]));
    }
    assert_eq!(server.presence("members"), 3);
}

#[test]
fn clients_that_track_the_key_are_signalled() {
    let server = Server::start();
    let (mut tracker, mut client) = (server.client3(), server.client());
    tracker.cmd(&["CLIENT", "TRACKING", "ON"]);
    for (key, retain) in [("room", 0), ("kept", 3 * DAY)] {
        client.cmd(&args!["PRESENCE.CONFIG", key, "RETAIN", retain]);
        touch(&mut client, key, 300, &["ann", "bob"]);
        assert_eq!(tracker.int(&["PRESENCE.COUNT", key]), 2);
        match tracker.receive(LIMIT) {
            Value::Push {
                kind: PushKind::Invalidate,
                data,
            } => assert_eq!(data, [Value::Array(vec![Value::BulkString(key.into())])]),
            other => panic!("no invalidation: {other:?}"),
        }
        // What it reads now is right until somebody is touched.
        assert_eq!(tracker.int(&["PRESENCE.COUNT", key]), 0);
    }
    assert_eq!(server.presence("members"), 2);
}

#[test]
fn a_sweep_is_no_access_to_the_key() {
    let server = Server::start();
    let mut client = server.client();
    // Somebody goes every tenth of a second, and that takes longer than the key is watched.
    for number in 1..=60 {
        touch(&mut client, "room", 100 * number, &[&number.to_string()]);
    }
    wait_until(LIMIT, "the key has been idle", || {
        client.int(&["OBJECT", "IDLETIME", "room"]) >= 3
    });
    assert!(server.presence("evicted") >= 10, "she is swept meanwhile");
    assert!(server.presence("members") > 0, "and was before she is idle");

    // Each access counts, and nothing is forgotten.
    for setting in [
        "maxmemory-policy allkeys-lfu",
        "lfu-log-factor 0",
        "lfu-decay-time 0",
    ] {
        client.answer(&format!("CONFIG SET {setting}"));
    }
    for number in 1..=20 {
        touch(
            &mut client,
            "hall",
            300 + 50 * number,
            &[&number.to_string()],
        );
    }
    let before = client.int(&["OBJECT", "FREQ", "hall"]);
    assert!(before >= 20, "touches are accesses: {before}");
    wait_until(LIMIT, "both are empty", || server.presence("members") == 0);
    assert_eq!(client.int(&["OBJECT", "FREQ", "hall"]), before);
}

#[test]
fn the_sweep_interval_acts_at_once() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    touch(&mut client, "room", 20, &["ann"]);
    let start = client.now_ms();
    wait_until(LIMIT, "she would long be evicted", || {
        client.now_ms() > start + 400
    });
    assert_eq!(server.presence("members"), 1);
    assert_eq!(server.presence("sweeps"), 0);
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "10"]);
    server.wait_members(0);
}

#[test]
fn the_sweep_budget_bounds_a_run() {
    let sweeps_with = |budget: u32| {
        let server = Server::builder()
            .module_args(&format!("sweep-budget {budget}"))
            .start();
        let mut client = server.client();
        let at = client.now_ms();
        let members = (0..100_000).map(|number| format!("user:{number:010}"));
        client.touch_crowd("crowd", 1500, at, members);
        wait_until(Duration::from_secs(30), "all are evicted", || {
            server.presence("members") == 0
        });
        assert_eq!(server.presence("evicted"), 100_000);
        server.presence("sweeps")
    };
    let (many, few) = (sweeps_with(100), sweeps_with(100_000));
    assert!(many > 4 * few, "{many} runs of 100 µs, {few} of 100 ms");
}
