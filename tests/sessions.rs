//! Sessions: `PRESENCE.ATTACH`, `BEAT`, `DETACH` and `SESSIONS`. A member is online while any of them lasts, and where they
//! are copied to, they are the same.

mod crowds;
mod detach;
mod groups;
mod hidden_touches;
mod joint;
mod on_the_wire;

use crate::common::{
    Client, LIMIT, Server, Subscriber, assert_same_everywhere, wait_caught_up, wait_until,
};

/// Nothing is evicted by itself.
fn unswept() -> Server {
    Server::builder()
        .module_args("sweep-interval 60000 events A")
        .start()
}

/// Calls commands of the module, and compares their answers.
#[track_caller]
fn dialog(client: &mut Client, lines: &[(&str, &str)]) {
    for (line, answer) in lines {
        assert_eq!(
            client.answer(&format!("PRESENCE.{line}")),
            *answer,
            "{line}"
        );
    }
}

/// The ids of a member's sessions, the one seen last first.
fn ids(client: &mut Client, member: &str) -> Vec<String> {
    let sessions = client.answer(&format!("PRESENCE.SESSIONS room {member}"));
    let ids = sessions.split(r#""session""#).skip(1);
    ids.map(|rest| rest.split('"').nth(1).unwrap_or_default().to_string())
        .collect()
}

#[test]
fn a_member_is_online_while_any_of_its_sessions_is() {
    let server = unswept();
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("ATTACH room ann phone", "1"),
            ("ATTACH room ann laptop", "0"),
            ("ATTACH room bob tab", "1"),
            ("COUNT room", "2"),
            ("DETACH room SESSIONS 1 phone", "0"),
            ("ISONLINE room ann", "[1]"),
            // Passed over.
            ("DETACH room SESSIONS 2 phone nothing", "0"),
            ("DETACH room SESSIONS 2 laptop tab", "2"),
            ("COUNT room", "0"),
            ("SESSIONS room ann", "[]"),
            ("SESSIONS room nobody", "[]"),
            ("SESSIONS none ann", "[]"),
            ("DETACH none SESSIONS 1 phone", "0"),
            (
                "BEAT none SESSIONS 2 phone laptop",
                r#"["phone", "laptop"]"#,
            ),
        ],
    );
    assert_eq!(client.answer("EXISTS none"), "0");
}

/// A touch is one more source of time, the one that was there when the first session came as well.
#[test]
fn a_touch_stands_beside_the_sessions() {
    let server = unswept();
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("TOUCH room ann", "1"),
            ("ATTACH room ann phone", "0"),
            ("DETACH room SESSIONS 1 phone", "0"),
            ("ISONLINE room ann", "[1]"),
            ("ATTACH room bob phone", "1"),
            ("TOUCH room bob", "0"),
            ("DETACH room SESSIONS 1 phone", "0"),
            ("ISONLINE room bob", "[1]"),
            // Whoever leaves is gone with all of it.
            ("ATTACH room bob phone", "0"),
            ("LEAVE room bob", "1"),
            ("BEAT room SESSIONS 1 phone", r#"["phone"]"#),
            ("ATTACH room bob phone", "1"),
            ("FORGET room bob", "1"),
            ("BEAT room SESSIONS 1 phone", r#"["phone"]"#),
            ("SESSIONS room bob", "[]"),
        ],
    );
}

