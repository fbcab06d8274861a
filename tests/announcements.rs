//! Announcements: who subscribes to `__redis__:cli` knows who is connected, a second after it has changed at the latest.
//! They stop nobody, and there are none in a pause or where nobody has asked for them.

mod arrival;
mod cluster;
mod message;
mod page;
mod quiet;

use std::thread;
use std::time::{Duration, Instant};

use redis::{PushKind, Value as Reply};
use serde_json::Value;

use crate::common::{Client, LIMIT, Server, bytes, elements, text};

/// Where they are published unless the settings say otherwise.
const CHANNEL: &str = "__redis__:cli";

/// A connection that has subscribed.
struct Subscriber {
    client: Client,
}

impl Subscriber {
    /// Subscribes by a connection that there is.
    fn new(mut client: Client, channel: &str) -> Subscriber {
        client.send(&["SUBSCRIBE", channel]);
        let confirmation = crate::common::show(&client.receive(LIMIT));
        assert!(confirmation.contains("ubscribe"), "{confirmation}");
        Subscriber { client }
    }

    /// A new connection of this name, which is subscribed to the announcements.
    fn to(server: &Server, name: &str) -> Subscriber {
        let mut client = server.client();
        client.cmd(&["CLIENT", "SETNAME", name]);
        Subscriber::new(client, CHANNEL)
    }

    /// The next message on any channel.
    #[track_caller]
    fn message(&mut self) -> String {
        let parts = match self.client.receive(LIMIT) {
            Reply::Push {
                kind: PushKind::Message,
                data,
            } => data,
            array @ Reply::Array(_) => elements(array).split_off(1),
            other => panic!("no message: {other:?}"),
        };
        assert_eq!(parts.len(), 2, "{parts:?}");
        text(parts[1].clone())
    }

    /// The next announcement.
    #[track_caller]
    fn next(&mut self) -> Announcement {
        Announcement::read(&self.message())
    }

    /// The first announcement from now on of which this holds.
    #[track_caller]
    fn until(&mut self, mut holds: impl FnMut(&Announcement) -> bool) -> Announcement {
        let deadline = Instant::now() + LIMIT;
        loop {
            let announcement = self.next();
            if holds(&announcement) {
                return announcement;
            }
            assert!(Instant::now() < deadline, "{announcement:?}");
        }
    }
}

/// What one announcement says.
#[derive(Debug)]
struct Announcement {
    at: i64,
    connected: i64,
    online: i64,
    truncated: Option<bool>,
    node: Option<String>,
    clients: Vec<Entry>,
}

/// A client in it.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    id: i64,
    addr: String,
    name: String,
    user: String,
    db: i64,
    connected_at: i64,
    last_interaction: i64,
    online: bool,
}

impl Announcement {
    /// Reads it by a parser of JSON. Nothing may be missing, and nothing be there that should not.
    #[track_caller]
    fn read(message: &str) -> Announcement {
        let json: Value =
            serde_json::from_str(message).unwrap_or_else(|error| panic!("{error}: {message}"));
        let number = |json: &Value, field: &str| {
            json[field]
                .as_i64()
                .unwrap_or_else(|| panic!("{field}: {message}"))
        };
        let string = |json: &Value, field: &str| json[field].as_str().map(str::to_owned);
        let known = ["at", "clients", "connected", "node", "online", "truncated"];
        let fields = json.as_object().expect("an object").keys();
        assert!(
            fields.clone().all(|field| known.contains(&field.as_str())),
            "{message}"
        );
        let clients = json["clients"].as_array().expect("an array");
        let entry = |json: &Value| {
            assert_eq!(json.as_object().expect("an object").len(), 8, "{json}");
            Entry {
                id: number(json, "id"),
                addr: string(json, "addr").expect("a text"),
                name: string(json, "name").expect("a text"),
                user: string(json, "user").expect("a text"),
                db: number(json, "db"),
                connected_at: number(json, "connected_at"),
                last_interaction: number(json, "last_interaction"),
                online: json["online"].as_bool().expect("a boolean"),
            }
        };
        let announcement = Announcement {
            at: number(&json, "at"),
            connected: number(&json, "connected"),
            online: number(&json, "online"),
            truncated: json
                .get("truncated")
                .map(|value| value.as_bool().expect("a boolean")),
            node: string(&json, "node"),
            clients: clients.iter().map(entry).collect(),
        };
        let online = announcement.clients.iter().filter(|client| client.online);
        let online = online.count() as i64;
        match announcement.truncated {
            None => assert_eq!(announcement.online, online, "{message}"),
            Some(_) => assert!(announcement.online >= online, "{message}"),
        }
        announcement
    }

    /// The names of the clients, in order.
    fn names(&self) -> Vec<&str> {
        self.clients
            .iter()
            .map(|client| client.name.as_str())
            .collect()
    }
}

/// Sets how often there is one.
#[track_caller]
fn set_frequency(client: &mut Client, seconds: u32) {
    let line = format!("CONFIG SET presence.client-announce-frequency {seconds}");
    assert_eq!(client.answer(&line), "OK");
}

/// Has clients come and go for so long, a hundred a second: every closed connection occupies the machine for a while.
/// Returns how many.
fn come_and_go(server: &Server, time: Duration) -> usize {
    let end = Instant::now() + time;
    let mut clients = 0;
    while Instant::now() < end {
        server.raw_connection().call(&["PING"]);
        clients += 1;
        thread::sleep(Duration::from_millis(10));
    }
    clients
}

/// How often the server's list of clients was asked for, in parts or as a whole.
fn lists_asked_for(client: &mut Client) -> u64 {
    let stats = client.text(&["INFO", "commandstats"]);
    let mut fields = stats
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_client|list:calls="));
    fields.next().map_or(0, |rest| {
        let calls = rest.split(',').next().expect("a number");
        calls.parse().expect("a number")
    })
}

/// A connection's bytes in a reply, for a comparison of protocols.
fn payload(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Push { data, .. } | Reply::Array(data) => {
            bytes(data.into_iter().next_back().expect("a payload"))
        }
        other => panic!("no message: {other:?}"),
    }
}
