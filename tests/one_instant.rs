//! All commands of a MULTI/EXEC or a script see one instant, however long it runs.

use std::sync::LazyLock;

use crate::common::{LIMIT, Server, elements, int, not_applicable, show};

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

#[test]
fn a_transaction_sees_one_instant() {
    let mut client = SERVER.client();
    let replies = client.together(&[
        "PRESENCE.TOUCHEX exec PX 20 MEMBERS 1 ann",
        "PRESENCE.SEEN exec ann",
        "DEBUG SLEEP 0.06",
        "PRESENCE.TOUCHEX exec PX 20 MEMBERS 1 bob",
        "PRESENCE.SEEN exec ann bob",
        "PRESENCE.LIST exec WITHTTL LIMIT 0 1",
        "PRESENCE.COUNT exec",
        "PRESENCE.MAX exec",
        "DEBUG SLEEP 0.03",
        "PRESENCE.ISONLINE exec ann bob",
        "PRESENCE.LIST exec WINDOW 1 LIMIT 2 1",
        "PRESENCE.COUNT exec WINDOW 1",
    ]);
    let now = replies[1].trim_matches(['[', ']']);
    assert_eq!(replies[4], format!("[{now}, {now}]"));
    assert!(replies[5].ends_with(", 20]]"), "{}", replies[5]);
    assert_eq!(replies[6], "2");
    assert_eq!(replies[7], format!("[2, {now}]"));
    assert_eq!(replies[9..], ["[1, 1]", "[]", "2"]);
    // And yet the time went by: outside, both are offline.
    assert_eq!(client.answer("PRESENCE.COUNT exec"), "0");
}

#[test]
fn a_script_sees_one_instant() {
    let script = "\
        local call, key = redis.call, KEYS[1]
        local function wait()
            for _ = 1, tonumber(ARGV[1]) do call('ECHO', 'x') end
        end
        call('PRESENCE.TOUCHEX', key, 'PX', '20', 'MEMBERS', '1', 'ann')
        wait()
        call('PRESENCE.TOUCHEX', key, 'PX', '20', 'MEMBERS', '1', 'bob')
        wait()
        local seen = call('PRESENCE.SEEN', key, 'ann', 'bob')
        return {
            seen[1] == seen[2], call('PRESENCE.COUNT', key), call('PRESENCE.COUNT', key, 'WINDOW', '1'),
            call('PRESENCE.ISONLINE', key, 'ann', 'bob'), call('PRESENCE.LIST', key, 'WITHTTL', 'LIMIT', '0', '1')[1][2],
            call('PRESENCE.MAX', key)[2] == seen[1], call('PRESENCE.LEAVE', key, 'ann', 'bob'), seen[1]
        }";
    let mut client = SERVER.client();
    let mut rounds = 1000;
    let mut key = String::from("script");
    // As many rounds as it takes to let more time go by than the ttl.
    loop {
        let reply = show(&client.cmd(&args!["EVAL", script, 1, &key, rounds]));
        let (answers, seen) = reply.rsplit_once(", ").expect("several answers");
        assert_eq!(answers, "[1, 2, 2, [1, 1], 20, 1, 2");
        let seen: i64 = seen.trim_matches(']').parse().expect("a time");
        if client.now_ms() > seen + 100 {
            return;
        }
        rounds *= 2;
        key.push('+');
    }
}

#[test]
fn one_transaction_after_the_other_sees_a_later_instant() {
    let mut client = SERVER.client();
    let mut last = 0;
    for _ in 0..5 {
        let replies = client.together(&[
            "PRESENCE.TOUCH later ann",
            "PRESENCE.SEEN later ann",
            "DEBUG SLEEP 0.005",
        ]);
        let now: i64 = replies[1].trim_matches(['[', ']']).parse().expect("a time");
        assert!(now >= last + 5, "{now} after {last}");
        last = now;
    }
}

