//! Many sessions that are detached by one command, as when a gateway closes.

use crate::common::{Client, assert_same_everywhere};

/// More than are looked for at a time, and no multiple of it.
const MEMBERS: usize = 57;

/// Sessions of all members, and of every third a second one, which stays.
fn attach(client: &mut Client, key: &str) {
    for number in 0..MEMBERS {
        client.answer(&format!(
            "PRESENCE.ATTACH {key} user:{number} gone:{number}"
        ));
        if number % 3 == 0 {
            client.answer(&format!(
                "PRESENCE.ATTACH {key} user:{number} stays:{number}"
            ));
        }
    }
}

/// Each session that goes twice, the second time just after it or much later, and one that there is not.
fn named_twice() -> String {
    let at_once = (0..MEMBERS).map(|number| format!("gone:{number} none:{number} gone:{number}"));
    let later = (0..MEMBERS).map(|number| format!("gone:{number}"));
    at_once.chain(later).collect::<Vec<_>>().join(" ")
}

#[test]
fn of_sessions_named_more_than_once_each_ends_once() {
    assert_same_everywhere(
        |client| {
            attach(client, "now");
            attach(client, "later");
            client.answer("PRESENCE.CONFIG retained RETAIN 600000");
            attach(client, "retained");
            let ids = named_twice();
            let count = ids.split(' ').count();
            for (key, grace, left) in [
                ("now", 0, MEMBERS - MEMBERS.div_ceil(3)),
                ("retained", 0, MEMBERS - MEMBERS.div_ceil(3)),
                ("later", 5_000_000, 0),
            ] {
                let detach = format!("PRESENCE.DETACH {key} GRACE {grace} SESSIONS {count} {ids}");
                assert_eq!(client.answer(&detach), left.to_string(), "{key}");
            }
        },
        |client| {
            for (key, online) in [
                ("now", MEMBERS.div_ceil(3)),
                ("retained", MEMBERS.div_ceil(3)),
                ("later", MEMBERS),
            ] {
                let count = client.answer(&format!("PRESENCE.COUNT {key}"));
                assert_eq!(count, online.to_string(), "{key}");
                let sessions = client.answer(&format!("PRESENCE.SESSIONS {key} user:3"));
                assert!(sessions.contains("stays:3"), "{sessions}");
            }
        },
    );
}
