//! A key's `RESOLUTION`: a touch that comes within that time of the member's last one, and is of the same ttl, changes
//! nothing, and nobody hears of it.

mod copies;
mod times;

use redis::{PushKind, Value};

use crate::common::{Client, LIMIT, Server, show, touchex, wait_until};

/// So long that no test lasts as long: ten minutes, of which half are the resolution.
const CONFIG: &str = "TTL 600000 RESOLUTION 300000";

/// Two forms of a set: some members, and a crowd; `ann` and `bob` are in both.
const KEYS: [(&str, usize); 2] = [("small", 3), ("large", 500)];

fn fill(client: &mut Client, key: &str, count: usize) {
    assert_eq!(
        client.answer(&format!("PRESENCE.CONFIG {key} {CONFIG}")),
        "OK"
    );
    let mut touch = args!["PRESENCE.TOUCH", key, "ann", "bob"].to_vec();
    touch.extend((2..count).map(|number| format!("user:{number}").into_bytes()));
    assert_eq!(client.int(&touch), count as i64);
}

fn seen(client: &mut Client, key: &str, member: &str) -> i64 {
    client.ints(&["PRESENCE.SEEN", key, member])[0]
}

/// Waits until the clock has moved on since `ann` was seen.
fn wait_for_another_moment(client: &mut Client, key: &str) {
    let at = seen(client, key, "ann");
    wait_until(LIMIT, "the clock moves", || client.now_ms() > at);
}

/// Touches of `ann`, and of others who are there, that come too soon to be recorded.
const TOO_SOON: [&str; 6] = [
    "PRESENCE.TOUCH key ann",
    "PRESENCE.TOUCH key ann bob ann",
    "PRESENCE.TOUCHEX key MEMBERS 1 ann",
    "PRESENCE.TOUCHEX key PX 600000 MEMBERS 1 ann",
    "PRESENCE.TOUCHEX key EX 600 MEMBERS 2 bob ann",
    "PRESENCE.LEAVE key nobody",
];

/// Writes that are about `ann` and change something, however soon they come.
const CHANGES: [&str; 7] = [
    "PRESENCE.TOUCH key new",
    "PRESENCE.TOUCH key ann new bob",
    "PRESENCE.TOUCHEX key PX 600001 MEMBERS 1 ann",
    "PRESENCE.TOUCHEX key EX 1 MEMBERS 1 ann",
    "PRESENCE.LEAVE key ann",
    "PRESENCE.CONFIG key RESOLUTION 300",
    "PRESENCE.CONFIG key RESOLUTION 0",
];

#[test]
fn a_touch_that_comes_too_soon_changes_nothing() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    let changes = || server.info_field("persistence", "rdb_changes_since_last_save");
    for (key, count) in KEYS {
        fill(&mut client, key, count);
        wait_for_another_moment(&mut client, key);
        let (digest, at) = (client.digest(), seen(&mut client, key, "ann"));
        let (touches, dirty) = (server.presence("touches"), changes());
        for line in TOO_SOON {
            let line = line.replace("key", key);
            assert_eq!(client.answer(&line), "0", "{line}");
            assert_eq!(seen(&mut client, key, "ann"), at, "{line}");
            assert_eq!(client.digest(), digest, "{line}");
            assert_eq!(changes(), dirty, "{line}");
        }
        // They were touches all the same.
        assert_eq!(server.presence("touches"), touches + 8);
        assert_eq!(server.presence("joins"), server.presence("members"));
    }
}

#[test]
fn nothing_is_replicated_or_logged_of_it() {
    let server = Server::builder()
        .arg("appendonly yes")
        .arg("repl-ping-replica-period 3600")
        .module_args("sweep-interval 60000")
        .start();
    let _replica = Server::start_replica_of(&server);
    let mut client = server.client();
    let offset = || server.info_field("replication", "master_repl_offset");
    for (key, count) in KEYS {
        fill(&mut client, key, count);
        wait_for_another_moment(&mut client, key);
        let (log, before) = (server.aof(), offset());
        for line in TOO_SOON {
            client.answer(&line.replace("key", key));
        }
        let touches = TOO_SOON.map(|line| line.replace("key", key));
        client.together(&touches.each_ref().map(String::as_str));
        let script = "return redis.call('PRESENCE.TOUCH', KEYS[1], 'ann')";
        assert_eq!(client.cmd(&["EVAL", script, "1", key]), Value::Int(0));
        assert_eq!(offset(), before);
        assert_eq!(server.aof(), log);
    }
}

