//! When announcements come: every so many seconds, and at once where a client comes or goes, but once a second at the most.

use std::thread;
use std::time::{Duration, Instant};

use super::{CHANNEL, Subscriber, come_and_go, payload, set_frequency};
use crate::common::{LIMIT, Server, wait_until};

/// A frequency at which nothing comes by itself in a test.
const DAILY: u32 = 86_400;

#[test]
fn one_comes_every_so_many_seconds() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    for (seconds, gap) in [(1, 1000), (2, 2000)] {
        set_frequency(&mut admin, seconds);
        let start = admin.now_ms();
        let times: Vec<i64> = (0..3).map(|_| subscriber.next().at).collect();
        let mut before = start;
        for at in times {
            // A busy machine may be late, and late once, early the next time.
            let apart = at - before;
            assert!(
                (gap - 250..gap + 900).contains(&apart),
                "{apart} ms apart, not {gap}"
            );
            before = at;
        }
    }
}

#[test]
fn both_protocols_get_the_same() {
    let server = Server::start();
    let mut two = Subscriber::new(server.client(), CHANNEL);
    let mut three = Subscriber::new(server.client3(), CHANNEL);
    let mut all = server.client3();
    all.send(&["PSUBSCRIBE", "__redis__:*"]);
    all.receive(LIMIT);
    set_frequency(&mut server.client(), 1);
    let expected = payload(two.client.receive(LIMIT));
    assert_eq!(payload(three.client.receive(LIMIT)), expected);
    assert_eq!(payload(all.receive(LIMIT)), expected);
}

#[test]
fn a_client_that_comes_or_goes_is_announced_at_once_with_its_name() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    set_frequency(&mut server.client(), DAILY);
    subscriber.until(|said| said.names() == ["subscriber"]);
    for name in ["first", "second"] {
        let start = Instant::now();
        let mut client = server.client();
        client.cmd(&["CLIENT", "SETNAME", name]);
        let said = subscriber.next();
        assert_eq!(said.names(), ["subscriber", name]);
        assert_eq!(said.connected, 2);
        drop(client);
        assert_eq!(subscriber.next().names(), ["subscriber"]);
        // Two announcements, each a second after the one before it at the latest.
        let took = start.elapsed();
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
}

#[test]
fn a_client_has_a_tenth_of_a_second_to_say_its_name() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    set_frequency(&mut admin, DAILY);
    let mut last = 0;
    loop {
        // The last announcement is so old that it does not put off the next.
        wait_until(LIMIT, "a second is over", || admin.now_ms() > last + 1100);
        let start = Instant::now();
        let mut client = server.client();
        thread::sleep(Duration::from_millis(20));
        client.cmd(&["CLIENT", "SETNAME", "late"]);
        let in_time = start.elapsed() < Duration::from_millis(90);
        let said = subscriber.next();
        if in_time {
            assert_eq!(said.names(), ["subscriber", "", "late"]);
            return;
        }
        // This machine was too busy for a client to be quick; its going is announced as well.
        drop(client);
        last = subscriber.until(|said| said.connected == 2).at;
    }
}

#[test]
fn however_many_come_and_go_there_is_one_a_second_at_the_most() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    set_frequency(&mut admin, DAILY);
    let clients = come_and_go(&server, Duration::from_millis(3500));
    assert!(clients > 50, "only {clients} clients came and went");
    let mut last = server.client();
    last.cmd(&["CLIENT", "SETNAME", "last"]);
    let mut times = Vec::new();
    subscriber.until(|said| {
        times.push(said.at);
        said.names().contains(&"last")
    });
    // The first one is not put off by those that follow it, and then there is one a second.
    assert!((4..=6).contains(&times.len()), "{times:?}");
    let apart = times.windows(2).map(|pair| pair[1] - pair[0]);
    for apart in apart {
        // The clock that is shown is not the one that the second is measured by.
        assert!((995..2000).contains(&apart), "{apart} ms apart: {times:?}");
    }
}

#[test]
fn a_new_frequency_counts_from_now_and_0_ends_them() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    set_frequency(&mut admin, DAILY);
    let start = admin.now_ms();
    set_frequency(&mut admin, 2);
    let said = subscriber.next();
    assert!(
        (1900..3500).contains(&(said.at - start)),
        "{}",
        said.at - start
    );
    set_frequency(&mut admin, 0);
    come_and_go(&server, Duration::from_millis(2500));
    admin.cmd(&["PUBLISH", CHANNEL, "end"]);
    assert_eq!(subscriber.message(), "end");
}

#[test]
fn another_channel_holds_from_the_next_one_on() {
    let server = Server::builder()
        .arg("presence.client-announce-frequency 1")
        .arg("presence.client-announce-channel \"my:clients\"")
        .start();
    let mut configured = Subscriber::new(server.client(), "my:clients");
    configured.next();
    let mut other = Subscriber::new(server.client(), "other");
    let mut admin = server.client();
    assert_eq!(
        admin.answer("CONFIG SET presence.client-announce-channel other"),
        "OK"
    );
    other.next();
    admin.cmd(&["PUBLISH", "my:clients", "end"]);
    while configured.message() != "end" {}
}

#[test]
fn they_go_on_where_the_clock_steps_back() {
    let mut server = Server::builder()
        .clock("+0")
        .arg("presence.client-announce-frequency 1")
        .start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let before = subscriber.next().at;
    server.set_clock("-1h");
    subscriber.until(|said| said.at < before - 3_000_000);
    let mut client = server.client();
    client.cmd(&["CLIENT", "SETNAME", "later"]);
    subscriber.until(|said| said.names().contains(&"later"));
}

#[test]
fn clients_that_were_there_before_the_module_are_announced_too() {
    let server = Server::builder().without_module().start();
    let mut early = server.client();
    early.cmd(&["CLIENT", "SETNAME", "early"]);
    let mut admin = server.client();
    let module = crate::common::module_path()
        .to_str()
        .expect("a path in UTF-8");
    admin.cmd(&["MODULE", "LOAD", module, "client-announce-frequency", "1"]);
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let said = subscriber.until(|said| said.names().contains(&"subscriber"));
    assert_eq!(said.names(), ["early", "", "subscriber"]);
    drop(early);
    subscriber.until(|said| said.names() == ["", "subscriber"]);
}
