//! Servers whose clock is off, without the machine's being so: what `faketime` does, but for servers with any allocator.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::OnceLock;

/// The library that tells another time, beside the file that says which.
const LIBRARY: &str = "clock.so";
const FILE: &str = "clock";

/// What a server with another clock needs besides. The allocator's own thread sleeps until a time of day, by a clock that
/// is not off: it would never sleep, or never wake.
pub const SETTING: &str = "jemalloc-bg-thread no";

/// Has the clock of a server that runs in `dir` be off by so much from now on: `-1h`.
///
/// # Panics
/// When that is not a sign, a number and one of `s`, `m`, `h`, `d` (seconds where there is none).
pub fn set(dir: &Path, offset: &str) {
    let seconds = seconds(offset).unwrap_or_else(|| panic!("no offset of a clock: {offset}"));
    fs::write(dir.join(FILE), seconds.to_ne_bytes()).expect("the folder is writable");
}

/// Puts the library into a server's folder: what its environment has to have, by name and value.
pub fn preload(dir: &Path) -> (&'static str, String) {
    let library = dir.join(LIBRARY);
    fs::write(&library, compiled()).expect("the folder is writable");
    ("LD_PRELOAD", library.display().to_string())
}

/// An offset in seconds.
fn seconds(offset: &str) -> Option<i64> {
    let digits = offset.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match &offset[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let signed = digits.starts_with(['+', '-']);
    digits
        .parse::<i64>()
        .ok()
        .filter(|_| signed)?
        .checked_mul(unit)
}

/// The library, compiled from `clock.c` with the C compiler that the build needs anyway.
///
/// # Panics
/// When there is no C compiler `cc`.
fn compiled() -> &'static [u8] {
    static LIBRARY: OnceLock<Vec<u8>> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/clock.c");
        let name = format!("clock-{}.so", process::id());
        let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let status = Command::new("cc")
            .args(["-O2", "-Wall", "-Wextra", "-Werror"])
            .args(["-shared", "-fPIC", "-nostdlib", "-o"])
            .args([library.as_os_str(), source.as_ref()])
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "cc cannot compile {source}; run `make setup`"
        );
        let bytes = fs::read(&library).expect("it was written");
        fs::remove_file(&library).expect("it is our own");
        bytes
    })
}
