//! The charts of the page: how the module compares, what growth costs, what other clients wait.

use std::time::Duration;

use super::curve::Growth;
use super::report::{Row, Target, Unit, times};
use super::scale::grouped;
use super::stall::{Stall, Whose};
use super::svg::{Anchor, LogAxis, Svg};

const WIDTH: f64 = 900.0;
/// Where the first row begins.
const TOP: f64 = 64.0;

/// How many times less the module needs than what people use, a bar each; a mark is the target.
pub fn idioms(server: &str, rows: &[Row]) -> String {
    const ROW: f64 = 38.0;
    let ratios: Vec<(&Row, f64)> = rows
        .iter()
        .filter_map(|row| Some((row, ratio(row)?)))
        .collect();
    let least = ratios.iter().map(|(_, ratio)| *ratio).fold(1.0, f64::min);
    let most = ratios.iter().map(|(_, ratio)| *ratio).fold(10.0, f64::max);
    let bottom = TOP + ROW * ratios.len() as f64;
    let axis = LogAxis {
        values: (least, most),
        pixels: (340.0, WIDTH - 110.0),
    };
    let title = format!("How many times less than what people use, {server}");
    let mut svg = Svg::new(WIDTH, bottom + 64.0, &title);
    for value in axis.decades() {
        let x = axis.at(value);
        svg.line((x, TOP - 8.0), (x, bottom), "grid");
        svg.text((x, bottom + 20.0), Anchor::Middle, "faint", &times(value));
    }
    for (at, (row, ratio)) in ratios.iter().enumerate() {
        let y = TOP + ROW * at as f64;
        svg.text((320.0, y + 10.0), Anchor::End, "", &plain(&row.what));
        svg.text(
            (320.0, y + 25.0),
            Anchor::End,
            "faint",
            &format!("against {}", plain(&row.against)),
        );
        let (from, to) = (axis.at(1.0), axis.at(*ratio));
        let series = if *ratio >= 1.0 { "s0" } else { "s5" };
        svg.rect(
            (from.min(to), y + 1.0),
            ((to - from).abs().max(1.0), 20.0),
            series,
        );
        let mut label = from.max(to) + 8.0;
        if let Target::TimesLess(wanted) = row.target {
            let x = axis.at(wanted);
            svg.line((x, y - 4.0), (x, y + 26.0), "mark");
            label = label.max(if x > label - 10.0 { x + 8.0 } else { label });
        }
        svg.text((label, y + 16.0), Anchor::Start, "", &times(*ratio));
    }
    let note =
        "CPU time of the server's main thread, memory, and size of the file. A mark is the target.";
    svg.text((20.0, bottom + 46.0), Anchor::Start, "faint", note);
    svg.finish()
}

/// How many times less a row's figure is than that of what people use. `None` for rows about other things.
fn ratio(row: &Row) -> Option<f64> {
    let idiom = !matches!(row.target, Target::AtMostTimes(_)) && !matches!(row.unit, Unit::Millis);
    Some(row.theirs? / row.ours).filter(|_| idiom)
}

