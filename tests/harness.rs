//! The harness keeps its own promises: servers start, restart, crash and replicate when a test says so.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use redis::Value;

use crate::common::{Client, LIMIT, RawConnection, Server, text, wait_caught_up, wait_until};

#[test]
fn a_server_starts_with_the_module_and_goes_when_dropped() {
    let server = Server::start();
    let mut raw: RawConnection = server.raw_connection();
    assert_eq!(raw.call(&["PING"]), r"+PONG\r\n");
    let modules = raw.call(&["MODULE", "LIST"]);
    assert!(modules.contains(r"\r\npresence\r\n"), "{modules}");

    let process = format!("/proc/{}", server.pid());
    let dir = server.dir().to_path_buf();
    assert!(Path::new(&process).exists() && dir.exists());
    drop(server);
    assert!(!Path::new(&process).exists() && !dir.exists());
}

#[test]
fn load_arguments_reach_the_module() {
    let server = Server::builder().module_args("default-ttl 60000").start();
    let modules = server.raw_connection().call(&["MODULE", "LIST"]);
    let args = r"*2\r\n$11\r\ndefault-ttl\r\n$5\r\n60000\r\n";
    assert!(modules.contains(args), "{modules}");
}

#[test]
fn servers_side_by_side_do_not_meet() {
    let servers: Vec<Server> = (0..4).map(|_| Server::start()).collect();
    for server in &servers {
        let mut client = server.client();
        assert_eq!(
            client.int(&args!["INCRBY", "port", server.port()]),
            i64::from(server.port())
        );
        let pid = server.info_field("server", "process_id");
        assert_eq!(pid, server.pid().to_string());
    }
}

#[test]
fn a_server_outlives_the_thread_that_started_it() {
    let server = std::thread::spawn(Server::start).join().expect("it starts");
    assert_eq!(server.client().text(&["PING"]), "PONG");
}

#[test]
fn a_restart_keeps_what_was_saved() {
    let mut server = Server::start();
    let mut client: Client = server.client();
    client.cmd(&["SET", "saved", "yes"]);
    client.cmd(&["SAVE"]);
    client.cmd(&["SET", "unsaved", "yes"]);
    let (port, pid) = (server.port(), server.pid());
    server.restart();
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    let mut client = server.client();
    assert_eq!(client.text(&["GET", "saved"]), "yes");
    assert_eq!(client.cmd(&["GET", "unsaved"]), Value::Nil);
    server.wait_log("User requested shutdown");
}

#[test]
fn the_append_only_file_survives_a_kill() {
    let mut server = Server::builder()
        .arg("--appendonly yes")
        .arg("appendfsync always")
        .start();
    let mut client = server.client();
    client.cmd(&["SET", "key", "value"]);
    let digest = client.digest();
    server.kill9();
    server.start_again();
    let mut client = server.client();
    assert_eq!(client.text(&["GET", "key"]), "value");
    assert_eq!(client.digest(), digest);
    assert_ne!(digest, "0".repeat(40));
}

#[test]
fn a_port_that_is_taken_is_tried_again() {
    let mut server = Server::start();
    server.kill9();
    let thief = TcpListener::bind(("127.0.0.1", server.port())).expect("the port is free");
    let log = server.dir().join("server.log");
    let refused = move || fs::read_to_string(&log).is_ok_and(|log| log.contains("already in use"));
    let thief = std::thread::spawn(move || {
        wait_until(LIMIT, "the server could not bind", refused);
        drop(thief);
    });
    server.start_again();
    thief.join().expect("the server was refused first");
    assert_eq!(server.client().text(&["PING"]), "PONG");
}

#[test]
fn a_replica_follows() {
    let primary = Server::start();
    let mut client = primary.client();
    client.cmd(&["SET", "before", "1"]);
    let replica = Server::start_replica_of(&primary);
    let mut reader = replica.client();
    assert_eq!(reader.text(&["GET", "before"]), "1");
    for number in 0..1000 {
        client.send(&args!["SET", "after", number]);
    }
    (0..1000).for_each(|_| assert_eq!(client.receive(LIMIT), Value::Okay));
    wait_caught_up(&primary, &replica);
    assert_eq!(reader.text(&["GET", "after"]), "999");
    assert_eq!(reader.digest(), client.digest());
}

#[test]
fn a_server_that_refuses_to_start_says_why() {
    let log = Server::builder()
        .module("/nowhere/module.so")
        .start_expecting_failure();
    assert!(
        log.contains("Can't load module from /nowhere/module.so"),
        "{log}"
    );

    let log = Server::builder()
        .arg("no-such-setting 1")
        .start_expecting_failure();
    assert!(log.contains("no-such-setting"), "{log}");
}

