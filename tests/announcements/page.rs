//! The programs in docs/announcements.md show what they say.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use super::Announcement;
use crate::common::{LIMIT, Server};

/// A program that runs until it is dropped, and the lines that it prints.
struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    fn start(command: &mut Command) -> Program {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; run `make setup`"));
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

    /// The first line from now on of which this holds.
    #[track_caller]
    fn until(&self, holds: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("the line in time");
            if holds(&line) {
                return line;
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

/// The block of this language in the page.
fn block(language: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/announcements.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let (_, rest) = page
        .split_once(&format!("```{language}\n"))
        .expect("a block");
    let (block, _) = rest.split_once("```").expect("its end");
    block.to_owned()
}

#[test]
fn a_terminal_shows_what_is_announced() {
    let server = Server::start();
    let port = server.port().to_string();
    let commands = block("sh");
    let [switch, subscribe] = commands.lines().collect::<Vec<_>>()[..] else {
        panic!("not two commands: {commands}")
    };
    let cli = |line: &str| {
        let arguments = line.strip_prefix("redis-cli ").expect("it is redis-cli");
        let mut command = Command::new("redis-cli");
        command.args(["-p", &port]).args(arguments.split(' '));
        Program::start(&mut command)
    };
    cli(switch).until(|line| line == "OK");
    let subscriber = cli(subscribe);
    let line = subscriber.until(|line| line.starts_with('{'));
    assert_eq!(Announcement::read(&line).connected, 1);
    let mut client = server.client();
    client.cmd(&["CLIENT", "SETNAME", "web-1"]);
    let line = subscriber.until(|line| line.starts_with('{'));
    assert_eq!(Announcement::read(&line).names(), ["", "web-1"]);
}

#[test]
fn redis_py_shows_who_is_there() {
    let server = Server::start();
    let script = block("python").replace(
        "redis.Redis(",
        &format!("redis.Redis(port={}, ", server.port()),
    );
    let mut admin = server.client();
    super::set_frequency(&mut admin, 2);
    let program = Program::start(Command::new("/usr/bin/python3").args(["-u", "-c", &script]));
    program.until(|line| line == "2 of 2 clients online");
    program.until(|line| line.starts_with("  monitor: idle for "));
    let mut client = server.client();
    client.cmd(&["CLIENT", "SETNAME", "web-1"]);
    program.until(|line| line == "3 of 3 clients online");
    program.until(|line| line.starts_with("  web-1: idle for "));
}
