//! Nothing kills the server, or makes it diverge from its replicas, while a crowd is evicted: not a pause, a failover, a
//! full disk of memory, a synchronisation or a script that blocks everybody, with the append-only file on.

use std::time::Duration;

use redis::Value;

use crate::common::commands::calls_of;
use crate::common::{Builder, Client, LIMIT, Server, wait_caught_up, wait_until};

/// Members who time out at one moment.
const CROWD: u64 = 300_000;

/// Members who stay.
const STAYING: u64 = 1000;

/// How long the eviction of a crowd may take while other tests run.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that evicts slowly, for as many things as possible to come in between.
fn slow() -> Builder {
    Server::builder()
        .arg("appendonly yes")
        .arg("repl-diskless-load swapdb")
        .module_args("sweep-budget 100 sweep-interval 10")
}

/// Touches so many members who are new.
fn touch(client: &mut Client, key: &str, ttl: i64, count: u64) {
    let members = (0..count).map(|number| format!("user:{number:010}"));
    assert_eq!(client.touch_crowd(key, ttl, None, members), count as i64);
}

/// A crowd whose time is up but who are remembered, and some who stay.
fn fill(server: &Server) {
    let mut client = server.client();
    touch(&mut client, "staying", 600_000, STAYING);
    client.cmd(&["PRESENCE.CONFIG", "crowd", "RETAIN", "600000"]);
    touch(&mut client, "crowd", 1, CROWD);
}

/// All of the crowd is due from this moment on. Waits until the eviction has begun, which is far from its end then.
fn expire(server: &Server) {
    server
        .client()
        .cmd(&["PRESENCE.CONFIG", "crowd", "RETAIN", "0"]);
    wait_until(LIMIT, "the eviction has begun", || {
        server.presence("evicted") > 0
    });
}

/// The crowd has gone, those who stay have not, and the server is sound.
#[track_caller]
fn assert_evicted(server: &Server, run_id: &str) {
    wait_until(PATIENCE, "the crowd is evicted", || {
        server.presence("members") == STAYING
    });
    assert_eq!(
        server.client().int(&["PRESENCE.COUNT", "staying"]),
        STAYING as i64
    );
    server.assert_sound(run_id);
}

#[track_caller]
fn assert_same(primary: &Server, replica: &Server) {
    wait_caught_up(primary, replica);
    assert_eq!(replica.client().digest(), primary.client().digest());
}

/// The log of what happened makes the same again.
#[track_caller]
fn assert_replays(mut server: Server) {
    let digest = server.client().digest();
    server.restart();
    assert_eq!(server.client().digest(), digest);
    server.assert_clean_log();
}

#[test]
fn a_pause_of_writes() {
    let server = slow().start();
    let replica = slow().start_replica_of(&server);
    let (run_id, mut client) = (server.run_id(), server.client());
    fill(&server);
    expire(&server);
    for _ in 0..5 {
        client.cmd(&["CLIENT", "PAUSE", "60000", "WRITE"]);
        let (stored, offset) = (
            server.presence("members"),
            server.info_field("replication", "master_repl_offset"),
        );
        let now = client.now_ms();
        wait_until(LIMIT, "many runs would have taken place", || {
            client.now_ms() > now + 150
        });
        assert_eq!(server.presence("members"), stored, "evicted in a pause");
        assert_eq!(
            server.info_field("replication", "master_repl_offset"),
            offset,
            "replicated in a pause"
        );
        client.cmd(&["CLIENT", "UNPAUSE"]);
        wait_until(LIMIT, "the eviction goes on", || {
            server.presence("members") < stored
        });
    }
    assert!(
        server.presence("members") > STAYING,
        "it was over before the last pause"
    );
    assert_evicted(&server, &run_id);
    assert_same(&server, &replica);
    assert_replays(server);
}

#[test]
fn a_pause_of_everything() {
    let server = slow().start();
    let run_id = server.run_id();
    fill(&server);
    expire(&server);
    let mut client = server.client();
    client.cmd(&["CLIENT", "PAUSE", "300", "ALL"]);
    assert_evicted(&server, &run_id);
}

#[test]
fn a_failover() {
    let first = slow().start();
    let second = slow().start_replica_of(&first);
    let run_ids = (first.run_id(), second.run_id());
    fill(&first);
    expire(&first);
    let mut client = first.client();
    client.cmd(&args![
        "FAILOVER",
        "TO",
        "127.0.0.1",
        second.port(),
        "TIMEOUT",
        9000
    ]);
    wait_until(LIMIT, "they have changed places", || {
        first.info_field("replication", "role") == "slave"
            && second.info_field("replication", "role") == "master"
    });
    first.wait_link_up();
    assert!(
        second.presence("members") > STAYING,
        "it was over before the failover"
    );
    assert_evicted(&second, &run_ids.1);
    assert_same(&second, &first);
    first.assert_sound(&run_ids.0);
    assert!(first.presence("evicted") > 0 && second.presence("evicted") > 0);
}

#[test]
fn a_replica_is_promoted_and_its_primary_comes_back_to_it() {
    let first = slow().start();
    let second = slow().start_replica_of(&first);
    let run_ids = (first.run_id(), second.run_id());
    fill(&first);
    wait_caught_up(&first, &second);
    expire(&first);
    second.client().cmd(&["REPLICAOF", "NO", "ONE"]);
    assert!(
        second.presence("members") > STAYING,
        "it was over before the promotion"
    );
    first
        .client()
        .cmd(&args!["REPLICAOF", "127.0.0.1", second.port()]);
    assert_evicted(&second, &run_ids.1);
    first.wait_link_up();
    assert_same(&second, &first);
    first.assert_sound(&run_ids.0);
    assert_replays(second);
}

