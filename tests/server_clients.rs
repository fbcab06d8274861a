//! `PRESENCE.CLIENTS` says of the server's own clients what `CLIENT LIST` says of them, in a form that programs read, and to
//! nobody who may not ask for that.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::net::UnixStream;

use redis::Value;

use crate::common::errors::{WINDOW, no_number, syntax};
use crate::common::{Client, LIMIT, Server, elements, fields, int, text, wait_until};

/// A line of CLIENT LIST, by the names of its fields.
type Line = BTreeMap<String, String>;

/// CLIENT LIST's lines in the order of their ids. No value in it may have a space.
fn lines(list: &str) -> Vec<Line> {
    let pair = |word: &str| {
        let (name, value) = word.split_once('=').expect("a name and a value");
        (name.to_owned(), value.to_owned())
    };
    let lines = list.lines();
    let mut lines: Vec<Line> = lines
        .map(|line| line.split(' ').map(pair).collect())
        .collect();
    lines.sort_by_key(|line| line["id"].parse::<u64>().expect("a number"));
    lines
}

/// Whether CLIENT LIST shows a connection of a replica or of a primary.
fn is_internal(line: &Line) -> bool {
    line["flags"].contains(['S', 'M'])
}

/// The clients in a reply, by the names of their fields.
fn clients(reply: Value) -> Vec<BTreeMap<String, Value>> {
    elements(reply).into_iter().map(fields).collect()
}

/// The values of one text field.
fn each(clients: &[BTreeMap<String, Value>], field: &str) -> Vec<String> {
    clients
        .iter()
        .map(|client| text(client[field].clone()))
        .collect()
}

/// What both say at one moment: CLIENT LIST, and PRESENCE.CLIENTS with these arguments.
fn both(client: &mut Client, arguments: &[&str]) -> (Vec<Line>, Vec<BTreeMap<String, Value>>) {
    let command = [&["PRESENCE.CLIENTS"], arguments].concat();
    for queued in [&["MULTI"][..], &["CLIENT", "LIST"], &command] {
        client.cmd(queued);
    }
    let replies = <[Value; 2]>::try_from(elements(client.cmd(&["EXEC"])));
    let [list, presence] = replies.expect("a reply to each");
    (lines(&text(list)), clients(presence))
}

/// Compares the two, and every client's times and state with the one moment `now` at which the server was asked; that, in
/// whole seconds.
fn compare(client: &mut Client, arguments: &[&str], window: i64) -> Vec<Line> {
    let before = client.now_ms();
    let (list, presence) = both(client, arguments);
    let after = client.now_ms();
    let list: Vec<Line> = list.into_iter().filter(|line| !is_internal(line)).collect();
    assert_eq!(presence.len(), list.len(), "{list:?}");
    let number = |text: &str| -> i64 { text.parse().expect("a number") };
    for (ours, line) in presence.iter().zip(&list) {
        let mut names: Vec<&str> = ours.keys().map(String::as_str).collect();
        names.sort_unstable();
        let expected = "addr connected-at db id last-interaction name online user";
        assert_eq!(names.join(" "), expected);
        for field in ["addr", "name", "user"] {
            assert_eq!(
                text(ours[field].clone()),
                line[field],
                "{field} of {line:?}"
            );
        }
        let ours = |field: &str| int(ours[field].clone());
        for field in ["id", "db"] {
            assert_eq!(ours(field), number(&line[field]), "{field} of {line:?}");
        }
        let (age, idle) = (number(&line["age"]), number(&line["idle"]));
        let now = ours("last-interaction") + idle * 1000;
        assert_eq!(now, ours("connected-at") + age * 1000, "{line:?}");
        let possible = (before / 1000 * 1000)..=after;
        assert!(
            now % 1000 == 0 && possible.contains(&now),
            "{now}: {possible:?}"
        );
        assert_eq!(ours("online"), i64::from(idle * 1000 < window), "{line:?}");
    }
    list
}

