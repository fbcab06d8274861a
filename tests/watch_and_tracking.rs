//! Whoever watches or tracks a key is signalled when it changes, and only then. (Of the eviction: `eviction.rs`.)

use std::sync::LazyLock;

use redis::{PushKind, Value};

use crate::common::commands::{COMMANDS, reads};
use crate::common::{Client, LIMIT, Server, show, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

/// A key with members, each of whom a line below does something to, and one whose time is up.
fn fill(client: &mut Client, key: &str) {
    let at = client.now_ms() - 100_000;
    client.dialog(&[
        (&format!("PRESENCE.CONFIG {key} RETAIN 3600000"), "OK"),
        (
            &format!("PRESENCE.TOUCHEX {key} PX 1 AT {at} MEMBERS 1 old"),
            "0",
        ),
        (&format!("PRESENCE.CONFIG {key} RETAIN 0"), "OK"),
        (&format!("PRESENCE.TOUCH {key} ann bob"), "2"),
        (&format!("PRESENCE.ATTACH {key} bob tab GROUP desk"), "0"),
    ]);
}

/// What changes a key, as a command, with the word `at` for a moment a second ago and `now` for the present.
const CHANGES: [&str; 19] = [
    "PRESENCE.TOUCH key new",
    "PRESENCE.TOUCH key ann",
    "PRESENCE.TOUCHEX key PX 5000 MEMBERS 1 bob",
    "PRESENCE.TOUCHEX key AT at MEMBERS 1 imported",
    "PRESENCE.LEAVE key ann",
    "PRESENCE.EVICT key now",
    "PRESENCE.CONFIG key TTL 4321",
    "PRESENCE.SETMAX key 99 1700000000000",
    "PRESENCE.SETMAX key 99 1700000000000 GT",
    "PRESENCE.LEAVE key nobody ann",
    "PRESENCE.FORGET key ann",
    "PRESENCE.FORGET key nobody old",
    "PRESENCE.SETMETA key ann away",
    "PRESENCE.ATTACH key ann phone",
    "PRESENCE.ATTACH key new phone",
    "PRESENCE.BEAT key SESSIONS 1 tab",
    "PRESENCE.DETACH key SESSIONS 1 tab",
    "PRESENCE.LEASE key gateway EX 300",
    "PRESENCE.DROP key desk",
];

/// Writes that do not.
const NO_CHANGES: [&str; 12] = [
    "PRESENCE.LEAVE key nobody",
    "PRESENCE.LEAVE key old",
    "PRESENCE.FORGET key nobody",
    "PRESENCE.SETMAX key 2 1700000000000 GT",
    "PRESENCE.TOUCHEX key PX 5000 AT at MEMBERS 1 ann",
    "PRESENCE.TOUCHEX key PX 1 AT at MEMBERS 1 past",
    "PRESENCE.EVICT key 5",
    "PRESENCE.SETMETA key nobody away",
    "PRESENCE.BEAT key SESSIONS 1 none",
    "PRESENCE.DROP key none",
    "PRESENCE.DETACH key GRACE 5000 SESSIONS 1 none",
    "PRESENCE.SETMETA key ann ",
];

/// All that changes nothing: such writes, and all reads.
fn no_changes() -> impl Iterator<Item = String> {
    let writes = NO_CHANGES.into_iter().map(String::from);
    writes.chain(reads().map(|call| call.on("key")))
}

#[test]
fn every_write_is_among_the_changes() {
    let writes = COMMANDS.iter().filter(|command| command.has_flag("write"));
    for command in writes.filter(|command| !command.calls.is_empty()) {
        let start = format!("{} ", command.full_name());
        let found = CHANGES.iter().any(|line| line.starts_with(&start));
        assert!(found, "{}", command.name);
    }
}

fn fill_in(line: &str, key: &str, now: i64) -> String {
    let line = line
        .replace("key", key)
        .replace(" at ", &format!(" {} ", now - 1000));
    line.replace("now", &now.to_string())
}

/// Whether a transaction of a client that watched `key` fails for what another does meanwhile.
fn fails(key: &str, line: &str) -> bool {
    let (mut watcher, mut other) = (SERVER.client(), SERVER.client());
    fill(&mut other, key);
    let line = fill_in(line, key, other.now_ms());
    watcher.dialog(&[
        (&format!("WATCH {key}"), "OK"),
        ("MULTI", "OK"),
        ("PING", "QUEUED"),
    ]);
    let answer = other.answer(&line);
    assert!(!answer.starts_with("ERR"), "{line}: {answer}");
    match watcher.answer("EXEC").as_str() {
        "nil" => true,
        "[PONG]" => false,
        answer => panic!("{answer}"),
    }
}

#[test]
fn a_change_fails_the_transaction_of_who_watched() {
    for (number, line) in CHANGES.iter().enumerate() {
        assert!(fails(&format!("watched:{number}"), line), "{line}");
    }
}

#[test]
fn what_changes_nothing_fails_no_transaction() {
    for (number, line) in no_changes().enumerate() {
        assert!(!fails(&format!("unchanged:{number}"), &line), "{line}");
    }
}

#[test]
fn an_error_fails_no_transaction() {
    let wrong = [
        "PRESENCE.TOUCH key",
        "PRESENCE.CONFIG key TTL 5 RETAIN x",
        "PRESENCE.SETMAX key -1 0",
    ];
    for (number, line) in wrong.iter().enumerate() {
        let key = format!("wrong:{number}");
        let (mut watcher, mut other) = (SERVER.client(), SERVER.client());
        fill(&mut other, &key);
        watcher.dialog(&[
            (&format!("WATCH {key}"), "OK"),
            ("MULTI", "OK"),
            ("PING", "QUEUED"),
        ]);
        assert!(
            other.answer(&line.replace("key", &key)).starts_with("ERR"),
            "{line}"
        );
        assert_eq!(watcher.answer("EXEC"), "[PONG]", "{line}");
    }
}

#[test]
fn the_making_and_the_end_of_a_key_fail_a_transaction() {
    let (mut watcher, mut other) = (SERVER.client(), SERVER.client());
    for (line, prepared) in [
        (
            "PRESENCE.TOUCH comes-and-goes ann",
            "PRESENCE.CONFIG other TTL 5",
        ),
        (
            "PRESENCE.LEAVE comes-and-goes ann",
            "PRESENCE.CONFIG comes-and-goes LINGER 0",
        ),
        (
            "PRESENCE.CONFIG comes-and-goes TTL 5",
            "PRESENCE.CONFIG other TTL 5",
        ),
    ] {
        other.answer(prepared);
        watcher.dialog(&[
            ("WATCH comes-and-goes", "OK"),
            ("MULTI", "OK"),
            ("PING", "QUEUED"),
        ]);
        other.answer(line);
        assert_eq!(watcher.answer("EXEC"), "nil", "{line}");
    }
}

/// The keys of the next message that says what is no longer valid; `None` when a PING is answered before one comes.
fn invalidated(client: &mut Client) -> Option<String> {
    client.send(&["PING", "end"]);
    let mut keys = None;
    loop {
        match client.receive(LIMIT) {
            Value::Push {
                kind: PushKind::Invalidate,
                data,
            } => keys = Some(show(&data[0])),
            Value::BulkString(end) if end == b"end" => return keys,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn clients_that_track_a_key_are_signalled_changes_and_nothing_else() {
    let mut other = SERVER.client();
    let mut tracker = SERVER.client3();
    tracker.cmd(&["CLIENT", "TRACKING", "ON"]);
    let changes = CHANGES.into_iter().map(String::from);
    for (number, line) in changes.chain(no_changes()).enumerate() {
        let key = format!("tracked:{number}");
        fill(&mut other, &key);
        // Any read has the server remember who knows the key.
        tracker.cmd(&["PRESENCE.COUNT", &key]);
        let line = fill_in(&line, &key, other.now_ms());
        other.answer(&line);
        let told = invalidated(&mut tracker);
        let expected = (number < CHANGES.len()).then(|| format!("[\"{key}\"]"));
        assert_eq!(told, expected, "{line}");
    }
}

#[test]
fn every_read_is_tracked() {
    let mut other = SERVER.client();
    let mut tracker = SERVER.client3();
    tracker.cmd(&["CLIENT", "TRACKING", "ON"]);
    fill(&mut other, "reads");
    for call in reads() {
        let line = call.on("reads");
        tracker.answer(&line);
        other.answer("PRESENCE.TOUCH reads ann");
        assert_eq!(
            invalidated(&mut tracker).as_deref(),
            Some(r#"["reads"]"#),
            "{line}"
        );
    }
}

#[test]
fn keyspace_events_tell_of_a_key_that_goes() {
    let server = Server::builder().arg("notify-keyspace-events KEA").start();
    let (mut subscriber, mut client) = (server.client(), server.client());
    subscriber.send(&["SUBSCRIBE", "__keyevent@0__:del"]);
    subscriber.receive(LIMIT);
    client.dialog(&[
        ("PRESENCE.CONFIG left LINGER 0", "OK"),
        ("PRESENCE.TOUCH left ann", "1"),
        ("PRESENCE.LEAVE left ann", "1"),
    ]);
    let message = r#"["message", "__keyevent@0__:del", "left"]"#;
    assert_eq!(show(&subscriber.receive(LIMIT)), message);
    client.dialog(&[
        ("PRESENCE.CONFIG evicted LINGER 0", "OK"),
        ("PRESENCE.TOUCHEX evicted PX 1 MEMBERS 1 ann", "1"),
    ]);
    wait_until(LIMIT, "the key goes", || {
        client.answer("EXISTS evicted") == "0"
    });
    assert_eq!(
        show(&subscriber.receive(LIMIT)),
        message.replace("left", "evicted")
    );
}
