//! The settings of a test's server, and how it is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::environment::{faketime_library, module_path, server_binary};
use super::server::{Server, StartError};

/// How many other ports to try when somebody else was quicker to bind.
const BIND_TRIES: usize = 10;

/// What every test server has unless a test says otherwise: no snapshots, all of DEBUG and MODULE, quick replication, and
/// a log that is written as it comes: with another `appendfsync` a write is put off while the disk is busy.
const DEFAULTS: &str = "\
bind 127.0.0.1
protected-mode no
save \"\"
enable-debug-command yes
enable-module-command yes
repl-diskless-sync-delay 0
appendfsync no
";

/// How much a server's clock is off, in its folder.
pub(super) const CLOCK_FILE: &str = "clock";

/// Settings of a server to be started.
#[derive(Clone)]
pub struct Builder {
    settings: String,
    module: Option<PathBuf>,
    module_args: String,
    clock: Option<String>,
}

impl Builder {
    /// The defaults and the module under test.
    pub(super) fn new() -> Self {
        Self {
            settings: DEFAULTS.into(),
            module: Some(module_path().into()),
            module_args: String::new(),
            clock: None,
        }
    }

    /// One setting, as in redis.conf, with or without the leading `--`: `--appendonly yes`. The last one holds.
    pub fn arg(mut self, setting: &str) -> Self {
        let setting = setting.strip_prefix("--").unwrap_or(setting);
        self.settings.push_str(setting);
        self.settings.push('\n');
        self
    }

    /// The module's load arguments: `default-ttl 60000`.
    pub fn module_args(mut self, args: &str) -> Self {
        self.module_args = args.into();
        self
    }

    /// Loads another file as the module.
    pub fn module(mut self, path: impl Into<PathBuf>) -> Self {
        self.module = Some(path.into());
        self
    }

    /// Loads no module: a test does so later.
    pub fn without_module(mut self) -> Self {
        self.module = None;
        self
    }

    /// Has the server's clock be off by so much, as `faketime -f` takes it: `-1h`. [`Server::set_clock`] changes it.
    pub fn clock(mut self, offset: &str) -> Self {
        self.clock = Some(offset.into());
        self
    }

    /// The command that runs the server in `dir`, without its arguments.
    pub(super) fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(server_binary());
        if let Some(offset) = &self.clock {
            let file = dir.join(CLOCK_FILE);
            fs::write(&file, offset).expect("the folder is writable");
            // What faketime sets, but for the process of its own in between; timers are not to be off. While it
            // starts, the library asks for memory, and jemalloc, asked for it, for the time, for ever: libc comes first.
            command
                .env("LD_PRELOAD", format!("{} libc.so.6", faketime_library()))
                .env("FAKETIME_TIMESTAMP_FILE", file)
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command
    }

    /// The text of the configuration file.
    pub(super) fn config(&self, port: u16, dir: &Path) -> String {
        let mut config = format!("{}port {port}\ndir \"{}\"\n", self.settings, dir.display());
        if let Some(module) = &self.module {
            let line = format!("loadmodule \"{}\" {}\n", module.display(), self.module_args);
            config.push_str(&line);
        }
        config
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    /// With the server's log when it ends or does not answer in time.
    #[track_caller]
    pub fn start(self) -> Server {
        for _ in 0..BIND_TRIES {
            let mut server = Server::new(&self);
            match server.launch() {
                Ok(()) => return server,
                Err(StartError::PortTaken) => {}
                Err(StartError::Failed(why)) => panic!("the server {why}; {}", server.log_text()),
            }
        }
        panic!("{BIND_TRIES} ports were taken before the server could bind");
    }

    /// Starts a server that is to refuse: its log, once it has ended.
    ///
    /// # Panics
    /// When it comes up all the same.
    #[track_caller]
    pub fn start_expecting_failure(self) -> String {
        for _ in 0..BIND_TRIES {
            let mut server = Server::new(&self);
            match server.launch() {
                Ok(()) => panic!(
                    "the server started, where it should refuse; {}",
                    server.log_text()
                ),
                Err(StartError::PortTaken) => {}
                Err(StartError::Failed(_)) => return server.log(),
            }
        }
        panic!("{BIND_TRIES} ports were taken before the server could bind");
    }
}
