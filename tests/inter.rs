//! `PRESENCE.INTER` and `PRESENCE.INTERCARD`: who of a set or a sorted set of the server's is online, as a naive answer has
//! it; and a large set is gone through in bites.

use std::collections::BTreeSet;

use redis::Value;

use crate::common::errors::syntax;
use crate::common::{Client, LIMIT, Server, show, touchex, wait_until};

const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

/// So many elements that going through them takes many bites.
const LARGE: usize = 200_000;

fn name(number: usize) -> Vec<u8> {
    format!("user:{number}").into_bytes()
}

/// Makes a set, or with `scored` a sorted set, of these elements.
fn make(client: &mut Client, key: &str, scored: bool, elements: impl Iterator<Item = Vec<u8>>) {
    let elements: Vec<_> = elements.collect();
    let commands = elements.chunks(1000).map(|chunk| {
        let mut command = args![if scored { "ZADD" } else { "SADD" }, key].to_vec();
        for (score, element) in chunk.iter().enumerate() {
            if scored {
                command.push(score.to_string().into_bytes());
            }
            command.push(element.clone());
        }
        client.send(&command);
    });
    for _ in 0..commands.count() {
        client.receive(LIMIT);
    }
}

fn inter(client: &mut Client, key: &str, other: &str) -> BTreeSet<Vec<u8>> {
    let found = client.bytes_list(&["PRESENCE.INTER", key, other]);
    let names: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(names.len(), found.len(), "nobody twice");
    names
}

#[test]
fn it_is_who_is_in_the_set_and_online_whatever_the_encodings() {
    let server = Server::start();
    let mut client = server.client();
    for (form, members) in [("small", 20), ("large", 3000)] {
        client.answer(&format!("PRESENCE.CONFIG {form} RETAIN 600000"));
        client.touch_crowd(form, 600_000, None, (0..members).map(name));
        // Integers, which sets may keep as such; remembered, but not online; and any bytes.
        client.touch_crowd(form, 600_000, None, (0..members).map(|n| n.to_string()));
        client.cmd(&["PRESENCE.LEAVE", form, "user:1", "user:4", "4"]);
        client.cmd(&args!["PRESENCE.TOUCH", form, b"\0\xff\r\n", b""]);
        for (encoding, scored, elements) in [
            (
                "intset",
                false,
                (2..9).map(|n| n.to_string().into_bytes()).collect(),
            ),
            ("a few", false, (2..9).map(name).collect()),
            ("many", false, (2..5000).step_by(3).map(name).collect()),
            ("a few by score", true, (2..9).map(name).collect()),
            (
                "many by score",
                true,
                (1..5000).step_by(3).map(name).collect::<Vec<_>>(),
            ),
            (
                "bytes",
                false,
                vec![b"\0\xff\r\n".to_vec(), vec![], b"x".to_vec()],
            ),
            ("long", false, vec![vec![b'x'; 70_000], name(2)]),
        ] {
            client.cmd(&["DEL", "other"]);
            make(&mut client, "other", scored, elements.iter().cloned());
            let all = client.bytes_list(&args!["PRESENCE.LIST", form]);
            let all: BTreeSet<_> = all.into_iter().collect();
            let expected: BTreeSet<_> = elements
                .into_iter()
                .filter(|element| all.contains(element))
                .collect();
            assert!(!expected.is_empty(), "{encoding}");
            assert_eq!(
                inter(&mut client, form, "other"),
                expected,
                "{form} {encoding}"
            );
            let count = client.int(&["PRESENCE.INTERCARD", form, "other"]);
            assert_eq!(count, expected.len() as i64, "{form} {encoding}");
        }
    }
}

