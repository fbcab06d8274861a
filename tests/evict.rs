//! `PRESENCE.EVICT` removes what is no longer remembered at a cutoff, the oldest due first, and at most so many.

use std::sync::LazyLock;

use crate::common::errors::{no_number, syntax};
use crate::common::{Client, LIMIT, Server, wait_until};

/// Nothing is evicted here but by the command.
static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

/// Members `m0` to `m<count>`, due at `first`, `first` + 10, …; and `ann`, who is online. Gives `first`.
fn fill(client: &mut Client, key: &str, count: i64) -> i64 {
    let first = client.now_ms() - 100_000;
    client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 3600000"));
    client.answer(&format!("PRESENCE.TOUCH {key} ann"));
    for number in (0..count).rev() {
        let at = first + 10 * number - 5;
        client.answer(&format!(
            "PRESENCE.TOUCHEX {key} PX 5 AT {at} MEMBERS 1 m{number}"
        ));
    }
    client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 0"));
    first
}

/// All that is stored, the oldest first.
fn stored(client: &mut Client, key: &str) -> String {
    client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 3600000"));
    let members = client.strings(&["PRESENCE.LIST", key, "WINDOW", "3600000", "REV"]);
    client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 0"));
    members.join(" ")
}

#[test]
fn what_is_due_at_the_cutoff_goes() {
    let mut client = SERVER.client();
    let first = fill(&mut client, "cutoff", 5);
    let mut evict = |cutoff: i64| client.answer(&format!("PRESENCE.EVICT cutoff {cutoff}"));
    assert_eq!(evict(first - 1), "0");
    assert_eq!(evict(first), "1");
    assert_eq!(evict(first), "0");
    assert_eq!(evict(first + 29), "2");
    assert_eq!(stored(&mut client, "cutoff"), "m3 m4 ann");
    let now = client.now_ms();
    client.dialog(&[
        (&format!("PRESENCE.EVICT cutoff {now}"), "2"),
        ("PRESENCE.LIST cutoff", r#"["ann"]"#),
        ("PRESENCE.EVICT cutoff 0", "0"),
    ]);
    assert_eq!(stored(&mut client, "cutoff"), "ann");
}

#[test]
fn a_limit_takes_the_oldest_due_first() {
    let mut client = SERVER.client();
    for (key, count) in [("limit:small", 6), ("limit:large", 300)] {
        fill(&mut client, key, count);
        let now = client.now_ms();
        let mut evict = |limit: i64| client.int(&args!["PRESENCE.EVICT", key, now, "LIMIT", limit]);
        assert_eq!(evict(2), 2);
        assert_eq!(evict(1), 1);
        let left: Vec<String> = (3..count).map(|number| format!("m{number}")).collect();
        assert_eq!(stored(&mut client, key), format!("{} ann", left.join(" ")));
        let rest = client.answer(&format!("PRESENCE.EVICT {key} {now} limit 1000"));
        assert_eq!(rest, (count - 3).to_string());
        assert_eq!(stored(&mut client, key), "ann");
    }
}

#[test]
fn who_is_remembered_stays() {
    let mut client = SERVER.client();
    fill(&mut client, "remembered", 3);
    client.answer("PRESENCE.CONFIG remembered RETAIN 3600000");
    let now = client.now_ms();
    assert_eq!(
        client.answer(&format!("PRESENCE.EVICT remembered {now}")),
        "0"
    );
    assert_eq!(stored(&mut client, "remembered"), "m0 m1 m2 ann");
}

#[test]
fn the_key_goes_with_its_last_member_where_it_does_not_linger() {
    let mut client = SERVER.client();
    let at = client.now_ms() - 100_000;
    for (key, linger, exists) in [("last:goes", 0, "0"), ("last:stays", -1, "1")] {
        client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 3600000"));
        client.answer(&format!(
            "PRESENCE.TOUCHEX {key} PX 1 AT {at} MEMBERS 2 ann bob"
        ));
        let now = client.now_ms();
        let replies = client.together(&[
            &format!("PRESENCE.CONFIG {key} LINGER {linger} RETAIN 0"),
            &format!("PRESENCE.EVICT {key} {now}"),
            &format!("EXISTS {key}"),
        ]);
        assert_eq!(replies, ["OK", "2", exists], "{key}");
    }
}

#[test]
fn who_is_removed_with_the_key_is_counted() {
    let mut client = SERVER.client();
    client.answer("PRESENCE.CONFIG counted LINGER 0");
    client.answer("PRESENCE.TOUCHEX counted PX 1 MEMBERS 3 ann bob cid");
    wait_until(LIMIT, "all are offline", || {
        client.answer("PRESENCE.COUNT counted") == "0"
    });
    let now = client.now_ms();
    client.dialog(&[
        ("EXISTS counted", "1"),
        (&format!("PRESENCE.EVICT counted {now}"), "3"),
        ("EXISTS counted", "0"),
    ]);
}

#[test]
fn of_a_missing_key_nothing_is_removed() {
    SERVER
        .client()
        .dialog(&[("PRESENCE.EVICT missing 0", "0"), ("EXISTS missing", "0")]);
}

#[test]
fn what_is_wrong_is_refused() {
    let mut client = SERVER.client();
    fill(&mut client, "refused", 3);
    let digest = client.answer("DEBUG DIGEST-VALUE refused");
    let future = client.now_ms() + 60_000;
    let later = "ERR cutoff lies in the future".to_owned();
    let time = no_number("cutoff-ms takes a Unix time in milliseconds");
    let limit = no_number("LIMIT takes a number from 1");
    let option = syntax("LIMIT count expected");
    for (arguments, error) in [
        (future.to_string().as_str(), &later),
        (&format!("{future} LIMIT 1"), &later),
        ("now", &time),
        ("-1", &time),
        ("", &time),
        ("9223372036854775808", &time),
        ("0 LIMIT x", &limit),
        ("0 LIMIT 0", &limit),
        ("0 LIMIT -1", &limit),
        ("0 LIMIT 9223372036854775808", &limit),
        ("0 LIMIT", &option),
        ("0 LIMIT 1 LIMIT 1", &syntax("LIMIT may be given once")),
        ("0 COUNT 1", &option),
        ("0 1", &option),
    ] {
        for key in ["refused", "missing"] {
            let line = format!("PRESENCE.EVICT {key} {arguments}");
            assert_eq!(client.answer(&line), *error, "{line}");
        }
    }
    // Before the key is looked at.
    client.answer("SET text x");
    let line = format!("PRESENCE.EVICT text {future}");
    assert_eq!(client.answer(&line), later);
    assert_eq!(client.answer("DEBUG DIGEST-VALUE refused"), digest);
}
