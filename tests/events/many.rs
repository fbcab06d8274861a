//! Crowds: everybody of a hundred thousand is published once, nobody early, and those whose time is up at one moment go
//! out in batches that let others through.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use redis::Value;

use crate::common::{LIMIT, Random, Server, Subscriber, touchex};

use super::{ALL, pass, start_unswept, sweep, wait_timeouts};

const MEMBERS: usize = 100_000;
/// Members touched by one command, of one ttl.
const TOGETHER: usize = 4;
/// How long anything of a crowd may take, on whatever machine.
const LONG: Duration = Duration::from_secs(60);

/// A server that publishes events to subscribers who may be slow.
fn start(module_args: &str) -> Server {
    Server::builder()
        .arg("client-output-buffer-limit pubsub 0 0 0")
        .module_args(&format!("events A {module_args}"))
        .start()
}

fn now() -> u64 {
    let now = UNIX_EPOCH.elapsed().expect("a clock after 1970");
    now.as_millis() as u64
}

/// Who is published: the member, whose key is in the name, so that no two are called alike.
#[derive(Default)]
struct Told {
    joins: u32,
    timeouts: u32,
    /// When the time-out arrived here.
    at: u64,
}

/// Listens until all time-outs have come, and no longer.
fn listen(mut subscriber: Subscriber, expected: usize) -> HashMap<Vec<u8>, Told> {
    let mut told: HashMap<Vec<u8>, Told> = HashMap::with_capacity(expected);
    let (mut timeouts, start) = (0, Instant::now());
    let mut note = |(channel, member): (Vec<u8>, Vec<u8>), timeouts: &mut usize| {
        let name = channel.strip_prefix(b"__presence@0__:").expect("an event");
        if name.starts_with(b"max:") {
            return;
        }
        let told = told.entry(member).or_default();
        if name.starts_with(b"timeout:") {
            told.timeouts += 1;
            told.at = now();
            *timeouts += 1;
        } else {
            assert!(name.starts_with(b"join:"), "{}", name.escape_ascii());
            told.joins += 1;
        }
    };
    while timeouts < expected {
        assert!(start.elapsed() < LONG, "{timeouts} in {LONG:?}");
        note(subscriber.next(), &mut timeouts);
    }
    for message in subscriber.messages() {
        note(message, &mut timeouts);
    }
    told
}

/// A key for a member: large ones of which two retain and one does not linger, and rooms of some.
fn key_of(number: u64) -> String {
    match number % 4 {
        0 => "plain".into(),
        1 => "kept".into(),
        2 => "brief".into(),
        _ => format!("room:{}", number / 4 % 4000),
    }
}

#[test]
fn a_hundred_thousand_time_out_once_each_and_none_early() {
    let server = start("");
    let mut client = server.client();
    client.answer("PRESENCE.CONFIG kept RETAIN 600000");
    client.answer("PRESENCE.CONFIG brief LINGER 0");
    for room in (0..4000).step_by(2) {
        client.answer(&format!("PRESENCE.CONFIG room:{room} RETAIN 7000 LINGER 0"));
    }
    let subscriber = Subscriber::new(server.client3(), ALL);
    let listener = thread::spawn(move || listen(subscriber, MEMBERS));

    let mut random = Random::new();
    // What each member's touch said: from when it counted at the earliest, or exactly, and how long it lasts.
    let mut ends: HashMap<Vec<u8>, u64> = HashMap::with_capacity(MEMBERS);
    let mut touches = Vec::new();
    for number in 0..(MEMBERS / TOGETHER) as u64 {
        let ttl = 1 + random.below(6000) as i64;
        let key = key_of(number);
        let names: Vec<String> = (0..TOGETHER as u64)
            .map(|part| format!("{key}/{number}.{part}"))
            .collect();
        touches.push((key, ttl, names));
    }
    for batch in touches.chunks(250) {
        let before = client.now_ms() as u64;
        for (key, ttl, names) in batch {
            client.send(&touchex(key, *ttl, None, names));
            client.send(&args!["PRESENCE.SEEN", key, &names[0]]);
        }
        for (_, ttl, names) in batch {
            assert_eq!(client.receive(LIMIT), Value::Int(TOGETHER as i64));
            let seen = match client.receive(LIMIT) {
                Value::Array(seen) => match seen[0] {
                    Value::Int(seen) => seen as u64,
                    // Gone already, with a ttl of some ms.
                    _ => before,
                },
                other => panic!("{other:?}"),
            };
            for name in names {
                ends.insert(name.clone().into_bytes(), seen + ttl.cast_unsigned());
            }
        }
    }
    let told = listener.join().expect("it has heard all");

    assert_eq!(told.len(), MEMBERS);
    let mut latest = 0;
    for (member, told) in &told {
        let member_text = member.escape_ascii();
        assert_eq!((told.joins, told.timeouts), (1, 1), "{member_text}");
        let end = ends[member];
        assert!(told.at >= end, "{member_text}: {} ms early", end - told.at);
        latest = latest.max(told.at - end);
    }
    println!("the latest of {MEMBERS} time-outs arrived {latest} ms after its time");
    assert!(latest < 5000, "{latest} ms late");
    assert_eq!(server.presence("timeouts"), MEMBERS as u64);
}

