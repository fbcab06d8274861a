//! Metadata of members: `PRESENCE.SETMETA`, `PRESENCE.META` and `LIST … WITHMETA`. It lives as long as its member is
//! remembered, and where it is copied to, it is the same.

use crate::common::{
    Client, LIMIT, Server, Subscriber, assert_same_everywhere, show, wait_caught_up, wait_until,
};

/// Two forms of a set before there is metadata; `ann` and `bob` are in both.
const KEYS: [(&str, usize); 2] = [("small", 3), ("large", 500)];

fn fill(client: &mut Client, key: &str, count: usize) {
    let mut touch = args!["PRESENCE.TOUCH", key, "ann", "bob"].to_vec();
    touch.extend((2..count).map(|number| format!("user:{number}").into_bytes()));
    assert_eq!(client.int(&touch), count as i64);
}

fn unswept() -> Server {
    Server::builder()
        .module_args("sweep-interval 60000 events A")
        .start()
}

#[test]
fn it_is_told_as_it_was_set() {
    let server = unswept();
    let mut client = server.client();
    for (key, count) in KEYS {
        fill(&mut client, key, count);
        for (line, answer) in [
            ("META key ann bob nobody", "[nil, nil, nil]"),
            ("SETMETA key ann away", "1"),
            ("META key ann bob ann", r#"["away", nil, "away"]"#),
            ("SETMETA key ann back", "1"),
            ("SETMETA key nobody away", "0"),
            ("META key nobody ann", r#"[nil, "back"]"#),
            // A refresh leaves it.
            ("TOUCH key ann", "0"),
            ("META key ann", r#"["back"]"#),
            // An empty one is none.
            ("SETMETA key ann ", "1"),
            ("META key ann", "[nil]"),
            ("SETMETA key ann ", "1"),
            ("SETMETA key:none ann x", "0"),
            ("META key:none ann", "[nil]"),
        ] {
            let line = format!("PRESENCE.{}", line.replace("key", key));
            assert_eq!(client.answer(&line), answer, "{line}");
        }
        let bytes: Vec<u8> = (0..=255).collect();
        client.cmd(&args!["PRESENCE.SETMETA", key, "bob", bytes]);
        let meta = client.bytes_list(&["PRESENCE.META", key, "bob"]);
        assert_eq!(meta, [bytes]);
        assert_eq!(client.answer(&format!("EXISTS {key}:none")), "0");
    }
}

#[test]
fn a_list_has_it_last() {
    let server = unswept();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCHEX room AT 1700000000000 PX 315360000000 MEMBERS 1 ann");
    client.answer("PRESENCE.TOUCHEX room AT 1700000000001 PX 315360000000 MEMBERS 1 bob");
    client.answer("PRESENCE.SETMETA room ann away");
    let mut modern = server.client3();
    for client in [&mut client, &mut modern] {
        for (options, reply) in [
            ("WITHMETA", r#"[["bob", nil], ["ann", "away"]]"#),
            (
                "REV WITHMETA WITHSEEN",
                r#"[["ann", 1700000000000, "away"], ["bob", 1700000000001, nil]]"#,
            ),
            ("LIMIT 1 1 WITHMETA", r#"[["ann", "away"]]"#),
        ] {
            let line = format!("PRESENCE.LIST room {options}");
            assert_eq!(client.answer(&line), reply, "{line}");
        }
    }
    let all = client.answer("PRESENCE.LIST room WITHTTL WITHMETA WITHSEEN");
    assert!(all.ends_with(r#", "away"]]"#), "{all}");
    assert_eq!(all.matches(", ").count(), 7, "{all}");
}

/// What takes members away takes their metadata along, and who only left and is remembered keeps it.
#[test]
fn it_lives_as_long_as_its_member_is_remembered() {
    for (retain, key) in [(0, "forgets"), (3_600_000, "remembers")] {
        let server = unswept();
        let mut client = server.client();
        client.answer(&format!("PRESENCE.CONFIG {key} RETAIN {retain}"));
        for (gone, is_kept) in [
            ("LEAVE key ann", retain > 0),
            ("FORGET key ann", false),
            ("TOUCHEX key PX 1 MEMBERS 1 ann", retain > 0),
        ] {
            client.answer(&format!("PRESENCE.TOUCH {key} ann bob"));
            client.answer(&format!("PRESENCE.SETMETA {key} ann away"));
            client.answer(&format!("PRESENCE.{}", gone.replace("key", key)));
            wait_until(LIMIT, "ann is offline", || {
                client.answer(&format!("PRESENCE.ISONLINE {key} ann")) == "[0]"
            });
            let expected = if is_kept { r#"["away"]"# } else { "[nil]" };
            let meta = format!("PRESENCE.META {key} ann");
            assert_eq!(client.answer(&meta), expected, "{gone}, retain {retain}");
            let set = format!("PRESENCE.SETMETA {key} ann new");
            assert_eq!(
                client.answer(&set),
                i64::from(is_kept).to_string(),
                "{gone}"
            );
            client.answer(&format!("PRESENCE.TOUCH {key} ann"));
            let expected = if is_kept { r#"["new"]"# } else { "[nil]" };
            assert_eq!(client.answer(&meta), expected, "{gone}, retain {retain}");
        }
    }
}

/// Who comes back before the eviction came by is without it everywhere, whatever form the touch has.
#[test]
fn who_was_forgotten_comes_back_without_it_on_every_server() {
    let primary = Server::builder()
        .arg("appendonly yes")
        .module_args("sweep-interval 60000")
        .start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    for (number, back) in [
        "TOUCH key ann",
        "TOUCH key new ann bob",
        "TOUCHEX key MEMBERS 1 ann",
    ]
    .iter()
    .enumerate()
    {
        let key = format!("room:{number}");
        fill(&mut client, &key, 100);
        client.answer(&format!("PRESENCE.TOUCHEX {key} PX 1 MEMBERS 1 ann"));
        client.together(&[
            &format!("PRESENCE.TOUCHEX {key} PX 1 MEMBERS 1 ann"),
            &format!("PRESENCE.SETMETA {key} ann away"),
            &format!("PRESENCE.SETMETA {key} bob here"),
        ]);
        wait_until(LIMIT, "ann's time is up", || {
            client.answer(&format!("PRESENCE.ISONLINE {key} ann")) == "[0]"
        });
        client.answer(&format!("PRESENCE.{}", back.replace("key", &key)));
        let meta = client.answer(&format!("PRESENCE.META {key} ann bob"));
        assert_eq!(meta, r#"[nil, "here"]"#, "{back}");
    }
    let digest = client.digest();
    wait_caught_up(&primary, &replica);
    assert_eq!(replica.client().digest(), digest);
    client.cmd(&["DEBUG", "LOADAOF"]);
    assert_eq!(client.digest(), digest);
}

#[test]
fn what_changes_is_published_and_what_is_equal_is_nothing() {
    let server = Server::builder()
        .arg("appendonly yes")
        .arg("repl-ping-replica-period 3600")
        .module_args("sweep-interval 60000 events u")
        .start();
    let _replica = Server::start_replica_of(&server);
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client3(), &["__presence@*"]);
    fill(&mut client, "room", 3);
    for (blob, hears) in [
        ("away", true),
        ("away", false),
        ("back", true),
        ("", true),
        ("", false),
    ] {
        let offset = || server.info_field("replication", "master_repl_offset");
        let (before, log) = (offset(), server.aof());
        let set = format!("PRESENCE.SETMETA room ann {blob}");
        assert_eq!(client.answer(&set), "1");
        let expected = match hears {
            true => &["update:room ann"][..],
            false => &[],
        };
        assert_eq!(server.aof() != log, hears, "{blob}");
        assert_eq!(offset() != before, hears, "{blob}");
        assert_eq!(subscriber.heard(), expected, "{blob}");
    }
}

#[test]
fn a_notification_tells_of_it() {
    let server = unswept();
    let mut client = server.client();
    client.answer("CONFIG SET notify-keyspace-events Kd");
    let mut subscriber = Subscriber::new(server.client3(), &["__keyspace@*"]);
    fill(&mut client, "room", 3);
    client.answer("PRESENCE.SETMETA room ann away");
    client.answer("PRESENCE.SETMETA room ann away");
    let heard = subscriber.heard();
    let updates = heard
        .iter()
        .filter(|event| event.ends_with("presence.update"));
    assert_eq!(updates.count(), 1, "{heard:?}");
}

#[test]
fn it_is_no_longer_than_the_setting_says() {
    let server = unswept();
    let mut client = server.client();
    fill(&mut client, "room", 3);
    let digest = client.digest();
    let too_long = |limit: usize| {
        format!("ERR metadata is longer than {limit} bytes, which presence.max-meta sets")
    };
    let set = |client: &mut Client, length: usize| {
        let blob = "x".repeat(length);
        client.answer(&format!("PRESENCE.SETMETA room ann {blob}"))
    };
    assert_eq!(set(&mut client, 4097), too_long(4096));
    assert_eq!(client.digest(), digest);
    assert_eq!(set(&mut client, 4096), "1");
    for (limit, length) in [(0, 1), (10, 11), (65_535, 65_536)] {
        client.answer(&format!("CONFIG SET presence.max-meta {limit}"));
        assert_eq!(set(&mut client, length), too_long(limit));
        // What is there stays.
        let meta = client.bytes_list(&["PRESENCE.META", "room", "ann"]);
        assert_eq!(meta[0].len(), 4096);
    }
    assert_eq!(set(&mut client, 65_535), "1");
}

/// Members with metadata of all kinds of length in keys of both forms, one of whom is remembered only.
fn work(client: &mut Client) {
    for (key, count) in KEYS {
        client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 3600000"));
        fill(client, key, count);
        client.answer(&format!("PRESENCE.SETMETA {key} ann away"));
        client.answer(&format!("PRESENCE.LEAVE {key} ann"));
        client.answer(&format!("PRESENCE.SETMETA {key} bob gone"));
        client.answer(&format!("PRESENCE.SETMETA {key} bob "));
        for number in (2..count).step_by(3) {
            let blob = "x".repeat(number * number % 4000 + 1);
            client.answer(&format!("PRESENCE.SETMETA {key} user:{number} {blob}"));
        }
        client.answer(&format!("PRESENCE.FORGET {key} user:5"));
    }
}

#[test]
fn replicas_logs_files_and_copies_hold_the_same() {
    assert_same_everywhere(work, |client| {
        let meta = client.answer("PRESENCE.META large ann bob user:2 user:5");
        assert_eq!(meta, r#"["away", nil, "xxxxx", nil]"#);
    });
}

#[test]
fn the_digest_sees_it() {
    let server = unswept();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCHEX room AT 1700000000000 PX 315360000000 MEMBERS 2 ann bob");
    let without = client.digest();
    let mut digests = vec![without.clone()];
    for line in ["room ann a", "room ann b", "room bob b", "room ann a"] {
        client.answer(&format!("PRESENCE.SETMETA {line}"));
        let digest = client.digest();
        assert!(!digests.contains(&digest), "{line}");
        digests.push(digest);
    }
    client.answer("PRESENCE.SETMETA room ann ");
    client.answer("PRESENCE.SETMETA room bob ");
    assert_eq!(client.digest(), without);
}

#[test]
fn its_memory_is_counted_and_given_back() {
    let server = unswept();
    let mut client = server.client();
    fill(&mut client, "room", 500);
    let usage = |client: &mut Client| client.int(&["MEMORY", "USAGE", "room"]);
    let without = usage(&mut client);
    for number in 2..500 {
        let blob = "x".repeat(1000);
        client.answer(&format!("PRESENCE.SETMETA room user:{number} {blob}"));
    }
    let with = usage(&mut client);
    assert!(with > without + 498 * 1000, "{without} {with}");
    for number in 2..500 {
        client.answer(&format!("PRESENCE.SETMETA room user:{number} "));
    }
    let after = usage(&mut client);
    assert!(after < without + 1000, "{without} {after}");
    assert_eq!(
        show(&client.cmd(&["PRESENCE.META", "room", "user:2"])),
        "[nil]"
    );
}
