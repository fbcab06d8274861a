//! `PRESENCE.FORGET` removes members without a trace: nothing that can be asked, saved or compared tells that they were
//! ever there. The peak stays: it is a number.

use std::sync::LazyLock;

use crate::common::{
    Client, LIMIT, Server, bytes, encode, int, show, touchex, wait_caught_up, wait_until,
};

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

/// Waits until the clock has moved on by more than `ms`.
fn pass(client: &mut Client, ms: i64) {
    let start = client.now_ms();
    wait_until(LIMIT, "time passes", || client.now_ms() > start + ms);
}

#[test]
fn it_answers_how_many_were_remembered() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.CONFIG answers RETAIN 600000", "OK"),
        ("PRESENCE.TOUCH answers ann bob cid dan", "4"),
        ("PRESENCE.LEAVE answers bob", "1"),
        ("PRESENCE.FORGET answers ann bob nobody", "2"),
        ("PRESENCE.FORGET answers ann bob nobody", "0"),
        ("PRESENCE.FORGET answers cid cid", "1"),
        ("PRESENCE.LIST answers WINDOW 600000", r#"["dan"]"#),
    ]);
}

#[test]
fn its_reply_is_an_integer_in_each_protocol() {
    let mut raw = SERVER.raw_connection();
    for _ in 0..2 {
        raw.call(&["PRESENCE.TOUCH", "bytes", "ann", "bob"]);
        assert_eq!(raw.call(&["PRESENCE.FORGET", "bytes", "ann"]), r":1\r\n");
        assert_eq!(raw.call(&["PRESENCE.FORGET", "bytes", "ann"]), r":0\r\n");
        raw.send(&encode(&["HELLO", "3"]));
        raw.reply();
    }
}

/// Members of this name, online, gone and remembered, each in a crowd of so many others; and the same key without them.
fn with_and_without(client: &mut Client, others: usize, ttl: impl Fn(usize) -> i64) {
    let now = client.now_ms();
    for key in ["with", "without"] {
        client.answer(&format!("DEL {key}"));
        client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 600000"));
        for number in 0..others {
            let other = format!("other {number}");
            client.cmd(&touchex(key, ttl(number), now - 5, [other]));
        }
        if key == "with" {
            client.cmd(&touchex(key, 400_000, now - 9, ["secret online"]));
            client.cmd(&touchex(key, 1, now - 7, ["secret remembered"]));
            client.cmd(&touchex(key, 333_333, None, ["secret left"]));
            let leave = ["PRESENCE.LEAVE", key, "secret left"];
            assert_eq!(client.int(&leave), 1);
        }
        client.answer(&format!("PRESENCE.SETMAX {key} 5000 1700000000000"));
    }
}

#[test]
fn no_trace_of_a_forgotten_member_is_left() {
    let mut client = SERVER.client();
    let names = ["secret online", "secret remembered", "secret left"];
    // In one block, in a table of one ttl, and in one of more ttls than have lanes of their own.
    for (others, spread) in [(5, 0), (300, 0), (300, 1)] {
        with_and_without(&mut client, others, |number| {
            600_000 + number as i64 * spread
        });
        let dump = |client: &mut Client| bytes(client.cmd(&["DUMP", "with"]));
        let is_in = |dump: &[u8]| dump.windows(6).any(|part| part == b"secret");
        assert!(is_in(&dump(&mut client)));

        let forget = [&["PRESENCE.FORGET", "with"], &names[..]].concat();
        assert_eq!(client.int(&forget), 3, "{others} others");
        let with = |command: &'static str| [&[command, "with"], &names[..]].concat();
        assert_eq!(client.ints(&with("PRESENCE.ISONLINE")), [0, 0, 0]);
        let seen = client.cmd(&with("PRESENCE.SEEN"));
        assert_eq!(show(&seen), "[nil, nil, nil]");
        assert_eq!(client.strings(&with("PRESENCE.FILTER")), [""; 0]);
        let window = ["PRESENCE.COUNT", "with", "WINDOW", "600000"];
        assert_eq!(client.int(&window), others as i64);
        let scan = [
            "PRESENCE.SCAN",
            "with",
            "0",
            "MATCH",
            "secret*",
            "COUNT",
            "10000",
        ];
        assert_eq!(show(&client.cmd(&scan)), r#"["0", []]"#);
        assert!(!is_in(&dump(&mut client)), "{others} others");
        let digests = client.strings(&["DEBUG", "DIGEST-VALUE", "with", "without"]);
        assert_eq!(digests[0], digests[1], "{others} others");
        assert_eq!(client.answer("PRESENCE.MAX with"), "[5000, 1700000000000]");
    }
}

#[test]
fn one_who_is_no_longer_remembered_does_not_count_and_goes_all_the_same() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.TOUCH over bob", "1"),
        ("PRESENCE.TOUCHEX over PX 1 MEMBERS 1 ann", "1"),
    ]);
    pass(&mut client, 1);
    client.dialog(&[
        ("PRESENCE.FORGET over ann", "0"),
        // It would come back, since nothing has been evicted.
        ("PRESENCE.CONFIG over RETAIN 600000", "OK"),
        ("PRESENCE.SEEN over ann", "[nil]"),
        ("PRESENCE.LIST over WINDOW 600000", r#"["bob"]"#),
    ]);
}

