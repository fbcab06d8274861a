//! A crowd keeps nobody waiting: while the members of one key go, others time out and are removed in their turn.

use crate::common::{Client, LIMIT, Server, Subscriber, wait_until};

/// How many small rooms there are beside a crowd, with somebody in each.
const ROOMS: usize = 20;

/// A server on which a crowd takes long, a client, and one who hears which rooms time out.
fn start(sweep_interval: u32) -> (Server, Client, Subscriber) {
    let server = Server::builder()
        .module_args(&format!(
            "events t sweep-budget 100 sweep-interval {sweep_interval}"
        ))
        .start();
    let client = server.client();
    let rooms = Subscriber::new(server.client(), &["__presence@0__:timeout:room*"]);
    (server, client, rooms)
}

/// Puts somebody into each room, for `ttl` ms.
fn fill_rooms(client: &mut Client, ttl: i64) {
    for room in 0..ROOMS {
        client.touchex(&format!("room:{room}"), ttl, None, ["ann"]);
    }
}

/// Waits until the clock shows `at`.
fn wait_for(client: &mut Client, at: i64) {
    wait_until(LIMIT, "time passes", || client.now_ms() >= at);
}

/// Hears of all rooms, and gives how many members there are still then.
fn hear_of_all(server: &Server, rooms: &mut Subscriber) -> u64 {
    let mut heard: Vec<_> = (0..ROOMS).map(|_| rooms.next().0).collect();
    let left = server.presence("members");
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), ROOMS);
    left
}

/// Rooms whose time is up when that of crowds has been for a moment are published before the crowds are gone.
fn rooms_beside(crowds: usize, each: usize) {
    let (server, mut client, mut rooms) = start(100);
    let at = client.now_ms();
    let ttl = 6000;
    for crowd in 0..crowds {
        let members = (0..each).map(|number| number.to_string());
        client.touch_crowd(&format!("crowd:{crowd}"), ttl, at, members);
    }
    wait_for(&mut client, at + ttl - 200);
    assert_eq!(server.presence("evicted"), 0, "the test was too slow");
    fill_rooms(&mut client, 300);
    let left = hear_of_all(&server, &mut rooms);
    assert!(left > 0, "the crowds were published first");
    let all = (crowds * each + ROOMS) as u64;
    assert!(left < all - ROOMS as u64, "the crowds have their turns");
}

#[test]
fn rooms_do_not_wait_for_a_crowd() {
    rooms_beside(1, 300_000);
}

#[test]
fn rooms_do_not_wait_for_many_crowds() {
    rooms_beside(30, 10_000);
}

#[test]
fn rooms_do_not_wait_for_the_crowd_of_a_key_that_is_gone() {
    const CROWD: usize = 100_000;
    let (server, mut client, _rooms) = start(60_000);
    client.answer("PRESENCE.CONFIG hall LINGER 0");
    let at = client.now_ms();
    let members = (0..CROWD).map(|number| number.to_string());
    client.touch_crowd("hall", 3000, at, members);
    fill_rooms(&mut client, 1);
    wait_for(&mut client, at + 3001);
    // The hall begins anew, and its crowd has yet to be reported.
    assert_eq!(client.answer("PRESENCE.TOUCH hall bob"), "1");
    let mut subscriber = Subscriber::new(server.client(), &["__presence@0__:timeout:*"]);
    client.answer("CONFIG SET presence.sweep-interval 10");
    let (mut rooms, mut crowd) = (0, 0);
    while rooms < ROOMS {
        match subscriber.next().0.ends_with(b":hall") {
            true => crowd += 1,
            false => rooms += 1,
        }
    }
    assert!(crowd < CROWD, "the crowd was reported first");
    wait_until(LIMIT, "the crowd is reported", || {
        server.presence("timeouts") == (CROWD + ROOMS) as u64
    });
    server.wait_members(1);
}

#[test]
fn crowds_share_the_time_and_all_of_them_go() {
    const EACH: i64 = 20_000;
    let (server, mut client, _rooms) = start(10);
    let at = client.now_ms();
    for crowd in ["one", "two"] {
        let members = (0..EACH).map(|number| number.to_string());
        // One is remembered, and reported without being removed.
        client.answer(&format!("PRESENCE.CONFIG {crowd} RETAIN 600000"));
        client.touch_crowd(crowd, 3000, at, members);
    }
    client.answer("PRESENCE.CONFIG two RETAIN 0");
    wait_for(&mut client, at + 3000);
    wait_until(LIMIT, "all are reported", || {
        server.presence("timeouts") == 2 * EACH as u64
    });
    server.wait_members(EACH as u64);
    assert_eq!(server.presence("evicted"), EACH as u64);
}
