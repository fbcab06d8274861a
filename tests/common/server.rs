//! A server of a test's own, with the module loaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use redis::{ProtocolVersion, RedisError};

use super::builder::Builder;
use super::client::Client;
use super::clock;
use super::process::{self, TempDir};
use super::running::{Launch, Running};
use super::wait::{LIMIT, wait_until};
use super::wire::RawConnection;

/// Why a server did not come up.
pub(super) enum StartError {
    /// Somebody else listens on its port.
    PortTaken,
    /// What it did instead of answering.
    Failed(String),
}

/// A running server, killed and its folder removed when dropped. Where the test has failed, its log's end is printed.
pub struct Server {
    /// `None` between a `kill9` and the `start_again`.
    process: Option<Running>,
    port: u16,
    dir: TempDir,
    builder: Builder,
}

impl Server {
    /// A server with the module and nothing else: no persistence.
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Settings to be filled in, then started.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Chooses a port and writes the settings; nothing runs yet.
    pub(super) fn new(builder: &Builder) -> Self {
        let server = Self {
            process: None,
            port: process::free_port(),
            dir: TempDir::new(),
            builder: builder.clone(),
        };
        let config = builder.config(server.port, server.dir());
        fs::write(server.config_path(), config).expect("the folder is writable");
        server
    }

    /// Starts the process and waits until it answers.
    pub(super) fn launch(&mut self) -> Result<(), StartError> {
        let seen = self.log().len();
        let process = Running::start(&Launch {
            dir: self.dir(),
            config: &self.config_path(),
            log: &self.log_path(),
            environment: &self.builder.environment(self.dir()),
        });
        let process = self.process.insert(process);

        let deadline = Instant::now() + LIMIT;
        loop {
            if answers(self.port, process.id()) {
                return Ok(());
            }
            let why = match process.ended() {
                Some(how) => how,
                None if Instant::now() > deadline => format!("did not answer in {LIMIT:?}"),
                None => {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                }
            };
            self.kill9();
            return Err(
                match self.log()[seen..].contains("Address already in use") {
                    true => StartError::PortTaken,
                    false => StartError::Failed(why),
                },
            );
        }
    }

    /// Has the clock of a server that was started with one (see [`Builder::clock`]) be off by so much from now on.
    pub fn set_clock(&mut self, offset: &str) {
        self.builder = self.builder.clone().clock(offset);
        clock::set(self.dir(), offset);
    }

    /// Stops the server as an operator does (it saves where its settings say so) and starts it on the same data and
    /// port. Connections are gone: make new ones. Without AOF or save points, run `SAVE` first to keep the data.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Stops the server as an operator does: it saves where its settings say so.
    #[track_caller]
    pub fn stop(&mut self) {
        // The reply to a SHUTDOWN that works is the end of the connection.
        if let Err(error) = self.client().raw(&["SHUTDOWN"]) {
            assert!(error.is_io_error(), "SHUTDOWN: {error}");
        }
        let process = self.process.as_mut().expect("the server runs");
        wait_until(LIMIT, "the server has shut down", || {
            process.ended().is_some()
        });
        self.process = None;
    }

    /// Kills the server where it stands, as a crash or a power cut would.
    pub fn kill9(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts a server that was stopped or killed on the same data and port.
    #[track_caller]
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "the server still runs");
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.launch() {
                Ok(()) => return,
                Err(StartError::PortTaken) if Instant::now() < deadline => {}
                Err(StartError::PortTaken) => panic!("port {} is taken", self.port),
                Err(StartError::Failed(why)) => panic!("the server {why}; {}", self.log_text()),
            }
        }
    }

    /// A new connection that speaks RESP2.
    #[track_caller]
    pub fn client(&self) -> Client {
        self.connect(ProtocolVersion::RESP2)
    }

    /// A new connection that speaks RESP3.
    #[track_caller]
    pub fn client3(&self) -> Client {
        self.connect(ProtocolVersion::RESP3)
    }

    /// A new connection without a client library.
    pub fn raw_connection(&self) -> RawConnection {
        RawConnection::connect(self.port)
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that it runs in: its data, its log and its settings.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the server runs").id()
    }

    /// All that it has logged so far, over its restarts.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until `text` stands in the log.
    #[track_caller]
    pub fn wait_log(&self, text: &str) {
        wait_until(LIMIT, format!("the log says {text:?}"), || {
            self.log().contains(text)
        });
    }

    /// One field of an INFO section, as text.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn info_field(&self, section: &str, name: &str) -> String {
        let text = self.client().text(&["INFO", section]);
        match info_value(&text, name) {
            Some(value) => value.into(),
            None => panic!("no {name} in INFO {section}: {text}"),
        }
    }

    /// Bytes that the server has allocated.
    #[track_caller]
    pub fn used_memory(&self) -> u64 {
        let value = self.info_field("memory", "used_memory");
        value.parse().expect("a number of bytes")
    }

    fn connect(&self, protocol: ProtocolVersion) -> Client {
        match Client::connect(self.port, protocol) {
            Ok(client) => client,
            Err(error) => panic!("no connection: {error}; {}", self.log_text()),
        }
    }

    fn config_path(&self) -> PathBuf {
        self.dir().join("server.conf")
    }

    fn log_path(&self) -> PathBuf {
        self.dir().join("server.log")
    }

    /// The log's last lines for a message.
    pub(super) fn log_text(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let end = &lines[lines.len().saturating_sub(40)..];
        format!(
            "the log of port {} ends with:\n{}",
            self.port,
            end.join("\n")
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
        if thread::panicking() {
            eprintln!("{}", self.log_text());
        }
    }
}

/// Whether it is process `pid`, and no other, that serves commands on `port` (it refuses them while it loads).
fn answers(port: u16, pid: u32) -> bool {
    let ask = || -> Result<bool, RedisError> {
        let mut client = Client::connect(port, ProtocolVersion::RESP2)?;
        client.raw(&["PING"])?;
        let info = super::text(client.raw(&["INFO", "server"])?);
        Ok(info_value(&info, "process_id") == Some(pid.to_string().as_str()))
    };
    ask().unwrap_or(false)
}

/// The value of `name:value` on a line of an INFO reply.
fn info_value<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}
