//! Who listens: a subscription on a connection of its own.

use redis::{PushKind, Value};

use super::client::Client;
use super::value::bytes;
use super::wait::LIMIT;
use super::wire::escape;

/// Where [`Subscriber::heard_to_the_end`] looks for its end.
const THE_END: &str = "the end";

/// What the channels of the events in database 0 begin with; messages are shown without.
const EVENTS: &[u8] = b"__presence@0__:";

/// One message: the channel it came by, and what it says.
pub type Message = (Vec<u8>, Vec<u8>);

/// A connection that listens to patterns of channels.
pub struct Subscriber {
    client: Client,
    /// How many times it has asked the server for an answer.
    asked: u32,
}

impl Subscriber {
    /// Has `client` listen to these patterns, and to nothing else from then on.
    #[track_caller]
    pub fn new(mut client: Client, patterns: &[&str]) -> Self {
        let mut command = vec!["PSUBSCRIBE", THE_END];
        command.extend(patterns);
        client.send(&command);
        command[1..].iter().for_each(|pattern| {
            let answer = client.receive(LIMIT);
            let ok = matches!(answer, Value::Array(_) | Value::Push { .. });
            assert!(ok, "PSUBSCRIBE {pattern}: {answer:?}");
        });
        Self { client, asked: 0 }
    }

    /// The next message, which comes within a limit of time.
    #[track_caller]
    pub fn next(&mut self) -> Message {
        let received = self.client.receive(LIMIT);
        message(&received).unwrap_or_else(|| panic!("not a message: {received:?}"))
    }

    /// All messages that the server has sent so far, each as a line: `join:room ann` of an event in database 0, the whole
    /// channel and the message of anything else, escaped. The server answers in between, so nothing is waited for.
    #[track_caller]
    pub fn heard(&mut self) -> Vec<String> {
        self.messages().iter().map(line).collect()
    }

    /// As [`Subscriber::heard`], each message as it came.
    #[track_caller]
    pub fn messages(&mut self) -> Vec<Message> {
        self.asked += 1;
        let token = format!("answer {}", self.asked);
        self.client.send(&["PING", &token]);
        let answered = |value: &Value| match value {
            Value::BulkString(text) => text == token.as_bytes(),
            Value::Array(parts) => parts.last() == Some(&Value::BulkString(token.clone().into())),
            _ => false,
        };
        self.until(answered)
    }

    /// As [`Subscriber::heard`], but for what is still on its way: all that comes before a message that `from` publishes
    /// now, by the way that its other messages take.
    #[track_caller]
    pub fn heard_to_the_end(&mut self, from: &mut Client) -> Vec<String> {
        self.asked += 1;
        let token = format!("end {}", self.asked);
        from.cmd(&["PUBLISH", THE_END, &token]);
        let end = (THE_END.as_bytes().to_vec(), token.into_bytes());
        let heard = self.until(|value| message(value).as_ref() == Some(&end));
        heard.iter().map(line).collect()
    }

    /// The messages that come before what `is_end` says yes of.
    #[track_caller]
    fn until(&mut self, is_end: impl Fn(&Value) -> bool) -> Vec<Message> {
        let mut heard = Vec::new();
        loop {
            let received = self.client.receive(LIMIT);
            if is_end(&received) {
                return heard;
            }
            heard.push(message(&received).unwrap_or_else(|| panic!("no message: {received:?}")));
        }
    }
}

/// A message in either protocol: the pattern, the channel and the text.
fn message(value: &Value) -> Option<Message> {
    let parts = match value {
        Value::Push {
            kind: PushKind::PMessage,
            data,
        } => data.as_slice(),
        Value::Array(parts) => match parts.split_first()? {
            (Value::BulkString(kind), rest) if kind == b"pmessage" => rest,
            _ => return None,
        },
        _ => return None,
    };
    let [_, channel, text] = parts else {
        return None;
    };
    Some((bytes(channel.clone()), bytes(text.clone())))
}

fn line((channel, text): &Message) -> String {
    let channel = channel.strip_prefix(EVENTS).unwrap_or(channel);
    format!("{} {}", escape(channel), escape(text))
}
