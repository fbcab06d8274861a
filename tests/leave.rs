//! `PRESENCE.LEAVE` takes members offline at once. With retain they stay remembered, seen now; without, they are gone.

use std::sync::LazyLock;

use crate::common::{LIMIT, Server, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

#[test]
fn it_answers_how_many_were_online() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH answers ann bob cid", "3"),
        ("PRESENCE.LEAVE answers ann nobody", "1"),
        ("PRESENCE.LEAVE answers ann nobody", "0"),
        ("PRESENCE.LEAVE answers bob bob cid", "2"),
        ("PRESENCE.COUNT answers", "0"),
        ("PRESENCE.LIST answers", "[]"),
    ]);
}

#[test]
fn without_retain_nothing_is_left_of_the_member() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH gone ann bob", "2"),
        ("PRESENCE.LEAVE gone ann", "1"),
        ("PRESENCE.ISONLINE gone ann bob", "[0, 1]"),
        ("PRESENCE.SEEN gone ann", "[nil]"),
        ("PRESENCE.CONFIG gone RETAIN 600000", "OK"),
        ("PRESENCE.SEEN gone ann", "[nil]"),
        ("PRESENCE.LIST gone WINDOW 600000", r#"["bob"]"#),
    ]);
}

#[test]
fn with_retain_the_member_is_remembered_as_seen_now() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG kept RETAIN 600000");
    let at = client.now_ms() - 5000;
    client.answer(&format!("PRESENCE.TOUCHEX kept AT {at} MEMBERS 1 ann"));
    let (now, replies) = client.at_once(
        "kept:clock",
        &[
            "PRESENCE.LEAVE kept ann",
            "PRESENCE.SEEN kept ann",
            "PRESENCE.ISONLINE kept ann",
            "PRESENCE.COUNT kept",
            "PRESENCE.LIST kept WINDOW 1 WITHTTL",
        ],
    );
    assert!(now > at);
    assert_eq!(
        replies,
        ["1", &format!("[{now}]"), "[0]", "0", r#"[["ann", 0]]"#]
    );
}

#[test]
fn one_who_is_offline_already_stays_as_he_is() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.CONFIG already RETAIN 600000", "OK"),
        ("PRESENCE.TOUCH already ann", "1"),
        ("PRESENCE.LEAVE already ann", "1"),
        ("PRESENCE.TOUCHEX already PX 1 MEMBERS 1 bob", "1"),
    ]);
    wait_until(LIMIT, "bob is offline", || {
        client.answer("PRESENCE.COUNT already") == "0"
    });
    let seen = client.answer("PRESENCE.SEEN already ann bob");
    let digest = client.answer("DEBUG DIGEST-VALUE already");
    let now = client.now_ms();
    wait_until(LIMIT, "the clock moves", || client.now_ms() > now);
    client.dialog(&[
        ("PRESENCE.LEAVE already ann bob", "0"),
        ("PRESENCE.SEEN already ann bob", &seen),
        ("DEBUG DIGEST-VALUE already", &digest),
    ]);
}

#[test]
fn a_member_who_left_can_come_back() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH back ann", "1"),
        ("PRESENCE.LEAVE back ann", "1"),
        ("PRESENCE.TOUCH back ann", "1"),
        ("PRESENCE.COUNT back", "1"),
    ]);
}

#[test]
fn an_import_from_before_the_leave_does_not_bring_the_member_back() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG before RETAIN 600000");
    client.answer("PRESENCE.TOUCH before ann");
    client.answer("PRESENCE.LEAVE before ann");
    let at = client.now_ms() - 5000;
    client.dialog(&[
        (
            &format!("PRESENCE.TOUCHEX before AT {at} MEMBERS 1 ann"),
            "0",
        ),
        ("PRESENCE.COUNT before", "0"),
    ]);
}

#[test]
fn the_key_stays_with_its_peak_and_goes_with_linger_0() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH stays ann", "1"),
        ("PRESENCE.LEAVE stays ann", "1"),
        ("EXISTS stays", "1"),
        ("PRESENCE.CONFIG goes LINGER 0", "OK"),
        ("PRESENCE.TOUCH goes ann bob", "2"),
        ("PRESENCE.LEAVE goes ann", "1"),
        ("EXISTS goes", "1"),
        ("PRESENCE.LEAVE goes bob", "1"),
        ("EXISTS goes", "0"),
    ]);
    let peak = SERVER.client().answer("PRESENCE.MAX stays");
    assert!(peak.starts_with("[1, 1"), "{peak}");
}

#[test]
fn a_key_that_is_missing_is_not_made() {
    SERVER
        .client()
        .dialog(&[("PRESENCE.LEAVE missing ann", "0"), ("EXISTS missing", "0")]);
}

#[test]
fn words_that_are_options_elsewhere_are_members() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH words WINDOW LIMIT 1", "3"),
        ("PRESENCE.LEAVE words WINDOW 1", "2"),
        ("PRESENCE.LIST words", r#"["LIMIT"]"#),
    ]);
}
