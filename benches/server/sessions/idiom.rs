//! Sessions as people keep them without the module: for each user a hash of its sessions, a set of those who are online, and
//! a sorted set of all sessions by when they are due; each change is one Lua script. A beat writes to the sorted set only, with
//! one command for all sessions that it has.

use crate::load::Load;
use crate::measure::Bench;

/// Attaches the sessions it is given; each is a user and an id.
const ATTACH: &str = "\
for i = 2, #ARGV, 2 do
  local user, id = ARGV[i], ARGV[i + 1]
  redis.call('HSET', 'sessions:' .. user, id, '')
  redis.call('ZADD', KEYS[2], ARGV[1], user .. ':' .. id)
  if redis.call('HLEN', 'sessions:' .. user) == 1 then redis.call('SADD', KEYS[1], user) end
end
return 0";

/// Moves on when sessions are due, and returns those that there are not.
const BEAT: &str = "\
local names = {}
for i = 2, #ARGV, 2 do names[#names + 1] = ARGV[i] .. ':' .. ARGV[i + 1] end
local due, missing = {}, {}
for i, score in ipairs(redis.call('ZMSCORE', KEYS[2], unpack(names))) do
  if score then
    due[#due + 1] = ARGV[1]
    due[#due + 1] = names[i]
  else
    missing[#missing + 1] = names[i]
  end
end
if #due > 0 then redis.call('ZADD', KEYS[2], unpack(due)) end
return missing";

/// Ends the sessions it is given.
const DETACH: &str = "\
for i = 2, #ARGV, 2 do
  local user, id = ARGV[i], ARGV[i + 1]
  redis.call('HDEL', 'sessions:' .. user, id)
  redis.call('ZREM', KEYS[2], user .. ':' .. id)
  if redis.call('EXISTS', 'sessions:' .. user) == 0 then redis.call('SREM', KEYS[1], user) end
end
return 0";

/// The scripts, as the server knows them.
pub struct Scripts {
    attach: String,
    beat: String,
    detach: String,
    due: u64,
}

impl Scripts {
    /// Loads them.
    pub fn load(bench: &mut Bench) -> Self {
        let mut load = |script| bench.control.text(&["SCRIPT", "LOAD", script]);
        Self {
            attach: load(ATTACH),
            beat: load(BEAT),
            detach: load(DETACH),
            due: 1_700_000_000_000,
        }
    }

    pub fn attach(&mut self, sessions: &[(String, String)], in_each: usize) -> Load {
        let script = self.attach.clone();
        self.calls(&script, sessions, in_each)
    }

    pub fn beat(&mut self, sessions: &[(String, String)], in_each: usize) -> Load {
        let script = self.beat.clone();
        self.calls(&script, sessions, in_each)
    }

    pub fn detach(&mut self, sessions: &[(String, String)], in_each: usize) -> Load {
        let script = self.detach.clone();
        self.calls(&script, sessions, in_each)
    }

    fn calls(&mut self, script: &str, sessions: &[(String, String)], in_each: usize) -> Load {
        let mut load = Load::default();
        for batch in sessions.chunks(in_each) {
            self.due += 1;
            let due = self.due.to_string();
            let mut args = vec!["EVALSHA", script, "2", "online", "due", &due];
            for (user, id) in batch {
                args.extend([user.as_str(), id]);
            }
            load.push(&args);
        }
        load
    }
}
