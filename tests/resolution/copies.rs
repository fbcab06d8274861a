//! A key and its resolution are the same wherever they are copied to: on a replica, from a log, in a file.

use redis::Value;

use super::{CONFIG, KEYS, fill, seen, wait_for_another_moment};
use crate::common::{Client, Server, assert_same_everywhere};

/// Keys with a resolution: of both forms, with touches that came too soon, one that has lost it, and one without members
/// left and one that never had any.
fn work(client: &mut Client) {
    for (key, count) in KEYS {
        fill(client, key, count);
        wait_for_another_moment(client, key);
        client.answer(&format!("PRESENCE.TOUCH {key} ann new bob"));
        client.answer(&format!("PRESENCE.LEAVE {key} bob"));
        client.answer(&format!("PRESENCE.TOUCH {key} bob ann"));
        client.answer(&format!("PRESENCE.LEAVE {key} bob"));
    }
    for line in [
        "CONFIG remembers TTL 5000 RETAIN 3600000 RESOLUTION 1",
        "TOUCH remembers ann bob",
        "LEAVE remembers ann",
        "CONFIG lost RESOLUTION 9",
        "TOUCH lost ann",
        "CONFIG lost RESOLUTION 0",
        "CONFIG emptied RESOLUTION 8",
        "TOUCH emptied ann",
        "FORGET emptied ann",
        "CONFIG untouched RESOLUTION 7",
    ] {
        client.answer(&format!("PRESENCE.{line}"));
    }
}

/// Whether a touch of `ann`, which is too soon, is left out of both keys.
fn leaves_out(client: &mut Client) {
    for (key, _) in KEYS {
        wait_for_another_moment(client, key);
        let at = seen(client, key, "ann");
        assert_eq!(client.int(&["PRESENCE.TOUCH", key, "ann"]), 0);
        assert_eq!(seen(client, key, "ann"), at, "{key}");
    }
}

#[test]
fn replicas_logs_files_and_copies_hold_the_same() {
    assert_same_everywhere(work, leaves_out);
}

/// The making of a key and its settings, as they are replicated.
#[test]
fn it_is_replicated_where_there_is_one_or_was() {
    let (server, mut client) = Server::start_recording();
    let mut configured = |options: &str| -> String {
        let before = server.aof().len();
        client.answer(&format!("PRESENCE.CONFIG room {options}"));
        let commands = server.aof().split_off(before);
        assert_eq!(commands.len(), 1, "{commands:?}");
        // Without the time at which it was made.
        let words = commands[0].split(' ').collect::<Vec<_>>();
        match words.iter().position(|word| *word == "AT") {
            Some(at) => [&words[..at], &words[at + 2..]].concat().join(" "),
            None => commands[0].clone(),
        }
    };
    for (options, replicated) in [
        ("RETAIN 5", "TTL 300000 RETAIN 5 LINGER -1"),
        ("RETAIN 6 RESOLUTION 0", "TTL 300000 RETAIN 6 LINGER -1"),
        (CONFIG, "TTL 600000 RETAIN 6 LINGER -1 RESOLUTION 300000"),
        (
            "RETAIN 7",
            "TTL 600000 RETAIN 7 LINGER -1 RESOLUTION 300000",
        ),
        ("RESOLUTION 0", "TTL 600000 RETAIN 7 LINGER -1 RESOLUTION 0"),
        ("RETAIN 8", "TTL 600000 RETAIN 8 LINGER -1"),
    ] {
        let command = format!("PRESENCE.CONFIG room {replicated}");
        assert_eq!(configured(options), command, "{options}");
    }
    client.cmd(&["DEL", "room"]);
    let before = server.aof().len();
    client.answer("PRESENCE.CONFIG room RESOLUTION 5");
    client.answer("PRESENCE.TOUCH room ann");
    let at = seen(&mut client, "room", "ann");
    client.answer("PRESENCE.FORGET room ann");
    let mut log = server.aof().split_off(before);
    log.retain(|command| command != "MULTI" && command != "EXEC");
    let words = |command: &str| -> Vec<String> { command.split(' ').map(String::from).collect() };
    let [made, touched, forgotten, emptied] = &log[..] else {
        panic!("{log:?}")
    };
    assert_eq!(words(made)[8..11], ["RESOLUTION", "5", "AT"]);
    let touch = format!("PRESENCE.T room AT {at} PX 300000 ann");
    assert_eq!(
        (touched, forgotten.as_str()),
        (&touch, "PRESENCE.FORGET room ann")
    );
    assert_eq!(words(emptied)[8..11], ["RESOLUTION", "5", "EMPTY"]);
}

/// A primary or a log of a version that knows of no resolution says nothing of it.
#[test]
fn settings_without_it_leave_it_as_it_is() {
    let commands = [
        "CONFIG room TTL 600000 RETAIN 0 LINGER -1 AT 1700000000000 RESOLUTION 300000",
        "CONFIG room TTL 700000 RETAIN 0 LINGER -1",
        "CONFIG new TTL 600000 RETAIN 0 LINGER -1 AT 1700000000000",
        // None makes such a log, and what comes of it can be saved and loaded all the same.
        "CONFIG made-up TTL 1000 RETAIN 0 LINGER -1 AT 1700000000000 RESOLUTION 900",
    ];
    let mut log = Vec::new();
    for command in commands {
        let line = format!("PRESENCE.{command}");
        log.extend(crate::common::encode(&line.split(' ').collect::<Vec<_>>()));
    }
    let server = Server::builder().start_replaying(&log);
    let mut client = server.client();
    for _ in 0..2 {
        for (key, resolution) in [
            ("room", Some(300_000)),
            ("new", None),
            ("made-up", Some(500)),
        ] {
            let info = client.fields(&["PRESENCE.INFO", key]);
            assert_eq!(info.get("resolution"), resolution.map(Value::Int).as_ref());
        }
        client.cmd(&["DEBUG", "RELOAD"]);
    }
}
