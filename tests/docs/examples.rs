//! Every example of the documentation gives what it shows.
//!
//! An example is a block of lines for `redis-cli` with the output it has on a terminal:
//!
//! ````text
//! <!-- varies: 299961 -->
//! ```redis-cli
//! > PRESENCE.TOUCHEX online EX 1 MEMBERS 1 alice
//! (integer) 1
//! # a second later
//! > PRESENCE.COUNT online
//! (integer) 0
//! ```
//! ````
//!
//! Each block starts with no keys at all. After a comment (`# …`) the command is repeated until it gives what is shown.
//! All output is compared as it stands, but for two kinds of integers: Unix times in ms (13 digits) that no command of
//! the block names, which must be in the same order and as far apart as they are shown; and numbers that are said to
//! vary, which must be of that size. The port of an address of this machine may be any. What follows `redis-cli` after
//! the fence are its arguments (`-3` for RESP3).
//!
//! A block that subscribes listens while the next block runs, and is compared when that is done.

use std::process::Command;
use std::sync::LazyLock;

use crate::common::{LIMIT, Server, wait_until};

use super::listening::Listener;
use super::{documents, read};

/// A command of an example.
struct Step<'a> {
    line: usize,
    command: &'a str,
    output: Vec<&'a str>,
    /// Whether time has to pass before it gives that.
    later: bool,
}

/// A block of examples.
#[derive(Default)]
struct Block<'a> {
    arguments: Vec<&'a str>,
    varies: Vec<i64>,
    steps: Vec<Step<'a>>,
}

/// The blocks of examples of a document.
fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = document.lines().zip(1..);
    let mut before = "";
    while let Some((fence, _)) = lines.next() {
        let Some(arguments) = fence.strip_prefix("```redis-cli") else {
            before = fence;
            continue;
        };
        let varies = before.strip_prefix("<!-- varies: ");
        let varies = varies.and_then(|rest| rest.strip_suffix(" -->"));
        let varies = varies.unwrap_or_default().split_whitespace();
        let mut block = Block {
            arguments: arguments.split_whitespace().collect(),
            varies: varies
                .map(|number| number.parse().expect("a number"))
                .collect(),
            steps: Vec::new(),
        };
        let mut later = false;
        for (text, line) in lines.by_ref().take_while(|(text, _)| *text != "```") {
            if let Some(command) = text.strip_prefix("> ") {
                block.steps.push(Step {
                    line,
                    command,
                    output: Vec::new(),
                    later: std::mem::take(&mut later),
                });
            } else if text.starts_with("# ") {
                later = true;
            } else {
                let step = block.steps.last_mut();
                step.expect("a block starts with a command")
                    .output
                    .push(text);
            }
        }
        blocks.push(block);
    }
    blocks
}

/// The command line of `redis-cli` that prints what it would on a terminal.
fn redis_cli(server: &Server, arguments: &[&str], command: &str) -> Command {
    static BINARY: LazyLock<&str> = LazyLock::new(|| {
        let runs = |binary: &&str| Command::new(binary).arg("--version").output().is_ok();
        let found = ["redis-cli", "valkey-cli"].into_iter().find(runs);
        found.expect("redis-cli or valkey-cli; run `make setup`")
    });
    assert!(!command.contains(['"', '\'']), "no quotes here: {command}");
    let mut cli = Command::new(*BINARY);
    cli.args(["-h", "127.0.0.1", "-p", &server.port().to_string()]);
    cli.arg("--no-raw").args(arguments);
    cli.args(command.split_whitespace());
    cli
}

/// What it prints.
fn printed(mut cli: Command) -> String {
    let output = cli.output().expect("it runs");
    String::from_utf8(output.stdout).expect("its output is text")
}

/// What an output may differ in from what is shown.
struct Comparison<'a> {
    block: &'a Block<'a>,
    /// When the block began, in Unix ms.
    start: i64,
    /// The times that were shown so far, and what they were.
    times: Vec<(i64, i64)>,
}

