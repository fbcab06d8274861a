//! What another client waits for its PING while the server is busy.
//!
//! It sends them over a Unix socket: the network between two programs of one machine is work of the kernel that waits for
//! a CPU like any other. On a machine with other work, some of that time the server or the client was ready to run and no CPU was free. The
//! kernel counts it (`/proc/…/schedstat`), so the longest wait is also given without it; that is what is judged.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis::Value;

use super::measure::Bench;
use super::report::Report;
use super::scale::grouped;

/// The server's socket for this, in its folder.
pub const SOCKET: &str = "bench.sock";

/// Commands from this many µs on are in the slow log.
const SLOW_MICROS: &str = "500";

/// Runs `body` while another client sends PING as fast as it is answered, and puts what that client saw into the report.
/// Returns what `body` does, and the longest wait in ms, without the time that no CPU was free.
pub fn watch<R>(
    bench: &mut Bench,
    report: &mut Report,
    what: &str,
    body: impl FnOnce(&mut Bench) -> R,
) -> (R, f64) {
    bench.progress(&format!("stalls while {what}"));
    let control = &mut bench.control;
    control.call(&["CONFIG", "SET", "slowlog-log-slower-than", SLOW_MICROS]);
    control.call(&["SLOWLOG", "RESET"]);
    let pid = bench.server.pid();
    let stop = AtomicBool::new(false);
    let (result, mut waits) = thread::scope(|scope| {
        let pinger = scope.spawn(|| ping(pid, &stop));
        let result = body(bench);
        stop.store(true, Ordering::Relaxed);
        (result, pinger.join().expect("the pinger does not panic"))
    });
    let slowest_command = slowest_command(bench);
    bench
        .control
        .call(&["CONFIG", "SET", "slowlog-log-slower-than", "-1"]);
    let own = waits.iter().map(|wait| wait.without_queue()).max();
    let own = own.expect("PING was sent at least once");
    waits.sort_by_key(|wait| wait.whole);
    let share = |part: f64| show(waits[((waits.len() - 1) as f64 * part) as usize].whole);
    report.add_stall(format!(
        "| {what} | {} | {} | {} | {} | {} | {} | {slowest_command} |",
        grouped(waits.len() as u64),
        share(0.5),
        share(0.99),
        share(0.999),
        share(1.0),
        show(own),
    ));
    (result, own.as_secs_f64() * 1e3)
}

/// How long one PING took.
struct Wait {
    whole: Duration,
    /// Of it, how long the server or the client was ready to run and no CPU was free.
    queued: Duration,
}

impl Wait {
    fn without_queue(&self) -> Duration {
        self.whole.saturating_sub(self.queued)
    }
}

/// How long a thread has waited for a CPU so far, where the kernel tells.
struct Queue(Option<File>);

impl Queue {
    fn of(thread: &str) -> Self {
        Self(File::open(format!("/proc/{thread}/schedstat")).ok())
    }

    /// The second number: ns ready to run and not running.
    fn waited(&self) -> Duration {
        let mut text = [0; 64];
        let read = self.0.as_ref().map(|file| file.read_at(&mut text, 0));
        let text = match read {
            Some(Ok(length)) => String::from_utf8_lossy(&text[..length]),
            _ => return Duration::ZERO,
        };
        let nanos = text.split(' ').nth(1).and_then(|nanos| nanos.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }
}

/// Sends PING to the server that is process `pid` until told to stop.
fn ping(pid: u32, stop: &AtomicBool) -> Vec<Wait> {
    // The server's folder may have a longer name than a socket can.
    let path = format!("/proc/{pid}/cwd/{SOCKET}");
    let mut stream = UnixStream::connect(path).expect("the server accepts");
    let queues = [
        Queue::of("thread-self"),
        Queue::of(&format!("{pid}/task/{pid}")),
    ];
    let queued = || -> Duration { queues.iter().map(Queue::waited).sum() };
    let mut waits = Vec::new();
    let mut reply = [0; 7];
    while !stop.load(Ordering::Relaxed) || waits.is_empty() {
        let before = queued();
        let start = Instant::now();
        stream.write_all(b"PING\r\n").expect("the server reads");
        stream.read_exact(&mut reply).expect("the server answers");
        let whole = start.elapsed();
        waits.push(Wait {
            whole,
            queued: queued() - before,
        });
    }
    waits
}

/// The command that took longest, and how long.
fn slowest_command(bench: &mut Bench) -> String {
    let Value::Array(entries) = bench.control.call(&["SLOWLOG", "GET", "128"]) else {
        panic!("SLOWLOG GET answers an array");
    };
    let entries = entries.into_iter().map(|entry| match entry {
        Value::Array(fields) => match &fields[2..4] {
            [Value::Int(micros), Value::Array(args)] => {
                let name = redis::from_redis_value(args[0].clone()).expect("a name");
                (*micros, name)
            }
            other => panic!("not what the slow log has: {other:?}"),
        },
        other => panic!("not an entry of the slow log: {other:?}"),
    });
    match entries.max() {
        Some((micros, name)) => {
            let name: String = name;
            format!("`{name}`, {}", show(Duration::from_micros(micros as u64)))
        }
        None => format!("none over {SLOW_MICROS} µs"),
    }
}

/// A wait as text.
fn show(wait: Duration) -> String {
    format!("{:.2} ms", wait.as_secs_f64() * 1e3)
}
