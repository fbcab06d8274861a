//! Waiting for whichever of many connections has something to read.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;

/// Connections that are waited for together.
pub struct Poll(Vec<libc::pollfd>);

impl Poll {
    /// Of these, which stay open for as long as they are waited for.
    pub fn of<'a>(streams: impl Iterator<Item = &'a TcpStream>) -> Self {
        let entry = |stream: &TcpStream| libc::pollfd {
            fd: stream.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        Self(streams.map(entry).collect())
    }

    /// Waits, and gives for each in turn whether there is something to read.
    pub fn wait(&mut self) -> impl Iterator<Item = bool> {
        let count = self.0.len() as libc::nfds_t;
        // SAFETY: it is the start of as many whole entries as it is told, which are nobody else's for the time of the call.
        let found = unsafe { libc::poll(self.0.as_mut_ptr(), count, -1) };
        assert!(found > 0, "poll: {}", io::Error::last_os_error());
        self.0.iter().map(|entry| entry.revents != 0)
    }
}