impl Comparison<'_> {
    /// Whether an output is what is shown.
    fn agrees(&mut self, shown: &[&str], output: &str) -> bool {
        let output: Vec<&str> = output.trim_end_matches('\n').split('\n').collect();
        let known = self.times.len();
        let agrees = shown.len() == output.len()
            && shown
                .iter()
                .zip(output)
                .all(|(shown, line)| *shown == line || self.values_agree(shown, line));
        if !agrees {
            self.times.truncate(known);
        }
        agrees
    }

    fn values_agree(&mut self, shown: &str, line: &str) -> bool {
        let split = |line: &str| -> Option<(String, u16)> {
            let (before, port) = line.split_once("\"127.0.0.1:")?;
            Some((before.to_owned(), port.strip_suffix('"')?.parse().ok()?))
        };
        match (split(shown), split(line)) {
            (Some((shown, _)), Some((label, _))) => shown == label,
            _ => self.integers_agree(shown, line),
        }
    }

    fn integers_agree(&mut self, shown: &str, line: &str) -> bool {
        let split = |line: &str| -> Option<(String, i64)> {
            let (before, number) = line.split_once("(integer) ")?;
            Some((before.to_owned(), number.parse().ok()?))
        };
        let (Some((label, shown)), Some((actual_label, actual))) = (split(shown), split(line))
        else {
            return false;
        };
        let varies =
            self.block.varies.contains(&shown) && (shown / 2..=shown * 2).contains(&actual);
        label == actual_label && (varies || self.times_agree(shown, actual))
    }

    fn times_agree(&mut self, shown: i64, actual: i64) -> bool {
        let written = shown.to_string();
        let mut steps = self.block.steps.iter();
        if written.len() != 13 || steps.any(|step| step.command.contains(&written)) {
            return false;
        }
        // In the same order, and as far apart but for what a slow machine adds.
        let slack = i64::try_from(LIMIT.as_millis()).expect("it is short");
        let fits = |&(other, other_actual): &(i64, i64)| {
            let (apart, actually) = (shown - other, actual - other_actual);
            match apart {
                0 => actually == 0,
                _ => apart.signum() * actually.signum() >= 0 && (apart - actually).abs() < slack,
            }
        };
        // What is kept in whole seconds may be from before the block began.
        let earliest = match actual % 1000 {
            0 => self.start - 1000,
            _ => self.start,
        };
        let agrees = actual >= earliest && self.times.iter().all(fits);
        self.times.push((shown, actual));
        agrees
    }
}

#[test]
fn every_example_gives_what_it_shows() {
    let mut wrong = Vec::new();
    let mut examples = 0;
    for path in documents() {
        let document = read(&path);
        let blocks = blocks(&document);
        if path.starts_with("docs/commands/") {
            assert!(!blocks.is_empty(), "{path} has no examples");
        }
        if blocks.is_empty() {
            continue;
        }
        // A server for each document, since an example may change the server's settings or users.
        let server = Server::start();
        let mut listening: Option<(Listener, &Step)> = None;
        'blocks: for block in &blocks {
            let mut client = server.client();
            client.cmd(&["FLUSHALL"]);
            let mut comparison = Comparison {
                block,
                start: client.now_ms(),
                times: Vec::new(),
            };
            for step in &block.steps {
                examples += 1;
                let place = format!("{path}:{}: {}", step.line, step.command);
                let cli = || redis_cli(&server, &block.arguments, step.command);
                if Listener::is_meant_by(step.command) {
                    assert!(block.steps.len() == 1 && listening.is_none(), "{place}");
                    let listener = Listener::start(cli());
                    wait_until(LIMIT, format!("{place}: it listens"), || {
                        listener.lines().len() >= 3 * (step.command.split(' ').count() - 1)
                    });
                    listening = Some((listener, step));
                    continue 'blocks;
                }
                let run = || printed(cli());
                if step.later {
                    let shown = step.output.join("\n");
                    wait_until(LIMIT, format!("{place}\n{shown}"), || {
                        comparison.agrees(&step.output, &run())
                    });
                    continue;
                }
                let output = run();
                if !comparison.agrees(&step.output, &output) {
                    let shown = step.output.join("\n");
                    wrong.push(format!("{place}\nshown:\n{shown}\noutput:\n{output}"));
                }
            }
            if let Some((listener, step)) = listening.take() {
                let what = format!("{path}:{} hears {:#?}", step.line, step.output);
                wait_until(LIMIT, what, || listener.lines() == step.output);
            }
            assert!(listening.is_none(), "{path}: nothing to listen to");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(examples > 50, "only {examples} examples were found");
}
