//! A chain of three whose clocks are hours apart, in a storm: links break, replicas are promoted and come back, clocks
//! jump, the primary runs out of memory, and all the while the keys are touched, moved, restored and swept. After each
//! gust all three hold the same; at the end each holds the same again after a reload, and after a replay of its own log.

use super::compare::assert_same;
use super::workload::Workload;
use super::{busy, let_time_pass, stop_evicting, wait_log_written};
use crate::common::{Client, Random, Server};

/// What happens between two comparisons.
#[derive(Clone, Copy, Debug)]
enum Gust {
    /// The primary drops its replicas, or a replica its primary. They go on where they were, or load all anew.
    DropReplicas,
    DropPrimary,
    /// A replica is a primary for a moment, and evicts by its own clock.
    Promotion,
    ClockJump,
    /// The primary has to evict whole keys.
    LowMemory,
    Reload,
    /// Thousands of touches, each with a ttl of its own.
    Crowd,
}

const GUSTS: [Gust; 7] = [
    Gust::DropReplicas,
    Gust::DropPrimary,
    Gust::Promotion,
    Gust::ClockJump,
    Gust::LowMemory,
    Gust::Reload,
    Gust::Crowd,
];

/// How a replica gets its first data: `repl-diskless-sync` of the server it follows, and its own `repl-diskless-load`.
type Sync = (&'static str, &'static str);

/// The primary, the one that follows it, and the one that follows that.
struct Chain {
    servers: [Server; 3],
    random: Random,
    workload: Workload,
}

impl Chain {
    fn start(first: Sync, second: Sync) -> Self {
        let primary = busy()
            .clock("+0")
            .arg("repl-backlog-size 64kb")
            .arg(&format!("repl-diskless-sync {}", first.0))
            .start();
        let mut workload = Workload::new(&primary).expiring_keys();
        workload.run(200);
        let middle = busy()
            .clock("+3h")
            .arg("appendonly yes")
            .arg("aof-use-rdb-preamble yes")
            .arg(&format!("repl-diskless-load {}", first.1))
            .arg(&format!("repl-diskless-sync {}", second.0))
            .start_replica_of(&primary);
        let last = busy()
            .clock("-2h")
            .arg("appendonly yes")
            .arg("aof-use-rdb-preamble no")
            .arg(&format!("repl-diskless-load {}", second.1))
            .start_replica_of(&middle);
        Self {
            servers: [primary, middle, last],
            random: Random::new(),
            workload,
        }
    }

    /// All three hold the same.
    #[track_caller]
    fn assert_same(&self, when: &str) {
        let [primary, middle, last] = &self.servers;
        assert_same(primary, &[middle, last], when);
    }

    /// The number of one of the replicas.
    fn some_replica(&mut self) -> usize {
        self.random.pick(&[1, 2])
    }

    /// One gust, with changes before, in and after it.
    fn gust(&mut self, gust: Gust) {
        self.workload.run(60);
        match gust {
            Gust::DropReplicas => {
                let server = self.random.pick(&[0, 1]);
                kill(&mut self.servers[server].client(), "replica");
            }
            Gust::DropPrimary => {
                let replica = self.some_replica();
                kill(&mut self.servers[replica].client(), "master");
            }
            Gust::Promotion => self.promote_for_a_moment(),
            Gust::ClockJump => {
                let server = self.random.pick(&[0, 0, 1, 2]);
                let offset = self
                    .random
                    .pick(&["-5h", "-90m", "+0", "+2h", "+2h", "+1d"]);
                self.servers[server].set_clock(offset);
            }
            Gust::LowMemory => self.squeeze(),
            // Not one that others follow: what is saved for them may be in the file that a reload writes.
            Gust::Reload => {
                self.servers[2].client().cmd(&["DEBUG", "RELOAD"]);
            }
            Gust::Crowd => self.workload.crowd(2000),
        }
        self.workload.run(60);
    }

    fn promote_for_a_moment(&mut self) {
        let replica = self.some_replica();
        let mut client = self.servers[replica].client();
        client.cmd(&["REPLICAOF", "NO", "ONE"]);
        self.workload.run(30);
        // Writes of its own besides those of its eviction.
        Workload::new(&self.servers[replica]).run(20);
        let port = self.servers[replica - 1].port();
        client.cmd(&args!["REPLICAOF", "127.0.0.1", port]);
    }

