//! The clients of this server, read from its `CLIENT LIST`.
//!
//! The module API has a client's address, database and name, but not its last interaction. `CLIENT LIST` has, and is
//! what operators compare with, so its text is parsed here: all of it for a command, or the lines of some ids.

mod line;

use crate::clock;
use crate::core::time::Millis;
use crate::error::{Error, Result};
use crate::ffi::call::{CallReply, Refusal};
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::SharedString;

use line::Line;

/// A client of this server. Its times are in Unix ms, with a resolution of seconds, as the server keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client<'a> {
    pub id: u64,
    pub addr: &'a [u8],
    /// The name it has set; empty if none.
    pub name: &'a [u8],
    pub user: &'a [u8],
    pub db: i64,
    pub connected_at: i64,
    pub last_interaction: i64,
    /// Whether it is a replica of this server or its primary.
    pub is_internal: bool,
}

/// The reply of one `CLIENT LIST`.
pub struct List<'a> {
    reply: CallReply<'a>,
    now: Millis,
}

impl<'a> List<'a> {
    /// All clients, if the user of the command that is running may run CLIENT LIST.
    pub fn for_user(keyspace: &mut Keyspace<'a>) -> Result<List<'a>> {
        let reply = keyspace.call_as_user(c"CLIENT", &[SharedString::new(b"LIST")]);
        List::new(keyspace, reply)
    }

    /// All clients, for the module itself.
    pub fn of_all(keyspace: &mut Keyspace<'a>) -> Result<List<'a>> {
        let reply = keyspace.call(c"CLIENT", &[SharedString::new(b"LIST")]);
        List::new(keyspace, reply)
    }

    /// Those with these ids that are connected, in the order given.
    pub fn of(keyspace: &mut Keyspace<'a>, ids: &[u64]) -> Result<List<'a>> {
        let words = [&b"LIST"[..], b"ID"].map(SharedString::new);
        let ids = ids
            .iter()
            .map(|id| SharedString::new(id.to_string().as_bytes()));
        let args: Vec<_> = words.into_iter().chain(ids).collect();
        let reply = keyspace.call(c"CLIENT", &args);
        List::new(keyspace, reply)
    }

    fn new(
        keyspace: &Keyspace<'a>,
        reply: std::result::Result<CallReply<'a>, Refusal>,
    ) -> Result<List<'a>> {
        let reply = reply.map_err(|why| match why {
            Refusal::Forbidden => Error::NoClientList,
            Refusal::Unavailable => Error::ClientListFailed,
        })?;
        // Asked for afterwards: outside of a command, the call itself updates the cached time.
        let now = clock::cached(keyspace.context());
        Ok(List { reply, now })
    }

    /// When it was made, in Unix ms.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The clients, with an error for each line that is not understood.
    pub fn iter(&self) -> impl Iterator<Item = Result<Client<'_>>> {
        let text = self.reply.text().unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        lines.filter(|line| !line.is_empty()).map(|line| {
            let line = Line::read(line).ok_or(Error::ClientListFailed)?;
            Ok(line.client(self.now))
        })
    }
}

/// Whether a client is online at `now`: its last interaction is less than `window` ago, in whole seconds. All in ms.
pub fn is_online(last_interaction: i64, now: Millis, window: Millis) -> bool {
    seconds(now) - last_interaction < window as i64
}

/// A time in ms, rounded down to seconds.
fn seconds(time: Millis) -> i64 {
    time as i64 / 1000 * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn online_goes_by_whole_seconds() {
        let now = 1_700_000_009_999;
        for (last_interaction, window, online) in [
            (1_700_000_009_000, 1, true),
            (1_700_000_008_000, 1000, false),
            (1_700_000_008_000, 1001, true),
            (1_700_000_000_000, 9000, false),
            (1_700_000_000_000, 9001, true),
            // The clock has stepped back.
            (1_700_000_060_000, 1, true),
        ] {
            let found = is_online(last_interaction, now, window);
            assert_eq!(found, online, "{last_interaction} {window}");
        }
    }
}