#[test]
fn it_agrees_with_client_list_while_200_come_and_go() {
    let server = Server::start();
    let mut admin = server.client();
    for user in ["ann", "b=c", "bob"] {
        admin.cmd(&["ACL", "SETUSER", user, "on", "nopass", "~*", "&*", "+@all"]);
    }
    let mut connected: Vec<Client> = Vec::new();
    for number in 0..300 {
        let mut client = match number % 2 {
            0 => server.client(),
            _ => server.client3(),
        };
        if number % 3 != 0 {
            let name = format!("worker-{number}:\"user=root\"\\{{}}");
            client.cmd(&["CLIENT", "SETNAME", &name]);
        }
        if number % 5 == 1 {
            client.cmd(&["AUTH", ["ann", "b=c", "bob"][number % 3], "any"]);
        }
        client.cmd(&args!["SELECT", number % 16]);
        match number % 20 {
            4 => client.send(&["SUBSCRIBE", "channel"]),
            5 => client.send(&["MONITOR"]),
            6 => client.send(&["BLPOP", "nothing", "0"]),
            7 => drop(client.cmd(&["MULTI"])),
            _ => {}
        }
        connected.push(client);
        // A third of them go again, not in the order in which they came.
        if number % 3 == 2 {
            connected.swap_remove(number * 7 % connected.len());
            if number % 30 == 2 {
                compare(&mut admin, &[], 300_000);
            }
        }
    }
    let mut idle = |window: &str| -> Vec<i64> {
        let arguments = ["WINDOW", window];
        let list = compare(&mut admin, &arguments, window.parse().expect("a number"));
        list.iter()
            .map(|line| line["idle"].parse().expect("a number"))
            .collect()
    };
    wait_until(LIMIT, "nearly all are idle for some seconds", || {
        // What a server sends counts as well, so monitors are never idle.
        let idle = idle("2000");
        assert_eq!(idle.len(), 201);
        idle.iter().filter(|idle| **idle >= 3).count() >= 180
    });
    for window in ["1", "1000", "2999", "3000", "3001", "315360000000"] {
        idle(window);
    }
}

#[test]
fn the_default_window_is_that_of_new_keys() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    assert_eq!(other.answer("CLIENT SETNAME other"), "OK");
    wait_until(LIMIT, "the other was idle for two seconds", || {
        let list = compare(&mut client, &[], 300_000);
        list.iter()
            .any(|line| line["name"] == "other" && line["idle"] == "2")
    });
    assert_eq!(client.answer("CONFIG SET presence.default-ttl 2000"), "OK");
    compare(&mut client, &[], 2000);
    let (_, presence) = both(&mut client, &[]);
    let online: Vec<i64> = presence
        .iter()
        .map(|client| int(client["online"].clone()))
        .collect();
    assert_eq!(online, [1, 0]);
}

#[test]
fn the_reply_is_a_map_or_a_flat_array_byte_for_byte() {
    for (protocol, map) in [("2", "*16"), ("3", "%8")] {
        let server = Server::start();
        let mut raw = server.raw_connection();
        raw.call(&["HELLO", protocol, "SETNAME", "me"]);
        let info = |raw: &mut crate::common::RawConnection, field: &str| -> String {
            let info = raw.call(&["CLIENT", "INFO"]);
            let (_, rest) = info.split_once(&format!("{field}=")).expect("the field");
            rest.split(' ').next().expect("a value").to_owned()
        };
        let (id, addr) = (info(&mut raw, "id"), info(&mut raw, "addr"));
        let lines = |parts: &[String]| parts.join("\\r\\n") + "\\r\\n";
        let string = |text: &str| lines(&[format!("${}", text.len()), text.into()]);
        // The last part of the reply up to which there is no time in it, and the parts between the times.
        let head = lines(&["*1".into(), map.into()]);
        // The connection that saw the server start may still be there.
        wait_until(LIMIT, "it is alone", || {
            raw.call(&["PRESENCE.CLIENTS"]).starts_with("*1\\r")
        });
        let reply = raw.call(&["PRESENCE.CLIENTS"]);
        let rest = reply
            .strip_prefix(&head)
            .unwrap_or_else(|| panic!("{reply}"));
        let fields = [
            string("id") + &lines(&[format!(":{id}")]),
            string("addr") + &string(&addr),
            string("name") + &string("me"),
            string("user") + &string("default"),
            string("db") + &lines(&[":0".into()]),
        ];
        let rest = rest
            .strip_prefix(&fields.concat())
            .unwrap_or_else(|| panic!("{reply}"));
        let words: Vec<&str> = rest.split("\\r\\n").collect();
        let [
            "$12",
            "connected-at",
            connected,
            "$16",
            "last-interaction",
            spoke,
            "$6",
            "online",
            ":1",
            "",
        ] = words[..]
        else {
            panic!("{reply}")
        };
        for time in [connected, spoke] {
            let time = time.strip_prefix(':').expect("an integer");
            assert!(time.len() == 13 && time.ends_with("000"), "{time}");
        }
    }
}

