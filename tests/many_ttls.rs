//! A key takes any mixture of ttls: with one for each member it answers as with one for all, costs little more, and keeps
//! nothing of them when they are gone.

use std::collections::HashMap;

use redis::Value;

use crate::common::{Client, LIMIT, Server, text, touchex, wait_until};

const MEMBERS: u64 = 20_000;
/// No ttl ends during a test.
const LONG: u64 = 3_600_000;

/// Each member's own ttl; they come shuffled.
fn ttl(number: u64) -> u64 {
    LONG + number * 7919 % MEMBERS
}

fn member(number: u64) -> String {
    format!("user:{number:010}")
}

/// Touches each member with its own ttl, in this order.
fn touch_each(client: &mut Client, key: &str, numbers: &[u64], ttl: impl Fn(u64) -> u64) {
    for batch in numbers.chunks(1000) {
        for &number in batch {
            client.send(&touchex(key, ttl(number) as i64, None, [member(number)]));
        }
        for _ in batch {
            assert!(matches!(client.receive(LIMIT), Value::Int(0 | 1)));
        }
    }
}

fn usage(client: &mut Client, key: &str) -> i64 {
    client.int(&["MEMORY", "USAGE", key])
}

#[test]
fn a_list_of_many_ttls_is_in_order_from_any_offset_both_ways() {
    let server = Server::start();
    let mut client = server.client();
    let numbers: Vec<u64> = (0..MEMBERS).collect();
    touch_each(&mut client, "crowd", &numbers, ttl);
    // Every third is touched again, and every fifth leaves.
    let again: Vec<u64> = (0..MEMBERS).step_by(3).collect();
    touch_each(&mut client, "crowd", &again, |number| ttl(number) + LONG);
    let gone: Vec<String> = (0..MEMBERS).step_by(5).map(member).collect();
    for batch in gone.chunks(1000) {
        let leave = args!["PRESENCE.LEAVE", "crowd"].into_iter();
        let names = batch.iter().map(|name| name.clone().into_bytes());
        client.cmd(&leave.chain(names).collect::<Vec<_>>());
    }
    let left = (MEMBERS - gone.len() as u64) as usize;
    assert_eq!(client.int(&["PRESENCE.COUNT", "crowd"]), left as i64);
    let window = &["PRESENCE.COUNT", "crowd", "WINDOW", "300000"];
    assert_eq!(client.int(window), left as i64);

    let list = |client: &mut Client, words: &[&str]| {
        client.strings(&[&["PRESENCE.LIST", "crowd"], words].concat())
    };
    let all = list(&mut client, &[]);
    assert_eq!(all.len(), left);
    let seen = client.ints(&[&["PRESENCE.SEEN", "crowd"][..], &strs(&all)].concat());
    assert!(seen.is_sorted_by(|newer, older| newer >= older));
    for offset in [0, 1, 500, left / 2, left - 10, left, left + 5] {
        let page = list(&mut client, &["LIMIT", &offset.to_string(), "50"]);
        let end = (offset + 50).min(left);
        assert!(page == all[offset.min(end)..end], "the page at {offset}");
        let mut page = list(&mut client, &["REV", "LIMIT", &offset.to_string(), "50"]);
        page.reverse();
        let (from, to) = (
            left.saturating_sub(offset + 50),
            left.saturating_sub(offset),
        );
        assert!(
            page == all[from..to],
            "the page of the reversed list at {offset}"
        );
    }
}

fn strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn who_is_online_of_many_ttls_is_exact_while_time_goes_by() {
    let server = Server::builder()
        .module_args("sweep-interval 60000")
        .start();
    let mut client = server.client();
    client.cmd(&args!["PRESENCE.CONFIG", "crowd", "RETAIN", LONG]);
    // Their time is up one after the other: nobody's soon, within a second or two, and in an hour.
    let short = |number: u64| 1 + number % 2000;
    let numbers: Vec<u64> = (0..4000).collect();
    touch_each(&mut client, "crowd", &numbers, |number| match number % 4 {
        0 => ttl(number),
        _ => short(number),
    });
    let mut counts = vec![client.int(&["PRESENCE.COUNT", "crowd"])];
    wait_until(LIMIT, "those of short ttls are offline", || {
        // One moment for all three.
        client.cmd(&["MULTI"]);
        client.cmd(&["PRESENCE.COUNT", "crowd"]);
        client.cmd(&["PRESENCE.LIST", "crowd", "WITHTTL"]);
        client.cmd(&["PRESENCE.LIST", "crowd", "REV", "LIMIT", "100", "7"]);
        let Value::Array(replies) = client.cmd(&["EXEC"]) else {
            panic!("a transaction was not executed")
        };
        let [Value::Int(count), Value::Array(all), Value::Array(page)] = replies.as_slice() else {
            panic!("{replies:?}")
        };
        assert_eq!(*count as usize, all.len());
        let left: HashMap<String, i64> = all.iter().map(name_and_left).collect();
        assert!(left.values().all(|left| *left > 0));
        assert!(
            page.iter()
                .all(|name| left.contains_key(&text(name.clone())))
        );
        counts.push(*count);
        *count == 1000
    });
    assert!(counts.is_sorted_by(|before, after| before >= after));
    let info = client.fields(&["PRESENCE.INFO", "crowd"]);
    assert_eq!(info["remembered"], Value::Int(4000));
    let window = &["PRESENCE.COUNT", "crowd", "WINDOW", "3000000"];
    assert_eq!(client.int(window), 4000);
}

fn name_and_left(entry: &Value) -> (String, i64) {
    match entry {
        Value::Array(entry) => match entry.as_slice() {
            [name, Value::Int(left)] => (text(name.clone()), *left),
            _ => panic!("{entry:?}"),
        },
        _ => panic!("{entry:?}"),
    }
}

#[test]
fn a_member_with_a_ttl_of_its_own_takes_half_more_at_the_most() {
    let server = Server::start();
    let mut client = server.client();
    let numbers: Vec<u64> = (0..MEMBERS).collect();
    for _ in 0..3 {
        touch_each(&mut client, "one", &numbers, |_| LONG);
        touch_each(&mut client, "many", &numbers, ttl);
    }
    let (one, many) = (usage(&mut client, "one"), usage(&mut client, "many"));
    assert!(many * 2 <= one * 3, "{many} bytes beside {one}");
}

#[test]
fn what_many_ttls_took_goes_with_them() {
    let server = Server::start();
    let mut client = server.client();
    let (stay, go) = (0..200, 200..MEMBERS);
    touch_each(&mut client, "crowd", &stay.collect::<Vec<_>>(), ttl);
    touch_each(&mut client, "crowd", &go.clone().collect::<Vec<_>>(), ttl);
    let all = usage(&mut client, "crowd");
    let names: Vec<String> = go.map(member).collect();
    for batch in names.chunks(1000) {
        client.int(&[&["PRESENCE.LEAVE", "crowd"][..], &strs(batch)].concat());
    }
    assert_eq!(client.int(&["PRESENCE.COUNT", "crowd"]), 200);
    let left = usage(&mut client, "crowd");
    client.cmd(&["COPY", "crowd", "copy"]);
    client.cmd(&["DEBUG", "RELOAD"]);
    let fresh = usage(&mut client, "crowd");
    assert!(
        left <= 2 * fresh,
        "{left} bytes of {all}, {fresh} after a reload"
    );
}
