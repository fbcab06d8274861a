//! The module whose commands do nothing, or nearly: below what it costs no module command can get.

use std::path::PathBuf;
use std::process::Command;

/// Compiles `floor.c`, with the C compiler that the build needs anyway, and gives the module's file.
///
/// # Panics
/// When there is no C compiler `cc`.
pub fn build() -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/server/floor.c");
    let module = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("floor.so");
    let status = Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .args([module.as_os_str(), source.as_ref()])
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "cc cannot compile {source}"
    );
    module
}
