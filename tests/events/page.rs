//! The programs of docs/events.md do what it says, and the live page is right again after whatever happens to its
//! connection.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use crate::common::{Client, LIMIT, Server, wait_until};

/// The interpreter that the distribution's redis-py belongs to.
const PYTHON: &str = "/usr/bin/python3";

/// A program that runs until it is dropped, and the lines that it prints.
struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    /// Starts Python with these arguments.
    fn start(arguments: &[&str]) -> Program {
        let mut command = Command::new(PYTHON);
        command.arg("-u").args(arguments).stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{PYTHON}: {error}; run `make setup`"));
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            // Until the program ends, or nobody wants to know.
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Program { child, lines }
    }

    /// The next line.
    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("a line in time")
    }

    /// Waits for this line, whatever comes before it.
    #[track_caller]
    fn until(&self, expected: &str) {
        let deadline = Instant::now() + LIMIT;
        let mut lines = Vec::new();
        while lines.last().map(String::as_str) != Some(expected) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => lines.push(line),
                Err(error) => panic!("no {expected:?} but {lines:#?}: {error}"),
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, by an error that it has printed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python blocks of the page, made to speak to the server.
fn blocks(server: &Server) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let connect = format!("redis.Redis(port={})", server.port());
    let blocks = page.split("```python\n").skip(1);
    let code = |rest: &str| rest.split("```").next().expect("its end").to_owned();
    blocks
        .map(|rest| code(rest).replace("redis.Redis()", &connect))
        .collect()
}

/// Waits until somebody listens to a pattern.
fn wait_listening(client: &mut Client) {
    wait_until(LIMIT, "somebody listens", || {
        client.int(&["PUBSUB", "NUMPAT"]) > 0
    });
}

#[test]
fn the_programs_of_the_documentation_show_what_comes() {
    let server = Server::builder().module_args("events jlt").start();
    let mut client = server.client();
    let [one_key, timeouts] = &blocks(&server)[..] else {
        panic!("not two programs in Python")
    };
    let program = Program::start(&["-c", one_key]);
    wait_listening(&mut client);
    client.dialog(&[
        ("PRESENCE.TOUCH other dan", "1"),
        ("PRESENCE.TOUCH online ann", "1"),
        ("PRESENCE.TOUCHEX online PX 20 MEMBERS 1 bob", "1"),
        ("PRESENCE.LEAVE online ann", "1"),
    ]);
    let shown: Vec<String> = (0..4).map(|_| program.line()).collect();
    assert_eq!(
        shown,
        [
            "join b'ann'",
            "join b'bob'",
            "leave b'ann'",
            "timeout b'bob'"
        ]
    );
    drop(program);
    wait_until(LIMIT, "nobody listens", || {
        client.int(&["PUBSUB", "NUMPAT"]) == 0
    });

    let program = Program::start(&["-c", timeouts]);
    wait_listening(&mut client);
    client.dialog(&[
        ("SELECT 3", "OK"),
        ("PRESENCE.TOUCHEX room:7:x PX 20 MEMBERS 1 ann", "1"),
    ]);
    assert_eq!(program.line(), "b'room:7:x' b'ann'");
}

/// The live page of a key.
fn live_page(server: &Server, key: &str) -> Program {
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/live_page.py");
    let script = script.to_str().expect("a path in UTF-8");
    Program::start(&[script, key, "--port", &server.port().to_string()])
}

#[test]
fn the_live_page_follows_its_key() {
    let server = Server::builder().module_args("events jlt").start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH online ann");
    // What would have to be escaped in a pattern, and be a line of its own on the page.
    client.cmd(&args!["PRESENCE.TOUCH", "on*[line", "evil\nb'name'"]);
    let page = live_page(&server, "online");
    page.until("1 online: b'ann'");
    client.answer("PRESENCE.TOUCH online bob ann");
    page.until("2 online: b'ann' b'bob'");
    client.answer("PRESENCE.TOUCHEX online PX 20 MEMBERS 1 ann");
    page.until("1 online: b'bob'");
    client.answer("PRESENCE.LEAVE online bob");
    page.until("0 online:");
    let other = live_page(&server, "on*[line");
    other.until(r#"1 online: b"evil\nb'name'""#);
    client.cmd(&args!["PRESENCE.TOUCH", "on*[line", "cid"]);
    other.until(r#"2 online: b'cid' b"evil\nb'name'""#);
}

#[test]
fn the_live_page_is_right_after_a_reconnection() {
    let mut server = Server::builder()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .module_args("events jlt")
        .start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH online ann bob");
    let page = live_page(&server, "online");
    page.until("2 online: b'ann' b'bob'");
    // What happens at the moment the connection is cut is told to nobody.
    client.together(&[
        "CLIENT KILL TYPE pubsub",
        "PRESENCE.TOUCH online cid",
        "PRESENCE.LEAVE online ann",
    ]);
    page.until("2 online: b'bob' b'cid'");
    client.answer("PRESENCE.TOUCH online dan");
    page.until("3 online: b'bob' b'cid' b'dan'");
    // Nor what happens while there is no server: a time-out, here.
    client.answer("PRESENCE.TOUCHEX online PX 1500 MEMBERS 1 bob");
    let end = client.now_ms() + 1500;
    server.kill9();
    super::wait_for_clock(end);
    server.start_again();
    page.until("2 online: b'cid' b'dan'");
    server.client().answer("PRESENCE.TOUCH online eve");
    page.until("3 online: b'cid' b'dan' b'eve'");
}

#[test]
fn messages_that_are_older_than_the_list_do_no_harm() {
    let server = Server::builder().module_args("events jlt").start();
    let mut client = server.client();
    let page = live_page(&server, "online");
    page.until("0 online:");
    client.answer("PRESENCE.TOUCH online ann");
    page.until("1 online: b'ann'");
    // Members come and go while the page connects again, subscribes and reads the list.
    client.answer("CLIENT KILL TYPE pubsub");
    for _ in 0..200 {
        client.answer("PRESENCE.LEAVE online ann");
        client.answer("PRESENCE.TOUCH online ann bob");
        client.answer("PRESENCE.LEAVE online bob");
    }
    client.answer("PRESENCE.TOUCH online cid");
    page.until("2 online: b'ann' b'cid'");
}
