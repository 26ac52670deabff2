//! Plots as SVG text: lines over two axes, and bars.

use crate::figure::number;
use std::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;
const ROW: f64 = 26.0;
/// Room for a title or a legend.
const MARGIN: f64 = 30.0;
/// What the page's styles say, for a plot that is not in it.
const ALONE: &str = "svg{font:12px system-ui,sans-serif}text{fill:#1c2128}.grid{stroke:#d8dee4;fill:none}\
                     polyline{fill:none;stroke-width:2;stroke-linejoin:round}";

/// One line of a plot.
pub struct Line {
    /// Its name, for the tooltip.
    pub name: String,
    /// Its colour, a CSS value.
    pub colour: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// How an axis is divided.
pub struct Axis {
    /// What it shows, with the unit.
    pub title: &'static str,
    /// Whether it is logarithmic.
    pub log: bool,
    /// Its ends; for a logarithmic one above 0.
    pub ends: (f64, f64),
    /// Where its marks are, and what they say.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From 0 to above `most`.
    pub fn linear(title: &'static str, most: f64) -> Axis {
        let most = if most > 0.0 { most } else { 1.0 };
        let rough = most / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|one| one * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * power);
        let count = (most / step).ceil() as usize;
        let ticks = (0..=count).map(|at| (at as f64 * step, short(at as f64 * step))).collect();
        Axis { title, log: false, ends: (0.0, count as f64 * step), ticks }
    }

    /// Whole powers of ten around `least` and `most`.
    pub fn logarithmic(title: &'static str, least: f64, most: f64) -> Axis {
        let low = least.max(1e-9).log10().floor() as i32;
        let high = (most.max(1e-9).log10().ceil() as i32).max(low + 1);
        let ticks = (low..=high).map(|power| (10f64.powi(power), short(10f64.powi(power)))).collect();
        Axis { title, log: true, ends: (10f64.powi(low), 10f64.powi(high)), ticks }
    }

    /// Percentiles to 99.99, each nine as wide as the one before: values are 1 / (1 - quantile).
    pub fn percentiles() -> Axis {
        let marks =
            [(1.0, "0 %"), (2.0, "50 %"), (10.0, "90 %"), (100.0, "99 %"), (1e3, "99.9 %"), (1e4, "99.99 %")];
        let ticks = marks.iter().map(|&(value, text)| (value, text.to_owned())).collect();
        Axis { title: "percentile", log: true, ends: (1.0, 1e4), ticks }
    }

