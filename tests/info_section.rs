//! `INFO presence` says what the module holds and has done.

use std::collections::BTreeMap;

use crate::common::{Client, LIMIT, Server, touchex, wait_caught_up, wait_until};

/// All fields of the section, without `presence_`.
fn section(client: &mut Client) -> BTreeMap<String, u64> {
    let info = client.text(&["INFO", "presence"]);
    let fields = info
        .lines()
        .filter_map(|line| line.strip_prefix("presence_")?.split_once(':'));
    let number = |(name, value): (&str, &str)| (name.into(), value.parse().expect("a number"));
    fields.map(number).collect()
}

/// The fields named are these.
#[track_caller]
fn assert_fields(client: &mut Client, expected: &[(&str, u64)]) {
    let section = section(client);
    for (field, value) in expected {
        assert_eq!(section.get(*field), Some(value), "{field} of {section:?}");
    }
}

#[test]
fn it_is_a_section_of_its_own() {
    let server = Server::start();
    let mut client = server.client();
    let fields = section(&mut client);
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let expected = [
        "bytes",
        "evicted",
        "joins",
        "keys",
        "leaves",
        "longest_sweep_us",
        "members",
        "orphan_bytes",
        "schedule_bytes",
        "sweep_lag_ms",
        "sweep_time_us",
        "sweeps",
        "timeout_lag_ms",
        "timeouts",
        "touches",
    ];
    assert_eq!(names, expected);
    assert!(fields.values().all(|value| *value == 0), "{fields:?}");
    assert!(
        client
            .text(&["INFO", "everything"])
            .contains("\r\npresence_keys:0\r\n")
    );
    assert!(
        !client.text(&["INFO"]).contains("presence_"),
        "a module's section is shown when it is asked for"
    );
}

#[test]
fn it_counts_what_is_there_and_what_happened() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob", "cid"]);
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "dan"]);
    client.cmd(&["SELECT", "5"]);
    client.touchex("hall", 1, None, ["ann", "eve"]);
    assert_fields(
        &mut client,
        &[
            ("keys", 2),
            ("members", 6),
            ("touches", 7),
            ("joins", 6),
            ("leaves", 0),
        ],
    );
    client.cmd(&["SELECT", "0"]);
    client.cmd(&["PRESENCE.LEAVE", "room", "ann", "bob", "nobody"]);
    client.cmd(&["PRESENCE.LEAVE", "room", "ann"]);
    assert_fields(
        &mut client,
        &[
            ("members", 4),
            ("leaves", 2),
            ("timeouts", 0),
            ("evicted", 0),
        ],
    );

    // Whoever comes back after their time was up has timed out, and joins.
    client.cmd(&["SELECT", "5"]);
    wait_until(LIMIT, "they are offline", || {
        client.int(&["PRESENCE.COUNT", "hall"]) == 0
    });
    client.cmd(&["PRESENCE.TOUCH", "hall", "ann"]);
    assert_fields(
        &mut client,
        &[
            ("touches", 8),
            ("joins", 7),
            ("timeouts", 1),
            ("evicted", 0),
        ],
    );
    let now = client.now_ms();
    client.cmd(&args!["PRESENCE.EVICT", "hall", now]);
    assert_fields(
        &mut client,
        &[
            ("members", 3),
            ("timeouts", 2),
            ("evicted", 1),
            ("sweeps", 0),
        ],
    );
    // An import that is ignored touches nobody, and errors count nothing.
    client.err(&["PRESENCE.TOUCHEX", "hall", "PX", "0", "MEMBERS", "1", "ann"]);
    client.cmd(&["PRESENCE.COUNT", "hall"]);
    assert_fields(
        &mut client,
        &[
            ("keys", 2),
            ("touches", 8),
            ("joins", 7),
            ("sweep_time_us", 0),
        ],
    );

    for (command, keys, members) in [
        (&["COPY", "hall", "copy"][..], 3, 4),
        (&["RENAME", "copy", "hall"], 2, 3),
        (&["DEL", "hall"], 1, 2),
        (&["DEBUG", "RELOAD"], 1, 2),
        (&["FLUSHALL", "SYNC"], 0, 0),
    ] {
        client.cmd(command);
        assert_fields(&mut client, &[("keys", keys), ("members", members)]);
    }
    assert_fields(&mut client, &[("bytes", 0), ("touches", 8), ("evicted", 1)]);
}

