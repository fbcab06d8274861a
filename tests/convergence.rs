//! Servers that start from one another's data, or follow one another, hold the same state, whatever was done, however
//! it came to them, and while members expire. The work is random; `PRESENCE_SEED` does it again.

mod ties;
mod workload;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use redis::Value;

use crate::common::{Builder, Client, LIMIT, Server, wait_until};
use workload::{Workload, assert_same, digests, let_time_pass};

/// A primary that evicts as often as it can, in small bites.
fn busy() -> Builder {
    Server::builder().module_args("default-ttl 300 sweep-interval 5 sweep-budget 100")
}

#[test]
fn a_replica_follows() {
    let primary = busy().start();
    let replica = busy().start_replica_of(&primary);
    let mut workload = Workload::new(&primary).expiring_keys();
    for round in 0..60 {
        workload.run(120);
        assert_same(&primary, &replica, &format!("round {round}"));
        let_time_pass();
    }
    assert!(primary.presence("evicted") > 100 && primary.presence("joins") > 1000);
    replica.assert_clean_log();
}

#[test]
fn a_replica_of_a_replica_and_one_that_comes_late_follow() {
    let primary = busy().start();
    let mut workload = Workload::new(&primary);
    workload.run(500);
    let middle = busy()
        .arg("repl-diskless-load swapdb")
        .start_replica_of(&primary);
    workload.run(500);
    let last = busy().start_replica_of(&middle);
    for round in 0..20 {
        workload.run(100);
        let mut client = primary.client();
        client.cmd(&["CLIENT", "PAUSE", "20000", "WRITE"]);
        let digest = client.digest();
        for (server, name) in [(&middle, "the middle"), (&last, "the last")] {
            wait_until(
                LIMIT,
                format!("{name} is like the first in round {round}"),
                || server.client().digest() == digest,
            );
        }
        client.cmd(&["CLIENT", "UNPAUSE"]);
        let_time_pass();
    }
}

/// Nothing is evicted from now on, not even after a restart; what this does to the configuration file stays.
fn stop_evicting(server: &Server) {
    let mut client = server.client();
    client.cmd(&["CLIENT", "PAUSE", "20000", "WRITE"]);
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "60000"]);
    client.cmd(&["CONFIG", "REWRITE"]);
}

fn rewrite_log(server: &Server) {
    let finished = || {
        let log = server.log();
        log.matches("Background AOF rewrite finished successfully")
            .count()
    };
    let before = finished();
    server.client().cmd(&["BGREWRITEAOF"]);
    wait_until(LIMIT, "the log is rewritten", || finished() > before);
}

/// The log is replayed as it was written, then rewritten while the keys are touched and replayed again.
fn replay(preamble: &str) {
    let mut server = busy()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .arg(&format!("aof-use-rdb-preamble {preamble}"))
        .start();
    let mut workload = Workload::new(&server);
    for rewritten in [false, true, true] {
        workload.run(1500);
        if rewritten {
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    rewrite_log(&server);
                    done.store(true, Ordering::Relaxed);
                });
                while !done.load(Ordering::Relaxed) {
                    workload.run(10);
                }
            });
            workload.run(50);
        }
        stop_evicting(&server);
        let before = (server.client().digest(), digests(&server));
        server.kill9();
        server.start_again();
        assert_eq!(digests(&server), before.1, "rewritten: {rewritten}");
        assert_eq!(server.client().digest(), before.0);
        // Rewritten as it stands, and replayed again: nothing is lost on that way either.
        rewrite_log(&server);
        server.kill9();
        server.start_again();
        assert_eq!(digests(&server), before.1, "rewritten: {rewritten}");
        server
            .client()
            .cmd(&["CONFIG", "SET", "presence.sweep-interval", "5"]);
        workload.reconnect(&server);
    }
    server.assert_clean_log();
}

#[test]
fn an_append_only_file_with_preamble_is_replayed() {
    replay("yes");
}

#[test]
fn an_append_only_file_without_preamble_is_replayed() {
    replay("no");
}

/// A key's dump, restored, and its copy are the same as the key. `false` where it was evicted from meanwhile.
#[track_caller]
fn compare_copies(client: &mut Client, key: &[u8]) -> bool {
    client.cmd(&args!["WATCH", key]);
    let Value::BulkString(dump) = client.cmd(&args!["DUMP", key]) else {
        return true;
    };
    client.cmd(&["MULTI"]);
    client.cmd(&args!["RESTORE", "restored", 0, dump, "REPLACE"]);
    client.cmd(&args!["COPY", key, "copied"]);
    client.cmd(&args!["DEBUG", "DIGEST-VALUE", key, "restored", "copied"]);
    client.cmd(&["DEL", "restored", "copied"]);
    let Value::Array(replies) = client.cmd(&["EXEC"]) else {
        return false;
    };
    let Value::Array(digests) = &replies[2] else {
        panic!("no digests: {replies:?}");
    };
    assert_eq!(digests[1], digests[0], "restored");
    assert_eq!(digests[2], digests[0], "copied");
    true
}

#[test]
fn files_and_dumps_and_copies_are_the_same() {
    let mut server = busy().start();
    let mut workload = Workload::new(&server);
    for _ in 0..10 {
        workload.run(300);
        let mut client = server.client();
        client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "60000"]);
        // Writes and the eviction stand still for as long as the comparison lasts.
        client.cmd(&["CLIENT", "PAUSE", "20000", "WRITE"]);
        let before = (client.digest(), digests(&server));
        client.cmd(&["DEBUG", "RELOAD"]);
        assert_eq!(digests(&server), before.1);
        assert_eq!(client.digest(), before.0);
        client.cmd(&["CLIENT", "UNPAUSE"]);
        for key in client.bytes_list(&["KEYS", "*"]) {
            wait_until(LIMIT, "a key holds still for a moment", || {
                compare_copies(&mut client, &key)
            });
        }
        client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "5"]);
    }
    stop_evicting(&server);
    let before = (server.client().digest(), digests(&server));
    server.client().cmd(&["SAVE"]);
    server.kill9();
    server.start_again();
    assert_eq!(digests(&server), before.1);
    assert_eq!(server.client().digest(), before.0);
}