#[test]
fn the_replications_own_connections_are_left_out() {
    let primary = Server::start();
    let replica = Server::start_replica_of(&primary);
    for (server, flag) in [(&primary, 'S'), (&replica, 'M')] {
        let mut client = server.client();
        let mut monitor = server.client();
        assert_eq!(monitor.answer("CLIENT SETNAME monitor"), "OK");
        monitor.send(&["MONITOR"]);
        wait_until(LIMIT, "the other is a monitor", || {
            let (list, presence) = both(&mut client, &[]);
            let internal = list.iter().filter(|line| line["flags"].contains(flag));
            assert_eq!(internal.count(), 1, "{list:?}");
            assert_eq!(presence.len(), list.len() - 1);
            assert!(each(&presence, "name").contains(&"monitor".to_owned()));
            list.iter().any(|line| line["flags"] == "O")
        });
        compare(&mut client, &[], 300_000);
    }
}

#[test]
fn a_socket_whose_path_has_spaces_is_read_right() {
    let server = Server::builder()
        .arg("unixsocket \"a b name=c.sock\"")
        .start();
    let path = server.dir().join("a b name=c.sock");
    let mut stream = UnixStream::connect(path).expect("the server accepts");
    stream
        .write_all(b"CLIENT SETNAME local\r\n")
        .expect("the server reads");
    let mut client = server.client();
    // Valkey 9 puts brackets around it, as it does with every address that has a colon, and a port behind it.
    let is_socket = |addr: &str| matches!(addr, "a b name=c.sock:0" | "[a b name=c.sock:0]:0");
    wait_until(LIMIT, "it has a name", || {
        let found = clients(client.cmd(&["PRESENCE.CLIENTS"]));
        let names = each(&found, "name");
        let addr = &each(&found, "addr")[names.iter().position(String::is_empty).unwrap_or(0)];
        names.contains(&"local".to_owned())
            && each(&found, "addr").iter().any(|addr| is_socket(addr))
            && addr.starts_with("127.0.0.1:")
            && each(&found, "user") == ["default", "default"]
    });
}

#[test]
fn what_is_wrong_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    let (number, option) = (no_number(WINDOW), syntax("WINDOW milliseconds expected"));
    for (arguments, error) in [
        ("WINDOW", &option),
        ("window", &option),
        ("WINDOW 5 WINDOW 5", &syntax("WINDOW may be given once")),
        ("WINDOW 5 5", &option),
        ("5", &option),
        ("key", &option),
        ("WINDOW 0", &number),
        ("WINDOW -1", &number),
        ("WINDOW soon", &number),
        ("WINDOW 1.5", &number),
        ("WINDOW ", &number),
        ("WINDOW 315360000001", &number),
        ("WINDOW 99999999999999999999", &number),
    ] {
        let line = format!("PRESENCE.CLIENTS {arguments}");
        assert_eq!(client.answer(&line), *error, "{line}");
    }
    // The client that waited for the server to start may still be going.
    wait_until(LIMIT, "this client is alone", || {
        clients(client.cmd(&["PRESENCE.CLIENTS"])).len() == 1
    });
    for line in [
        "presence.clients",
        "PRESENCE.CLIENTS window 1",
        "PRESENCE.CLIENTS WINDOW 315360000000",
    ] {
        let found = clients(client.cmd(&line.split(' ').collect::<Vec<_>>()));
        assert_eq!(found.len(), 1, "{line}");
    }
}