#[test]
fn a_session_moves_to_the_member_that_attaches_it() {
    let server = unswept();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client3(), &["__presence@*"]);
    dialog(
        &mut client,
        &[
            ("ATTACH room ann phone META ios", "1"),
            ("ATTACH room bob phone", "1"),
            ("ISONLINE room ann bob", "[0, 1]"),
            ("SESSIONS room ann", "[]"),
            // And back to one who is online otherwise.
            ("ATTACH room ann laptop", "1"),
            ("ATTACH room ann phone", "0"),
            ("ISONLINE room ann bob", "[1, 0]"),
        ],
    );
    assert_eq!(ids(&mut client, "ann").len(), 2);
    // With all that it has.
    let sessions = client.answer("PRESENCE.SESSIONS room ann");
    assert!(sessions.contains(r#""ios""#), "{sessions}");
    let heard = subscriber.heard();
    let heard: Vec<_> = heard
        .iter()
        .filter(|line| !line.starts_with("max"))
        .collect();
    assert_eq!(
        heard,
        [
            "join:room ann",
            "leave:room ann",
            "join:room bob",
            "join:room ann",
            "leave:room bob",
        ]
    );
}

/// A late heartbeat cannot raise the dead.
#[test]
fn a_beat_makes_nothing() {
    let server = unswept();
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("ATTACH room ann phone PX 1", "1"),
            ("ATTACH room bob laptop", "1"),
        ],
    );
    wait_until(LIMIT, "the phone's time is up", || {
        client.answer("PRESENCE.ISONLINE room ann") == "[0]"
    });
    dialog(
        &mut client,
        &[
            (
                "BEAT room SESSIONS 3 phone laptop tab",
                r#"["phone", "tab"]"#,
            ),
            ("ISONLINE room ann", "[0]"),
            ("SESSIONS room ann", "[]"),
            ("ATTACH room ann phone", "1"),
            ("BEAT room SESSIONS 2 phone laptop", "[]"),
            // The same session twice is one.
            ("BEAT room EX 90 SESSIONS 2 phone phone", "[]"),
        ],
    );
    let sessions = client.answer("PRESENCE.SESSIONS room ann");
    let left = sessions
        .split("\"ttl-left\": ")
        .nth(1)
        .or(sessions.split("\"ttl-left\", ").nth(1));
    let left: u64 = left
        .and_then(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .expect("a number");
    assert!((60_000..=90_000).contains(&left), "{sessions}");
}

/// Each session has its own time: a short one does not end a long one, and the member lasts as long as the longest.
#[test]
fn the_time_of_a_session_is_its_own() {
    let server = unswept();
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("ATTACH room ann laptop PX 600000", "1"),
            ("ATTACH room ann phone PX 1", "0"),
        ],
    );
    wait_until(LIMIT, "the phone's time is up", || {
        ids(&mut client, "ann") == ["laptop"]
    });
    dialog(&mut client, &[("ISONLINE room ann", "[1]")]);
    let ttl = client.answer("PRESENCE.LIST room WITHTTL");
    let ttl: u64 = ttl
        .split(|c: char| !c.is_ascii_digit())
        .find_map(|number| number.parse().ok())
        .expect("a number");
    assert!((500_000..=600_000).contains(&ttl), "{ttl}");
    // The shorter ttl of a beat holds within the session.
    dialog(&mut client, &[("BEAT room PX 1 SESSIONS 1 laptop", "[]")]);
    wait_until(LIMIT, "ann's time is up", || {
        client.answer("PRESENCE.ISONLINE room ann") == "[0]"
    });
}

#[test]
fn a_grace_shortens_and_never_lengthens() {
    let server = unswept();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client3(), &["__presence@*"]);
    dialog(
        &mut client,
        &[
            ("CONFIG room TTL 600000", "OK"),
            ("ATTACH room ann old", "1"),
            ("DETACH room GRACE 300000 SESSIONS 1 old", "0"),
            // The page is there again.
            ("ATTACH room ann new", "0"),
            ("DETACH room GRACE 999999999 SESSIONS 2 old new", "0"),
        ],
    );
    let lefts = client.answer("PRESENCE.SESSIONS room ann");
    let lefts: Vec<u64> = lefts
        .split("ttl-left")
        .skip(1)
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .find_map(|number| number.parse().ok())
        })
        .collect();
    assert!(lefts[0] > 300_000 && lefts[0] <= 600_000, "{lefts:?}");
    assert!(lefts[1] > 100_000 && lefts[1] <= 300_000, "{lefts:?}");
    dialog(
        &mut client,
        &[
            ("DETACH room SESSIONS 1 new", "0"),
            ("DETACH room GRACE 1 SESSIONS 1 old", "0"),
        ],
    );
    wait_until(LIMIT, "the grace is over", || {
        client.answer("PRESENCE.ISONLINE room ann") == "[0]"
    });
    // Neither a leave nor a second join.
    let heard = subscriber.heard();
    let heard: Vec<_> = heard
        .iter()
        .filter(|line| !line.starts_with("max"))
        .collect();
    assert_eq!(heard, ["join:room ann"]);
}

