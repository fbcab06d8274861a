//! `docs/benchmarks.md`: the results of a full run stand in it between two marks; what is around them is not touched.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::measure::Bench;
use super::report::Report;

const FILE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- results of `make bench`: begin -->";
const END: &str = "<!-- results: end -->";

/// What a page that is not there yet begins with.
const INTRODUCTION: &str = "# Benchmarks\n\n";

/// Where and how a run was made, without names of machines or paths.
pub fn circumstances(bench: &mut Bench) -> String {
    let server = if bench.is_valkey() {
        format!("Valkey {}", bench.control.info("server", "valkey_version"))
    } else {
        format!("Redis {}", bench.control.info("server", "redis_version"))
    };
    let cores = thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{server} with {}, {}, {cores} cores, {}. `{}`, {} min.",
        bench.control.info("memory", "mem_allocator"),
        processor(),
        today(),
        if bench.scale.quick {
            "make bench-quick"
        } else {
            "make bench"
        },
        bench.seconds().div_ceil(60),
    )
}

/// Writes the results to their place in the page.
///
/// # Panics
/// When the page cannot be written, or has one mark without the other.
pub fn write(circumstances: &str, report: &Report) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let page = fs::read_to_string(&path).unwrap_or_else(|_| INTRODUCTION.into());
    let (before, after) = match page.split_once(BEGIN) {
        None => (page.as_str(), ""),
        Some((before, rest)) => {
            let (_, after) = rest.split_once(END).expect("the mark of the end");
            (before, after.trim_start_matches('\n'))
        }
    };
    let page = format!("{before}{BEGIN}\n{circumstances}\n\n{report}{END}\n{after}");
    fs::write(path, page).expect("the page can be written");
}

/// The processor's model.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or("unknown processor".into(), |(_, name)| name.trim().into())
}

/// The date.
fn today() -> String {
    let output = Command::new("date").args(["--utc", "+%Y-%m-%d"]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}
