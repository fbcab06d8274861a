//! `PRESENCE.CONFIG` sets a key's ttl, retain and linger, and a key keeps the defaults that it was made with;
//! `PRESENCE.INFO` shows them, and what the key holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use redis::Value;

use crate::common::errors::{no_number, syntax};
use crate::common::{Client, LIMIT, Server, show, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// A key's ttl, retain and linger.
fn settings(client: &mut Client, key: &str) -> [i64; 3] {
    let info = client.fields(&["PRESENCE.INFO", key]);
    ["ttl", "retain", "linger"].map(|name| match info[name] {
        Value::Int(number) => number,
        ref other => panic!("{name}: {other:?}"),
    })
}

#[test]
fn a_key_has_the_defaults_that_it_was_made_with() {
    let server = Server::start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH old ann");
    client.answer("PRESENCE.CONFIG configured TTL 5");
    for (name, value) in [("ttl", 1000), ("retain", 2000), ("linger", 3000)] {
        client.cmd(&args![
            "CONFIG",
            "SET",
            format!("presence.default-{name}"),
            value
        ]);
    }
    let at = client.now_ms();
    for line in [
        "PRESENCE.TOUCH new:touch ann",
        "PRESENCE.TOUCHEX new:touchex PX 77 MEMBERS 1 ann",
        &format!("PRESENCE.TOUCHEX new:import PX 7777777 AT {at} MEMBERS 1 ann"),
        "PRESENCE.SETMAX new:setmax 1 1700000000000",
    ] {
        client.answer(line);
        let key = line.split(' ').nth(1).expect("a key");
        assert_eq!(settings(&mut client, key), [1000, 2000, 3000], "{line}");
    }
    client.answer("PRESENCE.CONFIG new:config RETAIN 9");
    assert_eq!(settings(&mut client, "new:config"), [1000, 9, 3000]);
    client.answer("PRESENCE.TOUCH old bob");
    assert_eq!(settings(&mut client, "old"), [300_000, 0, -1]);
    assert_eq!(settings(&mut client, "configured"), [5, 0, -1]);
}

#[test]
fn config_sets_what_it_is_given_and_leaves_the_rest() {
    let mut client = SERVER.client();
    for (options, expected) in [
        ("TTL 1000", [1000, 0, -1]),
        ("RETAIN 2000", [1000, 2000, -1]),
        ("LINGER 3000", [1000, 2000, 3000]),
        ("linger -1 ttl 5 Retain 0", [5, 0, -1]),
        (
            "TTL 315360000000 RETAIN 315360000000 LINGER 315360000000",
            [315_360_000_000; 3],
        ),
        ("TTL 1 RETAIN 0 LINGER 0", [1, 0, 0]),
    ] {
        assert_eq!(
            client.answer(&format!("PRESENCE.CONFIG rest {options}")),
            "OK"
        );
        assert_eq!(settings(&mut client, "rest"), expected, "{options}");
    }
}

#[test]
fn config_makes_the_key() {
    SERVER.client().dialog(&[
        ("PRESENCE.CONFIG made TTL 5000", "OK"),
        ("TYPE made", "presence-"),
        ("PRESENCE.COUNT made", "0"),
        ("PRESENCE.CONFIG made TTL 5000", "OK"),
    ]);
}

#[test]
fn a_new_ttl_applies_to_touches_from_then_on() {
    let replies = SERVER.client().together(&[
        "PRESENCE.TOUCH ttl ann",
        "PRESENCE.CONFIG ttl TTL 1000",
        "PRESENCE.LIST ttl WITHTTL",
        "PRESENCE.TOUCH ttl ann",
        "PRESENCE.LIST ttl WITHTTL",
    ]);
    assert_eq!(replies[2], r#"[["ann", 300000]]"#);
    assert_eq!(replies[4], r#"[["ann", 1000]]"#);
}

#[test]
fn a_new_retain_applies_to_all_members() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 60_000;
    client.answer("PRESENCE.CONFIG retain RETAIN 3600000");
    client.answer(&format!(
        "PRESENCE.TOUCHEX retain PX 1 AT {at} MEMBERS 1 ann"
    ));
    client.dialog(&[
        ("PRESENCE.TOUCH retain bob", "1"),
        ("PRESENCE.LEAVE retain bob", "1"),
        ("PRESENCE.COUNT retain WINDOW 3600000", "2"),
        // Shorter than ann's absence, longer than bob's.
        ("PRESENCE.CONFIG retain RETAIN 40000", "OK"),
        ("PRESENCE.LIST retain WINDOW 40000", r#"["bob"]"#),
        ("PRESENCE.SEEN retain ann", "[nil]"),
        ("PRESENCE.CONFIG retain RETAIN 0", "OK"),
        ("PRESENCE.SEEN retain ann bob", "[nil, nil]"),
        ("PRESENCE.TOUCH retain cid", "1"),
        ("PRESENCE.CONFIG retain RETAIN 3600000", "OK"),
        ("PRESENCE.LEAVE retain cid", "1"),
    ]);
    assert_ne!(client.answer("PRESENCE.SEEN retain cid"), "[nil]");
}

#[test]
fn a_new_linger_applies_at_once() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH linger ann", "1"),
        ("PRESENCE.LEAVE linger ann", "1"),
        ("EXISTS linger", "1"),
        ("PRESENCE.CONFIG linger LINGER 0", "OK"),
        ("EXISTS linger", "0"),
    ]);
}

