//! `PRESENCE.COUNT` counts who is online; with `WINDOW`, who is remembered and was seen within so many ms. A window that
//! the key does not remember is refused.

use std::sync::LazyLock;

use crate::common::errors::{WINDOW, no_number, syntax};
use crate::common::{Client, LIMIT, Server, show, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

fn too_long(memory: i64) -> String {
    format!(
        "ERR WINDOW is longer than this key remembers ({memory} ms); raise RETAIN with PRESENCE.CONFIG"
    )
}

/// A touch `age` ms ago that lasts for `ttl`.
fn seen_ago(client: &mut Client, key: &str, member: &str, age: i64, ttl: i64) {
    let at = client.now_ms() - age;
    client.answer(&format!(
        "PRESENCE.TOUCHEX {key} PX {ttl} AT {at} MEMBERS 1 {member}"
    ));
}

#[test]
fn without_a_window_it_counts_who_is_online() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG online RETAIN 3600000");
    seen_ago(&mut client, "online", "old", 500_000, 3_600_000);
    seen_ago(&mut client, "online", "over", 500_000, 60_000);
    client.dialog(&[
        ("PRESENCE.TOUCH online ann bob", "2"),
        ("PRESENCE.COUNT online", "3"),
        ("PRESENCE.LEAVE online bob", "1"),
        ("PRESENCE.COUNT online", "2"),
    ]);
}

#[test]
fn with_a_window_it_counts_who_was_seen_within() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG within RETAIN 86400000");
    // The margins are wide: the test may take its time.
    for (member, age, ttl) in [
        ("just-now", 0, 1),
        ("minutes-ago", 600_000, 1),
        ("hours-ago", 7_200_000, 86_400_000),
        ("yesterday", 80_000_000, 1),
    ] {
        seen_ago(&mut client, "within", member, age, ttl);
    }
    client.dialog(&[
        ("PRESENCE.COUNT within WINDOW 300000", "1"),
        ("PRESENCE.COUNT within WINDOW 1200000", "2"),
        ("PRESENCE.COUNT within window 14400000", "3"),
        ("PRESENCE.COUNT within Window 86400000", "4"),
        ("PRESENCE.LEAVE within hours-ago", "1"),
        // Seen when he left.
        ("PRESENCE.COUNT within WINDOW 300000", "2"),
    ]);
}

#[test]
fn a_window_of_so_many_ms_means_less_than_so_many_ms_ago() {
    let script = "\
        redis.call('PRESENCE.CONFIG', KEYS[1], 'RETAIN', '600000')
        redis.call('PRESENCE.TOUCH', KEYS[2], 'x')
        local now = redis.call('PRESENCE.SEEN', KEYS[2], 'x')[1]
        local at = string.format('%.0f', now - 100)
        redis.call('PRESENCE.TOUCHEX', KEYS[1], 'PX', ARGV[1], 'AT', at, 'MEMBERS', '1', 'ann')
        local found = {}
        for _, window in ipairs({'99', '100', '101'}) do
            found[#found + 1] = redis.call('PRESENCE.COUNT', KEYS[1], 'WINDOW', window)
            found[#found + 1] = #redis.call('PRESENCE.LIST', KEYS[1], 'WINDOW', window)
        end
        return found";
    let mut client = SERVER.client();
    for (key, ttl) in [("exact:online", "60000"), ("exact:offline", "1")] {
        let reply = client.cmd(&["EVAL", script, "2", key, "exact:clock", ttl]);
        assert_eq!(show(&reply), "[0, 0, 0, 0, 1, 1]", "{key}");
    }
}

#[test]
fn what_is_not_remembered_is_not_counted() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.TOUCHEX forgotten PX 1 MEMBERS 1 ann", "1"),
        ("PRESENCE.TOUCH forgotten bob", "1"),
    ]);
    // Seen within the window, but her time is up and the key retains nobody.
    wait_until(LIMIT, "ann is offline", || {
        client.answer("PRESENCE.COUNT forgotten") == "1"
    });
    assert_eq!(client.answer("PRESENCE.COUNT forgotten WINDOW 300000"), "1");
    assert_eq!(
        client.answer("PRESENCE.LIST forgotten WINDOW 300000"),
        r#"["bob"]"#
    );
}

#[test]
fn a_window_longer_than_the_memory_is_refused() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH memory ann", "1"),
        ("PRESENCE.COUNT memory WINDOW 300000", "1"),
        ("PRESENCE.COUNT memory WINDOW 300001", &too_long(300_000)),
        ("PRESENCE.LIST memory WINDOW 300001", &too_long(300_000)),
        ("PRESENCE.CONFIG memory RETAIN 1000", "OK"),
        ("PRESENCE.COUNT memory WINDOW 300001", &too_long(300_000)),
        ("PRESENCE.CONFIG memory RETAIN 400000", "OK"),
        ("PRESENCE.COUNT memory WINDOW 400000", "1"),
        ("PRESENCE.COUNT memory WINDOW 400001", &too_long(400_000)),
        ("PRESENCE.CONFIG memory RETAIN 0 TTL 1000", "OK"),
        ("PRESENCE.COUNT memory WINDOW 1000", "1"),
        ("PRESENCE.COUNT memory WINDOW 1001", &too_long(1000)),
        // A touch's own ttl is not the key's memory.
        ("PRESENCE.TOUCHEX memory PX 600000 MEMBERS 1 bob", "1"),
        ("PRESENCE.COUNT memory WINDOW 1001", &too_long(1000)),
    ]);
}

#[test]
fn of_a_missing_key_every_window_is_empty() {
    SERVER.client().dialog(&[
        ("PRESENCE.COUNT missing", "0"),
        ("PRESENCE.COUNT missing WINDOW 315360000000", "0"),
        ("PRESENCE.LIST missing WINDOW 315360000000", "[]"),
    ]);
}

#[test]
fn bad_windows_are_refused() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH bad ann");
    for command in ["COUNT", "LIST"] {
        for key in ["bad", "missing"] {
            for window in [
                "0",
                "-1",
                "abc",
                "1.5",
                "",
                "315360000001",
                "18446744073709551616",
            ] {
                let line = format!("PRESENCE.{command} {key} WINDOW {window}");
                let error = no_number(WINDOW);
                assert_eq!(client.answer(&line), error, "{line}");
            }
            let options = match command {
                "COUNT" => "WINDOW milliseconds expected",
                _ => {
                    "WINDOW milliseconds, REV, LIMIT offset count, WITHSEEN, WITHTTL or WITHMETA expected"
                }
            };
            for (given, expected) in [
                ("WINDOW", "WINDOW milliseconds expected"),
                ("WINDOW 1 WINDOW 1", "WINDOW may be given once"),
                ("WINDOW 1 1", options),
                ("WITHIN 1", options),
                ("1000", options),
            ] {
                let line = format!("PRESENCE.{command} {key} {given}");
                assert_eq!(client.answer(&line), syntax(expected), "{line}");
            }
        }
    }
}
