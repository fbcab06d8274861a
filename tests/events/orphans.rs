//! A key that does not linger is over with its last member, and another may have its name before the time-outs of those
//! who were in it are reported. They are published all the same.

use crate::common::{Client, Server};

use super::{pass, start, start_unswept, sweep, wait_timeouts};

/// A key that does not linger and is over, with these members in it.
fn over(client: &mut Client, key: &str, members: &[&str]) {
    client.answer(&format!("PRESENCE.CONFIG {key} LINGER 0"));
    client.touchex(key, 1, None, members);
    pass(client, 1);
}

#[test]
fn a_key_that_is_over_reports_its_members_though_another_has_its_name() {
    for (act, at_once) in [
        (
            "PRESENCE.TOUCH room cid",
            &["join:room cid", "max:room 1"][..],
        ),
        (
            "PRESENCE.TOUCH room bob dan",
            &[
                "timeout:room bob",
                "join:room bob",
                "join:room dan",
                "max:room 2",
            ],
        ),
        (
            "PRESENCE.TOUCHEX room EX 9 MEMBERS 1 ann",
            &["timeout:room ann", "join:room ann", "max:room 1"],
        ),
        ("PRESENCE.LEAVE room ann", &[]),
        ("PRESENCE.CONFIG room TTL 5000", &[]),
        ("PRESENCE.SETMAX room 3 1700000000000", &[]),
    ] {
        let (server, mut client, mut subscriber) = start_unswept("");
        over(&mut client, "room", &["ann", "bob"]);
        client.answer("SELECT 1");
        over(&mut client, "room", &["ann"]);
        client.answer("SELECT 0");
        subscriber.heard();
        client.answer(act);
        assert_eq!(subscriber.heard(), at_once, "{act}");
        sweep(&mut client);
        wait_timeouts(&server, 3);
        let mut all = subscriber.heard();
        all.extend(at_once.iter().map(|line| line.to_string()));
        all.retain(|line| line.contains("timeout"));
        all.sort();
        assert_eq!(
            all,
            [
                "__presence@1__:timeout:room ann",
                "timeout:room ann",
                "timeout:room bob"
            ],
            "{act}"
        );
        let lag = server.presence("timeout_lag_ms");
        assert!(lag < 60_000, "{lag} ms");
    }
}

#[test]
fn keys_that_are_over_one_after_the_other_under_one_name_each_report() {
    let (server, mut client, mut subscriber) = start_unswept("");
    over(&mut client, "room", &["ann", "bob"]);
    over(&mut client, "room", &["bob", "cid"]);
    over(&mut client, "room", &["dan"]);
    subscriber.heard();
    client.answer("PRESENCE.TOUCH room cid");
    assert_eq!(
        subscriber.heard(),
        ["timeout:room cid", "join:room cid", "max:room 1"]
    );
    sweep(&mut client);
    // Bob came back while his time-out was still to be reported, which was done then.
    wait_timeouts(&server, 5);
    let mut heard = subscriber.heard();
    heard.sort();
    assert_eq!(
        heard,
        ["timeout:room ann", "timeout:room bob", "timeout:room dan"]
    );
}

#[test]
fn a_key_that_is_over_reports_those_only_who_were_not_reported() {
    let (server, mut client, mut subscriber) = start("");
    client.answer("PRESENCE.CONFIG room RETAIN 600000 LINGER 0");
    client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 ann");
    wait_timeouts(&server, 1);
    assert_eq!(subscriber.heard().len(), 3);
    client.answer("CONFIG SET presence.sweep-interval 60000");
    client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 bob");
    client.answer("PRESENCE.CONFIG room RETAIN 1");
    pass(&mut client, 1);
    client.answer("PRESENCE.TOUCH room cid");
    assert_eq!(
        subscriber.heard(),
        ["join:room bob", "join:room cid", "max:room 1"]
    );
    sweep(&mut client);
    wait_timeouts(&server, 2);
    assert_eq!(subscriber.heard(), ["timeout:room bob"]);
}

#[test]
fn who_becomes_a_replica_leaves_the_reporting_to_its_primary() {
    let (server, mut client, mut subscriber) = start_unswept("");
    let other = Server::start();
    over(&mut client, "room", &["ann", "bob"]);
    client.answer("PRESENCE.TOUCH room cid");
    subscriber.heard();
    client.answer(&format!("REPLICAOF 127.0.0.1 {}", other.port()));
    server.wait_link_up();
    sweep(&mut client);
    client.answer("REPLICAOF NO ONE");
    client.touchex("room", 20, None, ["dan"]);
    wait_timeouts(&server, 1);
    assert_eq!(
        subscriber.heard(),
        ["join:room dan", "max:room 1", "timeout:room dan"]
    );
}
