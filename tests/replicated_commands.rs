//! What is replicated is resolved, with absolute times, and is what was applied, no more and no less: replicas and the
//! append-only file are given these commands, and no others.

use crate::common::errors::{no_number, syntax};
use crate::common::{Client, LIMIT, Server, touchex, wait_caught_up, wait_until};

/// What is replicated of `act`, without the frame of its transaction.
fn replicated<R>(server: &Server, act: impl FnOnce() -> R) -> (Vec<String>, R) {
    let before = server.aof().len();
    let result = act();
    let mut commands = server.aof().split_off(before);
    commands.retain(|command| command != "MULTI" && command != "EXEC");
    (commands, result)
}

fn seen(client: &mut Client, key: &str, member: &str) -> i64 {
    client.ints(&["PRESENCE.SEEN", key, member])[0]
}

fn peak(client: &mut Client, key: &str) -> Vec<i64> {
    client.ints(&["PRESENCE.MAX", key])
}

#[test]
fn a_touch_carries_its_time_and_its_ttl() {
    let (server, mut client) = Server::start_recording();
    let (commands, _) = replicated(&server, || {
        client.cmd(&["PRESENCE.TOUCH", "room", "ann", "b\r\n"])
    });
    let at = seen(&mut client, "room", "ann");
    let expected = [
        format!("PRESENCE.CONFIG room TTL 300000 RETAIN 0 LINGER -1 AT {at}"),
        format!(r"PRESENCE.T room AT {at} PX 300000 ann b\r\n"),
    ];
    assert_eq!(commands, expected);

    let (commands, _) = replicated(&server, || {
        client.cmd(&["PRESENCE.TOUCHEX", "room", "EX", "7", "MEMBERS", "1", "ann"])
    });
    let at = seen(&mut client, "room", "ann");
    assert_eq!(commands, [format!("PRESENCE.T room AT {at} PX 7000 ann")]);
}

/// The moment of the newest touch is known to whoever has the same state.
#[test]
fn a_touch_at_the_moment_of_the_newest_one_goes_as_it_came() {
    let (server, mut client) = Server::start_recording();
    client.touch_crowd("room", 60_000, None, (0..100).map(|i| format!("user:{i}")));
    client.cmd(&["PRESENCE.CONFIG", "room", "TTL", "60000"]);
    let crowd = seen(&mut client, "room", "user:99");
    wait_until(LIMIT, "another moment", || client.now_ms() > crowd);
    let touch = |key: &str, name: &str| format!("PRESENCE.TOUCH {key} {name}");
    let room = |name| touch("room", name);
    let lines = [
        room("ann"),
        room("bob"),
        // The newest one goes: those who are left are older.
        "PRESENCE.FORGET room ann bob".into(),
        room("ann"),
        room("cid dan"),
        room("eve"),
        "PRESENCE.TOUCHEX room EX 60 MEMBERS 1 fay".into(),
        // In a few members the newest would have to be looked for.
        touch("few", "ann"),
        touch("few", "bob"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (commands, (now, _)) = replicated(&server, || client.at_once("clock", &lines));
    let packed =
        |key: &str, ttl: i64, names: &str| format!("PRESENCE.T {key} AT {now} PX {ttl} {names}");
    let made = format!("PRESENCE.CONFIG few TTL 300000 RETAIN 0 LINGER -1 AT {now}");
    let expected = [
        packed("room", 60_000, "ann"),
        room("bob"),
        "PRESENCE.FORGET room ann bob".into(),
        packed("room", 60_000, "ann"),
        packed("room", 60_000, "cid dan"),
        room("eve"),
        packed("room", 60_000, "fay"),
        made,
        packed("few", 300_000, "ann"),
        packed("few", 300_000, "bob"),
    ];
    let clock = commands
        .iter()
        .rposition(|command| command.contains(" clock "));
    assert_eq!(commands[clock.expect("it is there") + 1..], expected);
}

/// A server may have a limit for an argument.
#[test]
fn a_touch_of_more_than_a_megabyte_is_several() {
    let (server, mut client) = Server::start_recording();
    let replica = Server::start_replica_of(&server);
    let names: Vec<String> = (0..30_000).map(|i| format!("{i:0100}")).collect();
    let mut touch = args!["PRESENCE.TOUCH", "room"].to_vec();
    touch.extend(names.iter().map(|name| name.clone().into_bytes()));
    let (commands, joined) = replicated(&server, || client.int(&touch));
    assert_eq!(joined, 30_000);
    let touches = commands
        .iter()
        .filter_map(|line| line.strip_prefix("PRESENCE.T room "));
    let parts: Vec<Vec<&str>> = touches
        .map(|line| line.split(' ').skip(4).collect())
        .collect();
    assert_eq!(parts.len(), 3);
    assert_eq!(parts.concat(), names);
    wait_caught_up(&server, &replica);
    assert_eq!(replica.client().digest(), client.digest());
}

#[test]
fn a_leave_carries_its_time_and_those_who_left() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.CONFIG", "room", "RETAIN", "600000"]);
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob", "cid"]);
    let (commands, left) = replicated(&server, || {
        client.int(&["PRESENCE.LEAVE", "room", "ann", "dan", "cid"])
    });
    assert_eq!(left, 2);
    let at = seen(&mut client, "room", "cid");
    assert_eq!(commands, [format!("PRESENCE.T room AT {at} PX 0 ann cid")]);
}

#[test]
fn forgetting_is_replicated_as_it_stands() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.CONFIG", "room", "RETAIN", "600000"]);
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob", "cid"]);
    client.cmd(&["PRESENCE.LEAVE", "room", "cid"]);
    let forget = ["PRESENCE.FORGET", "room", "bob", "dan", "cid", "bob"];
    let (commands, forgotten) = replicated(&server, || client.int(&forget));
    assert_eq!(forgotten, 2);
    assert_eq!(commands, [forget.join(" ")]);
    let (commands, forgotten) = replicated(&server, || client.int(&forget));
    assert_eq!((commands, forgotten), (vec![], 0));

    // Of a key without members the moment since when it has none comes with it, and the key's end where it goes.
    let emptied = |linger: i64, now: i64| {
        format!("PRESENCE.CONFIG room TTL 300000 RETAIN 600000 LINGER {linger} EMPTY {now}")
    };
    let forget = "PRESENCE.FORGET room ann".to_owned();
    let (commands, (now, _)) = replicated(&server, || client.at_once("clock", &[&forget]));
    assert_eq!(
        commands[commands.len() - 2..],
        [forget.clone(), emptied(-1, now)]
    );
    client.cmd(&["PRESENCE.TOUCH", "room", "ann"]);
    client.cmd(&["PRESENCE.CONFIG", "room", "LINGER", "0"]);
    let (commands, (now, _)) = replicated(&server, || client.at_once("clock", &[&forget]));
    assert_eq!(
        commands[commands.len() - 3..],
        [forget, emptied(0, now), "DEL room".into()]
    );
}