    /// The primary may use less than it does, for as long as some changes last.
    fn squeeze(&mut self) {
        let primary = &self.servers[0];
        let mut client = primary.client();
        let policy = self
            .random
            .pick(&["allkeys-lru", "allkeys-lfu", "allkeys-random"]);
        client.cmd(&["CONFIG", "SET", "maxmemory-policy", policy]);
        self.workload.crowd(1000);
        let free_of_charge = primary.info_field("memory", "mem_not_counted_for_evict");
        let free_of_charge: u64 = free_of_charge.parse().expect("a number of bytes");
        let most = primary.used_memory() - free_of_charge - 40_000;
        client.cmd(&args!["CONFIG", "SET", "maxmemory", most]);
        self.workload.run(60);
        client.cmd(&["CONFIG", "SET", "maxmemory", "0"]);
    }

    /// Each holds what it held after a reload, and the replicas after a replay of their logs.
    fn start_over(mut self) {
        self.workload.persist_all();
        stop_evicting(&self.servers[0]);
        self.assert_same("after the storm");
        let digest = self.servers[0].client().digest();
        stop_evicting(&self.servers[0]);
        for (number, server) in self.servers.iter().enumerate() {
            server.client().cmd(&["DEBUG", "RELOAD"]);
            assert_eq!(server.client().digest(), digest, "reloaded: {number}");
        }
        for server in &self.servers[1..] {
            server.wait_link_up();
            wait_log_written(server);
        }
        // Nobody is there to follow: what they hold is from their logs. As replicas they do not evict.
        let [mut primary, mut middle, mut last] = self.servers;
        primary.kill9();
        middle.kill9();
        for (server, name) in [(&mut last, "the last"), (&mut middle, "the middle")] {
            server.kill9();
            server.start_again();
            assert_eq!(server.client().digest(), digest, "replayed: {name}");
        }
    }
}

/// Ends the connections of one type that a server has.
fn kill(client: &mut Client, connections: &str) {
    client.cmd(&["CLIENT", "KILL", "TYPE", connections]);
}

/// How often there is every gust.
const ROUNDS: usize = 5;

/// Every gust some times, in any order, and up to three of them at once.
fn storm(first: Sync, second: Sync) {
    let mut chain = Chain::start(first, second);
    chain.assert_same("before the storm");
    let mut gusts = GUSTS.repeat(ROUNDS);
    while !gusts.is_empty() {
        let mut at_once = Vec::new();
        for _ in 0..gusts.len().min(1 + chain.random.below(3) as usize) {
            let next = chain.random.below(gusts.len() as u64) as usize;
            at_once.push(gusts.swap_remove(next));
        }
        for gust in &at_once {
            chain.gust(*gust);
        }
        chain.assert_same(&format!("after {at_once:?}, {} to come", gusts.len()));
        let_time_pass();
    }
    let [primary, middle, last] = &chain.servers;
    let counted = |section: &str, field: &str| -> u64 {
        let counts = [primary, middle].map(|server| server.info_field(section, field));
        counts
            .iter()
            .map(|count| count.parse::<u64>().expect("a number"))
            .sum()
    };
    assert!(counted("stats", "evicted_keys") > 0);
    assert!(counted("stats", "sync_full") > 2 && counted("stats", "sync_partial_ok") > 0);
    assert!(primary.presence("evicted") > 100 && primary.presence("joins") > 1000);
    for server in [primary, middle, last] {
        server.assert_clean_log();
        // What a server logs when its primary has sent it a command that it cannot carry out.
        assert!(!server.log().contains("== CRITICAL =="), "{}", server.log());
    }
    chain.start_over();
}

#[test]
fn a_chain_outlives_a_storm_and_loads_from_the_disk() {
    storm(("yes", "disabled"), ("no", "swapdb"));
}

#[test]
fn a_chain_outlives_a_storm_and_loads_when_it_is_empty() {
    storm(("yes", "on-empty-db"), ("no", "disabled"));
}

#[test]
fn a_chain_outlives_a_storm_and_loads_beside_what_it_has() {
    storm(("yes", "swapdb"), ("no", "on-empty-db"));
}