    /// Where a value lies between the ends: 0 to 1.
    fn part(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.log { value.max(self.ends.0).ln() } else { value };
        let (low, high) = (scale(self.ends.0), scale(self.ends.1));
        ((scale(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// Lines over two axes.
pub fn lines(x: &Axis, y: &Axis, lines: &[Line]) -> String {
    let across = |value: f64| LEFT + x.part(value) * (WIDTH - LEFT - RIGHT);
    let up = |value: f64| HEIGHT - BOTTOM - y.part(value) * (HEIGHT - TOP - BOTTOM);
    let mut out = open(HEIGHT);
    for (value, text) in &y.ticks {
        let at = up(*value);
        let _ = write!(out, r#"<path class="grid" d="M{LEFT} {at:.1}H{}"/>"#, WIDTH - RIGHT);
        let _ =
            write!(out, r#"<text x="{}" y="{:.1}" text-anchor="end">{text}</text>"#, LEFT - 8.0, at + 4.0);
    }
    for (value, text) in &x.ticks {
        let at = across(*value);
        let _ = write!(out, r#"<path class="grid" d="M{at:.1} {TOP}V{}"/>"#, HEIGHT - BOTTOM);
        let _ = write!(
            out,
            r#"<text x="{at:.1}" y="{}" text-anchor="middle">{text}</text>"#,
            HEIGHT - BOTTOM + 18.0
        );
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    let _ = write!(out, r#"<text x="{middle}" y="{}" text-anchor="middle">{}</text>"#, HEIGHT - 8.0, x.title);
    let _ = write!(
        out,
        r#"<text transform="translate(14 {}) rotate(-90)" text-anchor="middle">{}</text>"#,
        (TOP + HEIGHT - BOTTOM) / 2.0,
        y.title
    );
    for line in lines {
        let points: Vec<String> =
            line.points.iter().map(|&(x, y)| format!("{:.1},{:.1}", across(x), up(y))).collect();
        let (points, colour, name) = (points.join(" "), &line.colour, escape(&line.name));
        let _ = write!(
            out,
            r#"<polyline points="{points}" style="stroke:{colour}"><title>{name}</title></polyline>"#
        );
    }
    out + "</svg>"
}

/// Bars that lie, one for each name, with their values beside them.
pub fn bars(rows: &[(String, String, f64)], unit: &str) -> String {
    let most = rows.iter().map(|row| row.2).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let mut out = open(rows.len() as f64 * ROW + 8.0);
    let (begin, room) = (130.0, WIDTH - 130.0 - 150.0);
    for (at, (name, colour, value)) in rows.iter().enumerate() {
        let top = at as f64 * ROW + 4.0;
        let (length, text) = ((value / most * room).max(1.0), top + 15.0);
        let _ = write!(
            out,
            r#"<text x="{}" y="{text}" text-anchor="end">{}</text><rect x="{begin}" y="{top}" width="{length:.1}" height="{}" rx="3" style="fill:{colour}"/><text x="{:.1}" y="{text}">{} {unit}</text>"#,
            begin - 8.0,
            escape(name),
            ROW - 6.0,
            begin + length + 8.0,
            number(Some(*value)),
        );
    }
    out + "</svg>"
}

/// A plot as a file of its own: with its title above and the names of the colours below.
pub fn alone(plot: &str, title: &str, names: &[(String, String)]) -> String {
    let body = plot.split_once('>').map_or("", |(_, rest)| rest.trim_end_matches("</svg>"));
    let height =
        plot.split_once(&format!("viewBox=\"0 0 {WIDTH} ")).and_then(|(_, rest)| rest.split_once('"'));
    let height: f64 = height.and_then(|(height, _)| height.parse().ok()).unwrap_or(HEIGHT);
    let mut out = open(height + 2.0 * MARGIN);
    let _ = write!(
        out,
        "<style>{ALONE}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
         <text x=\"8\" y=\"20\" font-weight=\"600\">{}</text><g transform=\"translate(0 {MARGIN})\">{body}</g>",
        escape(title)
    );
    let mut left = 8.0;
    for (name, colour) in names {
        let y = height + MARGIN + 20.0;
        let _ = write!(out, r#"<rect x="{left}" y="{}" width="11" height="11" fill="{colour}"/>"#, y - 10.0);
        let _ = write!(out, r#"<text x="{}" y="{y}">{}</text>"#, left + 16.0, escape(name));
        left += 32.0 + 7.5 * name.chars().count() as f64;
    }
    out + "</svg>"
}

fn open(height: f64) -> String {
    format!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">"#)
}

/// A round number with a letter for thousands and millions.
fn short(value: f64) -> String {
    let (value, letter) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = format!("{value:.3}");
    format!("{}{letter}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// Text inside HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_marks_and_hold_their_values() {
        let axis = Axis::linear("x", 870.0);
        let marks: Vec<&str> = axis.ticks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(marks, ["0", "250", "500", "750", "1000"]);
        assert_eq!((axis.part(0.0), axis.part(500.0), axis.part(2000.0)), (0.0, 0.5, 1.0));
        let axis = Axis::logarithmic("x", 30.0, 2_000.0);
        assert_eq!(axis.ends, (10.0, 10_000.0));
        assert!((axis.part(100.0) - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(Axis::linear("x", 6e6).ticks.last().unwrap().1, "6 M");
        assert!((Axis::percentiles().part(100.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn plots_are_whole_and_names_are_escaped() {
        let line = Line { name: "a<b".into(), colour: "red".into(), points: vec![(0.0, 0.0), (1.0, 1.0)] };
        let text = lines(&Axis::linear("x", 1.0), &Axis::linear("y", 1.0), &[line]);
        assert!(text.ends_with("</svg>") && text.contains("a&lt;b") && !text.contains("NaN"), "{text}");
        assert!(text.contains("points=\"74.0,256.0 610.0,14.0\""), "{text}");
        let text = bars(&[("a".into(), "red".into(), 2.0), ("b".into(), "red".into(), 1.0)], "us");
        assert!(text.contains("width=\"360.0\"") && text.contains("width=\"180.0\""), "{text}");
        let file = alone(&text, "CPU <1>", &[("a".into(), "red".into())]);
        assert_eq!((file.matches("<svg").count(), file.matches("</svg>").count()), (1, 1), "{file}");
        assert!(file.contains("viewBox=\"0 0 640 120\"") && file.contains("CPU &lt;1&gt;"), "{file}");
    }
}