#[test]
fn a_key_with_linger_0_waits_for_its_first_member() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG waits LINGER 0");
    // Two runs of the eviction have gone by.
    client.answer("PRESENCE.TOUCHEX waits:other PX 1 MEMBERS 1 ann");
    wait_until(LIMIT, "the eviction has run", || {
        client.fields(&["PRESENCE.INFO", "waits:other"])["next-due"] == Value::Nil
    });
    client.dialog(&[
        ("EXISTS waits", "1"),
        ("PRESENCE.TOUCH waits ann", "1"),
        ("PRESENCE.LEAVE waits ann", "1"),
        ("EXISTS waits", "0"),
    ]);
}

#[test]
fn a_key_goes_when_its_linger_is_over() {
    let mut client = SERVER.client();
    let replies = client.together(&[
        "PRESENCE.CONFIG lingers LINGER 100",
        "PRESENCE.TOUCH lingers ann",
        "PRESENCE.LEAVE lingers ann",
        "EXISTS lingers",
    ]);
    assert_eq!(replies, ["OK", "1", "1", "1"]);
    wait_until(LIMIT, "the key goes", || {
        client.answer("EXISTS lingers") == "0"
    });
}

#[test]
fn a_key_whose_linger_is_over_reads_as_missing_though_it_is_still_there() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    let replies = client.together(&[
        "PRESENCE.CONFIG over LINGER 1",
        "PRESENCE.TOUCHEX over PX 1 MEMBERS 1 ann",
        "PRESENCE.SETMAX over 7 1700000000000",
        "PRESENCE.MAX over",
    ]);
    assert_eq!(replies, ["OK", "1", "OK", "[7, 1700000000000]"]);
    wait_until(LIMIT, "the linger is over", || {
        client.answer("PRESENCE.INFO over") == "ERR no such key"
    });
    client.dialog(&[
        ("EXISTS over", "1"),
        ("PRESENCE.MAX over", "[0, nil]"),
        // A new key, with a peak and settings of its own.
        ("PRESENCE.TOUCH over bob", "1"),
    ]);
    assert_eq!(settings(&mut client, "over"), [300_000, 0, -1]);
    let peak = client.answer("PRESENCE.MAX over");
    assert!(peak.starts_with("[1, 1"), "{peak}");
}