#[test]
fn those_of_one_moment_are_published_in_batches() {
    const KEYS: [&str; 3] = ["plain", "kept", "brief"];
    const EACH: usize = 17_000;
    const TOTAL: usize = KEYS.len() * EACH;
    /// Long enough for all of them to come before it is over.
    const TTL: i64 = 4000;
    let server = start("sweep-budget 100");
    let mut client = server.client();
    client.answer("PRESENCE.CONFIG kept RETAIN 600000");
    client.answer("PRESENCE.CONFIG brief LINGER 0");
    let subscriber = Subscriber::new(server.client(), ALL);
    let listener = thread::spawn(move || listen(subscriber, TOTAL));
    let at = client.now_ms();
    for key in KEYS {
        let members = (0..EACH).map(|number| format!("{key} {number}"));
        assert_eq!(client.touch_crowd(key, TTL, at, members), EACH as i64);
    }
    let end = (at + TTL) as u64;

    // Another client asks all the time, and sees them go a few at a time.
    let (mut stages, start) = (Vec::new(), Instant::now());
    while stages.last() != Some(&(TOTAL as u64)) {
        assert!(start.elapsed() < LONG, "{:?} of {TOTAL}", stages.last());
        let info = client.text(&["INFO", "presence"]);
        let told = info
            .lines()
            .find_map(|line| line.strip_prefix("presence_timeouts:"));
        let told = told.expect("the counter").parse().expect("a number");
        if stages.last() != Some(&told) {
            stages.push(told);
        }
    }
    let told = listener.join().expect("it has heard all");
    assert_eq!(told.len(), TOTAL);
    for (member, told) in told {
        let member = member.escape_ascii();
        assert_eq!((told.joins, told.timeouts), (1, 1), "{member}");
        assert!(told.at >= end, "{member} is early");
    }
    assert!(stages.len() > 20, "{} stages: {stages:?}", stages.len());
    server.assert_clean_log();
}

#[test]
fn many_keys_that_are_over_and_taken_anew_lose_nobody() {
    let (server, mut client, mut subscriber) = start_unswept("default-linger 0");
    let keys: Vec<String> = (0..300).map(|room| format!("room:{room}")).collect();
    for (key, count) in keys
        .iter()
        .map(|key| (key.as_str(), 20))
        .chain([("hall", 5000)])
    {
        client.touchex(
            key,
            1,
            None,
            (0..count).map(|number| format!("{key} {number}")),
        );
    }
    pass(&mut client, 1);
    subscriber.heard();
    for key in keys.iter().map(String::as_str).chain(["hall"]) {
        client.answer(&format!("PRESENCE.TOUCH {key} ann"));
    }
    assert_eq!(subscriber.heard().len(), 2 * 301, "each joins, a peak");
    // One of them is back before the others were reported.
    client.cmd(&args!["PRESENCE.TOUCH", "hall", "hall 4999"]);
    assert_eq!(
        subscriber.heard()[..2],
        ["timeout:hall hall 4999", "join:hall hall 4999"]
    );
    sweep(&mut client);
    wait_timeouts(&server, 300 * 20 + 5000);
    let mut heard = subscriber.heard();
    heard.sort();
    let count = heard.len();
    heard.dedup();
    assert_eq!((count, heard.len()), (300 * 20 + 4999, count));
    assert!(heard.iter().all(|line| line.starts_with("timeout:")));
}

#[test]
fn those_of_a_key_that_is_over_do_not_wait_for_a_crowd() {
    let (server, mut client, mut subscriber) = start_unswept("sweep-budget 100");
    client.answer("PRESENCE.CONFIG room LINGER 0");
    client.touchex("room", 1, None, ["ann"]);
    client.touch_crowd(
        "hall",
        1,
        None,
        (0..20_000).map(|number| number.to_string()),
    );
    pass(&mut client, 1);
    client.answer("PRESENCE.TOUCH room bob");
    subscriber.heard();
    sweep(&mut client);
    wait_timeouts(&server, 20_001);
    let heard = subscriber.heard();
    assert_eq!(heard.len(), 20_001);
    assert_eq!(heard[0], "timeout:room ann");
}
