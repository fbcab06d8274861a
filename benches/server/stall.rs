//! What another client waits for its PING while the server is busy.
//!
//! On a machine with other work, some of that time the server or the client was ready to run and no CPU was free. The
//! kernel counts it (`/proc/…/schedstat`), so the longest wait is also given without it; that is what is judged.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// Commands from this many µs on are in the slow log.
pub const SLOW_MICROS: u64 = 500;

/// How long the client waits between a reply and the next PING: it is not to take the CPU from those it watches.
pub const INTERVAL: Duration = Duration::from_micros(100);

/// Whose work is watched.
#[derive(Clone, Copy, PartialEq)]
pub enum Whose {
    /// The module's.
    Module,
    /// That of what people use instead.
    Idiom,
    /// Nobody's: what waiting there is on this machine anyway.
    Machine,
}

/// What was seen during one piece of work.
pub struct Stall {
    /// What went on.
    pub what: String,
    /// Whose work it was.
    pub whose: Whose,
    /// How many PINGs were sent.
    pub pings: usize,
    /// All waits, from the shortest on, with those of the PINGs that were not sent because one waited.
    waits: Vec<Duration>,
    /// The longest wait, without the time that no CPU was free.
    pub without_queue: Duration,
    /// The command that took longest, where one took so long that it is in the slow log.
    pub slowest_command: Option<(String, Duration)>,
}

impl Stall {
    /// Sums up waits, of which there must be at least one.
    pub fn of(
        what: &str,
        whose: Whose,
        waits: &[Wait],
        slowest_command: Option<(String, Duration)>,
    ) -> Self {
        let without_queue = waits.iter().map(Wait::without_queue).max();
        Self {
            what: what.into(),
            whose,
            pings: waits.len(),
            waits: all_waits(waits),
            without_queue: without_queue.expect("something was waited for"),
            slowest_command,
        }
    }

    /// Of several times the same work the one with the least longest wait. What others wait for the work itself comes back
    /// each time; what the machine does meanwhile is only ever added.
    pub fn quietest(times: Vec<Self>) -> Self {
        let quietest = times.into_iter().min_by_key(|stall| stall.without_queue);
        quietest.expect("it was watched")
    }

    /// The wait that so many of a thousand did not exceed.
    pub fn permille(&self, share: f64) -> Duration {
        self.waits[((self.waits.len() - 1) as f64 * share / 1000.0) as usize]
    }

    /// How long the slowest command took; what is not in the slow log took less than what is.
    pub fn slowest_took(&self) -> Duration {
        let slowest = self.slowest_command.as_ref().map(|(_, took)| *took);
        slowest.unwrap_or(Duration::from_micros(SLOW_MICROS))
    }

    /// The longest wait.
    pub fn slowest(&self) -> Duration {
        self.permille(1000.0)
    }
}

/// The waits as a client would see them that does not wait for its replies, but sends one each [`INTERVAL`]: behind a PING
/// that took long others would have waited too, each a little less. Without them a long stall would count as one wait.
fn all_waits(pings: &[Wait]) -> Vec<Duration> {
    let mut waits = Vec::with_capacity(pings.len());
    for ping in pings {
        let mut wait = Some(ping.whole);
        while let Some(left) = wait.filter(|left| !left.is_zero()) {
            waits.push(left);
            wait = left.checked_sub(INTERVAL);
        }
    }
    waits.sort();
    waits
}

/// How long one PING took.
pub struct Wait {
    whole: Duration,
    /// Of it, how long the server or the client was ready to run and no CPU was free.
    queued: Duration,
}

impl Wait {
    /// Times `f`, and how long those whose queues these are waited for a CPU meanwhile.
    pub fn time(queues: &[&Queue], f: impl FnOnce()) -> Self {
        let queued = || -> Duration { queues.iter().map(|queue| queue.waited()).sum() };
        let before = queued();
        let start = Instant::now();
        f();
        let whole = start.elapsed();
        Self {
            whole,
            queued: queued() - before,
        }
    }

    fn without_queue(&self) -> Duration {
        self.whole.saturating_sub(self.queued)
    }
}

/// How long a thread has run and waited for a CPU so far, where the kernel tells.
pub struct Queue(Option<File>);

impl Queue {
    /// The queue of a thread, by its folder in `/proc`.
    pub fn of(thread: &str) -> Self {
        Self(File::open(format!("/proc/{thread}/schedstat")).ok())
    }

    /// How long it has run.
    pub fn ran(&self) -> Duration {
        self.number(0)
    }

    /// How long it was ready to run and did not.
    fn waited(&self) -> Duration {
        self.number(1)
    }

    /// One of the kernel's numbers, which are in ns.
    fn number(&self, at: usize) -> Duration {
        let mut text = [0; 64];
        let read = self.0.as_ref().map(|file| file.read_at(&mut text, 0));
        let text = match read {
            Some(Ok(length)) => String::from_utf8_lossy(&text[..length]),
            _ => return Duration::ZERO,
        };
        let nanos = text.split(' ').nth(at).and_then(|nanos| nanos.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }
}
