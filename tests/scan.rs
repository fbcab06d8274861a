//! `PRESENCE.SCAN` returns every member that is online for the whole of the iteration, whatever happens meanwhile.

use std::collections::HashSet;
use std::sync::LazyLock;

use redis::Value;

use crate::common::errors::{no_number, syntax};
use crate::common::{Client, LIMIT, Server, text};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// One step of an iteration: the next cursor, and the members.
fn step(client: &mut Client, key: &str, cursor: &str, options: &str) -> (String, Vec<String>) {
    let line = format!("PRESENCE.SCAN {key} {cursor}{options}");
    let reply = client.cmd(&line.split(' ').collect::<Vec<_>>());
    let Value::Array(mut parts) = reply else {
        panic!("{line}: {reply:?}")
    };
    let Some(Value::Array(members)) = parts.pop() else {
        panic!("{line}: {parts:?}")
    };
    let cursor = text(parts.pop().expect("two parts"));
    assert!(parts.is_empty());
    assert!(cursor.parse::<u64>().is_ok(), "{cursor}");
    (cursor, members.into_iter().map(text).collect())
}

/// A whole iteration, with `between` called after each step: the members of each step.
fn scan(
    client: &mut Client,
    key: &str,
    options: &str,
    mut between: impl FnMut(&mut Client),
) -> Vec<Vec<String>> {
    let mut steps = Vec::new();
    let mut cursor = String::from("0");
    loop {
        let (next, members) = step(client, key, &cursor, options);
        steps.push(members);
        if next == "0" {
            return steps;
        }
        assert!(steps.len() < 100_000, "it does not end");
        cursor = next;
        between(client);
    }
}

/// What came in a whole iteration, once each.
fn found(client: &mut Client, key: &str, options: &str) -> HashSet<String> {
    scan(client, key, options, |_| {})
        .into_iter()
        .flatten()
        .collect()
}

fn users(numbers: std::ops::Range<u32>) -> HashSet<String> {
    numbers.map(|number| format!("user:{number}")).collect()
}

/// Runs a command for members of these numbers.
fn for_users(client: &mut Client, command: &str, key: &str, numbers: std::ops::Range<u32>) {
    let mut words = vec![command.to_string(), key.to_string()];
    words.extend(numbers.map(|number| format!("user:{number}")));
    client.cmd(&words);
}

#[test]
fn a_set_that_rests_is_returned_whole() {
    let mut client = SERVER.client();
    for count in [1, 10, 64, 65, 100, 5000] {
        let key = format!("rests:{count}");
        for_users(&mut client, "PRESENCE.TOUCH", &key, 0..count);
        for options in ["", " COUNT 1", " COUNT 17", " COUNT 1000000"] {
            assert_eq!(
                found(&mut client, &key, options),
                users(0..count),
                "{count}{options}"
            );
        }
    }
}

#[test]
fn whoever_stays_is_returned_while_others_are_touched_join_and_leave() {
    let mut client = SERVER.client();
    // Of the members 0 to 3000 a part stays untouched, a part is touched all the time; the others come and go.
    for_users(&mut client, "PRESENCE.TOUCH", "busy", 0..3000);
    let mut round = 0;
    let steps = scan(&mut client, "busy", "", |client| {
        round += 1;
        let touched = 1000 + round * 37 % 1900;
        for_users(client, "PRESENCE.TOUCH", "busy", touched..touched + 100);
        for_users(
            client,
            "PRESENCE.TOUCH",
            "busy",
            3000 + round * 50..3050 + round * 50,
        );
        if round > 3 {
            for_users(
                client,
                "PRESENCE.LEAVE",
                "busy",
                2850 + round * 50..2875 + round * 50,
            );
        }
    });
    assert!(round > 50, "there was time for something to happen");
    let found: HashSet<String> = steps.into_iter().flatten().collect();
    let missed: Vec<String> = users(0..3000).difference(&found).cloned().collect();
    assert_eq!(missed, [""; 0]);
}

#[test]
fn whoever_stays_is_returned_while_most_go() {
    let mut client = SERVER.client();
    for_users(&mut client, "PRESENCE.TOUCH", "shrinks", 0..5000);
    let mut from = 500;
    let steps = scan(&mut client, "shrinks", " COUNT 20", |client| {
        if from < 5000 {
            for_users(client, "PRESENCE.LEAVE", "shrinks", from..from + 100);
            from += 100;
        }
    });
    let found: HashSet<String> = steps.into_iter().flatten().collect();
    let missed: Vec<String> = users(0..500).difference(&found).cloned().collect();
    assert_eq!(missed, [""; 0]);
    assert_eq!(client.answer("PRESENCE.COUNT shrinks"), "500");
}

