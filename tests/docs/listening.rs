//! Examples that listen: `redis-cli` prints what comes, until it is stopped.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// A running `redis-cli` that was told to subscribe to something.
pub struct Listener {
    child: Child,
    printed: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    /// Whether this is a command to listen with.
    pub fn is_meant_by(command: &str) -> bool {
        command.starts_with("SUBSCRIBE ") || command.starts_with("PSUBSCRIBE ")
    }

    /// Starts the `redis-cli` that has all its arguments.
    pub fn start(mut cli: Command) -> Listener {
        let child = cli.stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{cli:?}: {error}; run `make setup`"));
        let mut output = child.stdout.take().expect("it is piped");
        let printed = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&printed);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Until it ends. A line is printed without its end before the next one comes.
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                let mut to = to.lock().expect("no panic while locked");
                to.extend_from_slice(&buffer[..read]);
            }
        });
        Listener { child, printed }
    }

    /// What it has printed so far.
    pub fn lines(&self) -> Vec<String> {
        let printed = self.printed.lock().expect("no panic while locked");
        let text = String::from_utf8_lossy(&printed);
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("Reading messages"));
        lines.map(String::from).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended by itself, by an error that it has printed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
