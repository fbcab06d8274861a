//! A client that fails loudly: a thin layer over the `redis` crate's connection.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use redis::{
    Connection, ConnectionAddr, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    RedisError, Value,
};

use super::wait::LIMIT;
use super::{value, wire};

/// One connection to a server. Arguments are binary-safe: anything that is bytes; see also the macro `args!`.
pub struct Client {
    connection: Connection,
    /// Out-of-band messages (RESP3) that came while a reply was awaited.
    pushes: VecDeque<Value>,
}

impl Client {
    /// Connects to a server on this machine; an error when it does not accept or its first reply is an error.
    pub(super) fn connect(port: u16, protocol: ProtocolVersion) -> Result<Self, RedisError> {
        let settings = RedisConnectionInfo::default()
            .set_protocol(protocol)
            .set_skip_set_lib_name();
        let info = ConnectionAddr::Tcp("127.0.0.1".into(), port)
            .into_connection_info()?
            .set_redis_settings(settings);
        let connection = redis::Client::open(info)?.get_connection_with_timeout(LIMIT)?;
        connection.set_read_timeout(Some(LIMIT))?;
        Ok(Self {
            connection,
            pushes: VecDeque::new(),
        })
    }

    /// Runs a command and gives its reply, or the error. Errors nested in a reply (EXEC's) are left in their place.
    pub fn raw<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Value, RedisError> {
        self.connection.send_packed_command(&wire::encode(args))?;
        loop {
            match self.connection.recv_response()? {
                Value::ServerError(error) => return Err(error.into()),
                push @ Value::Push { .. } => self.pushes.push_back(push),
                reply => return Ok(reply),
            }
        }
    }

    /// The reply to a command that succeeds.
    ///
    /// # Panics
    /// On an error.
    #[track_caller]
    pub fn cmd<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Value {
        match self.raw(args) {
            Ok(reply) => reply,
            Err(error) => panic!("{}: {error}", show(args)),
        }
    }

    /// The error of a command that fails, exactly as the server sent it: `ERR syntax error`.
    ///
    /// # Panics
    /// When the command succeeds or the connection breaks.
    #[track_caller]
    pub fn err<A: AsRef<[u8]>>(&mut self, args: &[A]) -> String {
        match self.raw(args) {
            Ok(reply) => panic!("{}: no error but {reply:?}", show(args)),
            Err(error) => match (error.code(), error.detail()) {
                (Some(code), Some(detail)) => format!("{code} {detail}"),
                (Some(code), None) => code.into(),
                (None, _) => panic!("{}: {error}", show(args)),
            },
        }
    }

    /// A command whose reply is an integer.
    #[track_caller]
    pub fn int<A: AsRef<[u8]>>(&mut self, args: &[A]) -> i64 {
        value::int(self.cmd(args))
    }

    /// A command whose reply is an array of integers.
    #[track_caller]
    pub fn ints<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Vec<i64> {
        value::elements(self.cmd(args))
            .into_iter()
            .map(value::int)
            .collect()
    }

    /// A command whose reply is one string.
    #[track_caller]
    pub fn text<A: AsRef<[u8]>>(&mut self, args: &[A]) -> String {
        value::text(self.cmd(args))
    }

    /// A command whose reply is an array of strings.
    #[track_caller]
    pub fn strings<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Vec<String> {
        value::elements(self.cmd(args))
            .into_iter()
            .map(value::text)
            .collect()
    }

    /// As [`Client::strings`], for strings of any bytes.
    #[track_caller]
    pub fn bytes_list<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Vec<Vec<u8>> {
        value::elements(self.cmd(args))
            .into_iter()
            .map(value::bytes)
            .collect()
    }

    /// A command whose reply is a map: RESP3's type or RESP2's flat array.
    #[track_caller]
    pub fn fields<A: AsRef<[u8]>>(&mut self, args: &[A]) -> BTreeMap<String, Value> {
        value::fields(self.cmd(args))
    }

    /// Sends a command without waiting for its reply: to pipeline, or where the reply is expected to be late.
    pub fn send<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        let sent = self.connection.send_packed_command(&wire::encode(args));
        sent.expect("the server reads");
    }

    /// The next thing that the server sends: a reply, an error as a value, a message of a subscription.
    ///
    /// # Panics
    /// When nothing comes within `limit`.
    #[track_caller]
    pub fn receive(&mut self, limit: Duration) -> Value {
        if let Some(push) = self.pushes.pop_front() {
            return push;
        }
        let set = |connection: &Connection, limit| {
            connection
                .set_read_timeout(Some(limit))
                .expect("a valid limit");
        };
        set(&self.connection, limit);
        let received = self.connection.recv_response();
        set(&self.connection, LIMIT);
        received.unwrap_or_else(|error| panic!("nothing within {limit:?}: {error}"))
    }

    /// The server's clock in Unix ms.
    #[track_caller]
    pub fn now_ms(&mut self) -> i64 {
        let time = self.strings(&["TIME"]);
        let part = |index: usize| -> i64 { time[index].parse().expect("a number") };
        part(0) * 1000 + part(1) / 1000
    }

    /// `DEBUG DIGEST`: the same on two servers that hold the same data.
    #[track_caller]
    pub fn digest(&mut self) -> String {
        self.text(&["DEBUG", "DIGEST"])
    }
}

/// A command for a message: at most its first ten arguments, unprintable bytes escaped.
fn show<A: AsRef<[u8]>>(args: &[A]) -> String {
    let shown: Vec<String> = args
        .iter()
        .take(10)
        .map(|arg| wire::escape(arg.as_ref()))
        .collect();
    let rest = if args.len() > 10 { " …" } else { "" };
    shown.join(" ") + rest
}
