//! `PRESENCE.TOUCHEX` gives a touch a ttl of its own. (With `AT`: `imports.rs`.)

use std::sync::LazyLock;

use crate::common::errors::{no_number, syntax};
use crate::common::{LIMIT, Server, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

#[test]
fn ex_is_in_seconds_and_px_in_ms() {
    let replies = SERVER.client().together(&[
        "PRESENCE.TOUCHEX units EX 7 MEMBERS 1 ann",
        "PRESENCE.LIST units WITHTTL",
        "PRESENCE.TOUCHEX units PX 1500 MEMBERS 1 ann",
        "PRESENCE.LIST units WITHTTL",
    ]);
    assert_eq!(
        replies,
        ["1", r#"[["ann", 7000]]"#, "0", r#"[["ann", 1500]]"#]
    );
}

#[test]
fn without_either_the_ttl_is_that_of_the_key() {
    let replies = SERVER.client().together(&[
        "PRESENCE.CONFIG plain TTL 4321",
        "PRESENCE.TOUCHEX plain MEMBERS 2 ann bob",
        "PRESENCE.TOUCHEX plain PX 9 MEMBERS 1 bob",
        "PRESENCE.LIST plain WITHTTL LIMIT 0 5",
    ]);
    assert_eq!(replies[1], "2");
    let list = &replies[3];
    assert!(
        list.contains(r#"["ann", 4321]"#) && list.contains(r#"["bob", 9]"#),
        "{list}"
    );
}

#[test]
fn it_does_not_change_the_ttl_of_the_key() {
    let replies = SERVER.client().together(&[
        "PRESENCE.TOUCHEX own PX 50000 MEMBERS 1 ann",
        "PRESENCE.TOUCH own bob",
        "PRESENCE.LEAVE own ann",
        "PRESENCE.LIST own WITHTTL",
    ]);
    assert_eq!(replies[3], r#"[["bob", 300000]]"#);
}

#[test]
fn the_newest_ttl_holds_be_it_longer_or_shorter() {
    let replies = SERVER.client().together(&[
        "PRESENCE.TOUCHEX newest PX 1000 MEMBERS 1 ann",
        "PRESENCE.TOUCHEX newest PX 90000 MEMBERS 1 ann",
        "PRESENCE.LIST newest WITHTTL",
        "PRESENCE.TOUCHEX newest PX 500 MEMBERS 1 ann",
        "PRESENCE.LIST newest WITHTTL",
    ]);
    assert_eq!(replies[2], r#"[["ann", 90000]]"#);
    assert_eq!(replies[4], r#"[["ann", 500]]"#);
}

#[test]
fn a_short_ttl_ends_while_a_long_one_goes_on() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.TOUCHEX ends PX 600000 MEMBERS 1 ann", "1"),
        ("PRESENCE.TOUCHEX ends PX 5 MEMBERS 1 bob", "1"),
    ]);
    wait_until(LIMIT, "bob is offline", || {
        client.answer("PRESENCE.ISONLINE ends ann bob") == "[1, 0]"
    });
    assert_eq!(client.answer("PRESENCE.COUNT ends"), "1");
}

#[test]
fn one_key_takes_many_ttls() {
    let mut client = SERVER.client();
    let touches: Vec<String> = (1..=200)
        .map(|number| format!("PRESENCE.TOUCHEX mixture EX {number} MEMBERS 1 user:{number}"))
        .collect();
    let mut lines: Vec<&str> = touches.iter().map(String::as_str).collect();
    lines.extend(["PRESENCE.COUNT mixture", "PRESENCE.LIST mixture WITHTTL"]);
    let replies = client.together(&lines);
    assert_eq!(replies[200], "200");
    for number in 1..=200 {
        let entry = format!(r#"["user:{number}", {}]"#, number * 1000);
        assert!(replies[201].contains(&entry), "{entry}");
    }
}

#[test]
fn a_member_named_twice_counts_once() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCHEX twice MEMBERS 3 ann bob ann", "2"),
        ("PRESENCE.COUNT twice", "2"),
    ]);
}

#[test]
fn all_after_members_is_a_member() {
    SERVER.client().dialog(&[
        (
            "PRESENCE.TOUCHEX words EX 60 MEMBERS 5 EX PX AT MEMBERS 60",
            "5",
        ),
        (
            "PRESENCE.ISONLINE words EX PX AT MEMBERS 60",
            "[1, 1, 1, 1, 1]",
        ),
    ]);
}

#[test]
fn keywords_come_in_any_case_and_order() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 1000;
    for (number, line) in [
        format!("ex 60 at {at} members 1"),
        format!("Px 60000 At {at} Members 1"),
        format!("AT {at} eX 60 MeMbErS 1"),
        format!("at {at} pX 60000 mEMBERS 1"),
    ]
    .iter()
    .enumerate()
    {
        let line = format!("PRESENCE.TOUCHEX case {line} user:{number}");
        assert_eq!(client.answer(&line), "1", "{line}");
        let seen = client.answer(&format!("PRESENCE.SEEN case user:{number}"));
        assert_eq!(seen, format!("[{at}]"), "{line}");
    }
}