#[test]
fn metadata_of_a_session_lives_as_long_as_it() {
    let server = unswept();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client3(), &["__presence@*"]);
    dialog(
        &mut client,
        &[
            ("ATTACH room ann phone META ios", "1"),
            ("ATTACH room ann phone", "0"),
            ("ATTACH room ann phone META ios", "0"),
            ("SETMETA room ann ipados SESSION phone", "1"),
            ("SETMETA room ann ipados SESSION phone", "1"),
            ("SETMETA room ann x SESSION laptop", "0"),
            ("SETMETA room bob x SESSION phone", "0"),
            ("META room ann", "[nil]"),
        ],
    );
    let sessions = client.answer("PRESENCE.SESSIONS room ann");
    assert!(sessions.contains(r#""ipados""#), "{sessions}");
    dialog(
        &mut client,
        &[
            ("DETACH room SESSIONS 1 phone", "1"),
            ("ATTACH room ann phone", "1"),
        ],
    );
    let sessions = client.answer("PRESENCE.SESSIONS room ann");
    assert!(!sessions.contains("ipados"), "{sessions}");
    let heard = subscriber.heard();
    let updates = heard.iter().filter(|line| *line == "update:room ann");
    assert_eq!(updates.count(), 1, "{heard:?}");
}

#[test]
fn wrong_arguments_change_nothing() {
    let server = unswept();
    let mut client = server.client();
    dialog(&mut client, &[("ATTACH room ann phone", "1")]);
    client.answer("SET text x");
    let digest = client.digest();
    let long = "x".repeat(256);
    let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
    for (line, error) in [
        ("ATTACH room ann ", "ERR session takes 1 to 255 bytes"),
        (
            &*format!("ATTACH room ann {long}"),
            "ERR session takes 1 to 255 bytes",
        ),
        (
            &format!("BEAT room SESSIONS 1 {long}"),
            "ERR session takes 1 to 255 bytes",
        ),
        (
            "BEAT room SESSIONS 2 phone",
            "ERR syntax error, SESSIONS says 2, but the number of sessions given is 1",
        ),
        ("BEAT room EX 1 PX", "ERR syntax error"),
        ("BEAT room EX 1 phone", "ERR syntax error"),
        (
            "BEAT room EX 0 SESSIONS 1 phone",
            "ERR value is not an integer or out of range",
        ),
        (
            "BEAT room SESSIONS 0 phone",
            "ERR value is not an integer or out of range",
        ),
        (
            "DETACH room GRACE -1 SESSIONS 1 phone",
            "ERR value is not an integer or out of range",
        ),
        (
            "DETACH room GRACE 1 GRACE 2 SESSIONS 1 phone",
            "ERR syntax error",
        ),
        ("ATTACH room ann phone EX 5 PX 5", "ERR syntax error"),
        ("ATTACH room ann phone META", "ERR syntax error"),
        ("ATTACH room ann phone ANYTHING", "ERR syntax error"),
        ("SETMETA room ann x SESSION", "ERR syntax error"),
        ("SETMETA room ann x ANYTHING", "ERR syntax error"),
        ("ATTACH text ann phone", wrong),
        ("BEAT text SESSIONS 1 phone", wrong),
        ("DETACH text SESSIONS 1 phone", wrong),
        ("SESSIONS text ann", wrong),
        ("S room B phone", "ERR PRESENCE.S is for replication only"),
    ] {
        let answer = client.answer(&format!("PRESENCE.{line}"));
        assert!(answer.starts_with(error), "{line}: {answer}");
        assert_eq!(client.digest(), digest, "{line}");
    }
}

#[test]
fn a_cap_counts_members() {
    let server = unswept();
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("CONFIG room CAP 1", "OK"),
            ("ATTACH room ann phone", "1"),
            ("ATTACH room ann laptop", "0"),
            ("ATTACH room bob tab", "CAPPED 1 members are online"),
            // Nothing of it is there.
            ("BEAT room SESSIONS 1 tab", r#"["tab"]"#),
            ("DETACH room SESSIONS 1 laptop", "0"),
            // It takes the seat along.
            ("ATTACH room bob phone", "1"),
            ("ISONLINE room ann bob", "[0, 1]"),
            ("DETACH room SESSIONS 1 phone", "1"),
            ("ATTACH room bob tab", "1"),
        ],
    );
}