#[test]
fn times_and_limits_are_as_asked() {
    let server = Server::start();
    let mut client = server.client();
    let now = client.now_ms();
    client.touchex("room", 500_000, now - 5, ["ann"]);
    client.touchex("room", 500_000, now - 7, ["bob"]);
    client.answer("SADD friends ann bob cid");
    let Value::Array(mut seen) = client.cmd(&["PRESENCE.INTER", "room", "friends", "withseen"])
    else {
        panic!("no array")
    };
    seen.sort_by_key(show);
    let expected =
        [("ann", 5), ("bob", 7)].map(|(name, ago)| format!("[\"{name}\", {}]", now - ago));
    assert_eq!(seen.iter().map(show).collect::<Vec<_>>(), expected);
    assert_eq!(
        show(&server.client3().cmd(&[
            "PRESENCE.INTER",
            "room",
            "friends",
            "WITHSEEN",
            "LIMIT",
            "0"
        ]))
        .len(),
        show(&Value::Array(seen)).len()
    );
    for (limit, found) in [("0", 2), ("1", 1), ("2", 2), ("9223372036854775807", 2)] {
        let line = format!("room friends LIMIT {limit}");
        let count = client.answer(&format!("PRESENCE.INTERCARD {line}"));
        assert_eq!(count, found.to_string(), "{line}");
        let mut inter = args!["PRESENCE.INTER"].to_vec();
        inter.extend(line.split(' ').map(|word| word.as_bytes().to_vec()));
        assert_eq!(client.bytes_list(&inter).len(), found, "{line}");
    }
    client.dialog(&[
        (
            "PRESENCE.INTER room friends LIMIT 1 LIMIT 1",
            &syntax("LIMIT may be given once"),
        ),
        (
            "PRESENCE.INTER room friends LIMIT",
            &syntax("LIMIT limit expected"),
        ),
        (
            "PRESENCE.INTER room friends WITHSEEN WITHSEEN",
            &syntax("WITHSEEN may be given once"),
        ),
    ]);
}

#[test]
fn missing_keys_are_empty_and_others_of_the_wrong_type() {
    let server = Server::start();
    let mut client = server.client();
    client.dialog(&[
        ("PRESENCE.TOUCH room ann", "1"),
        ("SADD friends ann", "1"),
        ("SET text x", "OK"),
        ("HSET hash ann 1", "1"),
        ("RPUSH list ann", "1"),
        ("PRESENCE.INTER room none", "[]"),
        ("PRESENCE.INTER none friends", "[]"),
        ("PRESENCE.INTER none none", "[]"),
        ("PRESENCE.INTERCARD none friends", "0"),
        ("PRESENCE.INTER room text", WRONG),
        ("PRESENCE.INTER room hash", WRONG),
        ("PRESENCE.INTER room list", WRONG),
        ("PRESENCE.INTER room room", WRONG),
        ("PRESENCE.INTER none text", WRONG),
        ("PRESENCE.INTER friends friends", WRONG),
        ("PRESENCE.INTER friends room", WRONG),
        ("PRESENCE.INTER friends none", WRONG),
        ("PRESENCE.INTERCARD room text", WRONG),
    ]);
}

/// A room, and a set of [`LARGE`] elements of whom every second is there.
fn large(scored: bool) -> (Server, Client) {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    client.touch_crowd("room", 600_000, None, (0..LARGE / 2).map(|n| name(2 * n)));
    make(&mut client, "other", scored, (0..LARGE).map(name));
    (server, client)
}

/// The clients that wait for a reply that comes later.
fn waiting(server: &Server) -> i64 {
    let count = server.info_field("clients", "blocked_clients");
    count.parse().expect("a number")
}

#[test]
fn others_are_served_while_a_large_set_is_gone_through() {
    for scored in [false, true] {
        let (server, mut client) = large(scored);
        let mut others = server.client();
        for (command, found) in [("INTERCARD", LARGE / 2), ("INTER", LARGE / 2)] {
            client.send(&[&format!("PRESENCE.{command}"), "room", "other"]);
            wait_until(LIMIT, "it waits", || waiting(&server) == 1);
            let mut served = 0;
            while waiting(&server) == 1 {
                assert_eq!(others.answer("PRESENCE.ISONLINE room user:2"), "[1]");
                served += 1;
            }
            assert!(served > 5, "{served}");
            let count = match client.receive(LIMIT) {
                Value::Int(count) => count as usize,
                Value::Array(names) => names.iter().map(show).collect::<BTreeSet<_>>().len(),
                other => panic!("{other:?}"),
            };
            assert_eq!(count, found);
        }
        // A limit that is reached soon ends it at once.
        client.send(&["PRESENCE.INTER", "room", "other", "LIMIT", "10"]);
        assert_eq!(show(&client.receive(LIMIT)).split(", ").count(), 10);
    }
}

