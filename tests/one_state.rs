//! Every server that is given the same commands holds the same state, whatever its own settings and however far its
//! eviction is, and `DEBUG DIGEST` sees all of that state.

use redis::Value;

use crate::common::errors::{no_number, syntax};
use crate::common::{Client, LIMIT, Server, touchex, wait_caught_up, wait_until};

#[test]
fn forms_that_only_a_primary_uses_are_refused_from_a_client() {
    let (_server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann"]);
    let now = client.now_ms();
    let made = args!["PRESENCE.CONFIG", "room", "TTL", 5, "AT", now];
    let option = "TTL milliseconds, RETAIN milliseconds, LINGER milliseconds, RESOLUTION milliseconds or CAP members expected";
    assert_eq!(client.err(&made), syntax(option));
    let left = ["PRESENCE.TOUCHEX", "room", "PX", "0", "MEMBERS", "1", "ann"];
    let error = no_number("PX takes milliseconds from 1 to 315360000000");
    assert_eq!(client.err(&left), error);
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), 1);
}

#[test]
fn the_digest_sees_everything() {
    let (_server, mut client) = Server::start_recording();
    let now = client.now_ms();
    let mut digests = Vec::new();
    for change in [
        args!["PRESENCE.CONFIG", "room", "TTL", 600_000].to_vec(),
        args!["PRESENCE.CONFIG", "room", "RETAIN", 7_000_000].to_vec(),
        args!["PRESENCE.CONFIG", "room", "LINGER", 0].to_vec(),
        args!["PRESENCE.CONFIG", "room", "LINGER", 900_000].to_vec(),
        args!["PRESENCE.CONFIG", "room", "RESOLUTION", 1].to_vec(),
        args!["PRESENCE.CONFIG", "room", "RESOLUTION", 2].to_vec(),
        args!["PRESENCE.CONFIG", "room", "CAP", 100].to_vec(),
        args!["PRESENCE.CONFIG", "room", "RESOLUTION", 0].to_vec(),
        args!["PRESENCE.CONFIG", "room", "CAP", 101].to_vec(),
        touchex("room", 600_000, now - 2, ["ann"]),
        args!["PRESENCE.SETMAX", "room", 9, now - 1000].to_vec(),
        args!["PRESENCE.SETMAX", "room", 9, now - 999].to_vec(),
        args!["PRESENCE.SETMAX", "room", 10, now - 999].to_vec(),
        args!["PRESENCE.SETMAX", "room", 11, now - 999, "GT"].to_vec(),
        touchex("room", 600_000, now - 1, ["ann"]),
        touchex("room", 600_001, now - 1, ["ann"]),
        touchex("room", 600_000, now - 1, ["bob"]),
        args!["PRESENCE.LEAVE", "room", "bob"].to_vec(),
        args!["PRESENCE.FORGET", "room", "ann", "bob"].to_vec(),
    ] {
        client.cmd(&change);
        let digest = client.digest();
        assert!(
            !digests.contains(&digest),
            "not seen: change {}",
            digests.len()
        );
        digests.push(digest);
    }
}

#[test]
fn a_replica_holds_and_passes_on_the_same_whatever_its_own_settings() {
    let (primary, mut client) = Server::start_recording();
    let replica = Server::builder()
        .arg("appendonly yes")
        .module_args("default-ttl 5 default-retain 6 default-linger 0 sweep-interval 10")
        .start_replica_of(&primary);
    wait_until(LIMIT, "the replica's log is written", || {
        replica.info_field("persistence", "aof_rewrite_in_progress") == "0"
            && replica.info_field("persistence", "aof_rewrite_scheduled") == "0"
    });
    let now = client.now_ms();
    for command in [
        args!["PRESENCE.TOUCH", "room", "ann", "bob", "cid"].to_vec(),
        touchex("room", 1, None, ["bob"]),
        touchex("past", 60_000, now - 30_000, ["ann", "bob"]),
        args!["PRESENCE.CONFIG", "made", "RETAIN", 60_000].to_vec(),
        args!["PRESENCE.TOUCH", "made", "ann", "bob"].to_vec(),
        args!["PRESENCE.LEAVE", "made", "ann"].to_vec(),
        args!["PRESENCE.LEAVE", "room", "ann"].to_vec(),
        args!["PRESENCE.FORGET", "past", "bob", "nobody"].to_vec(),
        args!["PRESENCE.TOUCH", "emptied", "ann"].to_vec(),
        args!["PRESENCE.FORGET", "emptied", "ann"].to_vec(),
        args!["PRESENCE.SETMAX", "new", 12, now].to_vec(),
        args!["PRESENCE.SETMAX", "room", 0, 13].to_vec(),
        args!["PRESENCE.SETMAX", "made", 7, now, "GT"].to_vec(),
        args!["PRESENCE.CONFIG", "seldom", "RESOLUTION", 100_000].to_vec(),
        args!["PRESENCE.TOUCH", "seldom", "ann"].to_vec(),
        args!["PRESENCE.TOUCH", "seldom", "ann", "bob"].to_vec(),
        args!["PRESENCE.FORGET", "seldom", "ann", "bob"].to_vec(),
        args!["PRESENCE.TOUCH", "seldom", "cid"].to_vec(),
        args!["PRESENCE.CONFIG", "brief", "LINGER", 0].to_vec(),
        args!["PRESENCE.TOUCH", "brief", "ann"].to_vec(),
        args!["PRESENCE.LEAVE", "brief", "ann"].to_vec(),
    ] {
        client.cmd(&command);
    }
    wait_until(LIMIT, "bob is due", || client.now_ms() > now + 50);
    let now = client.now_ms();
    assert_eq!(client.int(&args!["PRESENCE.EVICT", "room", now]), 1);
    wait_caught_up(&primary, &replica);
    let mut reader = replica.client();
    assert_eq!(reader.digest(), client.digest());
    for key in ["room", "past", "made", "new", "emptied", "seldom"] {
        let state = |client: &mut Client| {
            let mut fields = client.fields(&["PRESENCE.INFO", key]);
            fields.remove("bytes");
            (fields, client.cmd(&["PRESENCE.LIST", key, "WITHSEEN"]))
        };
        assert_eq!(state(&mut reader), state(&mut client), "{key}");
    }
    // What the replica passes on is what it was given.
    let log = replica.aof();
    assert!(log.len() > 15 && primary.aof().ends_with(&log), "{log:#?}");
    assert_eq!(
        reader.cmd(&["PRESENCE.SEEN", "room", "bob"]),
        Value::Array(vec![Value::Nil])
    );
}
