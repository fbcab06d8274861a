//! The eviction finds a key with members due wherever it has gone: under another name, in another database, in a copy,
//! out of a dump, a file or a replication stream, and where a key of its name was flushed before.

use redis::Value;

use crate::common::{Client, LIMIT, Server, touchex, wait_caught_up, wait_until};

/// How long the members of a test are online, in ms: long enough for the verb that is tested to come first.
const TTL: i64 = 1000;

/// The same where the server is stopped and started in between, on a busy machine and in a container.
const TTL_OVER_A_RESTART: i64 = 4000;

/// Members in a key of `touch`.
const MEMBERS: u64 = 3;

/// A few members who time out soon.
fn touch(client: &mut Client, key: &str) {
    touch_for(client, key, TTL);
}

fn touch_for(client: &mut Client, key: &str, ttl: i64) {
    let command = touchex(key, ttl, None, ["ann", "bob", "cid"]);
    assert_eq!(client.int(&command), MEMBERS as i64);
}

/// The members have come through what was done, and now they go, and with them the keys.
#[track_caller]
fn all_go(server: &Server, members: u64) {
    assert_eq!(server.presence("members"), members, "the test was too slow");
    all_gone(server, members);
}

/// So many members are evicted, and with them the keys.
#[track_caller]
fn all_gone(server: &Server, members: u64) {
    server.wait_members(0);
    assert_eq!(server.presence("evicted"), members);
    wait_until(LIMIT, "the keys have gone", || server.presence("keys") == 0);
}

fn start() -> (Server, Client) {
    let server = Server::builder().module_args("default-linger 0").start();
    let client = server.client();
    (server, client)
}

#[test]
fn after_rename() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    client.cmd(&["RENAME", "room", "hall"]);
    all_go(&server, MEMBERS);
}

#[test]
fn after_rename_over_another() {
    let (server, mut client) = start();
    touch(&mut client, "hall");
    touch(&mut client, "room");
    client.cmd(&["RENAME", "room", "hall"]);
    client.cmd(&["RENAME", "hall", "room"]);
    all_go(&server, MEMBERS);
}

#[test]
fn after_copy() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    assert_eq!(client.int(&["COPY", "room", "hall"]), 1);
    all_go(&server, 2 * MEMBERS);
}

#[test]
fn after_copy_to_another_database() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    assert_eq!(client.int(&["COPY", "room", "room", "DB", "5"]), 1);
    client.cmd(&["DEL", "room"]);
    all_go(&server, MEMBERS);
}

#[test]
fn after_copy_over_another() {
    let (server, mut client) = start();
    client.cmd(&["PRESENCE.TOUCH", "hall", "dan"]);
    touch(&mut client, "room");
    assert_eq!(client.int(&["COPY", "room", "hall", "REPLACE"]), 1);
    all_go(&server, 2 * MEMBERS);
}

#[test]
fn after_move() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    assert_eq!(client.int(&["MOVE", "room", "7"]), 1);
    all_go(&server, MEMBERS);
}

#[test]
fn after_restore() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    let Value::BulkString(dump) = client.cmd(&["DUMP", "room"]) else {
        panic!("a dump is a string");
    };
    client.cmd(&args!["RESTORE", "hall", 0, dump]);
    client.cmd(&["DEL", "room"]);
    all_go(&server, MEMBERS);
}

#[test]
fn after_restore_replace() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    let Value::BulkString(dump) = client.cmd(&["DUMP", "room"]) else {
        panic!("a dump is a string");
    };
    client.cmd(&["PRESENCE.TOUCH", "hall", "dan"]);
    for key in ["room", "hall"] {
        client.cmd(&args!["RESTORE", key, 0, dump, "REPLACE"]);
    }
    all_go(&server, 2 * MEMBERS);
}

#[test]
fn after_swapdb() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    client.cmd(&["SWAPDB", "0", "9"]);
    touch(&mut client, "hall");
    all_go(&server, 2 * MEMBERS);
}

#[test]
fn after_swapdb_there_and_back() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    for (first, second) in [("0", "9"), ("9", "3"), ("1", "3"), ("2", "4")] {
        client.cmd(&["SWAPDB", first, second]);
    }
    client.cmd(&["SELECT", "1"]);
    assert_eq!(client.int(&["EXISTS", "room"]), 1);
    all_go(&server, MEMBERS);
}

#[test]
fn after_flushdb_and_again() {
    let (server, mut client) = start();
    for _ in 0..2 {
        touch(&mut client, "room");
        client.cmd(&["FLUSHDB", "SYNC"]);
    }
    touch(&mut client, "room");
    all_go(&server, MEMBERS);
}

#[test]
fn after_flushdb_of_another_database() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    client.cmd(&["SELECT", "2"]);
    touch(&mut client, "room");
    client.cmd(&["FLUSHDB", "SYNC"]);
    all_go(&server, MEMBERS);
}

#[test]
fn after_flushall_async_and_again() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    client.cmd(&["SWAPDB", "0", "1"]);
    client.cmd(&["FLUSHALL", "ASYNC"]);
    touch(&mut client, "room");
    wait_until(LIMIT, "what was flushed is freed", || {
        server.presence("members") == MEMBERS
    });
    all_go(&server, MEMBERS);
}

#[test]
fn after_debug_reload() {
    let (server, mut client) = start();
    touch(&mut client, "room");
    client.cmd(&["DEBUG", "RELOAD"]);
    all_go(&server, MEMBERS);
}

#[test]
fn after_a_restart_from_rdb() {
    let (mut server, mut client) = start();
    client.cmd(&["SELECT", "4"]);
    touch_for(&mut client, "room", TTL_OVER_A_RESTART);
    client.cmd(&["SAVE"]);
    server.restart();
    all_go(&server, MEMBERS);
}

