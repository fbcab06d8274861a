//! A touch is replicated from the moment that somebody listens, and counts as a change where nobody does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::{LIMIT, Server, wait_caught_up, wait_until};

/// Touches a few members on and on until it is told to stop.
fn touch_until(server: &Server, stop: &AtomicBool) {
    let mut client = server.client();
    for i in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let member = format!("member {}", i * 7919 % 500);
        client.cmd(&["PRESENCE.TOUCH", "busy", &member]);
        if i % 5 == 0 {
            client.cmd(&["PRESENCE.LEAVE", "busy", &member]);
        }
    }
}

/// Runs `meanwhile` while the server is touched.
fn under_load<R>(server: &Server, meanwhile: impl FnOnce() -> R) -> R {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| touch_until(server, &stop));
        let result = meanwhile();
        stop.store(true, Ordering::Relaxed);
        load.join().expect("the load went well");
        result
    })
}

#[track_caller]
fn assert_follows(primary: &Server, replica: &Server) {
    wait_caught_up(primary, replica);
    assert_eq!(primary.client().digest(), replica.client().digest());
}

#[test]
fn touches_count_as_changes_where_nobody_listens() {
    let server = Server::start();
    let changes = || -> u64 {
        let changes = server.info_field("persistence", "rdb_changes_since_last_save");
        changes.parse().expect("a number")
    };
    let mut client = server.client();
    client.cmd(&["PRESENCE.TOUCH", "online", "ann"]);
    let before = changes();
    for _ in 0..10 {
        client.cmd(&["PRESENCE.TOUCH", "online", "ann"]);
    }
    client.cmd(&["PRESENCE.LEAVE", "online", "ann"]);
    assert_eq!(changes(), before + 11);
}

#[test]
fn a_replica_that_comes_under_load_misses_nothing() {
    for diskless in ["no", "yes"] {
        let primary = Server::builder()
            .arg(&format!("repl-diskless-sync {diskless}"))
            .start();
        let replica = under_load(&primary, || {
            wait_until(LIMIT, "the load has begun", || {
                primary.presence("touches") > 1000
            });
            let replica = Server::start_replica_of(&primary);
            let touches = primary.presence("touches");
            wait_until(LIMIT, "the load goes on", || {
                primary.presence("touches") > touches + 1000
            });
            replica
        });
        assert_follows(&primary, &replica);
    }
}

#[test]
fn a_replica_that_waits_for_its_copy_misses_nothing() {
    let primary = Server::builder().arg("repl-diskless-sync-delay 1").start();
    let replica = under_load(&primary, || Server::start_replica_of(&primary));
    assert_follows(&primary, &replica);
}

#[test]
fn a_replica_that_was_away_gets_what_it_missed() {
    let primary = Server::start();
    let replica = Server::start_replica_of(&primary);
    under_load(&primary, || {
        for _ in 0..3 {
            primary.client().cmd(&["CLIENT", "KILL", "TYPE", "replica"]);
            let touches = primary.presence("touches");
            wait_until(LIMIT, "the load goes on", || {
                primary.presence("touches") > touches + 500
            });
            replica.wait_link_up();
        }
    });
    assert_follows(&primary, &replica);
    assert_eq!(primary.info_field("stats", "sync_full"), "1");
}

#[test]
fn a_primary_that_comes_back_goes_on_for_its_replica() {
    let mut primary = Server::builder().arg("save 3600 1000000").start();
    let replica = Server::start_replica_of(&primary);
    primary
        .client()
        .cmd(&["PRESENCE.TOUCH", "busy", "ann", "bob"]);
    wait_caught_up(&primary, &replica);
    primary.restart();
    under_load(&primary, || {
        wait_until(LIMIT, "the load has begun", || {
            primary.presence("touches") > 500
        });
        replica.wait_link_up();
    });
    assert_follows(&primary, &replica);
}

#[test]
fn a_log_that_is_switched_on_misses_nothing() {
    let mut server = Server::start();
    under_load(&server, || {
        wait_until(LIMIT, "the load has begun", || {
            server.presence("touches") > 500
        });
        server.client().cmd(&["CONFIG", "SET", "appendonly", "yes"]);
        wait_until(LIMIT, "the log is begun", || {
            server.info_field("persistence", "aof_rewrite_in_progress") == "0"
                && server.info_field("persistence", "aof_last_bgrewrite_status") == "ok"
        });
    });
    server
        .client()
        .cmd(&["CONFIG", "SET", "presence.sweep-interval", "60000"]);
    let digest = server.client().digest();
    server.client().cmd(&["CONFIG", "REWRITE"]);
    server.kill9();
    server.start_again();
    assert_eq!(server.client().digest(), digest);
}