#[test]
fn whoever_stays_is_returned_while_a_small_set_grows_large() {
    let mut client = SERVER.client();
    for_users(&mut client, "PRESENCE.TOUCH", "grows", 0..60);
    let mut from = 60;
    let steps = scan(&mut client, "grows", " COUNT 5", |client| {
        if from < 3000 {
            for_users(client, "PRESENCE.TOUCH", "grows", from..from + 40);
            from += 40;
        }
    });
    let found: HashSet<String> = steps.into_iter().flatten().collect();
    let missed: Vec<String> = users(0..60).difference(&found).cloned().collect();
    assert_eq!(missed, [""; 0]);
}

#[test]
fn whoever_stays_is_returned_while_a_large_set_becomes_small() {
    let server = Server::start();
    let mut client = server.client();
    for_users(&mut client, "PRESENCE.TOUCH", "small", 0..1000);
    let mut at_once = false;
    let steps = scan(&mut client, "small", " COUNT 10", |client| {
        if !at_once {
            for_users(client, "PRESENCE.LEAVE", "small", 30..1000);
            client.cmd(&["DEBUG", "RELOAD"]);
            at_once = true;
        }
    });
    assert!(at_once);
    let found: HashSet<String> = steps.into_iter().flatten().collect();
    let missed: Vec<String> = users(0..30).difference(&found).cloned().collect();
    assert_eq!(missed, [""; 0]);
}

#[test]
fn who_is_offline_is_not_returned() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG offline RETAIN 3600000");
    for_users(&mut client, "PRESENCE.TOUCH", "offline", 0..300);
    for_users(&mut client, "PRESENCE.LEAVE", "offline", 0..100);
    let at = client.now_ms() - 60_000;
    client.answer(&format!(
        "PRESENCE.TOUCHEX offline PX 1 AT {at} MEMBERS 1 over"
    ));
    assert_eq!(
        client.answer("PRESENCE.COUNT offline WINDOW 3600000"),
        "301"
    );
    assert_eq!(found(&mut client, "offline", ""), users(100..300));
}

#[test]
fn count_says_how_much_a_step_does() {
    let mut client = SERVER.client();
    for_users(&mut client, "PRESENCE.TOUCH", "count", 0..2000);
    let steps = |client: &mut Client, options: &str| scan(client, "count", options, |_| {}).len();
    let default = steps(&mut client, "");
    // A hint, not a promise; but within a factor of ten it holds.
    assert!((20..=2000).contains(&default), "{default} steps of 10");
    assert_eq!(default, steps(&mut client, " COUNT 10"));
    assert!(steps(&mut client, " COUNT 100") < default);
    assert!(steps(&mut client, " count 1") > default);
    assert_eq!(steps(&mut client, " COUNT 9223372036854775807"), 1);
    let largest = scan(&mut client, "count", "", |_| {})
        .iter()
        .map(Vec::len)
        .max();
    assert!(largest <= Some(100), "{largest:?} members in a step of 10");
}

