//! Which of the members that are due at the same moment go first is part of the state: evictions are replicated as a
//! number of members, and a replica that was loaded must take the same ones as one that was fed, and as the primary.

use crate::common::{Client, LIMIT, Server, wait_caught_up, wait_until};

/// When all that the tests make is due, in ms from the time they are given.
const DUE: i64 = 700;

/// Names of all the forms that a member can have.
fn name(number: usize) -> Vec<u8> {
    match number % 4 {
        0 => number.to_string(),
        1 => format!("member {number}"),
        2 => format!("0b5e55ed-0000-4000-8000-{number:012x}"),
        _ => format!("a member with a name that is rather longer than most {number}"),
    }
    .into_bytes()
}

fn touch(client: &mut Client, key: &str, at: i64, ttl: i64, numbers: impl Iterator<Item = usize>) {
    client.touch_crowd(key, ttl, at, numbers.map(name));
}

/// Keys whose members are all due `DUE` after `now`, in every way that this can come about.
fn fill(client: &mut Client, now: i64) {
    // Seen in one millisecond with one ttl, a third of them once more.
    touch(client, "one lane", now, DUE, 0..3000);
    touch(
        client,
        "one lane",
        now,
        DUE,
        (0..3000).filter(|n| n % 3 == 1).rev(),
    );
    // Seen at different times with different ttls.
    for step in [3, 1, 4, 2, 5] {
        let ago = 10 * step as i64;
        touch(
            client,
            "lanes",
            now - ago,
            DUE + ago,
            (0..2000).filter(|n| n % 5 + 1 == step),
        );
    }
    touch(
        client,
        "lanes",
        now - 20,
        DUE + 20,
        (0..2000).filter(|n| n % 7 == 1),
    );
    // Seen in one millisecond and remembered for longer than any of the ttls.
    client.cmd(&args!["PRESENCE.CONFIG", "retained", "RETAIN", DUE]);
    for (group, ttl) in [200, 50, 400, 100].into_iter().enumerate() {
        touch(
            client,
            "retained",
            now,
            ttl,
            (0..2000).filter(|n| n % 4 == group),
        );
    }
    // Few enough for the compact form, and as many as have outgrown it and shrunk again.
    for (key, most) in [("small", 40), ("shrunk", 300)] {
        for ago in [5, 0, 9] {
            touch(
                client,
                key,
                now - ago,
                DUE + ago,
                (0..most).filter(|n| n % 3 == ago as usize % 3),
            );
        }
        touch(client, key, now, DUE, (0..most).step_by(7));
    }
    let gone: Vec<_> = (20..300).map(name).collect();
    let leave = args!["PRESENCE.LEAVE", "shrunk"].into_iter().chain(gone);
    client.cmd(&leave.collect::<Vec<_>>());
}

#[test]
fn members_due_together_go_in_the_same_order_everywhere() {
    let idle = || Server::builder().module_args("sweep-interval 60000");
    let primary = idle().start();
    let fed = idle().start_replica_of(&primary);
    let mut client = primary.client();
    let now = client.now_ms();
    fill(&mut client, now);
    wait_until(LIMIT, "all are due", || client.now_ms() > now + DUE);
    let mut replicas = vec![fed];
    for step in 0..70 {
        if step % 30 == 10 {
            replicas.push(idle().start_replica_of(&primary));
        }
        if step == 55 {
            client.cmd(&["DEBUG", "RELOAD"]);
        }
        for key in ["one lane", "lanes", "retained", "small", "shrunk"] {
            let limit = if key.starts_with('s') {
                1
            } else {
                27 - step % 5
            };
            client.cmd(&args!["PRESENCE.EVICT", key, now + DUE, "LIMIT", limit]);
            if step % 6 == 1 {
                let forgotten = (step..300).step_by(43).map(name);
                let forget = args!["PRESENCE.FORGET", key].into_iter().chain(forgotten);
                client.cmd(&forget.collect::<Vec<_>>());
            }
            if step % 9 == 4 {
                // Some are touched once more, in that same millisecond.
                client.cmd(&args!["PRESENCE.CONFIG", key, "RETAIN", 600_000]);
                touch(&mut client, key, now, DUE, (step..300).step_by(11));
                let retain = if key == "retained" { DUE } else { 0 };
                client.cmd(&args!["PRESENCE.CONFIG", key, "RETAIN", retain]);
            }
        }
        let digest = client.digest();
        for (number, replica) in replicas.iter().enumerate() {
            wait_caught_up(&primary, replica);
            assert_eq!(
                replica.client().digest(),
                digest,
                "replica {number}, step {step}"
            );
        }
    }
    assert_eq!(replicas.len(), 3);
    let left = primary.presence("members");
    assert!(
        left > 1000,
        "the last steps had nothing to evict: {left} are left"
    );
}
