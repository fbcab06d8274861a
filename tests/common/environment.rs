//! Where the module, the server's binary and the room for temporary files are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The module under test: `PRESENCE_MODULE`, or the release build of this checkout.
///
/// # Panics
/// When there is no such file.
pub fn module_path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = env::var_os("PRESENCE_MODULE").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/libredis_presence.so"),
            PathBuf::from,
        );
        match path.canonicalize() {
            Ok(found) => found,
            Err(error) => panic!("no module at {}: {error}; run `make build`", path.display()),
        }
    })
}

/// The server to start: `PRESENCE_SERVER`, or the first of `redis-server` and `valkey-server` that runs.
///
/// # Panics
/// When there is none.
pub fn server_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let candidates = match env::var_os("PRESENCE_SERVER") {
            Some(chosen) => vec![PathBuf::from(chosen)],
            None => vec!["redis-server".into(), "valkey-server".into()],
        };
        match candidates.iter().find(|binary| runs(binary)) {
            Some(binary) => binary.clone(),
            None => panic!("none of {candidates:?} can be started; run `make setup`"),
        }
    })
}

/// Whether `binary --version` succeeds.
fn runs(binary: &Path) -> bool {
    Command::new(binary)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The library of `faketime`, by which a process sees another time.
///
/// # Panics
/// When it is not installed.
pub fn faketime_library() -> &'static str {
    static LIBRARY: OnceLock<String> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let output = Command::new("faketime")
            .args(["-f", "+0", "printenv", "LD_PRELOAD"])
            .output();
        match output {
            Ok(output) if output.status.success() => {
                let library = String::from_utf8(output.stdout).expect("a path in UTF-8");
                library.trim_end().into()
            }
            other => panic!("faketime cannot be run: {other:?}; run `make setup`"),
        }
    })
}