#[test]
fn it_counts_the_sweeps() {
    let server = Server::builder().module_args("sweep-interval 10").start();
    let mut client = server.client();
    client.cmd(&["PRESENCE.CONFIG", "room", "RETAIN", "600000"]);
    let members = (0..20_000).map(|number| format!("member {number}"));
    client.touchex("room", 1, None, members);
    let start = client.now_ms();
    wait_until(LIMIT, "they have been offline for a while", || {
        client.now_ms() > start + 300
    });
    assert_fields(&mut client, &[("members", 20_000), ("evicted", 0)]);
    // All of them have been due since their time was up.
    client.cmd(&["PRESENCE.CONFIG", "room", "RETAIN", "0"]);
    server.wait_members(0);
    let section = section(&mut client);
    assert_eq!(section["evicted"], 20_000);
    assert_eq!(section["timeouts"], 20_000);
    assert!(section["sweeps"] >= 1, "{section:?}");
    assert!(
        section["sweep_time_us"] >= section["longest_sweep_us"],
        "{section:?}"
    );
    assert!(
        section["longest_sweep_us"] >= section["sweep_time_us"] / section["sweeps"],
        "{section:?}"
    );
    assert!(section["longest_sweep_us"] > 0, "{section:?}");
    assert!(
        (290..600_000).contains(&section["sweep_lag_ms"]),
        "{section:?}"
    );
}

#[test]
fn its_bytes_are_those_of_the_keys() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    for (key, members) in [("small", 5), ("middle", 500), ("large", 50_000)] {
        let mut command = args!["PRESENCE.TOUCH", key].to_vec();
        command.extend((0..members).map(|number| format!("user:{number:010}").into_bytes()));
        // Refreshed, they are stored another way than they came.
        (0..4).for_each(|_| drop(client.cmd(&command)));
    }
    let mut sum = 0;
    for key in ["small", "middle", "large"] {
        sum += match client.fields(&["PRESENCE.INFO", key])["bytes"] {
            redis::Value::Int(bytes) => bytes as u64,
            ref other => panic!("not a number: {other:?}"),
        };
    }
    let bytes = section(&mut client)["bytes"];
    assert!(
        bytes.abs_diff(sum) <= sum / 20,
        "{bytes} in INFO, {sum} in the keys"
    );
}

#[test]
fn a_replica_counts_what_it_holds_and_not_what_its_primary_did() {
    let primary = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob"]);
    client.cmd(&["PRESENCE.LEAVE", "room", "ann"]);
    client.cmd(&["PRESENCE.TOUCHEX", "room", "PX", "1", "MEMBERS", "1", "cid"]);
    wait_until(LIMIT, "cid is offline", || {
        client.int(&["PRESENCE.COUNT", "room"]) == 1
    });
    let now = client.now_ms();
    assert_eq!(client.int(&args!["PRESENCE.EVICT", "room", now]), 1);
    wait_caught_up(&primary, &replica);
    let mut reader = replica.client();
    assert_fields(&mut reader, &[("keys", 1), ("members", 1)]);
    assert_fields(
        &mut reader,
        &[
            ("touches", 0),
            ("joins", 0),
            ("leaves", 0),
            ("timeouts", 0),
            ("evicted", 0),
            ("sweeps", 0),
        ],
    );
}

#[test]
fn what_is_kept_of_keys_that_are_gone_goes_soon_and_without_a_trace() {
    const KEYS: usize = 20_000;
    let server = Server::start();
    let mut client = server.client();
    for i in 0..KEYS {
        client.send(&[
            "PRESENCE.TOUCHEX",
            &format!("room:{i}"),
            "EX",
            "864000",
            "MEMBERS",
            "1",
            "ann",
        ]);
        client.send(&["DEL", &format!("room:{i}")]);
        client.receive(LIMIT);
        client.receive(LIMIT);
    }
    client.cmd(&["PRESENCE.TOUCH", "stays", "ann"]);
    let misses = |client: &mut Client| {
        let stats = client.text(&["INFO", "stats"]);
        let line = stats
            .lines()
            .find(|line| line.starts_with("keyspace_misses:"));
        line.expect("a field of INFO").to_owned()
    };
    let before = misses(&mut client);
    wait_until(LIMIT, "the schedule has forgotten the keys", || {
        section(&mut client)["schedule_bytes"] < 64 * 1024
    });
    assert_eq!(misses(&mut client), before);
    assert_fields(&mut client, &[("keys", 1)]);
}

