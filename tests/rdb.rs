//! Dumps of this version are read for ever, and no dump can do harm: one that is cut short, altered or made up is
//! refused as Redis refuses it, with nothing changed, or is a key that works; a newer version is refused with a log line.

mod golden_sessions;
mod hostile;
mod payload;

use redis::Value;

use crate::common::{Client, Server, encode};
use payload::{MAX_DURATION, Payload, crc64};

/// A dump of the key `made` by [`MAKING`] as version 1 of the encoding wrote it. It is never to be written again.
const GOLDEN: &[u8] = include_bytes!("golden/v1.dump");

/// A dump of the same key with a resolution of half of its ttl, the first that had an optional field.
const WITH_RESOLUTION: &[u8] = include_bytes!("golden/v1-resolution.dump");

/// 1 January 2100, when all that the golden dump tells of happens: its members are online or remembered until then.
const THEN: u64 = 4_102_444_800_000;

/// What a server that replays a log makes the golden key from, each command's members apart: some with each ttl, each
/// form of name, one who is seen twice, some who left, and the peak.
const MAKING: [(&str, &[&str]); 8] = [
    (
        "CONFIG made TTL 86400000 RETAIN 315360000000 LINGER 600000 AT 4102444800000",
        &[],
    ),
    (
        "TOUCHEX made PX 86400000 AT 4102444800000 MEMBERS 5",
        &[
            "ann",
            "42",
            "18446744073709551615",
            "18446744073709551616",
            "007",
        ],
    ),
    (
        "TOUCHEX made PX 1000 AT 4102444800000 MEMBERS 3",
        &["sixteen letters.", "", "k\u{e4}se\r\n\0"],
    ),
    (
        "TOUCHEX made PX 86400000 AT 4102444800001 MEMBERS 3",
        &[
            "0b5e55ed-1234-4000-8000-00c0ffee0000",
            "0B5E55ED-1234-4000-8000-00C0FFEE0000",
            "fifteen letters",
        ],
    ),
    (
        "TOUCHEX made PX 315360000000 AT 4102444812345 MEMBERS 2",
        &[
            "bob",
            "a name that is too long for a slot, and is kept elsewhere: 0123456789 ABCDEFGHIJKLM",
        ],
    ),
    ("TOUCHEX made PX 1 AT 4102444812346 MEMBERS 1", &["ann"]),
    (
        "TOUCHEX made PX 0 AT 4102444812347 MEMBERS 2",
        &["42", "eve"],
    ),
    ("SETMAX made 1234567 4102444799999", &[]),
];

/// Who is in the golden key, the longest unseen first, with when they were seen, counted from [`THEN`].
fn golden_members() -> Vec<(&'static str, u64)> {
    let mut members: Vec<(&str, u64)> = Vec::new();
    for (command, names) in MAKING {
        let mut words = command.split(' ').skip_while(|word| *word != "AT");
        let at = words.nth(1).map_or(0, |at| at.parse().expect("a time"));
        for name in names {
            members.retain(|member| member.0 != *name);
            members.push((*name, at - THEN));
        }
    }
    members
}

/// A server that removes nothing by itself, and what it has as the key `made`.
fn server_with_made() -> Server {
    let mut log = Vec::new();
    for (command, members) in MAKING {
        let line = format!("PRESENCE.{command}");
        let words: Vec<&str> = line.split(' ').chain(members.iter().copied()).collect();
        log.extend(encode(&words));
    }
    Server::builder()
        .arg("rdbcompression no")
        .start_replaying(&log)
}

fn digest(client: &mut Client, key: &str) -> String {
    client.strings(&["DEBUG", "DIGEST-VALUE", key])[0].clone()
}

fn dump(client: &mut Client, key: &str) -> Vec<u8> {
    match client.cmd(&["DUMP", key]) {
        Value::BulkString(dump) => dump,
        other => panic!("no dump: {other:?}"),
    }
}

