//! A client of a cluster, as simple as one can be that loses nothing: it goes where it is sent, and tries again while
//! nobody is responsible.

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};
use std::thread;
use std::time::{Duration, Instant};

use redis::{ProtocolVersion, RedisError, Value};

use super::client::Client;
use super::cluster::AGREEMENT;
use super::value;

/// How long to rest before asking again.
const REST: Duration = Duration::from_millis(5);

/// Where a reply sends a client, and whether it has to say there that it was sent (`ASK`).
pub(super) fn redirection(error: &RedisError) -> Option<(bool, u16)> {
    let asking = match error.code()? {
        "ASK" => true,
        "MOVED" => false,
        _ => return None,
    };
    let (_, port) = error.detail()?.rsplit_once(':')?;
    Some((asking, port.parse().ok()?))
}

/// Runs commands on the node that has their key, which is the first argument.
pub struct ClusterClient {
    ports: Vec<u16>,
    nodes: BTreeMap<u16, Client>,
    /// Who had a key last.
    owners: HashMap<Vec<u8>, u16>,
}

impl ClusterClient {
    pub(super) fn new(ports: Vec<u16>) -> Self {
        Self {
            ports,
            nodes: BTreeMap::new(),
            owners: HashMap::new(),
        }
    }

    /// The reply to a command, from whoever is responsible, and which port that is at. A command may be run twice where
    /// a connection breaks.
    ///
    /// # Panics
    /// On an error that speaks of the command, and when nobody is responsible for too long.
    #[track_caller]
    pub fn run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> (Value, u16) {
        let key = args[1].as_ref();
        let mut port = *self.owners.get(key).unwrap_or(&self.ports[0]);
        let mut asking = false;
        let deadline = Instant::now() + AGREEMENT;
        loop {
            let error = match self.attempt(port, asking, args) {
                Ok(reply) => {
                    self.owners.insert(key.to_vec(), port);
                    return (reply, port);
                }
                Err(error) => error,
            };
            assert!(Instant::now() < deadline, "nobody is responsible: {error}");
            if let Some((ask, elsewhere)) = redirection(&error) {
                (asking, port) = (ask, elsewhere);
                continue;
            }
            asking = false;
            if error.code().is_none() {
                // The connection is broken, or there is nobody at all.
                self.nodes.remove(&port);
                let next = self.ports.iter().position(|known| *known == port);
                port = self.ports[next.map_or(0, |next| next + 1) % self.ports.len()];
            } else if !matches!(error.code(), Some("TRYAGAIN" | "CLUSTERDOWN" | "LOADING")) {
                panic!("{}: {error}", String::from_utf8_lossy(args[0].as_ref()));
            }
            thread::sleep(REST);
        }
    }

    fn attempt<A: AsRef<[u8]>>(
        &mut self,
        port: u16,
        asking: bool,
        args: &[A],
    ) -> Result<Value, RedisError> {
        let client = match self.nodes.entry(port) {
            Entry::Occupied(node) => node.into_mut(),
            Entry::Vacant(room) => room.insert(Client::connect(port, ProtocolVersion::RESP2)?),
        };
        if asking {
            client.raw(&["ASKING"])?;
        }
        client.raw(args)
    }

    /// Runs a command, and waits up to `limit` ms until a replica has it. Whether that was so: then it outlives the node.
    #[track_caller]
    pub fn run_replicated<A: AsRef<[u8]>>(&mut self, args: &[A], limit: u32) -> (Value, bool) {
        let (reply, port) = self.run(args);
        let wait = args!["WAIT", 1, limit];
        let replicas = self.nodes.get_mut(&port).map(|node| node.raw(&wait));
        (reply, matches!(replicas, Some(Ok(Value::Int(1..)))))
    }

    /// A command whose reply is an integer.
    #[track_caller]
    pub fn int<A: AsRef<[u8]>>(&mut self, args: &[A]) -> i64 {
        value::int(self.run(args).0)
    }

    /// A command whose reply is an array of strings.
    #[track_caller]
    pub fn strings<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Vec<String> {
        let elements = value::elements(self.run(args).0);
        elements.into_iter().map(value::text).collect()
    }
}
