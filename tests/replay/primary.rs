//! A primary that has no data, and streams what it is given to one replica: that of another version, for the replica.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use crate::common::Client;

/// An empty RDB file of Redis 7.0, without a checksum.
const EMPTY: &[u8] = b"REDIS0010\xff\0\0\0\0\0\0\0\0";

/// The primary, until it is dropped.
pub struct Primary {
    stream: TcpStream,
    answers: Option<JoinHandle<()>>,
    end: usize,
}

impl Primary {
    /// The replication offset at the end of the stream.
    pub fn end(&self) -> usize {
        self.end
    }
}

impl Drop for Primary {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        if let Some(answers) = self.answers.take() {
            let _ = answers.join();
        }
    }
}

/// Makes the server of a client a replica of a primary that streams these commands, and nothing else.
pub fn streaming(client: &mut Client, commands: &'static [u8]) -> Primary {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    client.cmd(&args!["REPLICAOF", "127.0.0.1", port]);
    let (stream, _) = listener.accept().expect("the replica connects");
    let mut writer = stream.try_clone().expect("another handle");
    let reader = BufReader::new(stream.try_clone().expect("another handle"));
    let answers = thread::spawn(move || {
        // Whatever the replica asks is a command of words on lines of their own. The stream is not to be answered.
        let mut is_streaming = false;
        for line in reader.lines() {
            let Ok(line) = line else { return };
            let answer = match line.to_uppercase().as_str() {
                _ if is_streaming => continue,
                "PING" => b"+PONG\r\n".to_vec(),
                "REPLCONF" => b"+OK\r\n".to_vec(),
                "PSYNC" => [
                    format!("+FULLRESYNC {} 0\r\n${}\r\n", "a".repeat(40), EMPTY.len()).as_bytes(),
                    EMPTY,
                    commands,
                ]
                .concat(),
                _ => continue,
            };
            is_streaming = answer.starts_with(b"+FULLRESYNC");
            if writer.write_all(&answer).is_err() {
                return;
            }
        }
    });
    Primary {
        stream,
        answers: Some(answers),
        end: commands.len(),
    }
}
