//! What an announcement says: the server's clients as CLIENT LIST has them, a thousand of them at the most, whatever they
//! call themselves.

use std::net::TcpStream;

use super::{Subscriber, set_frequency};
use crate::common::{Client, LIMIT, Server, elements, fields, int, text, wait_until};

/// A field of a line of CLIENT LIST.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let value = line.split(' ').find_map(|word| word.strip_prefix(name));
    value.expect("the field")
}

/// The lines of CLIENT LIST, in the order of their ids.
fn lines(list: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = list.lines().collect();
    lines.sort_by_key(|line| field(line, "id=").parse::<u64>().expect("a number"));
    lines
}

#[test]
fn it_agrees_with_client_list_and_with_presence_clients() {
    let server = Server::start();
    let mut admin = server.client();
    admin.cmd(&["ACL", "SETUSER", "app", "on", "nopass", "~*", "&*", "+@all"]);
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut clients: Vec<Client> = (0..50).map(|_| server.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.cmd(&args!["CLIENT", "SETNAME", format!("client-{number}")]);
        client.cmd(&args!["SELECT", number % 16]);
        if number % 3 == 0 {
            client.cmd(&["AUTH", "app", "any"]);
        }
    }
    // Ids with gaps between them.
    for number in [40, 30, 20, 10, 0] {
        clients.remove(number);
    }
    set_frequency(&mut admin, 1);
    let said = subscriber.until(|said| said.connected == 47);
    let list = text(admin.cmd(&["CLIENT", "LIST"]));
    assert_eq!(list.lines().count(), 47);
    assert_eq!((said.online, said.clients.len()), (47, 47));
    assert_eq!((said.truncated, &said.node), (None, &None));
    for (client, line) in said.clients.iter().zip(lines(&list)) {
        assert_eq!(client.id.to_string(), field(line, "id="));
        assert_eq!(client.addr, field(line, "addr="));
        assert_eq!(client.name, field(line, "name="));
        assert_eq!(client.user, field(line, "user="));
        assert_eq!(client.db.to_string(), field(line, "db="));
        let idle = said.at - client.last_interaction;
        assert!((0..LIMIT.as_millis() as i64).contains(&idle), "{idle}");
        assert_eq!(client.last_interaction % 1000, 0);
    }
    let facts = elements(admin.cmd(&["PRESENCE.CLIENTS"])).into_iter();
    for (client, facts) in said.clients.iter().zip(facts.map(fields)) {
        let number = |field: &str| int(facts[field].clone());
        let word = |field: &str| text(facts[field].clone());
        assert_eq!((client.id, client.db), (number("id"), number("db")));
        assert_eq!((&client.addr, &client.name), (&word("addr"), &word("name")));
        assert_eq!(client.user, word("user"));
        assert_eq!(i64::from(client.online), number("online"));
        // The server counts a client's age in whole seconds, and may begin a new one in between.
        let apart = client.connected_at - number("connected-at");
        assert!(
            apart.abs() <= 1000 && client.connected_at % 1000 == 0,
            "{apart}"
        );
    }
}

#[test]
fn online_are_those_who_spoke_within_the_default_ttl() {
    let server = Server::builder().module_args("default-ttl 3000").start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut idle: Vec<Client> = (0..5).map(|_| server.client()).collect();
    let mut admin = server.client();
    set_frequency(&mut admin, 1);
    subscriber.until(|said| {
        // Whole seconds: those in which the server keeps when a client last spoke.
        let is_online = |spoke: i64| said.at / 1000 * 1000 - spoke < 3000;
        for client in &said.clients {
            assert_eq!(
                client.online,
                is_online(client.last_interaction),
                "{said:?}"
            );
        }
        assert!(said.connected == 7 && said.online >= 1, "{said:?}");
        // The subscriber, to whom the server speaks.
        said.online == 1
    });
    // What the server sends counts as well, so the subscriber stays online; who speaks is online again.
    for client in &mut idle {
        client.cmd(&["PING"]);
    }
    subscriber.until(|said| said.online >= 6);
}

