//! Keyspace notifications of the module class: one for each event, whether or not it is published, and in an order with
//! the server's own.

use crate::common::{Client, LIMIT, Server, Subscriber, wait_until};

use super::{pass, start_unswept, sweep, wait_timeouts};

/// A server that sends these notifications, and one who listens to all there are.
fn start(classes: &str, module_args: &str) -> (Server, Client, Subscriber) {
    let server = Server::builder()
        .arg(&format!("notify-keyspace-events {classes}"))
        .module_args(module_args)
        .start();
    let (client, subscriber) = (server.client(), Subscriber::new(server.client3(), &["__*"]));
    (server, client, subscriber)
}

/// One of each event.
fn one_of_each(server: &Server, client: &mut Client) {
    let before = server.presence("timeouts");
    client.dialog(&[
        ("SELECT 2", "OK"),
        ("PRESENCE.TOUCH room ann", "1"),
        ("PRESENCE.TOUCH room ann", "0"),
        ("PRESENCE.LEAVE room ann", "1"),
        ("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 bob", "1"),
        ("SELECT 0", "OK"),
    ]);
    wait_timeouts(server, before + 1);
}

#[test]
fn each_event_is_a_notification_of_the_key_and_of_the_event() {
    let (server, mut client, mut subscriber) = start("Kd", "");
    one_of_each(&server, &mut client);
    assert_eq!(
        subscriber.heard(),
        ["join", "max", "leave", "join", "timeout"]
            .map(|event| format!("__keyspace@2__:room presence.{event}"))
    );
    client.answer("FLUSHALL");
    client.answer("CONFIG SET notify-keyspace-events Ed");
    one_of_each(&server, &mut client);
    assert_eq!(
        subscriber.heard(),
        ["join", "max", "leave", "join", "timeout"]
            .map(|event| format!("__keyevent@2__:presence.{event} room"))
    );
    // A key of any bytes; neither its members nor they are in the name of the event.
    client.cmd(&args!["PRESENCE.TOUCH", b"\0\xff\r\n", b"ann"]);
    let heard = subscriber.messages();
    assert_eq!(heard[0].0, b"__keyevent@0__:presence.join");
    assert_eq!(heard[0].1, b"\0\xff\r\n");
}

#[test]
fn notifications_and_published_events_do_not_depend_on_each_other() {
    for (classes, events, expected) in [
        ("\"\"", "", &[][..]),
        ("Kg", "", &[]),
        ("Kg", "j", &["join:room ann", "join:room bob"]),
        (
            "KA",
            "",
            &[
                "__keyspace@0__:room presence.join",
                "__keyspace@0__:room presence.max",
                "__keyspace@0__:room presence.join",
                "__keyspace@0__:room presence.max",
                "__keyspace@0__:room presence.leave",
            ],
        ),
        (
            "Kd",
            "jl",
            &[
                "join:room ann",
                "__keyspace@0__:room presence.join",
                "__keyspace@0__:room presence.max",
                "join:room bob",
                "__keyspace@0__:room presence.join",
                "__keyspace@0__:room presence.max",
                "leave:room bob",
                "__keyspace@0__:room presence.leave",
            ],
        ),
    ] {
        let args = match events {
            "" => String::new(),
            letters => format!("events {letters}"),
        };
        let (_server, mut client, mut subscriber) = start(classes, &args);
        client.answer("PRESENCE.TOUCH room ann");
        client.answer("PRESENCE.TOUCH room bob");
        client.answer("PRESENCE.LEAVE room bob");
        assert_eq!(subscriber.heard(), expected, "{classes} {events}");
    }
}

#[test]
fn a_key_that_goes_is_deleted_after_its_members_were_reported() {
    for linger in [0, 300] {
        let (server, mut client, mut subscriber) = start("Kdg", "events t");
        client.answer(&format!("PRESENCE.CONFIG room LINGER {linger}"));
        client.answer("PRESENCE.TOUCHEX room PX 20 MEMBERS 2 ann bob");
        wait_until(LIMIT, "the key is gone", || server.presence("keys") == 0);
        let timeouts = |name: &str| {
            [
                format!("timeout:room {name}"),
                "__keyspace@0__:room presence.timeout".into(),
            ]
        };
        let mut expected: Vec<String> = ["join", "join", "max"]
            .map(|event| format!("__keyspace@0__:room presence.{event}"))
            .into();
        expected.extend(timeouts("ann"));
        expected.extend(timeouts("bob"));
        expected.push("__keyspace@0__:room del".into());
        assert_eq!(subscriber.heard(), expected, "linger {linger}");
    }
}

#[test]
fn a_key_whose_last_member_leaves_is_deleted_after_that() {
    let (_server, mut client, mut subscriber) = start("Kdg", "events l default-linger 0");
    client.answer("PRESENCE.TOUCH room ann");
    subscriber.heard();
    client.answer("PRESENCE.LEAVE room ann");
    assert_eq!(
        subscriber.heard(),
        [
            "leave:room ann",
            "__keyspace@0__:room presence.leave",
            "__keyspace@0__:room del"
        ]
    );
    assert_eq!(client.int(&["DBSIZE"]), 0);
}

#[test]
fn nobody_is_lost_with_a_key_whose_others_are_over() {
    // The last one leaves, is evicted, or the linger is taken away, while the time of the others is up and nobody has
    // come by.
    for (act, ttl, end) in [
        ("PRESENCE.LEAVE room ann", 600_000, "leave:room ann"),
        ("PRESENCE.EVICT room NOW LIMIT 1", 1, "timeout:room ann"),
        ("PRESENCE.CONFIG room LINGER 0", 1, "timeout:room ann"),
    ] {
        let (server, mut client, mut subscriber) = start_unswept("");
        client.answer("CONFIG SET notify-keyspace-events Eg");
        let mut deleted = Subscriber::new(server.client(), &["__keyevent@0__:del"]);
        let linger = if act.contains("LINGER") { -1 } else { 0 };
        client.answer(&format!("PRESENCE.CONFIG room LINGER {linger}"));
        // Where she does not stay, the key is over the moment after: all in one command.
        client.together(&[
            &format!("PRESENCE.TOUCHEX room PX {ttl} MEMBERS 1 ann"),
            "PRESENCE.TOUCHEX room PX 1 MEMBERS 3 bob cid dan",
        ]);
        pass(&mut client, 1);
        subscriber.heard();
        let now = client.now_ms().to_string();
        client.answer(&act.replace("NOW", &now));
        sweep(&mut client);
        wait_until(LIMIT, "the key is gone", || server.presence("keys") == 0);
        assert_eq!(deleted.heard(), ["__keyevent@0__:del room"], "{act}");
        let mut heard = subscriber.heard();
        heard.sort();
        let mut expected = vec![
            end,
            "timeout:room bob",
            "timeout:room cid",
            "timeout:room dan",
        ];
        expected.sort();
        assert_eq!(heard, expected, "{act}");
    }
}

#[test]
fn retained_members_are_notified_when_their_time_is_up() {
    let (server, mut client, mut subscriber) = start("Ed", "");
    client.answer("PRESENCE.CONFIG room RETAIN 600000");
    client.answer("PRESENCE.TOUCHEX room PX 20 MEMBERS 1 ann");
    subscriber.heard();
    wait_timeouts(&server, 1);
    assert_eq!(subscriber.heard(), ["__keyevent@0__:presence.timeout room"]);
    client.answer("PRESENCE.CONFIG room RETAIN 0");
    server.wait_members(0);
    assert_eq!(subscriber.heard(), [""; 0]);
}
