//! `MEMORY USAGE` is the truth, and memory comes back: after a mass expiry, after `UNLINK` and `FLUSHALL ASYNC` without
//! the server's main thread, and after keys that came and went.

use std::time::Duration;

use redis::Value;

use crate::common::{Client, LIMIT, Random, Server, touchex, wait_caught_up, wait_until};

/// How soon after a mass expiry its memory is back.
const SOON: Duration = Duration::from_secs(5);

fn short(number: u64) -> Vec<u8> {
    format!("user:{number:010}").into_bytes()
}

fn uuid(number: u64) -> Vec<u8> {
    format!("0b5e55ed-{:04x}-4000-8000-{number:012x}", number % 65_536).into_bytes()
}

fn decimal(number: u64) -> Vec<u8> {
    (number * 7_919_000_000_017).to_string().into_bytes()
}

fn long(number: u64) -> Vec<u8> {
    format!(
        "https://example.com/people/{number:010}/with/a/name/of/{}",
        "x".repeat(number as usize % 90)
    )
    .into_bytes()
}

/// Touches these members, many in a command.
fn touch(client: &mut Client, key: &str, ttl: i64, members: impl Iterator<Item = Vec<u8>>) {
    client.touch_crowd(key, ttl, None, members);
}

/// What the server has allocated, seen from a connection that is there already.
fn used(client: &mut Client) -> u64 {
    let info = client.text(&["INFO", "memory"]);
    let mut lines = info.lines();
    let used = lines.find_map(|line| line.strip_prefix("used_memory:"));
    used.expect("a field").parse().expect("a number")
}

/// What the server keeps for its connections comes and goes by about so many bytes.
const BUFFERS: u64 = 100_000;

#[track_caller]
fn assert_within_a_tenth(said: u64, truth: u64, what: &str) {
    assert!(
        said.abs_diff(truth) <= truth / 10 + BUFFERS,
        "{what}: MEMORY USAGE says {said}, it took {truth}"
    );
}

/// 100,000 members, each touched three times more in random order.
fn usage_of(name: fn(u64) -> Vec<u8>) {
    const MEMBERS: u64 = 100_000;
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    // The connection's buffers take their size.
    touch(&mut client, "warm-up", 600_000, (0..1000).map(long));
    client.cmd(&["DEL", "warm-up"]);
    let before = used(&mut client);
    let mut random = Random::new();
    let check = |client: &mut Client, what: &str| {
        let took = used(client) - before;
        assert_within_a_tenth(client.int(&["MEMORY", "USAGE", "crowd"]) as u64, took, what);
    };
    touch(&mut client, "crowd", 600_000, (0..MEMBERS).map(name));
    check(&mut client, "all new");
    touch(
        &mut client,
        "crowd",
        600_000,
        (0..3 * MEMBERS).map(|_| name(random.below(MEMBERS))),
    );
    check(&mut client, "refreshed");
    touch(&mut client, "crowd", 700_000, (0..MEMBERS / 2).map(name));
    check(&mut client, "with two ttls");
    let gone: Vec<_> = (0..MEMBERS)
        .filter(|number| number % 3 != 0)
        .map(name)
        .collect();
    for batch in gone.chunks(1000) {
        let leave = args!["PRESENCE.LEAVE", "crowd"]
            .into_iter()
            .chain(batch.iter().cloned());
        client.cmd(&leave.collect::<Vec<_>>());
    }
    check(&mut client, "two thirds have left");
    for number in 0..MEMBERS / 4 {
        let own = 600_000 + number as i64 * 31 % 25_000;
        client.send(&touchex("crowd", own, None, [name(number)]));
    }
    for _ in 0..MEMBERS / 4 {
        client.receive(LIMIT);
    }
    check(&mut client, "with thousands of ttls");
}

#[test]
fn usage_is_the_truth_for_short_names() {
    usage_of(short);
}

#[test]
fn usage_is_the_truth_for_uuids() {
    usage_of(uuid);
}

#[test]
fn usage_is_the_truth_for_numbers() {
    usage_of(decimal);
}

#[test]
fn usage_is_the_truth_for_long_names() {
    usage_of(long);
}

#[test]
fn usage_is_the_truth_for_rooms() {
    const ROOMS: u64 = 20_000;
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    touch(&mut client, "warm-up", 600_000, (0..100).map(short));
    let before = used(&mut client);
    for room in 0..ROOMS {
        touch(
            &mut client,
            &format!("room:{room:06}"),
            600_000,
            (room..room + 10).map(short),
        );
    }
    let took = used(&mut client) - before;
    let said: i64 = (0..ROOMS)
        .map(|room| client.int(&args!["MEMORY", "USAGE", format!("room:{room:06}")]))
        .sum();
    assert_within_a_tenth(said as u64, took, "rooms of ten");
}

#[test]
fn usage_is_the_truth_for_rooms_that_are_due_over_hours() {
    const ROOMS: u64 = 50_000;
    const DAY: u64 = 86_400_000;
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    touch(&mut client, "warm-up", 600_000, (0..100).map(short));
    let key = |room: u64| format!("room:{room:06}");
    let said = |client: &mut Client| -> u64 {
        let usage = |room| client.int(&args!["MEMORY", "USAGE", key(room)]) as u64;
        (0..ROOMS).map(usage).sum()
    };
    // What the server keeps for as many keys of any type, and says of none.
    let before = used(&mut client);
    for room in 0..ROOMS {
        client.cmd(&args!["SET", key(room), ""]);
    }
    let unsaid = (used(&mut client) - before).saturating_sub(said(&mut client));
    client.cmd(&["FLUSHALL", "SYNC"]);
    let before = used(&mut client);
    for room in 0..ROOMS {
        let ttl = 600_000 + room * 7919 % ROOMS * (DAY / ROOMS);
        let members = (room..room + 5).map(short);
        touch(&mut client, &key(room), ttl as i64, members);
    }
    let took = used(&mut client) - before;
    assert_within_a_tenth(said(&mut client) + unsaid, took, "rooms of five");
}

