//! A session that is all its member has, where nobody is remembered, goes with its member. What becomes of it where a member is
//! remembered after all, or has something else.

use super::{Client, LIMIT, assert_same_everywhere, dialog, unswept, wait_until};

/// Waits until nobody is online.
#[track_caller]
fn wait_over(client: &mut Client) {
    wait_until(LIMIT, "nobody is online", || {
        client.int(&["PRESENCE.COUNT", "room"]) == 0
    });
}

/// Evicts what is due, two at most. Returns how many members that were.
fn evict(client: &mut Client) -> i64 {
    let now = client.now_ms().to_string();
    client.int(&["PRESENCE.EVICT", "room", &now, "LIMIT", "2"])
}

#[test]
fn it_is_evicted_with_its_member_and_the_others_before() {
    let server = unswept();
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("ATTACH room ann phone PX 20", "1"),
            ("ATTACH room bob laptop PX 20", "1"),
            ("ATTACH room bob tablet PX 20", "0"),
        ],
    );
    wait_over(&mut client);
    // Both sessions of bob, and then the members.
    for count in [0, 2, 0] {
        assert_eq!(evict(&mut client), count);
    }
}

#[test]
fn it_is_over_where_its_member_is_remembered() {
    let server = unswept();
    let mut client = server.client();
    dialog(
        &mut client,
        &[
            ("ATTACH room ann phone PX 20 GROUP gateway", "1"),
            ("CONFIG room RETAIN 60000", "OK"),
        ],
    );
    wait_over(&mut client);
    assert_eq!(evict(&mut client), 0);
    dialog(
        &mut client,
        &[
            ("SESSIONS room ann", "[]"),
            ("BEAT room SESSIONS 1 phone", r#"["phone"]"#),
            ("DETACH room SESSIONS 1 phone", "0"),
            ("SETMETA room ann ios SESSION phone", "0"),
            ("COUNT room WINDOW 60000", "1"),
            // It ends now, but nobody goes offline by that.
            ("DROP room gateway", "1"),
            ("COUNT room", "0"),
            ("ATTACH room ann phone", "1"),
            ("BEAT room SESSIONS 1 phone", "[]"),
        ],
    );
}

#[test]
fn it_is_the_same_wherever_it_is_copied_to() {
    let work = |client: &mut Client| {
        dialog(
            client,
            &[
                ("ATTACH room ann phone PX 20 META ios", "1"),
                ("ATTACH room bob laptop GROUP gateway", "1"),
                ("ATTACH room cid tab", "1"),
                ("ATTACH room cid other", "0"),
                ("ATTACH room dan late PX 60000", "1"),
                ("CONFIG room RETAIN 60000", "OK"),
                ("BEAT room SESSIONS 1 late", "[]"),
                ("ATTACH room eve new", "1"),
                ("CONFIG room RETAIN 0", "OK"),
                ("BEAT room SESSIONS 1 new", "[]"),
                ("DETACH room SESSIONS 1 other", "0"),
                ("BEAT room SESSIONS 1 tab", "[]"),
                ("TOUCH room bob", "0"),
            ],
        );
        wait_until(LIMIT, "ann is offline", || {
            client.ints(&["PRESENCE.ISONLINE", "room", "ann"]) == [0]
        });
    };
    assert_same_everywhere(work, |client| {
        dialog(client, &[("COUNT room", "4"), ("SESSIONS room ann", "[]")]);
    });
}
