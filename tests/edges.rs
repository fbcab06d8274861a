//! A member is online for its ttl to the millisecond and not one more, though no eviction has run.

use std::sync::LazyLock;

use redis::Value;

use crate::common::{Client, LIMIT, Server, show, wait_until};

/// Nothing is evicted here.
static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::builder()
        .module_args("sweep-interval 60000")
        .start()
});

/// So many members that the set is in its large form.
fn crowd(client: &mut Client, key: &str, count: usize) {
    let mut touch = args!["PRESENCE.TOUCH", key].to_vec();
    touch.extend((0..count).map(|number| format!("crowd:{number}").into_bytes()));
    client.cmd(&touch);
}

#[test]
fn the_last_ms_is_in_and_the_next_is_out() {
    // Members seen as long ago as their ttl, less a ms or not, all judged at one instant.
    let script = "\
        local call, key = redis.call, KEYS[1]
        call('PRESENCE.TOUCH', KEYS[2], 'x')
        local now = call('PRESENCE.SEEN', KEYS[2], 'x')[1]
        local before = call('PRESENCE.COUNT', key)
        call('PRESENCE.CONFIG', key, 'RETAIN', '600000')
        local ttl = tonumber(ARGV[1])
        for member, left in pairs({last = 1, over = 0, past = -1}) do
            local at = string.format('%.0f', now - ttl + left)
            call('PRESENCE.TOUCHEX', key, 'PX', ARGV[1], 'AT', at, 'MEMBERS', '1', member)
        end
        local function ask()
            local set = {}
            for _, member in ipairs(call('PRESENCE.LIST', key)) do set[member] = 1 end
            local scanned, cursor = {}, '0'
            repeat
                local reply = call('PRESENCE.SCAN', key, cursor, 'MATCH', '????')
                cursor = reply[1]
                for _, member in ipairs(reply[2]) do scanned[#scanned + 1] = member end
            until cursor == '0'
            return {
                call('PRESENCE.ISONLINE', key, 'last', 'over', 'past'),
                call('PRESENCE.FILTER', key, 'past', 'over', 'last'),
                call('PRESENCE.COUNT', key) - before, call('PRESENCE.MCOUNT', key)[1] - before,
                {set.last or 0, set.over or 0, set.past or 0}, scanned,
            }
        end
        local remembered = ask()
        call('PRESENCE.CONFIG', key, 'RETAIN', '0')
        local stored = ask()
        stored[#stored + 1] = call('PRESENCE.SEEN', key, 'over', 'past')
        local joined = call('PRESENCE.TOUCH', key, 'last', 'over', 'past')
        return {remembered, stored, joined}";
    let mut client = SERVER.client();
    for (key, members) in [("ms:small", 3), ("ms:large", 3000)] {
        crowd(&mut client, key, members);
        for ttl in [2, 1000, 299_999, 86_400_000] {
            let reply = client.cmd(&args!["EVAL", script, 2, key, "ms:clock", ttl]);
            let asked = r#"[1, 0, 0], ["last"], 1, 1, [1, 0, 0], ["last"]"#;
            assert_eq!(
                show(&reply),
                format!("[[{asked}], [{asked}, [nil, nil]], 2]"),
                "{key} {ttl}"
            );
            client.answer(&format!("PRESENCE.LEAVE {key} last over past"));
        }
    }
}

#[test]
fn time_that_goes_by_ends_it_at_the_ms() {
    // Each answer has the instant that it was given at.
    let script = "\
        redis.call('PRESENCE.TOUCH', KEYS[2], 'x')
        local seen = redis.call('PRESENCE.SEEN', KEYS[1], 'ann')[1] or 0
        local left = 0
        for _, entry in ipairs(redis.call('PRESENCE.LIST', KEYS[1], 'WITHTTL')) do
            if entry[1] == 'ann' then left = entry[2] end
        end
        return {
            redis.call('PRESENCE.SEEN', KEYS[2], 'x')[1], seen, redis.call('PRESENCE.ISONLINE', KEYS[1], 'ann')[1],
            redis.call('PRESENCE.COUNT', KEYS[1]), left
        }";
    let mut client = SERVER.client();
    for (key, members) in [("passes:small", 3), ("passes:large", 3000)] {
        crowd(&mut client, key, members);
        let replies = client.together(&[
            &format!("PRESENCE.TOUCHEX {key} PX 40 MEMBERS 1 ann"),
            &format!("PRESENCE.SEEN {key} ann"),
        ]);
        let at: i64 = replies[1].trim_matches(['[', ']']).parse().expect("a time");
        let (mut online, mut offline) = (0, 0);
        wait_until(LIMIT, "ann was seen online and offline", || {
            let reply = client.ints(&["EVAL", script, "2", key, "passes:clock"]);
            let left = (at + 40 - reply[0]).max(0);
            let is_online = i64::from(left > 0);
            let count = i64::try_from(members).expect("a few") + is_online;
            assert_eq!(
                reply[1..],
                [at * is_online, is_online, count, left],
                "{left} ms are left"
            );
            online += is_online;
            offline += 1 - is_online;
            online > 0 && offline > 20
        });
        // She is still there, hidden.
        client.answer(&format!("PRESENCE.CONFIG {key} RETAIN 600000"));
        assert_eq!(client.ints(&["PRESENCE.SEEN", key, "ann"]), [at]);
    }
}

#[test]
fn retention_ends_at_the_ms() {
    let script = "\
        local call, key = redis.call, KEYS[1]
        call('PRESENCE.TOUCH', KEYS[2], 'x')
        local now = call('PRESENCE.SEEN', KEYS[2], 'x')[1]
        call('PRESENCE.CONFIG', key, 'TTL', '1', 'RETAIN', '600000')
        for member, age in pairs({kept = 999, gone = 1000}) do
            local at = string.format('%.0f', now - age)
            call('PRESENCE.TOUCHEX', key, 'AT', at, 'MEMBERS', '1', member)
        end
        call('PRESENCE.CONFIG', key, 'RETAIN', '1000')
        return {
            call('PRESENCE.SEEN', key, 'kept')[1] == now - 999, call('PRESENCE.SEEN', key, 'gone')[1] or 0,
            call('PRESENCE.COUNT', key, 'WINDOW', '1000'), call('PRESENCE.LIST', key, 'WINDOW', '1000'),
            call('PRESENCE.INFO', key)[4], call('PRESENCE.LEAVE', key, 'kept', 'gone')
        }";
    let mut client = SERVER.client();
    let reply = client.cmd(&["EVAL", script, "2", "retention", "retention:clock"]);
    assert_eq!(show(&reply), r#"[1, 0, 1, ["kept"], 1, 0]"#);
}

#[test]
fn many_whose_time_is_up_are_hidden_at_once() {
    let mut client = SERVER.client();
    crowd(&mut client, "many", 10);
    // So that the time is still to be had, however slow the machine is.
    client.answer("PRESENCE.CONFIG many RETAIN 600000");
    let users = (0..10_000).map(|number| format!("user:{number}"));
    assert_eq!(client.touchex("many", 50, None, users), 10_000);
    let at = client.ints(&["PRESENCE.SEEN", "many", "user:0"])[0];
    client.answer("PRESENCE.CONFIG many RETAIN 0");
    let mut counts = std::collections::BTreeSet::new();
    wait_until(LIMIT, "their time is up", || {
        let (now, replies) = client.at_once(
            "many:clock",
            &[
                "PRESENCE.COUNT many",
                "PRESENCE.LIST many LIMIT 10 1",
                "PRESENCE.FILTER many user:77",
            ],
        );
        let expected = match now < at + 50 {
            true => 10_010,
            false => {
                assert_eq!(replies[1..], ["[]", "[]"]);
                10
            }
        };
        assert_eq!(replies[0], expected.to_string());
        counts.insert(expected);
        expected == 10
    });
    client.answer("PRESENCE.CONFIG many RETAIN 600000");
    assert_eq!(
        client.cmd(&["PRESENCE.COUNT", "many", "WINDOW", "600000"]),
        Value::Int(10_010)
    );
}
