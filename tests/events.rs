//! Who joins, leaves and times out, and new peaks, are published: each once, to those who asked for it,
//! by the channels and in the words that are promised.

mod cluster;
mod forget;
mod keys;
mod many;
mod notifications;
mod once;
mod orphans;
mod page;
mod replicas;
mod settings;

use std::time::UNIX_EPOCH;

use crate::common::{Client, LIMIT, Server, Subscriber, encode, wait_until};

/// All events of all databases.
const ALL: &[&str] = &["__presence@*"];

/// A server with these load arguments that publishes all events, a client, and one who listens to them.
fn start(module_args: &str) -> (Server, Client, Subscriber) {
    let server = Server::builder()
        .module_args(&format!("events A {module_args}"))
        .start();
    let (client, subscriber) = (server.client(), Subscriber::new(server.client3(), ALL));
    (server, client, subscriber)
}

/// A server as [`start`] makes it on which nothing is evicted by itself.
fn start_unswept(module_args: &str) -> (Server, Client, Subscriber) {
    start(&format!("sweep-interval 60000 {module_args}"))
}

/// Has the server evict from now on.
fn sweep(client: &mut Client) {
    assert_eq!(client.answer("CONFIG SET presence.sweep-interval 10"), "OK");
}

/// Waits until the clock has moved on by more than `ms`.
fn pass(client: &mut Client, ms: i64) {
    let start = client.now_ms();
    wait_until(LIMIT, "time passes", || client.now_ms() > start + ms);
}

/// Waits until the machine's clock shows this time in Unix ms: for where no server runs.
fn wait_for_clock(unix_ms: i64) {
    let now = || {
        UNIX_EPOCH
            .elapsed()
            .expect("a clock after 1970")
            .as_millis() as i64
    };
    wait_until(LIMIT, "time passes", || now() >= unix_ms);
}

/// Waits until the server has counted so many time-outs.
#[track_caller]
fn wait_timeouts(server: &Server, count: u64) {
    wait_until(LIMIT, format!("{count} time-outs"), || {
        server.presence("timeouts") >= count
    });
    assert_eq!(server.presence("timeouts"), count);
}

#[test]
fn nothing_is_published_by_default() {
    let server = Server::start();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client(), &["*"]);
    client.dialog(&[
        ("CONFIG GET presence.events", r#"["presence.events", ""]"#),
        ("PRESENCE.TOUCH room ann bob", "2"),
        ("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 cid", "1"),
        ("PRESENCE.LEAVE room ann", "1"),
    ]);
    wait_timeouts(&server, 1);
    assert_eq!(subscriber.heard(), [""; 0]);
}

#[test]
fn each_letter_publishes_its_own_event_and_no_other() {
    let server = Server::start();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client(), &["*"]);
    for (round, letters) in ["j", "l", "t", "m", "A", "jl", "tm", "mltj", "jAj", "jj", ""]
        .into_iter()
        .enumerate()
    {
        client.cmd(&["CONFIG", "SET", "presence.events", letters]);
        client.dialog(&[
            ("PRESENCE.TOUCH room ann bob", "2"),
            ("PRESENCE.TOUCH room bob", "0"),
            ("PRESENCE.LEAVE room bob", "1"),
            ("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 cid", "1"),
        ]);
        wait_timeouts(&server, round as u64 + 1);
        let all = [
            ("j", "join:room ann"),
            ("j", "join:room bob"),
            ("m", "max:room 2"),
            ("l", "leave:room bob"),
            ("j", "join:room cid"),
            ("t", "timeout:room cid"),
        ];
        let asked = |letter: &str| letters.contains(letter) || letters.contains('A');
        let expected = all.iter().filter(|(letter, _)| asked(letter));
        let expected: Vec<&str> = expected.map(|(_, line)| *line).collect();
        assert_eq!(subscriber.heard(), expected, "{letters}");
        client.cmd(&["FLUSHALL"]);
    }
}

