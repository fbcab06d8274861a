//! The protocol as bytes, for assertions on exactly what the server sends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::wait::LIMIT;

/// A command as an array of bulk strings, the way every client sends it.
pub fn encode<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args.iter().map(AsRef::as_ref) {
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// The commands in a log of them, each as one line: its arguments, escaped, with a space between. Packed touches are shown
/// as what they hold: `PRESENCE.T room AT 1700000000000 PX 60000 NOMAX ann bob`.
///
/// # Panics
/// When it holds anything but whole commands.
pub fn commands(mut log: &[u8]) -> Vec<String> {
    let number = |kind: u8, log: &mut &[u8]| -> usize {
        let end = log.iter().position(|byte| *byte == b'\n').expect("a line");
        let line = std::str::from_utf8(log[1..end].trim_ascii()).expect("digits");
        assert_eq!(log[0], kind, "{}", escape(&log[..end]));
        *log = &log[end + 1..];
        line.parse().expect("a length")
    };
    let mut commands = Vec::new();
    while !log.is_empty() {
        let mut words = Vec::new();
        for _ in 0..number(b'*', &mut log) {
            let length = number(b'$', &mut log);
            let word = &log[..length];
            match words.as_slice() {
                [name, _] if name == "PRESENCE.T" => words.extend(unpacked(word)),
                _ => words.push(escape(word)),
            }
            log = &log[length + 2..];
        }
        commands.push(words.join(" "));
    }
    commands
}

/// What a packed touch holds, as words.
///
/// # Panics
/// When it is none.
fn unpacked(mut rest: &[u8]) -> Vec<String> {
    let (at, ttl) = (number(&mut rest), number(&mut rest));
    let mut words = vec![format!("AT {at} PX {}", ttl >> 1)];
    words.extend((ttl & 1 == 1).then(|| "NOMAX".into()));
    while !rest.is_empty() {
        let length = number(&mut rest) as usize;
        words.push(escape(&rest[..length]));
        rest = &rest[length..];
    }
    words
}

/// Takes a number of as many bytes as it needs, seven bits in each, the lowest first.
fn number(rest: &mut &[u8]) -> u64 {
    let length = rest.iter().position(|byte| *byte < 0x80).expect("an end") + 1;
    let (bytes, after) = rest.split_at(length);
    *rest = after;
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
}

/// Bytes as text: line ends, backslashes and all that is not printable ASCII are escaped.
pub fn escape(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    text.replace(r"\'", "'").replace(r#"\""#, r#"""#)
}

/// A connection without a client library: bytes out, the bytes of one reply back.
pub struct RawConnection {
    stream: BufReader<TcpStream>,
}

impl RawConnection {
    /// Connects to a server on this machine. It speaks RESP2 until `HELLO 3` is sent.
    pub(super) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts");
        stream.set_read_timeout(Some(LIMIT)).expect("a valid limit");
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream
            .get_mut()
            .write_all(bytes)
            .expect("the server reads");
    }

    /// The bytes of one whole reply, nested ones included.
    ///
    /// # Panics
    /// When the connection ends or stays silent, or what comes is not RESP.
    pub fn reply(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.read_reply(&mut bytes);
        bytes
    }

    /// Sends a command and gives its reply, escaped so that an integer 1 is `r":1\r\n"`.
    pub fn call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> String {
        self.send(&encode(args));
        escape(&self.reply())
    }

    /// Appends one reply to `bytes`: its first line says how many bytes or replies follow.
    fn read_reply(&mut self, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        let read = self.stream.read_until(b'\n', bytes);
        assert!(
            read.expect("a reply within the limit") > 0,
            "the server hung up"
        );
        let line = bytes[start..].trim_ascii_end();
        let count = || -> i64 {
            let digits = std::str::from_utf8(&line[1..]).ok();
            let number = digits.and_then(|digits| digits.parse().ok());
            number.unwrap_or_else(|| panic!("no length in {:?}", escape(line)))
        };
        match line.first() {
            Some(b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(') => {}
            Some(b'$' | b'=' | b'!') => {
                if let Ok(length) = usize::try_from(count()) {
                    let body = bytes.len();
                    bytes.resize(body + length + 2, 0);
                    let read = self.stream.read_exact(&mut bytes[body..]);
                    read.expect("the whole string");
                }
            }
            Some(b'*' | b'~' | b'>') => (0..count()).for_each(|_| self.read_reply(bytes)),
            Some(b'%') => (0..2 * count()).for_each(|_| self.read_reply(bytes)),
            // Attributes come before the reply that they belong to.
            Some(b'|') => (0..=2 * count()).for_each(|_| self.read_reply(bytes)),
            _ => panic!("not RESP: {:?}", escape(line)),
        }
    }
}
