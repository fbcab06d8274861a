//! `PRESENCE.LIST` gives members newest seen first, in pages, with their times where asked.

use std::sync::LazyLock;

use crate::common::errors::{no_number, syntax};
use crate::common::{Client, Server, touchex};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// A member of the sets that tests list: `(name, last seen, ttl)`.
type Member = (String, i64, i64);

/// Fills `key`, which retains for an hour, with so many members, each seen in a ms of its own and added in an order that
/// is not that of time. Two of three are online for hours, each third one's time is long up. Gives them newest first.
fn fill(client: &mut Client, key: &str, count: i64) -> Vec<Member> {
    client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 3600000"));
    let now = client.now_ms();
    let mut members = Vec::new();
    for number in 0..count {
        // 7 and the counts below have no factor in common, so each age comes once.
        let age = 60_000 + 10 * (number * 7 % count);
        let ttl = if number % 3 == 0 { 1000 } else { 36_000_000 };
        let (name, at) = (format!("user:{number}"), now - age);
        client.send(&touchex(key, ttl, at, [&name]));
        members.push((name, at, ttl));
    }
    for _ in 0..count {
        client.receive(crate::common::LIMIT);
    }
    members.sort_by_key(|(_, at, _)| -at);
    members
}

fn names<'a>(members: impl IntoIterator<Item = &'a Member>) -> Vec<String> {
    members.into_iter().map(|(name, ..)| name.clone()).collect()
}

