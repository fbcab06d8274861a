//! An announcement as JSON: `{"at":…,"connected":2,"online":1,"clients":[…]}`, where each client has the fields of
//! PRESENCE.CLIENTS.

use serde::Serialize;

use super::gathering::Gathered;
use crate::clients;
use crate::core::time::Millis;

/// Clients listed in one message.
const MOST: usize = 1000;

#[derive(Serialize)]
struct Announcement<'a> {
    /// When it was made, in Unix ms.
    at: Millis,
    connected: usize,
    online: usize,
    clients: Vec<Entry<'a>>,
    /// Whether there are more clients than are listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    /// In a cluster, the node that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: u64,
    addr: &'a str,
    name: &'a str,
    user: &'a str,
    db: i64,
    connected_at: i64,
    last_interaction: i64,
    online: bool,
}

/// The message about these clients; those with an interaction less than `window` before `at` are online.
pub fn write(clients: &[Gathered], at: Millis, window: Millis, node: Option<&str>) -> Vec<u8> {
    let is_online = |client: &Gathered| clients::is_online(client.last_interaction, at, window);
    let entries = clients.iter().take(MOST).map(|client| Entry {
        id: client.id,
        addr: &client.addr,
        name: &client.name,
        user: &client.user,
        db: client.db,
        connected_at: client.connected_at,
        last_interaction: client.last_interaction,
        online: is_online(client),
    });
    let announcement = Announcement {
        at,
        connected: clients.len(),
        online: clients.iter().filter(|client| is_online(client)).count(),
        clients: entries.collect(),
        truncated: clients.len() > MOST,
        node,
    };
    serde_json::to_vec(&announcement).expect("text and numbers can be written")
}

#[cfg(test)]
mod tests {
    use super::super::gathering::Gathering;
    use super::*;

    const AT: Millis = 1_700_000_009_500;

    fn client(id: u64, name: &str, last_interaction: i64) -> Gathered {
        Gathered {
            id,
            addr: format!("127.0.0.1:{id}"),
            name: name.into(),
            user: "default".into(),
            db: 0,
            connected_at: 1_700_000_000_000,
            last_interaction,
        }
    }

    #[test]
    fn it_is_the_contracts_byte_for_byte() {
        let clients = [
            client(3, "web", 1_700_000_009_000),
            Gathered {
                user: "app".into(),
                db: 7,
                connected_at: 1_600_000_000_000,
                ..client(8, "", 1_700_000_004_000)
            },
        ];
        let message = write(&clients, AT, 5000, None);
        assert_eq!(
            String::from_utf8(message).expect("JSON is UTF-8"),
            concat!(
                r#"{"at":1700000009500,"connected":2,"online":1,"clients":["#,
                r#"{"id":3,"addr":"127.0.0.1:3","name":"web","user":"default","db":0,"#,
                r#""connected_at":1700000000000,"last_interaction":1700000009000,"online":true},"#,
                r#"{"id":8,"addr":"127.0.0.1:8","name":"","user":"app","db":7,"#,
                r#""connected_at":1600000000000,"last_interaction":1700000004000,"online":false}]}"#,
            )
        );
        let message = write(
            &[],
            AT,
            5000,
            Some("07c37dfeb235213a872192d90877d0cd55635b91"),
        );
        assert_eq!(
            String::from_utf8(message).expect("JSON is UTF-8"),
            r#"{"at":1700000009500,"connected":0,"online":0,"clients":[],"node":"07c37dfeb235213a872192d90877d0cd55635b91"}"#
        );
    }

    #[test]
    fn whatever_a_client_or_its_user_is_called_comes_back_from_a_parser() {
        for name in [
            "\"",
            "\\\"}],{",
            "a\u{0}\u{1f}\u{7f}\r\n\t\u{8}",
            "</script>",
            "\u{fffd}",
            "é\u{2028}𝄞",
        ] {
            let of_user = Gathered {
                user: name.into(),
                ..client(1, name, 0)
            };
            let message = write(&[of_user], AT, 1, None);
            let read: serde_json::Value = serde_json::from_slice(&message).expect("it is JSON");
            for field in ["name", "user"] {
                assert_eq!(read["clients"][0][field], name);
            }
            assert!(message.iter().all(|byte| *byte >= 0x20), "{message:?}");
        }
    }

    #[test]
    fn a_message_is_bounded_whatever_clients_are_called() {
        // A byte that takes the most room in JSON, one that has to be escaped, and one that is not UTF-8.
        for byte in [0x01, b'"', 0xff] {
            let long = vec![byte; 100_000];
            let client = |id| clients::Client {
                id,
                addr: b"127.0.0.1:65535",
                name: &long,
                user: &long,
                db: 15,
                connected_at: 1_700_000_000_000,
                last_interaction: 1_700_000_000_000,
                is_internal: false,
            };
            let mut gathering = Gathering::new();
            let ids: Vec<u64> = (0..2000).collect();
            gathering
                .add(&ids, ids.iter().map(|id| Ok(client(*id))))
                .expect("all lines were read");
            let message = write(gathering.clients(), AT, 1000, None);
            assert!(message.len() < 3_300_000, "{} bytes", message.len());
        }
    }

    #[test]
    fn the_list_stops_at_a_thousand_and_the_counts_do_not() {
        for (count, truncated) in [(1000, None), (1001, Some(true)), (5000, Some(true))] {
            let clients: Vec<_> = (0..count)
                .map(|id| client(id, "", 1_700_000_009_000))
                .collect();
            let message = write(&clients, AT, 1000, None);
            let read: serde_json::Value = serde_json::from_slice(&message).expect("it is JSON");
            assert_eq!(read["clients"].as_array().expect("a list").len(), 1000);
            assert_eq!(
                (&read["connected"], &read["online"]),
                (&count.into(), &count.into())
            );
            assert_eq!(
                read.get("truncated").and_then(serde_json::Value::as_bool),
                truncated
            );
        }
    }
}
