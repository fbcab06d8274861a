//! A member who is forgotten while online has left, which is published once; one whose time was up has timed out, if
//! that was not reported; and for one who was offline there is no event.

use crate::common::{Server, Subscriber};

use super::{pass, start_unswept, sweep, wait_timeouts};

#[test]
fn who_was_online_leaves_and_who_was_not_is_not_mentioned() {
    for retain in [0, 600_000] {
        // In one block, and in a table.
        for others in [0, 200] {
            let (server, mut client, mut subscriber) = start_unswept("");
            client.answer(&format!("PRESENCE.CONFIG room RETAIN {retain}"));
            let mut touch = args!["PRESENCE.TOUCH", "room", "ann", "bob", "cid", "dan"].to_vec();
            touch.extend((0..others).map(|other| format!("other {other}").into_bytes()));
            client.cmd(&touch);
            client.answer("PRESENCE.LEAVE room cid");
            subscriber.heard();
            client.answer("PRESENCE.FORGET room bob nobody cid ann bob");
            assert_eq!(subscriber.heard(), ["leave:room bob", "leave:room ann"]);
            client.answer("PRESENCE.FORGET room ann bob");
            assert_eq!(subscriber.heard(), [""; 0]);
            // Nothing more comes of them.
            client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 dan");
            sweep(&mut client);
            wait_timeouts(&server, 1);
            assert_eq!(subscriber.heard(), ["timeout:room dan"]);
            client.answer("PRESENCE.TOUCH room ann");
            assert_eq!(subscriber.heard(), ["join:room ann"]);
        }
    }
}

#[test]
fn one_whose_time_was_up_times_out_where_that_was_not_reported() {
    for retain in [0, 600_000] {
        let (server, mut client, mut subscriber) = start_unswept("");
        client.answer(&format!("PRESENCE.CONFIG room RETAIN {retain}"));
        client.answer("PRESENCE.TOUCH room eve");
        client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 2 ann bob");
        pass(&mut client, 1);
        subscriber.heard();
        client.answer("PRESENCE.FORGET room ann");
        assert_eq!(subscriber.heard(), ["timeout:room ann"]);
        sweep(&mut client);
        wait_timeouts(&server, 2);
        assert_eq!(subscriber.heard(), ["timeout:room bob"]);
        client.answer("PRESENCE.FORGET room bob");
        assert_eq!(subscriber.heard(), [""; 0]);
    }
}

#[test]
fn the_members_of_a_key_that_is_over_time_out_when_they_are_forgotten() {
    let (server, mut client, mut subscriber) = start_unswept("");
    client.answer("PRESENCE.CONFIG room LINGER 0");
    client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 2 ann bob");
    pass(&mut client, 1);
    subscriber.heard();
    for expected in [&["timeout:room ann"][..], &[]] {
        assert_eq!(client.answer("PRESENCE.FORGET room ann"), "0");
        assert_eq!(subscriber.heard(), expected);
        assert_eq!(client.answer("EXISTS room"), "0");
    }
    sweep(&mut client);
    wait_timeouts(&server, 2);
    assert_eq!(subscriber.heard(), ["timeout:room bob"]);
}

#[test]
fn transactions_and_scripts_publish_it_in_order() {
    let (_server, mut client, mut subscriber) = start_unswept("");
    client.together(&[
        "PRESENCE.TOUCH room ann",
        "PRESENCE.FORGET room ann",
        "PRESENCE.TOUCH room ann",
        "PRESENCE.LEAVE room ann",
        "PRESENCE.FORGET room ann",
    ]);
    let expected = [
        "join:room ann",
        "max:room 1",
        "leave:room ann",
        "join:room ann",
        "leave:room ann",
    ];
    assert_eq!(subscriber.heard(), expected);
    let script = "redis.call('PRESENCE.TOUCH', KEYS[1], 'bob') return redis.call('PRESENCE.FORGET', KEYS[1], 'bob')";
    assert_eq!(client.int(&["EVAL", script, "1", "room"]), 1);
    assert_eq!(subscriber.heard(), ["join:room bob", "leave:room bob"]);
}

#[test]
fn notifications_say_leave_and_then_del_of_a_key_that_goes() {
    let server = Server::builder().arg("notify-keyspace-events KA").start();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client3(), &["__*"]);
    client.answer("PRESENCE.CONFIG room LINGER 0");
    client.answer("PRESENCE.TOUCH room ann bob");
    subscriber.heard();
    client.answer("PRESENCE.FORGET room ann nobody");
    let leave = "__keyspace@0__:room presence.leave";
    assert_eq!(subscriber.heard(), [leave]);
    client.answer("PRESENCE.FORGET room bob");
    assert_eq!(subscriber.heard(), [leave, "__keyspace@0__:room del"]);
}
