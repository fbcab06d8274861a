//! A change that is cut short by an internal error is made nowhere, or everywhere alike: its key goes on as an empty one of
//! the same settings and peak, on the primary, its replicas and in the log. The module is a build that panics where
//! members have certain names.

use crate::common::{
    Client, LIMIT, Server, faulty_module, int, not_applicable, show, wait_caught_up, wait_until,
};

/// The member whose join panics, the one whose time-out does, and the one whose replayed touch does.
const JOIN: &str = "fault:join";
const TIMEOUT: &str = "fault:timeout";
const REPLAY: &str = "fault:replay";

/// A primary that keeps a log, and its replica.
struct Pair {
    primary: Server,
    replica: Server,
    client: Client,
}

impl Pair {
    /// `None`: there is no module that panics.
    fn start() -> Option<Self> {
        let Some(module) = faulty_module() else {
            not_applicable("the image has no module that panics");
            return None;
        };
        let builder = || Server::builder().module(module.clone());
        let primary = builder().arg("appendonly yes").start();
        let replica = builder().start_replica_of(&primary);
        let client = primary.client();
        Some(Self {
            primary,
            replica,
            client,
        })
    }

    /// The replica holds what the primary does, and so does the primary once it has replayed its log.
    #[track_caller]
    fn assert_same(&mut self) {
        self.client.cmd(&["CLIENT", "PAUSE", "60000", "WRITE"]);
        let digest = self.client.digest();
        wait_caught_up(&self.primary, &self.replica);
        assert_eq!(self.replica.client().digest(), digest, "the replica");
        self.primary.kill9();
        self.primary.start_again();
        self.client = self.primary.client();
        assert_eq!(self.client.digest(), digest, "the log");
    }
}

#[test]
fn a_command_that_is_cut_short_leaves_the_same_everywhere() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    pair.client.dialog(&[
        (
            "PRESENCE.CONFIG room TTL 600000 RETAIN 900000 RESOLUTION 300000",
            "OK",
        ),
        ("PRESENCE.TOUCH room ann bob cid", "3"),
        ("PRESENCE.LEAVE room bob", "1"),
        ("PEXPIREAT room 4102444800000", "1"),
    ]);
    let error = pair
        .client
        .err(&["PRESENCE.TOUCH", "room", "dan", JOIN, "eve"]);
    assert!(error.contains("internal error"), "{error}");
    pair.client.dialog(&[
        ("PEXPIRETIME room", "4102444800000"),
        ("PRESENCE.COUNT room", "0"),
        ("PRESENCE.COUNT room WINDOW 900000", "0"),
        ("PRESENCE.TOUCH room ann", "1"),
        ("PRESENCE.LIST room", "[\"ann\"]"),
    ]);
    let info = pair.client.fields(&["PRESENCE.INFO", "room"]);
    let kept = ["ttl", "retain", "resolution", "peak"].map(|name| int(info[name].clone()));
    assert_eq!(kept, [600_000, 900_000, 300_000, 3]);
    let log = pair.primary.log();
    assert!(log.contains("internal error in a change") && log.contains("that was in Touch"));
    pair.assert_same();
}

#[test]
fn a_key_that_would_have_been_made_is_not_there_for_one_only() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let in_past = pair.client.now_ms() - 1000;
    for (key, options) in [
        ("now", String::new()),
        ("past", format!("AT {in_past} ")),
        ("own", "PX 5000 ".into()),
    ] {
        let line = format!("PRESENCE.TOUCHEX {key} {options}MEMBERS 2 ann {JOIN}");
        pair.client.err(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(pair.client.answer(&format!("PRESENCE.COUNT {key}")), "0");
    }
    pair.assert_same();
}

#[test]
fn a_command_of_a_transaction_is_cut_short_alone() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let mut client = pair.primary.client();
    for line in [
        "MULTI".into(),
        "PRESENCE.TOUCH before ann".into(),
        format!("PRESENCE.TOUCH room ann {JOIN}"),
        "PRESENCE.TOUCH room bob".into(),
    ] {
        client.send(&line.split(' ').collect::<Vec<_>>());
        client.receive(LIMIT);
    }
    client.cmd(&["EXEC"]);
    pair.client.dialog(&[
        ("PRESENCE.COUNT before", "1"),
        ("PRESENCE.LIST room", "[\"bob\"]"),
    ]);
    pair.assert_same();
}

