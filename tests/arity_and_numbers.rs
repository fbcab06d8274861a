//! Too few or too many arguments give Redis's own arity error; a number that does not parse, Redis's own, too.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::common::Server;
use crate::common::commands::COMMANDS;
use crate::common::errors::{WINDOW, no_number};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

#[test]
fn the_arity_is_checked_by_the_server() {
    let mut client = SERVER.client();
    for command in COMMANDS {
        let shortest = command.arity.unsigned_abs() as usize;
        let mut wrong = BTreeSet::new();
        for call in command.calls {
            let words: Vec<&str> = call.line.split(' ').skip(1).collect();
            // Without its last words.
            wrong.extend((0..shortest - 1).map(|count| words[..count].join(" ")));
            if command.arity > 0 {
                wrong.insert(format!("{} more", words.join(" ")));
            }
        }
        // The server calls a command by the name that it is listed under, however the client spells it.
        let name = command.full_name();
        let error = format!("ERR wrong number of arguments for '{name}' command");
        for arguments in wrong {
            for spelling in [&name, &name.to_lowercase()] {
                let line = format!("{spelling} {arguments}");
                assert_eq!(client.answer(line.trim_end()), error, "{line}");
            }
        }
    }
    assert_eq!(client.answer("EXISTS key"), "0");
}

const EX: &str = "EX takes seconds from 1 to 315360000";
const PX: &str = "PX takes milliseconds from 1 to 315360000000";
const AT: &str = "AT takes a Unix time in milliseconds";
const MEMBERS: &str = "MEMBERS takes the number of members that follow";
const SESSIONS: &str = "SESSIONS takes the number of sessions that follow";
const GRACE: &str = "GRACE takes milliseconds from 0 to 315360000000";
const PAGE: &str = "LIMIT takes an offset from 0 and a count, negative for all";
const COUNT: &str = "COUNT takes a number from 1";
const PEAK: &str = "peak takes a number from 0 to 281474976710655";
const PEAK_AT: &str = "at-ms takes a Unix time in milliseconds";
const TTL: &str = "TTL takes milliseconds from 1 to 315360000000";
const RETAIN: &str = "RETAIN takes milliseconds from 0 to 315360000000";
const LINGER: &str = "LINGER takes milliseconds from 0 to 315360000000, or -1 for ever";
const RESOLUTION: &str = "RESOLUTION takes milliseconds from 0 to 315360000000";
const FOUND: &str = "LIMIT takes a number from 0";
const CAP: &str = "CAP takes a number from 0 to 4294967295";
const CUTOFF: &str = "cutoff-ms takes a Unix time in milliseconds";
const LIMIT: &str = "LIMIT takes a number from 1";

/// The places in commands where a number stands, and what is said of one that is none.
const PLACES: [(&str, &str); 33] = [
    ("TOUCHEX key EX # MEMBERS 1 a", EX),
    ("TOUCHEX key PX # MEMBERS 1 a", PX),
    ("TOUCHEX key AT # MEMBERS 1 a", AT),
    ("TOUCHEX key MEMBERS # a", MEMBERS),
    ("COUNT key WINDOW #", WINDOW),
    ("LIST key WINDOW #", WINDOW),
    ("LIST key LIMIT # 1", PAGE),
    ("LIST key LIMIT 0 #", PAGE),
    ("SCAN key 0 COUNT #", COUNT),
    ("SETMAX key # 0", PEAK),
    ("SETMAX key 1 #", PEAK_AT),
    ("SETMAX key # 0 GT", PEAK),
    ("SETMAX key 1 # GT", PEAK_AT),
    ("INTER key other LIMIT #", FOUND),
    ("INTERCARD key other LIMIT #", FOUND),
    ("CONFIG key TTL #", TTL),
    ("CONFIG key RETAIN #", RETAIN),
    ("CONFIG key LINGER #", LINGER),
    ("CONFIG key RESOLUTION #", RESOLUTION),
    ("CONFIG key CAP #", CAP),
    ("EVICT key #", CUTOFF),
    ("EVICT key 0 LIMIT #", LIMIT),
    ("CLIENTS WINDOW #", WINDOW),
    ("TOUCHEX key EX 1 AT # MEMBERS 1 a", AT),
    ("LEASE key a EX #", EX),
    ("LEASE key a PX #", PX),
    ("ATTACH key a b EX #", EX),
    ("ATTACH key a b PX #", PX),
    ("BEAT key EX # SESSIONS 1 a", EX),
    ("BEAT key PX # SESSIONS 1 a", PX),
    ("BEAT key SESSIONS # a", SESSIONS),
    ("DETACH key SESSIONS # a", SESSIONS),
    ("DETACH key GRACE # SESSIONS 1 a", GRACE),
];

#[test]
fn every_command_that_takes_numbers_is_above() {
    for command in COMMANDS {
        let numbers = command.arguments.split([' ', ']']).filter(|argument| {
            // Of a cursor something else is said: `scan.rs`.
            (argument.ends_with(":integer") || argument.ends_with(":unix-time"))
                && *argument != "cursor:integer"
        });
        let numbers = numbers.count();
        let of_command = |(place, _): &&(&str, &str)| place.split(' ').next() == Some(command.name);
        let places = PLACES.iter().filter(of_command).count();
        assert!(places >= numbers, "{}: {places} of {numbers}", command.name);
    }
}

#[test]
fn what_is_no_number_is_refused_everywhere() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH numbers ann");
    let digest = client.answer("DEBUG DIGEST-VALUE numbers");
    for (place, takes) in PLACES {
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
                assert_eq!(client.answer(&line), no_number(takes), "{line:?}");
            }
        }
        // With a space before or after it.
        for number in [&b" 1"[..], b"1 "] {
            let line = format!("PRESENCE.{place}").replace("key", "numbers");
            let words: Vec<&[u8]> = line
                .split(' ')
                .map(|word| if word == "#" { number } else { word.as_bytes() })
                .collect();
            assert_eq!(client.err(&words), no_number(takes), "{line:?} {number:?}");
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
    for (place, takes, lowest, highest) in [
        ("TOUCHEX durations EX # MEMBERS 1 a", EX, 1, 315_360_000),
        ("TOUCHEX durations PX # MEMBERS 1 a", PX, 1, 315_360_000_000),
        ("COUNT durations WINDOW #", WINDOW, 1, 315_360_000_000),
        ("LIST durations WINDOW #", WINDOW, 1, 315_360_000_000),
        ("CONFIG durations TTL #", TTL, 1, 315_360_000_000),
        ("CONFIG other RETAIN #", RETAIN, 0, 315_360_000_000_i64),
        ("CONFIG other LINGER #", LINGER, -1, 315_360_000_000),
    ] {
        let mut answer = |number: i64| {
            client.answer(&format!("PRESENCE.{place}").replace('#', &number.to_string()))
        };
        let error = no_number(takes);
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
