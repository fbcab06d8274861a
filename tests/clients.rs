//! The clients that people have speak to it without a word of help: `redis-cli` and redis-py. (The `redis` crate is what
//! all the other tests use.)

use std::process::{Command, Output};

use crate::common::errors::WINDOW;
use crate::common::{PYTHON, Server};

/// Runs a command that is to succeed; what it printed.
#[track_caller]
fn run(command: &mut Command, missing: &str) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .unwrap_or_else(|error| panic!("{missing}: {error}"));
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(
        status.success() && stderr.is_empty(),
        "{status}\n{stdout}\n{stderr}"
    );
    stdout.into_owned()
}

/// Runs `redis-cli` against the server.
#[track_caller]
fn redis_cli(server: &Server, arguments: &str) -> String {
    let missing = "redis-cli cannot be run; install the package redis-tools";
    let mut command = Command::new("redis-cli");
    command
        .args(["-p", &server.port().to_string()])
        .args(arguments.split(' '));
    run(&mut command, missing)
}

#[test]
fn redis_cli_shows_what_is_there() {
    let server = Server::start();
    for (arguments, expected) in [
        ("PRESENCE.TOUCH room ann bob", "2\n"),
        ("PRESENCE.TOUCHEX room EX 60 MEMBERS 1 cid", "1\n"),
        ("PRESENCE.COUNT room", "3\n"),
        ("PRESENCE.LEAVE room cid", "1\n"),
        ("PRESENCE.ISONLINE room ann cid bob", "1\n0\n1\n"),
        ("PRESENCE.FILTER room bob zoe", "bob\n"),
        ("--no-raw PRESENCE.COUNT room", "(integer) 2\n"),
        ("--no-raw PRESENCE.SEEN room zoe", "1) (nil)\n"),
        (
            "--no-raw PRESENCE.SCAN room 0 MATCH a*",
            "1) \"0\"\n2) 1) \"ann\"\n",
        ),
        (
            "--no-raw PRESENCE.MAX nothing",
            "1) (integer) 0\n2) (nil)\n",
        ),
        (
            "--no-raw PRESENCE.COUNT",
            "(error) ERR wrong number of arguments for 'PRESENCE.COUNT' command\n",
        ),
        ("PRESENCE.SETMAX room 7 1500000000000", "OK\n"),
        ("PRESENCE.MAX room", "7\n1500000000000\n"),
    ] {
        assert_eq!(redis_cli(&server, arguments), expected, "{arguments}");
    }
    let mut listed: Vec<String> = redis_cli(&server, "PRESENCE.LIST room")
        .lines()
        .map(String::from)
        .collect();
    listed.sort();
    assert_eq!(listed, ["ann", "bob"]);
    let info = redis_cli(&server, "-3 --no-raw PRESENCE.INFO room");
    assert!(info.starts_with("1# \"online\" => (integer) 2\n2# \"remembered\" => (integer) 2\n3# \"peak\" => (integer) 7\n"), "{info}");
}

#[test]
fn redis_cli_follows_a_scan() {
    let server = Server::start();
    let mut client = server.client();
    let mut touch = args!["PRESENCE.TOUCH", "room"].to_vec();
    touch.extend((0..1000).map(|number| format!("user:{number}").into_bytes()));
    client.cmd(&touch);
    let (mut cursor, mut found) = (String::from("0"), std::collections::BTreeSet::new());
    loop {
        let page = redis_cli(&server, &format!("PRESENCE.SCAN room {cursor} COUNT 300"));
        let mut lines = page.lines();
        cursor = lines.next().expect("a cursor").into();
        found.extend(lines.map(String::from));
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(found.len(), 1000);
}

/// What redis-py is to do; it prints one line a reply.
const SCRIPT: &str = r#"
import sys, redis
r = redis.Redis(port=int(sys.argv[1]))
print(r.execute_command("PRESENCE.TOUCH", "room", "ann", b"\x00\xff"))
print(r.execute_command("PRESENCE.TOUCHEX", "room", "AT", int(sys.argv[2]), "MEMBERS", 1, "bob"))
print(r.execute_command("PRESENCE.COUNT", "room"))
print(sorted(r.execute_command("PRESENCE.LIST", "room")))
print(r.execute_command("PRESENCE.LIST", "room", "REV", "LIMIT", 0, 1, "WITHSEEN"))
print(r.execute_command("PRESENCE.ISONLINE", "room", "ann", "zoe", b"\x00\xff"))
print(r.execute_command("PRESENCE.SEEN", "room", "bob", "zoe"))
print(r.execute_command("PRESENCE.LEAVE", "room", "bob"))
pipe = r.pipeline(transaction=True)
pipe.execute_command("PRESENCE.TOUCH", "room", "cid")
pipe.execute_command("PRESENCE.COUNT", "room")
print(pipe.execute())
try:
    r.execute_command("PRESENCE.COUNT", "room", "WINDOW", 0)
except redis.ResponseError as error:
    print(error)
text = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
print(text.execute_command("PRESENCE.FILTER", "room", "zoe", "ann"))
"#;

#[test]
fn redis_py_reads_every_shape() {
    let server = Server::start();
    let (port, at) = (server.port().to_string(), server.client().now_ms() - 5000);
    let has_redis = Command::new(PYTHON)
        .args(["-c", "import redis"])
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(
        has_redis,
        "redis-py is missing: {PYTHON} cannot import it; install the package python3-redis"
    );
    let mut command = Command::new(PYTHON);
    command.args(["-c", SCRIPT, &port, &at.to_string()]);
    let expected = format!(
        "2\n1\n3\n[b'\\x00\\xff', b'ann', b'bob']\n[[b'bob', {at}]]\n[1, 0, 1]\n[{at}, None]\n1\n[1, 3]\n\
         value is not an integer or out of range, {WINDOW}\n['ann']\n"
    );
    assert_eq!(run(&mut command, "python3 is missing"), expected);
}
