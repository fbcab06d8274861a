//! Groups of sessions: `PRESENCE.LEASE` and `PRESENCE.DROP`. A large one ends in bites, through whatever comes in between.

use super::{dialog, ids, unswept};
use crate::common::{
    Client, LIMIT, Server, Subscriber, assert_same_everywhere, wait_caught_up, wait_until,
};

#[test]
fn the_sessions_of_a_group_that_is_dropped_end() {
    let server = unswept();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client3(), &["__presence@*"]);
    dialog(
        &mut client,
        &[
            ("ATTACH room ann phone GROUP one", "1"),
            ("ATTACH room ann laptop GROUP two", "0"),
            ("ATTACH room bob tab GROUP one", "1"),
            ("ATTACH room cid desk", "1"),
            ("DROP room none", "0"),
            ("DROP room one none", "2"),
            ("ISONLINE room ann bob cid", "[1, 0, 1]"),
            (
                "BEAT room SESSIONS 4 phone laptop tab desk",
                r#"["phone", "tab"]"#,
            ),
            ("DROP room one", "0"),
            // One that moved to another group, and one that is attached again without a word about it.
            ("ATTACH room ann laptop GROUP one", "0"),
            ("ATTACH room ann laptop", "0"),
            ("DROP room two", "0"),
            ("DROP room one", "1"),
            ("ISONLINE room ann", "[0]"),
            ("DROP none one", "0"),
        ],
    );
    let heard = subscriber.heard();
    let left = heard.iter().filter(|line| line.starts_with("leave"));
    assert_eq!(
        left.collect::<Vec<_>>(),
        ["leave:room bob", "leave:room ann"]
    );
}

#[test]
fn a_group_ends_with_its_lease() {
    let primary = Server::builder()
        .module_args("sweep-interval 10 events l")
        .start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    let mut subscriber = Subscriber::new(primary.client3(), &["__presence@*"]);
    dialog(
        &mut client,
        &[
            ("LEASE room dead EX 300", "OK"),
            ("LEASE room alive EX 300", "OK"),
            ("ATTACH room ann phone GROUP dead", "1"),
            ("ATTACH room ann laptop GROUP alive", "0"),
            ("ATTACH room bob tab GROUP dead", "1"),
            ("ATTACH room cid desk GROUP unleased", "1"),
            ("LEASE room dead PX 1", "OK"),
        ],
    );
    wait_until(LIMIT, "bob is offline", || {
        client.answer("PRESENCE.ISONLINE room ann bob cid") == "[1, 0, 1]"
    });
    assert_eq!(ids(&mut client, "ann"), ["laptop"]);
    assert_eq!(subscriber.heard(), ["leave:room bob"]);
    // The name stands for another group.
    dialog(
        &mut client,
        &[
            ("ATTACH room bob tab GROUP dead", "1"),
            ("DROP room dead alive unleased", "3"),
        ],
    );
    wait_caught_up(&primary, &replica);
    assert_eq!(replica.client().digest(), client.digest());
}

/// A gateway leases before its first client, and its key stays for as long.
#[test]
fn a_lease_keeps_its_key() {
    let server = Server::builder().module_args("sweep-interval 10").start();
    let mut client = server.client();
    client.answer("CONFIG SET presence.default-linger 0");
    client.answer("PRESENCE.LEASE room gateway EX 300");
    client.answer("PRESENCE.ATTACH room ann phone GROUP gateway");
    client.answer("PRESENCE.DETACH room SESSIONS 1 phone");
    let before = client.int(&["PRESENCE.COUNT", "room"]);
    assert_eq!((before, client.answer("EXISTS room")), (0, "1".into()));
    client.answer("PRESENCE.LEASE room gateway PX 1");
    wait_until(LIMIT, "it is gone", || client.answer("EXISTS room") == "0");
}

/// How many sessions of a key are still to end.
pub fn dropping(client: &mut Client, key: &str) -> usize {
    let info = client.answer(&format!("PRESENCE.INFO {key}"));
    // Without sessions it is not there.
    let rest = info.split("\"dropping\", ").nth(1).unwrap_or("0");
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
    digits
        .and_then(|digits| digits.parse().ok())
        .expect("a number")
}

/// Attaches so many sessions of as many members to the group `gateway`.
fn crowd(client: &mut Client, key: &str, count: usize) {
    for number in 0..count {
        client.answer(&format!(
            "PRESENCE.ATTACH {key} user:{number} session:{number} EX 9000 GROUP gateway"
        ));
    }
}

/// Each counts until its turn comes, one that is attached again lives, and every server holds the same in the middle of it.
#[test]
fn a_large_group_ends_in_bites() {
    assert_same_everywhere(
        |client| {
            crowd(client, "room", 2500);
            dialog(
                client,
                &[
                    ("DROP room gateway", "2500"),
                    ("COUNT room", "1500"),
                    ("ISONLINE room user:999 user:1000", "[0, 1]"),
                    ("LEASE room gateway EX 9000", "OK"),
                    ("ATTACH room user:7 session:7 GROUP gateway EX 9000", "1"),
                    (
                        "ATTACH room user:2400 session:2400 GROUP gateway EX 9000",
                        "0",
                    ),
                    ("BEAT room EX 9000 SESSIONS 1 session:2000", "[]"),
                ],
            );
            assert_eq!(dropping(client, "room"), 1499);
        },
        |client| assert_eq!(dropping(client, "room"), 1499),
    );
    let server = Server::builder().module_args("sweep-interval 10").start();
    let replica = Server::start_replica_of(&server);
    let mut client = server.client();
    crowd(&mut client, "room", 5000);
    assert_eq!(client.answer("PRESENCE.DROP room gateway"), "5000");
    assert_eq!(
        client.answer("PRESENCE.ATTACH room ann phone GROUP gateway"),
        "1"
    );
    wait_until(LIMIT, "all are gone", || dropping(&mut client, "room") == 0);
    assert_eq!(client.answer("PRESENCE.LIST room"), r#"["ann"]"#);
    wait_caught_up(&server, &replica);
    assert_eq!(replica.client().digest(), client.digest());
}

/// It takes a bite of those that were dropped before, and every server the same.
#[test]
fn a_drop_of_a_group_that_is_not_there_is_told_of() {
    assert_same_everywhere(
        |client| {
            crowd(client, "room", 2500);
            dialog(
                client,
                &[("DROP room gateway", "2500"), ("DROP room none", "0")],
            );
            assert_eq!(dropping(client, "room"), 500);
        },
        |client| assert_eq!(dropping(client, "room"), 500),
    );
}

/// While writes are paused nothing is replicated, so no session ends, and afterwards all do. A replica that takes over goes on.
#[test]
fn bites_wait_through_a_pause_and_go_on_after_a_failover() {
    let mut primary = Server::builder().module_args("sweep-interval 10").start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    crowd(&mut client, "room", 5000);
    let mut others = replica.client();
    client.together(&["PRESENCE.DROP room gateway", "CLIENT PAUSE 60000 WRITE"]);
    assert_eq!(dropping(&mut client, "room"), 4000);
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), 4000);
    wait_until(LIMIT, "the replica has the first bite", || {
        others.int(&["PRESENCE.COUNT", "room"]) == 4000
    });
    assert_eq!(dropping(&mut client, "room"), 4000);
    primary.kill9();
    others.answer("REPLICAOF NO ONE");
    others.answer("CONFIG SET presence.sweep-interval 10");
    wait_until(LIMIT, "all are gone", || dropping(&mut others, "room") == 0);
    assert_eq!(others.int(&["PRESENCE.COUNT", "room"]), 0);
}