/// Cost by the number of members, a line for each command.
pub fn growth(server: &str, growth: &Growth) -> String {
    const HEIGHT: f64 = 520.0;
    /// The least room between two names, in pixels.
    const NAME: f64 = 17.0;
    let all = || {
        growth
            .curves
            .iter()
            .flat_map(|curve| curve.nanos.iter().copied())
    };
    let (low, high) = (all().fold(f64::MAX, f64::min), all().fold(0.0, f64::max));
    let bottom = HEIGHT - 70.0;
    let (first, last) = (growth.sizes[0], growth.sizes[growth.sizes.len() - 1]);
    let x = LogAxis {
        values: (first as f64, last as f64),
        pixels: (80.0, WIDTH - 220.0),
    };
    let y = LogAxis {
        values: (low / 1.3, high * 1.3),
        pixels: (bottom, TOP),
    };
    let title = format!("What a command costs by the number of members, {server}");
    let mut svg = Svg::new(WIDTH, HEIGHT, &title);
    for size in &growth.sizes {
        let x = x.at(*size as f64);
        svg.line((x, TOP), (x, bottom), "grid");
        svg.text(
            (x, bottom + 20.0),
            Anchor::Middle,
            "faint",
            &grouped(*size as u64),
        );
    }
    for decade in y.decades().chain([y.values.0]) {
        for value in [1.0, 2.0, 5.0].map(|step| step * 10_f64.powf(decade.log10().floor())) {
            if value > y.values.0 && value < y.values.1 {
                let y = y.at(value);
                svg.line((x.pixels.0, y), (x.pixels.1, y), "grid");
                svg.text(
                    (70.0, y + 4.0),
                    Anchor::End,
                    "faint",
                    &format!("{value:.0} ns"),
                );
            }
        }
    }
    let mut ends = Vec::new();
    for (at, curve) in growth.curves.iter().enumerate() {
        let sizes = growth.sizes.iter().zip(&curve.nanos);
        let points: Vec<(f64, f64)> = sizes
            .map(|(size, nanos)| (x.at(*size as f64), y.at(*nanos)))
            .collect();
        svg.path(&points, at);
        ends.push((points[points.len() - 1].1, at, curve.title));
    }
    // Names stand at the ends of their lines, no two upon each other.
    ends.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut above = f64::MAX;
    for (end, at, title) in ends {
        above = end.min(above - NAME);
        let place = (x.pixels.1 + 12.0, above + 4.0);
        svg.text(place, Anchor::Start, &format!("s{at}"), &plain(title));
    }
    let note = "CPU time of the server's main thread for each command or member; both axes are logarithmic.";
    svg.text((20.0, HEIGHT - 18.0), Anchor::Start, "faint", note);
    svg.finish()
}

/// What another client waited for its PING: from the median to the longest wait, on a line for each piece of work.
pub fn stalls(server: &str, stalls: &[Stall]) -> String {
    const ROW: f64 = 26.0;
    /// What nothing of the module's should exceed, in ms.
    const LIMIT: f64 = 2.0;
    let bottom = TOP + ROW * stalls.len() as f64;
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let axis = LogAxis {
        values: (0.005, 1000.0),
        pixels: (370.0, WIDTH - 40.0),
    };
    let title = format!("What another client waits for its PING, {server}");
    let mut svg = Svg::new(WIDTH, bottom + 64.0, &title);
    for value in axis.decades() {
        let x = axis.at(value);
        svg.line((x, TOP - 8.0), (x, bottom), "grid");
        svg.text(
            (x, bottom + 20.0),
            Anchor::Middle,
            "faint",
            &format!("{value} ms"),
        );
    }
    let limit = axis.at(LIMIT);
    svg.line((limit, TOP - 8.0), (limit, bottom), "limit");
    svg.text(
        (limit, TOP - 14.0),
        Anchor::Middle,
        "faint",
        &format!("{LIMIT} ms"),
    );
    for (at, stall) in stalls.iter().enumerate() {
        let y = TOP + ROW * at as f64 + 8.0;
        let series = match stall.whose {
            Whose::Module => 0,
            Whose::Idiom => 4,
            Whose::Machine => 6,
        };
        svg.text((350.0, y + 4.0), Anchor::End, "", &stall.what);
        let at = |permille: f64| (axis.at(millis(stall.permille(permille))), y);
        svg.line(at(500.0), at(1000.0), &format!("span l{series}"));
        for (permille, radius) in [(500.0, 5.0), (990.0, 4.0), (999.0, 4.0), (1000.0, 5.0)] {
            svg.dot(at(permille), radius, series);
        }
    }
    let note = "Dots: half of all PINGs, 99 %, 99.9 %, all. Blue: this module; ochre: a sorted set; grey: neither.";
    svg.text((20.0, bottom + 46.0), Anchor::Start, "faint", note);
    svg.finish()
}

/// A title without what Markdown makes of it.
fn plain(title: &str) -> String {
    title.replace('`', "")
}
