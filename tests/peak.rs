//! `PRESENCE.MAX` answers the largest number of members ever online at once, and when it was first reached;
//! `PRESENCE.SETMAX` sets it, or starts it afresh.

use std::sync::LazyLock;

use crate::common::errors::{no_number, syntax};
use crate::common::{Client, LIMIT, Server, wait_until};

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

/// Waits until the clock has moved, so that what comes has another time than what was.
fn next_ms(client: &mut Client) {
    let now = client.now_ms();
    wait_until(LIMIT, "the clock moves", || client.now_ms() > now);
}

#[test]
fn the_peak_and_its_moment_are_those_of_the_touch_that_reached_it() {
    let mut client = SERVER.client();
    assert_eq!(client.answer("PRESENCE.MAX reached"), "[0, nil]");
    client.answer("PRESENCE.TOUCH reached ann");
    next_ms(&mut client);
    let (now, replies) = client.at_once(
        "reached:clock",
        &["PRESENCE.TOUCH reached bob cid", "PRESENCE.MAX reached"],
    );
    assert_eq!(replies, ["2", &format!("[3, {now}]")]);
}

#[test]
fn the_moment_is_when_it_was_first_reached() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH first ann bob");
    let peak = client.answer("PRESENCE.MAX first");
    assert!(peak.starts_with("[2, "), "{peak}");
    next_ms(&mut client);
    client.dialog(&[
        ("PRESENCE.TOUCH first ann bob", "0"),
        ("PRESENCE.MAX first", &peak),
        ("PRESENCE.LEAVE first bob", "1"),
        ("PRESENCE.MAX first", &peak),
        ("PRESENCE.TOUCH first cid", "1"),
        ("PRESENCE.MAX first", &peak),
        ("PRESENCE.LEAVE first ann cid", "2"),
        ("PRESENCE.MAX first", &peak),
    ]);
}

#[test]
fn it_is_the_number_online_at_once_not_over_time() {
    let mut client = SERVER.client();
    for member in ["ann", "bob", "cid", "dan"] {
        client.answer(&format!("PRESENCE.TOUCH at-once {member} guest"));
        client.answer(&format!("PRESENCE.LEAVE at-once {member}"));
    }
    let peak = client.answer("PRESENCE.MAX at-once");
    assert!(peak.starts_with("[2, "), "{peak}");
}

#[test]
fn those_whose_time_was_up_are_ignored_though_they_are_still_stored() {
    let mut client = SERVER.client();
    for (key, count) in [("up:small", 3), ("up:large", 500)] {
        let users = (0..count).map(|number| format!("user:{number}"));
        assert_eq!(client.touchex(key, 20, None, users), count);
        let peak = client.answer(&format!("PRESENCE.MAX {key}"));
        assert!(peak.starts_with(&format!("[{count}, ")), "{peak}");
        wait_until(LIMIT, "all are offline", || {
            client.answer(&format!("PRESENCE.COUNT {key}")) == "0"
        });
        // As many again: no new peak, nor a new moment of the old one.
        let mut touch = args!["PRESENCE.TOUCH", key].to_vec();
        touch.extend((0..count).map(|number| format!("new:{number}").into_bytes()));
        assert_eq!(client.int(&touch), count);
        assert_eq!(client.answer(&format!("PRESENCE.MAX {key}")), peak);
        client.answer(&format!("PRESENCE.TOUCH {key} ann"));
        let higher = client.answer(&format!("PRESENCE.MAX {key}"));
        assert!(higher.starts_with(&format!("[{}, ", count + 1)), "{higher}");
        // They were stored all the while.
        client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 3600000"));
        let stored = client.answer(&format!("PRESENCE.COUNT {key} WINDOW 3600000"));
        assert_eq!(stored, (2 * count + 1).to_string());
    }
}

#[test]
fn who_is_only_remembered_is_not_in_it() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.CONFIG remembered RETAIN 600000", "OK"),
        ("PRESENCE.TOUCH remembered ann", "1"),
        ("PRESENCE.LEAVE remembered ann", "1"),
        ("PRESENCE.TOUCH remembered bob", "1"),
    ]);
    let peak = client.answer("PRESENCE.MAX remembered");
    assert!(peak.starts_with("[1, "), "{peak}");
}

#[test]
fn an_import_is_judged_at_its_own_time_of_arrival() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 50_000;
    // At the time of the touches all three were online at once; now one of them is.
    client.answer("PRESENCE.CONFIG import RETAIN 3600000");
    for (member, ttl) in [("ann", 10), ("bob", 10)] {
        client.answer(&format!(
            "PRESENCE.TOUCHEX import PX {ttl} AT {at} MEMBERS 1 {member}"
        ));
    }
    assert_eq!(client.answer("PRESENCE.MAX import"), "[0, nil]");
    let import = format!("PRESENCE.TOUCHEX import PX 3600000 AT {at} MEMBERS 1 cid");
    let (now, replies) = client.at_once("import:clock", &[&import, "PRESENCE.MAX import"]);
    assert_eq!(replies, ["1", &format!("[1, {now}]")]);
}

