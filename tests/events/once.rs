//! Whoever goes offline causes exactly one event, whatever reports it.

use crate::common::{Client, LIMIT, Server, Subscriber, wait_until};

use super::{ALL, pass, start, start_unswept, sweep, wait_timeouts};

/// Members who are online for a millisecond, which then has passed.
fn blink(client: &mut Client, key: &str, members: &[&str]) {
    client.touchex(key, 1, None, members);
    pass(client, 1);
}

#[test]
fn the_eviction_reports_those_it_removes() {
    let (server, mut client, mut subscriber) = start("");
    client.answer("PRESENCE.TOUCH room ann");
    client.answer("PRESENCE.TOUCHEX room PX 30 MEMBERS 2 bob cid");
    subscriber.heard();
    wait_timeouts(&server, 2);
    assert_eq!(subscriber.heard(), ["timeout:room bob", "timeout:room cid"]);
    server.wait_members(1);
    assert_eq!(subscriber.heard(), [""; 0]);
}

#[test]
fn the_next_touch_first_reports_that_the_time_was_up() {
    let (server, mut client, mut subscriber) = start_unswept("");
    for (touch, retain) in [
        ("PRESENCE.TOUCH room ann bob", 0),
        ("PRESENCE.TOUCHEX room EX 100 MEMBERS 2 ann bob", 0),
        ("PRESENCE.TOUCH room ann bob", 600_000),
    ] {
        client.answer(&format!("PRESENCE.CONFIG room RETAIN {retain}"));
        client.answer("PRESENCE.TOUCH room cid");
        blink(&mut client, "room", &["ann"]);
        subscriber.heard();
        assert_eq!(client.answer(touch), "2", "{touch}");
        let expected = [
            "timeout:room ann",
            "join:room ann",
            "join:room bob",
            "max:room 3",
        ];
        assert_eq!(subscriber.heard(), expected, "{touch}");
        client.answer("PRESENCE.LEAVE room ann bob cid");
        client.answer("PRESENCE.SETMAX room 0 0");
        client.answer("PRESENCE.CONFIG room RETAIN 0");
        assert_eq!(subscriber.heard().len(), 3);
    }
    sweep(&mut client);
    server.wait_members(0);
    assert_eq!(subscriber.heard(), [""; 0]);
}

#[test]
fn who_has_left_does_not_time_out_and_whose_time_was_up_does_not_leave() {
    for retain in [0, 600_000] {
        let (server, mut client, mut subscriber) = start_unswept("");
        client.answer(&format!("PRESENCE.CONFIG room RETAIN {retain}"));
        client.answer("PRESENCE.TOUCHEX room PX 5000 MEMBERS 1 ann");
        blink(&mut client, "room", &["bob"]);
        assert_eq!(client.answer("PRESENCE.LEAVE room ann bob ann"), "1");
        assert_eq!(subscriber.heard()[4..], ["leave:room ann"]);
        sweep(&mut client);
        wait_timeouts(&server, 1);
        assert_eq!(subscriber.heard(), ["timeout:room bob"]);
        // Nothing more comes of either, when they are removed.
        client.answer("PRESENCE.CONFIG room RETAIN 0");
        server.wait_members(0);
        assert_eq!(subscriber.heard(), [""; 0]);
    }
}

#[test]
fn retained_members_time_out_when_their_touch_is_over_and_go_in_silence() {
    // In one block, and in a table.
    for others in [0, 200] {
        let (server, mut client, mut subscriber) = start("");
        client.answer("PRESENCE.CONFIG room RETAIN 600000");
        client.answer("PRESENCE.TOUCHEX room PX 20 MEMBERS 2 ann bob");
        let mut stay = args!["PRESENCE.TOUCH", "room", "cid"].to_vec();
        stay.extend((0..others).map(|other| format!("other {other}").into_bytes()));
        client.cmd(&stay);
        subscriber.heard();
        wait_timeouts(&server, 2);
        assert_eq!(subscriber.heard(), ["timeout:room ann", "timeout:room bob"]);
        assert_eq!(server.presence("members"), 3 + others);
        // The one who comes back joins, and times out again.
        client.answer("PRESENCE.TOUCHEX room PX 20 MEMBERS 1 bob");
        assert_eq!(subscriber.heard()[0], "join:room bob");
        wait_timeouts(&server, 3);
        assert_eq!(subscriber.heard(), ["timeout:room bob"]);
        client.answer("PRESENCE.CONFIG room RETAIN 0");
        server.wait_members(1 + others);
        assert_eq!(subscriber.heard(), [""; 0]);
    }
}

