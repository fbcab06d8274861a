//! `PRESENCE.TOUCHEX`, which most tests begin with.

use redis::Value;

use super::client::Client;
use super::wait::LIMIT;

/// Members of one command, where there are many.
const BATCH: usize = 1000;

/// The words of a touch of these members, with a ttl in ms: now, or `AT` a moment of the past.
pub fn touchex<M: AsRef<[u8]>>(
    key: &str,
    ttl: i64,
    at: impl Into<Option<i64>>,
    members: impl IntoIterator<Item = M>,
) -> Vec<Vec<u8>> {
    let members: Vec<_> = members.into_iter().map(|m| m.as_ref().to_vec()).collect();
    let mut words = args!["PRESENCE.TOUCHEX", key, "PX", ttl].to_vec();
    if let Some(at) = at.into() {
        words.extend(args!["AT", at]);
    }
    words.extend(args!["MEMBERS", members.len()]);
    words.extend(members);
    words
}

impl Client {
    /// Touches members. Gives how many came online.
    #[track_caller]
    pub fn touchex<M: AsRef<[u8]>>(
        &mut self,
        key: &str,
        ttl: i64,
        at: impl Into<Option<i64>>,
        members: impl IntoIterator<Item = M>,
    ) -> i64 {
        self.int(&touchex(key, ttl, at, members))
    }

    /// Touches any number of members, many in a command. Gives how many came online.
    #[track_caller]
    pub fn touch_crowd<M: AsRef<[u8]>>(
        &mut self,
        key: &str,
        ttl: i64,
        at: impl Into<Option<i64>>,
        members: impl IntoIterator<Item = M>,
    ) -> i64 {
        let (at, mut commands) = (at.into(), 0);
        let mut members = members.into_iter().peekable();
        while members.peek().is_some() {
            self.send(&touchex(key, ttl, at, members.by_ref().take(BATCH)));
            commands += 1;
        }
        let mut joined = 0;
        for _ in 0..commands {
            match self.receive(LIMIT) {
                Value::Int(number) => joined += number,
                other => panic!("a touch of {key}: {other:?}"),
            }
        }
        joined
    }
}
