//! Every command goes by its key, and the keys of `PRESENCE.MCOUNT` have to share a slot.

use std::sync::LazyLock;

use crate::common::commands::{reads, writes};
use crate::common::{Cluster, Server};

/// Three primaries, and a replica of the first.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::start(&Server::builder(), 3, 1));

/// The number of the replica.
const REPLICA: usize = 3;

/// What commands answer where the key is, in this order.
const COMMANDS: [(&str, &str); 32] = [
    ("PRESENCE.CONFIG key RETAIN 600000", "OK"),
    ("PRESENCE.TOUCH key ann bob", "2"),
    ("PRESENCE.TOUCHEX key PX 500000 MEMBERS 1 cid", "1"),
    ("PRESENCE.LEAVE key bob", "1"),
    ("PRESENCE.COUNT key", "2"),
    ("PRESENCE.COUNT key WINDOW 300000", "3"),
    ("PRESENCE.INTERCARD key missing", "0"),
    ("PRESENCE.INTER key missing", "[]"),
    ("PRESENCE.MCOUNT key", "[2]"),
    ("PRESENCE.MCOUNT key key", "[2, 2]"),
    ("PRESENCE.LIST key LIMIT 3 1", "[]"),
    ("PRESENCE.SCAN key 0 MATCH a*", r#"["0", ["ann"]]"#),
    ("PRESENCE.ISONLINE key ann bob cid", "[1, 0, 1]"),
    ("PRESENCE.FILTER key bob cid", r#"["cid"]"#),
    ("PRESENCE.SEEN key dan", "[nil]"),
    ("PRESENCE.SETMETA key ann away", "1"),
    ("PRESENCE.META key ann bob", r#"["away", nil]"#),
    ("PRESENCE.SETMETA key nobody away", "0"),
    ("PRESENCE.ATTACH key ann phone", "0"),
    ("PRESENCE.BEAT key SESSIONS 2 phone tab", r#"["tab"]"#),
    ("PRESENCE.DETACH key SESSIONS 1 phone", "0"),
    ("PRESENCE.SESSIONS key ann", "[]"),
    ("PRESENCE.LEASE key gateway EX 300", "OK"),
    ("PRESENCE.DROP key gateway", "0"),
    ("PRESENCE.SETMAX key 7 1500000000000", "OK"),
    ("PRESENCE.SETMAX key 7 1600000000000 GT", "0"),
    ("PRESENCE.MAX key", "[7, 1500000000000]"),
    ("PRESENCE.FORGET key bob cid nobody", "2"),
    ("PRESENCE.EVICT key 1500000000000", "0"),
    ("PRESENCE.EVICT key 1500000000000 LIMIT 5", "0"),
    ("PRESENCE.INFO missing", "ERR no such key"),
    ("UNLINK key", "1"),
];

/// What a node answers to a command about a key that another has.
fn moved(key: &str, owner: usize) -> String {
    let (slot, port) = (CLUSTER.slot(key), CLUSTER.node(owner).port());
    format!("MOVED {slot} 127.0.0.1:{port}")
}

#[test]
fn commands_on_one_key_go_by_it() {
    for owner in 0..3 {
        let key = &CLUSTER.keys_of(owner, 1, "routed")[0];
        let tag = key.clone();
        for (line, answer) in COMMANDS {
            let line = line
                .replace("key", key)
                .replace("missing", &format!("{{{tag}}}missing"));
            for (number, node) in CLUSTER.running() {
                if number != owner {
                    assert_eq!(
                        node.client().answer(&line),
                        moved(key, owner),
                        "{line} at node {number}"
                    );
                }
            }
            let answered = CLUSTER.node(owner).client().answer(&line);
            assert_eq!(answered, answer, "{line} at its owner");
        }
    }
}

#[test]
fn every_call_goes_by_its_key() {
    for owner in 0..3 {
        let tag = &CLUSTER.keys_of(owner, 1, "called")[0];
        for (number, call) in reads().chain(writes()).enumerate() {
            // A key of its own each, in the slot of all others.
            let line = call.on(&format!("{{{tag}}}{number}"));
            for (number, node) in CLUSTER.running() {
                let expected = match number == owner {
                    true => call.on_missing,
                    false => &moved(tag, owner),
                };
                assert_eq!(
                    node.client().answer(&line),
                    expected,
                    "{line} at node {number}"
                );
            }
        }
    }
}

#[test]
fn keys_that_are_counted_together_share_a_slot() {
    let key = &CLUSTER.keys_of(1, 1, "together")[0];
    let mut client = CLUSTER.node(1).client();
    let tagged = |name: &str| format!("{{{key}}}{name}");
    client.dialog(&[
        (&format!("PRESENCE.TOUCH {} ann bob", tagged("one")), "2"),
        (&format!("PRESENCE.TOUCH {} ann", tagged("two")), "1"),
        (
            &format!(
                "PRESENCE.MCOUNT {} {} {} {key}",
                tagged("two"),
                tagged("one"),
                tagged("none")
            ),
            "[1, 2, 0, 0]",
        ),
    ]);
    let apart = "CROSSSLOT Keys in request don't hash to the same slot";
    for others in CLUSTER.keys_of(1, 2, "apart").chunks(1) {
        let line = format!("PRESENCE.MCOUNT {key} {}", others[0]);
        assert_eq!(client.answer(&line), apart, "though they share a node");
    }
    let far = &CLUSTER.keys_of(2, 1, "far")[0];
    for line in [
        format!("PRESENCE.MCOUNT {key} {far}"),
        format!("PRESENCE.MCOUNT {far} {key}"),
    ] {
        assert_eq!(client.answer(&line), apart);
    }
    assert_eq!(
        client.answer(&format!("PRESENCE.MCOUNT {far}")),
        moved(far, 2)
    );
}

#[test]
fn a_replica_answers_reads_of_a_client_that_asked_for_that() {
    let key = &CLUSTER.keys_of(0, 1, "replicated")[0];
    let (mut client, mut reader) = (CLUSTER.node(0).client(), CLUSTER.node(REPLICA).client());
    client.dialog(&[
        (&format!("PRESENCE.TOUCH {key} ann"), "1"),
        ("WAIT 1 10000", "1"),
    ]);
    let count = format!("PRESENCE.COUNT {key}");
    assert_eq!(reader.answer(&count), moved(key, 0));
    assert_eq!(reader.answer("READONLY"), "OK");
    assert_eq!(reader.answer(&count), "1");
    assert_eq!(
        reader.answer(&format!("PRESENCE.TOUCH {key} bob")),
        moved(key, 0)
    );
    assert_eq!(client.answer(&count), "1");
}

#[test]
fn a_script_opens_no_key_of_another_slot() {
    let (here, far) = (
        &CLUSTER.keys_of(0, 1, "script")[0],
        &CLUSTER.keys_of(1, 1, "script")[0],
    );
    let mut client = CLUSTER.node(0).client();
    let script = "return redis.call('PRESENCE.TOUCH', ARGV[1], 'ann')";
    assert_eq!(client.int(&["EVAL", script, "1", here, here]), 1);
    let error = client.err(&["EVAL", script, "1", here, far]);
    assert!(error.contains("non local key"), "{error}");
    assert_eq!(CLUSTER.client().int(&["PRESENCE.COUNT", far]), 0);
    client.dialog(&[
        ("MULTI", "OK"),
        (&format!("PRESENCE.TOUCH {here} bob"), "QUEUED"),
        (&format!("PRESENCE.TOUCH {far} bob"), &moved(far, 1)),
        (
            "EXEC",
            "EXECABORT Transaction discarded because of previous errors.",
        ),
        (&format!("PRESENCE.COUNT {here}"), "1"),
    ]);
}