#[test]
fn an_import_that_ends_a_members_time_reports_it() {
    let (server, mut client, mut subscriber) = start_unswept("");
    client.answer("PRESENCE.CONFIG room RETAIN 600000");
    let (now, _) = client.at_once("clock", &["PRESENCE.TOUCH room ann bob cid"]);
    pass(&mut client, 20);
    subscriber.heard();
    // Newer touches, of which one is over: it ends the time of who was online.
    for (member, ttl, expected) in [
        ("ann", 1, &["timeout:room ann"][..]),
        ("bob", 60_000, &[]),
        ("dan", 1, &[]),
        ("eve", 60_000, &["join:room eve"]),
    ] {
        let at = now + 5;
        let import = format!("PRESENCE.TOUCHEX room PX {ttl} AT {at} MEMBERS 1 {member}");
        client.answer(&import);
        assert_eq!(subscriber.heard(), expected, "{import}");
    }
    // One that came with its time up was never here. It may join, and that is all.
    client.answer("PRESENCE.TOUCH room ann dan");
    assert_eq!(subscriber.heard()[..2], ["join:room ann", "join:room dan"]);
    // An older touch than the one that is there is ignored.
    let import = format!("PRESENCE.TOUCHEX room PX 1 AT {} MEMBERS 1 cid", now - 5);
    assert_eq!(client.answer(&import), "0");
    client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 5 ann bob cid dan eve");
    subscriber.heard();
    sweep(&mut client);
    wait_timeouts(&server, 6);
    assert_eq!(subscriber.heard().len(), 5);
}

#[test]
fn an_import_whose_time_is_up_reports_nothing_of_a_key_that_does_not_retain() {
    let (server, mut client, mut subscriber) = start("");
    let now = client.now_ms();
    for key in ["new", "room"] {
        let import = format!("PRESENCE.TOUCHEX {key} PX 5 AT {} MEMBERS 1 ann", now - 10);
        client.answer("PRESENCE.TOUCH room bob");
        assert_eq!(client.answer(&import), "0");
    }
    assert_eq!(subscriber.heard(), ["join:room bob", "max:room 1"]);
    // It ends the time of who is online, though nothing of it is kept.
    pass(&mut client, 20);
    let at = now + 5;
    client.answer(&format!(
        "PRESENCE.TOUCHEX room PX 9000 AT {at} MEMBERS 1 cid"
    ));
    subscriber.heard();
    client.answer(&format!(
        "PRESENCE.TOUCHEX room PX 1 AT {} MEMBERS 1 cid",
        at + 1
    ));
    assert_eq!(subscriber.heard(), ["timeout:room cid"]);
    server.wait_members(1);
    assert_eq!(subscriber.heard(), [""; 0]);
}

#[test]
fn a_client_that_evicts_reports_what_the_server_would() {
    let (server, mut client, mut subscriber) = start_unswept("");
    client.answer("PRESENCE.CONFIG kept RETAIN 600000");
    for key in ["room", "kept"] {
        blink(&mut client, key, &["ann", "bob", "cid"]);
    }
    subscriber.heard();
    let now = client.now_ms();
    let evict = |client: &mut Client, key, rest: &str| {
        client.answer(&format!("PRESENCE.EVICT {key} {now}{rest}"))
    };
    assert_eq!(evict(&mut client, "room", " LIMIT 1"), "1");
    assert_eq!(subscriber.heard(), ["timeout:room ann"]);
    assert_eq!(evict(&mut client, "room", ""), "2");
    assert_eq!(subscriber.heard(), ["timeout:room bob", "timeout:room cid"]);
    // Those who are remembered are not for it to remove, and so not to report.
    assert_eq!(evict(&mut client, "kept", ""), "0");
    assert_eq!(subscriber.heard(), [""; 0]);
    sweep(&mut client);
    wait_timeouts(&server, 6);
    assert_eq!(subscriber.heard().len(), 3);
    client.answer("PRESENCE.CONFIG kept RETAIN 0");
    server.wait_members(0);
    assert_eq!(subscriber.heard(), [""; 0]);
}

#[test]
fn new_settings_report_nothing_twice_and_lose_nobody() {
    let (server, mut client, mut subscriber) = start("");
    client.answer("PRESENCE.TOUCHEX room PX 300 MEMBERS 2 ann bob");
    // Remembered from now on, and so to be reported before they are removed.
    client.answer("PRESENCE.CONFIG room RETAIN 600000 TTL 1000");
    subscriber.heard();
    wait_timeouts(&server, 2);
    assert_eq!(subscriber.heard(), ["timeout:room ann", "timeout:room bob"]);
    // Removed when their time is up from now on: the one whose time-out was counted but not published.
    client.answer("PRESENCE.TOUCHEX room PX 300 MEMBERS 1 cid");
    client.answer("PRESENCE.CONFIG room RETAIN 0");
    wait_timeouts(&server, 3);
    assert_eq!(subscriber.heard(), ["join:room cid", "timeout:room cid"]);
    server.wait_members(0);

    client.answer("CONFIG SET presence.sweep-interval 60000");
    client.answer("PRESENCE.CONFIG room RETAIN 600000");
    blink(&mut client, "room", &["dan"]);
    client.answer("PRESENCE.CONFIG room RETAIN 0 LINGER 0");
    subscriber.heard();
    sweep(&mut client);
    wait_timeouts(&server, 4);
    assert_eq!(subscriber.heard(), ["timeout:room dan"]);
    wait_until(LIMIT, "the key is gone", || server.presence("keys") == 0);
    assert_eq!(subscriber.heard(), [""; 0]);
}