#[test]
fn the_shortest_and_the_longest_ttl_are_taken() {
    let replies = SERVER.client().together(&[
        "PRESENCE.TOUCHEX limits PX 1 MEMBERS 1 ann",
        "PRESENCE.LIST limits WITHTTL",
        "PRESENCE.TOUCHEX limits PX 315360000000 MEMBERS 1 ann",
        "PRESENCE.LIST limits WITHTTL",
        "PRESENCE.TOUCHEX limits EX 1 MEMBERS 1 ann",
        "PRESENCE.LIST limits WITHTTL",
        "PRESENCE.TOUCHEX limits EX 315360000 MEMBERS 1 ann",
        "PRESENCE.LIST limits WITHTTL",
    ]);
    assert_eq!(replies[1], r#"[["ann", 1]]"#);
    assert_eq!(replies[3], r#"[["ann", 315360000000]]"#);
    assert_eq!(replies[5], r#"[["ann", 1000]]"#);
    assert_eq!(replies[7], r#"[["ann", 315360000000]]"#);
}

#[test]
fn what_is_wrong_is_refused_and_makes_no_key() {
    let mut client = SERVER.client();
    let members = syntax("MEMBERS count member [member ...] expected");
    let option = syntax(
        "EX seconds, PX milliseconds, AT unix-time-milliseconds or MEMBERS count member [member ...] expected",
    );
    let once = syntax("EX or PX may be given once");
    let ex = no_number("EX takes seconds from 1 to 315360000");
    let px = no_number("PX takes milliseconds from 1 to 315360000000");
    let at = no_number("AT takes a Unix time in milliseconds");
    let count = no_number("MEMBERS takes the number of members that follow");
    let other_count = |says: i64, given: usize| {
        let given = format!("but the number of members given is {given}");
        syntax(&format!("MEMBERS says {says}, {given}"))
    };
    let seconds = "ERR AT is a Unix time in milliseconds".to_owned();
    for (options, error) in [
        ("EX 1 PX 1 MEMBERS 1 a", &once),
        ("PX 1 EX 1 MEMBERS 1 a", &once),
        ("EX 1 EX 1 MEMBERS 1 a", &once),
        ("PX 1 PX 1 MEMBERS 1 a", &once),
        (
            "AT 1700000000000 AT 1700000000000 MEMBERS 1 a",
            &syntax("AT may be given once"),
        ),
        ("NX 1 MEMBERS 1 a", &option),
        ("NX 1 members 1 a", &option),
        ("EX 60 alice", &members),
        ("EX 10 ann bob", &members),
        ("alice bob cid", &members),
        ("EX 10 AT 1700000000000", &members),
        ("EX 10 MEMBERS", &members),
        ("EX 10 AT", &syntax("AT unix-time-milliseconds expected")),
        ("AT 1700000000000 EX", &syntax("EX seconds expected")),
        ("AT 1700000000000 PX", &syntax("PX milliseconds expected")),
        ("EX 10 MEMBERS 1", &other_count(1, 0)),
        ("MEMBERS 2 a", &other_count(2, 1)),
        ("MEMBERS 1 a b", &other_count(1, 2)),
        (
            "MEMBERS 9223372036854775807 a",
            &other_count(9_223_372_036_854_775_807, 1),
        ),
        ("MEMBERS 0 a", &count),
        ("MEMBERS -1 a", &count),
        ("MEMBERS one a", &count),
        ("MEMBERS 9223372036854775808 a", &count),
        ("MEMBERS  a", &count),
        ("EX 0 MEMBERS 1 a", &ex),
        ("EX -1 MEMBERS 1 a", &ex),
        ("EX 1.5 MEMBERS 1 a", &ex),
        ("EX ten MEMBERS 1 a", &ex),
        ("EX MEMBERS 1 a", &ex),
        ("EX 315360001 MEMBERS 1 a", &ex),
        ("EX 9223372036854775807 MEMBERS 1 a", &ex),
        ("PX 0 MEMBERS 1 a", &px),
        ("PX -5 MEMBERS 1 a", &px),
        ("PX x MEMBERS 1 a", &px),
        ("PX 315360000001 MEMBERS 1 a", &px),
        ("PX 18446744073709551616 MEMBERS 1 a", &px),
        ("AT now MEMBERS 1 a", &at),
        ("AT -1 MEMBERS 1 a", &at),
        ("AT 9223372036854775808 MEMBERS 1 a", &at),
        ("AT 140737488355328 MEMBERS 1 a", &at),
        ("AT 99999999999 MEMBERS 1 a", &seconds),
    ] {
        // A key may be called as an option is.
        for key in ["refused", "MEMBERS"] {
            let line = format!("PRESENCE.TOUCHEX {key} {options}");
            assert_eq!(client.answer(&line), *error, "{line}");
            assert_eq!(client.answer(&format!("EXISTS {key}")), "0", "{line}");
        }
    }
}