#[test]
fn setmax_carries_a_peak_over() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.TOUCH carried ann", "1"),
        ("PRESENCE.SETMAX carried 2 1500000000000", "OK"),
        ("PRESENCE.MAX carried", "[2, 1500000000000]"),
        ("PRESENCE.TOUCH carried bob", "1"),
        ("PRESENCE.MAX carried", "[2, 1500000000000]"),
    ]);
    let (now, replies) = client.at_once(
        "carried:clock",
        &["PRESENCE.TOUCH carried cid", "PRESENCE.MAX carried"],
    );
    assert_eq!(replies[1], format!("[3, {now}]"));
}

#[test]
fn setmax_lowers_too() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.TOUCH lower ann bob cid", "3"),
        ("PRESENCE.LEAVE lower bob cid", "2"),
        ("PRESENCE.SETMAX lower 2 1700000000000", "OK"),
        ("PRESENCE.MAX lower", "[2, 1700000000000]"),
    ]);
}

#[test]
fn setmax_takes_numbers_of_48_bits_and_times_of_47() {
    let peak = no_number("peak takes a number from 0 to 281474976710655");
    let at = no_number("at-ms takes a Unix time in milliseconds");
    SERVER.client().dialog(&[
        ("PRESENCE.SETMAX largest 281474976710655 100000000000", "OK"),
        ("PRESENCE.MAX largest", "[281474976710655, 100000000000]"),
        ("PRESENCE.SETMAX largest 281474976710656 0", &peak),
        ("PRESENCE.SETMAX largest 1 140737488355327", "OK"),
        ("PRESENCE.MAX largest", "[1, 140737488355327]"),
        ("PRESENCE.SETMAX largest 1 281474976710656", &at),
    ]);
}

#[test]
fn setmax_0_starts_afresh_from_those_online() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.TOUCH afresh ann bob cid", "3"),
        ("PRESENCE.TOUCHEX afresh PX 1 MEMBERS 1 dan", "1"),
        ("PRESENCE.LEAVE afresh ann", "1"),
    ]);
    wait_until(LIMIT, "dan is offline", || {
        client.answer("PRESENCE.COUNT afresh") == "2"
    });
    let (now, replies) = client.at_once(
        "afresh:clock",
        &[
            "PRESENCE.SETMAX afresh 0 1500000000000",
            "PRESENCE.MAX afresh",
        ],
    );
    assert_eq!(replies, ["OK", &format!("[2, {now}]")]);
    client.dialog(&[
        ("PRESENCE.LEAVE afresh bob cid", "2"),
        ("PRESENCE.SETMAX afresh 0 0", "OK"),
        ("PRESENCE.MAX afresh", "[0, nil]"),
    ]);
    let (now, replies) = client.at_once(
        "afresh:clock",
        &["PRESENCE.TOUCH afresh ann", "PRESENCE.MAX afresh"],
    );
    assert_eq!(replies[1], format!("[1, {now}]"));
}

#[test]
fn setmax_makes_the_key_but_for_0() {
    SERVER.client().dialog(&[
        ("PRESENCE.SETMAX nothing 0 0", "OK"),
        ("EXISTS nothing", "0"),
        ("PRESENCE.SETMAX made 5 1500000000000", "OK"),
        ("TYPE made", "presence-"),
        ("PRESENCE.MAX made", "[5, 1500000000000]"),
        ("PRESENCE.COUNT made", "0"),
    ]);
}

#[test]
fn setmax_refuses_a_time_in_seconds_where_it_would_use_it() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.TOUCH seconds ann", "1"),
        ("PRESENCE.SETMAX seconds 5 1500000000000", "OK"),
    ]);
    let error = "ERR at-ms is a Unix time in milliseconds";
    for at in [0, 1, client.now_ms() / 1000, 99_999_999_999] {
        for key in ["seconds", "seconds:missing"] {
            for gt in ["", " GT"] {
                let line = format!("PRESENCE.SETMAX {key} 7 {at}{gt}");
                assert_eq!(client.answer(&line), error, "{line}");
            }
        }
    }
    client.dialog(&[
        ("PRESENCE.MAX seconds", "[5, 1500000000000]"),
        ("EXISTS seconds:missing", "0"),
        ("PRESENCE.SETMAX seconds 0 0 GT", "0"),
        ("PRESENCE.SETMAX seconds 0 1500000000", "OK"),
    ]);
    let peak = client.answer("PRESENCE.MAX seconds");
    assert!(peak.starts_with("[1, 1"), "{peak}");
}