#[test]
fn of_many_members_only_those_recorded_are_replicated() {
    let (server, mut client) = Server::start_recording();
    for (key, count) in KEYS {
        fill(&mut client, key, count);
        wait_for_another_moment(&mut client, key);
        let before = server.aof().len();
        let touch = ["PRESENCE.TOUCH", key, "ann", "eve", "bob", "dan", "eve"];
        assert_eq!(client.int(&touch), 2);
        let at = seen(&mut client, key, "eve");
        assert!(at > seen(&mut client, key, "ann"));
        let log = server.aof().split_off(before);
        let packed = format!("PRESENCE.T {key} AT {at} PX 600000 eve dan");
        assert_eq!(log, [packed]);
        let peak = client.ints(&["PRESENCE.MAX", key]);
        assert_eq!(peak, [count as i64 + 2, at]);
    }
}

/// Whether a transaction of a client that watched the key fails for this, and whether a cached reply is invalidated.
fn is_heard_of(server: &Server, key: &str, line: &str) -> (bool, bool) {
    let (mut watcher, mut tracker) = (server.client(), server.client3());
    tracker.cmd(&["CLIENT", "TRACKING", "ON"]);
    tracker.cmd(&["PRESENCE.COUNT", key]);
    watcher.dialog(&[
        (&format!("WATCH {key}"), "OK"),
        ("MULTI", "OK"),
        ("PING", "QUEUED"),
    ]);
    let answer = server.client().answer(&line.replace("key", key));
    assert!(!answer.starts_with("ERR"), "{line}: {answer}");
    let fails = watcher.answer("EXEC") == "nil";
    tracker.send(&["PING", "end"]);
    let next = tracker.receive(LIMIT);
    let invalidated = match &next {
        Value::Push {
            kind: PushKind::Invalidate,
            data,
        } => show(&data[0]) == format!("[\"{key}\"]"),
        _ => false,
    };
    (fails, invalidated)
}

#[test]
fn who_watches_or_tracks_the_key_is_left_in_peace() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    for (key, count) in KEYS {
        for (line, heard) in TOO_SOON
            .map(|line| (line, false))
            .into_iter()
            .chain(CHANGES.map(|line| (line, true)))
        {
            client.cmd(&["DEL", key]);
            fill(&mut client, key, count);
            assert_eq!(is_heard_of(&server, key, line), (heard, heard), "{line}");
        }
    }
}

#[test]
fn who_is_not_online_joins_however_soon() {
    let (server, mut client) = Server::start_recording();
    for (retain, key) in [(0, "forgets"), (3_600_000, "remembers")] {
        client.answer(&format!("PRESENCE.CONFIG {key} {CONFIG} RETAIN {retain}"));
        for away in ["TOUCH", "LEAVE", "FORGET"] {
            client.answer(&format!("PRESENCE.{away} {key} ann"));
            let joins = i64::from(away != "TOUCH");
            let before = server.aof().len();
            assert_eq!(client.int(&["PRESENCE.TOUCH", key, "ann"]), joins, "{away}");
            assert_eq!(server.aof().len() - before, joins as usize, "{away}");
        }
    }
}

#[test]
fn an_import_goes_by_its_own_rules() {
    let (_server, mut client) = Server::start_recording();
    client.answer(&format!("PRESENCE.CONFIG room {CONFIG}"));
    client.answer("PRESENCE.TOUCH room ann");
    wait_for_another_moment(&mut client, "room");
    let now = client.now_ms();
    assert_eq!(client.int(&touchex("room", 600_000, now, ["ann"])), 0);
    assert_eq!(seen(&mut client, "room", "ann"), now);
    // One before it is ignored, as ever.
    assert_eq!(client.int(&touchex("room", 600_000, now - 1, ["ann"])), 0);
    assert_eq!(seen(&mut client, "room", "ann"), now);
}

