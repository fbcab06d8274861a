//! One audience over several keys: the recipe in docs/sharding.md, run as it stands there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Cluster, PYTHON, Server};

/// What the recipe is to do; it prints a line each time.
const USE: &str = r#"
import sys
from redis.cluster import RedisCluster

audience = Audience(RedisCluster("127.0.0.1", int(sys.argv[1]), decode_responses=True), "online", 16)
audience.configure("TTL", 600000, "RETAIN", 3600000)
users = [f"user:{number}" for number in range(10000)]
print(audience.touch(*users), audience.touch(*users, "zoe"), audience.count())
print(audience.leave("user:7", "user:8", "nobody"), audience.count(), audience.count("WINDOW", 3600000))
print(sorted(audience.online("user:7", "user:9", "user:9999", "nobody")))
for late in ["käse", "last"]:
    for _ in range(1000):
        audience.touch(late)
        if audience.newest(1)[0][0] == late:
            break
newest = audience.newest(5000)
print([member for member, _ in newest[:2]], len(newest), newest == sorted(newest, key=lambda entry: -entry[1]))
print(*(f"{key}={count}" for key, count in zip(audience.keys, audience.everywhere("PRESENCE.COUNT"))))
"#;

/// The first example of Python in the document.
fn recipe() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sharding.md");
    let document = fs::read_to_string(path).expect("the document is there");
    let (_, code) = document.split_once("```python\n").expect("an example");
    code.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn the_recipe_for_one_very_large_audience() {
    let cluster = Cluster::start(&Server::builder(), 3, 0);
    let output = Command::new(PYTHON)
        .args(["-c", &(recipe() + USE), &cluster.node(0).port().to_string()])
        .output()
        .expect("python3 is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "python3 with redis-py: {errors}");
    let printed = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = printed.lines().collect();
    let [touched, left, online, newest, counts] = lines[..] else {
        panic!("{printed}");
    };
    assert_eq!(touched, "10000 1 10001");
    assert_eq!(left, "2 9999 10001");
    assert_eq!(online, "['user:9', 'user:9999']");
    assert_eq!(newest, "['last', 'käse'] 5000 True");

    // Every key has its share, and nobody is in two of them.
    let mut client = cluster.client();
    let mut members = BTreeSet::new();
    let mut listed = 0;
    for share in counts.split(' ') {
        let (key, count) = share.split_once('=').expect("a key and its count");
        let found = client.strings(&["PRESENCE.LIST", key]);
        assert_eq!(found.len().to_string(), count, "{key}");
        assert!((400..900).contains(&found.len()), "{share}");
        listed += found.len();
        members.extend(found);
    }
    assert_eq!((listed, members.len()), (10_001, 10_001));
    for (number, node) in cluster.running() {
        assert!(
            node.presence("members") > 1000,
            "node {number} has no share"
        );
    }
    assert_eq!(cluster.presence("members"), 10_003);
}