#[test]
fn setmax_gt_sets_only_a_larger_number() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.SETMAX greater 5 1500000000000 GT", "1"),
        ("PRESENCE.MAX greater", "[5, 1500000000000]"),
        // Neither as large a number with another date, nor a smaller one.
        ("PRESENCE.SETMAX greater 5 1400000000000 GT", "0"),
        ("PRESENCE.SETMAX greater 4 1600000000000 gt", "0"),
        ("PRESENCE.SETMAX greater 0 0 GT", "0"),
        ("PRESENCE.MAX greater", "[5, 1500000000000]"),
        ("PRESENCE.SETMAX greater 6 1400000000000 gT", "1"),
        ("PRESENCE.MAX greater", "[6, 1400000000000]"),
        ("PRESENCE.SETMAX greater 2 1400000000000", "OK"),
        ("PRESENCE.MAX greater", "[2, 1400000000000]"),
    ]);
    // What was reached here counts as what was set.
    client.dialog(&[
        ("PRESENCE.TOUCH greater:own ann bob", "2"),
        ("PRESENCE.LEAVE greater:own ann bob", "2"),
        ("PRESENCE.SETMAX greater:own 2 1400000000000 GT", "0"),
        ("PRESENCE.SETMAX greater:own 3 1400000000000 GT", "1"),
        ("PRESENCE.MAX greater:own", "[3, 1400000000000]"),
    ]);
}

#[test]
fn setmax_gt_makes_the_key_but_for_0() {
    SERVER.client().dialog(&[
        ("PRESENCE.SETMAX greater:none 0 0 GT", "0"),
        ("EXISTS greater:none", "0"),
        ("PRESENCE.SETMAX greater:none 1 1500000000000 GT", "1"),
        ("TYPE greater:none", "presence-"),
        ("PRESENCE.MAX greater:none", "[1, 1500000000000]"),
    ]);
}

/// The peak of a key that is over is gone with it.
#[test]
fn setmax_gt_is_not_held_up_by_a_key_that_is_over() {
    let mut client = SERVER.client();
    client.dialog(&[
        ("PRESENCE.CONFIG greater:over LINGER 0", "OK"),
        ("PRESENCE.TOUCHEX greater:over PX 1 MEMBERS 2 ann bob", "2"),
    ]);
    wait_until(LIMIT, "the key is over", || {
        client.answer("PRESENCE.INFO greater:over") == "ERR no such key"
    });
    client.dialog(&[
        ("PRESENCE.SETMAX greater:over 1 1500000000000 GT", "1"),
        ("PRESENCE.MAX greater:over", "[1, 1500000000000]"),
    ]);
}

#[test]
fn setmax_answers_ok_or_a_number_in_both_protocols() {
    let mut raw = SERVER.raw_connection();
    for hello in ["2", "3"] {
        raw.call(&["HELLO", hello]);
        let mut set =
            |words: &[&str]| raw.call(&[&["PRESENCE.SETMAX", "wire:set"], words].concat());
        assert_eq!(set(&["5", "1500000000000"]), r"+OK\r\n");
        assert_eq!(set(&["5", "1500000000000", "GT"]), r":0\r\n");
        assert_eq!(set(&["6", "1500000000000", "GT"]), r":1\r\n");
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.TOUCH refused ann");
    let peak = client.answer("PRESENCE.MAX refused");
    let number = no_number("peak takes a number from 0 to 281474976710655");
    let at = no_number("at-ms takes a Unix time in milliseconds");
    let option = syntax("GT expected");
    for key in ["refused", "missing"] {
        for (arguments, error) in [
            ("-1 0", &number),
            ("x 0", &number),
            (" 0", &number),
            ("1.5 0", &number),
            ("9223372036854775808 0", &number),
            ("1 -1", &at),
            ("1 x", &at),
            ("1 ", &at),
            ("1 1.5", &at),
            ("1 9223372036854775808", &at),
            ("0 x", &at),
            ("0 -1", &at),
            ("1 1700000000000 1", &option),
            ("1 1700000000000 LT", &option),
            ("0 0 GT GT", &syntax("GT may be given once")),
        ] {
            let line = format!("PRESENCE.SETMAX {key} {arguments}");
            assert_eq!(client.answer(&line), *error, "{line}");
        }
    }
    assert_eq!(client.answer("PRESENCE.MAX refused"), peak);
    assert_eq!(client.answer("EXISTS missing"), "0");
}

#[test]
fn max_is_an_array_of_two_in_both_protocols() {
    let mut raw = SERVER.raw_connection();
    raw.call(&["PRESENCE.SETMAX", "wire", "5", "1500000000000"]);
    for (hello, nil) in [("2", r"$-1\r\n"), ("3", r"_\r\n")] {
        raw.call(&["HELLO", hello]);
        assert_eq!(
            raw.call(&["PRESENCE.MAX", "wire"]),
            r"*2\r\n:5\r\n:1500000000000\r\n"
        );
        assert_eq!(
            raw.call(&["PRESENCE.MAX", "missing"]),
            format!(r"*2\r\n:0\r\n{nil}")
        );
    }
}
