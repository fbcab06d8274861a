//! One key's crowd beside everybody else's rooms, and what concerns a great many keys at once. Starts and ends with an
//! empty server.

mod fairness;
mod keys;

use super::measure::Bench;
use super::report::Report;

/// Measures.
pub fn run(bench: &mut Bench, report: &mut Report) {
    fairness::run(bench, report);
    keys::run(bench, report);
}

/// Sets one of the module's settings.
fn set(bench: &mut Bench, name: &str, value: &str) {
    let name = format!("presence.{name}");
    bench.control.call(&["CONFIG", "SET", &name, value]);
}
