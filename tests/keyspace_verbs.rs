//! The server's own commands on keys work on presence keys, and none of them loses anything: `DEBUG DIGEST` has
//! settings, peak, members, times and ttls in it.

use std::sync::LazyLock;

use redis::Value;

use crate::common::{Client, LIMIT, Server, show, touchex, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// A key of so many members with times and ttls of their own, some offline and remembered, a peak and settings.
fn fill(client: &mut Client, key: &str, count: i64) {
    let now = client.now_ms();
    client.answer(&format!(
        "PRESENCE.CONFIG {key} TTL 777777 RETAIN 86400000 LINGER 5555 RESOLUTION 333333 CAP 1000000"
    ));
    for number in 0..count {
        let (ttl, at) = (1_000_000 + number * 7 % 50, now - number * 13 % 10_000);
        client.send(&touchex(
            key,
            ttl,
            at,
            [number.to_string(), format!("user:{number}")],
        ));
    }
    for _ in 0..count {
        client.receive(LIMIT);
    }
    let leave = format!("PRESENCE.LEAVE {key} user:0 user:1 user:2");
    assert_eq!(client.answer(&leave), "3");
    client.answer(&format!("PRESENCE.SETMAX {key} 987654 1500000000000"));
}

/// The digest of one key's value.
fn value_of(client: &mut Client, key: &str) -> String {
    let digest = client.answer(&format!("DEBUG DIGEST-VALUE {key}"));
    assert!(!digest.contains(&"0".repeat(40)), "{key} holds nothing");
    digest
}

/// A small and a large key.
fn both_forms(test: impl Fn(&mut Client, &str)) {
    let mut client = SERVER.client();
    let name = std::thread::current()
        .name()
        .expect("a test")
        .replace("::", "/");
    for (form, count) in [("small", 10), ("large", 1500)] {
        let key = format!("{name}:{form}");
        fill(&mut client, &key, count);
        test(&mut client, &key);
    }
}

#[test]
fn the_digest_tells_states_apart() {
    let mut client = SERVER.client();
    let at = client.now_ms();
    let make = |client: &mut Client, key: &str, lines: &[&str]| -> String {
        for line in lines {
            let line = line.replace("key", key).replace("now", &at.to_string());
            client.answer(&line);
        }
        value_of(client, key)
    };
    let base = [
        "PRESENCE.CONFIG key TTL 1000 RETAIN 2000000 LINGER 3000",
        "PRESENCE.TOUCHEX key PX 100000 AT now MEMBERS 2 ann bob",
        "PRESENCE.SETMAX key 9 now",
    ];
    let one = make(&mut client, "tells:1", &base);
    assert_eq!(make(&mut client, "tells:2", &base), one);
    for (number, change) in [
        "PRESENCE.CONFIG key TTL 1001",
        "PRESENCE.CONFIG key RETAIN 2000001",
        "PRESENCE.CONFIG key LINGER 3001",
        "PRESENCE.CONFIG key RESOLUTION 500",
        "PRESENCE.CONFIG key CAP 500",
        "PRESENCE.SETMAX key 10 now",
        "PRESENCE.SETMAX key 9 1700000000000",
        "PRESENCE.TOUCHEX key PX 100001 AT now MEMBERS 1 ann",
        "PRESENCE.TOUCHEX key PX 100000 AT now MEMBERS 1 cid",
        "PRESENCE.TOUCHEX key PX 100000 MEMBERS 1 ann",
        "PRESENCE.LEAVE key ann",
    ]
    .iter()
    .enumerate()
    {
        wait_until(LIMIT, "the clock moves", || client.now_ms() > at);
        let lines = [&base[..], &[change]].concat();
        assert_ne!(
            make(&mut client, &format!("tells:change:{number}"), &lines),
            one,
            "{change}"
        );
    }
}

#[test]
fn type_and_encoding() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH type ann", "1"),
        ("TYPE type", "presence-"),
        ("OBJECT ENCODING type", r#""raw""#),
        ("OBJECT REFCOUNT type", "1"),
        (
            "SCAN 0 TYPE presence- MATCH type COUNT 100000",
            r#"["0", ["type"]]"#,
        ),
    ]);
}

#[test]
fn memory_usage_counts_what_is_there() {
    let mut client = SERVER.client();
    fill(&mut client, "memory:small", 10);
    fill(&mut client, "memory:large", 5000);
    let small = client.int(&["MEMORY", "USAGE", "memory:small"]);
    let large = client.int(&["MEMORY", "USAGE", "memory:large"]);
    // At least the bytes of the names and some for the times, and not tens of times as much.
    assert!((200..5000).contains(&small), "{small}");
    assert!((150_000..2_000_000).contains(&large), "{large}");
}

