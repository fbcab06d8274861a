//! An announcement as JSON: `{"at":…,"connected":2,"online":1,"clients":[{"id":5,"addr":"…","name":"…","last_interaction":…},…]}`.

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
    /// There are more clients than those that are listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    /// Which node of a cluster it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: u64,
    addr: &'a str,
    name: &'a str,
    last_interaction: i64,
}

/// The message on these clients, of whom those are online who spoke less than `window` before `at`.
pub fn write(clients: &[Gathered], at: Millis, window: Millis, node: Option<&str>) -> Vec<u8> {
    let is_online = |client: &&Gathered| clients::is_online(client.last_interaction, at, window);
    let entries = clients.iter().take(MOST).map(|client| Entry {
        id: client.id,
        addr: &client.addr,
        name: &client.name,
        last_interaction: client.last_interaction,
    });
    let announcement = Announcement {
        at,
        connected: clients.len(),
        online: clients.iter().filter(is_online).count(),
        clients: entries.collect(),
        truncated: clients.len() > MOST,
        node,
    };
    serde_json::to_vec(&announcement).expect("text and numbers can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Millis = 1_700_000_009_500;

    fn client(id: u64, name: &str, last_interaction: i64) -> Gathered {
        Gathered {
            id,
            addr: format!("127.0.0.1:{id}"),
            name: name.into(),
            last_interaction,
        }
    }

    #[test]
    fn it_is_the_contracts_byte_for_byte() {
        let clients = [
            client(3, "web", 1_700_000_009_000),
            client(8, "", 1_700_000_004_000),
        ];
        let message = write(&clients, AT, 5000, None);
        assert_eq!(
            String::from_utf8(message).expect("JSON is UTF-8"),
            r#"{"at":1700000009500,"connected":2,"online":1,"clients":[{"id":3,"addr":"127.0.0.1:3","name":"web","last_interaction":1700000009000},{"id":8,"addr":"127.0.0.1:8","name":"","last_interaction":1700000004000}]}"#
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
    fn whatever_stands_in_a_name_comes_back_from_a_parser() {
        for name in [
            "\"",
            "\\\"}],{",
            "a\u{0}\u{1f}\u{7f}\r\n\t\u{8}",
            "</script>",
            "\u{fffd}",
            "é\u{2028}𝄞",
        ] {
            let message = write(&[client(1, name, 0)], AT, 1, None);
            let read: serde_json::Value = serde_json::from_slice(&message).expect("it is JSON");
            assert_eq!(read["clients"][0]["name"], name);
            assert!(message.iter().all(|byte| *byte >= 0x20), "{message:?}");
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
