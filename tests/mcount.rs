//! `PRESENCE.MCOUNT` answers for each key how many are online, in the order of the keys.

use std::sync::LazyLock;

use crate::common::Server;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

#[test]
fn each_key_is_counted_in_order() {
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH order:1 a", "1"),
        ("PRESENCE.TOUCH order:2 a b", "2"),
        ("PRESENCE.TOUCH order:3 a b c", "3"),
        ("PRESENCE.MCOUNT order:1", "[1]"),
        ("PRESENCE.MCOUNT order:3 order:1 order:2", "[3, 1, 2]"),
        ("PRESENCE.MCOUNT order:2 missing order:2", "[2, 0, 2]"),
        ("PRESENCE.LEAVE order:3 b", "1"),
        ("PRESENCE.MCOUNT order:1 order:2 order:3", "[1, 2, 2]"),
    ]);
}

#[test]
fn who_is_only_remembered_is_not_counted() {
    SERVER.client().dialog(&[
        ("PRESENCE.CONFIG remembered RETAIN 600000", "OK"),
        ("PRESENCE.TOUCH remembered a b", "2"),
        ("PRESENCE.LEAVE remembered a", "1"),
        ("PRESENCE.MCOUNT remembered", "[1]"),
    ]);
}

#[test]
fn one_key_of_another_type_fails_the_whole() {
    let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
    SERVER.client().dialog(&[
        ("PRESENCE.TOUCH types a", "1"),
        ("SET types:text 1", "OK"),
        ("PRESENCE.MCOUNT types types:text types", wrong),
        ("PRESENCE.MCOUNT types missing types:text", wrong),
        // Nothing of an unfinished reply is left in the connection.
        ("PRESENCE.MCOUNT types", "[1]"),
    ]);
}

#[test]
fn the_reply_is_an_array_in_both_protocols() {
    let mut raw = SERVER.raw_connection();
    raw.call(&["PRESENCE.TOUCH", "wire", "ann"]);
    let reply = r"*2\r\n:0\r\n:1\r\n";
    assert_eq!(raw.call(&["PRESENCE.MCOUNT", "missing", "wire"]), reply);
    raw.call(&["HELLO", "3"]);
    assert_eq!(raw.call(&["PRESENCE.MCOUNT", "missing", "wire"]), reply);
}