#[test]
fn a_forgotten_member_can_come_back() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH back ann", "1"),
        ("PRESENCE.FORGET back ann", "1"),
        ("PRESENCE.TOUCH back ann", "1"),
        ("PRESENCE.COUNT back", "1"),
    ]);
}

#[test]
fn an_import_of_an_older_touch_brings_the_member_back() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 5000;
    client.dialog(&[
        ("PRESENCE.TOUCH older ann", "1"),
        ("PRESENCE.FORGET older ann", "1"),
        (
            &format!("PRESENCE.TOUCHEX older AT {at} MEMBERS 1 ann"),
            "1",
        ),
        ("PRESENCE.SEEN older ann", &format!("[{at}]")),
    ]);
}

#[test]
fn the_key_stays_with_its_peak_and_goes_with_linger_0() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH stays ann", "1"),
        ("PRESENCE.FORGET stays ann", "1"),
        ("EXISTS stays", "1"),
        ("PRESENCE.COUNT stays", "0"),
        ("PRESENCE.CONFIG goes LINGER 0", "OK"),
        ("PRESENCE.TOUCH goes ann bob", "2"),
        ("PRESENCE.FORGET goes ann", "1"),
        ("EXISTS goes", "1"),
        ("PRESENCE.FORGET goes bob", "1"),
        ("EXISTS goes", "0"),
    ]);
    let peak = SERVER.client().answer("PRESENCE.MAX stays");
    assert!(peak.starts_with("[1, 1"), "{peak}");
}

/// However long ago the last member was seen.
#[test]
fn the_linger_counts_from_the_moment_the_last_member_is_forgotten() {
    let (primary, mut client) = Server::start_recording();
    let replica = Server::start_replica_of(&primary);
    client.answer("PRESENCE.CONFIG lingers RETAIN 600000 LINGER 100000");
    for ago in [0, 300_000] {
        let at = client.now_ms() - ago;
        client.cmd(&touchex("lingers", 5000, at, ["ann"]));
        let (now, replies) = client.at_once(
            "clock",
            &["PRESENCE.FORGET lingers ann", "PRESENCE.INFO lingers"],
        );
        assert_eq!(replies[0], "1");
        let due = format!(r#""next-due", {}, "#, now + 100_000);
        assert!(replies[1].contains(&due), "{} {due}", replies[1]);
        wait_caught_up(&primary, &replica);
        assert_eq!(replica.client().digest(), client.digest());
    }
}

#[test]
fn a_key_that_was_emptied_goes_when_its_linger_is_over_on_a_replica_that_is_promoted_too() {
    let primary = Server::start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    let mut empty = || {
        let replies = client.together(&[
            "PRESENCE.TOUCH room ann",
            "PRESENCE.CONFIG room LINGER 100",
            "PRESENCE.FORGET room ann",
            "EXISTS room",
        ]);
        assert_eq!(replies, ["1", "OK", "1", "1"]);
    };
    empty();
    let mut other = primary.client();
    wait_until(LIMIT, "the key goes", || other.answer("EXISTS room") == "0");
    // From now on it stays on the primary, which would have its replica remove it.
    other.answer("CONFIG SET presence.sweep-interval 60000");
    empty();
    wait_caught_up(&primary, &replica);
    let mut promoted = replica.client();
    promoted.dialog(&[("EXISTS room", "1"), ("REPLICAOF NO ONE", "OK")]);
    wait_until(LIMIT, "the key goes", || {
        promoted.answer("EXISTS room") == "0"
    });
}

#[test]
fn who_watches_the_key_on_a_replica_is_signalled() {
    let primary = Server::start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    client.answer("PRESENCE.TOUCH room ann bob");
    wait_caught_up(&primary, &replica);
    let mut watcher = replica.client();
    watcher.dialog(&[("WATCH room", "OK"), ("MULTI", "OK"), ("PING", "QUEUED")]);
    client.answer("PRESENCE.FORGET room ann");
    wait_caught_up(&primary, &replica);
    assert_eq!(watcher.answer("EXEC"), "nil");
}

#[test]
fn a_key_that_is_missing_is_not_made() {
    SERVER.client().dialog(&[
        ("PRESENCE.FORGET missing ann", "0"),
        ("EXISTS missing", "0"),
    ]);
}

#[test]
fn words_that_are_options_elsewhere_are_members() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH words WINDOW AT 1", "3"),
        ("PRESENCE.FORGET words WINDOW 1", "2"),
        ("PRESENCE.LIST words", r#"["AT"]"#),
    ]);
}