#[test]
fn transactions_and_scripts_publish_what_their_commands_publish() {
    let (server, mut client, mut subscriber) = start_unswept("");
    blink(&mut client, "room", &["ann"]);
    subscriber.heard();
    client.together(&[
        "PRESENCE.TOUCH room ann bob",
        "PRESENCE.TOUCH room ann",
        "PRESENCE.LEAVE room bob",
        "PRESENCE.TOUCH room bob",
    ]);
    let expected = [
        "timeout:room ann",
        "join:room ann",
        "join:room bob",
        "max:room 2",
        "leave:room bob",
        "join:room bob",
    ];
    assert_eq!(subscriber.heard(), expected);

    client.answer("MULTI");
    client.answer("PRESENCE.LEAVE room ann");
    client.answer("DISCARD");
    assert_eq!(subscriber.heard(), [""; 0]);

    let script = "redis.call('PRESENCE.LEAVE', KEYS[1], 'ann') redis.call('PRESENCE.TOUCH', KEYS[1], 'cid', 'dan') \
                  return redis.call('PRESENCE.COUNT', KEYS[1])";
    assert_eq!(client.int(&["EVAL", script, "1", "room"]), 3);
    let expected = [
        "leave:room ann",
        "join:room cid",
        "join:room dan",
        "max:room 3",
    ];
    assert_eq!(subscriber.heard(), expected);
    // A command that fails half-way through a script has published what was done before it.
    let script =
        "redis.call('PRESENCE.LEAVE', KEYS[1], 'dan') return redis.call('PRESENCE.TOUCH', KEYS[1])";
    client.err(&["EVAL", script, "1", "room"]);
    assert_eq!(subscriber.heard(), ["leave:room dan"]);
    server.assert_clean_log();
}

#[test]
fn a_command_that_is_refused_publishes_nothing() {
    let (_server, mut client, mut subscriber) = start("");
    client.answer("SET text x");
    client.answer("PRESENCE.TOUCH room ann");
    subscriber.heard();
    let later = client.now_ms() + 600_000;
    let mut long = args!["PRESENCE.TOUCH", "room", "bob"].to_vec();
    long.push(vec![b'x'; 65_536]);
    client.err(&long);
    for refused in [
        "PRESENCE.TOUCH text bob".to_owned(),
        format!("PRESENCE.TOUCHEX room AT {later} MEMBERS 1 bob"),
        "PRESENCE.TOUCHEX room MEMBERS 3 bob cid".into(),
        "PRESENCE.TOUCHEX room PX 0 MEMBERS 1 ann".into(),
        format!("PRESENCE.EVICT room {later}"),
        "PRESENCE.LEAVE text ann".into(),
    ] {
        let answer = client.answer(&refused);
        assert!(answer.contains(' '), "{refused}: {answer}");
    }
    client.answer("CONFIG SET maxmemory 1");
    let answer = client.answer("PRESENCE.TOUCH room bob");
    assert!(answer.starts_with("OOM"), "{answer}");
    assert_eq!(subscriber.heard(), [""; 0]);
    // Who leaves is published all the same.
    assert_eq!(client.answer("PRESENCE.LEAVE room ann"), "1");
    assert_eq!(subscriber.heard(), ["leave:room ann"]);
}

#[test]
fn a_clock_that_steps_back_silences_nobody() {
    let mut server = Server::builder().clock("+1h").start();
    let mut client = server.client();
    // Asked for an hour from now, by the clock that will be put right, and after the eviction has run.
    pass(&mut client, 300);
    client.answer("CONFIG SET presence.events t");
    let mut subscriber = Subscriber::new(server.client(), ALL);
    client.answer("PRESENCE.CONFIG room RETAIN 600000");
    client.touchex("room", 1, None, ["ann"]);
    wait_timeouts(&server, 1);
    assert_eq!(subscriber.heard(), ["timeout:room ann"]);
    let wrong = client.now_ms();
    server.set_clock("+0");
    wait_until(LIMIT, "the clock is put right", || {
        client.now_ms() < wrong - 3_000_000
    });
    // Online again by the clock, and reported already.
    assert_eq!(client.answer("PRESENCE.COUNT room"), "1");
    client.touchex("room", 1, None, ["bob"]);
    wait_timeouts(&server, 2);
    assert_eq!(subscriber.heard(), ["timeout:room bob"]);
}
