//! Too few or too many arguments give Redis's own arity error; a number that does not parse, Redis's own, too.

use std::sync::LazyLock;

use crate::common::Server;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

#[test]
fn the_arity_is_checked_by_the_server() {
    let mut client = SERVER.client();
    for (command, wrong) in [
        ("TOUCH", &["", " k"][..]),
        ("TOUCHEX", &["", " k", " k EX", " k EX 10", " k MEMBERS 1"]),
        ("LEAVE", &["", " k"]),
        ("FORGET", &["", " k"]),
        ("COUNT", &[""]),
        ("MCOUNT", &[""]),
        ("LIST", &[""]),
        ("SCAN", &["", " k"]),
        ("ISONLINE", &["", " k"]),
        ("FILTER", &["", " k"]),
        ("SEEN", &["", " k"]),
        ("MAX", &["", " k a"]),
        ("SETMAX", &["", " k", " k 1"]),
        ("CONFIG", &["", " k", " k TTL"]),
        ("INFO", &["", " k a"]),
        ("EVICT", &["", " k"]),
    ] {
        // The server calls a command by the name that it is listed under, however the client spells it.
        let error = format!("ERR wrong number of arguments for 'PRESENCE.{command}' command");
        for arguments in wrong {
            for spelling in [command, &command.to_lowercase()] {
                let line = format!("PRESENCE.{spelling}{arguments}");
                assert_eq!(client.answer(&line), error, "{line}");
            }
        }
    }
    assert_eq!(client.answer("EXISTS k"), "0");
}

/// A place in a command where a number stands.
const PLACES: [&str; 19] = [
    "TOUCHEX key EX # MEMBERS 1 a",
    "TOUCHEX key PX # MEMBERS 1 a",
    "TOUCHEX key AT # MEMBERS 1 a",
    "TOUCHEX key MEMBERS # a",
    "COUNT key WINDOW #",
    "LIST key WINDOW #",
    "LIST key LIMIT # 1",
    "LIST key LIMIT 0 #",
    "SCAN key 0 COUNT #",
    "SETMAX key # 0",
    "SETMAX key 1 #",
    "SETMAX key # 0 GT",
    "SETMAX key 1 # GT",
    "CONFIG key TTL #",
    "CONFIG key RETAIN #",
    "CONFIG key LINGER #",
    "EVICT key #",
    "EVICT key 0 LIMIT #",
    "TOUCHEX key EX 1 AT # MEMBERS 1 a",
];

#[test]
fn what_is_no_number_is_refused_everywhere() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH numbers ann");
    let digest = client.answer("DEBUG DIGEST-VALUE numbers");
    for place in PLACES {
        for number in [
            "",
            "x",
            "1x",
            "+1",
            "1.0",
            "1e3",
            "0x10",
            "--1",
            "\u{661}",
            "1\n",
            "1\0",
            "9223372036854775808",
            "18446744073709551616",
            "-9223372036854775809",
            "99999999999999999999999999999999999999999999",
        ] {
            for key in ["numbers", "missing"] {
                let line = format!("PRESENCE.{place}")
                    .replace("key", key)
                    .replace('#', number);
                let error = "ERR value is not an integer or out of range";
                assert_eq!(client.answer(&line), error, "{line:?}");
            }
        }
        // With a space before or after it.
        for number in [&b" 1"[..], b"1 "] {
            let line = format!("PRESENCE.{place}").replace("key", "numbers");
            let words: Vec<&[u8]> = line
                .split(' ')
                .map(|word| if word == "#" { number } else { word.as_bytes() })
                .collect();
            let error = "ERR value is not an integer or out of range";
            assert_eq!(client.err(&words), error, "{line:?} {number:?}");
        }
    }
    client.dialog(&[
        ("DEBUG DIGEST-VALUE numbers", &digest),
        ("EXISTS missing", "0"),
    ]);
}

#[test]
fn durations_go_from_1_ms_to_ten_years() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG durations RETAIN 315360000000");
    for (place, lowest, highest) in [
        ("TOUCHEX durations EX # MEMBERS 1 a", 1, 315_360_000),
        ("TOUCHEX durations PX # MEMBERS 1 a", 1, 315_360_000_000),
        ("COUNT durations WINDOW #", 1, 315_360_000_000),
        ("LIST durations WINDOW #", 1, 315_360_000_000),
        ("CONFIG durations TTL #", 1, 315_360_000_000),
        ("CONFIG other RETAIN #", 0, 315_360_000_000_i64),
        ("CONFIG other LINGER #", -1, 315_360_000_000),
    ] {
        let mut answer = |number: i64| {
            client.answer(&format!("PRESENCE.{place}").replace('#', &number.to_string()))
        };
        let error = "ERR value is not an integer or out of range";
        assert_eq!(answer(lowest - 1), error, "{place}");
        assert_eq!(answer(highest + 1), error, "{place}");
        assert_eq!(answer(i64::MIN), error, "{place}");
        assert_eq!(answer(i64::MAX), error, "{place}");
        for number in [lowest, highest] {
            let reply = answer(number);
            assert!(!reply.starts_with("ERR"), "{place} {number}: {reply}");
        }
    }
}
