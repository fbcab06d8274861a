//! A command either does all of what it says or, on an error, changes nothing at all, however late in it the error is.

use crate::common::commands::COMMANDS;
use crate::common::errors::{WINDOW, no_number};
use crate::common::{Client, Server, show};

/// Each is wrong at its end only.
const WRONG: [&str; 51] = [
    "TOUCHEX key EX 50 MEMBERS 3 new ann",
    "TOUCHEX key EX 50 MEMBERS 1 new ann",
    "TOUCHEX key EX 50 AT future MEMBERS 1 new",
    "TOUCHEX key EX 50 AT 1700000000000 MEMBERS x new",
    "TOUCHEX key EX 50 AT 1700000000000 EX 50 MEMBERS 1 new",
    "TOUCHEX key EX 50 AT 1700000000 MEMBERS 1 new",
    "TOUCHEX key EX 315360001 MEMBERS 1 new",
    "CONFIG key TTL 5 RETAIN 5 LINGER x",
    "CONFIG key TTL 5 RETAIN 5 LINGER",
    "CONFIG key TTL 5 RETAIN 315360000001",
    "CONFIG key TTL 5 RETAIN 5 TTL 5",
    "CONFIG key LINGER 0 RETAIN 0 SHADE 0",
    "CONFIG key RETAIN 0 TTL 0",
    "CONFIG key RETAIN 5 RESOLUTION 150001",
    "CONFIG key LINGER 5 TTL 5 RESOLUTION 3",
    "SETMAX key 50 x",
    "SETMAX key 50 -1",
    "SETMAX key 50 1700000000",
    "SETMAX key 0 x",
    "SETMAX key 50",
    "SETMAX key 50 1700000000000 LT",
    "SETMAX key 50 1700000000000 GT GT",
    "EVICT key 5 LIMIT x",
    "EVICT key 5 LIMIT 5 LIMIT 5",
    "EVICT key future",
    "EVICT key future LIMIT 5",
    "SETMETA text ann blob",
    "SETMETA key ann blob SESSION",
    "ATTACH key ann phone EX 0",
    "ATTACH key new phone META",
    "ATTACH text ann phone",
    "BEAT key SESSIONS 2 phone",
    "BEAT text SESSIONS 1 phone",
    "DETACH key GRACE x SESSIONS 1 phone",
    "DETACH text SESSIONS 1 phone",
    "ATTACH key ann phone GROUP",
    "LEASE key gateway EX 0",
    "LEASE text gateway EX 5",
    "DROP text gateway",
    "S key B phone",
    "T key touch",
    "LEAVE key",
    "FORGET key",
    "TOUCH key",
    "INTER key text",
    "INTER text key",
    "MCOUNT key text",
    "MCOUNT text key",
    "LIST key LIMIT 0 x",
    "COUNT key WINDOW 999999999",
    "SCAN key 0 COUNT 0",
];

#[test]
fn every_write_is_above() {
    for command in COMMANDS.iter().filter(|command| command.has_flag("write")) {
        let found = WRONG
            .iter()
            .any(|line| line.split(' ').next() == Some(command.name));
        assert!(found, "{}", command.name);
    }
}

fn fill(client: &mut Client, key: &str, count: i64) {
    let mut touch = args!["PRESENCE.TOUCH", key, "ann"].to_vec();
    touch.extend((0..count).map(|number| format!("user:{number}").into_bytes()));
    client.cmd(&touch);
}

#[test]
fn an_error_changes_nothing() {
    let server = Server::start();
    let mut client = server.client();
    client.answer("SET text text");
    fill(&mut client, "small", 5);
    fill(&mut client, "large", 500);
    let future = client.now_ms() + 3_600_000;
    let digest = client.digest();
    for key in ["small", "large", "missing"] {
        for line in WRONG {
            if key == "missing" && line.contains("WINDOW") {
                continue;
            }
            let line = format!("PRESENCE.{line}")
                .replace("key", key)
                .replace("future", &future.to_string());
            let error = client.answer(&line);
            assert!(
                error.starts_with("ERR ") || error.starts_with("WRONGTYPE "),
                "{line}: {error}"
            );
            assert_eq!(client.digest(), digest, "{line}");
        }
    }
    assert_eq!(client.answer("DBSIZE"), "3");
}

#[test]
fn a_member_too_long_at_the_end_changes_nothing() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "small", 5);
    fill(&mut client, "large", 500);
    let digest = client.digest();
    let long = vec![b'x'; 65_536];
    for key in ["small", "large", "missing"] {
        for mut command in [
            args!["PRESENCE.TOUCH", key].to_vec(),
            args!["PRESENCE.LEAVE", key, "ann"].to_vec(),
            args!["PRESENCE.FORGET", key, "ann"].to_vec(),
            args!["PRESENCE.TOUCHEX", key, "EX", 50, "MEMBERS", 301].to_vec(),
        ] {
            command.extend((0..300).map(|number| format!("user:{number}").into_bytes()));
            command.push(long.clone());
            assert_eq!(
                client.err(&command),
                "ERR member is longer than 65535 bytes"
            );
            assert_eq!(client.digest(), digest);
        }
    }
}

#[test]
fn an_error_is_not_replicated() {
    let server = Server::builder()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .start();
    let mut client = server.client();
    client.answer("SET text text");
    fill(&mut client, "key", 5);
    let log = server.aof();
    assert!(!log.is_empty());
    let future = (client.now_ms() + 3_600_000).to_string();
    for line in WRONG {
        client.answer(&format!("PRESENCE.{line}").replace("future", &future));
    }
    assert_eq!(server.aof(), log);
}

#[test]
fn an_error_in_a_transaction_leaves_the_rest_of_it_as_it_is() {
    let server = Server::start();
    let mut client = server.client();
    let replies = client.together(&[
        "PRESENCE.TOUCH room ann",
        "PRESENCE.CONFIG room TTL 0",
        "PRESENCE.TOUCH room bob",
        "PRESENCE.COUNT room",
    ]);
    let error = no_number("TTL takes milliseconds from 1 to 315360000000");
    assert_eq!(replies, ["1", &error, "1", "2"]);
    // A script sees the error as one.
    let script =
        "local reply = redis.pcall('PRESENCE.COUNT', KEYS[1], 'WINDOW', '0') return {reply.err}";
    let reply = client.cmd(&["EVAL", script, "1", "room"]);
    assert_eq!(show(&reply), format!("[\"{}\"]", no_number(WINDOW)));
}
