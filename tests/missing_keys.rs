//! A missing key reads as empty, and only what has something to store makes one.

use crate::common::Server;

#[test]
fn a_missing_key_reads_as_empty_and_stays_missing() {
    let server = Server::start();
    for mut client in [server.client(), server.client3()] {
        client.dialog(&[
            ("PRESENCE.COUNT missing", "0"),
            ("PRESENCE.COUNT missing WINDOW 1000", "0"),
            ("PRESENCE.MCOUNT missing other", "[0, 0]"),
            ("PRESENCE.LIST missing", "[]"),
            (
                "PRESENCE.LIST missing WINDOW 5 REV LIMIT 0 10 WITHSEEN WITHTTL",
                "[]",
            ),
            ("PRESENCE.SCAN missing 0", r#"["0", []]"#),
            ("PRESENCE.SCAN missing 17 MATCH a* COUNT 5", r#"["0", []]"#),
            ("PRESENCE.ISONLINE missing ann bob", "[0, 0]"),
            ("PRESENCE.FILTER missing ann bob", "[]"),
            ("PRESENCE.SEEN missing ann bob", "[nil, nil]"),
            ("PRESENCE.MAX missing", "[0, nil]"),
            ("PRESENCE.INFO missing", "ERR no such key"),
            ("PRESENCE.LEAVE missing ann bob", "0"),
            ("PRESENCE.FORGET missing ann bob", "0"),
            ("PRESENCE.EVICT missing 0", "0"),
            ("PRESENCE.SETMAX missing 0 0", "OK"),
            ("PRESENCE.SETMAX missing 0 0 GT", "0"),
            (
                "PRESENCE.TOUCHEX missing PX 1 AT 100000000000 MEMBERS 1 ann",
                "0",
            ),
            ("DBSIZE", "0"),
        ]);
    }
}

#[test]
fn what_has_something_to_store_makes_the_key() {
    let server = Server::start();
    server.client().dialog(&[
        ("PRESENCE.TOUCH touch ann", "1"),
        ("PRESENCE.TOUCHEX touchex MEMBERS 1 ann", "1"),
        (
            "PRESENCE.TOUCHEX import PX 315360000000 AT 1700000000000 MEMBERS 1 ann",
            "1",
        ),
        ("PRESENCE.SETMAX setmax 1 1700000000000", "OK"),
        ("PRESENCE.CONFIG config TTL 1", "OK"),
        ("PRESENCE.SETMAX greater 1 1700000000000 GT", "1"),
        ("DBSIZE", "6"),
    ]);
}
