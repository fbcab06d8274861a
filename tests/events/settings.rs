//! Which events go out: the setting, what it refuses, and what neither the server's other settings nor the rights of
//! its users can take away.

use redis::Value;

use crate::common::{LIMIT, Server, Subscriber, touchex, wait_until};

use super::{ALL, start};

/// What is wrong with a set of letters.
const MUST_BE: &str = "argument must be any of the letters j, l, t, m and u, or A for all";

#[test]
fn unknown_letters_are_refused_and_the_old_ones_stay() {
    let server = Server::builder().module_args("events jt").start();
    let mut client = server.client();
    for wrong in [
        "x", "J", "jlx", "j l", "j,l", "a", "*", "join", "\0", "j\0l", "ä",
    ] {
        assert_eq!(
            client.err(&["CONFIG", "SET", "presence.events", wrong]),
            format!(
                "ERR CONFIG SET failed (possibly related to argument 'presence.events') - {MUST_BE}"
            ),
            "{wrong:?}"
        );
        assert_eq!(
            client.answer("CONFIG GET presence.events"),
            r#"["presence.events", "jt"]"#
        );
    }
    // What holds is what it says: a join is published, a leave is not.
    let mut subscriber = Subscriber::new(server.client(), ALL);
    client.answer("PRESENCE.TOUCH room ann");
    client.answer("PRESENCE.LEAVE room ann");
    assert_eq!(subscriber.heard(), ["join:room ann"]);
}

#[test]
fn a_change_that_fails_beside_another_changes_nothing() {
    let (_server, mut client, mut subscriber) = start("");
    for settings in [
        "presence.events j presence.sweep-budget 1",
        "presence.sweep-budget 1 presence.events j",
        "presence.events j presence.default-ttl x",
    ] {
        let answer = client.answer(&format!("CONFIG SET {settings}"));
        assert!(answer.starts_with("ERR CONFIG SET failed"), "{answer}");
        assert_eq!(
            client.answer("CONFIG GET presence.events"),
            r#"["presence.events", "A"]"#
        );
        client.answer("PRESENCE.TOUCH room ann");
        client.answer("PRESENCE.LEAVE room ann");
        let heard = subscriber.heard();
        assert!(heard.contains(&"leave:room ann".into()), "{settings}");
    }
}

#[test]
fn a_server_with_bad_letters_does_not_start_and_says_why() {
    let log = Server::builder()
        .module_args("events jx")
        .start_expecting_failure();
    assert!(
        log.contains(
            "presence: not loaded, the argument 'events' must be any of the letters j, l, t, m and u, or A for all, not 'jx'"
        ),
        "{log}"
    );
    let log = Server::builder()
        .arg("presence.events jx")
        .start_expecting_failure();
    assert!(log.contains(MUST_BE), "{log}");
}

#[test]
fn letters_are_taken_from_the_settings_and_written_back() {
    // The line in the server's settings goes before the load argument.
    let mut server = Server::builder()
        .module_args("events j")
        .arg("presence.events lt")
        .start();
    let get = |server: &Server| server.client().answer("CONFIG GET presence.events");
    assert_eq!(get(&server), r#"["presence.events", "lt"]"#);
    for letters in ["jjm", "A", ""] {
        let mut client = server.client();
        client.cmd(&["CONFIG", "SET", "presence.events", letters]);
        client.cmd(&["CONFIG", "REWRITE"]);
        server.kill9();
        server.start_again();
        let expected = format!(r#"["presence.events", "{letters}"]"#);
        assert_eq!(get(&server), expected);
    }
}

#[test]
fn subscribers_hear_although_publish_is_renamed_away() {
    let server = Server::builder()
        .arg(r#"rename-command PUBLISH """#)
        .module_args("events A")
        .start();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client(), ALL);
    let answer = client.answer("PUBLISH news hello");
    assert!(answer.starts_with("ERR unknown command"), "{answer}");
    client.answer("PRESENCE.TOUCH room ann");
    client.answer("PRESENCE.LEAVE room ann");
    assert_eq!(
        subscriber.heard(),
        ["join:room ann", "max:room 1", "leave:room ann"]
    );
    server.assert_clean_log();
}

#[test]
fn listening_takes_the_channels_permission_and_publishing_takes_none() {
    let (server, mut client, mut all) = start("");
    client.dialog(&[
        (
            "ACL SETUSER listener on nopass resetchannels &__presence@0__:*:room -@all +psubscribe",
            "OK",
        ),
        (
            "ACL SETUSER app on nopass resetchannels -@all +presence.touch +presence.leave ~*",
            "OK",
        ),
    ]);
    let as_user = |name: &str| {
        let mut client = server.client();
        assert_eq!(client.answer(&format!("AUTH {name} any")), "OK");
        client
    };
    let mut listener = as_user("listener");
    let other = listener.answer("PSUBSCRIBE __presence@0__:*:other");
    assert!(other.starts_with("NOPERM"), "{other}");
    // By hand: it may not even listen to where the helper of these tests looks for an end.
    let pattern = "__presence@0__:*:room";
    let room = listener.answer(&format!("PSUBSCRIBE {pattern}"));
    assert!(room.contains("psubscribe"), "{room}");

    let mut app = as_user("app");
    assert!(app.answer("PUBLISH news hello").starts_with("NOPERM"));
    app.dialog(&[
        ("PRESENCE.TOUCH room ann", "1"),
        ("PRESENCE.LEAVE room ann", "1"),
        ("PRESENCE.TOUCH other bob", "1"),
    ]);
    for (event, message) in [("join", "ann"), ("max", "1"), ("leave", "ann")] {
        let channel = format!("__presence@0__:{event}:room");
        let expected = ["pmessage", pattern, &channel, message];
        let expected = expected.map(|part| Value::BulkString(part.into()));
        assert_eq!(listener.receive(LIMIT), Value::Array(expected.into()));
    }
    assert_eq!(all.heard().len(), 5);
}

#[test]
fn time_outs_asked_for_at_run_time_are_published_from_then_on_however_many_keys_there_are() {
    const ROOMS: usize = 30_000;
    let server = Server::builder()
        .module_args("default-retain 4000 sweep-budget 100")
        .start();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client(), &["__presence@0__:timeout:later*"]);
    let start = client.now_ms();
    // Due to be removed at one moment, soon after the events are asked for.
    for room in 0..ROOMS {
        client.send(&touchex(&format!("room:{room}"), 10, start, ["ann"]));
    }
    (0..ROOMS).for_each(|_| drop(client.receive(LIMIT)));
    for (key, ttl) in [("later:1", 3900), ("later:2", 6000)] {
        client.cmd(&["PRESENCE.CONFIG", key, "RETAIN", "600000"]);
        client.touchex(key, ttl, start, ["ann"]);
    }
    client.touchex("later:0", 100, None, ["ann"]);
    wait_until(LIMIT, "they are about to go", || {
        client.now_ms() >= start + 3800
    });
    assert_eq!(server.presence("members"), ROOMS as u64 + 3);
    assert_eq!(client.answer("CONFIG SET presence.events t"), "OK");
    let mut hear = || String::from_utf8(subscriber.next().0).expect("plain");
    // Earlier time-outs are not published any more, though the members are remembered.
    assert_eq!(hear(), "__presence@0__:timeout:later:1");
    assert_eq!(hear(), "__presence@0__:timeout:later:2");
    assert_eq!(subscriber.heard(), [""; 0]);
}