#[test]
fn messages_are_the_same_bytes_to_each_protocol() {
    let server = Server::builder().module_args("events A").start();
    let (mut two, mut three) = (server.raw_connection(), server.raw_connection());
    three.send(&encode(&["HELLO", "3"]));
    three.reply();
    let channel = "__presence@0__:join:room";
    assert_eq!(
        two.call(&["SUBSCRIBE", channel]),
        r"*3\r\n$9\r\nsubscribe\r\n$24\r\n__presence@0__:join:room\r\n:1\r\n"
    );
    assert_eq!(
        three.call(&["PSUBSCRIBE", "__presence@0__:join:*"]),
        r">3\r\n$10\r\npsubscribe\r\n$21\r\n__presence@0__:join:*\r\n:1\r\n"
    );
    server.client().cmd(&["PRESENCE.TOUCH", "room", "an\r\nn"]);
    assert_eq!(
        two.reply(),
        b"*3\r\n$7\r\nmessage\r\n$24\r\n__presence@0__:join:room\r\n$5\r\nan\r\nn\r\n"
    );
    assert_eq!(
        three.reply(),
        b">4\r\n$8\r\npmessage\r\n$21\r\n__presence@0__:join:*\r\n$24\r\n__presence@0__:join:room\r\n$5\r\nan\r\nn\r\n"
    );
}

/// Names of every stored form, and some that are easily taken for something else.
fn odd_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        &b""[..],
        b"\r\n",
        b"\0\xff\0",
        b"two words\nand a line",
        b"EX",
        b"0",
        b"007",
        b"18446744073709551615",
        b"123e4567-e89b-12d3-a456-426614174000",
        b"123E4567-E89B-12D3-A456-426614174000",
        b"fifteen  bytes.",
        b"__presence@0__:join:room",
    ]
    .map(Vec::from)
    .into();
    names.push(vec![0xfe; 65_535]);
    names
}

#[test]
fn members_keys_and_databases_come_byte_for_byte() {
    let key = b"key:*?[\0\xff\r\n ";
    let channel = |event: &str| [format!("__presence@7__:{event}:").as_bytes(), key].concat();
    // Few members, who are stored in one block, and many, in a table.
    for others in [0, 100] {
        let (server, mut client, mut subscriber) = start_unswept("");
        client.cmd(&["SELECT", "7"]);
        let count = odd_names().len() as u64 + others;
        let touch = |client: &mut Client, ttl: i64| {
            let mut command = args!["PRESENCE.TOUCHEX", key, "PX", ttl, "MEMBERS", count].to_vec();
            command.extend(odd_names());
            command.extend((0..others).map(|other| format!("other {other}").into_bytes()));
            client.cmd(&command);
        };
        touch(&mut client, 600_000);
        let mut heard = subscriber.messages();
        assert_eq!(
            heard.pop(),
            Some((channel("max"), count.to_string().into_bytes()))
        );
        assert_eq!(heard.len() as u64, count);
        for (message, name) in heard.into_iter().zip(odd_names()) {
            assert_eq!(message, (channel("join"), name));
        }

        touch(&mut client, 1);
        pass(&mut client, 1);
        assert_eq!(subscriber.messages(), []);
        sweep(&mut client);
        wait_timeouts(&server, count);
        let heard = subscriber.messages();
        for name in odd_names() {
            let message = (channel("timeout"), name);
            assert_eq!(heard.iter().filter(|heard| **heard == message).count(), 1);
        }
        assert_eq!(heard.len() as u64, count);

        touch(&mut client, 600_000);
        assert_eq!(subscriber.messages().len() as u64, count);
        let mut leave = args!["PRESENCE.LEAVE", key].to_vec();
        leave.extend(odd_names());
        client.cmd(&leave);
        let left = odd_names().into_iter().map(|name| (channel("leave"), name));
        assert_eq!(subscriber.messages(), left.collect::<Vec<_>>());
    }
}

