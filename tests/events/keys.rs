//! Events go along with a key: what is done to it with the server's own commands, and what becomes of it over a
//! restart, tells nobody twice and forgets nobody.

use crate::common::{Builder, Client, Server, Subscriber};

use super::{ALL, pass, start, sweep, wait_for_clock, wait_timeouts};

/// Makes a key that retains, in which ann's time is up and was reported, bob's will be in a while, and cid stays.
fn retaining(server: &Server, client: &mut Client, key: &str, bob: i64) {
    let before = server.presence("timeouts");
    client.dialog(&[
        (&format!("PRESENCE.CONFIG {key} RETAIN 600000"), "OK"),
        (&format!("PRESENCE.TOUCHEX {key} PX 1 MEMBERS 1 ann"), "1"),
        (
            &format!("PRESENCE.TOUCHEX {key} PX {bob} MEMBERS 1 bob"),
            "1",
        ),
        (&format!("PRESENCE.TOUCH {key} cid"), "1"),
    ]);
    wait_timeouts(server, before + 1);
}

/// What is heard up to the time-out of a member of a key of its own, whose time was up after all the others'.
fn heard_until_later(client: &mut Client, subscriber: &mut Subscriber) -> Vec<String> {
    client.answer("PRESENCE.TOUCHEX later PX 300 MEMBERS 1 zoe");
    let mut heard = Vec::new();
    let end = b"__presence@0__:timeout:later".to_vec();
    loop {
        let (channel, member) = subscriber.next();
        if channel == end {
            break;
        }
        let channel = String::from_utf8(channel).expect("a plain name");
        let member = String::from_utf8(member).expect("a plain name");
        if !channel.ends_with(":later") {
            heard.push(format!("{channel} {member}").replace("__presence@0__:", ""));
        }
    }
    heard.extend(subscriber.heard());
    heard
}

#[test]
fn a_copy_goes_its_own_way_from_then_on() {
    let (server, mut client, mut subscriber) = start("");
    retaining(&server, &mut client, "room", 1500);
    subscriber.heard();
    client.answer("COPY room copy");
    client.answer("COPY room copy DB 3");
    wait_timeouts(&server, 4);
    let mut heard = subscriber.heard();
    heard.sort();
    assert_eq!(
        heard,
        [
            "__presence@3__:timeout:copy bob",
            "timeout:copy bob",
            "timeout:room bob",
        ]
    );
    for key in ["room", "copy"] {
        client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 0"));
    }
    assert_eq!(
        heard_until_later(&mut client, &mut subscriber),
        [""; 0],
        "nobody is published twice"
    );
}

#[test]
fn a_key_publishes_under_the_name_that_it_has() {
    for (act, channel) in [
        ("RENAME room hall", "timeout:hall"),
        ("MOVE room 3", "__presence@3__:timeout:room"),
        ("SWAPDB 0 5", "__presence@5__:timeout:room"),
    ] {
        let (server, mut client, mut subscriber) = start("");
        client.answer("PRESENCE.TOUCHEX other PX 1500 MEMBERS 1 dan");
        client.answer("DEL other");
        retaining(&server, &mut client, "room", 1500);
        subscriber.heard();
        client.answer(act);
        wait_timeouts(&server, 2);
        assert_eq!(subscriber.heard(), [format!("{channel} bob")], "{act}");
        assert_eq!(
            heard_until_later(&mut client, &mut subscriber),
            [""; 0],
            "{act}"
        );
    }
}

#[test]
fn a_restored_key_reports_those_who_time_out_from_then_on() {
    let (server, mut client, mut subscriber) = start("");
    retaining(&server, &mut client, "room", 1500);
    client.answer("PRESENCE.TOUCHEX gone PX 1 MEMBERS 1 dan");
    client.answer("PRESENCE.TOUCHEX gone PX 1500 MEMBERS 1 eve");
    wait_timeouts(&server, 2);
    let room = client.bytes_list(&["EVAL", "return {redis.call('DUMP', KEYS[1])}", "1", "room"]);
    let gone = client.bytes_list(&["EVAL", "return {redis.call('DUMP', KEYS[1])}", "1", "gone"]);
    client.answer("DEL room gone");
    subscriber.heard();
    for key in ["room", "other"] {
        client.cmd(&args!["RESTORE", key, 0, room[0].clone()]);
    }
    client.cmd(&args!["RESTORE", "room", 0, room[0].clone(), "REPLACE"]);
    wait_timeouts(&server, 4);
    let mut heard = subscriber.heard();
    heard.sort();
    assert_eq!(heard, ["timeout:other bob", "timeout:room bob"]);
    // Whose time was up in between is reported when he is removed, but not while he is still remembered.
    pass(&mut client, 1500);
    for key in ["room", "gone"] {
        let dump = if key == "gone" { &gone } else { &room };
        client.cmd(&args!["RESTORE", key, 0, dump[0].clone(), "REPLACE"]);
    }
    assert_eq!(
        heard_until_later(&mut client, &mut subscriber),
        ["timeout:gone eve"]
    );
}