/// What is too soon is not recorded, and not replicated.
#[test]
fn a_resolution_holds_for_beats() {
    let server = Server::builder()
        .arg("repl-ping-replica-period 3600")
        .module_args("sweep-interval 60000")
        .start();
    let replica = Server::start_replica_of(&server);
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("CONFIG room TTL 600000 RESOLUTION 300000", "OK"),
            ("ATTACH room ann phone", "1"),
        ],
    );
    let offset = || server.info_field("replication", "master_repl_offset");
    let before = offset();
    dialog(
        &mut client,
        &[("BEAT room SESSIONS 2 phone none", r#"["none"]"#)],
    );
    assert_eq!(offset(), before);
    // Another ttl is recorded.
    dialog(
        &mut client,
        &[("BEAT room PX 500000 SESSIONS 1 phone", "[]")],
    );
    assert_ne!(offset(), before);
    wait_caught_up(&server, &replica);
    assert_eq!(replica.client().digest(), client.digest());
}

/// Members with one session, with several, with touches of their own and metadata, in a key of many; some that are over.
fn work(client: &mut Client) {
    for (key, count) in [("small", 3), ("large", 400)] {
        client.answer(&format!("PRESENCE.CONFIG {key} TTL 600000 RETAIN 3600000"));
        for number in 0..count {
            let member = format!("user:{}", number * 2 / 3);
            client.answer(&format!("PRESENCE.ATTACH {key} {member} session:{number}"));
        }
        for number in (0..count).step_by(7) {
            client.answer(&format!(
                "PRESENCE.TOUCH {key} user:{number} other:{number}"
            ));
            let blob = "x".repeat(number * number % 4000 + 1);
            client.answer(&format!(
                "PRESENCE.ATTACH {key} user:{number} extra:{number} PX {} META {blob}",
                number + 1
            ));
        }
        for number in (0..count).step_by(5) {
            client.answer(&format!("PRESENCE.BEAT {key} SESSIONS 1 session:{number}"));
            client.answer(&format!(
                "PRESENCE.DETACH {key} GRACE {} SESSIONS 1 session:{}",
                number * 100,
                number + 1
            ));
        }
        client.answer(&format!("PRESENCE.LEAVE {key} user:2"));
        client.answer(&format!("PRESENCE.FORGET {key} user:5"));
        client.answer(&format!(
            "PRESENCE.ATTACH {key} user:9 session:0 META moved"
        ));
    }
    // Of one who is gone with more than are removed at once.
    for number in 0..1100 {
        client.answer(&format!("PRESENCE.ATTACH crowd ann {number} EX 9000"));
    }
    client.answer("PRESENCE.ATTACH crowd bob phone EX 9000");
    client.answer("PRESENCE.LEAVE crowd ann");
}

#[test]
fn replicas_logs_files_and_copies_hold_the_same() {
    assert_same_everywhere(work, |client| {
        dialog(
            client,
            &[
                ("SESSIONS crowd ann", "[]"),
                ("COUNT crowd", "1"),
                ("SESSIONS large user:2", "[]"),
            ],
        );
        let sessions = client.answer("PRESENCE.SESSIONS large user:9");
        assert!(sessions.contains("moved"), "{sessions}");
    });
}

/// The eviction removes sessions that are due, on replicas as well, though their members stay.
#[test]
fn sessions_that_are_over_are_removed() {
    let primary = unswept();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    client.answer("PRESENCE.CONFIG room TTL 600000 RETAIN 3600000");
    client.answer("PRESENCE.TOUCH room ann");
    let usage = |client: &mut Client| client.int(&["MEMORY", "USAGE", "room"]);
    client.answer("PRESENCE.ATTACH room ann laptop");
    let before = usage(&mut client);
    for number in 0..3000 {
        client.answer(&format!("PRESENCE.ATTACH room ann tab:{number} PX 100"));
    }
    let most = usage(&mut client);
    client.answer("CONFIG SET presence.sweep-interval 10");
    wait_until(LIMIT, "their memory is back", || {
        usage(&mut client) < before + most / 10
    });
    assert_eq!(ids(&mut client, "ann"), ["laptop"]);
    wait_caught_up(&primary, &replica);
    assert_eq!(replica.client().digest(), client.digest());
}
