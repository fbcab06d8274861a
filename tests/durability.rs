//! What was acknowledged is there after a crash: with `appendfsync always`, `kill -9` loses no touch, no leave and no
//! setting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use redis::Value;

use crate::common::{AGREEMENT, Server, holds_within};

/// Connections that write at the same time.
const WRITERS: usize = 4;

/// What one connection was told has happened, in order.
#[derive(Default)]
struct Acknowledged {
    touched: Vec<String>,
    left: Vec<String>,
}

/// Touches members, and takes every tenth away again, until the server is gone.
fn write(server: &Server, writer: usize, acknowledgements: &AtomicUsize) -> Acknowledged {
    let mut client = server.client();
    let mut told = Acknowledged::default();
    for number in 0.. {
        let names = [
            format!("{writer}:{number}:a"),
            format!("{writer}:{number}:b"),
        ];
        let key = format!("room {}", number % 3);
        match client.raw(&["PRESENCE.TOUCH", &key, &names[0], &names[1]]) {
            Ok(reply) => assert_eq!(reply, Value::Int(2)),
            Err(_) => break,
        }
        told.touched.extend(names.clone());
        if number % 10 == 0 {
            // Sent, she may be gone, whether that is acknowledged or not.
            let name = told.touched.pop().expect("she was touched");
            match client.raw(&["PRESENCE.LEAVE", &key, &name]) {
                Ok(reply) => assert_eq!(reply, Value::Int(1)),
                Err(_) => break,
            }
            told.left.push(name);
        }
        acknowledgements.fetch_add(1, Ordering::Relaxed);
    }
    told
}

#[test]
fn no_acknowledged_write_is_lost_by_a_kill() {
    let mut server = Server::builder()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .arg("auto-aof-rewrite-min-size 64kb")
        .start();
    for round in 1..=3 {
        let acknowledgements = AtomicUsize::new(0);
        let process = server.pid();
        let told: Vec<Acknowledged> = thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (server, acknowledgements) = (&server, &acknowledgements);
                    scope.spawn(move || write(server, round * 10 + writer, acknowledgements))
                })
                .collect();
            let enough = holds_within(AGREEMENT, || acknowledgements.load(Ordering::Relaxed) > 400);
            // The writers go on until it is dead, whatever else has failed.
            let process = libc::pid_t::try_from(process).expect("a process's id");
            // SAFETY: a signal to our own child, which has not been waited for.
            assert_eq!(unsafe { libc::kill(process, libc::SIGKILL) }, 0);
            let told = writers
                .into_iter()
                .map(|writer| writer.join().expect("no panic"))
                .collect();
            assert!(enough, "too little was written in round {round}");
            told
        });
        server.kill9();
        server.start_again();

        let mut client = server.client();
        let mut seen = |name: &String| -> usize {
            let rooms = ["room 0", "room 1", "room 2"];
            let online = rooms.map(|room| client.ints(&["PRESENCE.ISONLINE", room, name])[0]);
            online.iter().filter(|online| **online == 1).count()
        };
        for told in &told {
            assert!(told.touched.len() > 10 && !told.left.is_empty());
            assert!(
                told.touched.iter().all(|name| seen(name) == 1),
                "a touch is lost in round {round}"
            );
            assert!(
                told.left.iter().all(|name| seen(name) == 0),
                "a leave is lost in round {round}"
            );
        }
    }
    server.assert_clean_log();
}

#[test]
fn settings_and_the_peak_survive_a_kill() {
    let mut server = Server::builder()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .start();
    let mut client = server.client();
    client.cmd(&[
        "PRESENCE.CONFIG",
        "room",
        "TTL",
        "60000",
        "RETAIN",
        "70000",
        "LINGER",
        "80000",
    ]);
    client.cmd(&["PRESENCE.SETMAX", "room", "1234", "1700000000000"]);
    client.cmd(&["PRESENCE.CONFIG", "empty", "LINGER", "0"]);
    let digest = client.digest();
    server.kill9();
    server.start_again();
    let mut client = server.client();
    assert_eq!(client.digest(), digest);
    let info = client.fields(&["PRESENCE.INFO", "room"]);
    for (field, value) in [
        ("ttl", 60_000),
        ("retain", 70_000),
        ("linger", 80_000),
        ("peak", 1234),
    ] {
        assert_eq!(info[field], Value::Int(value), "{field}");
    }
}