#[test]
fn a_key_that_is_taken_away_takes_its_members_along_unreported() {
    let (_server, mut client, mut subscriber) = start("");
    for (key, act) in [
        ("a", "DEL a"),
        ("b", "UNLINK b"),
        ("c", "SET c text"),
        ("d", "PEXPIRE d 1"),
        ("e", "RENAME f e"),
        ("g", "COPY f g REPLACE"),
    ] {
        client.answer("PRESENCE.TOUCH f fay");
        client.answer(&format!("PRESENCE.TOUCHEX {key} PX 200 MEMBERS 1 ann"));
        client.answer(act);
    }
    client.answer("SELECT 3");
    client.answer("PRESENCE.TOUCHEX room PX 200 MEMBERS 1 ann");
    client.answer("FLUSHDB ASYNC");
    client.answer("SELECT 0");
    let heard = heard_until_later(&mut client, &mut subscriber);
    let timeouts: Vec<_> = heard
        .iter()
        .filter(|line| line.contains("timeout"))
        .collect();
    assert_eq!(timeouts, [""; 0]);
}

#[test]
fn a_reload_reports_nobody_twice() {
    let (server, mut client, mut subscriber) = start("");
    for key in ["room", "plain"] {
        retaining(&server, &mut client, key, 1500);
    }
    client.answer("PRESENCE.CONFIG plain RETAIN 0");
    server.wait_members(5);
    subscriber.heard();
    client.answer("DEBUG RELOAD");
    let mut heard = heard_until_later(&mut client, &mut subscriber);
    pass(&mut client, 1200);
    heard.extend(heard_until_later(&mut client, &mut subscriber));
    heard.sort();
    assert_eq!(heard, ["timeout:plain bob", "timeout:room bob"]);
}

/// Ways to keep the data over a restart.
fn persistent() -> [(&'static str, Builder); 4] {
    let aof = || Server::builder().arg("appendonly yes");
    [
        ("a dump", Server::builder().arg("save 3600 1")),
        ("a log", aof()),
        (
            "a log that begins with a dump",
            aof().arg("aof-use-rdb-preamble yes"),
        ),
        (
            "a log that begins with commands",
            aof().arg("aof-use-rdb-preamble no"),
        ),
    ]
}

#[test]
fn a_restart_reports_nobody_twice_and_forgets_nobody_who_is_online() {
    for (how, builder) in persistent() {
        let mut server = builder.module_args("events A").start();
        let mut client = server.client();
        retaining(&server, &mut client, "room", 600_000);
        // Whose time is up while the server is down, remembered and not.
        client.answer("PRESENCE.TOUCHEX room PX 2000 MEMBERS 1 dan");
        client.answer("PRESENCE.TOUCHEX plain PX 2000 MEMBERS 1 eve");
        client.answer("PRESENCE.TOUCHEX plain PX 1 MEMBERS 1 ann");
        wait_timeouts(&server, 2);
        let up = client.now_ms() + 2000;
        if how.contains("begins") {
            client.answer("BGREWRITEAOF");
            server.wait_log("Background AOF rewrite finished successfully");
        }
        // Nothing is to be published before somebody listens.
        client.answer("CONFIG SET presence.sweep-interval 60000");
        client.answer("CONFIG REWRITE");
        server.stop();
        wait_for_clock(up);
        server.start_again();
        let mut client = server.client();
        let mut subscriber = Subscriber::new(server.client(), ALL);
        sweep(&mut client);
        let heard = heard_until_later(&mut client, &mut subscriber);
        assert_eq!(heard, ["timeout:plain eve"], "{how}");
        assert_eq!(server.presence("members"), 4, "{how}");
        // Who was online goes on to be followed.
        client.answer("PRESENCE.TOUCH room dan cid");
        client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 bob");
        assert_eq!(
            heard_until_later(&mut client, &mut subscriber),
            ["join:room dan", "timeout:room bob"],
            "{how}"
        );
    }
}

#[test]
fn events_that_are_asked_for_later_begin_then() {
    for (set, unset) in [
        ("presence.events t", "presence.events j"),
        ("notify-keyspace-events Ed", "notify-keyspace-events Eg"),
    ] {
        let server = Server::builder().module_args("events j").start();
        let mut client = server.client();
        let patterns = ["__presence@0__:timeout*", "__keyevent@0__:presence.timeout"];
        let mut subscriber = Subscriber::new(server.client(), &patterns);
        let touch = |client: &mut Client, member: &str, ttl: i64| {
            let line = format!("PRESENCE.TOUCHEX room PX {ttl} MEMBERS 1 {member}");
            assert_eq!(client.answer(&line), "1");
        };
        client.answer("PRESENCE.CONFIG room RETAIN 600000");
        touch(&mut client, "ann", 1);
        touch(&mut client, "bob", 1);
        pass(&mut client, 300);
        client.answer(&format!("CONFIG SET {set}"));
        // At once, before the eviction has seen that somebody asks: neither her old time-out is published nor bob's.
        touch(&mut client, "ann", 600);
        assert_eq!(subscriber.heard(), [""; 0], "{set}");
        touch(&mut client, "cid", 100);
        subscriber.next();
        subscriber.next();
        pass(&mut client, 300);
        assert_eq!(subscriber.heard(), [""; 0], "{set}");
        // What happens while nobody asks is not published afterwards.
        client.answer(&format!("CONFIG SET {unset}"));
        touch(&mut client, "dan", 1);
        pass(&mut client, 300);
        client.answer(&format!("CONFIG SET {set}"));
        touch(&mut client, "cid", 100);
        subscriber.next();
        pass(&mut client, 300);
        assert_eq!(subscriber.heard(), [""; 0], "{set}");
    }
}
