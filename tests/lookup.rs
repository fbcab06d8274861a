//! `PRESENCE.ISONLINE`, `FILTER` and `SEEN` say of the members given who is online and when each was last seen, in the
//! order given.

use std::sync::LazyLock;

use crate::common::Server;

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

#[test]
fn isonline_answers_for_each_in_order() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH isonline ann bob", "2"),
        ("PRESENCE.ISONLINE isonline bob", "[1]"),
        ("PRESENCE.ISONLINE isonline nobody", "[0]"),
        (
            "PRESENCE.ISONLINE isonline cid bob dan ann ann bob",
            "[0, 1, 0, 1, 1, 1]",
        ),
        ("PRESENCE.ISONLINE missing ann bob ann", "[0, 0, 0]"),
    ]);
}

#[test]
fn filter_answers_those_online_in_the_order_given() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH filter ann bob cid", "3"),
        (
            "PRESENCE.FILTER filter cid zoe ann yan bob",
            r#"["cid", "ann", "bob"]"#,
        ),
        ("PRESENCE.FILTER filter bob", r#"["bob"]"#),
        ("PRESENCE.FILTER filter zoe", "[]"),
        ("PRESENCE.FILTER missing ann", "[]"),
    ]);
}

#[test]
fn filter_answers_a_member_named_twice_once() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH once ann bob", "2"),
        (
            "PRESENCE.FILTER once bob ann bob zoe ann",
            r#"["bob", "ann"]"#,
        ),
    ]);
}

#[test]
fn seen_answers_the_newest_touch_of_each() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 9000;
    client.answer(&format!("PRESENCE.TOUCHEX seen AT {at} MEMBERS 1 ann"));
    client.answer(&format!(
        "PRESENCE.TOUCHEX seen AT {} MEMBERS 1 bob",
        at + 1
    ));
    client.dialog(&[
        ("PRESENCE.SEEN seen ann", &format!("[{at}]")),
        (
            "PRESENCE.SEEN seen bob zoe ann bob",
            &format!("[{}, nil, {at}, {}]", at + 1, at + 1),
        ),
        ("PRESENCE.SEEN missing ann bob", "[nil, nil]"),
    ]);
    let (now, replies) = client.at_once(
        "seen:clock",
        &["PRESENCE.TOUCH seen ann", "PRESENCE.SEEN seen ann bob"],
    );
    assert_eq!(replies[1], format!("[{now}, {}]", at + 1));
}

#[test]
fn a_member_whose_time_is_up_is_offline_and_seen_while_retained() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 60_000;
    client.answer("PRESENCE.CONFIG retained RETAIN 3600000");
    client.answer(&format!(
        "PRESENCE.TOUCHEX retained PX 1 AT {at} MEMBERS 1 ann"
    ));
    client.dialog(&[
        ("PRESENCE.ISONLINE retained ann", "[0]"),
        ("PRESENCE.FILTER retained ann", "[]"),
        ("PRESENCE.SEEN retained ann", &format!("[{at}]")),
        // Still stored, for nothing is evicted here, but not to be known any more.
        ("PRESENCE.CONFIG retained RETAIN 30000", "OK"),
        ("PRESENCE.SEEN retained ann", "[nil]"),
    ]);
}

#[test]
fn words_that_are_options_elsewhere_are_members() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH words WINDOW 10", "2"),
        ("PRESENCE.ISONLINE words WINDOW 10 LIMIT", "[1, 1, 0]"),
        (
            "PRESENCE.FILTER words MATCH WINDOW COUNT 10",
            r#"["WINDOW", "10"]"#,
        ),
    ]);
    let seen = SERVER.client().answer("PRESENCE.SEEN words EX WINDOW");
    assert!(seen.starts_with("[nil, 1"), "{seen}");
}

#[test]
fn many_members_can_be_asked_for_at_once() {
    let mut client = SERVER.client();
    let names = |range: std::ops::Range<u32>| range.map(|number| format!("user:{number}"));
    let command = |name: &str, range| -> Vec<String> {
        [name.to_string(), "many".to_string()]
            .into_iter()
            .chain(names(range))
            .collect()
    };
    client.cmd(&command("PRESENCE.TOUCH", 0..2000));
    let online = client.ints(&command("PRESENCE.ISONLINE", 1000..3000));
    assert_eq!(online, [[1; 1000], [0; 1000]].concat());
    let filtered = client.strings(&command("PRESENCE.FILTER", 1000..3000));
    assert_eq!(filtered, names(1000..2000).collect::<Vec<_>>());
}

#[test]
fn the_replies_are_arrays_in_both_protocols() {
    let mut raw = SERVER.raw_connection();
    let at = SERVER.client().now_ms() - 9000;
    raw.call(&args![
        "PRESENCE.TOUCHEX",
        "wire",
        "AT",
        at,
        "MEMBERS",
        1,
        "ann"
    ]);
    for (hello, nil) in [("2", r"$-1\r\n"), ("3", r"_\r\n")] {
        raw.call(&["HELLO", hello]);
        for key in ["wire", "missing"] {
            let there = key == "wire";
            let (one, seen) = match there {
                true => (":1", format!(r":{at}\r\n")),
                false => (":0", nil.to_string()),
            };
            let answer = raw.call(&["PRESENCE.ISONLINE", key, "bob", "ann"]);
            assert_eq!(answer, format!(r"*2\r\n:0\r\n{one}\r\n"));
            let answer = raw.call(&["PRESENCE.SEEN", key, "bob", "ann"]);
            assert_eq!(answer, format!(r"*2\r\n{nil}{seen}"));
            let answer = raw.call(&["PRESENCE.FILTER", key, "bob", "ann"]);
            assert_eq!(
                answer,
                if there {
                    r"*1\r\n$3\r\nann\r\n"
                } else {
                    r"*0\r\n"
                }
            );
        }
    }
}
