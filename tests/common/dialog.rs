//! Commands as one would type them, and their replies as one would read them: for tests that are tables.

use redis::{RedisError, ServerError, Value};

use super::client::Client;
use super::wire;

impl Client {
    /// The reply to a command, given as words with one space between (two make an empty word), as text: `3`, `"text"`,
    /// `OK`, `nil`, `[1, "text"]`, `{"name": 1}`; of an error exactly what the server sent, `ERR syntax error`.
    #[track_caller]
    pub fn answer(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        match self.raw(&words) {
            Ok(reply) => show(&reply),
            Err(error) => show_error(&error),
        }
    }

    /// Runs one command after the other and compares the reply of each.
    #[track_caller]
    pub fn dialog(&mut self, exchanges: &[(&str, &str)]) {
        for (line, expected) in exchanges {
            assert_eq!(self.answer(line), *expected, "{line}");
        }
    }

    /// Runs commands in one transaction, so at one instant, and gives the replies.
    #[track_caller]
    pub fn together(&mut self, lines: &[&str]) -> Vec<String> {
        assert_eq!(self.answer("MULTI"), "OK");
        for line in lines {
            assert_eq!(self.answer(line), "QUEUED", "{line}");
        }
        match self.cmd(&["EXEC"]) {
            Value::Array(replies) => replies.iter().map(show).collect(),
            other => panic!("EXEC: {other:?}"),
        }
    }

    /// Runs commands at one instant and gives that in Unix ms, with the replies. Uses a key of this name.
    #[track_caller]
    pub fn at_once(&mut self, clock: &str, lines: &[&str]) -> (i64, Vec<String>) {
        let touch = format!("PRESENCE.TOUCH {clock} now");
        let seen = format!("PRESENCE.SEEN {clock} now");
        let mut all = vec![touch.as_str(), seen.as_str()];
        all.extend(lines);
        let mut replies = self.together(&all);
        let now = replies[1].trim_matches(['[', ']']).parse();
        (now.expect("a time"), replies.split_off(2))
    }
}

/// A reply as text.
pub fn show(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Nil => "nil".into(),
        Value::Int(number) => number.to_string(),
        Value::Okay => "OK".into(),
        Value::SimpleString(text) => text.clone(),
        Value::BulkString(bytes) => format!("\"{}\"", wire::escape(bytes)),
        Value::Array(items) => format!("[{}]", list(items.iter().map(show).collect())),
        Value::Set(items) => format!("~[{}]", list(items.iter().map(show).collect())),
        Value::Map(pairs) => {
            let pair = |(name, value): &(Value, Value)| format!("{}: {}", show(name), show(value));
            format!("{{{}}}", list(pairs.iter().map(pair).collect()))
        }
        Value::ServerError(error) => show_server_error(error),
        other => format!("{other:?}"),
    }
}

/// An error as the server sent it.
fn show_error(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.into(),
        (None, _) => panic!("{error}"),
    }
}

fn show_server_error(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().into(),
    }
}