#[test]
fn an_import_carries_the_members_it_changed_and_the_peak_it_left() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann"]);
    let at = seen(&mut client, "room", "ann") - 1000;
    let import = touchex("room", 60_000, at, ["bob", "ann", "cid"]);
    let (commands, joined) = replicated(&server, || client.int(&import));
    assert_eq!(joined, 2);
    let peak = peak(&mut client, "room");
    assert_eq!(peak[0], 3);
    let expected = [
        format!("PRESENCE.T room AT {at} PX 60000 NOMAX bob cid"),
        format!("PRESENCE.SETMAX room 3 {}", peak[1]),
    ];
    assert_eq!(commands, expected);
}

/// It is not judged where it is replayed, so there is nothing to be put right.
#[test]
fn an_import_that_raises_no_peak_is_one_command() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob", "cid"]);
    client.cmd(&["PRESENCE.LEAVE", "room", "cid"]);
    let at = seen(&mut client, "room", "ann") - 1000;
    let import = touchex("room", 60_000, at, ["dan"]);
    let (commands, joined) = replicated(&server, || client.int(&import));
    assert_eq!(joined, 1);
    let expected = format!("PRESENCE.T room AT {at} PX 60000 NOMAX dan");
    assert_eq!(commands, [expected]);
}

/// With times that go back and forth, as ttls that differ make them, judging would look at everybody again and again.
#[test]
fn a_rewritten_log_sets_the_peak_by_itself() {
    let server = Server::builder()
        .arg("appendonly yes")
        .arg("aof-use-rdb-preamble no")
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    for number in 0..200_u64 {
        // All of them, in no order.
        let ttl = 60_000 + number * 7919 % 200;
        client.touchex("room", ttl as i64, None, [format!("user:{number}")]);
    }
    client.cmd(&["PRESENCE.CONFIG", "room", "RETAIN", "600000"]);
    client.cmd(&["PRESENCE.LEAVE", "room", "user:7"]);
    server.rewrite_log();
    let (touches, others): (Vec<_>, Vec<_>) = server
        .rewritten_log()
        .into_iter()
        .partition(|command| command.starts_with("PRESENCE.T "));
    let members = |command: &String| -> usize {
        let words: Vec<&str> = command.split(' ').collect();
        let ["PRESENCE.T", "room", "AT", _, "PX", _, "NOMAX", names @ ..] = &words[..] else {
            panic!("{command}")
        };
        names.len()
    };
    assert_eq!(touches.iter().map(members).sum::<usize>(), 200);
    let peak = peak(&mut client, "room");
    assert_eq!(
        others.last(),
        Some(&format!("PRESENCE.SETMAX room 200 {}", peak[1]))
    );
    assert!(
        others
            .iter()
            .rev()
            .skip(1)
            .all(|command| command.starts_with("PRESENCE.CONFIG room "))
    );
}

