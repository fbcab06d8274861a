//! A key's `CAP`: a command by which more members would be online than that fails as a whole, and nobody hears of it.

use std::thread;

use redis::Value;

use crate::common::{Client, LIMIT, Server, assert_same_everywhere, show, touchex, wait_until};

/// Two forms of a set, each with one seat left.
const KEYS: [(&str, usize); 2] = [("small", 3), ("large", 500)];

fn fill(client: &mut Client, key: &str, count: usize) {
    let config = format!("PRESENCE.CONFIG {key} TTL 600000 CAP {}", count + 1);
    assert_eq!(client.answer(&config), "OK");
    let mut touch = args!["PRESENCE.TOUCH", key, "ann", "bob"].to_vec();
    touch.extend((2..count).map(|number| format!("user:{number}").into_bytes()));
    assert_eq!(client.int(&touch), count as i64);
}

fn capped(online: usize) -> String {
    format!("CAPPED {online} members are online")
}

/// Commands by which two more would be online.
const TOO_MANY: [&str; 5] = [
    "PRESENCE.TOUCH key new other",
    "PRESENCE.TOUCH key ann new bob other ann",
    "PRESENCE.TOUCHEX key EX 60 MEMBERS 2 new other",
    "PRESENCE.TOUCHEX key PX 1 MEMBERS 3 new ann other",
    "PRESENCE.TOUCHEX key PX 600000 AT now MEMBERS 2 new other",
];

#[test]
fn a_command_that_would_bring_too_many_online_changes_nothing() {
    let server = Server::builder()
        .arg("appendonly yes")
        .arg("repl-ping-replica-period 3600")
        .module_args("sweep-interval 60000 events A")
        .start();
    let _replica = Server::start_replica_of(&server);
    let (mut client, mut subscriber) = (server.client(), server.client3());
    let offset = || server.info_field("replication", "master_repl_offset");
    let changes = || server.info_field("persistence", "rdb_changes_since_last_save");
    for (key, count) in KEYS {
        fill(&mut client, key, count);
        subscriber.cmd(&["CLIENT", "TRACKING", "ON"]);
        subscriber.cmd(&["PRESENCE.COUNT", key]);
        subscriber.send(&["PSUBSCRIBE", "__presence@*"]);
        subscriber.receive(LIMIT);
        let mut watcher = server.client();
        watcher.dialog(&[
            (&format!("WATCH {key}"), "OK"),
            ("MULTI", "OK"),
            ("PING", "QUEUED"),
        ]);
        let (log, before, dirty, digest) = (server.aof(), offset(), changes(), client.digest());
        for line in TOO_MANY {
            let now = client.now_ms().to_string();
            let line = line.replace("key", key).replace("now", &now);
            assert_eq!(client.answer(&line), capped(count), "{line}");
            assert_eq!(client.digest(), digest, "{line}");
        }
        let script = "return redis.pcall('PRESENCE.TOUCH', KEYS[1], 'new', 'other')";
        let refused = client.err(&["EVAL", script, "1", key]);
        assert!(refused.contains(&capped(count)), "{refused}");
        assert_eq!((offset(), changes()), (before, dirty));
        assert_eq!(server.aof(), log);
        assert_eq!(watcher.answer("EXEC"), "[PONG]");
        // Neither an event nor an invalidation comes before the answer.
        subscriber.send(&["PING", "end"]);
        assert!(show(&subscriber.receive(LIMIT)).contains("end"));
        subscriber.send(&["PUNSUBSCRIBE", "__presence@*"]);
        subscriber.receive(LIMIT);
    }
}

#[test]
fn seats_come_free_as_members_go() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    for (key, count) in KEYS {
        fill(&mut client, key, count);
        let touch = |client: &mut Client, line: &str| client.answer(&line.replace("key", key));
        assert_eq!(touch(&mut client, "PRESENCE.TOUCH key new ann new"), "1");
        let full = capped(count + 1);
        assert_eq!(touch(&mut client, "PRESENCE.TOUCH key other"), full);
        assert_eq!(
            touch(&mut client, "PRESENCE.TOUCHEX key MEMBERS 1 other"),
            full
        );
        for gone in ["LEAVE key new", "FORGET key other", "LEAVE key third"] {
            let joins = gone.split(' ').next_back().expect("a name");
            touch(&mut client, &format!("PRESENCE.{gone}"));
            let next = ["new", "other", "third", "fourth"];
            let at = next
                .iter()
                .position(|name| *name == joins)
                .expect("one of them");
            let line = format!("PRESENCE.TOUCH key {}", next[at + 1]);
            assert_eq!(touch(&mut client, &line), "1", "{gone}");
            assert_eq!(
                touch(&mut client, "PRESENCE.TOUCH key last"),
                full,
                "{gone}"
            );
        }
        // A time that is up frees a seat, though nobody is evicted.
        assert_eq!(
            touch(&mut client, "PRESENCE.TOUCHEX key PX 1 MEMBERS 1 fourth"),
            "0"
        );
        wait_until(LIMIT, "a free seat", || {
            client.answer(&format!("PRESENCE.TOUCH {key} last")) == "1"
        });
        assert_eq!(touch(&mut client, "PRESENCE.TOUCH key fourth"), full);
        assert_eq!(client.int(&["PRESENCE.COUNT", key]), count as i64 + 1);
        // A lower cap puts nobody out.
        touch(&mut client, "PRESENCE.CONFIG key CAP 1");
        assert_eq!(touch(&mut client, "PRESENCE.TOUCH key ann bob last"), "0");
        assert_eq!(touch(&mut client, "PRESENCE.TOUCH key ann fourth"), full);
        touch(&mut client, "PRESENCE.CONFIG key CAP 0");
        assert_eq!(
            touch(&mut client, "PRESENCE.TOUCH key ann fourth fifth"),
            "2"
        );
    }
}

