//! What tests ask a server about its presence keys, and what it has written down.

use std::fs;

use super::builder::Builder;
use super::client::Client;
use super::server::Server;
use super::wait::{LIMIT, wait_until};
use super::wire;

/// What a server's log has when the server or the module went wrong.
const SIGNS_OF_A_BUG: [&str; 4] = [
    "BUG REPORT",
    "ASSERTION FAILED",
    "crashed by signal",
    "internal error",
];

impl Builder {
    /// Starts a server that has replayed this log, and evicts nothing.
    #[track_caller]
    pub fn start_replaying(self, log: &[u8]) -> Server {
        let mut server = self
            .arg("appendonly yes")
            .module_args("sweep-interval 60000")
            .start();
        let file = server.dir().join("appendonlydir/appendonly.aof.1.incr.aof");
        server.kill9();
        fs::write(file, log).expect("a file to write");
        server.start_again();
        server.client().cmd(&["CONFIG", "SET", "appendonly", "no"]);
        server
    }
}

impl Server {
    /// A server that writes down what it replicates and evicts nothing by itself, and a client of it.
    #[track_caller]
    pub fn start_recording() -> (Self, Client) {
        let server = Self::builder()
            .arg("appendonly yes")
            .module_args("sweep-interval 60000")
            .start();
        let client = server.client();
        (server, client)
    }

    /// A number of `INFO presence`: `presence("members")` is `presence_members`.
    #[track_caller]
    pub fn presence(&self, field: &str) -> u64 {
        let value = self.info_field("presence", &format!("presence_{field}"));
        value.parse().expect("a number")
    }

    /// Waits until so many members are stored, in all keys and databases: no more are to be evicted.
    #[track_caller]
    pub fn wait_members(&self, members: u64) {
        wait_until(LIMIT, format!("{members} members are stored"), || {
            self.presence("members") == members
        });
    }

    /// Which run of the server this is; see [`Server::assert_sound`].
    #[track_caller]
    pub fn run_id(&self) -> String {
        self.info_field("server", "run_id")
    }

    /// The server is still the process that it was, and nothing in its log says that something is broken.
    #[track_caller]
    pub fn assert_sound(&self, run_id: &str) {
        assert_eq!(self.run_id(), run_id, "the server was started again");
        self.assert_clean_log();
    }

    /// Nothing in the log says that something is broken.
    #[track_caller]
    pub fn assert_clean_log(&self) {
        let log = self.log();
        for sign in SIGNS_OF_A_BUG {
            assert!(!log.contains(sign), "{sign}: {}", self.log_text());
        }
    }

    /// The commands in the newest part of the append-only file, each as one line; the choice of a database is left out.
    /// It is what replicas are sent, too.
    pub fn aof(&self) -> Vec<String> {
        self.part_of_log(".incr.aof")
    }

    /// The commands in the part that the last rewrite without preamble has made.
    pub fn rewritten_log(&self) -> Vec<String> {
        self.part_of_log(".base.aof")
    }

    /// Has the append-only file rewritten.
    #[track_caller]
    pub fn rewrite_log(&self) {
        let finished = || {
            let log = self.log();
            log.matches("Background AOF rewrite finished successfully")
                .count()
        };
        let before = finished();
        self.client().cmd(&["BGREWRITEAOF"]);
        wait_until(LIMIT, "the log is rewritten", || finished() > before);
    }

    fn part_of_log(&self, ending: &str) -> Vec<String> {
        let folder = self.dir().join("appendonlydir");
        let mut parts: Vec<_> = fs::read_dir(folder)
            .expect("the append-only file is on")
            .map(|entry| entry.expect("a folder that can be read").path())
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .collect();
        parts.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
        let newest = parts.last().expect("such a part");
        let bytes = fs::read(newest).expect("a file that can be read");
        wire::commands(&bytes)
            .into_iter()
            .filter(|command| !command.starts_with("SELECT "))
            .collect()
    }
}
