//! Requests over many connections, each of which waits for its replies before it goes on, as `redis-benchmark` makes them.
//! That cannot send a `ZADD` whose score is the time: its scores are random ones, and cost a sorted set more.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::poll::Poll;
use crate::connection::Replies;
use crate::load::Load;
use crate::names::random::Random;
use crate::stall::Queue;

/// How many connections there are.
const CONNECTIONS: usize = 50;
/// Threads that make requests: half of the machine's CPUs, but no more than these.
const MOST_THREADS: usize = 4;

/// Adds a request; the number is the time, in Unix ms.
pub type Request = dyn Fn(&mut Load, &mut Random, u64) + Sync;

/// What the clients saw.
pub struct Seen {
    pub requests: usize,
    pub took: Duration,
    /// What 99 of 100 requests were answered in.
    pub p99: Duration,
    /// How much of the time a thread that makes requests was busy.
    pub share: f64,
}

/// One of the connections.
struct Client {
    stream: TcpStream,
    requests: Load,
    replies: Replies,
    sent: Instant,
}

/// What one thread saw: how long each of its turns took, and for how long it was busy.
struct Turns {
    waits: Vec<Duration>,
    busy: Duration,
}

/// Sends requests for a while, so many at a time on each connection.
pub fn run(port: u16, depth: usize, time: Duration, request: &Request) -> Seen {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cpus / 2).clamp(1, MOST_THREADS);
    let groups: Vec<Vec<Client>> = (0..threads)
        .map(|thread| (CONNECTIONS + thread) / threads)
        .map(|count| (0..count).map(|_| Client::connect(port)).collect())
        .collect();
    let start = Instant::now();
    let turns: Vec<Turns> = thread::scope(|scope| {
        let running: Vec<_> = (0..)
            .zip(groups)
            .map(|(seed, clients)| {
                scope.spawn(move || take_turns(clients, depth, time, request, seed))
            })
            .collect();
        let turns = running.into_iter().map(|thread| thread.join());
        turns
            .map(|turns| turns.expect("the server answers"))
            .collect()
    });
    let took = start.elapsed();
    let busy: Duration = turns.iter().map(|turns| turns.busy).sum();
    let mut waits: Vec<Duration> = turns.into_iter().flat_map(|turns| turns.waits).collect();
    waits.sort_unstable();
    Seen {
        requests: waits.len() * depth,
        took,
        p99: waits[(waits.len() - 1) * 99 / 100],
        share: busy.as_secs_f64() / took.as_secs_f64() / threads as f64,
    }
}

/// Has clients send requests until the time is up.
fn take_turns(
    mut clients: Vec<Client>,
    depth: usize,
    time: Duration,
    request: &Request,
    seed: u64,
) -> Turns {
    let mut random = Random::new(200 + seed);
    let mut poll = Poll::of(clients.iter().map(|client| &client.stream));
    let mut buffer = vec![0; 16 * 1024];
    let mut waits = Vec::new();
    let thread = Queue::of("thread-self");
    let (start, before) = (Instant::now(), thread.ran());
    for client in &mut clients {
        client.send(depth, request, &mut random);
    }
    while start.elapsed() < time {
        for (client, ready) in clients.iter_mut().zip(poll.wait()) {
            if ready && client.receive(&mut buffer) {
                waits.push(client.sent.elapsed());
                client.send(depth, request, &mut random);
            }
        }
    }
    Turns {
        waits,
        busy: thread.ran() - before,
    }
}

impl Client {
    fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts");
        stream.set_nodelay(true).expect("a live socket");
        Self {
            stream,
            requests: Load::default(),
            replies: Replies::default(),
            sent: Instant::now(),
        }
    }

    /// Sends the next requests.
    fn send(&mut self, depth: usize, request: &Request, random: &mut Random) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.expect("it is later than 1970").as_millis() as u64;
        self.requests.clear();
        for _ in 0..depth {
            request(&mut self.requests, random, now);
        }
        self.replies = Replies::default();
        self.sent = Instant::now();
        let bytes = &self.requests.bytes;
        self.stream.write_all(bytes).expect("a live socket");
    }

    /// Reads what there is, and gives whether that was the last of the replies.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        let read = self.stream.read(buffer).expect("a live socket");
        assert!(read > 0, "the server hung up");
        if let Err(error) = self.replies.take(&buffer[..read]) {
            panic!("the server answers: {error}");
        }
        self.replies.whole == self.requests.commands
    }
}