#[test]
fn full_synchronisations_in_the_middle() {
    let primary = slow().start();
    let (run_id, mut client) = (primary.run_id(), primary.client());
    fill(&primary);
    expire(&primary);
    // They come when the sweep has stopped half-way, however fast it is.
    client.cmd(&["CLIENT", "PAUSE", "20000", "WRITE"]);
    let early = slow().start_replica_of(&primary);
    let early_id = early.run_id();
    let late = Server::start_replica_of(&primary);
    assert!(
        late.presence("members") > STAYING,
        "it was over before the synchronisation"
    );
    client.cmd(&["CLIENT", "UNPAUSE"]);
    client.cmd(&["BGREWRITEAOF"]);
    // The first is synchronised once more, for its primary's history is another.
    client.cmd(&["DEBUG", "CHANGE-REPL-ID"]);
    client.cmd(&["CLIENT", "KILL", "TYPE", "replica"]);
    assert_evicted(&primary, &run_id);
    early.wait_link_up();
    late.wait_link_up();
    assert_same(&primary, &early);
    assert_same(&primary, &late);
    early.assert_sound(&early_id);
    wait_until(PATIENCE, "the log is rewritten", || {
        primary.info_field("persistence", "aof_rewrite_in_progress") == "0"
    });
    assert_replays(primary);
}

#[test]
fn too_few_replicas_to_write() {
    let server = slow().arg("min-replicas-to-write 1").start();
    let replica = slow().start_replica_of(&server);
    let (run_id, mut client) = (server.run_id(), server.client());
    wait_until(LIMIT, "writes are allowed", || {
        client.raw(&["SET", "probe", "1"]).is_ok()
    });
    fill(&server);
    expire(&server);
    drop(replica);
    wait_until(LIMIT, "writes are refused", || {
        client.raw(&["SET", "probe", "1"]).is_err()
    });
    let refused = "NOREPLICAS Not enough good replicas to write.";
    assert_eq!(client.err(&["PRESENCE.TOUCH", "crowd", "late"]), refused);
    assert_eq!(
        client.err(&["PRESENCE.LEAVE", "staying", "user:0000000000"]),
        refused
    );
    assert_evicted(&server, &run_id);
    assert_replays(server);
}

/// The server has more than it may, and does about it what `policy` says.
fn fill_memory(client: &mut Client, policy: &str) {
    client.cmd(&args![
        "CONFIG",
        "SET",
        "maxmemory",
        "1kb",
        "maxmemory-policy",
        policy
    ]);
}

#[test]
fn the_memory_is_full() {
    let server = slow().start();
    let (run_id, mut client) = (server.run_id(), server.client());
    fill(&server);
    expire(&server);
    fill_memory(&mut client, "noeviction");
    let full = "OOM command not allowed when used memory > 'maxmemory'.";
    for call in calls_of("denyoom") {
        for key in ["staying", "new"] {
            assert_eq!(client.answer(&call.on(key)), full, "{}", call.line);
        }
    }
    assert_eq!(
        client.int(&["PRESENCE.LEAVE", "staying", "user:0000000000"]),
        1
    );
    assert_eq!(
        client.int(&["PRESENCE.COUNT", "staying"]),
        STAYING as i64 - 1
    );
    wait_until(PATIENCE, "the crowd is evicted", || {
        server.presence("members") == STAYING - 1
    });
    client.cmd(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(
        client.int(&["PRESENCE.TOUCH", "staying", "user:0000000000"]),
        1
    );
    server.assert_sound(&run_id);
    assert_replays(server);
}

#[test]
fn the_memory_is_full_and_keys_are_dropped() {
    let server = slow().start();
    let (run_id, mut client) = (server.run_id(), server.client());
    fill(&server);
    expire(&server);
    fill_memory(&mut client, "allkeys-random");
    wait_until(LIMIT, "both keys are dropped", || {
        // The eviction of the server happens when a command comes.
        let _ = client.raw(&["SET", "probe", "1"]);
        server.presence("keys") == 0
    });
    client.cmd(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(client.int(&["PRESENCE.TOUCH", "crowd", "ann"]), 1);
    server.wait_members(1);
    server.assert_sound(&run_id);
}

#[test]
fn the_server_hangs() {
    let server = slow().start();
    let replica = slow().start_replica_of(&server);
    let (run_id, mut client) = (server.run_id(), server.client());
    fill(&server);
    expire(&server);
    for _ in 0..3 {
        client.cmd(&["DEBUG", "SLEEP", "0.2"]);
        replica.client().cmd(&["DEBUG", "SLEEP", "0.2"]);
    }
    assert_evicted(&server, &run_id);
    assert_same(&server, &replica);
}

#[test]
fn a_script_is_busy() {
    let server = slow().arg("busy-reply-threshold 20").start();
    let replica = slow().start_replica_of(&server);
    let run_id = server.run_id();
    fill(&server);
    expire(&server);
    let (mut runner, mut client) = (server.client(), server.client());
    for _ in 0..3 {
        runner.send(&["EVAL", "while true do end", "0"]);
        wait_until(LIMIT, "the script is busy", || {
            client
                .raw(&["PING"])
                .is_err_and(|error| error.to_string().contains("busy"))
        });
        assert!(
            client
                .err(&["PRESENCE.TOUCH", "crowd", "late"])
                .starts_with("BUSY ")
        );
        assert!(
            client
                .err(&["PRESENCE.COUNT", "crowd"])
                .starts_with("BUSY ")
        );
        client.cmd(&["SCRIPT", "KILL"]);
        assert!(matches!(runner.receive(LIMIT), Value::ServerError(_)));
    }
    assert_evicted(&server, &run_id);
    assert_same(&server, &replica);
    assert_replays(server);
}