/// INFO's fields as text but for `bytes`, which are positive.
fn info(client: &mut Client, key: &str) -> BTreeMap<String, String> {
    let mut fields = client.fields(&["PRESENCE.INFO", key]);
    let bytes = fields.remove("bytes");
    assert!(matches!(bytes, Some(Value::Int(1..))), "{bytes:?}");
    fields
        .into_iter()
        .map(|(name, value)| (name, show(&value)))
        .collect()
}

fn expect(values: [String; 8]) -> BTreeMap<String, String> {
    [
        "online",
        "remembered",
        "peak",
        "peak-at",
        "ttl",
        "retain",
        "linger",
        "next-due",
    ]
    .map(String::from)
    .into_iter()
    .zip(values)
    .collect()
}

#[test]
fn info_shows_what_the_key_holds() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 60_000;
    client.answer("PRESENCE.CONFIG info TTL 1000000 RETAIN 7200000 LINGER 0");
    let expected = ["0", "0", "0", "nil", "1000000", "7200000", "0", "nil"].map(String::from);
    assert_eq!(info(&mut client, "info"), expect(expected));

    client.answer("PRESENCE.TOUCH info bob cid");
    client.answer("PRESENCE.SETMAX info 9 1500000000000");
    client.answer(&format!("PRESENCE.TOUCHEX info PX 1 AT {at} MEMBERS 1 ann"));
    let due = at + 7_200_000;
    let expected = [
        "2",
        "3",
        "9",
        "1500000000000",
        "1000000",
        "7200000",
        "0",
        &due.to_string(),
    ]
    .map(String::from);
    assert_eq!(info(&mut client, "info"), expect(expected));
    assert_eq!(
        info(&mut client, "info"),
        info(&mut SERVER.client3(), "info")
    );
}

#[test]
fn next_due_is_when_the_first_is_no_longer_remembered() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 1000;
    let due = |client: &mut Client| info(client, "due")["next-due"].clone();
    client.answer(&format!(
        "PRESENCE.TOUCHEX due PX 90000 AT {at} MEMBERS 1 ann"
    ));
    client.answer(&format!(
        "PRESENCE.TOUCHEX due PX 80000 AT {} MEMBERS 1 bob",
        at + 1
    ));
    assert_eq!(due(&mut client), (at + 1 + 80_000).to_string());
    client.answer("PRESENCE.CONFIG due RETAIN 85000");
    assert_eq!(due(&mut client), (at + 1 + 85_000).to_string());
    client.answer("PRESENCE.CONFIG due RETAIN 100000");
    assert_eq!(due(&mut client), (at + 100_000).to_string());
    client.answer("PRESENCE.CONFIG due RETAIN 0");
    client.answer("PRESENCE.LEAVE due ann bob");
    assert_eq!(due(&mut client), "nil");
    let (now, _) = client.at_once(
        "due:clock",
        &[
            "PRESENCE.CONFIG due LINGER 600000",
            "PRESENCE.TOUCH due ann",
            "PRESENCE.LEAVE due ann",
        ],
    );
    // Then the key itself is next.
    assert_eq!(due(&mut client), (now + 600_000).to_string());
}

#[test]
fn bytes_grow_with_the_members_and_are_part_of_memory_usage() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH bytes ann");
    let bytes = |client: &mut Client| -> i64 {
        let text = show(&client.fields(&["PRESENCE.INFO", "bytes"])["bytes"]);
        text.parse().expect("a number")
    };
    let small = bytes(&mut client);
    let mut touch = args!["PRESENCE.TOUCH", "bytes"].to_vec();
    touch.extend(
        (0..10_000).map(|number| format!("a-member-of-30-bytes-or-so:{number}").into_bytes()),
    );
    client.cmd(&touch);
    let large = bytes(&mut client);
    assert!((1..2000).contains(&small), "{small}");
    assert!((300_000..3_000_000).contains(&large), "{large}");
    assert!(client.int(&["MEMORY", "USAGE", "bytes"]) >= large);
}

