//! Errors say what was wrong and what to do, in one line of text, and nothing of what a client sent.

use std::fs;

use crate::common::commands::COMMANDS;
use crate::common::{Server, encode};

/// A mistake that people make with each command that has options, and what they are told.
const MISTAKES: [(&str, &str); 37] = [
    (
        "TOUCHEX k EX 60 alice",
        "ERR syntax error, MEMBERS count member [member ...] expected",
    ),
    (
        "TOUCHEX k EX 60 MEMBERS 2 alice",
        "ERR syntax error, MEMBERS says 2, but the number of members given is 1",
    ),
    (
        "TOUCHEX k EX 60 PX 5 MEMBERS 1 alice",
        "ERR syntax error, EX or PX may be given once",
    ),
    (
        "TOUCHEX k TTL 60 MEMBERS 1 alice",
        "ERR syntax error, EX seconds, PX milliseconds, AT unix-time-milliseconds or MEMBERS count member [member ...] expected",
    ),
    (
        "TOUCHEX k MEMBERS alice bob",
        "ERR value is not an integer or out of range, MEMBERS takes the number of members that follow",
    ),
    (
        "TOUCHEX k EX 0.5 MEMBERS 1 alice",
        "ERR value is not an integer or out of range, EX takes seconds from 1 to 315360000",
    ),
    (
        "TOUCHEX k AT 1700000000 MEMBERS 1 alice",
        "ERR AT is a Unix time in milliseconds",
    ),
    (
        "TOUCHEX k AT 32503680000000 MEMBERS 1 alice",
        "ERR AT lies in the future",
    ),
    (
        "COUNT k 5000",
        "ERR syntax error, WINDOW milliseconds expected",
    ),
    (
        "COUNT k WINDOW 5m",
        "ERR value is not an integer or out of range, WINDOW takes milliseconds from 1 to 315360000000",
    ),
    (
        "LIST k 0 10",
        "ERR syntax error, WINDOW milliseconds, REV, LIMIT offset count, WITHSEEN, WITHTTL or WITHMETA expected",
    ),
    (
        "LIST k LIMIT 10",
        "ERR syntax error, LIMIT offset count expected",
    ),
    (
        "SCAN k MATCH user:*",
        "ERR invalid cursor, 0 or the cursor of the last reply expected",
    ),
    (
        "SCAN k 0 user:*",
        "ERR syntax error, MATCH pattern or COUNT count expected",
    ),
    (
        "CONFIG k TTL 60000 RETAIN 3d",
        "ERR value is not an integer or out of range, RETAIN takes milliseconds from 0 to 315360000000",
    ),
    (
        "CONFIG k LINGER never",
        "ERR value is not an integer or out of range, LINGER takes milliseconds from 0 to 315360000000, or -1 for ever",
    ),
    (
        "CONFIG k RESOLUTION 1m",
        "ERR value is not an integer or out of range, RESOLUTION takes milliseconds from 0 to 315360000000",
    ),
    (
        "CONFIG k TTL 60000 RESOLUTION 45000",
        "ERR RESOLUTION (45000 ms) is more than half of TTL (60000 ms); lower RESOLUTION or raise TTL",
    ),
    (
        "CONFIG k CAP many",
        "ERR value is not an integer or out of range, CAP takes a number from 0 to 4294967295",
    ),
    (
        "CONFIG k EX 60",
        "ERR syntax error, TTL milliseconds, RETAIN milliseconds, LINGER milliseconds, RESOLUTION milliseconds or CAP members expected",
    ),
    (
        "INTER k friends 10",
        "ERR syntax error, LIMIT limit or WITHSEEN expected",
    ),
    (
        "INTER k friends LIMIT -1",
        "ERR value is not an integer or out of range, LIMIT takes a number from 0",
    ),
    (
        "INTERCARD k friends WITHSEEN",
        "ERR syntax error, LIMIT limit expected",
    ),
    (
        "INTERCARD k friends LIMIT ten",
        "ERR value is not an integer or out of range, LIMIT takes a number from 0",
    ),
    (
        "SETMAX k 500 1700000000",
        "ERR at-ms is a Unix time in milliseconds",
    ),
    (
        "SETMAX k 500 1700000000000 NX",
        "ERR syntax error, GT expected",
    ),
    (
        "CLIENTS 60",
        "ERR syntax error, WINDOW milliseconds expected",
    ),
    (
        "CLIENTS WINDOW 1m",
        "ERR value is not an integer or out of range, WINDOW takes milliseconds from 1 to 315360000000",
    ),
    (
        "EVICT k 1700000000000 100",
        "ERR syntax error, LIMIT count expected",
    ),
    (
        "ATTACH k ann phone GROUP",
        "ERR syntax error, GROUP group expected",
    ),
    (
        "ATTACH k ann phone laptop",
        "ERR syntax error, EX seconds, PX milliseconds, GROUP group or META blob expected",
    ),
    (
        "LEASE k gateway other 60",
        "ERR syntax error, EX seconds or PX milliseconds expected",
    ),
    (
        "BEAT k phone laptop tab",
        "ERR syntax error, EX seconds, PX milliseconds or SESSIONS count session [session ...] expected",
    ),
    (
        "BEAT k SESSIONS 3 phone tab",
        "ERR syntax error, SESSIONS says 3, but the number of sessions given is 2",
    ),
    (
        "DETACH k phone laptop tab",
        "ERR syntax error, GRACE milliseconds or SESSIONS count session [session ...] expected",
    ),
    (
        "DETACH k SESSIONS 3 phone tab",
        "ERR syntax error, SESSIONS says 3, but the number of sessions given is 2",
    ),
    (
        "SETMETA k ann away phone",
        "ERR syntax error, SESSION session expected",
    ),
];

