//! The random part of sessions: whose, in which group, and what becomes of them.

use super::touches::{self, name, ttl};
use crate::common::Random;

/// How many sessions the few keys have among them, beside crowds, and how many groups.
const FEW: u64 = 30;
const GROUPS: u64 = 3;

/// One of the few, now and then one of a crowd.
fn session(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => of_crowd(random.below(touches::MANY)),
        _ => name(random.below(FEW)),
    }
}

fn of_crowd(number: u64) -> Vec<u8> {
    format!("crowd:{number}").into_bytes()
}

/// A few sessions, now and then many.
fn some(random: &mut Random) -> Vec<Vec<u8>> {
    let count = match random.below(10) {
        0 => 20 + random.below(100),
        _ => 1 + random.below(6),
    };
    (0..count).map(|_| session(random)).collect()
}

fn group(random: &mut Random) -> String {
    format!("gateway:{}", random.below(GROUPS))
}

/// A command with `options` and then so many sessions.
fn about(command: &str, key: &str, options: &[Vec<u8>], ids: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let count = args!["SESSIONS", ids.len()].to_vec();
    [args![command, key].to_vec(), options.to_vec(), count, ids].concat()
}

/// For how long a touch lasts: `EX`, `PX`, or what the key says.
fn lasting(random: &mut Random) -> Vec<Vec<u8>> {
    match random.below(4) {
        0 => args!["EX", 1 + random.below(100)].to_vec(),
        1 => Vec::new(),
        _ => args!["PX", ttl(random)].to_vec(),
    }
}

/// None in a sixth of all cases, mostly few bytes, and now and then as many as a client may set.
fn metadata(random: &mut Random) -> Vec<u8> {
    let len = match random.below(12) {
        0 | 1 => 0,
        2 => 4096,
        _ => 1 + random.below(40),
    };
    vec![random.below(256) as u8; len as usize]
}

fn attach(random: &mut Random, key: &str) -> Vec<Vec<u8>> {
    let member = touches::member(random);
    let mut command = args!["PRESENCE.ATTACH", key, member, session(random)].to_vec();
    command.extend(lasting(random));
    if random.below(2) == 0 {
        command.extend(args!["GROUP", group(random)]);
    }
    if random.below(3) == 0 {
        command.extend(args!["META", metadata(random)]);
    }
    command
}

/// A command about the sessions or groups of a key.
pub fn change(random: &mut Random, key: &str) -> Vec<Vec<u8>> {
    match random.below(100) {
        0..45 => attach(random, key),
        45..60 => {
            let options = lasting(random);
            about("PRESENCE.BEAT", key, &options, some(random))
        }
        60..68 => about("PRESENCE.DETACH", key, &[], some(random)),
        68..75 => {
            let grace = args!["GRACE", random.pick(&[0, 1, 30, 1000, 3_600_000])];
            about("PRESENCE.DETACH", key, &grace, some(random))
        }
        75..86 => {
            let mut command = args!["PRESENCE.LEASE", key].to_vec();
            command.extend((0..=random.below(2)).map(|_| group(random).into_bytes()));
            // Some run out before the next comparison.
            command.extend(args!["PX", random.pick(&[1, 10, 50, 300, 60_000])]);
            command
        }
        86..91 => args!["PRESENCE.DROP", key, group(random), group(random)].to_vec(),
        _ => {
            let member = touches::member(random);
            let mut command = args!["PRESENCE.SETMETA", key, member, metadata(random)].to_vec();
            if random.below(2) == 0 {
                command.extend(args!["SESSION", session(random)]);
            }
            command
        }
    }
}

/// So many sessions of one group, of one member, of a few or of many, and what ends them all, mostly: more than end at
/// once where they are more than a thousand.
pub fn crowd(random: &mut Random, key: &str, count: u64) -> Vec<Vec<Vec<u8>>> {
    let (group, members) = (group(random), random.pick(&[1, 3, touches::MANY]));
    let attach = |number: u64| {
        let (member, id) = (name(number % members), of_crowd(number));
        let ttl = random.pick(&[300, 60_000, 60_000, 3_600_000]);
        args![
            "PRESENCE.ATTACH",
            key,
            member,
            id,
            "PX",
            ttl,
            "GROUP",
            group
        ]
        .to_vec()
    };
    let mut commands: Vec<_> = (0..count).map(attach).collect();
    let end = match random.below(5) {
        0 | 1 => args!["PRESENCE.DROP", key, group].to_vec(),
        2 => args!["PRESENCE.LEASE", key, group, "PX", 1].to_vec(),
        3 => args![
            random.pick(&["PRESENCE.LEAVE", "PRESENCE.FORGET"]),
            key,
            name(0)
        ]
        .to_vec(),
        _ => args!["PRESENCE.LEASE", key, group, "PX", 60_000].to_vec(),
    };
    commands.push(end);
    commands
}