#[test]
fn match_is_redis_glob() {
    let mut client = SERVER.client();
    let members = [
        "hello", "hallo", "hxllo", "hllo", "heello", "h*llo", "h[a]llo", "HELLO", "h-llo", "h^llo",
    ];
    client.cmd(&[&["PRESENCE.TOUCH", "glob"], &members[..]].concat());
    client.cmd(&[&["SADD", "glob:set"], &members[..]].concat());
    for (pattern, expected) in [
        ("hello", "hello"),
        ("h?llo", "h*llo h-llo h^llo hallo hello hxllo"),
        ("h[ae]llo", "hallo hello"),
        ("h[^ae]llo", "h*llo h-llo h^llo hxllo"),
        ("h[a-e]llo", "hallo hello"),
        ("h[e-a]llo", "hallo hello"),
        (r"h\*llo", "h*llo"),
        (r"h\[a\]llo", "h[a]llo"),
        (r"h[\^x]llo", "h^llo hxllo"),
        ("h[a-]llo", ""),
        (
            "h*o",
            "h*llo h-llo h[a]llo h^llo hallo heello hello hllo hxllo",
        ),
        (
            "*",
            "HELLO h*llo h-llo h[a]llo h^llo hallo heello hello hllo hxllo",
        ),
        (
            "**l**",
            "h*llo h-llo h[a]llo h^llo hallo heello hello hllo hxllo",
        ),
        ("hell", ""),
        ("ello", ""),
        ("", ""),
        ("h[a", ""),
        (r"hello\", ""),
    ] {
        let mut matched: Vec<String> = found(&mut client, "glob", &format!(" MATCH {pattern}"))
            .into_iter()
            .collect();
        matched.sort();
        assert_eq!(matched.join(" "), expected, "{pattern}");
        // The server's own matcher is the judge of the table.
        let line = ["SSCAN", "glob:set", "0", "MATCH", pattern, "COUNT", "1000"];
        let Value::Array(parts) = client.cmd(&line) else {
            panic!("SSCAN")
        };
        let Value::Array(own) = parts[1].clone() else {
            panic!("SSCAN")
        };
        let mut own: Vec<String> = own.into_iter().map(text).collect();
        own.sort();
        assert_eq!(matched, own, "{pattern}");
    }
}

#[test]
fn a_match_does_not_end_the_iteration() {
    let mut client = SERVER.client();
    for_users(&mut client, "PRESENCE.TOUCH", "few", 0..3000);
    client.answer("PRESENCE.TOUCH few needle");
    let steps = scan(&mut client, "few", " MATCH need* COUNT 50", |_| {});
    assert!(steps.len() > 5 && steps.iter().any(Vec::is_empty));
    assert_eq!(steps.concat(), ["needle"]);
    let both = scan(&mut client, "few", " count 3000 match need*", |_| {});
    assert_eq!(both.concat(), ["needle"]);
}

#[test]
fn every_number_of_64_bits_is_a_cursor() {
    let mut client = SERVER.client();
    for_users(&mut client, "PRESENCE.TOUCH", "cursors:large", 0..1000);
    for_users(&mut client, "PRESENCE.TOUCH", "cursors:small", 0..10);
    for key in ["cursors:large", "cursors:small", "missing"] {
        for cursor in [
            "0",
            "1",
            "42",
            "9223372036854775808",
            "18446744073709551615",
        ] {
            let mut next = step(&mut client, key, cursor, "").0;
            while next != "0" {
                next = step(&mut client, key, &next, " COUNT 100").0;
            }
        }
        for cursor in ["18446744073709551616", "-1", "", "abc", "1.5", "0x1", "1a"] {
            let line = format!("PRESENCE.SCAN {key} {cursor}");
            let error = "ERR invalid cursor, 0 or the cursor of the last reply expected";
            assert_eq!(client.answer(&line), error, "{line}");
        }
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH refused ann");
    let option = syntax("MATCH pattern or COUNT count expected");
    // As in Redis's own scans, which call this a syntax error.
    let below = syntax("COUNT takes a number from 1");
    let count = no_number("COUNT takes a number from 1");
    for key in ["refused", "missing"] {
        for (options, error) in [
            ("COUNT 0", &below),
            ("COUNT -1", &below),
            ("COUNT -9223372036854775808", &below),
            ("COUNT 1 COUNT 1", &syntax("COUNT may be given once")),
            ("MATCH * MATCH *", &syntax("MATCH may be given once")),
            ("COUNT", &syntax("COUNT count expected")),
            ("MATCH", &syntax("MATCH pattern expected")),
            ("TYPE string", &option),
            ("10", &option),
            ("COUNT ten", &count),
            ("COUNT ", &count),
            ("COUNT 9223372036854775808", &count),
        ] {
            let line = format!("PRESENCE.SCAN {key} 0 {options}");
            assert_eq!(client.answer(&line), *error, "{line}");
        }
    }
}

#[test]
fn the_reply_is_that_of_scan_in_both_protocols() {
    let mut raw = SERVER.raw_connection();
    raw.call(&["PRESENCE.TOUCH", "wire", "ann"]);
    for hello in ["2", "3"] {
        raw.call(&["HELLO", hello]);
        assert_eq!(
            raw.call(&["PRESENCE.SCAN", "wire", "0"]),
            r"*2\r\n$1\r\n0\r\n*1\r\n$3\r\nann\r\n"
        );
        assert_eq!(
            raw.call(&["PRESENCE.SCAN", "missing", "0"]),
            r"*2\r\n$1\r\n0\r\n*0\r\n"
        );
    }
    // Redis-cli's and every client's way to go on: the cursor as it came.
    let mut client = SERVER.client();
    client.send(&["PRESENCE.SCAN", "wire", "0"]);
    assert!(matches!(client.receive(LIMIT), Value::Array(parts) if parts.len() == 2));
}

/// Whoever asks for all in one call gets a part of it, and the cursor to go on with.
#[test]
fn one_call_visits_a_bounded_number_of_members() {
    let mut client = SERVER.client();
    let all = users(0..30_000);
    client.touch_crowd("bounded", 600_000, None, &all);
    let steps = scan(&mut client, "bounded", " COUNT 1000000000", |_| {});
    // A call stops at the end of the line that it has come to.
    let largest = steps.iter().map(Vec::len).max();
    assert!(
        largest.is_some_and(|members| members < 10_010),
        "{largest:?}"
    );
    assert!(steps.len() <= 4, "{} calls", steps.len());
    assert_eq!(steps.into_iter().flatten().collect::<HashSet<_>>(), all);
}
