//! Keys change databases, and the client that has them do so stays where it is, with a replica that follows it: the module
//! listens to both, on a connection that some servers share with the client.

use crate::common::{Client, Server, not_applicable, wait_caught_up};

/// The database that a connection is in.
fn database(client: &mut Client) -> String {
    let info = client.text(&["CLIENT", "INFO"]);
    let db = info.split(' ').find_map(|field| field.strip_prefix("db="));
    db.expect("a database").into()
}

/// A client in database 2, of a primary with a replica.
fn start() -> (Server, Server, Client) {
    let primary = Server::start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    client.answer("SELECT 2");
    (primary, replica, client)
}

#[track_caller]
fn assert_follows(primary: &Server, replica: &Server) {
    wait_caught_up(primary, replica);
    assert_eq!(replica.client().digest(), primary.client().digest());
}

#[test]
fn move_leaves_the_client_where_it_is() {
    let (primary, replica, mut client) = start();
    client.dialog(&[
        ("PRESENCE.TOUCH room ann", "1"),
        ("SET text 1", "OK"),
        ("MOVE room 3", "1"),
        ("PRESENCE.COUNT room", "0"),
        ("MOVE text 4", "1"),
        ("GET text", "nil"),
        ("PRESENCE.TOUCH room bob", "1"),
        ("MOVE room 3", "0"),
        ("MOVE nothing 3", "0"),
    ]);
    assert_eq!(database(&mut client), "2");
    client.dialog(&[
        ("SELECT 3", "OK"),
        ("PRESENCE.FILTER room ann bob", r#"["ann"]"#),
    ]);
    assert_follows(&primary, &replica);
}

#[test]
fn copy_leaves_the_client_where_it_is() {
    let (primary, replica, mut client) = start();
    client.dialog(&[
        ("PRESENCE.TOUCH room ann", "1"),
        ("COPY room hall DB 3", "1"),
        ("PRESENCE.COUNT hall", "0"),
        ("COPY room hall DB 3 REPLACE", "1"),
        ("COPY room hall", "1"),
        ("PRESENCE.COUNT hall", "1"),
    ]);
    assert_eq!(database(&mut client), "2");
    // In a transaction and in a script, too.
    client.answer("MULTI");
    client.answer("COPY room lobby DB 4");
    client.answer("PRESENCE.COUNT lobby");
    assert_eq!(client.answer("EXEC"), "[1, 0]");
    let script = "redis.call('COPY', KEYS[1], KEYS[2], 'DB', 5) return redis.call('PRESENCE.COUNT', KEYS[2])";
    let counted = client.int(&["EVAL", script, "2", "room", "cellar"]);
    assert_eq!(counted, 0);
    assert_eq!(database(&mut client), "2");
    assert_follows(&primary, &replica);
}

#[test]
fn a_copy_of_another_type_leaves_the_client_where_it_is() {
    let (primary, replica, mut client) = start();
    client.dialog(&[("SET text 1", "OK"), ("COPY text copied DB 3", "1")]);
    if database(&mut client) == "3" {
        // Nothing tells the module that such a copy begins.
        not_applicable(
            "the server leaves a client in the database that it has copied a key of its own types to",
        );
        return;
    }
    assert_eq!(client.answer("GET copied"), "nil");
    assert_follows(&primary, &replica);
}