#[test]
fn debug_reload_keeps_all() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "small", 10);
    fill(&mut client, "large", 3000);
    client.answer("PRESENCE.CONFIG empty TTL 5 RESOLUTION 2 CAP 9");
    client.answer("PRESENCE.SETMAX peak 5 1700000000000");
    let digest = client.digest();
    let info = client.answer("PRESENCE.LIST large WITHSEEN");
    client.cmd(&["DEBUG", "RELOAD"]);
    assert_eq!(client.digest(), digest);
    assert_eq!(client.answer("PRESENCE.LIST large WITHSEEN"), info);
    client.dialog(&[
        ("DBSIZE", "4"),
        ("PRESENCE.COUNT large", "5997"),
        ("PRESENCE.COUNT large WINDOW 86400000", "6000"),
    ]);
}

#[test]
fn copy_makes_a_value_of_its_own() {
    both_forms(|client, key| {
        let value = value_of(client, key);
        let copy = format!("{key}:copy");
        assert_eq!(client.answer(&format!("COPY {key} {copy}")), "1");
        assert_eq!(value_of(client, &copy), value);
        client.answer(&format!("PRESENCE.TOUCH {copy} new"));
        client.answer(&format!("PRESENCE.LEAVE {copy} 5"));
        assert_eq!(value_of(client, key), value);
        client.answer(&format!("DEL {key}"));
        assert_eq!(
            client.answer(&format!("PRESENCE.ISONLINE {copy} new 5 6")),
            "[1, 0, 1]"
        );
        // REPLACE, too.
        fill(client, key, 3);
        let value = value_of(client, key);
        assert_eq!(client.answer(&format!("COPY {key} {copy} REPLACE")), "1");
        assert_eq!(value_of(client, &copy), value);
    });
}

#[test]
fn dump_and_restore_keep_all() {
    both_forms(|client, key| {
        let value = value_of(client, key);
        let Value::BulkString(dump) = client.cmd(&["DUMP", key]) else {
            panic!("no dump")
        };
        let restored = format!("{key}:restored");
        assert_eq!(
            client.cmd(&args!["RESTORE", &restored, 0, &dump]),
            Value::Okay
        );
        assert_eq!(value_of(client, &restored), value);
        assert_eq!(
            client.answer(&format!("PRESENCE.MAX {restored}")),
            "[987654, 1500000000000]"
        );
        client.answer(&format!("PRESENCE.TOUCH {restored} new"));
        assert_eq!(
            client.cmd(&args!["RESTORE", &restored, 0, &dump, "REPLACE"]),
            Value::Okay
        );
        assert_eq!(value_of(client, &restored), value);
    });
}

#[test]
fn rename_and_move_keep_all() {
    both_forms(|client, key| {
        let value = value_of(client, key);
        let renamed = format!("{key}:renamed");
        assert_eq!(client.answer(&format!("RENAME {key} {renamed}")), "OK");
        assert_eq!(client.answer(&format!("EXISTS {key}")), "0");
        assert_eq!(value_of(client, &renamed), value);
        assert_eq!(client.answer(&format!("MOVE {renamed} 3")), "1");
        assert_eq!(client.answer(&format!("PRESENCE.COUNT {renamed}")), "0");
        client.answer("SELECT 3");
        assert_eq!(value_of(client, &renamed), value);
        client.answer("SELECT 0");
    });
}

#[test]
fn expire_and_persist() {
    both_forms(|client, key| {
        client.dialog(&[
            (&format!("EXPIRE {key} 1000"), "1"),
            (&format!("PERSIST {key}"), "1"),
            (&format!("TTL {key}"), "-1"),
            (&format!("PRESENCE.ISONLINE {key} user:5"), "[1]"),
            (&format!("PEXPIRE {key} 5"), "1"),
        ]);
        wait_until(LIMIT, "the key expires", || {
            client.answer(&format!("EXISTS {key}")) == "0"
        });
        assert_eq!(client.answer(&format!("PRESENCE.COUNT {key}")), "0");
    });
}

#[test]
fn a_touch_keeps_the_time_that_a_key_expires_at() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH expiry ann", "1"),
        ("PEXPIREAT expiry 99999999999999", "1"),
        ("PRESENCE.TOUCH expiry bob", "1"),
        ("PRESENCE.LEAVE expiry ann", "1"),
        ("PEXPIRETIME expiry", "99999999999999"),
    ]);
}