#[test]
fn who_is_online_when_forgotten_counts_as_one_who_left() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    client.answer("PRESENCE.CONFIG room RETAIN 600000");
    client.answer("PRESENCE.TOUCH room ann bob cid");
    client.answer("PRESENCE.LEAVE room cid");
    client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 dan");
    pass(&mut client, 1);
    client.answer("PRESENCE.FORGET room ann cid dan nobody ann");
    for (counter, expected) in [
        ("members", 1),
        ("leaves", 2),
        ("timeouts", 1),
        ("evicted", 0),
        ("touches", 4),
    ] {
        assert_eq!(server.presence(counter), expected, "{counter}");
    }
}

const CROWD: usize = 20_000;
/// One in so many stays.
const STAYING: usize = 100;

fn user(number: usize) -> Vec<u8> {
    format!("user:{number:010}").into_bytes()
}

/// Runs a command with many members, some in each. They all count.
fn with_members(client: &mut Client, command: &str, key: &str, members: &[Vec<u8>]) {
    for batch in members.chunks(1000) {
        let command = args![command, key].into_iter();
        let done = client.int(&command.chain(batch.iter().cloned()).collect::<Vec<_>>());
        assert_eq!(done, batch.len() as i64);
    }
}

#[test]
fn the_memory_of_the_forgotten_comes_back_as_that_of_those_who_leave() {
    let (staying, going): (Vec<_>, Vec<_>) = (0..CROWD).partition(|n| n % STAYING == 0);
    let [staying, going] =
        [staying, going].map(|numbers| numbers.into_iter().map(user).collect::<Vec<_>>());
    // Of one ttl, and of a ttl each.
    for (forgotten, left, spread) in [("one:a", "one:b", 0), ("many:a", "many:b", 1)] {
        let mut client = SERVER.client();
        for key in [forgotten, left] {
            for number in 0..CROWD {
                let ttl = 600_000 + (number * 7919 % CROWD) as i64 * spread;
                client.send(&touchex(key, ttl, None, [user(number)]));
            }
            for _ in 0..CROWD {
                assert_eq!(int(client.receive(LIMIT)), 1);
            }
        }
        let usage = |client: &mut Client, key| client.int(&["MEMORY", "USAGE", key]);
        let full = usage(&mut client, forgotten);
        with_members(&mut client, "PRESENCE.FORGET", forgotten, &going);
        with_members(&mut client, "PRESENCE.LEAVE", left, &going);
        let rest = usage(&mut client, forgotten);
        assert_eq!(rest, usage(&mut client, left), "{forgotten}");
        assert!(rest < full / 8, "{forgotten}: {rest} bytes of {full}");
        with_members(&mut client, "PRESENCE.FORGET", forgotten, &staying);
        let rest = usage(&mut client, forgotten);
        assert!(rest < 500, "{rest} bytes for a key without members");
    }
}
