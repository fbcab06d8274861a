//! Logs, files, dumps and copies: what starts from them holds what they were made of.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use redis::Value;

use super::compare::digests;
use super::workload::Workload;
use super::{busy, stop_evicting};
use crate::common::{Client, LIMIT, Server, wait_until};

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

/// The kinds of changes of sessions and groups in the log.
fn kinds_of_changes(server: &Server) -> BTreeSet<String> {
    let log = server.aof();
    let changes = log
        .iter()
        .filter_map(|line| line.strip_prefix("PRESENCE.S "));
    let kinds = changes.filter_map(|change| change.split(' ').nth(1));
    kinds.map(str::to_owned).collect()
}

/// The log is replayed as it was written, then rewritten while the keys are touched and replayed again.
fn replay(preamble: &str) {
    let mut server = busy()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .arg(&format!("aof-use-rdb-preamble {preamble}"))
        .start();
    let mut workload = Workload::new(&server);
    let mut kinds = BTreeSet::new();
    for rewritten in [false, true, true] {
        workload.run(1500);
        workload.crowd(2000);
        kinds.extend(kinds_of_changes(&server));
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
    // They were attached, beaten and detached; groups were leased and dropped; the eviction has found leases that were
    // over, and ended sessions.
    for kind in ["A", "B", "D", "L", "X", "O", "E"] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
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
        // A key's digest says whether it has a time to live, which neither a dump nor a copy takes along.
        workload.persist_all();
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
