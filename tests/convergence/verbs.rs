//! One random command: all that can change a presence key, and all that can move one.

use redis::Value;

use super::workload::{DBS, KEYS};
use super::{sessions, touches};
use crate::common::commands::writes;
use crate::common::{Client, Random};

const HOUR: u64 = 3_600_000;

const SETTINGS: [&str; 20] = [
    "TTL 40",
    "TTL 700",
    "RETAIN 0",
    "RETAIN 0",
    "RETAIN 150",
    "RETAIN 1000",
    "RETAIN 7000000",
    "LINGER 0",
    "LINGER 0",
    "LINGER 60",
    "LINGER -1",
    "TTL 5 RETAIN 9 LINGER 0",
    "RESOLUTION 20",
    "RESOLUTION 2",
    "RESOLUTION 0",
    "TTL 700 RESOLUTION 350",
    "TTL 40 RESOLUTION 0",
    "CAP 40",
    "CAP 300",
    "CAP 0",
];

/// A command on one of the keys, or two. `expires`: keys may be given a short time to live.
pub fn change(random: &mut Random, client: &mut Client, expires: bool) -> Vec<Vec<u8>> {
    let key = random.pick(&KEYS);
    let other = random.pick(&KEYS);
    if random.below(3) == 0 {
        return sessions::change(random, key);
    }
    match random.below(100) {
        0..23 => with_members("PRESENCE.TOUCH", key, random),
        23..49 => touches::touch_ex(random, key, client.now_ms()),
        49..54 => with_members("PRESENCE.LEAVE", key, random),
        54..57 => with_members("PRESENCE.FORGET", key, random),
        57..63 => {
            let words = random.pick(&SETTINGS).split(' ');
            let mut command = args!["PRESENCE.CONFIG", key].to_vec();
            command.extend(words.map(|word| word.as_bytes().to_vec()));
            command
        }
        63..67 => {
            let peak = random.pick(&[0, 0, 1, 30, 500]);
            let at = 100_000_000_000 + random.below(1_900_000_000_000);
            let mut command = args!["PRESENCE.SETMAX", key, peak, at].to_vec();
            if random.below(2) == 0 {
                command.extend(args!["GT"]);
            }
            command
        }
        67..69 => {
            let limit = 1 + random.below(20);
            args!["PRESENCE.EVICT", key, client.now_ms(), "LIMIT", limit].to_vec()
        }
        69..73 => args!["RENAME", key, other].to_vec(),
        73..77 => args!["COPY", key, other, "DB", random.below(DBS), "REPLACE"].to_vec(),
        77..81 => args!["MOVE", key, random.below(DBS)].to_vec(),
        81..83 => args![random.pick(&["DEL", "UNLINK"]), key].to_vec(),
        83..89 => match client.cmd(&args!["DUMP", key]) {
            Value::BulkString(dump) => restore(random, client, other, &dump, expires),
            _ => args!["PERSIST", key].to_vec(),
        },
        89..92 => args!["SWAPDB", 0, 1].to_vec(),
        // Whatever writes, so that a new command is among these.
        92..94 => {
            let calls: Vec<_> = writes().collect();
            let call = random.pick(&calls).on(key);
            call.split(' ').map(|word| word.into()).collect()
        }
        94..96 if expires => args!["PEXPIRE", key, 1 + random.below(500)].to_vec(),
        _ => args!["SELECT", random.below(DBS)].to_vec(),
    }
}

fn with_members(command: &str, key: &str, random: &mut Random) -> Vec<Vec<u8>> {
    let mut command = args![command, key].to_vec();
    command.extend(touches::members(random));
    command
}

/// A dump under another name: for ever, for hours, or, where `expires`, for a moment or until one that is over already.
fn restore(
    random: &mut Random,
    client: &mut Client,
    key: &str,
    dump: &[u8],
    expires: bool,
) -> Vec<Vec<u8>> {
    let long = HOUR + random.below(5 * HOUR);
    let (ttl, absolute) = match random.below(6) {
        0 => (long as i64, false),
        1 => (client.now_ms() + long as i64, true),
        2 if expires => (1 + random.below(300) as i64, false),
        3 if expires => (client.now_ms() + 200 - random.below(400) as i64, true),
        _ => (0, false),
    };
    let mut command = args!["RESTORE", key, ttl, dump].to_vec();
    if absolute {
        command.extend(args!["ABSTTL"]);
    }
    if random.below(8) > 0 {
        command.extend(args!["REPLACE"]);
    }
    match random.below(4) {
        0 => command.extend(args!["IDLETIME", random.below(1000)]),
        1 => command.extend(args!["FREQ", random.below(256)]),
        _ => {}
    }
    command
}
