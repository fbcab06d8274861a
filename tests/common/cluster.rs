//! A cluster of a test's own.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use redis::RedisError;

use super::builder::Builder;
use super::cluster_client::{ClusterClient, redirection};
use super::server::Server;
use super::wait::wait_until;

/// How long nodes may take to agree, while other tests run.
pub const AGREEMENT: Duration = Duration::from_secs(60);

const SLOTS: u32 = 16_384;

/// Primaries that have all slots between them, and replicas of them. Nodes are numbered: the primaries first.
pub struct Cluster {
    nodes: Vec<Server>,
    /// Those who were killed.
    dead: BTreeSet<usize>,
}

impl Cluster {
    /// Starts so many primaries and replicas with these settings, and waits until all agree that the cluster works. The
    /// first replica is that of the first primary, and so on.
    #[track_caller]
    pub fn start(settings: &Builder, primaries: usize, replicas: usize) -> Self {
        let settings = settings.clone().arg("cluster-enabled yes");
        let nodes = (0..primaries + replicas).map(|_| settings.clone().start());
        let cluster = Self {
            nodes: nodes.collect(),
            dead: BTreeSet::new(),
        };
        for (number, node) in cluster.nodes[..primaries].iter().enumerate() {
            let Range { start, end } = slots_of(number, primaries);
            let mut client = node.client();
            client.cmd(&args!["CLUSTER", "ADDSLOTSRANGE", start, end - 1]);
            client.cmd(&args!["CLUSTER", "SET-CONFIG-EPOCH", number + 1]);
        }
        for (number, node) in cluster.nodes.iter().enumerate() {
            let mut client = node.client();
            for other in &cluster.nodes[number + 1..] {
                client.cmd(&args!["CLUSTER", "MEET", "127.0.0.1", other.port()]);
            }
        }
        let all = cluster.nodes.len();
        cluster.wait_for_all("everybody is known", |node| {
            let nodes = node.client().text(&["CLUSTER", "NODES"]);
            nodes.lines().count() == all && !nodes.contains("handshake")
        });
        for (number, replica) in cluster.nodes[primaries..].iter().enumerate() {
            let primary = cluster.id(number % primaries);
            replica
                .client()
                .cmd(&["CLUSTER", "REPLICATE", primary.as_str()]);
        }
        cluster.wait_agreed(primaries);
        cluster
    }

    /// Waits until all nodes that run say that the cluster works, see so many primaries, and replicas are linked to theirs.
    #[track_caller]
    pub fn wait_agreed(&self, primaries: usize) {
        self.wait_for_all("the cluster works", |node| {
            let mut client = node.client();
            let nodes = client.text(&["CLUSTER", "NODES"]);
            let alive = |line: &&str| line.contains("master") && !line.contains("fail");
            client
                .text(&["CLUSTER", "INFO"])
                .contains("cluster_state:ok")
                && nodes.lines().filter(alive).count() == primaries
                && (node.info_field("replication", "role") == "master"
                    || node.info_field("replication", "master_link_status") == "up")
        });
    }

    #[track_caller]
    fn wait_for_all(&self, what: &str, condition: impl Fn(&Server) -> bool) {
        for (number, node) in self.running() {
            let what = format!("{what}, says node {number}");
            wait_until(AGREEMENT, what, || condition(node));
        }
    }

    /// A node by its number.
    pub fn node(&self, number: usize) -> &Server {
        &self.nodes[number]
    }

    /// The nodes that run, and their numbers.
    pub fn running(&self) -> impl Iterator<Item = (usize, &Server)> {
        let all = self.nodes.iter().enumerate();
        all.filter(|(number, _)| !self.dead.contains(number))
    }

    /// Kills a node where it stands.
    pub fn kill9(&mut self, number: usize) {
        self.nodes[number].kill9();
        self.dead.insert(number);
    }

    /// Starts a node that was killed, on its data.
    #[track_caller]
    pub fn start_again(&mut self, number: usize) {
        self.nodes[number].start_again();
        self.dead.remove(&number);
    }

    /// What a node is called in the cluster.
    #[track_caller]
    pub fn id(&self, number: usize) -> String {
        self.nodes[number].client().text(&["CLUSTER", "MYID"])
    }

    /// The slot of a key.
    #[track_caller]
    pub fn slot(&self, key: &str) -> i64 {
        self.nodes[0].client().int(&["CLUSTER", "KEYSLOT", key])
    }

    /// Which node has a key's slot, as the node that is asked says.
    #[track_caller]
    pub fn owner(&self, key: &str, asked: usize) -> usize {
        match self.nodes[asked].client().raw(&["EXISTS", key]) {
            Ok(_) => asked,
            Err(error) => self.number_of(&error),
        }
    }

    fn number_of(&self, error: &RedisError) -> usize {
        let port = redirection(error).map(|(_, port)| port);
        let number = self.nodes.iter().position(|node| Some(node.port()) == port);
        number.unwrap_or_else(|| panic!("no redirection to a node: {error}"))
    }

    /// So many keys, whose names begin so, in slots that a primary has.
    #[track_caller]
    pub fn keys_of(&self, primary: usize, count: usize, prefix: &str) -> Vec<String> {
        let keys = (0..).map(|number| format!("{prefix}:{number}"));
        keys.filter(|key| self.owner(key, primary) == primary)
            .take(count)
            .collect()
    }

    /// A client that finds the node for each key.
    pub fn client(&self) -> ClusterClient {
        ClusterClient::new(self.nodes.iter().map(Server::port).collect())
    }

    /// A number of `INFO presence`, over all primaries that run.
    #[track_caller]
    pub fn presence(&self, field: &str) -> u64 {
        let nodes = self.running().map(|(_, node)| node);
        let primaries = nodes.filter(|node| node.info_field("replication", "role") == "master");
        primaries.map(|node| node.presence(field)).sum()
    }
}

/// The slots that a primary begins with.
fn slots_of(number: usize, primaries: usize) -> Range<u32> {
    let start = |number: usize| SLOTS * number as u32 / primaries as u32;
    start(number)..start(number + 1)
}
