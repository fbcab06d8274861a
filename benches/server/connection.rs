//! A connection that pipelines: one thread writes all there is, another counts the replies that come back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use redis::Value;

use super::load::Load;

/// So many bytes the kernel takes from a client that does not read meanwhile.
const AT_ONCE: usize = 64 * 1024;

/// A connection to a server on this machine. It waits for as long as it takes.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn new(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts");
        stream.set_nodelay(true).expect("a live socket");
        Self {
            stream,
            buffer: vec![0; 256 * 1024],
        }
    }

    /// Sends all commands and waits for all replies.
    ///
    /// # Panics
    /// When a reply is an error.
    pub fn pump(&mut self, load: &Load) {
        if load.bytes.len() <= AT_ONCE {
            self.stream.write_all(&load.bytes).expect("a live socket");
            return self.count_replies(load.commands);
        }
        let mut writer = self.stream.try_clone().expect("a second handle");
        thread::scope(|scope| {
            scope.spawn(move || {
                // Should the reader panic the socket is shut down, and it is that panic which is to be seen.
                let _ = writer.write_all(&load.bytes);
            });
            self.count_replies(load.commands);
        });
    }

    /// Waits for so many replies.
    fn count_replies(&mut self, count: usize) {
        let mut replies = Replies::default();
        while replies.whole < count {
            let read = self.stream.read(&mut self.buffer).expect("a live socket");
            if let Err(error) = replies.take(&self.buffer[..read]) {
                let _ = self.stream.shutdown(Shutdown::Both);
                panic!("the server answers: {error}");
            }
            assert!(read > 0, "the server hung up");
        }
    }

    /// The reply to one command.
    ///
    /// # Panics
    /// When it is an error.
    pub fn call(&mut self, args: &[&str]) -> Value {
        let load = Load::repeat(args, 1);
        self.stream.write_all(&load.bytes).expect("a live socket");
        let (mut replies, mut bytes) = (Replies::default(), Vec::new());
        while replies.whole < 1 {
            let read = self.stream.read(&mut self.buffer).expect("a live socket");
            if let Err(error) = replies.take(&self.buffer[..read]) {
                panic!("{args:?}: {error}");
            }
            assert!(read > 0, "{args:?}: the server hung up");
            bytes.extend_from_slice(&self.buffer[..read]);
        }
        redis::parse_redis_value(&bytes).expect("whole RESP")
    }

    /// As [`call`](Self::call), for a text.
    pub fn text(&mut self, args: &[&str]) -> String {
        match self.call(args) {
            Value::BulkString(text) => String::from_utf8_lossy(&text).into_owned(),
            other => panic!("{args:?} has answered {other:?}"),
        }
    }

    /// The integer that one command answers.
    pub fn int(&mut self, args: &[&str]) -> i64 {
        match self.call(args) {
            Value::Int(number) => number,
            other => panic!("{args:?}: not an integer: {other:?}"),
        }
    }

    /// One field of a section of INFO.
    pub fn info(&mut self, section: &str, field: &str) -> String {
        let Value::BulkString(text) = self.call(&["INFO", section]) else {
            panic!("INFO is a string");
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        match value {
            Some(value) => value.trim().to_owned(),
            None => panic!("no {field} in INFO {section}: {text}"),
        }
    }

    /// The same, of a field that is a number.
    pub fn info_number(&mut self, section: &str, field: &str) -> f64 {
        let value = self.info(section, field);
        value.parse().expect("a number")
    }

    /// CPU seconds of the server's main thread.
    pub fn main_thread_cpu(&mut self) -> f64 {
        self.info_number("cpu", "used_cpu_user_main_thread")
            + self.info_number("cpu", "used_cpu_sys_main_thread")
    }

    /// CPU seconds of the server's child processes that have ended.
    pub fn children_cpu(&mut self) -> f64 {
        self.info_number("cpu", "used_cpu_user_children")
            + self.info_number("cpu", "used_cpu_sys_children")
    }
}

/// Counts RESP2 replies without keeping them.
#[derive(Default)]
pub struct Replies {
    /// Replies that were whole.
    pub whole: usize,
    /// Values of the current reply that are still to come.
    to_come: usize,
    /// Bytes of a string that are still to come.
    skip: usize,
    /// The beginning of a line that is not whole yet.
    line: Vec<u8>,
}

impl Replies {
    /// Goes on with the next bytes. The text of an error reply is an error.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                bytes = &bytes[skipped..];
                self.skip -= skipped;
                if self.skip == 0 {
                    self.value(0);
                }
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                self.line.extend_from_slice(bytes);
                return Ok(());
            };
            if self.line.is_empty() {
                self.take_line(&bytes[..end])?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&bytes[..end]);
                self.take_line(&line)?;
            }
            bytes = &bytes[end + 1..];
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), String> {
        let text = || String::from_utf8_lossy(line).trim_end().to_owned();
        let number = || -> usize {
            // -1 is a string or an array that is none.
            text()[1..].parse().unwrap_or(usize::MAX)
        };
        match line.first() {
            Some(b'+' | b':') => self.value(0),
            Some(b'$') => match number() {
                usize::MAX => self.value(0),
                length => self.skip = length + 2,
            },
            Some(b'*') => match number() {
                usize::MAX => self.value(0),
                elements => self.value(elements),
            },
            _ => return Err(text()),
        }
        Ok(())
    }

    /// A value has ended, or is an array of `elements` that follow.
    fn value(&mut self, elements: usize) {
        // With nothing more to come, it begins the next reply.
        self.to_come = self.to_come.max(1) - 1 + elements;
        if self.to_come == 0 {
            self.whole += 1;
        }
    }
}