#[test]
fn a_time_out_counts_when_it_happens_though_the_member_is_remembered() {
    const DAY: u64 = 86_400_000;
    let server = Server::builder()
        .module_args(&format!("default-retain {}", 3 * DAY))
        .start();
    let mut client = server.client();
    client.touchex("room", 50, None, ["ann"]);
    let members = (0..1000).map(|number| number.to_string());
    client.touchex("hall", 50, None, members);
    wait_until(LIMIT, "their time is up", || {
        server.presence("timeouts") == 1001
    });
    let lag = section(&mut client)["timeout_lag_ms"];
    assert!(lag < 10_000, "{lag} ms");
    assert_fields(&mut client, &[("members", 1001), ("evicted", 0)]);
    // And it does not count again when she is removed, or comes back.
    client.cmd(&["PRESENCE.TOUCH", "hall", "7"]);
    client.cmd(&["PRESENCE.CONFIG", "hall", "RETAIN", "0"]);
    server.wait_members(2);
    assert_fields(
        &mut client,
        &[
            ("timeouts", 1001),
            ("evicted", 999),
            ("timeout_lag_ms", lag),
        ],
    );
}

/// Has a key without linger end with so many members in it that the eviction has not seen, and begin anew.
fn leave_behind(client: &mut Client, key: &str, count: usize) {
    const TTL: i64 = 2000;
    client.cmd(&["PRESENCE.CONFIG", key, "LINGER", "0"]);
    let at = client.now_ms();
    let members = (0..count).map(|number| number.to_string());
    client.touch_crowd(key, TTL, at, members);
    wait_until(LIMIT, "their time is up", || client.now_ms() > at + TTL);
    assert_eq!(client.int(&["PRESENCE.TOUCH", key, "ann"]), 1);
}

#[test]
fn members_of_a_key_that_is_gone_are_counted_until_they_are_reported() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    leave_behind(&mut client, "room", 50_000);
    assert!(section(&mut client)["orphan_bytes"] > 500_000);
    client.cmd(&["FLUSHALL"]);
    assert!(section(&mut client)["orphan_bytes"] > 500_000);
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "10"]);
    wait_until(LIMIT, "all have been reported", || {
        server.presence("orphan_bytes") == 0
    });
    assert_eq!(server.presence("timeouts"), 50_000);
}

#[test]
fn what_a_replica_does_not_report_is_freed() {
    let primary = Server::start();
    let replica = Server::builder()
        .arg("replica-read-only no")
        .start_replica_of(&primary);
    let mut client = replica.client();
    client.cmd(&["CONFIG", "SET", "presence.default-linger", "0"]);
    client.touchex("room", 1, None, ["warm-up"]);
    let before = replica.used_memory();
    // Each millisecond the key is gone, with all who are in it.
    let mut number = 0;
    for _ in 0..100 {
        for _ in 0..1000 {
            number += 1;
            client.send(&touchex("room", 1, None, [number.to_string()]));
        }
        (0..1000).for_each(|_| drop(client.receive(LIMIT)));
    }
    wait_until(LIMIT, "they are freed", || {
        replica.presence("orphan_bytes") == 0
    });
    assert_fields(&mut client, &[("timeouts", 0)]);
    let grown = replica.used_memory().saturating_sub(before);
    assert!(grown < 1_000_000, "{grown} bytes");

    // A crowd is freed in batches.
    leave_behind(&mut client, "hall", 100_000);
    wait_until(LIMIT, "the crowd is freed", || {
        replica.presence("orphan_bytes") == 0
    });
    client.cmd(&["FLUSHALL"]);
    wait_until(LIMIT, "the memory is back", || {
        replica.used_memory() < before + 1_000_000
    });
}

#[test]
fn a_primary_that_becomes_a_replica_forgets_whom_it_had_to_report() {
    let other = Server::start();
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    leave_behind(&mut client, "room", 50_000);
    assert!(section(&mut client)["orphan_bytes"] > 500_000);
    client.cmd(&args!["REPLICAOF", "127.0.0.1", other.port()]);
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "10"]);
    wait_until(LIMIT, "all are freed", || {
        server.presence("orphan_bytes") == 0
    });
    assert_eq!(server.presence("timeouts"), 0);
}

/// The lag is the eviction's: a touch that comes first says nothing of how far that is behind.
#[test]
fn a_time_out_that_a_touch_reports_is_no_lag() {
    let server = Server::builder()
        .module_args("default-retain 86400000 sweep-interval 60000")
        .start();
    let mut client = server.client();
    client.touchex("room", 20, None, ["ann"]);
    wait_until(LIMIT, "her time is up", || {
        client.int(&["PRESENCE.COUNT", "room"]) == 0
    });
    client.cmd(&["PRESENCE.TOUCH", "room", "ann"]);
    assert_fields(&mut client, &[("timeouts", 1), ("timeout_lag_ms", 0)]);
}
