//! `PRESENCE.TOUCHEX … AT` records a touch of the past. One that is newer than what is known of the member replaces it,
//! an older one is ignored altogether, and one that is over and not to be remembered leaves nothing behind.

use std::sync::LazyLock;

use crate::common::{Client, Server};

/// Nothing is evicted while a test looks at what is stored.
static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

/// The digest of a key's value.
fn digest(client: &mut Client, key: &str) -> String {
    client.answer(&format!("DEBUG DIGEST-VALUE {key}"))
}

/// `PRESENCE.TOUCHEX key PX ttl AT at MEMBERS 1 ann`
fn import(client: &mut Client, key: &str, ttl: i64, at: i64) -> String {
    client.answer(&format!(
        "PRESENCE.TOUCHEX {key} PX {ttl} AT {at} MEMBERS 1 ann"
    ))
}

#[test]
fn the_time_is_counted_from_the_touch() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 5000;
    assert_eq!(import(&mut client, "counted", 60_000, at), "1");
    assert_eq!(import(&mut client, "counted", 60_000, at), "0");
    let (now, replies) =
        client.at_once("counted:clock", &["PRESENCE.LIST counted WITHSEEN WITHTTL"]);
    let left = at + 60_000 - now;
    assert_eq!(replies, [format!(r#"[["ann", {at}, {left}]]"#)]);
}

#[test]
fn the_ttl_of_the_key_holds_for_imports_too() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 5000;
    client.answer(&format!("PRESENCE.TOUCHEX default AT {at} MEMBERS 1 ann"));
    let (now, replies) = client.at_once("default:clock", &["PRESENCE.LIST default WITHTTL"]);
    assert_eq!(replies, [format!(r#"[["ann", {}]]"#, at + 300_000 - now)]);
}

#[test]
fn an_older_one_is_ignored_altogether() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 5000;
    client.answer("PRESENCE.CONFIG older RETAIN 3600000");
    assert_eq!(import(&mut client, "older", 60_000, at), "1");
    let before = digest(&mut client, "older");
    for (ttl, earlier) in [(60_000, 1), (600_000, 1), (1, 1), (600_000, 100_000)] {
        assert_eq!(import(&mut client, "older", ttl, at - earlier), "0");
    }
    assert_eq!(digest(&mut client, "older"), before);
}

#[test]
fn one_of_the_same_moment_replaces() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 5000;
    import(&mut client, "same", 60_000, at);
    assert_eq!(import(&mut client, "same", 90_000, at), "0");
    let (now, replies) = client.at_once("same:clock", &["PRESENCE.LIST same WITHTTL"]);
    assert_eq!(replies, [format!(r#"[["ann", {}]]"#, at + 90_000 - now)]);
}

#[test]
fn a_newer_one_replaces_even_where_that_ends_the_time() {
    let mut client = SERVER.client();
    let now = client.now_ms();
    client.answer("PRESENCE.TOUCH ends bob");
    assert_eq!(import(&mut client, "ends", 600_000, now - 60_000), "1");
    assert_eq!(import(&mut client, "ends", 10, now - 50_000), "0");
    client.dialog(&[
        ("PRESENCE.ISONLINE ends ann bob", "[0, 1]"),
        ("PRESENCE.COUNT ends", "1"),
        ("PRESENCE.SEEN ends ann", "[nil]"),
    ]);
    let info = client.fields(&["PRESENCE.INFO", "ends"]);
    assert_eq!(info["remembered"], redis::Value::Int(1));
}

#[test]
fn one_that_is_over_is_remembered_where_the_key_retains() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 50_000;
    client.answer("PRESENCE.CONFIG over RETAIN 3600000");
    assert_eq!(import(&mut client, "over", 10, at), "0");
    client.dialog(&[
        ("PRESENCE.ISONLINE over ann", "[0]"),
        ("PRESENCE.SEEN over ann", &format!("[{at}]")),
        (
            "PRESENCE.LIST over WINDOW 3600000 WITHTTL",
            r#"[["ann", 0]]"#,
        ),
        ("PRESENCE.MAX over", "[0, nil]"),
    ]);
}

#[test]
fn one_that_is_over_leaves_nothing_behind() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 50_000;
    assert_eq!(import(&mut client, "nothing", 10, at), "0");
    assert_eq!(client.answer("EXISTS nothing"), "0");

    client.answer("PRESENCE.TOUCH nothing bob");
    let before = digest(&mut client, "nothing");
    assert_eq!(import(&mut client, "nothing", 10, at), "0");
    assert_eq!(digest(&mut client, "nothing"), before);

    // Retained for less than it is old.
    client.answer("PRESENCE.CONFIG nothing RETAIN 30000");
    assert_eq!(import(&mut client, "nothing", 10, at), "0");
    assert_eq!(client.answer("PRESENCE.SEEN nothing ann"), "[nil]");
}

#[test]
fn a_touch_that_is_no_longer_remembered_does_not_stand_in_the_way() {
    let mut client = SERVER.client();
    let now = client.now_ms();
    client.answer("PRESENCE.CONFIG stale RETAIN 3600000");
    import(&mut client, "stale", 10, now - 50_000);
    client.answer("PRESENCE.CONFIG stale RETAIN 0");
    // Older than what is still stored, but that is not to be known any more.
    assert_eq!(import(&mut client, "stale", 600_000, now - 60_000), "1");
    assert_eq!(
        client.answer("PRESENCE.SEEN stale ann"),
        format!("[{}]", now - 60_000)
    );
}

#[test]
fn of_several_members_each_is_judged_by_itself() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 5000;
    client.answer("PRESENCE.TOUCH several ann");
    let touched = client.answer("PRESENCE.SEEN several ann");
    let line = format!("PRESENCE.TOUCHEX several AT {at} MEMBERS 4 bob ann cid bob");
    assert_eq!(client.answer(&line), "2");
    let seen = client.answer("PRESENCE.SEEN several ann bob cid");
    let ann = touched.trim_matches(['[', ']']);
    assert_eq!(seen, format!("[{ann}, {at}, {at}]"));
}

#[test]
fn the_present_moment_is_the_last_that_is_taken() {
    let script = "\
        redis.call('PRESENCE.TOUCH', KEYS[2], 'x')
        local now = redis.call('PRESENCE.SEEN', KEYS[2], 'x')[1]
        local at = redis.call('PRESENCE.TOUCHEX', KEYS[1], 'AT', string.format('%.0f', now), 'MEMBERS', '1', 'ann')
        local late = redis.pcall('PRESENCE.TOUCHEX', KEYS[1], 'AT', string.format('%.0f', now + 1), 'MEMBERS', '1', 'bob')
        return {at, late.err, redis.call('PRESENCE.COUNT', KEYS[1])}";
    let mut client = SERVER.client();
    let reply = client.cmd(&["EVAL", script, "2", "moment", "moment:clock"]);
    assert_eq!(
        crate::common::show(&reply),
        r#"[1, "ERR AT lies in the future", 1]"#
    );
}

#[test]
fn a_time_in_seconds_is_refused_and_nothing_changes() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG seconds RETAIN 315360000000");
    client.answer("PRESENCE.TOUCH seconds ann");
    let before = digest(&mut client, "seconds");
    let error = "ERR AT is a Unix time in milliseconds";
    let now = client.now_ms();
    for at in [0, 1, now / 1000, 99_999_999_999] {
        for key in ["seconds", "missing"] {
            assert_eq!(import(&mut client, key, 60_000, at), error, "{at}");
            // Also in a transaction, and in a script.
            let line = format!("PRESENCE.TOUCHEX {key} AT {at} MEMBERS 1 bob");
            assert_eq!(client.together(&[&line]), [error], "{at}");
            let script = "return redis.call('PRESENCE.TOUCHEX', KEYS[1], 'AT', ARGV[1], 'MEMBERS', 1, 'bob')";
            let script = client.err(&args!["EVAL", script, 1, key, at]);
            assert!(script.starts_with(error), "{script}");
        }
    }
    assert_eq!(digest(&mut client, "seconds"), before);
    assert_eq!(client.answer("EXISTS missing"), "0");
    // The first time that counts as one in ms. It is over, and nothing of it is kept.
    assert_eq!(import(&mut client, "missing", 60_000, 100_000_000_000), "0");
}

#[test]
fn the_future_is_refused_and_nothing_changes() {
    let mut client = SERVER.client();
    let future = client.now_ms() + 60_000;
    assert_eq!(
        import(&mut client, "future", 10, future),
        "ERR AT lies in the future"
    );
    assert_eq!(client.answer("EXISTS future"), "0");
    client.answer("PRESENCE.TOUCH future ann");
    let before = digest(&mut client, "future");
    assert_eq!(
        import(&mut client, "future", 10, future),
        "ERR AT lies in the future"
    );
    assert_eq!(digest(&mut client, "future"), before);
}
