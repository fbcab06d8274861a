//! A server's process: on this machine as it is, or in a container of its own.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::container;
use super::environment::{self, server_binary};
use super::process;

/// What a server is started with. The folder is its own, and holds its settings and its log.
pub struct Launch<'a> {
    pub dir: &'a Path,
    pub config: &'a Path,
    pub log: &'a Path,
    /// What is added to its environment.
    pub environment: &'a [(&'static str, String)],
}

/// A server that was started and not yet waited for.
pub enum Running {
    /// A child of this process.
    Child(Child),
    /// The process with this id, the first of a container.
    Container(u32),
}

impl Running {
    /// Starts a server. Its log goes to the standard output, where complaints about the settings go as well.
    ///
    /// # Panics
    /// When there is nothing to start: no such binary, no such image, no engine.
    pub fn start(launch: &Launch) -> Self {
        match environment::image() {
            Some(image) => Self::Container(container::start(image, launch)),
            None => match start_child(launch) {
                Ok(child) => Self::Child(child),
                Err(error) => panic!("{}: {error}", server_binary().display()),
            },
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        match self {
            Self::Child(child) => child.id(),
            Self::Container(id) => *id,
        }
    }

    /// How it ended; nothing while it runs.
    pub fn ended(&mut self) -> Option<String> {
        match self {
            Self::Child(child) => {
                let status = child.try_wait().expect("our own child");
                status.map(|status| format!("ended with {status}"))
            }
            Self::Container(id) => (!container::runs(*id)).then(|| "ended".into()),
        }
    }

    /// Kills it where it stands and waits until it is gone.
    pub fn kill(mut self) {
        match &mut self {
            // It may have ended by itself: there is nothing to kill then, but still something to wait for.
            Self::Child(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Container(id) => container::kill(*id),
        }
    }
}

fn start_child(launch: &Launch) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(launch.log)?;
    let mut command = Command::new(server_binary());
    command
        .arg(launch.config)
        .current_dir(launch.dir)
        .envs(launch.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    process::spawn(command)
}
