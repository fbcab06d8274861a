//! The eviction's watch list costs little, in any number of databases, and is freed soon after the keys are gone: in batches.

use redis::Value;

use crate::common::{Client, LIMIT, Server, elements, text, touchex, wait_until};

const DAY: i64 = 86_400_000;

/// Far beyond what buffers and tables come and go by, far below what the tests are about.
const LITTLE: u64 = 3_000_000;

/// A name of 65 kB.
fn long(number: usize) -> String {
    format!("{number}:{}", "x".repeat(65_000))
}

/// Keys of one member each, many commands at a time.
fn touch_each(client: &mut Client, keys: impl Iterator<Item = (String, i64)>) {
    let mut keys = keys.peekable();
    while keys.peek().is_some() {
        let mut sent = 0;
        for (key, ttl) in keys.by_ref().take(500) {
            client.send(&touchex(&key, ttl, None, ["ann"]));
            sent += 1;
        }
        (0..sent).for_each(|_| assert!(matches!(client.receive(LIMIT), Value::Int(_))));
    }
}

#[track_caller]
fn wait_back(server: &Server, before: u64) {
    wait_until(LIMIT, "the memory is back", || {
        server.used_memory() < before + LITTLE
    });
}

#[test]
fn a_long_name_with_shrinking_ttls_is_not_watched_a_thousand_times() {
    let server = Server::start();
    let mut client = server.client();
    let before = server.used_memory();
    let watched = |number: i64| (long(0), DAY - number * 1000);
    touch_each(&mut client, (0..1000).map(watched));
    // Also while the key lives.
    wait_back(&server, before);
    touch_each(&mut client, (1000..2000).map(watched));
    client.cmd(&["FLUSHDB"]);
    wait_back(&server, before);
    wait_until(LIMIT, "INFO says so, too", || {
        server.presence("schedule_bytes") < 100_000
    });
}

/// Long names come and go by these commands, where `{}` stands for the name, while many short ones stay.
#[track_caller]
fn long_names_go(commands: &[&str]) {
    const SHORT: usize = 2000;
    const LONG: usize = 300;
    let server = Server::start();
    let mut client = server.client();
    touch_each(&mut client, (0..SHORT).map(|n| (format!("room:{n}"), DAY)));
    client.cmd(&["SELECT", "1"]);
    let before = server.used_memory();
    touch_each(&mut client, (0..LONG).map(|n| (long(n), DAY)));
    assert!(server.used_memory() > before + 2 * LONG as u64 * 65_000);
    for name in (0..LONG).map(long) {
        for command in commands {
            let words = command.split(' ').map(|word| word.replace("{}", &name));
            client.cmd(&words.collect::<Vec<_>>());
        }
    }
    wait_back(&server, before);
    client.cmd(&["DEL", "short"]);
    wait_until(LIMIT, "the others stay, and nothing else", || {
        server.presence("keys") == SHORT as u64
    });
}

#[test]
fn after_del() {
    long_names_go(&["DEL {}"]);
}

#[test]
fn after_unlink() {
    long_names_go(&["UNLINK {}"]);
}

#[test]
fn after_being_overwritten() {
    long_names_go(&["SET {} 1", "DEL {}"]);
}

#[test]
fn after_rename() {
    long_names_go(&["RENAME {} short"]);
}

#[test]
fn after_move() {
    long_names_go(&["MOVE {} 2", "SELECT 2", "DEL {}", "SELECT 1"]);
}

#[test]
fn after_flushdb() {
    long_names_go(&["FLUSHDB"]);
}

#[test]
fn flushall_frees_the_watch_list_afterwards_in_batches() {
    const KEYS: i64 = 100_000;
    let server = Server::start();
    let mut client = server.client();
    let before = server.used_memory();
    let spread = |number| (format!("room:{number}"), DAY + number * (10 * DAY / KEYS));
    touch_each(&mut client, (0..KEYS).map(spread));
    wait_until(LIMIT, "all are counted", || {
        server.presence("schedule_bytes") > KEYS as u64 * 10
    });
    let watched = server.presence("schedule_bytes");
    // Nothing happens between the commands of a transaction: what is freed was freed by the first.
    client.cmd(&["MULTI"]);
    client.cmd(&["FLUSHALL", "SYNC"]);
    client.cmd(&["INFO", "memory"]);
    let mut replies = elements(client.cmd(&["EXEC"]));
    let info = text(replies.remove(1));
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.expect("a field").parse().expect("a number");
    assert!(
        used > before + watched / 10 * 9,
        "{watched} bytes were allocated, {} are left",
        used.saturating_sub(before)
    );
    wait_until(LIMIT, "the memory is back", || {
        server.used_memory() < before + 500_000
    });
    wait_until(LIMIT, "INFO says so, too", || {
        server.presence("schedule_bytes") < 1000
    });
    // What comes after is a new beginning.
    touch_each(
        &mut client,
        (0..100).map(|number| (format!("room:{number}"), 1)),
    );
    server.wait_members(0);
}

#[test]
fn the_last_of_many_databases_costs_no_more_than_the_first() {
    const DATABASES: usize = 200_000;
    let server = Server::builder()
        .arg(&format!("databases {DATABASES}"))
        .module_args("default-linger 0")
        .start();
    let mut client = server.client();
    let last = (DATABASES - 1).to_string();
    client.cmd(&["SELECT", &last]);
    let before = server.used_memory();
    client.touchex("room", 1000, None, ["ann", "bob"]);
    let took = server.used_memory() - before;
    assert!(took < 500_000, "{took} bytes for one key");
    client.cmd(&["SWAPDB", &last, "100000"]);
    client.touchex("hall", 1000, None, ["cid"]);
    assert_eq!(server.presence("members"), 3, "the test was too slow");
    server.wait_members(0);
    wait_until(LIMIT, "the keys have gone", || server.presence("keys") == 0);
    assert_eq!(server.presence("evicted"), 3);
}