#[test]
fn it_works_in_transactions_and_scripts_and_while_writes_are_paused() {
    let server = Server::start();
    let mut client = server.client3();
    assert_eq!(client.answer("CLIENT SETNAME me"), "OK");
    let script = "return redis.call('PRESENCE.CLIENTS', 'WINDOW', 1)";
    for script in [["EVAL", script, "0"], ["EVAL_RO", script, "0"]] {
        let found = clients(client.cmd(&script));
        assert_eq!(each(&found, "name"), ["me"]);
        assert_eq!(int(found[0]["online"].clone()), 1);
    }
    assert_eq!(client.answer("CLIENT PAUSE 60000 WRITE"), "OK");
    assert_eq!(
        each(&clients(client.cmd(&["PRESENCE.CLIENTS"])), "name"),
        ["me"]
    );
}

#[test]
fn a_transaction_sees_one_moment_however_long_it_takes() {
    let server = Server::start();
    let mut client = server.client();
    let replies = client.together(&["PRESENCE.CLIENTS", "DEBUG SLEEP 1.1", "PRESENCE.CLIENTS"]);
    assert_eq!(replies[0], replies[2]);
}

#[test]
fn who_may_not_ask_for_client_list_may_not_ask_for_this() {
    let server = Server::start();
    let mut admin = server.client();
    let both = "NOPERM this user has no permissions to run the 'client|list' command, which PRESENCE.CLIENTS needs";
    for (rules, error) in [
        ("+@all", None),
        ("+presence.clients +client", None),
        ("+presence.clients +client|list", None),
        ("+@all -presence.clients", Some("NOPERM")),
        ("+@all -client", Some(both)),
        ("+@all -client|list", Some(both)),
        ("+presence.clients", Some(both)),
        ("+client|list", Some("NOPERM")),
        // From 7.2 on the server refuses these by itself.
        ("+@all -@admin", Some("NOPERM")),
        ("+@all -@dangerous", Some("NOPERM")),
        ("+@all -@connection +auth", Some("NOPERM")),
        ("+@read", Some("NOPERM")),
    ] {
        let line = format!("ACL SETUSER user reset on nopass ~* {rules}");
        assert_eq!(admin.answer(&line), "OK");
        let mut client = server.client();
        assert_eq!(client.answer("AUTH user any"), "OK");
        for command in ["PRESENCE.CLIENTS", "PRESENCE.CLIENTS WINDOW 5"] {
            let answer = client.answer(command);
            match error {
                None => assert!(answer.starts_with("[[\"id\", "), "{rules}: {answer}"),
                Some(error) => assert!(answer.starts_with(error), "{rules}: {answer}"),
            }
        }
    }
    let log = admin.answer("ACL LOG");
    assert!(
        log.contains(r#""object", "client|list", "username", "user""#),
        "{log}"
    );
}

#[test]
fn a_script_asks_with_the_rights_of_its_caller() {
    let server = Server::start();
    let mut client = server.client();
    client.dialog(&[
        ("ACL SETUSER user on nopass ~* +@all -client", "OK"),
        ("AUTH user any", "OK"),
    ]);
    let script = "return redis.call('PRESENCE.CLIENTS')";
    let error = client.err(&["EVAL", script, "0"]);
    assert!(error.contains("'client|list'"), "{error}");
    let replies = client.together(&["PRESENCE.CLIENTS"]);
    assert!(replies[0].contains("'client|list'"), "{}", replies[0]);
}

#[test]
fn where_client_list_is_renamed_away_it_says_so() {
    let server = Server::builder().arg("rename-command CLIENT \"\"").start();
    let mut client = server.client();
    let error = "ERR this server's CLIENT LIST cannot be read; CLIENT must not be renamed";
    assert_eq!(client.answer("PRESENCE.CLIENTS"), error);
    assert_eq!(
        client.answer("CONFIG SET presence.client-announce-frequency 1"),
        "OK"
    );
    server.wait_log(&format!("presence: clients are not announced, {error}"));
    assert_eq!(client.answer("PING"), "PONG");
}
