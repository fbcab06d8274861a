//! The clients of one announcement, gathered a batch at a time.

use std::collections::BTreeSet;

use crate::clients::Client;
use crate::error::Result;

/// Clients asked for in one step.
const BATCH: usize = 64;
/// How many bytes of a client's name and of its user's are announced; the server does not bound them.
const LONGEST_NAME: usize = 256;

/// A client, as it was when it was asked for.
pub struct Gathered {
    pub id: u64,
    pub addr: String,
    pub name: String,
    pub user: String,
    pub db: i64,
    /// When it connected, in Unix ms.
    pub connected_at: i64,
    /// Its last interaction, in Unix ms.
    pub last_interaction: i64,
}

/// The clients gathered so far, in the order of their ids. New clients have higher ids than all before them, so one
/// that connects meanwhile is still to come; one that disconnects is taken out.
pub struct Gathering {
    /// The lowest id that has not been asked for.
    next: u64,
    clients: Vec<Gathered>,
}

impl Gathering {
    pub fn new() -> Gathering {
        Gathering {
            next: 0,
            clients: Vec::new(),
        }
    }

    /// The next batch of ids to ask for, out of those connected. It is empty at the end.
    pub fn next(&self, connected: &BTreeSet<u64>) -> Vec<u64> {
        connected.range(self.next..).take(BATCH).copied().collect()
    }

    /// Adds the reply for a batch of ids. Connections of the replication are left out.
    pub fn add<'a>(
        &mut self,
        asked: &[u64],
        clients: impl Iterator<Item = Result<Client<'a>>>,
    ) -> Result {
        let before = self.clients.len();
        for client in clients {
            let client = client?;
            if !client.is_internal {
                self.clients.push(Gathered {
                    id: client.id,
                    addr: text(client.addr),
                    name: text(client.name),
                    user: text(client.user),
                    db: client.db,
                    connected_at: client.connected_at,
                    last_interaction: client.last_interaction,
                });
            }
        }
        // Valkey 8.1 does not list them in order.
        self.clients[before..].sort_by_key(|client| client.id);
        self.next = asked.last().map_or(self.next, |last| last + 1);
        Ok(())
    }

    /// A client has disconnected.
    pub fn left(&mut self, id: u64) {
        if let Ok(index) = self.clients.binary_search_by_key(&id, |client| client.id) {
            self.clients.remove(index);
        }
    }

    /// The clients gathered.
    pub fn clients(&self) -> &[Gathered] {
        &self.clients
    }
}

/// Bytes as text: invalid UTF-8 becomes U+FFFD, and one that is too long is cut off and ends in an ellipsis.
fn text(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_NAME)]).into_owned();
    if bytes.len() > LONGEST_NAME {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(id: u64, name: &[u8]) -> Client<'_> {
        Client {
            id,
            addr: b"127.0.0.1:1",
            name,
            user: b"default",
            db: 0,
            connected_at: 0,
            last_interaction: id as i64 * 1000,
            is_internal: name == b"internal",
        }
    }

    fn ids(gathering: &Gathering) -> Vec<u64> {
        gathering.clients().iter().map(|client| client.id).collect()
    }

    #[test]
    fn all_are_asked_for_and_those_who_come_and_go_meanwhile_are_right() {
        let mut connected: BTreeSet<u64> = (10..10 + 2 * BATCH as u64).collect();
        let mut gathering = Gathering::new();
        let asked = gathering.next(&connected);
        assert_eq!(asked, (10..10 + BATCH as u64).collect::<Vec<_>>());
        // One of them is a replica, and one has gone before the server was asked.
        let found = asked.iter().filter(|id| **id != 12).map(|id| {
            let name: &[u8] = if *id == 13 { b"internal" } else { b"web" };
            Ok(client(*id, name))
        });
        gathering.add(&asked, found).expect("all lines were read");
        for gone in [11, 12, 13, 100] {
            connected.remove(&gone);
            gathering.left(gone);
        }
        connected.insert(500);
        loop {
            let asked = gathering.next(&connected);
            if asked.is_empty() {
                break;
            }
            let found = asked.iter().map(|id| Ok(client(*id, b"")));
            gathering.add(&asked, found).expect("all lines were read");
        }
        assert_eq!(ids(&gathering), connected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_line_that_is_not_understood_ends_it() {
        let mut gathering = Gathering::new();
        let broken = crate::error::Error::ClientListFailed;
        assert_eq!(gathering.add(&[1], [Err(broken)].into_iter()), Err(broken));
    }

    #[test]
    fn names_are_text_and_bounded() {
        assert_eq!(text(b"a\xffb\n"), "a\u{fffd}b\n");
        let long = vec![b'x'; LONGEST_NAME];
        assert_eq!(text(&long), "x".repeat(LONGEST_NAME));
        let longer = vec![b'x'; LONGEST_NAME + 1];
        assert_eq!(text(&longer), "x".repeat(LONGEST_NAME) + "…");
    }
}
