//! Programs of the documentation while they run.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use super::LIMIT;

/// The interpreter that the distribution's redis-py belongs to.
pub const PYTHON: &str = "/usr/bin/python3";

/// A program that runs until it is dropped, and the lines that it prints.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Program {
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

    /// Starts Python with these arguments.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn python(arguments: &[&str]) -> Program {
        Program::start(Command::new(PYTHON).arg("-u").args(arguments))
    }

    /// The next line.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    pub fn line(&self) -> String {
        self.until(|_| true)
    }

    /// The first line from now on of which this holds.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    pub fn until(&self, holds: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        let mut others = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if holds(&line) => return line,
                Ok(line) => others.push(line),
                Err(error) => panic!("the line does not come, but {others:#?}: {error}"),
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