#[test]
#[should_panic(expected = "where it should refuse")]
fn a_start_that_should_fail_and_does_not_is_a_failure() {
    Server::builder().start_expecting_failure();
}

#[test]
fn errors_come_as_the_server_sent_them() {
    let server = Server::start();
    for mut client in [server.client(), server.client3()] {
        assert_eq!(client.err(&["SET", "key", "1", "EX"]), "ERR syntax error");
        client.cmd(&["SET", "key", "text"]);
        let wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value";
        assert_eq!(client.err(&["LPUSH", "key", "1"]), wrong_type);
        assert!(client.raw(&["INCR", "key"]).is_err());

        client.cmd(&["MULTI"]);
        client.cmd(&["LPUSH", "key", "1"]);
        client.cmd(&["PING"]);
        let Value::Array(replies) = client.cmd(&["EXEC"]) else {
            panic!("EXEC answers an array");
        };
        assert!(matches!(replies[0], Value::ServerError(_)));
        assert_eq!(text(replies[1].clone()), "PONG");
    }
}

#[test]
fn arguments_and_replies_are_bytes() {
    let server = Server::start();
    let mut client = server.client();
    let members = [&b""[..], b"\0\xff\r\n", b"EX", "käse".as_bytes()];
    for member in members {
        client.cmd(&args!["RPUSH", "list", member]);
    }
    assert_eq!(client.bytes_list(&["LRANGE", "list", "0", "-1"]), members);
    assert_eq!(
        client.strings(&["LRANGE", "list", "2", "-1"]),
        ["EX", "käse"]
    );
    assert_eq!(client.ints(&["SMISMEMBER", "set", "a", "b"]), [0, 0]);
}

#[test]
fn replies_can_be_compared_byte_for_byte() {
    let server = Server::start();
    let mut raw = server.raw_connection();
    assert_eq!(raw.call(&["HSET", "hash", "a", "1"]), r":1\r\n");
    assert_eq!(
        raw.call(&["HGETALL", "hash"]),
        r"*2\r\n$1\r\na\r\n$1\r\n1\r\n"
    );
    assert_eq!(raw.call(&["GET", "nothing"]), r"$-1\r\n");
    assert_eq!(
        raw.call(&["SET", "a"]),
        r"-ERR wrong number of arguments for 'set' command\r\n"
    );
    assert_eq!(raw.call(&["LRANGE", "nothing", "0", "-1"]), r"*0\r\n");
    assert!(raw.call(&["HELLO", "3"]).starts_with('%'));
    assert_eq!(
        raw.call(&["HGETALL", "hash"]),
        r"%1\r\n$1\r\na\r\n$1\r\n1\r\n"
    );
    assert_eq!(raw.call(&["GET", "nothing"]), r"_\r\n");
    raw.send(b"PING\r\nECHO \"two words\"\r\n");
    assert_eq!(raw.reply(), b"+PONG\r\n");
    assert_eq!(raw.reply(), b"$9\r\ntwo words\r\n");
}

#[test]
fn messages_of_a_subscription_arrive() {
    let server = Server::start();
    let mut publisher = server.client();
    for mut subscriber in [server.client(), server.client3()] {
        subscriber.send(&["SUBSCRIBE", "news"]);
        subscriber.receive(LIMIT);
        assert_eq!(publisher.int(&["PUBLISH", "news", "hello"]), 1);
        let message = match subscriber.receive(LIMIT) {
            Value::Array(message) => message,
            Value::Push { data, .. } => data,
            other => panic!("not a message: {other:?}"),
        };
        assert_eq!(message.last().cloned().map(text).as_deref(), Some("hello"));
    }
}

#[test]
fn maps_look_alike_in_both_protocols() {
    let server = Server::start();
    server.client().cmd(&["HSET", "hash", "a", "1", "b", "2"]);
    let flat = server.client().fields(&["HGETALL", "hash"]);
    let map = server.client3().fields(&["HGETALL", "hash"]);
    assert_eq!(flat, map);
    assert_eq!(text(flat["b"].clone()), "2");
}

#[test]
fn the_server_tells_its_time_and_its_memory() {
    let server = Server::start();
    let mut client = server.client();
    let before = client.now_ms();
    assert!(before > 1_700_000_000_000);
    wait_until(LIMIT, "the clock moves", || client.now_ms() > before);
    let empty = server.used_memory();
    client.cmd(&args!["SET", "big", vec![b'x'; 1 << 20]]);
    assert!(server.used_memory() >= empty + (1 << 20));
}

#[test]
#[should_panic(expected = "the impossible")]
fn waiting_in_vain_fails() {
    wait_until(Duration::from_millis(20), "the impossible", || false);
}
