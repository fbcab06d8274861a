//! One state, wherever it is copied to: on replicas, in dumps and files, from logs of both forms.

use redis::Value;

use super::client::Client;
use super::replication::wait_caught_up;
use super::server::Server;

/// Has primaries that evict nothing do some `work`, and compares all that is copied of it with what they hold. `check` is
/// asked of each primary after it has loaded its log, as it was written and then as it was rewritten.
#[track_caller]
pub fn assert_same_everywhere(work: impl Fn(&mut Client), check: impl Fn(&mut Client)) {
    for preamble in ["yes", "no"] {
        let mut primary = Server::builder()
            .arg("appendonly yes")
            .arg(&format!("aof-use-rdb-preamble {preamble}"))
            .module_args("sweep-interval 60000")
            .start();
        let fed = Server::start_replica_of(&primary);
        let mut client = primary.client();
        work(&mut client);
        let digest = client.digest();
        // One that was fed with it, and one that was loaded with it.
        for replica in [fed, Server::start_replica_of(&primary)] {
            wait_caught_up(&primary, &replica);
            assert_eq!(replica.client().digest(), digest, "a replica");
        }
        client.cmd(&["DEBUG", "RELOAD"]);
        assert_eq!(client.digest(), digest, "a file");
        assert_copies(&mut client);
        for how in ["as written", "rewritten"] {
            if how == "rewritten" {
                primary.rewrite_log();
            }
            primary.kill9();
            primary.start_again();
            let mut client = primary.client();
            assert_eq!(client.digest(), digest, "the log {how}, {preamble}");
            check(&mut client);
        }
    }
}

/// Compares each key with its dump and its copy, which go again.
#[track_caller]
fn assert_copies(client: &mut Client) {
    for key in client.strings(&["KEYS", "*"]) {
        let Value::BulkString(dump) = client.cmd(&["DUMP", &key]) else {
            panic!("no dump of {key}")
        };
        client.cmd(&args!["RESTORE", "restored", 0, dump, "REPLACE"]);
        client.cmd(&["COPY", &key, "copied", "REPLACE"]);
        let digests = client.strings(&["DEBUG", "DIGEST-VALUE", &key, "restored", "copied"]);
        assert_eq!([&digests[1], &digests[2]], [&digests[0]; 2], "{key}");
    }
    client.cmd(&["DEL", "restored", "copied"]);
}
