//! The server under measurement, and what of it is measured: its own CPU time, its memory.

use std::time::Instant;

use redis::Value;

use super::common::{Builder, Server};
use super::connection::Connection;
use super::floor;
use super::load::Load;
use super::members::Members;
use super::scale::Scale;

/// How often each figure is taken; the one in the middle counts.
pub const ROUNDS: u64 = 5;
/// How many members go into one command where it is their number that matters.
pub const BATCH: usize = 100;
/// How often each member is refreshed before it is measured or weighed.
pub const REFRESHES: usize = 3;

/// A socket of the server, in its folder, for clients that the network is not to slow down.
pub const SOCKET: &str = "bench.sock";

/// How many members or keys are sent at a time while others are watched.
const PART: usize = 1_000;

/// Longer than a run: nobody goes offline meanwhile.
pub const TTL_MS: &str = "36000000";

/// A running server with the module and the floor's, and two connections to it.
pub struct Bench {
    /// The sizes of this run.
    pub scale: Scale,
    /// The server.
    pub server: Server,
    /// For single commands between measurements.
    pub control: Connection,
    load: Connection,
    started: Instant,
    score: u64,
}

impl Bench {
    /// Starts a server with the module that is measured.
    pub fn start(scale: Scale) -> Self {
        Self::of(scale, Server::builder())
    }

    /// Starts a server that has these settings, and those that a measurement needs.
    pub fn of(scale: Scale, builder: Builder) -> Self {
        let server = builder
            .arg(&format!("loadmodule \"{}\"", floor::build().display()))
            .arg(&format!("unixsocket {SOCKET}"))
            .arg("client-output-buffer-limit normal 0 0 0")
            .module_args(&format!("default-ttl {TTL_MS}"))
            .start();
        let mut bench = Self {
            scale,
            control: Connection::new(server.port()),
            load: Connection::new(server.port()),
            server,
            started: Instant::now(),
            score: 0,
        };
        bench.score = bench.now_ms() * SCORES_A_MILLI;
        bench
    }

    /// Says on the standard error what is going on.
    pub fn progress(&self, what: &str) {
        eprintln!("[{:6.1} s] {what}", self.started.elapsed().as_secs_f64());
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// The server's clock in Unix ms.
    pub fn now_ms(&mut self) -> u64 {
        let time: Vec<u64> = redis::from_redis_value(self.control.call(&["TIME"])).expect("TIME");
        time[0] * 1000 + time[1] / 1000
    }

    /// Whether the server is a Valkey.
    pub fn is_valkey(&mut self) -> bool {
        self.server_name().starts_with("Valkey")
    }

    /// `Redis 7.0.15`, `Valkey 9.1.2`.
    pub fn server_name(&mut self) -> String {
        let info = self.control.call(&["INFO", "server"]);
        let info: String = redis::from_redis_value(info).expect("INFO is text");
        let version = |field| info.lines().find_map(|line| line.strip_prefix(field));
        match (version("valkey_version:"), version("redis_version:")) {
            (Some(version), _) => format!("Valkey {version}"),
            (None, Some(version)) => format!("Redis {version}"),
            (None, None) => panic!("INFO has no version: {info}"),
        }
    }

    /// Whether the server has a command.
    pub fn has_command(&mut self, name: &str) -> bool {
        let Value::Array(found) = self.control.call(&["COMMAND", "INFO", name]) else {
            panic!("COMMAND INFO answers an array");
        };
        found.iter().any(|command| *command != Value::Nil)
    }

    /// A time for a ZADD, as a client would send it: ms that pass as they do under a load of this kind.
    fn next_score(&mut self) -> u64 {
        self.score += 1;
        self.score / SCORES_A_MILLI
    }

    /// `ZADD key score member ...` of all members, so many in each command, at the times that clients would send.
    pub fn zadd(&mut self, key: &str, members: &[String], in_each: usize) -> Load {
        Load::zadd(key, members, in_each, || self.next_score())
    }

    /// `ZADD key score member ...` of all members, with times in the order of `places`, which leaves the set as refreshes in
    /// that order would; those of millions would take far longer than anything that is measured.
    pub fn zadd_refreshed(&mut self, key: &str, members: &[String], places: &[usize]) -> Load {
        let newest = self.next_score();
        let mut places = places.iter();
        Load::zadd(key, members, BATCH, || {
            let place = places.next().expect("each member has a place");
            newest - (self.scale.huge - place) as u64 / SCORES_A_MILLI
        })
    }

    /// Makes a presence key, and a sorted set of the same members, as a day of use leaves them: each member came once
    /// and was refreshed three times, all in random order.
    pub fn populate(&mut self, presence: &str, zset: &str) {
        let size = self.scale.members;
        self.progress(&format!("{}, refreshed", super::of_members(size)));
        for (times, seed) in [(1, 3), (REFRESHES, 4)] {
            let members = Members::SHORT.shuffled(size, times, seed);
            let load = self.zadd(zset, &members, BATCH);
            self.pump(&load);
            self.pump(&Load::batches(
                &["PRESENCE.TOUCH", presence],
                &members,
                BATCH,
            ));
        }
    }

    /// Sends commands and waits for their replies.
    pub fn pump(&mut self, load: &Load) {
        self.load.pump(load);
    }

    /// Sends commands about these numbers, those of a few at a time: what the server has at hand it works off in one turn,
    /// and others wait for that.
    pub fn pump_parts(
        &mut self,
        numbers: &[usize],
        mut load: impl FnMut(&mut Self, &[usize]) -> Load,
    ) {
        for part in numbers.chunks(PART) {
            let load = load(self, part);
            self.pump(&load);
        }
    }

    /// CPU time that the main thread needed for each command of a load, in ns.
    pub fn cost(&mut self, load: &Load) -> f64 {
        let before = self.control.main_thread_cpu();
        self.load.pump(load);
        (self.control.main_thread_cpu() - before) / load.commands as f64 * 1e9
    }

    /// What a command costs of two loads, side by side: each is made and measured in turns, and the middle of each
    /// one's figures counts.
    pub fn compare(
        &mut self,
        what: &str,
        mut theirs: impl FnMut(&mut Self, u64) -> Load,
        mut ours: impl FnMut(&mut Self, u64) -> Load,
    ) -> (f64, f64) {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let load = theirs(self, round);
            a.push(self.cost(&load));
            let load = ours(self, round);
            b.push(self.cost(&load));
        }
        let (theirs, ours) = (median(a), median(b));
        self.progress(&format!("{what}: {ours:.0} ns beside {theirs:.0} ns"));
        (theirs, ours)
    }

    /// Bytes that the server has allocated for its data, the buffers of clients left out.
    pub fn data_bytes(&mut self) -> f64 {
        let mut field = |name| self.control.info_number("memory", name);
        field("used_memory") - field("mem_clients_normal")
    }

    /// By how much the server's data grows when `fill` fills it; it is emptied again.
    pub fn bytes_taken(&mut self, fill: impl FnOnce(&mut Self)) -> f64 {
        let before = self.data_bytes();
        fill(self);
        let after = self.data_bytes();
        self.flush();
        after - before
    }

    /// Removes everything, before it returns.
    pub fn flush(&mut self) {
        self.control.call(&["FLUSHALL", "SYNC"]);
    }
}

/// Touches that a server at full speed has in one ms.
const SCORES_A_MILLI: u64 = 400;

/// The middle one.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