#[test]
fn a_mass_expiry_gives_its_memory_back() {
    const CROWD: u64 = 300_000;
    let server = Server::start();
    let mut client = server.client();
    client.cmd(&["PRESENCE.CONFIG", "crowd", "RETAIN", "600000"]);
    touch(&mut client, "crowd", 1, (0..1000).map(long));
    client.cmd(&["PRESENCE.CONFIG", "crowd", "RETAIN", "0"]);
    server.wait_members(0);
    let before = used(&mut client);
    client.cmd(&["PRESENCE.CONFIG", "crowd", "RETAIN", "600000"]);
    touch(&mut client, "crowd", 1, (0..CROWD).map(short));
    let took = used(&mut client) - before;
    assert!(took > CROWD * 15);
    client.cmd(&["PRESENCE.CONFIG", "crowd", "RETAIN", "0"]);
    wait_until(SOON, "the memory is back", || {
        used(&mut client) < before + took / 50
    });
    assert_eq!(client.int(&["EXISTS", "crowd"]), 1);
}

/// The server's count of what was freed by its background thread.
fn freed_lazily(server: &Server) -> u64 {
    server
        .info_field("memory", "lazyfreed_objects")
        .parse()
        .expect("a number")
}

#[test]
fn large_keys_are_freed_by_another_thread() {
    let server = Server::builder().arg("lazyfree-lazy-user-del no").start();
    let mut client = server.client();
    touch(&mut client, "warm-up", 600_000, (0..1000).map(short));
    client.cmd(&["DEL", "warm-up"]);
    let before = used(&mut client);
    for (verb, lazily) in [
        (&["UNLINK", "crowd"][..], true),
        (&["FLUSHALL", "ASYNC"], true),
        (&["FLUSHDB", "ASYNC"], true),
        (&["DEL", "crowd"], false),
    ] {
        let freed = freed_lazily(&server);
        touch(&mut client, "crowd", 600_000, (0..100_000).map(long));
        assert!(used(&mut client) > before + 5_000_000);
        client.cmd(verb);
        if lazily {
            wait_until(
                LIMIT,
                format!("{verb:?} has freed in the background"),
                || freed_lazily(&server) > freed,
            );
        } else {
            assert_eq!(freed_lazily(&server), freed, "{verb:?}");
        }
        wait_until(LIMIT, "the memory is back", || {
            used(&mut client) < before + 500_000
        });
        assert_eq!(
            (
                server.presence("keys"),
                server.presence("members"),
                server.presence("bytes")
            ),
            (0, 0, 0)
        );
    }
    // A key of a few is freed at once: a job for another thread would cost more.
    let freed = freed_lazily(&server);
    touch(&mut client, "room", 600_000, (0..5).map(short));
    client.cmd(&["UNLINK", "room"]);
    assert_eq!((server.presence("keys"), freed_lazily(&server)), (0, freed));
}

#[test]
fn keys_are_freed_in_the_background_while_others_are_touched() {
    let server = Server::builder().module_args("sweep-interval 5").start();
    let (run_id, mut client) = (server.run_id(), server.client());
    for round in 0..20 {
        for key in ["one", "two", "three"] {
            touch(&mut client, key, 30, (0..20_000).map(short));
        }
        client.cmd(&["UNLINK", "one"]);
        client.cmd(&["COPY", "two", "one"]);
        if round % 5 == 4 {
            client.cmd(&["FLUSHALL", "ASYNC"]);
        }
    }
    server.wait_members(0);
    server.assert_sound(&run_id);
}

/// Keys that come and go, with names that are long and times that are far away.
fn churn(client: &mut Client) {
    for start in (0..40_000).step_by(1000) {
        for number in start..start + 1000 {
            let key = format!("room:{number}:{}", "x".repeat(100));
            client.send(&args![
                "PRESENCE.TOUCHEX",
                key,
                "EX",
                100_000_000,
                "MEMBERS",
                1,
                "ann"
            ]);
            client.send(&args![["DEL", "UNLINK"][number % 2], key]);
        }
        (0..2000).for_each(|_| assert_eq!(client.receive(LIMIT), Value::Int(1)));
    }
}

#[test]
fn keys_that_came_and_went_leave_nothing_behind() {
    let quick = || {
        Server::builder()
            .arg("repl-backlog-size 100kb")
            .module_args("sweep-interval 5")
    };
    let primary = quick().start();
    let replica = quick().start_replica_of(&primary);
    let (mut client, mut reader) = (primary.client(), replica.client());
    let empty = (used(&mut client), used(&mut reader));
    churn(&mut client);
    wait_caught_up(&primary, &replica);
    // Forty thousand names take 4 MB, what else a server keeps for its connections much less.
    for (name, client, empty) in [
        ("the primary", &mut client, empty.0),
        ("the replica", &mut reader, empty.1),
    ] {
        wait_until(LIMIT, format!("{name} has forgotten the keys"), || {
            used(client) < empty + 1_500_000
        });
    }
}
