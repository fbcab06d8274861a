//! A picture as SVG: the few shapes that the charts are made of, in colours for light and dark pages.

use std::fmt::Write;

/// What no colour is part of.
const SHAPES: &str = "\
text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
.title { font-size: 16px; font-weight: 600 }
.mark { stroke-width: 2 } .limit { stroke-width: 1.5; stroke-dasharray: 5 4 }
path { fill: none; stroke-width: 2.2 } .span { stroke-width: 3; stroke-linecap: round }
";

/// Colours of a picture.
struct Palette {
    page: &'static str,
    text: &'static str,
    faint: &'static str,
    grid: &'static str,
    /// Of the series: what has class `s0` is filled with the first, the line of class `l0` drawn with it.
    series: [&'static str; 7],
}

const LIGHT: Palette = Palette {
    page: "#ffffff",
    text: "#1f2328",
    faint: "#59636e",
    grid: "#d1d9e0",
    series: [
        "#0969da", "#1a7f37", "#8250df", "#0e7490", "#9a6700", "#cf222e", "#59636e",
    ],
};
const DARK: Palette = Palette {
    page: "#0d1117",
    text: "#e6edf3",
    faint: "#9198a1",
    grid: "#30363d",
    series: [
        "#58a6ff", "#3fb950", "#bc8cff", "#39c5cf", "#d29922", "#ff7b72", "#9198a1",
    ],
};

impl Palette {
    /// As CSS.
    fn style(&self) -> String {
        let mut style = format!(
            "text {{ fill: {} }} .faint {{ fill: {} }} .page {{ fill: {} }} .grid {{ stroke: {} }}\n\
             .mark {{ stroke: {} }} .limit {{ stroke: {} }}\n",
            self.text, self.faint, self.page, self.grid, self.text, self.series[5],
        );
        for (at, colour) in self.series.iter().enumerate() {
            writeln!(
                style,
                ".s{at} {{ fill: {colour} }} .l{at} {{ stroke: {colour} }}"
            )
            .expect("memory takes all");
        }
        style
    }
}

/// Where a text stands at its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// A picture that is being drawn; lengths are in pixels, from the top left.
pub struct Svg {
    text: String,
}

impl Svg {
    /// An empty picture with its title.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let title = escape(title);
        let mut svg = Self {
            text: format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
                 width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n\
                 <style>\n{SHAPES}{}@media (prefers-color-scheme: dark) {{\n{}}}\n</style>\n",
                LIGHT.style(),
                DARK.style(),
            ),
        };
        svg.rect((0.0, 0.0), (width, height), "page");
        svg.text((20.0, 28.0), Anchor::Start, "title", &title);
        svg
    }

    /// A rectangle from its corner, in its size.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" class=\"{class}\"/>"
        ));
    }

    /// A line between two points.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.add(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>"
        ));
    }

    /// A line through points, with a dot at each, in the colour of a series.
    pub fn path(&mut self, points: &[(f64, f64)], series: usize) {
        let steps: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1} {y:.1}"))
            .collect();
        self.add(format_args!(
            "<path d=\"M{}\" class=\"l{series}\"/>",
            steps.join(" L")
        ));
        for point in points {
            self.dot(*point, 3.5, series);
        }
    }

    /// A dot in the colour of a series.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, series: usize) {
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" class=\"s{series}\"/>"
        ));
    }

    /// A text.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
        ));
    }

    /// The file's text.
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    fn add(&mut self, shape: std::fmt::Arguments) {
        writeln!(self.text, "{shape}").expect("memory takes all");
    }
}

/// A logarithmic axis: where a value is on it.
#[derive(Clone, Copy)]
pub struct LogAxis {
    /// The values at its ends.
    pub values: (f64, f64),
    /// The pixels of these.
    pub pixels: (f64, f64),
}

impl LogAxis {
    /// Where a value is.
    pub fn at(self, value: f64) -> f64 {
        let (low, high) = (self.values.0.log10(), self.values.1.log10());
        let (start, end) = self.pixels;
        start + (value.log10() - low) / (high - low) * (end - start)
    }

    /// The powers of ten on it.
    pub fn decades(self) -> impl Iterator<Item = f64> {
        let (low, high) = (self.values.0.log10(), self.values.1.log10());
        (low.ceil() as i32..=high.floor() as i32).map(|power| 10_f64.powi(power))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
