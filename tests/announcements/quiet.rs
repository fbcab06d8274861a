//! When there are none: where nobody has asked for them, and while clients are paused, in which nothing may be replicated.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{CHANNEL, Subscriber, come_and_go, lists_asked_for, set_frequency};
use crate::common::{LIMIT, Server, wait_until};

#[test]
fn without_a_frequency_nothing_is_published_and_nobody_is_asked() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    // The module asks once, when it is loaded.
    let asked = lists_asked_for(&mut admin);
    assert!(asked <= 1, "{asked}");
    come_and_go(&server, Duration::from_millis(2500));
    assert_eq!(lists_asked_for(&mut admin), asked);
    admin.cmd(&["PUBLISH", CHANNEL, "end"]);
    assert_eq!(subscriber.message(), "end");
    set_frequency(&mut admin, 1);
    subscriber.next();
    assert!(lists_asked_for(&mut admin) > asked);
    set_frequency(&mut admin, 0);
    let asked = lists_asked_for(&mut admin);
    come_and_go(&server, Duration::from_millis(1500));
    assert_eq!(lists_asked_for(&mut admin), asked);
}

#[test]
fn nobody_is_asked_for_who_has_gone() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    for _ in 0..500 {
        server.raw_connection().call(&["PING"]);
    }
    let mut admin = server.client();
    set_frequency(&mut admin, 1);
    subscriber.until(|said| said.connected == 2);
    let asked = lists_asked_for(&mut admin);
    subscriber.next();
    // One question covers 64 clients; by now there may have been another announcement.
    let more = lists_asked_for(&mut admin) - asked;
    assert!(more <= 2, "{more} questions");
}

/// This machine's clock in Unix ms.
fn clock() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("a clock after 1970").as_millis() as i64
}

/// Pauses a server that announces every second and replicates, while clients come and go, and has `unpause` end it. No
/// announcement is made from when the pause is in force until it is over, and then there are some again.
fn pause(kind: &str, millis: u64, unpause: bool) {
    let server = Server::builder()
        .arg("appendonly yes")
        .arg("presence.client-announce-frequency 1")
        .start();
    let _replica = Server::start_replica_of(&server);
    let run = server.run_id();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    subscriber.next();

    let before = admin.now_ms();
    assert_eq!(admin.answer(&format!("CLIENT PAUSE {millis} {kind}")), "OK");
    // The reply came after the pause began. This machine's clock is the server's, which cannot be asked in every pause.
    let (in_force, began) = (clock(), Instant::now());
    let mut waiting = Vec::new();
    while began.elapsed() < Duration::from_millis(2500) {
        waiting.push(TcpStream::connect(("127.0.0.1", server.port())).expect("the server accepts"));
        if waiting.len() > 20 {
            waiting.clear();
        }
        thread::sleep(Duration::from_millis(10));
    }
    let over = match unpause {
        true => {
            let now = clock();
            assert_eq!(admin.answer("CLIENT UNPAUSE"), "OK");
            now
        }
        false => before + millis as i64,
    };
    // What was made before the pause was in force, and what was made after it.
    let said = subscriber.until(|said| said.at > in_force);
    assert!(
        said.at >= over,
        "{} ms before the end of the pause",
        over - said.at
    );
    subscriber.next();
    wait_until(LIMIT, "the server goes on", || {
        admin
            .answer("PRESENCE.TOUCH key ann")
            .parse::<i64>()
            .is_ok()
    });
    server.assert_sound(&run);
}

#[test]
fn while_writes_are_paused_there_are_none() {
    pause("WRITE", 60_000, true);
}

#[test]
fn while_all_commands_are_paused_there_are_none() {
    pause("ALL", 3000, false);
}