#[test]
fn a_new_ttl_is_recorded_with_the_next_touch() {
    let server = Server::start();
    let mut client = server.client();
    let replies = client.together(&[
        &format!("PRESENCE.CONFIG room {CONFIG}"),
        "PRESENCE.TOUCH room ann",
        "PRESENCE.CONFIG room TTL 700000",
        "PRESENCE.TOUCH room ann",
        "PRESENCE.LIST room WITHTTL",
        "PRESENCE.CONFIG room TTL 600000",
        "PRESENCE.LIST room WITHTTL",
    ]);
    assert_eq!(replies[4], r#"[["ann", 700000]]"#);
    assert_eq!(replies[6], r#"[["ann", 700000]]"#);
}

#[test]
fn it_is_half_of_the_ttl_at_most() {
    let (server, mut client) = Server::start_recording();
    let too_long = |resolution: u64, ttl: u64| {
        format!(
            "ERR RESOLUTION ({resolution} ms) is more than half of TTL ({ttl} ms); \
             lower RESOLUTION or raise TTL"
        )
    };
    client.answer("PRESENCE.CONFIG room TTL 1001 RESOLUTION 500");
    let (digest, log) = (client.digest(), server.aof());
    for (line, error) in [
        // A key that is not there would have the default, five minutes.
        ("missing RESOLUTION 150001", too_long(150_001, 300_000)),
        ("missing TTL 1 RESOLUTION 1", too_long(1, 1)),
        ("room RESOLUTION 501", too_long(501, 1001)),
        ("room TTL 999", too_long(500, 999)),
        ("room TTL 999 RETAIN 5 LINGER 0", too_long(500, 999)),
        ("room TTL 2000 RESOLUTION 1001", too_long(1001, 2000)),
        (
            "room RESOLUTION 315360000000",
            too_long(315_360_000_000, 1001),
        ),
    ] {
        let line = format!("PRESENCE.CONFIG {line}");
        assert_eq!(client.answer(&line), error, "{line}");
    }
    assert_eq!((client.digest(), server.aof()), (digest, log));
    for (line, shown) in [
        ("TTL 1000", Some(500)),
        ("TTL 1000 RESOLUTION 500", Some(500)),
        ("TTL 5 RESOLUTION 2", Some(2)),
        ("RETAIN 100", Some(2)),
        ("resolution 0", None),
        (
            "TTL 315360000000 RESOLUTION 157680000000",
            Some(157_680_000_000),
        ),
    ] {
        let line = format!("PRESENCE.CONFIG room {line}");
        assert_eq!(client.answer(&line), "OK", "{line}");
        let info = client.fields(&["PRESENCE.INFO", "room"]);
        assert_eq!(info.get("resolution"), shown.map(Value::Int).as_ref());
    }
}

#[test]
fn info_shows_it_last_and_only_where_there_is_one() {
    let server = Server::start();
    let mut client = server.client();
    let names = |client: &mut Client| -> Vec<String> {
        let Value::Array(reply) = client.cmd(&["PRESENCE.INFO", "room"]) else {
            panic!("no array")
        };
        reply.iter().step_by(2).map(show).collect()
    };
    client.answer("PRESENCE.TOUCH room ann");
    let without = names(&mut client);
    assert_eq!(without.last().map(String::as_str), Some(r#""bytes""#));
    client.answer("PRESENCE.CONFIG room RESOLUTION 1000");
    let with = names(&mut client);
    assert_eq!(with[..without.len()], without);
    assert_eq!(with[without.len()..], [r#""resolution""#]);
    assert_eq!(names(&mut client).len(), 10);
    let info = server.client3().fields(&["PRESENCE.INFO", "room"]);
    assert_eq!((info.len(), &info["resolution"]), (10, &Value::Int(1000)));
}
