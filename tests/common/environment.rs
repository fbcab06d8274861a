//! Where the module, the server's binary and the room for temporary files are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The module in an image that `make docker` has built.
const MODULE_IN_IMAGE: &str = "/usr/local/lib/presence/libredis_presence.so";

/// The image whose containers the servers are: `PRESENCE_DOCKER`. Without it they are processes of this machine.
pub fn image() -> Option<&'static str> {
    static IMAGE: OnceLock<Option<String>> = OnceLock::new();
    IMAGE
        .get_or_init(|| env::var("PRESENCE_DOCKER").ok())
        .as_deref()
}

/// The module under test as a file of this machine: `PRESENCE_MODULE`, or the release build of this checkout.
///
/// # Panics
/// When there is no such file.
pub fn module_file() -> &'static Path {
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

/// The module under test where a server finds it: in an image it is the image's own.
pub fn module_path() -> &'static Path {
    match image() {
        Some(_) => Path::new(MODULE_IN_IMAGE),
        None => module_file(),
    }
}

/// A build of the module that panics in the middle of a change where a test asks for it: `PRESENCE_FAULTY_MODULE`, or that of
/// this checkout. `None`: the servers are of an image, which has none.
///
/// # Panics
/// When there is no such file.
pub fn faulty_module() -> Option<PathBuf> {
    if image().is_some() {
        return None;
    }
    let path = env::var_os("PRESENCE_FAULTY_MODULE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/faults/libredis_presence.so"),
        PathBuf::from,
    );
    let build = "cargo build --profile faults --features faults";
    assert!(
        path.exists(),
        "no module at {}; run `{build}`",
        path.display()
    );
    Some(path)
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
