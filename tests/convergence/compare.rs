//! Whether servers hold the same, and what it is that one has and another has not.

use redis::Value;

use super::workload::{DBS, KEYS};
use crate::common::{LIMIT, Server, bytes, holds_within, text};

/// Each key's own digest, to name the one that differs.
pub fn digests(server: &Server) -> Vec<String> {
    let mut client = server.client();
    let mut digests = Vec::new();
    for db in 0..DBS {
        client.cmd(&args!["SELECT", db]);
        for key in KEYS {
            let digest = match client.cmd(&args!["DEBUG", "DIGEST-VALUE", key]) {
                Value::Array(mut digests) => text(digests.remove(0)),
                other => panic!("no digest: {other:?}"),
            };
            digests.push(format!("{db}:{key} {digest}"));
        }
    }
    digests
}

/// What a key holds, line by line, for a message.
fn describe(server: &Server, db_and_key: &str) -> Vec<String> {
    let (db, key) = db_and_key.split_once(':').expect("a database and a key");
    let mut client = server.client();
    client.cmd(&["SELECT", db]);
    let mut lines = Vec::new();
    if let Ok(info) = client.raw(&["PRESENCE.INFO", key]) {
        lines.push(format!("{info:?}"));
    }
    if let Ok(Value::Array(members)) = client.raw(&["PRESENCE.LIST", key, "WITHSEEN", "WITHMETA"]) {
        lines.extend(members.iter().map(|member| format!("{member:?}")));
    }
    if let Ok(Value::Array(members)) = client.raw(&["PRESENCE.LIST", key]) {
        for member in members {
            let sessions = client.raw(&args!["PRESENCE.SESSIONS", key, bytes(member)]);
            lines.push(format!("{sessions:?}"));
        }
    }
    lines
}

/// Writes are paused, all that came before has arrived, or what is loaded instead of it: all hold the same.
#[track_caller]
pub fn assert_same(primary: &Server, replicas: &[&Server], when: &str) {
    let mut client = primary.client();
    client.cmd(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    let digest = client.digest();
    for (number, replica) in replicas.iter().enumerate() {
        if !holds_within(2 * LIMIT, || {
            replica
                .client()
                .raw(&["DEBUG", "DIGEST"])
                .is_ok_and(|theirs| text(theirs) == digest)
        }) {
            explain(primary, replica, &format!("{when}, replica {number}"));
        }
    }
    assert_eq!(client.digest(), digest, "{when}: nothing was to be written");
    client.cmd(&["CLIENT", "UNPAUSE"]);
}

/// Says what the first key that differs has here and there.
fn explain(primary: &Server, replica: &Server, when: &str) -> ! {
    for (ours, theirs) in digests(primary).iter().zip(digests(replica)) {
        if *ours != theirs {
            let (key, _) = ours.split_once(' ').expect("a key and a digest");
            let (mut ours, mut theirs) = (describe(primary, key), describe(replica, key));
            let lacks = |line: &String, lines: &[String]| !lines.contains(line);
            let first = ours.clone();
            ours.retain(|line| lacks(line, &theirs));
            theirs.retain(|line| lacks(line, &first));
            panic!("{when}, {key}: the primary has {ours:#?}, the replica {theirs:#?}");
        }
    }
    let link = replica.client().text(&["INFO", "replication"]);
    panic!("the digests differ, and those of the keys do not, {when}; {link}");
}