#[test]
fn del_and_unlink_remove() {
    for verb in ["DEL", "UNLINK"] {
        both_forms(|client, key| {
            client.dialog(&[
                (&format!("{verb} {key}"), "1"),
                (&format!("EXISTS {key}"), "0"),
                (&format!("PRESENCE.COUNT {key}"), "0"),
                (&format!("PRESENCE.MAX {key}"), "[0, nil]"),
                (&format!("PRESENCE.TOUCH {key} user:5"), "1"),
                (&format!("DEL {key}"), "1"),
            ]);
        });
    }
}

#[test]
fn swapdb_and_flushes() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "swapped", 1000);
    let value = value_of(&mut client, "swapped");
    client.dialog(&[
        ("SWAPDB 0 5", "OK"),
        ("PRESENCE.COUNT swapped", "0"),
        ("SELECT 5", "OK"),
        ("DEBUG DIGEST-VALUE swapped", &value),
        ("PRESENCE.COUNT swapped", "1997"),
    ]);
    for flush in [
        "FLUSHDB",
        "FLUSHDB ASYNC",
        "FLUSHALL SYNC",
        "FLUSHALL ASYNC",
    ] {
        fill(&mut client, "flushed", 1000);
        client.dialog(&[
            (flush, "OK"),
            ("DBSIZE", "0"),
            ("PRESENCE.COUNT flushed", "0"),
        ]);
        wait_until(LIMIT, format!("{flush} has freed all"), || {
            server.presence("members") == 0
        });
        assert_eq!(
            (server.presence("keys"), server.presence("bytes")),
            (0, 0),
            "{flush}"
        );
    }
}

#[test]
fn migrate_carries_a_key_to_another_server() {
    let (from, to) = (Server::start(), Server::start());
    let mut client = from.client();
    fill(&mut client, "room", 1000);
    let value = value_of(&mut client, "room");
    let answer = client.answer(&format!("MIGRATE 127.0.0.1 {} room 0 5000", to.port()));
    assert_eq!(answer, "OK");
    assert_eq!(client.answer("EXISTS room"), "0");
    assert_eq!(value_of(&mut to.client(), "room"), value);
}

#[test]
fn maxmemory_policies_take_whole_keys() {
    let server = Server::start();
    let mut client = server.client();
    for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
        for number in 0..20 {
            fill(&mut client, &format!("room:{number}"), 200);
        }
        let digest = client.digest();
        let policy = format!("CONFIG SET maxmemory-policy {policy}");
        client.dialog(&[(&policy, "OK"), ("CONFIG SET maxmemory 1", "OK")]);
        // Room is made before a command that needs some; what it needs itself is refused, as there is nothing left.
        wait_until(LIMIT, "all keys go", || {
            client.answer("PRESENCE.TOUCH new ann");
            client.answer("DBSIZE") == "0"
        });
        client.answer("CONFIG SET maxmemory 0");
        assert_ne!(client.digest(), digest);
        wait_until(LIMIT, "all is freed", || server.presence("members") == 0);
        assert_eq!(client.answer("PRESENCE.TOUCH room:1 ann"), "1");
        client.answer("FLUSHALL");
    }
}

#[test]
fn info_presence_counts_what_happened() {
    let server = Server::builder().module_args("sweep-interval 10").start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH room ann bob cid");
    client.answer("PRESENCE.TOUCH room ann");
    client.answer("PRESENCE.LEAVE room bob nobody");
    client.answer("PRESENCE.TOUCHEX other PX 1 MEMBERS 2 dan eve");
    wait_until(LIMIT, "both are evicted", || {
        server.presence("evicted") == 2
    });
    for (field, expected) in [
        ("keys", 2),
        ("members", 2),
        ("touches", 6),
        ("joins", 5),
        ("leaves", 1),
        ("timeouts", 2),
    ] {
        assert_eq!(server.presence(field), expected, "{field}");
    }
    for field in ["bytes", "sweeps", "sweep_time_us", "longest_sweep_us"] {
        assert!(server.presence(field) > 0, "{field}");
    }
    assert!(server.presence("sweep_lag_ms") < 10_000);
    let sum = ["room", "other"].map(|key| {
        let text = show(&client.fields(&["PRESENCE.INFO", key])["bytes"]);
        text.parse::<u64>().expect("a number")
    });
    assert_eq!(server.presence("bytes"), sum.iter().sum::<u64>());
}