#[test]
fn of_many_clients_as_many_get_in_as_there_are_seats() {
    const SEATS: usize = 70;
    let server = Server::start();
    let mut client = server.client();
    client.answer(&format!("PRESENCE.CONFIG room CAP {SEATS}"));
    let counts: Vec<(usize, usize)> = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|number| {
                let mut client = server.client();
                scope.spawn(move || {
                    let (mut joined, mut refused) = (0, 0);
                    for user in 0..50 {
                        let name = format!("{number}:{user}");
                        let answer = client.answer(&format!("PRESENCE.TOUCH room {name}"));
                        if answer == "1" {
                            joined += 1;
                        } else {
                            assert_eq!(answer, capped(SEATS));
                            refused += 1;
                        }
                    }
                    (joined, refused)
                })
            })
            .collect();
        let clients = clients.into_iter();
        clients
            .map(|client| client.join().expect("no panic"))
            .collect()
    });
    assert_eq!(
        counts.iter().map(|(joined, _)| joined).sum::<usize>(),
        SEATS
    );
    assert_eq!(
        counts.iter().map(|(_, refused)| refused).sum::<usize>(),
        400 - SEATS
    );
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), SEATS as i64);
    assert_eq!(client.ints(&["PRESENCE.MAX", "room"])[0], SEATS as i64);
}

#[test]
fn a_transaction_goes_on_after_a_refusal() {
    let server = Server::start();
    let mut client = server.client();
    client.answer("PRESENCE.CONFIG room CAP 1");
    let replies = client.together(&[
        "PRESENCE.TOUCH room ann",
        "PRESENCE.TOUCH room bob",
        "PRESENCE.LEAVE room ann",
        "PRESENCE.TOUCH room bob",
        "PRESENCE.TOUCH room ann",
    ]);
    let full = capped(1);
    assert_eq!(replies[0], "1");
    assert!(replies[1].contains(&full), "{replies:?}");
    assert_eq!(replies[2..4], ["1", "1"]);
    assert!(replies[4].contains(&full), "{replies:?}");
}

/// Replicas and logs take what a primary let in, whatever their own clocks and settings say of it.
#[test]
fn it_is_the_primary_that_judges() {
    let work = |client: &mut Client| {
        for (key, count) in KEYS {
            fill(client, key, count);
            client.answer(&format!("PRESENCE.TOUCH {key} new"));
            client.answer(&format!("PRESENCE.TOUCH {key} other"));
            // Fewer than are online.
            client.answer(&format!("PRESENCE.CONFIG {key} CAP 2"));
            client.answer(&format!("PRESENCE.TOUCH {key} ann"));
        }
    };
    assert_same_everywhere(work, |client| {
        for (key, count) in KEYS {
            let touch = format!("PRESENCE.TOUCH {key} stranger");
            assert_eq!(client.answer(&touch), capped(count + 1));
        }
    });
}

#[test]
fn it_is_replicated_where_there_is_one_or_was() {
    let (server, mut client) = Server::start_recording();
    client.answer("PRESENCE.TOUCH room ann");
    for (options, replicated) in [
        ("CAP 0 RETAIN 5", "RETAIN 5 LINGER -1"),
        ("CAP 7", "RETAIN 5 LINGER -1 CAP 7"),
        ("RETAIN 6", "RETAIN 6 LINGER -1 CAP 7"),
        ("RESOLUTION 9", "RETAIN 6 LINGER -1 RESOLUTION 9 CAP 7"),
        ("CAP 0", "RETAIN 6 LINGER -1 RESOLUTION 9 CAP 0"),
    ] {
        let before = server.aof().len();
        client.answer(&format!("PRESENCE.CONFIG room {options}"));
        let log = server.aof().split_off(before);
        assert_eq!(
            log,
            [format!("PRESENCE.CONFIG room TTL 300000 {replicated}")]
        );
    }
}

#[test]
fn an_import_needs_seats_for_whom_it_brings_online() {
    let server = Server::start();
    let mut client = server.client();
    client.answer("PRESENCE.CONFIG room CAP 1 RETAIN 600000");
    client.answer("PRESENCE.TOUCH room ann");
    let now = client.now_ms();
    let import = touchex("room", 500_000, now - 1000, ["bob"]);
    assert_eq!(client.err(&import), capped(1));
    assert_eq!(
        client.int(&touchex("room", 500, now - 1000, ["bob", "cid"])),
        0
    );
    assert_eq!(
        client.int(&touchex("room", 500_000, now - 1000, ["ann"])),
        0
    );
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), 1);
}

#[test]
fn info_shows_it_last_and_only_where_there_is_one() {
    let server = Server::start();
    let mut client = server.client3();
    client.answer("PRESENCE.TOUCH room ann");
    let info = client.fields(&["PRESENCE.INFO", "room"]);
    assert_eq!((info.len(), info.get("cap")), (9, None));
    client.answer("PRESENCE.CONFIG room CAP 4294967295");
    let info = client.fields(&["PRESENCE.INFO", "room"]);
    assert_eq!((info.len(), &info["cap"]), (10, &Value::Int(4_294_967_295)));
    client.answer("PRESENCE.CONFIG room RESOLUTION 5");
    let reply = show(&server.client().cmd(&["PRESENCE.INFO", "room"]));
    assert!(
        reply.ends_with(r#""resolution", 5, "cap", 4294967295]"#),
        "{reply}"
    );
}
