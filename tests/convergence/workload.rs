//! Random commands on a few keys in two databases, each by itself, in a transaction, or in a script.

use redis::Value;

use super::{sessions, touches, verbs};
use crate::common::{Client, LIMIT, Random, Server, elements, text};

pub const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
pub const DBS: u64 = 2;

/// Errors that come of the choice of keys, of settings that do not go together, of a clock that has stepped back, and of a server that has no memory left.
const HARMLESS: [&str; 9] = [
    "no such key",
    "source and destination",
    "AT lies",
    "cutoff lies",
    "is more than half of TTL",
    "CAPPED",
    "BUSYKEY",
    "command not allowed when used memory",
    "Transaction discarded",
];

/// Runs the commands in its arguments, each with the number of its words before it. Gives the errors that they made.
const SCRIPT: &str = "
    local errors, at = {}, 1
    while ARGV[at] do
        local last = at + tonumber(ARGV[at])
        local reply = redis.pcall(unpack(ARGV, at + 1, last))
        if type(reply) == 'table' and reply.err then table.insert(errors, reply.err) end
        at = last + 1
    end
    return errors";

type Command = Vec<Vec<u8>>;

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

    /// Keys are given a short time to live as well. When one is over, the server drops it while it loads.
    pub fn expiring_keys(mut self) -> Self {
        self.expires = true;
        self
    }

    /// The server was restarted: goes on with a new connection.
    pub fn reconnect(&mut self, server: &Server) {
        self.client = server.client();
    }

    /// Makes so many changes, some of which are of several commands.
    #[track_caller]
    pub fn run(&mut self, changes: usize) {
        for _ in 0..changes {
            match self.random.below(200) {
                0 => self.crowd(100),
                1..10 => {
                    let commands = self.several();
                    self.transaction(&commands);
                }
                10..20 => {
                    let commands = self.several();
                    self.script(&commands);
                }
                _ => {
                    let command = self.change();
                    if let Err(error) = self.client.raw(&command) {
                        assert_harmless(&error.to_string(), &[command]);
                    }
                }
            }
        }
    }

    /// Touches members of one key so many times, each time with another ttl, or attaches as many sessions of one group.
    #[track_caller]
    pub fn crowd(&mut self, count: u64) {
        let now = self.client.now_ms();
        let key = self.random.pick(&KEYS);
        let commands = match self.random.below(2) {
            0 => touches::crowd(&mut self.random, key, now, count),
            _ => sessions::crowd(&mut self.random, key, count),
        };
        for command in &commands {
            self.client.send(command);
        }
        for command in &commands {
            if let Value::ServerError(error) = self.client.receive(LIMIT) {
                assert_harmless(&format!("{error:?}"), std::slice::from_ref(command));
            }
        }
    }

    /// No key has a time to live any more: what is there stays when the server loads it.
    pub fn persist_all(&mut self) {
        for db in 0..DBS {
            self.client.cmd(&args!["SELECT", db]);
            for key in KEYS {
                self.client.cmd(&["PERSIST", key]);
            }
        }
    }

    fn change(&mut self) -> Command {
        verbs::change(&mut self.random, &mut self.client, self.expires)
    }

    fn several(&mut self) -> Vec<Command> {
        let count = 2 + self.random.below(8);
        (0..count).map(|_| self.change()).collect()
    }

    #[track_caller]
    fn transaction(&mut self, commands: &[Command]) {
        self.client.cmd(&["MULTI"]);
        for command in commands {
            if let Err(error) = self.client.raw(command) {
                assert_harmless(&error.to_string(), commands);
            }
        }
        let replies = match self.client.raw(&["EXEC"]) {
            Ok(replies) => elements(replies),
            Err(error) => return assert_harmless(&error.to_string(), commands),
        };
        for reply in replies {
            if let Value::ServerError(error) = reply {
                assert_harmless(&format!("{error:?}"), commands);
            }
        }
    }

    #[track_caller]
    fn script(&mut self, commands: &[Command]) {
        let mut call = args!["EVAL", SCRIPT, 0].to_vec();
        for command in commands {
            call.extend(args![command.len()]);
            call.extend_from_slice(command);
        }
        for error in elements(self.client.cmd(&call)) {
            assert_harmless(&text(error), commands);
        }
    }
}

#[track_caller]
fn assert_harmless(error: &str, commands: &[Command]) {
    let harmless = HARMLESS.iter().any(|part| error.contains(part));
    let words: Vec<_> = commands.iter().map(|words| words.join(&b' ')).collect();
    let commands = String::from_utf8_lossy(&words.join(&b'\n')).into_owned();
    assert!(harmless, "{error}, of\n{commands}");
}