/// The log is replayed as it was written, then rewritten and replayed in that form.
fn restart_from_aof(preamble: &str) {
    let mut server = Server::builder()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .arg(&format!("aof-use-rdb-preamble {preamble}"))
        .module_args("default-linger 0")
        .start();
    let mut client = server.client();
    client.cmd(&["SELECT", "4"]);
    touch_for(&mut client, "room", TTL_OVER_A_RESTART);
    server.restart();
    all_go(&server, MEMBERS);

    let mut client = server.client();
    client.cmd(&["SELECT", "4"]);
    touch_for(&mut client, "room", TTL_OVER_A_RESTART);
    client.cmd(&["BGREWRITEAOF"]);
    wait_until(LIMIT, "the log is rewritten", || {
        server.info_field("persistence", "aof_rewrite_in_progress") == "0"
            && server
                .log()
                .contains("Background AOF rewrite finished successfully")
    });
    server.restart();
    all_go(&server, MEMBERS);
}

#[test]
fn after_a_restart_from_aof_with_preamble() {
    restart_from_aof("yes");
}

#[test]
fn after_a_restart_from_aof_without_preamble() {
    restart_from_aof("no");
}

/// The replica becomes a primary while the members are still online, or hidden but still stored.
#[track_caller]
fn promote(primary: &Server, replica: &Server) {
    wait_caught_up(primary, replica);
    // What a second load replaces is freed in the background, and counted until then.
    wait_until(LIMIT, "the replica holds what the primary does", || {
        replica.presence("members") == primary.presence("members")
    });
    let stored = replica.presence("members");
    let mut reader = replica.client();
    wait_until(LIMIT, "all are offline", || {
        reader.int(&["PRESENCE.COUNT", "room"]) == 0
    });
    assert_eq!(
        replica.presence("members"),
        stored,
        "a replica removed them"
    );
    reader.cmd(&["REPLICAOF", "NO", "ONE"]);
    all_gone(replica, stored);
}

/// A primary that leaves all the evicting to whoever takes over from it.
fn idle_primary() -> (Server, Client) {
    let server = Server::builder()
        .module_args("default-linger 0 sweep-interval 60000")
        .arg("repl-backlog-size 16kb")
        .start();
    let client = server.client();
    (server, client)
}

#[test]
fn after_the_promotion_of_a_replica_that_was_fed() {
    let (primary, mut client) = idle_primary();
    let replica = Server::start_replica_of(&primary);
    touch(&mut client, "room");
    promote(&primary, &replica);
}

#[test]
fn after_the_promotion_of_a_replica_that_was_loaded() {
    let (primary, mut client) = idle_primary();
    touch(&mut client, "room");
    let replica = Server::start_replica_of(&primary);
    promote(&primary, &replica);
}

#[test]
fn after_loading_beside_the_old_data_and_promotion() {
    let (primary, mut client) = idle_primary();
    touch(&mut client, "hall");
    let replica = Server::builder()
        .arg("repl-diskless-load swapdb")
        .start_replica_of(&primary);
    touch(&mut client, "room");
    wait_caught_up(&primary, &replica);
    // The link breaks, and more than the backlog holds is written at the same moment.
    client.cmd(&["MULTI"]);
    client.cmd(&["CLIENT", "KILL", "TYPE", "replica"]);
    for _ in 0..40 {
        client.cmd(&args!["SET", "big", vec![b'x'; 100_000]]);
    }
    client.cmd(&["DEL", "big"]);
    client.cmd(&["EXEC"]);
    let syncs = || {
        replica
            .log()
            .matches("REPLICA sync: Finished with success")
            .count()
    };
    wait_until(LIMIT, "the replica is loaded a second time", || {
        syncs() == 2
    });
    replica.wait_link_up();
    promote(&primary, &replica);
}

/// Two crowds of one moment, of which some have been removed when the eviction stopped, and its server.
fn half_removed() -> (Server, Client) {
    const CROWD: u64 = 100_000;
    // What a verb frees is to be gone, and no longer counted, when it answers.
    let server = Server::builder()
        .arg("lazyfree-lazy-server-del no")
        .arg("lazyfree-lazy-user-del no")
        .module_args("sweep-interval 60000 sweep-budget 100")
        .start();
    let mut client = server.client();
    for key in ["room", "hall"] {
        client.touch_crowd(key, 1, None, (0..CROWD).map(|number| number.to_string()));
    }
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "1"]);
    wait_until(LIMIT, "some are evicted", || server.presence("evicted") > 0);
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "60000"]);
    let left = server.presence("members");
    assert!((1..2 * CROWD).contains(&left), "{left} left");
    (server, client)
}

#[test]
fn in_the_middle_of_a_crowd() {
    for verbs in [
        &["RENAME room elsewhere", "RENAME hall room"][..],
        &["COPY room copy", "COPY hall room REPLACE"],
        &["MOVE room 5", "MOVE hall 5"],
        &["SWAPDB 0 5"],
        &["SWAPDB 0 5", "SWAPDB 5 7", "SWAPDB 7 0"],
        &["FLUSHDB SYNC"],
        &["DEL room", "PRESENCE.TOUCHEX room PX 1 MEMBERS 1 ann"],
        &["DEBUG RELOAD"],
    ] {
        let (server, mut client) = half_removed();
        for verb in verbs {
            let answer = client.answer(verb);
            assert!(["OK", "1"].contains(&answer.as_str()), "{verb}: {answer}");
        }
        let (left, evicted) = (server.presence("members"), server.presence("evicted"));
        client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "10"]);
        server.wait_members(0);
        assert_eq!(server.presence("evicted"), evicted + left, "{verbs:?}");
        server.assert_clean_log();
    }
}
