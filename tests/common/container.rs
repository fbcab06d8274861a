//! A server in a container of its own, as the image's users have it: its file system is read-only, its user is not root,
//! and it has no capabilities.
//!
//! It shares this machine's network and process ids, so ports and ids are what the tests think they are, and its folder,
//! under the same path: it writes its log there by itself. So the engine is asked for nothing but the start. To kill a
//! server is to send its process the signal; the engine sees it end and removes the container. What is left when the
//! tests themselves are killed is found by its label.

use std::env;
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{self, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::running::Launch;
use super::wait::{LIMIT, wait_until};

/// The user in the official images, where the tests are root's. Else it is the user of the tests, to whom the files of
/// the server belong then.
const USER: u32 = 999;

/// Where the process writes its id, in its folder: it does not change when the server takes the shell's place.
const PID_FILE: &str = "server.pid";

/// Starts the server by the image's own entry point: the id of its process.
///
/// # Panics
/// With the engine's words when it does not start the container.
pub fn start(image: &str, launch: &Launch) -> u32 {
    let dir = launch.dir.to_str().expect("a path in UTF-8");
    let pid_file = launch.dir.join(PID_FILE);
    // Of a server that was there before.
    let _ = fs::remove_file(&pid_file);
    let mut command = Command::new("docker");
    command
        .args([
            "run",
            "--detach",
            "--rm",
            "--log-driver",
            "none",
            "--no-healthcheck",
        ])
        .args(["--network", "host", "--pid", "host"])
        // The image's own folder for data is not used, and needs no volume.
        .args(["--read-only", "--tmpfs", "/data", "--cap-drop", "ALL"])
        .args(["--security-opt", "no-new-privileges"])
        .args(["--name", &name(), "--label", label()])
        .args(["--user", &give(launch.dir)])
        .args(["--volume", &format!("{dir}:{dir}"), "--workdir", dir]);
    for (name, value) in launch.environment {
        command.args(["--env", &format!("{name}={value}")]);
    }
    let script = format!(
        "echo $$ >{PID_FILE} && exec presence-entrypoint \"$1\" >>{} 2>&1",
        launch.log.file_name().expect("a file").display(),
    );
    command
        .args(["--entrypoint", "sh", image, "-c", &script, "sh"])
        .arg(launch.config);
    let output = command.output().expect("the docker command");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker run {image}: {said}");
    let mut pid = None;
    wait_until(LIMIT, "the container's process has written its id", || {
        let text = fs::read_to_string(&pid_file).unwrap_or_default();
        pid = text.strip_suffix('\n').and_then(|text| text.parse().ok());
        pid.is_some()
    });
    pid.expect("it was waited for")
}

/// Whether a process is there.
pub fn runs(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Kills a process and waits until it is gone. It may be gone already.
pub fn kill(pid: u32) {
    // SAFETY: no memory is involved.
    unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
    // No panic: this is called for tests that have failed, too.
    let deadline = Instant::now() + LIMIT;
    while runs(pid) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Hands a folder over to the container's user, and says who that is, for `--user`.
fn give(dir: &Path) -> String {
    // SAFETY: these two only read what the process is.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    if user != 0 {
        return format!("{user}:{group}");
    }
    chown(dir, Some(USER), Some(USER)).expect("root may");
    format!("{USER}:{USER}")
}

/// A name that no other container has.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("redis-presence-test-{}-{number}", process::id())
}

/// The label of this run's containers: the process that they are for, which is `PRESENCE_DOCKER_RUN` or this one. Who
/// started the tests removes by it what they leave, or the next run does, once the process is no more.
fn label() -> &'static str {
    static LABEL: OnceLock<String> = OnceLock::new();
    LABEL.get_or_init(|| {
        let run = env::var("PRESENCE_DOCKER_RUN").unwrap_or_else(|_| process::id().to_string());
        format!("redis-presence.run={run}")
    })
}
