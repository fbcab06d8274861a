//! Random commands on a few keys in two databases: all that can change a presence key, and all that can move one.

use std::thread;
use std::time::Duration;

use redis::Value;

use crate::common::{Client, Random, Server, text, wait_caught_up};

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const DBS: u64 = 2;

/// Errors that come of the choice of keys.
const HARMLESS: [&str; 3] = ["no such key", "source and destination", "AT lies"];

/// What makes the commands, and the connection they go to.
pub struct Workload {
    random: Random,
    client: Client,
    expires: bool,
}

impl Workload {
    pub fn new(server: &Server) -> Self {
        Self {
            random: Random::new(),
            client: server.client(),
            expires: false,
        }
    }

    /// Keys are given a time to live as well. When one is over, the server drops it while it loads.
    pub fn expiring_keys(mut self) -> Self {
        self.expires = true;
        self
    }

    /// The server was restarted: goes on with a new connection.
    pub fn reconnect(&mut self, server: &Server) {
        self.client = server.client();
    }

    /// Makes so many changes.
    #[track_caller]
    pub fn run(&mut self, changes: usize) {
        for _ in 0..changes {
            let change = self.change();
            if let Err(error) = self.client.raw(&change) {
                let error = error.to_string();
                let harmless = HARMLESS.iter().any(|part| error.contains(part));
                assert!(
                    harmless,
                    "{}: {error}",
                    String::from_utf8_lossy(&change.concat())
                );
            }
        }
    }

    fn change(&mut self) -> Vec<Vec<u8>> {
        let random = &mut self.random;
        let key = random.pick(&KEYS);
        let other = random.pick(&KEYS);
        match random.below(100) {
            0..25 => self.touch(key),
            25..55 => self.touch_ex(key),
            55..63 => {
                let mut command = args!["PRESENCE.LEAVE", key].to_vec();
                command.extend(self.members());
                command
            }
            63..68 => {
                let option = random.pick(&[
                    "TTL 40",
                    "TTL 700",
                    "RETAIN 0",
                    "RETAIN 0",
                    "RETAIN 150",
                    "RETAIN 1000",
                    "LINGER 0",
                    "LINGER 60",
                    "LINGER -1",
                    "TTL 5 RETAIN 9 LINGER 0",
                ]);
                let words = option.split(' ').map(|word| word.as_bytes().to_vec());
                args!["PRESENCE.CONFIG", key]
                    .into_iter()
                    .chain(words)
                    .collect()
            }
            68..72 => {
                let peak = random.pick(&[0, 0, 1, 30, 500]);
                args![
                    "PRESENCE.SETMAX",
                    key,
                    peak,
                    random.below(2_000_000_000_000)
                ]
                .to_vec()
            }
            72..74 => {
                let cutoff = self.client.now_ms();
                let limit = 1 + self.random.below(20);
                args!["PRESENCE.EVICT", key, cutoff, "LIMIT", limit].to_vec()
            }
            74..78 => args!["RENAME", key, other].to_vec(),
            78..82 => args!["COPY", key, other, "DB", random.below(DBS), "REPLACE"].to_vec(),
            82..84 => args!["MOVE", key, random.below(DBS)].to_vec(),
            84..86 => args![random.pick(&["DEL", "UNLINK"]), key].to_vec(),
            86..90 => match self.client.cmd(&args!["DUMP", key]) {
                Value::BulkString(dump) => args!["RESTORE", other, 0, dump, "REPLACE"].to_vec(),
                _ => args!["PERSIST", key].to_vec(),
            },
            90..91 => args!["SWAPDB", 0, 1].to_vec(),
            91..92 if self.expires => args!["PEXPIRE", key, 1 + random.below(500)].to_vec(),
            92..95 => {
                let script = "redis.call('PRESENCE.TOUCH', KEYS[1], ARGV[1])
                    return redis.call('PRESENCE.LEAVE', KEYS[2], ARGV[1])";
                args!["EVAL", script, 2, key, other, random.below(150)].to_vec()
            }
            _ => args!["SELECT", random.below(DBS)].to_vec(),
        }
    }

