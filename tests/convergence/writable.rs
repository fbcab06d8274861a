//! A replica that takes writes is another server's copy no longer, by design. Nobody who follows it is told what was
//! written there, nothing breaks, and once it loads its primary's data anew nothing of it is left.

use std::thread;

use super::busy;
use super::compare::assert_same;
use super::workload::Workload;
use crate::common::{LIMIT, wait_until};

#[test]
fn a_writable_replica_becomes_a_clean_one_again() {
    let primary = busy().start();
    let middle = busy()
        .clock("+2h")
        .arg("replica-read-only no")
        .start_replica_of(&primary);
    let last = busy().clock("-1h").start_replica_of(&middle);
    let runs = [&primary, &middle, &last].map(|server| (server, server.run_id()));
    let mut ours = Workload::new(&primary);
    let mut theirs = Workload::new(&middle).expiring_keys();
    let mut differed = 0;
    for round in 0..8 {
        thread::scope(|scope| {
            scope.spawn(|| ours.run(150));
            theirs.run(150);
        });
        if round % 3 == 1 {
            let end = ["CLIENT", "KILL", "TYPE", "replica"];
            primary.client().cmd(&end);
            middle.client().cmd(&end);
        }
        assert_same(&primary, &[&last], &format!("round {round}"));
        middle.wait_link_up();
        differed += u32::from(middle.client().digest() != primary.client().digest());
    }
    assert!(differed > 0, "the writes were of no effect");

    let mut client = middle.client();
    client.cmd(&["CONFIG", "SET", "replica-read-only", "yes"]);
    client.cmd(&["REPLICAOF", "NO", "ONE"]);
    client.cmd(&args!["REPLICAOF", "127.0.0.1", primary.port()]);
    assert_same(&primary, &[&middle, &last], "clean again");
    ours.run(200);
    assert_same(&primary, &[&middle, &last], "and some changes later");

    primary.client().cmd(&["FLUSHALL"]);
    for (server, run_id) in &runs {
        for field in ["keys", "members", "bytes"] {
            wait_until(LIMIT, format!("no {field} are left"), || {
                server.presence(field) == 0
            });
        }
        server.assert_sound(run_id);
    }
}
