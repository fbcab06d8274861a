//! Sessions as clients and replicas get them.

use super::unswept;
use crate::common::{Client, Server, wait_caught_up};

#[test]
fn a_session_is_a_map_where_the_protocol_has_maps() {
    let server = unswept();
    let mut client = server.client();
    client.answer("PRESENCE.ATTACH room ann phone EX 9000 GROUP gateway META ios");
    let flat = client.cmd(&["PRESENCE.SESSIONS", "room", "ann"]);
    let redis::Value::Array(sessions) = flat else {
        panic!("{flat:?}")
    };
    assert!(matches!(&sessions[..], [redis::Value::Array(fields)] if fields.len() == 10));
    let map = server.client3().cmd(&["PRESENCE.SESSIONS", "room", "ann"]);
    let redis::Value::Array(sessions) = map else {
        panic!("{map:?}")
    };
    let [redis::Value::Map(fields)] = &sessions[..] else {
        panic!("{sessions:?}")
    };
    let text = |value: &redis::Value| match value {
        redis::Value::BulkString(text) => String::from_utf8_lossy(text).into_owned(),
        redis::Value::Int(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["session", "last-seen", "ttl-left", "group", "meta"]);
    let values = [0, 3, 4].map(|at| fields[at].1.as_str());
    assert_eq!(values, ["phone", "gateway", "ios"]);
}

/// A server may refuse an argument of more than a megabyte, so what is longer is replicated as several.
#[test]
fn long_commands_are_replicated_in_parts() {
    let primary = Server::builder()
        .arg("appendonly yes")
        .module_args("sweep-interval 60000")
        .start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    let ids: Vec<_> = (0..6000).map(|number| format!("{number:0>250}")).collect();
    for (number, id) in ids.iter().enumerate() {
        client.cmd(&[
            "PRESENCE.ATTACH",
            "room",
            &format!("user:{number}"),
            id,
            "GROUP",
            id,
        ]);
    }
    let call = |client: &mut Client, head: &[&str]| {
        let mut args: Vec<&str> = head.to_vec();
        args.extend(ids.iter().map(String::as_str));
        client.cmd(&args)
    };
    call(
        &mut client,
        &["PRESENCE.BEAT", "room", "EX", "900", "SESSIONS", "6000"],
    );
    let dropped = call(&mut client, &["PRESENCE.DROP", "room"]);
    assert_eq!(dropped, redis::Value::Int(6000));
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), 5000);
    let detached = call(
        &mut client,
        &[
            "PRESENCE.DETACH",
            "room",
            "GRACE",
            "500000",
            "SESSIONS",
            "6000",
        ],
    );
    assert_eq!(detached, redis::Value::Int(0));
    let digest = client.digest();
    wait_caught_up(&primary, &replica);
    assert_eq!(replica.client().digest(), digest);
    client.cmd(&["DEBUG", "LOADAOF"]);
    assert_eq!(client.digest(), digest);
}