/// Offers a dump in place of the key `old`. Refused, it must leave that as it is; taken, it must make a key that works.
/// Returns whether it was taken.
#[track_caller]
fn offer(client: &mut Client, payload: &Payload, what: &str) -> bool {
    let old = digest(client, "old");
    let reply = client.raw(&args!["RESTORE", "old", 0, payload.dump(), "REPLACE"]);
    if let Err(error) = reply {
        assert_eq!(
            (error.code(), error.detail()),
            (Some("ERR"), Some("Bad data format")),
            "{what}"
        );
        assert_eq!(
            digest(client, "old"),
            old,
            "{what}: refused, and yet the key is another"
        );
        return false;
    }
    let again = dump(client, "old");
    client.cmd(&args!["RESTORE", "again", 0, again, "REPLACE"]);
    assert_eq!(digest(client, "again"), digest(client, "old"), "{what}");
    for read in [
        &["PRESENCE.COUNT", "old"][..],
        &["PRESENCE.LIST", "old", "WITHTTL"],
        &["PRESENCE.SCAN", "old", "0"],
    ] {
        client.cmd(read);
    }
    client.cmd(&["PRESENCE.TOUCH", "old", "one", "two", "ann"]);
    client.cmd(&["PRESENCE.LEAVE", "old", "one"]);
    assert_eq!(
        client.ints(&["PRESENCE.ISONLINE", "old", "one", "two", "ann"]),
        [0, 1, 1],
        "{what}"
    );
    let now = client.now_ms();
    client.cmd(&args!["PRESENCE.EVICT", "old", now]);
    true
}

/// A server on which the golden dump stands at `old`, and its payload, as the server writes it without compression.
fn server_with_old() -> (Server, Client, Payload) {
    let server = Server::builder()
        .arg("rdbcompression no")
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    client.cmd(&args!["RESTORE", "old", 0, GOLDEN]);
    let payload = Payload::new(&dump(&mut client, "old"));
    (server, client, payload)
}

#[test]
fn the_checksum_is_that_of_the_server() {
    assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
}

#[test]
fn the_golden_dump_has_what_it_was_made_from() {
    let server = server_with_made();
    let mut client = server.client();
    client.cmd(&args!["RESTORE", "golden", 0, GOLDEN]);
    assert_eq!(Payload::new(GOLDEN).version(), 1);
    assert_eq!(digest(&mut client, "golden"), digest(&mut client, "made"));

    let members = golden_members();
    let info = client.fields(&["PRESENCE.INFO", "golden"]);
    let number = |field: &str| match info[field] {
        Value::Int(number) => number as u64,
        ref other => panic!("not a number: {other:?}"),
    };
    assert_eq!(number("remembered"), members.len() as u64);
    assert_eq!(number("online"), members.len() as u64 - 2, "two have left");
    assert_eq!(number("ttl"), 86_400_000);
    assert_eq!(number("retain"), MAX_DURATION);
    assert_eq!(number("linger"), 600_000);
    assert_eq!((number("peak"), number("peak-at")), (1_234_567, THEN - 1));
    assert_eq!(number("next-due"), THEN + MAX_DURATION);
    for (member, at) in members {
        assert_eq!(
            client.ints(&["PRESENCE.SEEN", "golden", member]),
            [(THEN + at) as i64],
            "{member:?}"
        );
    }
    assert_eq!(
        client.ints(&["PRESENCE.ISONLINE", "golden", "ann", "eve", "42"]),
        [1, 0, 0]
    );
    // And so is what is written now.
    let again = dump(&mut client, "golden");
    client.cmd(&args!["RESTORE", "again", 0, again]);
    assert_eq!(digest(&mut client, "again"), digest(&mut client, "made"));
}

#[test]
fn the_golden_dump_with_a_resolution_has_it() {
    let server = server_with_made();
    let mut client = server.client();
    client.cmd(&args!["RESTORE", "golden", 0, WITH_RESOLUTION]);
    assert_eq!(Payload::new(WITH_RESOLUTION).version(), 1);
    assert_ne!(digest(&mut client, "golden"), digest(&mut client, "made"));
    client.answer("PRESENCE.CONFIG made RESOLUTION 43200000");
    assert_eq!(digest(&mut client, "golden"), digest(&mut client, "made"));
    assert_eq!(dump(&mut client, "golden"), dump(&mut client, "made"));
    // Without it, the dump is again what it always was.
    client.answer("PRESENCE.CONFIG golden RESOLUTION 0");
    client.cmd(&args!["RESTORE", "made", 0, GOLDEN, "REPLACE"]);
    assert_eq!(dump(&mut client, "golden"), dump(&mut client, "made"));
}

#[test]
fn another_version_is_refused_and_logged() {
    let (server, mut client, payload) = server_with_old();
    for version in [payload.version() + 1, 1023, 0] {
        let other = payload.clone().of_version(version);
        assert!(!offer(&mut client, &other, "another version"));
        server.wait_log(&format!("a dump of version {version} cannot be read"));
    }
}
