//! What a server has not got.

use std::env;
use std::fs::File;
use std::io::Write;
use std::thread;

/// Says that the server has not got what the test is about, and what the test checks in its place. `make test-matrix`
/// writes that into its table: nothing is passed over in silence. `PRESENCE_NOT_APPLICABLE` is the file for it.
pub fn not_applicable(why: &str) {
    let thread = thread::current();
    let test = thread.name().expect("a test's thread has its name");
    println!("{test} does not apply: {why}");
    if let Some(path) = env::var_os("PRESENCE_NOT_APPLICABLE") {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .expect("a file that can be written");
        // One write, so that lines of tests that run side by side stay whole.
        let line = format!("{test}\t{why}\n");
        file.write_all(line.as_bytes()).expect("room on the disk");
    }
}
