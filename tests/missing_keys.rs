//! A missing key reads as empty, and only what has something to store makes one.

use crate::common::Server;
use crate::common::commands::{Call, reads, writes};

#[test]
fn a_missing_key_reads_as_empty_and_stays_missing() {
    let server = Server::start();
    for mut client in [server.client(), server.client3()] {
        for call in reads() {
            assert!(!call.makes_key);
            assert_eq!(
                client.answer(&call.on("missing")),
                call.on_missing,
                "{}",
                call.line
            );
        }
        client.dialog(&[
            // A window that no key remembers, and a time before all others.
            ("PRESENCE.COUNT missing WINDOW 1000", "0"),
            (
                "PRESENCE.LIST missing WINDOW 5 REV LIMIT 0 10 WITHSEEN WITHTTL",
                "[]",
            ),
            (
                "PRESENCE.TOUCHEX missing PX 1 AT 100000000000 MEMBERS 1 ann",
                "0",
            ),
            ("DBSIZE", "0"),
        ]);
    }
}

#[test]
fn only_what_has_something_to_store_makes_the_key() {
    let server = Server::start();
    for (protocol, mut client) in [server.client(), server.client3()].into_iter().enumerate() {
        for (number, call) in writes().enumerate() {
            let Call {
                line,
                on_missing,
                makes_key,
            } = call;
            let key = format!("missing:{protocol}:{number}");
            assert_eq!(client.answer(&call.on(&key)), *on_missing, "{line}");
            let exists = client.int(&["EXISTS", &key]) == 1;
            assert_eq!(exists, *makes_key, "{line}");
        }
    }
}