#[test]
fn names_cannot_break_out_of_the_json() {
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    let mut names = [
        r#"""#,
        r#"\"#,
        r#"\""#,
        r#""}]}"#,
        r#"","online":0,"x":""#,
        r#"\u0000\n"#,
        "</script><script>alert(1)</script>",
        "id=5",
        "user=root",
        "{%s}$`'",
    ]
    .map(str::to_owned)
    .to_vec();
    // All that a server lets into a name.
    names.push(('!'..='~').collect());
    names.push("x".repeat(256));
    let mut clients = Vec::new();
    // Each is called so, and so is its user.
    let mut connect = |name: &[u8], user: &[u8]| {
        admin.cmd(&args!["ACL", "SETUSER", user, "on", "nopass", "+@all"]);
        let mut client = server.client();
        client.cmd(&args!["CLIENT", "SETNAME", name]);
        client.cmd(&args!["AUTH", user, "any"]);
        clients.push(client);
    };
    for name in &names {
        connect(name.as_bytes(), name.as_bytes());
    }
    let long = "\"".repeat(100_000);
    connect(long.as_bytes(), long.as_bytes());
    // Names of users may have what names of clients may not.
    connect(b"", b"\x01\x7f\xff<b>");
    set_frequency(&mut admin, 1);
    let said = subscriber.until(|said| said.connected as usize == names.len() + 4);
    names.push("\"".repeat(256) + "…");
    let called = |first: [&str; 2], last: &str| {
        let first = first.map(str::to_owned).into_iter();
        let all = first.chain(names.iter().cloned()).chain([last.to_owned()]);
        all.collect::<Vec<_>>()
    };
    assert_eq!(said.names(), called(["subscriber", ""], ""));
    let users: Vec<_> = said.clients.iter().map(|client| &client.user).collect();
    let expected = called(["default", "default"], "\u{1}\u{7f}\u{fffd}<b>");
    assert_eq!(users, expected.iter().collect::<Vec<_>>());
}

/// Lets this process, and the servers that it starts from now on, open as many files as it may.
fn raise_limit_of_files() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls take a structure that lives as long as they run.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit)
    };
    assert_eq!(raised, 0, "{}", std::io::Error::last_os_error());
    let enough = 4096;
    assert!(
        limit.rlim_max >= enough,
        "{enough} open files are needed: ulimit -Hn"
    );
}

#[test]
fn the_list_stops_at_a_thousand_clients_and_the_counts_do_not() {
    raise_limit_of_files();
    let server = Server::start();
    let mut subscriber = Subscriber::to(&server, "subscriber");
    let mut admin = server.client();
    set_frequency(&mut admin, 1);
    let connect = |_| TcpStream::connect(("127.0.0.1", server.port())).expect("the server accepts");
    let mut others: Vec<TcpStream> = (0..1050).map(connect).collect();
    let said = subscriber.until(|said| said.connected == 1052);
    assert_eq!(
        (said.online, said.truncated, said.clients.len()),
        (1052, Some(true), 1000)
    );
    assert!(said.clients.is_sorted_by_key(|client| client.id));
    let list = text(admin.cmd(&["CLIENT", "LIST"]));
    for (client, line) in said.clients.iter().zip(lines(&list)) {
        assert_eq!(client.id.to_string(), field(line, "id="));
    }
    // The thousandth is still in the list, and then nobody is left out.
    others.truncate(998);
    let said = subscriber.until(|said| said.connected == 1000);
    assert_eq!(
        (said.online, said.truncated, said.clients.len()),
        (1000, None, 1000)
    );
    drop(others);
    subscriber.until(|said| said.connected == 2);
}

#[test]
fn the_replications_own_connections_do_not_count() {
    let primary = Server::start();
    let replica = Server::start_replica_of(&primary);
    for server in [&primary, &replica] {
        let mut subscriber = Subscriber::to(server, "subscriber");
        let mut admin = server.client();
        set_frequency(&mut admin, 1);
        wait_until(
            LIMIT,
            "the subscriber and the admin are all there is",
            || {
                let said = subscriber.next();
                assert!(said.connected <= 3, "{said:?}");
                (said.connected, said.names()) == (2, vec!["subscriber", ""])
            },
        );
        assert_eq!(text(admin.cmd(&["CLIENT", "LIST"])).lines().count(), 3);
    }
}
