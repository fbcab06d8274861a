//! On a key of another type every command answers Redis's own WRONGTYPE and leaves the key as it is; and Redis's own
//! commands answer it on a presence key.

use crate::common::Server;
use crate::common::commands::{reads, writes};
use crate::common::errors::{no_number, syntax};

const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn every_command_refuses_keys_of_other_types() {
    let server = Server::start();
    let mut client = server.client();
    client.dialog(&[
        ("SET string text", "OK"),
        ("SET number 1", "OK"),
        ("RPUSH list a", "1"),
        ("SADD set a", "1"),
        ("HSET hash a 1", "1"),
        ("ZADD zset 1 a", "1"),
        ("XADD stream 1-1 a 1", r#""1-1""#),
        ("SETBIT bits 7 1", "0"),
    ]);
    let digest = client.digest();
    for key in [
        "string", "number", "list", "set", "hash", "zset", "stream", "bits",
    ] {
        let longest = format!("PRESENCE.COUNT {key} WINDOW 315360000000");
        let calls = reads().chain(writes()).map(|call| call.on(key));
        for line in calls.chain([longest]) {
            assert_eq!(client.answer(&line), WRONG, "{line}");
        }
    }
    assert_eq!(client.digest(), digest);
    // The arguments are judged first, as in Redis's own commands.
    client.dialog(&[
        (
            "PRESENCE.COUNT string NONSENSE",
            &syntax("WINDOW milliseconds expected"),
        ),
        (
            "PRESENCE.SETMAX string x 0",
            &no_number("peak takes a number from 0 to 281474976710655"),
        ),
    ]);
}

#[test]
fn redis_commands_refuse_presence_keys() {
    let server = Server::start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH room ann");
    let digest = client.digest();
    for line in [
        "GET room",
        "APPEND room x",
        "INCR room",
        "LPUSH room x",
        "SADD room x",
        "HSET room x 1",
        "ZADD room 1 x",
        "ZCARD room",
        "XADD room * x 1",
        "ZRANGESTORE other room 0 -1",
    ] {
        assert_eq!(client.answer(line), WRONG, "{line}");
    }
    assert_eq!(client.digest(), digest);
    client.dialog(&[
        ("SET room text", "OK"),
        ("PRESENCE.COUNT room", WRONG),
        ("DEL room", "1"),
        ("PRESENCE.COUNT room", "0"),
    ]);
}