/// It would have been replicated as it came.
#[test]
fn a_touch_at_the_moment_of_the_newest_one_is_cut_short_for_all() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let crowd = (0..100).map(|number| format!("user:{number}"));
    pair.client.touchex("room", 600_000, None, crowd);
    let lines = ["ann", JOIN].map(|name| format!("PRESENCE.TOUCH room {name}"));
    let mut client = pair.primary.client();
    client.cmd(&["MULTI"]);
    for line in &lines {
        client.send(&line.split(' ').collect::<Vec<_>>());
        client.receive(LIMIT);
    }
    client.cmd(&["EXEC"]);
    assert_eq!(pair.client.answer("PRESENCE.COUNT room"), "0");
    let log = pair.primary.aof();
    assert!(!log.iter().any(|line| line.ends_with(JOIN)), "{log:#?}");
    pair.assert_same();
}

#[test]
fn an_eviction_that_is_cut_short_leaves_the_same_everywhere() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    pair.client.answer("PRESENCE.TOUCH room ann");
    for (member, ttl) in [("bob", 20), (TIMEOUT, 21), ("cid", 22)] {
        pair.client.touchex("room", ttl, None, [member]);
    }
    wait_until(LIMIT, "the eviction was cut short", || {
        pair.primary.log().contains("internal error in a change")
    });
    // It goes on with others, and with this key.
    pair.client.touchex("room", 20, None, ["dan"]);
    pair.client.touchex("other", 20, None, ["dan"]);
    wait_until(LIMIT, "both are evicted", || {
        pair.primary.presence("members") == 0
    });
    assert_eq!(pair.client.ints(&["PRESENCE.MAX", "room"])[0], 4);
    pair.assert_same();
}

#[test]
fn a_key_that_does_not_linger_goes() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    pair.client.answer("PRESENCE.CONFIG room LINGER 0");
    pair.client.answer("PRESENCE.TOUCH room ann");
    pair.client.err(&["PRESENCE.TOUCH", "room", JOIN]);
    assert_eq!(pair.client.answer("EXISTS room"), "0");
    pair.assert_same();
}

#[test]
fn time_outs_of_an_eviction_that_is_cut_short_are_not_published() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    pair.client.answer("CONFIG SET presence.events t");
    let mut subscriber = pair.primary.client();
    subscriber.cmd(&["PSUBSCRIBE", "__presence@*"]);
    // Due at one moment, so in one batch, the one that panics last.
    pair.client.touchex("room", 20, None, ["ann", TIMEOUT]);
    wait_until(LIMIT, "the eviction was cut short", || {
        pair.primary.log().contains("internal error in a change")
    });
    pair.client.touchex("room", 20, None, ["bob"]);
    let heard = show(&subscriber.receive(LIMIT));
    assert!(
        heard.contains("timeout:room") && heard.contains("bob"),
        "{heard}"
    );
}

#[test]
fn a_replayed_change_that_is_cut_short_leaves_a_key_that_refuses_until_it_is_deleted() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    pair.client.dialog(&[
        ("PRESENCE.TOUCH room ann bob", "2"),
        (&format!("PRESENCE.TOUCH room {REPLAY}"), "1"),
        ("PRESENCE.COUNT room", "3"),
    ]);
    wait_caught_up(&pair.primary, &pair.replica);
    let mut reader = pair.replica.client();
    let refused = "ERR internal error: an earlier command on this key was cut short, \
                   see the server's log and delete the key";
    for line in [
        "PRESENCE.COUNT room",
        "PRESENCE.LIST room",
        "PRESENCE.INFO room",
    ] {
        assert_eq!(reader.answer(line), refused, "{line}");
    }
    pair.client
        .dialog(&[("DEL room", "1"), ("PRESENCE.TOUCH room cid", "1")]);
    wait_caught_up(&pair.primary, &pair.replica);
    assert_eq!(reader.answer("PRESENCE.LIST room"), "[\"cid\"]");
    assert_eq!(reader.digest(), pair.client.digest());
}