    /// A few members, now and then many, of every form of name.
    fn members(&mut self) -> Vec<Vec<u8>> {
        let random = &mut self.random;
        let count = match random.below(20) {
            0 => 100 + random.below(100),
            _ => 1 + random.below(6),
        };
        let member = |_| {
            let number = random.below(150);
            match number % 4 {
                0 => number.to_string(),
                1 => format!("member {number}"),
                2 => format!("0b5e55ed-{number:04x}-4000-8000-00c0ffee0000"),
                _ => {
                    format!("a member with a name that is rather longer than most of them {number}")
                }
            }
        };
        let mut members: Vec<_> = (0..count).map(member).map(String::into_bytes).collect();
        members.dedup();
        members
    }

    fn touch(&mut self, key: &str) -> Vec<Vec<u8>> {
        let mut command = args!["PRESENCE.TOUCH", key].to_vec();
        command.extend(self.members());
        command
    }

    /// A touch with a ttl of its own, every third an import.
    fn touch_ex(&mut self, key: &str) -> Vec<Vec<u8>> {
        let ttl = self.random.pick(&[1, 20, 20, 100, 300, 300, 1000, 60_000]);
        let mut command = args!["PRESENCE.TOUCHEX", key, "PX", ttl].to_vec();
        if self.random.below(3) == 0 {
            let ago = self.random.below(400) as i64;
            command.extend(args!["AT", self.client.now_ms() - ago]);
        }
        let members = self.members();
        command.extend(args!["MEMBERS", members.len()]);
        command.extend(members);
        command
    }
}

/// Each key's own digest, to name the one that differs.
pub fn digests(server: &Server) -> Vec<String> {
    let mut client = server.client();
    let mut digests = Vec::new();
    for db in 0..DBS {
        client.cmd(&args!["SELECT", db]);
        for key in KEYS {
            let digest = match client.cmd(&args!["DEBUG", "DIGEST-VALUE", key]) {
                Value::Array(mut digests) => text(digests.remove(0)),
                other => panic!("no digest: {other:?}"),
            };
            digests.push(format!("{db}:{key} {digest}"));
        }
    }
    digests
}

/// What a key holds, line by line, for a message.
fn describe(server: &Server, db_and_key: &str) -> Vec<String> {
    let (db, key) = db_and_key.split_once(':').expect("a database and a key");
    let mut client = server.client();
    client.cmd(&["SELECT", db]);
    let mut lines = Vec::new();
    if let Ok(info) = client.raw(&["PRESENCE.INFO", key]) {
        lines.push(format!("{info:?}"));
    }
    if let Ok(Value::Array(members)) = client.raw(&["PRESENCE.LIST", key, "WITHSEEN"]) {
        lines.extend(members.iter().map(|member| format!("{member:?}")));
    }
    lines
}

/// Writes are paused and all that came before has arrived: both hold the same.
#[track_caller]
pub fn assert_same(primary: &Server, replica: &Server, when: &str) {
    let mut client = primary.client();
    client.cmd(&["CLIENT", "PAUSE", "20000", "WRITE"]);
    wait_caught_up(primary, replica);
    let digest = client.digest();
    if replica.client().digest() != digest {
        for (ours, theirs) in digests(primary).iter().zip(digests(replica)) {
            if *ours != theirs {
                let (key, _) = ours.split_once(' ').expect("a key and a digest");
                let (mut ours, mut theirs) = (describe(primary, key), describe(replica, key));
                let lacks = |line: &String, lines: &[String]| !lines.contains(line);
                let first = ours.clone();
                ours.retain(|line| lacks(line, &theirs));
                theirs.retain(|line| lacks(line, &first));
                panic!("{when}, {key}: the primary has {ours:#?}, the replica {theirs:#?}");
            }
        }
        panic!("the digests differ, and those of the keys do not, {when}");
    }
    client.cmd(&["CLIENT", "UNPAUSE"]);
}

/// Lets the clock move on a little, so that something expires between two rounds. Nothing is waited for.
pub fn let_time_pass() {
    thread::sleep(Duration::from_millis(15));
}
