//! A read never writes: it works on a replica, with too few replicas, while writes are paused and with the memory full,
//! and nothing of it is replicated.

use crate::common::commands::{calls_of, reads, writes};
use crate::common::{Client, LIMIT, Server, wait_caught_up, wait_until};

/// `key` with a member online and one whose time is up, and `over`, which is empty and whose linger is over: all that
/// a read could feel like tidying up.
fn fill(client: &mut Client) {
    client.dialog(&[
        ("PRESENCE.TOUCH key ann", "1"),
        ("PRESENCE.TOUCHEX key PX 1 MEMBERS 1 old", "1"),
        ("PRESENCE.CONFIG over LINGER 0", "OK"),
        ("PRESENCE.TOUCHEX over PX 1 MEMBERS 1 old", "1"),
    ]);
    wait_until(LIMIT, "what is to be over is over", || {
        client.answer("PRESENCE.COUNT key") == "1"
            && client.answer("PRESENCE.INFO over") == "ERR no such key"
    });
}

/// What all reads answer on `key`. On `over` they answer as on a missing key.
#[track_caller]
fn read_all(client: &mut Client) -> Vec<String> {
    let mut answers = Vec::new();
    for call in reads() {
        let line = call.on("key");
        let answer = client.answer(&line);
        assert!(!answer.starts_with("ERR"), "{line}: {answer}");
        // How much of a ttl is left is another number each time.
        if !line.contains("WITHTTL") {
            answers.push(answer);
        }
        let line = call.on("over");
        assert_eq!(client.answer(&line), call.on_missing, "{line}");
    }
    answers
}

/// All writes are refused with this error, whether their key exists or not.
#[track_caller]
fn assert_refused(client: &mut Client, error: &str) {
    for call in writes() {
        for key in ["key", "missing"] {
            let line = call.on(key);
            assert_eq!(client.answer(&line), error, "{line}");
        }
    }
}

fn lazy() -> crate::common::Builder {
    Server::builder().module_args("sweep-interval 60000")
}

#[test]
fn nothing_of_a_read_is_replicated_or_logged() {
    let primary = lazy()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .start();
    let replica = lazy().start_replica_of(&primary);
    let mut client = primary.client();
    fill(&mut client);
    wait_caught_up(&primary, &replica);
    let offset = || primary.info_field("replication", "master_repl_offset");
    let log = primary.aof();
    let (before, keys, digest) = (offset(), client.answer("DBSIZE"), client.digest());
    for _ in 0..3 {
        read_all(&mut client);
    }
    // A ping of the primary to its replicas counts, too; it comes every ten seconds, so one of two tries is without.
    if offset() != before {
        let before = offset();
        read_all(&mut client);
        assert_eq!(offset(), before);
    }
    assert_eq!(primary.aof(), log);
    assert_eq!(client.answer("DBSIZE"), keys);
    assert_eq!(client.digest(), digest);
}

#[test]
fn a_replica_answers_reads_as_its_primary_does_and_refuses_writes() {
    let primary = lazy().start();
    let replica = lazy().start_replica_of(&primary);
    let mut client = primary.client();
    fill(&mut client);
    wait_caught_up(&primary, &replica);
    let mut reader = replica.client();
    assert_eq!(read_all(&mut reader), read_all(&mut client));
    assert_refused(
        &mut reader,
        "READONLY You can't write against a read only replica.",
    );
}

#[test]
fn reads_work_with_too_few_replicas() {
    let server = lazy().start();
    let mut client = server.client();
    fill(&mut client);
    let answers = read_all(&mut client);
    client.answer("CONFIG SET min-replicas-to-write 1");
    assert_eq!(read_all(&mut client), answers);
    assert_refused(&mut client, "NOREPLICAS Not enough good replicas to write.");
}

#[test]
fn reads_work_while_writes_are_paused() {
    let server = lazy().start();
    let mut client = server.client();
    fill(&mut client);
    let answers = read_all(&mut client);
    let mut writer = server.client();
    assert_eq!(client.answer("CLIENT PAUSE 60000 WRITE"), "OK");
    writer.send(&["PRESENCE.TOUCH", "key", "new"]);
    wait_until(LIMIT, "the write waits", || {
        server.info_field("clients", "blocked_clients") == "1"
    });
    assert_eq!(read_all(&mut client), answers);
    assert_eq!(client.answer("PRESENCE.ISONLINE key new"), "[0]");
    assert_eq!(client.answer("CLIENT UNPAUSE"), "OK");
    assert_eq!(crate::common::show(&writer.receive(LIMIT)), "1");
    assert_eq!(client.answer("PRESENCE.ISONLINE key new"), "[1]");
}

#[test]
fn reads_and_removals_work_with_the_memory_full() {
    let server = lazy().start();
    let mut client = server.client();
    fill(&mut client);
    client.answer("PRESENCE.TOUCH key bob");
    let answers = read_all(&mut client);
    client.dialog(&[
        ("CONFIG SET maxmemory-policy noeviction", "OK"),
        ("CONFIG SET maxmemory 1", "OK"),
    ]);
    assert_eq!(read_all(&mut client), answers);
    let oom = "OOM command not allowed when used memory > 'maxmemory'.";
    for call in calls_of("denyoom") {
        assert_eq!(client.answer(&call.on("key")), oom, "{}", call.line);
    }
    let now = client.now_ms();
    client.dialog(&[
        (&format!("PRESENCE.EVICT key {now}"), "1"),
        ("PRESENCE.FORGET key bob", "1"),
        ("PRESENCE.LEAVE key ann", "1"),
        ("PRESENCE.COUNT key", "0"),
    ]);
}

#[test]
fn scripts_that_may_not_write_may_read() {
    let server = lazy().start();
    let mut client = server.client();
    fill(&mut client);
    let count = "return redis.call('PRESENCE.COUNT', KEYS[1])";
    assert_eq!(client.int(&["EVAL_RO", count, "1", "key"]), 1);
    let touch = "return redis.call('PRESENCE.TOUCH', KEYS[1], 'new')";
    let error = client.err(&["EVAL_RO", touch, "1", "key"]);
    assert!(
        error.contains("Write commands are not allowed from read-only scripts"),
        "{error}"
    );
    assert_eq!(client.answer("PRESENCE.COUNT key"), "1");
}