#[test]
fn the_page_of_a_command_has_its_errors() {
    for (line, error) in MISTAKES {
        let command = line.split(' ').next().expect("a command").to_lowercase();
        let page = format!("{}/docs/commands/{command}.md", env!("CARGO_MANIFEST_DIR"));
        let page = fs::read_to_string(page).expect("the page is there");
        assert!(page.contains(&format!("- `{error}`")), "{command}: {error}");
    }
}

#[test]
fn a_mistake_is_explained_in_each_protocol() {
    let server = Server::start();
    let mut raw = server.raw_connection();
    for _ in 0..2 {
        for (line, error) in MISTAKES {
            let line = format!("PRESENCE.{line}");
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(raw.call(&words), format!(r"-{error}\r\n"), "{line}");
        }
        raw.send(&encode(&["HELLO", "3"]));
        raw.reply();
    }
    assert_eq!(server.client().answer("DBSIZE"), "0");
}

/// Places in commands where something else is expected than `#`.
const PLACES: [&str; 43] = [
    "TOUCHEX k # 1 MEMBERS 1 a",
    "TOUCHEX k EX # MEMBERS 1 a",
    "TOUCHEX k PX # MEMBERS 1 a",
    "TOUCHEX k AT # MEMBERS 1 a",
    "TOUCHEX k EX 5 a #",
    "TOUCHEX k EX 5 MEMBERS # a",
    "TOUCHEX k EX 5 MEMBERS 1 a #",
    "COUNT k #",
    "COUNT k WINDOW #",
    "LIST k #",
    "LIST k LIMIT # 1",
    "LIST k LIMIT 1 #",
    "SCAN k #",
    "SCAN k 0 #",
    "SCAN k 0 COUNT #",
    "SETMAX k # 0",
    "SETMAX k 1 #",
    "SETMAX k 1 1700000000000 #",
    "INTER k friends #",
    "INTER k friends LIMIT #",
    "INTERCARD k friends #",
    "INTERCARD k friends LIMIT #",
    "CONFIG k # 5",
    "CONFIG k TTL #",
    "CONFIG k RESOLUTION #",
    "CONFIG k CAP #",
    "EVICT k #",
    "EVICT k 5 #",
    "INFO #",
    "CLIENTS #",
    "SETMETA k a b #",
    "ATTACH k a b #",
    "LEASE k g # 5",
    "LEASE k g EX #",
    "ATTACH k a b EX #",
    "ATTACH k a b PX #",
    "BEAT k # 1 a",
    "BEAT k EX # SESSIONS 1 a",
    "BEAT k SESSIONS # a",
    "BEAT k SESSIONS 1 a #",
    "DETACH k # 1 a",
    "DETACH k GRACE # SESSIONS 1 a",
    "DETACH k SESSIONS 1 a #",
];

#[test]
fn every_command_with_options_is_above() {
    for command in COMMANDS.iter().filter(|it| it.tokens().next().is_some()) {
        let name = command.name;
        let is_of = |line: &str| line.split(' ').next() == Some(name);
        assert!(MISTAKES.iter().any(|(line, _)| is_of(line)), "{name}");
        assert!(PLACES.iter().any(|line| is_of(line)), "{name}");
    }
}

#[test]
fn nothing_that_a_client_sent_is_in_an_error() {
    let server = Server::start();
    let mut raw = server.raw_connection();
    for sent in [
        &b"foreign\r\n+OK\r\n"[..],
        b"\r\nforeign",
        b"<script>foreign</script>",
        b"foreign\0\xff%s%n{}",
        &b"foreign".repeat(10_000),
    ] {
        for place in PLACES {
            let line = format!("PRESENCE.{place}");
            let words: Vec<&[u8]> = line
                .split(' ')
                .map(|word| if word == "#" { sent } else { word.as_bytes() })
                .collect();
            let reply = raw.call(&words);
            assert!(reply.starts_with("-ERR "), "{line}: {reply}");
            assert!(!reply.contains("foreign"), "{line}: {reply}");
            // The line ends where it should: what comes next is the answer to this.
            assert_eq!(raw.call(&["PING"]), r"+PONG\r\n", "{line}");
        }
    }
}