#[test]
fn in_a_transaction_and_a_script_it_is_done_at_once() {
    let (server, mut client) = large(false);
    let count = (LARGE / 2).to_string();
    let replies = client.together(&["PRESENCE.INTERCARD room other", "PING"]);
    assert_eq!(replies, [count.as_str(), "PONG"]);
    let script = "return redis.call('PRESENCE.INTERCARD', KEYS[1], KEYS[2])";
    let words = ["EVAL", script, "2", "room", "other"];
    assert_eq!(client.int(&words).to_string(), count);
    assert_eq!(waiting(&server), 0);
}

#[test]
fn many_searches_take_turns_and_each_client_gets_its_own() {
    let (server, _) = large(false);
    let mut clients: Vec<_> = (0..5).map(|_| server.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.answer(&format!("SELECT {}", number % 2));
        client.send(&["PRESENCE.INTERCARD", "room", "other"]);
        client.send(&["ECHO", &number.to_string()]);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        // In the other database there is nothing.
        let found = [LARGE / 2, 0][number % 2] as i64;
        assert_eq!(client.receive(LIMIT), Value::Int(found), "{number}");
        assert_eq!(show(&client.receive(LIMIT)), format!("\"{number}\""));
    }
    assert_eq!(waiting(&server), 0);
}

#[test]
fn what_becomes_of_the_keys_and_the_client_meanwhile_hurts_nobody() {
    let (server, mut control) = large(false);
    let run_id = server.run_id();
    for meanwhile in [
        "DEL other",
        "SET other text",
        "RENAME other away",
        "PRESENCE.LEAVE room user:0",
        "FLUSHALL",
        "FLUSHALL ASYNC",
        "SWAPDB 0 1",
        "CLIENT KILL TYPE normal",
        "CONFIG SET maxmemory 1",
        "REPLICAOF 127.0.0.1 1",
    ] {
        control.cmd(&["FLUSHALL"]);
        control.touch_crowd("room", 600_000, None, (0..LARGE / 2).map(|n| name(2 * n)));
        make(&mut control, "other", false, (0..LARGE).map(name));
        let mut client = server.client();
        client.send(&["PRESENCE.INTERCARD", "room", "other"]);
        wait_until(LIMIT, "it waits", || waiting(&server) == 1);
        control.answer(meanwhile);
        if meanwhile.starts_with("CLIENT") {
            // It is gone, and what was kept for it.
        } else {
            match client.receive(LIMIT) {
                Value::Int(found) => assert!(found <= (LARGE / 2) as i64, "{meanwhile}"),
                // Whose server becomes a replica.
                error if show(&error).starts_with("UNBLOCKED ") => {}
                error => assert_eq!(show(&error), WRONG, "{meanwhile}"),
            }
        }
        wait_until(LIMIT, "nobody waits", || waiting(&server) == 0);
        control.answer("CONFIG SET maxmemory 0");
        control.answer("REPLICAOF NO ONE");
        assert_eq!(server.client().answer("PING"), "PONG", "{meanwhile}");
    }
    assert_eq!(server.run_id(), run_id);
}

/// Elements that are there from the beginning to the end are found, once, while the set grows and shrinks.
#[test]
fn a_set_that_changes_meanwhile_shows_each_of_the_others_once() {
    let (server, mut client) = large(false);
    let mut other = server.client();
    client.send(&["PRESENCE.INTER", "room", "other"]);
    wait_until(LIMIT, "it waits", || waiting(&server) == 1);
    let mut round = 0;
    while waiting(&server) == 1 {
        // New ones first, so that the table grows; then most go again, so that it shrinks.
        let extra = (0..2000).map(|n| format!("extra:{}:{n}", round / 2).into_bytes());
        let command = if round % 2 == 0 { "SADD" } else { "SREM" };
        let mut words = args![command, "other"].to_vec();
        words.extend(extra);
        other.cmd(&words);
        round += 1;
    }
    let Value::Array(found) = client.receive(LIMIT) else {
        panic!("no array")
    };
    assert_eq!(found.len(), LARGE / 2);
    assert_eq!(
        found.iter().map(show).collect::<BTreeSet<_>>().len(),
        LARGE / 2
    );
}

#[test]
fn who_is_not_online_any_more_is_not_found() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    client.cmd(&touchex("room", 1, None, ["ann"]));
    client.cmd(&["SADD", "friends", "ann"]);
    wait_until(LIMIT, "the time is up", || {
        client.answer("PRESENCE.INTERCARD room friends") == "0"
    });
    assert_eq!(client.answer("PRESENCE.INTER room friends WITHSEEN"), "[]");
}