#[test]
fn what_only_primaries_may_say_is_an_error_from_a_client() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann"]);
    let at = seen(&mut client, "room", "ann") - 1000;
    let digest = client.digest();
    let (commands, ()) = replicated(&server, || {
        let config = "TTL milliseconds, RETAIN milliseconds, LINGER milliseconds, RESOLUTION milliseconds or CAP members expected";
        let touchex = "EX seconds, PX milliseconds, AT unix-time-milliseconds \
                       or MEMBERS count member [member ...] expected";
        let only = "PRESENCE.T is for replication only; to touch members, use PRESENCE.TOUCH or PRESENCE.TOUCHEX";
        for (line, error) in [
            (
                "TOUCHEX room PX 0 MEMBERS 1 ann".into(),
                no_number("PX takes milliseconds from 1 to 315360000000"),
            ),
            (
                format!("TOUCHEX room NOMAX PX 5000 AT {at} MEMBERS 1 bob"),
                syntax(touchex),
            ),
            ("T room touch".into(), format!("ERR {only}")),
            (format!("CONFIG room TTL 5 AT {at}"), syntax(config)),
            (format!("CONFIG room TTL 5 EMPTY {at}"), syntax(config)),
        ] {
            assert_eq!(client.answer(&format!("PRESENCE.{line}")), error, "{line}");
        }
    });
    assert_eq!((commands, client.digest()), (vec![], digest));
}

#[test]
fn an_ignored_import_leaves_the_peak_alone() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob", "cid"]);
    let at = seen(&mut client, "room", "ann") - 1;
    client.cmd(&["PRESENCE.SETMAX", "room", "1", "1700000000000"]);
    let import = args!["PRESENCE.TOUCHEX", "room", "AT", at, "MEMBERS", 1, "ann"];
    let (commands, joined) = replicated(&server, || client.int(&import));
    assert_eq!((commands, joined), (vec![], 0));
    assert_eq!(peak(&mut client, "room"), [1, 1_700_000_000_000]);
}

#[test]
fn settings_are_replicated_whole() {
    let (server, mut client) = Server::start_recording();
    let before = client.now_ms();
    let (commands, _) = replicated(&server, || {
        client.cmd(&["PRESENCE.CONFIG", "room", "RETAIN", "5"])
    });
    let (made, at) = commands[0].rsplit_once(' ').expect("words");
    assert_eq!(
        made,
        "PRESENCE.CONFIG room TTL 300000 RETAIN 5 LINGER -1 AT"
    );
    let at: i64 = at.parse().expect("a time");
    assert!((before..=client.now_ms()).contains(&at) && commands.len() == 1);
    let (commands, _) = replicated(&server, || {
        client.cmd(&["PRESENCE.CONFIG", "room", "TTL", "9", "LINGER", "0"])
    });
    assert_eq!(commands, ["PRESENCE.CONFIG room TTL 9 RETAIN 5 LINGER 0"]);
}

#[test]
fn a_peak_begun_afresh_carries_its_number() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann", "bob"]);
    let (commands, _) = replicated(&server, || {
        client.cmd(&["PRESENCE.SETMAX", "room", "77", "1700000000000"])
    });
    assert_eq!(commands, ["PRESENCE.SETMAX room 77 1700000000000"]);
    let (commands, _) = replicated(&server, || {
        client.cmd(&["PRESENCE.SETMAX", "room", "0", "0"])
    });
    let peak = peak(&mut client, "room");
    assert_eq!(commands, [format!("PRESENCE.SETMAX room 2 {}", peak[1])]);
}

#[test]
fn a_peak_that_is_raised_carries_its_number_and_one_that_is_not_nothing() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.SETMAX", "room", "5", "1700000000000"]);
    for (peak, reply) in [("5", 0), ("4", 0), ("0", 0), ("6", 1)] {
        let raise = ["PRESENCE.SETMAX", "room", peak, "1600000000000", "GT"];
        let (commands, replied) = replicated(&server, || client.int(&raise));
        let expected = format!("PRESENCE.SETMAX room {peak} 1600000000000");
        let expected = (reply == 1).then_some(expected);
        assert_eq!((commands, replied), (Vec::from_iter(expected), reply));
    }
}

