//! Commands encoded ahead of being sent, so that the server and not the client is the limit.

use std::io::Write;

/// Encoded commands.
#[derive(Default)]
pub struct Load {
    /// What is sent.
    pub bytes: Vec<u8>,
    /// How many commands that is.
    pub commands: usize,
}

impl Load {
    /// `count` times the same command.
    pub fn repeat(args: &[&str], count: usize) -> Self {
        let mut load = Self::default();
        load.push(args);
        Self {
            bytes: load.bytes.repeat(count),
            commands: count,
        }
    }

    /// Takes all commands away.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.commands = 0;
    }

    /// Adds the commands of another.
    pub fn append(&mut self, other: Self) {
        self.bytes.extend_from_slice(&other.bytes);
        self.commands += other.commands;
    }

    /// Adds a command.
    pub fn push(&mut self, args: &[&str]) {
        self.begin(args.len());
        for arg in args {
            self.arg(arg.as_bytes());
        }
    }

    /// Begins a command of so many arguments, its name among them.
    fn begin(&mut self, arguments: usize) {
        self.line(b'*', arguments);
        self.commands += 1;
    }

    /// Adds an argument of the command that was begun.
    fn arg(&mut self, arg: &[u8]) {
        self.line(b'$', arg.len());
        self.bytes.extend_from_slice(arg);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// Adds a line of a length. Most lengths have one or two digits, and there are hundreds of millions of them.
    fn line(&mut self, kind: u8, length: usize) {
        self.bytes.push(kind);
        match length {
            0..10 => self.bytes.push(b'0' + length as u8),
            10..100 => self
                .bytes
                .extend([b'0' + (length / 10) as u8, b'0' + (length % 10) as u8]),
            _ => write!(self.bytes, "{length}").expect("memory takes all"),
        }
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// Commands that begin with `head` and go through `members`, so many in each.
    pub fn batches(head: &[&str], members: &[String], in_each: usize) -> Self {
        let mut load = Self::default();
        for batch in members.chunks(in_each) {
            load.begin(head.len() + batch.len());
            for arg in head {
                load.arg(arg.as_bytes());
            }
            for member in batch {
                load.arg(member.as_bytes());
            }
        }
        load
    }

    /// `ZADD key score member ...` in the same way; `score` gives the next member's.
    pub fn zadd(
        key: &str,
        members: &[String],
        in_each: usize,
        mut score: impl FnMut() -> u64,
    ) -> Self {
        let mut load = Self::default();
        for batch in members.chunks(in_each) {
            load.begin(2 + 2 * batch.len());
            load.arg(b"ZADD");
            load.arg(key.as_bytes());
            for member in batch {
                load.arg(score().to_string().as_bytes());
                load.arg(member.as_bytes());
            }
        }
        load
    }
}
