//! Prometheus' text format, version 0.0.4: families of samples with their help and type.

use super::histogram::Histogram;
use std::fmt::{Display, Write};

/// A page of metrics as it is written.
#[derive(Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }

    /// Starts a family. Its samples follow.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: impl Display) {
        writeln!(self.text, "{line}").expect("a String takes every byte");
    }

    /// A counter without labels.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.line(format_args!("{name} {value}"));
    }

    /// A counter of seconds without labels, told in microseconds.
    pub fn counter_of_seconds(&mut self, name: &str, help: &str, us: u64) {
        self.family(name, "counter", help);
        self.line(format_args!("{name} {}.{:06}", us / 1_000_000, us % 1_000_000));
    }

    /// A gauge without labels.
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", help);
        self.line(format_args!("{name} {value}"));
    }

    /// A counter for each value of one label.
    pub fn counters<W: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        samples: impl Iterator<Item = (W, u64)>,
    ) {
        self.family(name, "counter", help);
        self.samples(name, label, samples);
    }

    /// A gauge for each value of one label.
    pub fn gauges<W: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        samples: impl Iterator<Item = (W, u64)>,
    ) {
        self.family(name, "gauge", help);
        self.samples(name, label, samples);
    }

    fn samples<W: Display>(&mut self, name: &str, label: &str, samples: impl Iterator<Item = (W, u64)>) {
        for (word, value) in samples {
            self.line(format_args!("{name}{{{label}=\"{word}\"}} {value}"));
        }
    }

    /// A gauge of 1 whose labels are the message.
    pub fn info(&mut self, name: &str, help: &str, labels: &[(&str, &str)]) {
        self.family(name, "gauge", help);
        let labels: Vec<_> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        self.line(format_args!("{name}{{{}}} 1", labels.join(",")));
    }

    /// A histogram for each series; `labels` is empty or `label="value"`, and `per_unit` is how
    /// many of what was counted make one of the unit in the name. (A division, so that bounds stay short.)
    pub fn histograms<'h, const BUCKETS: usize>(
        &mut self,
        name: &str,
        help: &str,
        per_unit: f64,
        series: impl Iterator<Item = (String, &'h Histogram<BUCKETS>)>,
    ) {
        self.family(name, "histogram", help);
        for (labels, histogram) in series {
            let comma = if labels.is_empty() { "" } else { "," };
            for (bound, count) in histogram.cumulative() {
                let bound = bound.map_or("+Inf".to_owned(), |bound| (bound as f64 / per_unit).to_string());
                self.line(format_args!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}"));
            }
            let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            self.line(format_args!("{name}_sum{braces} {}", histogram.sum() as f64 / per_unit));
            self.line(format_args!("{name}_count{braces} {}", histogram.count()));
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_read_as_the_format_says() {
        let mut page = Page::default();
        page.counter("a_total", "Help.", 3);
        page.counter_of_seconds("a_seconds_total", "Help.", 2_000_017);
        page.counters("b_total", "Help.", "code", [("x", 1), ("y", 2)].into_iter());
        page.info("c_info", "Help.", &[("node", "a\"\\\n"), ("v", "1")]);
        let mut histogram = Histogram::<3>::default();
        histogram.note(2);
        page.histograms("d_seconds", "Help.", 1e6, [("core=\"0\"".to_owned(), &histogram)].into_iter());
        page.histograms("e", "Help.", 1.0, [(String::new(), &histogram)].into_iter());
        let expected = "\
# HELP a_total Help.
# TYPE a_total counter
a_total 3
# HELP a_seconds_total Help.
# TYPE a_seconds_total counter
a_seconds_total 2.000017
# HELP b_total Help.
# TYPE b_total counter
b_total{code=\"x\"} 1
b_total{code=\"y\"} 2
# HELP c_info Help.
# TYPE c_info gauge
c_info{node=\"a\\\"\\\\\\n\",v=\"1\"} 1
# HELP d_seconds Help.
# TYPE d_seconds histogram
d_seconds_bucket{core=\"0\",le=\"0.000001\"} 0
d_seconds_bucket{core=\"0\",le=\"0.000002\"} 1
d_seconds_bucket{core=\"0\",le=\"+Inf\"} 1
d_seconds_sum{core=\"0\"} 0.000002
d_seconds_count{core=\"0\"} 1
# HELP e Help.
# TYPE e histogram
e_bucket{le=\"1\"} 0
e_bucket{le=\"2\"} 1
e_bucket{le=\"+Inf\"} 1
e_sum 2
e_count 1
";
        assert_eq!(page.finish(), expected);
    }
}
