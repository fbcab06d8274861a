//! `PRESENCE.TOUCH` marks members as online for the key's ttl, and answers how many of them came online.

use std::sync::LazyLock;

use crate::common::{LIMIT, Server, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

#[test]
fn it_answers_how_many_came_online() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH answers ann bob", "2"),
        ("PRESENCE.TOUCH answers ann bob", "0"),
        ("PRESENCE.TOUCH answers ann cid", "1"),
        ("PRESENCE.COUNT answers", "3"),
        ("TYPE answers", "presence-"),
    ]);
}

#[test]
fn a_member_named_twice_counts_once() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH twice ann ann bob ann", "2"),
        ("PRESENCE.COUNT twice", "2"),
    ]);
    let peak = SERVER.client().answer("PRESENCE.MAX twice");
    assert!(peak.starts_with("[2, 1"), "{peak}");
}

#[test]
fn the_ttl_is_that_of_the_key() {
    let mut client = SERVER.client();
    let replies = client.together(&[
        "PRESENCE.TOUCH ttl ann",
        "PRESENCE.LIST ttl WITHTTL",
        "PRESENCE.CONFIG ttl TTL 1234567",
        "PRESENCE.TOUCH ttl bob",
        "PRESENCE.LIST ttl REV LIMIT 0 1 WITHTTL",
        "PRESENCE.LEAVE ttl ann",
        "PRESENCE.LIST ttl WITHTTL",
    ]);
    assert_eq!(replies[1], r#"[["ann", 300000]]"#);
    assert_eq!(replies[6], r#"[["bob", 1234567]]"#);
}

#[test]
fn the_newest_touch_is_the_one_that_holds() {
    let mut client = SERVER.client();
    let before = client.now_ms();
    let import = format!(
        "PRESENCE.TOUCHEX newest PX 9000000 AT {} MEMBERS 1 ann",
        before - 5000
    );
    let (now, replies) = client.at_once(
        "newest:clock",
        &[
            &import,
            "PRESENCE.TOUCH newest ann",
            "PRESENCE.LIST newest WITHSEEN WITHTTL",
        ],
    );
    // Shorter than the import's ttl, and yet it holds.
    assert_eq!(replies, ["1", "0", &format!(r#"[["ann", {now}, 300000]]"#)]);
    assert!((before..before + 60_000).contains(&now));
}

#[test]
fn one_whose_time_was_up_comes_online_again() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.CONFIG again TTL 1 RETAIN 600000", "OK"),
        ("PRESENCE.TOUCH again ann", "1"),
    ]);
    wait_until(LIMIT, "ann is offline", || {
        client.answer("PRESENCE.COUNT again") == "0"
    });
    client.dialog(&[
        ("PRESENCE.CONFIG again TTL 60000", "OK"),
        ("PRESENCE.TOUCH again ann", "1"),
        ("PRESENCE.TOUCH again ann", "0"),
    ]);
}

#[test]
fn words_that_are_options_elsewhere_are_members() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH words EX", "1"),
        ("PRESENCE.TOUCH words EX 10 MEMBERS 1 WINDOW AT", "5"),
        (
            "PRESENCE.ISONLINE words EX 10 MEMBERS 1 WINDOW AT",
            "[1, 1, 1, 1, 1, 1]",
        ),
        ("PRESENCE.COUNT words", "6"),
    ]);
}

#[test]
fn many_members_can_be_touched_at_once() {
    let mut client = SERVER.client();
    let mut command = args!["PRESENCE.TOUCH", "many"].to_vec();
    command.extend((0..5000).map(|number| format!("user:{number}").into_bytes()));
    assert_eq!(client.int(&command), 5000);
    assert_eq!(client.int(&command), 0);
    assert_eq!(client.answer("PRESENCE.COUNT many"), "5000");
}

#[test]
fn names_are_told_apart_byte_for_byte() {
    SERVER.client().dialog(&[
        (
            "PRESENCE.TOUCH apart ann Ann ANN ann1 an 1 01 1.0 -0 0",
            "10",
        ),
        ("PRESENCE.COUNT apart", "10"),
        ("PRESENCE.ISONLINE apart aNN 001 1 01", "[0, 0, 1, 1]"),
    ]);
}

#[test]
fn the_reply_is_an_integer_in_both_protocols() {
    let mut raw = SERVER.raw_connection();
    assert_eq!(
        raw.call(&["PRESENCE.TOUCH", "wire", "ann", "bob"]),
        r":2\r\n"
    );
    assert!(raw.call(&["HELLO", "3"]).starts_with('%'));
    assert_eq!(raw.call(&["PRESENCE.TOUCH", "wire", "cid"]), r":1\r\n");
}
