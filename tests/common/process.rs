//! The machine's side of a server: a process that cannot outlive the tests, a free port, a folder of its own.

use std::ffi::CString;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;

/// A command to start, and where to send what came of it.
type Request = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts `command` so that it is killed when this process ends, however it ends.
///
/// The kernel ties the child to the *thread* that forked it, and a test's thread ends with the test; so one thread
/// that lives as long as the process does all the forking, and a server may be handed from test to test.
pub fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<Mutex<mpsc::Sender<Request>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (command, answer) in requests {
                // Nobody waiting any more means that the child is dropped here, and it is a test that panicked.
                let _ = answer.send(spawn_tied(command));
            }
        });
        Mutex::new(sender)
    });
    let (answer, child) = mpsc::channel();
    let sender = spawner.lock().expect("no panic while locked");
    sender.send((command, answer)).expect("the spawner lives");
    drop(sender);
    child.recv().expect("the spawner answers")
}

/// Starts `command` with the kernel's order to kill it when the calling thread ends.
fn spawn_tied(mut command: Command) -> io::Result<Child> {
    let parent = process::id();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed: prctl and getppid are, and the closure
    // neither allocates nor locks (an error from an OS code holds no allocation).
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have died before the order was in force.
            if libc::getppid().cast_unsigned() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
    command.spawn()
}

/// First of the ports that servers are given.
const FIRST_PORT: u32 = 16_000;

/// How many there are. The last, with a cluster bus 10,000 above it, is still below the ports that the kernel hands
/// to outgoing connections, so none of those can sit on a server's port while it restarts.
const PORTS: u32 = 6_000;

/// A port that nothing listens on. Another process can still be quicker, so a server that cannot bind tries the next.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test processes that run at the same time start at different places.
    let start = process::id().wrapping_mul(97);
    for _ in 0..PORTS {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + start.wrapping_add(step) % PORTS;
        let port = u16::try_from(port).expect("the range ends below 65,536");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port in {PORTS} from {FIRST_PORT}");
}

/// Memory that looks like a folder, on every Linux.
const MEMORY: &str = "/dev/shm";

/// How much room there must be for the files of servers to stand in memory.
const ENOUGH: u64 = 2 << 30;

/// Where servers' folders are made: in memory where there is enough, else in Cargo's folder for tests. What is tested is
/// that servers die, not that machines do; and a disk that is busy for seconds with what somebody else has written would
/// fail the test of a server that waits for it (`appendfsync always`, a cluster's nodes that are taken for dead).
fn room() -> &'static Path {
    static ROOM: OnceLock<PathBuf> = OnceLock::new();
    ROOM.get_or_init(|| {
        // SAFETY: it only reads what the process is.
        let user = unsafe { libc::geteuid() };
        let memory = Path::new(MEMORY).join(format!("redis-presence-tests-{user}"));
        // A container has a folder of its own at that place.
        let shared = super::environment::image().is_none();
        if shared && room_in(Path::new(MEMORY)) >= ENOUGH && fs::create_dir_all(&memory).is_ok() {
            memory
        } else {
            Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned()
        }
    })
}

/// Bytes that can be written to the file system of a folder; of none, 0.
fn room_in(folder: &Path) -> u64 {
    let Ok(path) = CString::new(folder.as_os_str().as_bytes()) else {
        return 0;
    };
    // SAFETY: all zeros is a value of this plain structure of numbers.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero, and `found` is written to for the time of the call only.
    let status = unsafe { libc::statvfs(path.as_ptr(), &raw mut found) };
    if status == 0 {
        found.f_bavail * found.f_frsize
    } else {
        0
    }
}

/// A new folder for a server, removed when it is dropped.
pub struct TempDir(PathBuf);

impl TempDir {
    /// Makes the folder. The first call also removes what tests that were killed have left.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let room = room();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            remove_leftovers(room);
        }
        let path = room.join(format!("server-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // Best effort: the next run removes what stays.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders of test processes that no longer run.
fn remove_leftovers(room: &Path) {
    for entry in fs::read_dir(room).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let mut parts = name.to_str().unwrap_or("").split('-');
        if parts.next() == Some("server")
            && let Some(owner) = parts.next()
            && !Path::new("/proc").join(owner).exists()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
