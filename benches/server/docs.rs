//! `docs/benchmarks.md`: the results of a full run stand in it between two marks, for each server in a section of its
//! own, with charts beside the page; what is around the sections is not touched.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::charts;
use super::measure::Bench;
use super::report::{Clients, Report, Stalls, Targets};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
const PAGE: &str = "benchmarks.md";
/// The charts' folder, beside the page.
const CHARTS: &str = "benchmarks";

/// Where and how a run was made, without names of machines or paths.
pub fn circumstances(bench: &mut Bench) -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {}, {cores} cores, {}. `{}`, {} min.",
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

/// Writes the results of a run of all sections to their place in the page, and the charts.
///
/// # Panics
/// When a file cannot be written, or the page has one mark without the other.
pub fn write(server: &str, circumstances: &str, report: &Report) {
    let docs = Path::new(DOCS);
    // One section for all patches of a release.
    let release: Vec<&str> = server.splitn(3, '.').take(2).collect();
    let release = release.join(".");
    let file = |chart: &str| {
        let stem = release.to_lowercase().replace(' ', "-");
        format!("{CHARTS}/{stem}-{chart}.svg")
    };
    let growth = report.growth.as_ref().expect("all sections have run");
    fs::create_dir_all(docs.join(CHARTS)).expect("the folder can be made");
    for (chart, svg) in [
        ("idioms", charts::idioms(server, &report.rows)),
        ("growth", charts::growth(server, growth)),
        ("stalls", charts::stalls(server, &report.stalls)),
    ] {
        fs::write(docs.join(file(chart)), svg).expect("the chart can be written");
    }
    let section = format!(
        "## {release}\n\n\
         {server} with {circumstances}\n\n\
         ![How many times less than what people use]({})\n\n{}\n\
         ### Growth, {release}\n\n\
         ![What a command costs by the number of members]({})\n\n{growth}\n\
         ### Stalls, {release}\n\n\
         ![What another client waits for its PING]({})\n\n{}\n\
         ### Many connections, {release}\n\n{}",
        file("idioms"),
        Targets(&report.rows),
        file("growth"),
        file("stalls"),
        Stalls(&report.stalls),
        Clients(&report.clients),
    );
    let path = docs.join(PAGE);
    let page = fs::read_to_string(&path).expect("the page is there");
    fs::write(path, with_section(&page, &release, &section)).expect("the page can be written");
}

/// The page with a server's section replaced, or added at the end.
fn with_section(page: &str, release: &str, section: &str) -> String {
    let (begin, end) = (
        format!("<!-- {release}, written by `make bench`: begin -->"),
        format!("<!-- {release}: end -->"),
    );
    let (before, after) = match page.split_once(&begin) {
        None => (format!("{}\n\n", page.trim_end()), "\n"),
        Some((before, rest)) => {
            let (_, after) = rest.split_once(&end).expect("the mark of the end");
            (before.into(), after)
        }
    };
    format!("{before}{begin}\n{section}{end}{after}")
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