#[test]
fn a_command_alone_sees_the_time_it_runs_at() {
    let mut client = SERVER.client();
    for _ in 0..20 {
        let before = client.now_ms();
        client.answer("PRESENCE.TOUCH alone ann");
        let after = client.now_ms();
        let seen = client.ints(&["PRESENCE.SEEN", "alone", "ann"])[0];
        assert!(
            (before..=after).contains(&seen),
            "{seen} in {before}..={after}"
        );
        let script = "redis.call('PRESENCE.TOUCH', KEYS[1], 'bob') return redis.call('PRESENCE.SEEN', KEYS[1], 'bob')[1]";
        let before = client.now_ms();
        let seen = client.int(&["EVAL", script, "1", "alone"]);
        let after = client.now_ms();
        assert!(
            (before..=after).contains(&seen),
            "{seen} in {before}..={after}"
        );
    }
}

/// Touches a member and asks when it was seen, waits for so many rounds of a loop, and does so again.
const SEEN_TWICE: &str = "\
    local function seen()
        redis.call('PRESENCE.TOUCH', KEYS[1], 'ann')
        return redis.call('PRESENCE.SEEN', KEYS[1], 'ann')[1]
    end
    local first = seen()
    for _ = 1, tonumber(ARGV[1]) do end
    return {first, seen()}";

/// Nothing runs between them, not even a command that begins a transaction.
#[test]
fn one_script_after_the_other_sees_a_later_instant() {
    const SCRIPTS: usize = 5;
    let mut client = SERVER.client();
    let mut rounds = 100_000;
    loop {
        let before = client.now_ms();
        for _ in 0..SCRIPTS {
            client.send(&args!["EVAL", SEEN_TWICE, 1, "scripts", rounds]);
        }
        let mut instants = Vec::new();
        for _ in 0..SCRIPTS {
            let seen: Vec<i64> = elements(client.receive(LIMIT))
                .into_iter()
                .map(int)
                .collect();
            assert_eq!(seen[0], seen[1]);
            instants.push(seen[0]);
        }
        // Of so much time, each takes a part that shows.
        if client.now_ms() > before + 100 {
            assert!(instants.is_sorted_by(|a, b| a < b), "{instants:?}");
            return;
        }
        rounds *= 2;
    }
}

/// How a transaction begins is known by its name, which may be another.
#[test]
fn a_transaction_by_another_name_sees_one_instant() {
    let server = Server::builder().arg("rename-command EXEC commit").start();
    let mut client = server.client();
    let mut last = 0;
    for _ in 0..5 {
        for line in ["MULTI", "PRESENCE.TOUCH room ann", "DEBUG SLEEP 0.005"] {
            client.answer(line);
        }
        client.answer("PRESENCE.TOUCH room bob");
        client.answer("PRESENCE.SEEN room ann bob");
        let replies = elements(client.cmd(&["commit"]));
        let seen: Vec<i64> = elements(replies[3].clone()).into_iter().map(int).collect();
        assert_eq!(seen[0], seen[1]);
        assert!(seen[0] >= last + 5, "{} after {last}", seen[0]);
        last = seen[0];
    }
}

/// Servers that hand their cached time out let it go on in a script that keeps them from answering.
#[test]
fn a_script_that_runs_for_too_long_sees_one_instant() {
    let server = Server::builder().arg("lua-time-limit 1").start();
    let mut client = server.client();
    let mut rounds = 10_000_000;
    loop {
        let before = client.now_ms();
        let seen = client.ints(&args!["EVAL", SEEN_TWICE, 1, "room", rounds]);
        // The module has a filter where it notes the time itself.
        let is_noted = client.text(&["INFO", "modules"]).contains("filters=1");
        if is_noted {
            assert_eq!(seen[0], seen[1]);
        } else {
            assert!(seen[0] <= seen[1], "{seen:?}");
        }
        if client.now_ms() > before + 100 {
            if !is_noted {
                not_applicable("the cached time goes on in a script that runs for too long");
            }
            return;
        }
        rounds *= 2;
    }
}
