//! Another client that sends PINGs while the server is busy.
//!
//! It sends them over a Unix socket: the network between two programs of one machine is work of the kernel that waits
//! for a CPU like any other.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use redis::Value;

use crate::measure::{Bench, SOCKET};
use crate::stall::{INTERVAL, Queue, SLOW_MICROS, Stall, Wait, Whose};

/// Runs `body` while another client sends PINGs. Returns what `body` does and what the client saw.
pub fn watch<R>(
    bench: &mut Bench,
    whose: Whose,
    what: &str,
    body: impl FnOnce(&mut Bench) -> R,
) -> (R, Stall) {
    bench.progress(&format!("stalls while {what}"));
    // What was freed before is given back to the kernel now. The allocator would do so within some command: whoever frees
    // the last block between stretches of 8 MB and more gives all of them back, which takes it some ms (jemalloc's
    // `oversize_threshold`).
    bench.control.call(&["MEMORY", "PURGE"]);
    set_slow_log(bench, &SLOW_MICROS.to_string());
    bench.control.call(&["SLOWLOG", "RESET"]);
    let pid = bench.server.pid();
    let stop = AtomicBool::new(false);
    let (result, pings) = thread::scope(|scope| {
        let pinger = Pinger::connect(pid);
        let pinger = scope.spawn(|| pinger.run(&stop));
        let result = body(bench);
        stop.store(true, Ordering::Relaxed);
        (result, pinger.join().expect("the pinger does not panic"))
    });
    let slowest_command = slowest_command(bench);
    set_slow_log(bench, "-1");
    (result, Stall::of(what, whose, &pings, slowest_command))
}

/// The other client.
struct Pinger {
    server: u32,
    stream: UnixStream,
}

impl Pinger {
    /// Connects to the server that is process `server`, and has been answered once.
    fn connect(server: u32) -> Self {
        // The server's folder may have a longer name than a socket can.
        let path = format!("/proc/{server}/cwd/{SOCKET}");
        let stream = UnixStream::connect(path).expect("the server accepts");
        let mut pinger = Self { server, stream };
        pinger.ping();
        pinger
    }

    fn ping(&mut self) {
        let mut reply = [0; 7];
        self.stream
            .write_all(b"PING\r\n")
            .expect("the server reads");
        self.stream
            .read_exact(&mut reply)
            .expect("the server answers");
    }

    /// Sends PINGs until told to stop.
    fn run(mut self, stop: &AtomicBool) -> Vec<Wait> {
        let own = Queue::of("thread-self");
        let server = Queue::of(&format!("{0}/task/{0}", self.server));
        let mut pings = Vec::new();
        while !stop.load(Ordering::Relaxed) || pings.is_empty() {
            pings.push(Wait::time(&[&own, &server], || self.ping()));
            thread::sleep(INTERVAL);
        }
        pings
    }
}

fn set_slow_log(bench: &mut Bench, micros: &str) {
    bench
        .control
        .call(&["CONFIG", "SET", "slowlog-log-slower-than", micros]);
}

/// The command that took longest, and how long, where one is in the slow log.
fn slowest_command(bench: &mut Bench) -> Option<(String, Duration)> {
    let Value::Array(entries) = bench.control.call(&["SLOWLOG", "GET", "128"]) else {
        panic!("SLOWLOG GET answers an array");
    };
    let entries = entries.into_iter().map(|entry| match entry {
        Value::Array(fields) => match &fields[2..4] {
            [Value::Int(micros), Value::Array(args)] => {
                let name = redis::from_redis_value(args[0].clone()).expect("a name");
                (*micros as u64, name)
            }
            other => panic!("not what the slow log has: {other:?}"),
        },
        other => panic!("not an entry of the slow log: {other:?}"),
    });
    let (micros, name): (u64, String) = entries.max()?;
    Some((name, Duration::from_micros(micros)))
}
