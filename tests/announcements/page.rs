//! The programs in docs/announcements.md show what they say.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Announcement;
use crate::common::{Program, Server};

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
    let program = Program::python(&["-c", &script]);
    program.until(|line| line == "2 of 2 clients online");
    program.until(|line| line.starts_with("  monitor: idle for "));
    let mut client = server.client();
    client.cmd(&["CLIENT", "SETNAME", "web-1"]);
    program.until(|line| line == "3 of 3 clients online");
    program.until(|line| line.starts_with("  web-1: idle for "));
}
