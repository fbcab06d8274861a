//! Active defragmentation moves the memory of presence keys, small and large, and changes nothing else, whatever is
//! done to them meanwhile. It takes a server with an allocator that says what is fragmented.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::{
    Client, Random, Server, holds_within, not_applicable, wait_caught_up, wait_until,
};

/// How long it may take to put a few megabytes in order.
const WHILE: Duration = Duration::from_secs(30);

const TTL: i64 = 600_000;

/// Names of the four stored forms.
fn name(number: u64) -> Vec<u8> {
    match number % 4 {
        0 => format!("user:{number:010}"),
        1 => format!("0b5e55ed-{:04x}-4000-8000-{number:012x}", number % 65_536),
        2 => (number * 7_919_000_000_017).to_string(),
        _ => format!(
            "https://example.com/people/{number}/{}",
            "x".repeat(number as usize % 90)
        ),
    }
    .into_bytes()
}

/// Has the server look for little fragmentation, and work on it at once. `false` where it cannot, and says so.
fn can_defragment(client: &mut Client) -> bool {
    if let Err(error) = client.raw(&["CONFIG", "SET", "activedefrag", "yes"]) {
        let refused = "Active defragmentation cannot be enabled";
        assert!(error.to_string().contains(refused), "{error}");
        not_applicable("the build has no active defragmentation, and refuses to switch it on");
        return false;
    }
    client.cmd(&["CONFIG", "SET", "activedefrag", "no"]);
    for setting in [
        "active-defrag-threshold-lower 1",
        "active-defrag-ignore-bytes 1",
        "active-defrag-cycle-min 50",
        "active-defrag-cycle-max 75",
    ] {
        let (name, value) = setting.split_once(' ').expect("a name and a value");
        client.cmd(&["CONFIG", "SET", name, value]);
    }
    true
}

fn number(server: &Server, section: &str, field: &str) -> u64 {
    let value = server.info_field(section, field);
    value.parse().expect("a number")
}

/// What the allocator holds beyond what is in use.
fn fragmented(server: &Server) -> u64 {
    number(server, "memory", "allocator_frag_bytes")
}

/// A hundred crowds that grow side by side, each with a thousand ttls, and rooms of a few among them, of which every
/// fifth is left.
fn fill(client: &mut Client) {
    for round in 0..20 {
        for key in 0..100 {
            let crowd = format!("crowd {key}");
            for part in 0..50 {
                let first = 400 * round + 8 * part;
                let ttl = TTL + (round * 50 + part) as i64;
                client.touch_crowd(&crowd, ttl, None, (first..first + 8).map(name));
            }
            let room = format!("room {key}:{round}");
            client.touch_crowd(&room, TTL, None, (0..5).map(name));
        }
    }
    for key in (0..100).filter(|key| key % 5 != 0) {
        client.cmd(&args!["DEL", format!("crowd {key}")]);
        for round in 0..20 {
            client.cmd(&args!["DEL", format!("room {key}:{round}")]);
        }
    }
}

#[test]
fn fragmented_memory_is_put_in_order() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let (run_id, mut client) = (server.run_id(), server.client());
    if !can_defragment(&mut client) {
        return;
    }
    fill(&mut client);
    let digest = client.digest();
    let before = fragmented(&server);
    assert!(before > 5_000_000, "{before} bytes are not much");
    client.cmd(&["CONFIG", "SET", "activedefrag", "yes"]);
    wait_until(WHILE, "the memory is in order", || {
        fragmented(&server) < before / 2
    });
    for field in ["active_defrag_hits", "active_defrag_key_hits"] {
        assert!(number(&server, "stats", field) > 0, "{field}");
    }
    assert_eq!(client.digest(), digest);
    for key in (0..100).step_by(5) {
        let key = format!("crowd {key}");
        let ask = args!["PRESENCE.ISONLINE", key].into_iter();
        let ask: Vec<_> = ask.chain((0..8000).map(name)).collect();
        assert_eq!(client.ints(&ask), [1; 8000]);
        client.touch_crowd(&key, TTL, None, (7000..9000).map(name));
        client.cmd(&args!["PRESENCE.LEAVE", key, name(3)]);
        assert_eq!(client.int(&args!["PRESENCE.COUNT", key]), 9000 - 1);
    }
    server.assert_sound(&run_id);
}

/// Touches with ttls of their own and such as are over at once, departures, copies, and keys that come and go.
fn change(client: &mut Client, random: &mut Random) {
    let some =
        |random: &mut Random| -> Vec<_> { (0..20).map(|_| name(random.below(60_000))).collect() };
    let ttl = random.pick(&[20, TTL, TTL]) + random.below(5000) as i64;
    client.touch_crowd("hall", ttl, None, some(random));
    let room = format!("room {}", random.below(2000));
    client.touch_crowd(&room, ttl, None, some(random).drain(..5));
    let leave = args!["PRESENCE.LEAVE", "hall"].into_iter();
    client.cmd(&leave.chain(some(random)).collect::<Vec<_>>());
    let other = format!("room {}", random.below(2000));
    match random.below(20) {
        0..8 => client.cmd(&args!["UNLINK", other]),
        8..10 if room != other => client.cmd(&args!["COPY", room, other, "REPLACE"]),
        10 => client.cmd(&args!["COPY", "hall", "other hall", "REPLACE"]),
        11 => client.cmd(&args!["UNLINK", "other hall"]),
        _ => return,
    };
}

#[test]
fn a_key_may_be_changed_while_it_is_moved() {
    let primary = Server::builder().module_args("sweep-interval 5").start();
    let mut client = primary.client();
    if !can_defragment(&mut client) {
        return;
    }
    // The replica moves nothing: it holds what the primary should.
    let replica = Server::start_replica_of(&primary);
    let run_id = primary.run_id();
    client.cmd(&["CONFIG", "SET", "activedefrag", "yes"]);
    client.touch_crowd("hall", TTL, None, (0..60_000).map(name));
    let (changes, done) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut client, mut random) = (primary.client(), Random::new());
            while !done.load(Ordering::Relaxed) {
                change(&mut client, &mut random);
                changes.fetch_add(1, Ordering::Relaxed);
            }
        });
        // The other thread has to end, however this does.
        let enough = holds_within(WHILE, || {
            changes.load(Ordering::Relaxed) > 4000
                && number(&primary, "stats", "active_defrag_hits") > 2000
        });
        done.store(true, Ordering::Relaxed);
        assert!(enough, "little was moved, or little changed");
    });
    primary.assert_sound(&run_id);
    client.cmd(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    wait_caught_up(&primary, &replica);
    let digest = client.digest();
    assert_eq!(replica.client().digest(), digest);
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "60000"]);
    client.cmd(&["DEBUG", "RELOAD"]);
    assert_eq!(client.digest(), digest);
    primary.assert_sound(&run_id);
}