#[test]
fn a_pattern_follows_one_key_or_one_kind_of_event() {
    let (server, mut client, mut all) = start_unswept("");
    let mut key = Subscriber::new(server.client(), &["__presence@0__:*:online:users"]);
    let mut timeouts = Subscriber::new(server.client(), &["__presence@*__:timeout:*"]);
    client.dialog(&[
        ("PRESENCE.TOUCH online:users ann", "1"),
        ("PRESENCE.TOUCHEX online:bots PX 1 MEMBERS 1 bot", "1"),
        ("SELECT 3", "OK"),
        ("PRESENCE.TOUCHEX online:users PX 1 MEMBERS 1 cid", "1"),
        ("SELECT 0", "OK"),
        ("PRESENCE.LEAVE online:users ann", "1"),
    ]);
    pass(&mut client, 1);
    sweep(&mut client);
    wait_timeouts(&server, 2);
    assert_eq!(
        key.heard(),
        [
            "join:online:users ann",
            "max:online:users 1",
            "leave:online:users ann"
        ]
    );
    let mut timed_out = timeouts.heard();
    timed_out.sort();
    assert_eq!(
        timed_out,
        [
            "__presence@3__:timeout:online:users cid",
            "timeout:online:bots bot"
        ]
    );
    assert_eq!(all.heard().len(), 9);
}

#[test]
fn a_refresh_is_no_event() {
    let (_server, mut client, mut subscriber) = start("");
    client.answer("PRESENCE.CONFIG room RETAIN 600000");
    client.answer("PRESENCE.TOUCH room ann bob");
    subscriber.heard();
    let now = client.now_ms();
    for command in [
        "PRESENCE.TOUCH room ann bob ann".to_owned(),
        "PRESENCE.TOUCHEX room EX 10 MEMBERS 2 ann bob".into(),
        "PRESENCE.TOUCHEX room EX 1000 MEMBERS 1 bob".into(),
        format!("PRESENCE.TOUCHEX room AT {now} MEMBERS 1 ann"),
        format!("PRESENCE.TOUCHEX room AT {} MEMBERS 1 bob", now - 1000),
        "PRESENCE.LEAVE room cid".into(),
        "PRESENCE.CONFIG room TTL 5000 RETAIN 700000 LINGER 0".into(),
        "PRESENCE.SETMAX room 2 1700000000000".into(),
        "PRESENCE.COUNT room".into(),
    ] {
        client.answer(&command);
        assert_eq!(subscriber.heard(), [""; 0], "{command}");
    }
}

#[test]
fn a_command_with_many_members_publishes_each_in_order_and_one_peak() {
    let (_server, mut client, mut subscriber) = start("");
    let names: Vec<String> = (0..1000).map(|number| format!("user:{number}")).collect();
    let with = |command: &str| {
        let mut words = vec![command.to_owned(), "room".into()];
        words.extend(names.iter().cloned());
        // Everybody once more: a member who is named twice counts once.
        words.extend(names.iter().cloned());
        words
    };
    let lines = |event: &str| -> Vec<String> {
        let line = |name| format!("{event}:room {name}");
        names.iter().map(line).collect()
    };
    client.answer("PRESENCE.TOUCH room user:500");
    assert_eq!(
        subscriber.heard(),
        ["join:room user:500", "max:room 1"],
        "the first"
    );
    assert_eq!(client.int(&with("PRESENCE.TOUCH")), 999);
    let mut joined = lines("join");
    joined.retain(|line| line != "join:room user:500");
    joined.push("max:room 1000".into());
    assert_eq!(subscriber.heard(), joined);
    assert_eq!(client.int(&with("PRESENCE.LEAVE")), 1000);
    assert_eq!(subscriber.heard(), lines("leave"));
}

#[test]
fn peaks_are_published_when_they_are_reached() {
    let (_server, mut client, mut subscriber) = start_unswept("");
    for (command, expected) in [
        ("PRESENCE.TOUCH room a b", "2"),
        ("PRESENCE.LEAVE room a b", ""),
        ("PRESENCE.TOUCH room a b", ""),
        ("PRESENCE.TOUCH room c d e", "5"),
        ("PRESENCE.SETMAX room 7 1700000000000", ""),
        ("PRESENCE.TOUCH room f g", ""),
        ("PRESENCE.TOUCHEX room EX 10 MEMBERS 1 h", "8"),
        ("PRESENCE.SETMAX room 0 0", ""),
        ("PRESENCE.TOUCH room i", "9"),
    ] {
        client.answer(command);
        let heard = subscriber.heard();
        let mut peaks = heard
            .iter()
            .filter_map(|line| line.strip_prefix("max:room "));
        assert_eq!(peaks.next().unwrap_or_default(), expected, "{command}");
        assert_eq!(peaks.next(), None, "{command}");
    }
}