#[test]
fn info_is_a_flat_array_or_a_map() {
    let mut raw = SERVER.raw_connection();
    raw.call(&["PRESENCE.SETMAX", "wire", "5", "1500000000000"]);
    let fields = |head: &str, nil: &str| {
        let number = |name: &str, value: &str| format!(r"${}\r\n{name}\r\n{value}", name.len());
        [
            head.into(),
            number("online", r":0\r\n"),
            number("remembered", r":0\r\n"),
            number("peak", r":5\r\n"),
            number("peak-at", r":1500000000000\r\n"),
            number("ttl", r":300000\r\n"),
            number("retain", r":0\r\n"),
            number("linger", r":-1\r\n"),
            number("next-due", nil),
            number("bytes", ":"),
        ]
        .concat()
    };
    let reply = raw.call(&["PRESENCE.INFO", "wire"]);
    assert!(
        reply.starts_with(&fields(r"*18\r\n", r"$-1\r\n")),
        "{reply}"
    );
    raw.call(&["HELLO", "3"]);
    let reply = raw.call(&["PRESENCE.INFO", "wire"]);
    assert!(reply.starts_with(&fields(r"%9\r\n", r"_\r\n")), "{reply}");
}

#[test]
fn what_is_wrong_is_refused() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH refused ann");
    let digest = client.answer("DEBUG DIGEST-VALUE refused");
    let option = syntax(
        "TTL milliseconds, RETAIN milliseconds, LINGER milliseconds, RESOLUTION milliseconds or CAP members expected",
    );
    let ttl = no_number("TTL takes milliseconds from 1 to 315360000000");
    let retain = no_number("RETAIN takes milliseconds from 0 to 315360000000");
    let linger = no_number("LINGER takes milliseconds from 0 to 315360000000, or -1 for ever");
    let cap = no_number("CAP takes a number from 0 to 4294967295");
    let resolution = no_number("RESOLUTION takes milliseconds from 0 to 315360000000");
    for key in ["refused", "missing"] {
        for (options, error) in [
            ("TTL 5 TTL 6", &syntax("TTL may be given once")),
            ("RETAIN 5 RETAIN 6", &syntax("RETAIN may be given once")),
            ("LINGER 5 LINGER 6", &syntax("LINGER may be given once")),
            (
                "RESOLUTION 5 RESOLUTION 5",
                &syntax("RESOLUTION may be given once"),
            ),
            ("TTL 5 RETAIN", &syntax("RETAIN milliseconds expected")),
            ("TTL 5 5", &option),
            ("SHADE 5", &option),
            // How the module replicates the making of a key; not for clients.
            ("TTL 5 AT 1", &option),
            ("TTL 0", &ttl),
            ("TTL -1", &ttl),
            ("TTL x", &ttl),
            ("TTL 315360000001", &ttl),
            ("RETAIN -1", &retain),
            ("RETAIN x", &retain),
            ("RETAIN 315360000001", &retain),
            ("LINGER -2", &linger),
            ("LINGER x", &linger),
            ("LINGER 315360000001", &linger),
            ("RESOLUTION -1", &resolution),
            ("RESOLUTION x", &resolution),
            ("RESOLUTION 315360000001", &resolution),
            ("CAP 5 CAP 5", &syntax("CAP may be given once")),
            ("CAP -1", &cap),
            ("CAP x", &cap),
            ("CAP 4294967296", &cap),
            ("TTL 5 RETAIN 5 LINGER -2", &linger),
        ] {
            let line = format!("PRESENCE.CONFIG {key} {options}");
            assert_eq!(client.answer(&line), *error, "{line}");
        }
    }
    client.dialog(&[
        ("DEBUG DIGEST-VALUE refused", &digest),
        ("EXISTS missing", "0"),
        ("PRESENCE.INFO missing", "ERR no such key"),
    ]);
}