#[test]
fn the_newest_seen_come_first() {
    let mut client = SERVER.client();
    let now = client.now_ms();
    for (member, age) in [("middle", 2000), ("oldest", 3000), ("newest", 1000)] {
        let at = now - age;
        client.answer(&format!(
            "PRESENCE.TOUCHEX order AT {at} MEMBERS 1 {member}"
        ));
    }
    client.dialog(&[
        ("PRESENCE.LIST order", r#"["newest", "middle", "oldest"]"#),
        (
            "PRESENCE.LIST order REV",
            r#"["oldest", "middle", "newest"]"#,
        ),
        ("PRESENCE.TOUCH order oldest", "0"),
        ("PRESENCE.LIST order", r#"["oldest", "newest", "middle"]"#),
        ("PRESENCE.LEAVE order newest", "1"),
        ("PRESENCE.LIST order", r#"["oldest", "middle"]"#),
    ]);
}

#[test]
fn pages_are_cut_from_the_whole() {
    let mut client = SERVER.client();
    for (key, count) in [("pages:small", 40), ("pages:large", 2000)] {
        let all = fill(&mut client, key, count);
        let all_names = names(&all);
        let online = names(all.iter().filter(|(_, _, ttl)| *ttl > 1000));
        assert!(online.len() < all_names.len());
        for (span, newest_first) in [("", &online), (" WINDOW 3600000", &all_names)] {
            let mut reversed = newest_first.clone();
            reversed.reverse();
            for (direction, whole) in [("", newest_first), (" REV", &reversed)] {
                let mut list = |limit: &str| -> Vec<String> {
                    let line = format!("PRESENCE.LIST {key}{span}{direction}{limit}");
                    client.strings(&line.split(' ').collect::<Vec<_>>())
                };
                assert_eq!(&list(""), whole);
                let len = whole.len();
                for offset in [0, 1, 7, len / 2, len - 1, len, len + 1, 1_000_000] {
                    let rest = &whole[offset.min(len)..];
                    for count in [0, 1, 5, len / 2, len, 1_000_000] {
                        let page = list(&format!(" LIMIT {offset} {count}"));
                        assert_eq!(page, rest[..count.min(rest.len())], "{offset} {count}");
                    }
                    for count in ["-1", "-5", "-9223372036854775808"] {
                        assert_eq!(list(&format!(" LIMIT {offset} {count}")), rest, "{offset}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_window_lists_who_was_seen_within_it() {
    let mut client = SERVER.client();
    for (key, count) in [("window:small", 40), ("window:large", 1000)] {
        let all = fill(&mut client, key, count);
        // In the middle between two members' times; the instant of the question decides which two these are.
        let middle = all[all.len() / 2].1;
        let script = "\
            redis.call('PRESENCE.TOUCH', KEYS[2], 'x')
            local now = redis.call('PRESENCE.SEEN', KEYS[2], 'x')[1]
            local window = string.format('%.0f', now - tonumber(ARGV[1]) + 1)
            return redis.call('PRESENCE.LIST', KEYS[1], 'WINDOW', window)";
        let listed = client.strings(&args!["EVAL", script, 2, key, "window:clock", middle]);
        assert_eq!(listed, names(&all[..=all.len() / 2]));
    }
}

#[test]
fn times_stand_beside_the_members_where_asked() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 1000;
    client.answer("PRESENCE.CONFIG with RETAIN 3600000");
    client.answer(&format!(
        "PRESENCE.TOUCHEX with PX 900000 AT {at} MEMBERS 1 ann"
    ));
    client.answer(&format!(
        "PRESENCE.TOUCHEX with PX 1 AT {} MEMBERS 1 bob",
        at - 1
    ));
    let (now, replies) = client.at_once(
        "with:clock",
        &[
            "PRESENCE.LIST with WITHSEEN",
            "PRESENCE.LIST with WITHTTL",
            "PRESENCE.LIST with WITHSEEN WITHTTL",
            "PRESENCE.LIST with WITHTTL WITHSEEN",
            "PRESENCE.LIST with WINDOW 3600000 withseen withttl",
            "PRESENCE.LIST with WITHSEEN LIMIT 1 1",
        ],
    );
    let left = at + 900_000 - now;
    let both = format!(r#"["ann", {at}, {left}]"#);
    assert_eq!(
        replies,
        [
            format!(r#"[["ann", {at}]]"#),
            format!(r#"[["ann", {left}]]"#),
            format!("[{both}]"),
            format!("[{both}]"),
            format!(r#"[{both}, ["bob", {}, 0]]"#, at - 1),
            "[]".into(),
        ]
    );
}

#[test]
fn the_shapes_are_the_same_in_both_protocols() {
    let mut raw = SERVER.raw_connection();
    let at = SERVER.client().now_ms() - 200_000;
    raw.call(&args!["PRESENCE.CONFIG", "wire", "RETAIN", 3_600_000]);
    raw.call(&touchex("wire", 1, at, ["ann"]));
    raw.call(&touchex("wire", 1, at - 1, ["bo"]));
    for hello in ["2", "3"] {
        raw.call(&["HELLO", hello]);
        let mut list = |options: &str| {
            let line = format!("PRESENCE.LIST wire WINDOW 3600000{options}");
            raw.call(&line.split(' ').collect::<Vec<_>>())
        };
        assert_eq!(list(""), r"*2\r\n$3\r\nann\r\n$2\r\nbo\r\n");
        assert_eq!(
            list(" WITHTTL"),
            r"*2\r\n*2\r\n$3\r\nann\r\n:0\r\n*2\r\n$2\r\nbo\r\n:0\r\n"
        );
        assert_eq!(
            list(" WITHSEEN LIMIT 0 1"),
            format!(r"*1\r\n*2\r\n$3\r\nann\r\n:{at}\r\n")
        );
        assert_eq!(
            list(" WITHSEEN WITHTTL LIMIT 0 1"),
            format!(r"*1\r\n*3\r\n$3\r\nann\r\n:{at}\r\n:0\r\n")
        );
        assert_eq!(raw.call(&["PRESENCE.LIST", "wire"]), r"*0\r\n");
        assert_eq!(
            raw.call(&["PRESENCE.LIST", "missing", "WITHSEEN"]),
            r"*0\r\n"
        );
    }
}

#[test]
fn options_come_in_any_case_and_order() {
    let mut client = SERVER.client();
    let all = fill(&mut client, "case", 40);
    let online = names(all.iter().filter(|(_, _, ttl)| *ttl > 1000));
    let page: Vec<String> = names(&all).into_iter().rev().skip(2).take(3).collect();
    for options in [
        "WINDOW 3600000 REV LIMIT 2 3",
        "LIMIT 2 3 WINDOW 3600000 REV",
        "rev limit 2 3 window 3600000",
        "Rev Window 3600000 Limit 2 3",
    ] {
        let line = format!("PRESENCE.LIST case {options}");
        assert_eq!(
            client.strings(&line.split(' ').collect::<Vec<_>>()),
            page,
            "{line}"
        );
    }
    assert_eq!(client.strings(&["presence.list", "case"]), online);
}

#[test]
fn what_is_wrong_is_refused() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH refused ann");
    let option = syntax(
        "WINDOW milliseconds, REV, LIMIT offset count, WITHSEEN, WITHTTL or WITHMETA expected",
    );
    let page = no_number("LIMIT takes an offset from 0 and a count, negative for all");
    for key in ["refused", "missing"] {
        for (options, error) in [
            ("REV REV", &syntax("REV may be given once")),
            ("WITHSEEN WITHSEEN", &syntax("WITHSEEN may be given once")),
            ("WITHTTL WITHTTL", &syntax("WITHTTL may be given once")),
            ("LIMIT 0 1 LIMIT 0 1", &syntax("LIMIT may be given once")),
            (
                "WINDOW 1000 WINDOW 1000",
                &syntax("WINDOW may be given once"),
            ),
            ("LIMIT", &syntax("LIMIT offset count expected")),
            ("LIMIT 0", &syntax("LIMIT offset count expected")),
            ("WINDOW", &syntax("WINDOW milliseconds expected")),
            ("ASC", &option),
            ("0 10", &option),
            ("WITHSCORES", &option),
            ("LIMIT a 1", &page),
            ("LIMIT 0 b", &page),
            ("LIMIT 0 1.5", &page),
            ("LIMIT -1 1", &page),
            ("LIMIT 9223372036854775808 1", &page),
            ("LIMIT 0 9223372036854775808", &page),
            ("LIMIT 0 -9223372036854775809", &page),
            ("LIMIT REV 1", &page),
        ] {
            let line = format!("PRESENCE.LIST {key} {options}");
            assert_eq!(client.answer(&line), *error, "{line}");
        }
    }
}
