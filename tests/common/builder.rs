//! The settings of a test's server, and how it is started.

use std::path::{Path, PathBuf};

use super::clock;
use super::environment::module_path;
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
        self.arg(clock::SETTING)
    }

    /// What the environment of a server in `dir` has besides: its clock, where it has one.
    pub(super) fn environment(&self, dir: &Path) -> Vec<(&'static str, String)> {
        let set = |offset: &String| {
            clock::set(dir, offset);
            clock::preload(dir)
        };
        self.clock.iter().map(set).collect()
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