#[test]
fn one_command_evicts_what_a_run_evicted() {
    let server = Server::builder()
        .arg("appendonly yes")
        .module_args("sweep-budget 100000")
        .start();
    let mut client = server.client();
    client.touchex(
        "room",
        50,
        None,
        (0..1000).map(|member| format!("member {member}")),
    );
    server.wait_members(0);
    let mut evicted = 0;
    let mut runs = 0;
    for command in server.aof() {
        let words: Vec<&str> = command.split(' ').collect();
        if let ["PRESENCE.EVICT", "room", cutoff, "LIMIT", members] = words[..] {
            assert!(cutoff.parse::<i64>().expect("a time") <= client.now_ms());
            evicted += members.parse::<u64>().expect("a number");
            runs += 1;
        } else {
            assert!(
                !command.contains("EVICT") && !command.contains("DEL"),
                "{command}"
            );
        }
    }
    assert_eq!(evicted, 1000);
    assert!(runs <= server.presence("sweeps"), "{runs} commands");
}

#[test]
fn what_changes_nothing_replicates_nothing() {
    let (server, mut client) = Server::start_recording();
    client.cmd(&["PRESENCE.TOUCH", "room", "ann"]);
    let at = seen(&mut client, "room", "ann");
    client.cmd(&["PRESENCE.CONFIG", "over", "LINGER", "0"]);
    client.cmd(&["PRESENCE.TOUCHEX", "over", "PX", "1", "MEMBERS", "1", "ann"]);
    wait_until(LIMIT, "a key is over", || client.now_ms() > at + 100);
    let digest = client.digest();
    let (commands, _) = replicated(&server, || {
        for key in ["room", "over", "none"] {
            for read in ["COUNT", "LIST", "MAX"] {
                client.cmd(&args![format!("PRESENCE.{read}"), key]);
            }
            for read in ["ISONLINE", "FILTER", "SEEN"] {
                client.cmd(&args![format!("PRESENCE.{read}"), key, "ann"]);
            }
            client.cmd(&["PRESENCE.SCAN", key, "0"]);
            client.cmd(&["PRESENCE.MCOUNT", key, "room"]);
        }
        client.cmd(&["PRESENCE.INFO", "room"]);
        for (command, reply) in [
            (args!["PRESENCE.LEAVE", "room", "bob"].to_vec(), 0),
            (args!["PRESENCE.LEAVE", "none", "bob"].to_vec(), 0),
            (args!["PRESENCE.FORGET", "room", "bob"].to_vec(), 0),
            (args!["PRESENCE.FORGET", "none", "bob"].to_vec(), 0),
            (
                args![
                    "PRESENCE.TOUCHEX",
                    "room",
                    "AT",
                    at - 1,
                    "MEMBERS",
                    1,
                    "ann"
                ]
                .to_vec(),
                0,
            ),
            (touchex("room", 5, at - 10, ["bob"]), 0),
            (touchex("none", 5, at - 10, ["bob"]), 0),
            (args!["PRESENCE.EVICT", "room", at].to_vec(), 0),
            (args!["PRESENCE.EVICT", "none", at].to_vec(), 0),
        ] {
            assert_eq!(client.int(&command), reply, "{}", command[0].escape_ascii());
        }
        client.cmd(&["PRESENCE.SETMAX", "none", "0", "0"]);
        for wrong in [
            args![
                "PRESENCE.TOUCHEX",
                "room",
                "AT",
                at + 600_000,
                "MEMBERS",
                1,
                "bob"
            ]
            .to_vec(),
            args!["PRESENCE.TOUCHEX", "room", "PX", 5, "MEMBERS", 2, "bob"].to_vec(),
            args!["PRESENCE.TOUCH", "room", "bob", vec![b'x'; 65_536]].to_vec(),
            args!["PRESENCE.CONFIG", "new", "TTL", 5, "RETAIN", -1].to_vec(),
        ] {
            client.err(&wrong);
        }
    });
    assert_eq!(commands, Vec::<String>::new());
    assert_eq!(client.digest(), digest);
}

#[test]
fn scripts_and_transactions_replicate_resolved() {
    let (server, mut client) = Server::start_recording();
    let script = "redis.call('PRESENCE.TOUCH', KEYS[1], 'ann') return redis.call('PRESENCE.LEAVE', KEYS[1], 'bob')";
    let (commands, _) = replicated(&server, || client.cmd(&["EVAL", script, "1", "room"]));
    let at = seen(&mut client, "room", "ann");
    let touch = format!("PRESENCE.T room AT {at} PX 300000 ann");
    assert_eq!(commands[1..], [touch]);
    let (commands, _) = replicated(&server, || {
        client.cmd(&["MULTI"]);
        client.cmd(&["PRESENCE.TOUCH", "room", "bob"]);
        client.cmd(&["PRESENCE.COUNT", "room"]);
        client.cmd(&["EXEC"])
    });
    let at = seen(&mut client, "room", "bob");
    assert_eq!(commands, [format!("PRESENCE.T room AT {at} PX 300000 bob")]);
}
